-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_tls_connection ( -- A TLS connection: of a library whose plaintext is recorded, or one that only its socket shows.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	process_id INTEGER NOT NULL,     -- process row: who opened it, or used it first
	time_ns INTEGER NOT NULL,        -- when it was first seen
	end_ns INTEGER,                  -- when it ended; NULL: not seen
	end_reason TEXT,                 -- 'freed', 'reused' (the same SSL* began another), 'process' (its process ended), 'socket' (closed), 'session' (still there when the recording ended)
	transport TEXT NOT NULL,         -- 'tcp', 'quic', 'unknown'
	implementation TEXT,             -- 'openssl', 'boringssl', 'gnutls', 'go'; NULL: not known
	library_id INTEGER,              -- tls_library row: the file that holds its code
	plaintext TEXT NOT NULL,         -- 'yes', 'partial' (see reason), 'no'
	reason TEXT,                     -- why there is no plaintext, or not all: 'late' (attached when it was under way), 'no-library' (none with known hooks), 'unsupported: ...', 'metadata' (--tls metadata), 'lost' (see the gaps), 'withheld' (headers that could not be searched for secrets) ...; 'unbound' (a library's calls are recorded, but none could be told to be this connection's), 'unsupported: QUIC', 'kernel TLS', 'max-call', 'max-connection'; several: separated by commas
	role TEXT,                       -- 'client', 'server': who the process was in the handshake
	sni TEXT,                        -- server name that the client asked for; escaped
	alpn TEXT,                       -- protocol agreed on ('h2'), where it could be seen; escaped
	alpn_offered TEXT,               -- what the client offered, separated by commas; escaped
	version TEXT,                    -- 'TLSv1.3', as the server chose
	version_offered TEXT,            -- the newest that the client offered
	cipher TEXT,                     -- as the server chose: 'TLS_AES_256_GCM_SHA384', or '0x1302'
	handshake TEXT,                  -- 'done', 'failed'; NULL: not seen
	handshake_ns INTEGER,            -- how long its last call took
	method TEXT,                     -- how it was bound to its socket: 'call', 'fingerprint', 'client-random', 'object'; 'hello': it is known from the socket
	socket_inode INTEGER,            -- of /proc/PID/fd's socket:[N]; NULL: no socket known, and so in the next five
	netns INTEGER,                   -- inode of its network namespace
	local_address TEXT,              -- as inet_ntop(3) writes it
	local_port INTEGER,              -- its port
	peer_address TEXT,               -- the other side
	peer_port INTEGER,               -- its port
	sent_bytes INTEGER NOT NULL,     -- plaintext that the process sent, lost bytes included
	received_bytes INTEGER NOT NULL, -- and received
	sent_calls INTEGER NOT NULL,     -- calls that sent it
	received_calls INTEGER NOT NULL, -- and received it
	sent_gap_bytes INTEGER NOT NULL, -- of sent_bytes those that are not stored; the rows with a gap say where and why
	received_gap_bytes INTEGER NOT NULL, -- likewise
	wire_sent_bytes INTEGER,         -- what went over the socket, handshake and encryption included; NULL: not known
	wire_received_bytes INTEGER,     -- likewise
	redactions INTEGER NOT NULL,     -- secrets that were replaced in it
	parent_id INTEGER                -- tls_connection row: of the parent process, of which this is the copy made by fork
);

CREATE VIEW s0_tls_connection_view AS -- tls_connection with its process, host and library; seconds is how long it lasted.
SELECT
	c.id,
	c.process_id,
	p.pid,
	p.comm,
	c.time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', c.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', c.time_ns % 1000000000) AS time,
	c.end_ns,
	(c.end_ns - c.time_ns) / 1e9 AS seconds,
	c.end_reason,
	coalesce(c.sni, c.peer_address) AS host,
	c.transport,
	c.implementation,
	l.path AS library,
	c.library_id,
	c.plaintext,
	c.reason,
	c.role,
	c.sni,
	c.alpn,
	c.alpn_offered,
	c.version,
	c.version_offered,
	c.cipher,
	c.handshake,
	c.handshake_ns,
	c.method,
	c.socket_inode,
	c.netns,
	c.local_address,
	c.local_port,
	c.peer_address,
	c.peer_port,
	c.sent_bytes,
	c.received_bytes,
	c.sent_calls,
	c.received_calls,
	c.sent_gap_bytes,
	c.received_gap_bytes,
	c.wire_sent_bytes,
	c.wire_received_bytes,
	c.redactions,
	c.parent_id
FROM s0_tls_connection AS c
LEFT JOIN s0_process AS p ON p.id = c.process_id
LEFT JOIN s0_tls_library AS l ON l.id = c.library_id;
-- @index
CREATE INDEX IF NOT EXISTS s0_tls_connection_time ON s0_tls_connection (time_ns);
CREATE INDEX IF NOT EXISTS s0_tls_connection_end ON s0_tls_connection (end_ns) WHERE end_ns IS NOT NULL;
-- @timeline
SELECT
	c.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', c.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', c.time_ns % 1000000000) AS time,
	'tls_connect' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	c.process_id AS process_id,
	p.comm AS comm,
	coalesce(c.sni, c.peer_address, 'unknown host') || coalesce(':' || c.peer_port, '')
		|| CASE WHEN c.sni IS NOT NULL AND c.peer_address IS NOT NULL THEN ' (' || c.peer_address || ')' ELSE '' END
		|| coalesce(', ' || c.role, '') || coalesce(', ' || c.version, '') || coalesce(', ' || c.alpn, '')
		|| CASE c.transport WHEN 'quic' THEN ', QUIC' ELSE '' END
		|| CASE c.plaintext WHEN 'yes' THEN '' WHEN 'no' THEN ', no plaintext' ELSE ', plaintext in part' END
		|| coalesce(': ' || c.reason, '') AS detail,
	'tls_connection' AS row_table,
	c.id AS row_id
FROM s0_tls_connection AS c
LEFT JOIN s0_process AS p ON p.id = c.process_id
UNION ALL
SELECT
	c.end_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', c.end_ns / 1000000000, 'unixepoch') || printf('.%09dZ', c.end_ns % 1000000000) AS time,
	'tls_close' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	c.process_id AS process_id,
	p.comm AS comm,
	coalesce(c.sni, c.peer_address, 'unknown host') || coalesce(':' || c.peer_port, '')
		|| CASE WHEN c.plaintext <> 'no' THEN ' (sent ' || c.sent_bytes || ', received ' || c.received_bytes || ' bytes)'
			ELSE coalesce(' (sent ' || c.wire_sent_bytes || ', received ' || c.wire_received_bytes || ' bytes, encrypted)', '') END
		|| CASE WHEN c.sent_gap_bytes + c.received_gap_bytes > 0 THEN ', not stored: ' || (c.sent_gap_bytes + c.received_gap_bytes) || ' bytes' ELSE '' END AS detail,
	'tls_connection' AS row_table,
	c.id AS row_id
FROM s0_tls_connection AS c
LEFT JOIN s0_process AS p ON p.id = c.process_id
WHERE c.end_ns IS NOT NULL
