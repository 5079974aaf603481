-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_env ( -- Environment values that were asked for with --env, as each program began with them.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	exec_id INTEGER NOT NULL,        -- exec row
	name TEXT NOT NULL,              -- of the variable; escaped
	value TEXT NOT NULL,             -- escaped
	raw BLOB                         -- exact bytes, where value differs
);
-- @index
CREATE INDEX IF NOT EXISTS s0_env_exec ON s0_env (exec_id);
