-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_tls ( -- Plaintext of TLS connections, piece by piece in the order of recording; and where it has gaps.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording within a connection
	connection_id INTEGER NOT NULL,  -- tls_connection row
	process_id INTEGER NOT NULL,     -- process row: who sent or received it
	tid INTEGER NOT NULL,            -- thread
	time_ns INTEGER NOT NULL,        -- sent: when the call began; received: when it ended
	direction TEXT NOT NULL,         -- 'sent', 'received' by the process
	call INTEGER,                    -- number of the call in this direction, from 0; NULL for gaps
	offset INTEGER NOT NULL,         -- bytes of this direction before it: with the next, where it stands in the stream
	bytes INTEGER NOT NULL,          -- bytes of the stream that it stands for
	gap TEXT,                        -- NULL, or why there is no data: 'ring-full', 'unreadable', 'max-call', 'max-connection', 'withheld' (HTTP/2 headers that could not be searched for secrets), 'lost' (not known which)
	size INTEGER,                    -- bytes of data when unpacked; other than the column bytes only where marks say rewritten
	encoding TEXT,                   -- NULL: data is plain; 'zlib' (RFC 1950): sqlar_uncompress(data, size) in the sqlite3 shell, which leaves plain data as it is
	data BLOB,                       -- the bytes, secrets replaced
	marks TEXT                       -- what is special, separated by commas: redacted (secrets are replaced, their length is kept), rewritten (HTTP/2 headers with secrets were encoded anew, so lengths differ)
);

CREATE VIEW s0_tls_view AS -- tls with its process and whom it was said to: no knowledge of the connection needed.
SELECT
	t.id,
	t.connection_id,
	t.process_id,
	p.pid,
	t.tid,
	p.comm,
	t.time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', t.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', t.time_ns % 1000000000) AS time,
	t.direction,
	coalesce(c.sni, c.peer_address) AS host,
	c.sni,
	c.peer_address,
	c.peer_port,
	c.alpn,
	t.call,
	t.offset,
	t.bytes,
	t.gap,
	t.size,
	t.encoding,
	t.data,
	t.marks
FROM s0_tls AS t
LEFT JOIN s0_tls_connection AS c ON c.id = t.connection_id
LEFT JOIN s0_process AS p ON p.id = t.process_id;
-- @index
CREATE INDEX IF NOT EXISTS s0_tls_time ON s0_tls (time_ns);
CREATE INDEX IF NOT EXISTS s0_tls_of ON s0_tls (connection_id);
-- @timeline
SELECT
	t.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', t.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', t.time_ns % 1000000000) AS time,
	CASE t.direction WHEN 'sent' THEN 'tls_sent' ELSE 'tls_received' END AS kind,
	p.pid AS pid,
	t.tid AS tid,
	t.process_id AS process_id,
	p.comm AS comm,
	coalesce(c.sni, c.peer_address, 'unknown host') || coalesce(':' || c.peer_port, '') || ' (' || t.bytes || ' bytes'
		|| CASE WHEN t.gap IS NOT NULL THEN ' not stored: ' || t.gap ELSE '' END || ')' AS detail,
	'tls' AS row_table,
	t.id AS row_id
FROM s0_tls AS t
LEFT JOIN s0_tls_connection AS c ON c.id = t.connection_id
LEFT JOIN s0_process AS p ON p.id = t.process_id
