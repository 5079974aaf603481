-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_tls ( -- Plaintext of TLS connections, piece by piece in the order of recording; and where it has gaps.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
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
	encoding TEXT,                   -- NULL: data is plain; 'zlib' (RFC 1950): sqlar_uncompress(data, size) in the sqlite3 shell
	data BLOB,                       -- the bytes, secrets replaced
	marks TEXT                       -- what is special, separated by commas: redacted (secrets are replaced, their length is kept), rewritten (HTTP/2 headers with secrets were encoded anew, so lengths differ)
);
