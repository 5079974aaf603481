-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_blob ( -- Bytes of files, each content once.
	id INTEGER PRIMARY KEY,          -- what content refers to
	sha256 BLOB NOT NULL UNIQUE,     -- of the bytes
	size_bytes INTEGER NOT NULL,     -- of the bytes
	encoding TEXT NOT NULL,          -- 'plain', or 'zlib' (RFC 1950)
	data BLOB NOT NULL               -- so encoded
);
