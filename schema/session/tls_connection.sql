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
	reason TEXT,                     -- why there is no plaintext, or not all: 'late' (attached when it was under way), 'no-library' (none with known hooks), 'unsupported: ...', 'metadata' (--tls metadata), 'lost' (see the gaps), 'withheld' (headers that could not be searched for secrets) ...; several: separated by commas
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
