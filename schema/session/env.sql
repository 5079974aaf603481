-- SPDX-License-Identifier: Apache-2.0
-- Environment values that were asked for with --env.
CREATE TABLE s0_env (
	id INTEGER PRIMARY KEY,
	exec_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	value TEXT NOT NULL,             -- escaped
	raw BLOB                         -- exact bytes, where value differs
);
