-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_reparent ( -- A parent died; its children were given to a subreaper or to init.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	process_id INTEGER NOT NULL,     -- process row of the child
	time_ns INTEGER NOT NULL,        -- when the parent died
	old_parent_id INTEGER,           -- process row of who died
	old_parent_pid INTEGER NOT NULL, -- and its pid
	parent_id INTEGER,               -- process row of the new parent, NULL if outside the session
	parent_pid INTEGER NOT NULL      -- and its pid
);
-- @index
CREATE INDEX IF NOT EXISTS s0_reparent_time ON s0_reparent (time_ns);
-- @timeline
SELECT
	r.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', r.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', r.time_ns % 1000000000) AS time,
	'reparent' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	r.process_id AS process_id,
	p.comm AS comm,
	'parent ' || r.old_parent_pid || ' -> ' || r.parent_pid AS detail,
	'reparent' AS row_table,
	r.id AS row_id
FROM s0_reparent AS r
LEFT JOIN s0_process AS p ON p.id = r.process_id
