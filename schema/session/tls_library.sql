-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_tls_library ( -- Files with TLS code that were found: those whose calls are recorded, and those that were seen and are not.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	time_ns INTEGER NOT NULL,        -- when it was attached to, or given up
	number INTEGER NOT NULL,         -- the recorder's number of it in this session
	process_id INTEGER,              -- process row: who mapped it first; NULL: found before (the linker's cache)
	path TEXT NOT NULL,              -- as the recorder saw it, escaped
	path_raw BLOB,                   -- exact bytes, where path does not have them
	device INTEGER NOT NULL,         -- major << 20 | minor
	inode INTEGER NOT NULL,          -- its inode number
	size_bytes INTEGER NOT NULL,     -- of the file
	build_id TEXT,                   -- hexadecimal; NULL: it has none
	implementation TEXT,             -- 'openssl', 'boringssl', 'gnutls', 'go', 'rustls', 'java', 'nss' ...
	version TEXT,                    -- where it could be told
	attached INTEGER NOT NULL,       -- 1: its calls are recorded
	hooks TEXT,                      -- which functions, separated by commas: 'ssl_write_internal', 'SSL_free' ...
	how TEXT,                        -- how they were found: 'dynsym', 'symtab', 'internal' (first call of exported functions), 'xref' (BoringSSL without symbols), 'pclntab' (Go)
	reason TEXT,                     -- why not attached, or not all
	late INTEGER NOT NULL,           -- 1: a process ran on while it was examined, so its first calls may be missing
	held_ns INTEGER                  -- how long the process that mapped it was held for it; NULL: it was not
);
-- @index
CREATE INDEX IF NOT EXISTS s0_tls_library_time ON s0_tls_library (time_ns);
-- @timeline
SELECT
	l.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', l.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', l.time_ns % 1000000000) AS time,
	'tls_library' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	l.process_id AS process_id,
	p.comm AS comm,
	l.path || coalesce(' (' || l.implementation || coalesce(' ' || l.version, '') || ')', '')
		|| CASE WHEN l.attached THEN CASE WHEN l.late THEN ', first calls may be missing' ELSE '' END ELSE ', not recorded' END
		|| coalesce(': ' || l.reason, '') AS detail,
	'tls_library' AS row_table,
	l.id AS row_id
FROM s0_tls_library AS l
LEFT JOIN s0_process AS p ON p.id = l.process_id
