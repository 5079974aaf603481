-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_gap ( -- What is not here, or not whole.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	time_ns INTEGER NOT NULL,        -- it happened between time_ns
	end_ns INTEGER NOT NULL,         -- and end_ns
	lane TEXT NOT NULL,              -- 'lifecycle', 'activity' (files, TLS connections), 'payload' (TLS plaintext)
	kind TEXT NOT NULL,              -- kind of event, or 'any'
	reason TEXT NOT NULL,            -- 'ring-full', 'scope-full', 'unreadable', 'truncated', 'recursion', 'malformed', 'incomplete', 'recorder', 'files-full' (table of open files), 'uring-full', 'tls-full' (tables of TLS), 'withheld' (could not be searched for secrets), 'lost' (not known why); no losses, but left out on request: 'excluded' (--files, --exclude), 'max-call', 'max-connection' (--tls-max-...)
	count INTEGER NOT NULL,          -- events; bytes where reason is 'truncated', and where kind is 'tls_data' but for 'tls-full'
	process_id INTEGER,              -- process row: whose, where known
	detail TEXT                      -- in words
);
-- @index
CREATE INDEX IF NOT EXISTS s0_gap_time ON s0_gap (time_ns);
-- @timeline
SELECT
	g.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', g.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', g.time_ns % 1000000000) AS time,
	'gap' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	g.process_id AS process_id,
	p.comm AS comm,
	g.kind || ': ' || g.reason || CASE WHEN g.reason = 'truncated' OR (g.kind = 'tls_data' AND g.reason <> 'tls-full') THEN ', bytes: ' ELSE ', count: ' END || g.count || coalesce(' (' || g.detail || ')', '') AS detail,
	'gap' AS row_table,
	g.id AS row_id
FROM s0_gap AS g
LEFT JOIN s0_process AS p ON p.id = g.process_id
