-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_redaction ( -- Secrets that were replaced before anything was stored.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	time_ns INTEGER NOT NULL,        -- of the record it was in
	process_id INTEGER,              -- process row: whose
	row_table TEXT NOT NULL,         -- where: 'tls', 'exec' (arguments), 'env', 'session' (command line of run)
	row_id INTEGER,                  -- row there; tls: of tls_connection
	direction TEXT,                  -- tls: 'sent', 'received'
	offset INTEGER,                  -- tls: where its value begins in the stream; elsewhere in the text
	length INTEGER NOT NULL,         -- bytes of the secret
	what TEXT NOT NULL,              -- 'authorization', 'cookie', 'token: github' ...
	fingerprint TEXT                 -- first 128 bits of HMAC-SHA-256 under the session's option redact-key, hexadecimal: the same secret has the same; NULL: not all of it was seen
);
-- @index
CREATE INDEX IF NOT EXISTS s0_redaction_row ON s0_redaction (row_table, row_id);
