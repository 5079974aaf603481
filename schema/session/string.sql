-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_string ( -- Interned strings: paths and other repeated names; the same text may stand here twice.
	id INTEGER PRIMARY KEY,          -- what the *_id columns of other tables refer to
	text TEXT NOT NULL,              -- escaped
	raw BLOB                         -- exact bytes, where text differs from them
);
