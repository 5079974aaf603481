-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_setsid ( -- Processes that began a POSIX session of their own, setsid(2).
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	process_id INTEGER NOT NULL,     -- process row
	time_ns INTEGER NOT NULL,        -- when it happened
	sid INTEGER NOT NULL,            -- the session's number in the initial pid namespace
	ns_sid INTEGER NOT NULL          -- as the process was told
);
-- @index
CREATE INDEX IF NOT EXISTS s0_setsid_time ON s0_setsid (time_ns);
-- @timeline
SELECT
	d.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', d.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', d.time_ns % 1000000000) AS time,
	'setsid' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	d.process_id AS process_id,
	p.comm AS comm,
	'leads session ' || d.sid AS detail,
	'setsid' AS row_table,
	d.id AS row_id
FROM s0_setsid AS d
LEFT JOIN s0_process AS p ON p.id = d.process_id
