-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_comm ( -- Renames of threads (prctl PR_SET_NAME, /proc/PID/comm), other than by exec.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	process_id INTEGER NOT NULL,     -- process row
	time_ns INTEGER NOT NULL,        -- when it happened
	tid INTEGER NOT NULL,            -- the renamed thread; the process's own name is its leader's
	old TEXT NOT NULL,               -- name before; escaped
	new TEXT NOT NULL,               -- name after; escaped
	by_pid INTEGER NOT NULL          -- process that did it
);
-- @index
CREATE INDEX IF NOT EXISTS s0_comm_time ON s0_comm (time_ns);
-- @timeline
SELECT
	c.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', c.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', c.time_ns % 1000000000) AS time,
	'comm' AS kind,
	p.pid AS pid,
	c.tid AS tid,
	c.process_id AS process_id,
	p.comm AS comm,
	c.old || ' -> ' || c.new || CASE WHEN c.by_pid <> p.pid THEN ' (by pid ' || c.by_pid || ')' ELSE '' END AS detail,
	'comm' AS row_table,
	c.id AS row_id
FROM s0_comm AS c
LEFT JOIN s0_process AS p ON p.id = c.process_id
