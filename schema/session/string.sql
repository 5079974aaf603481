-- SPDX-License-Identifier: Apache-2.0
-- Interned strings: paths and other repeated names.
CREATE TABLE s0_string (
	id INTEGER PRIMARY KEY,
	text TEXT NOT NULL,              -- escaped
	raw BLOB                         -- exact bytes, where text differs from them
);
