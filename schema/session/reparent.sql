-- SPDX-License-Identifier: Apache-2.0
-- A parent died; its children were given to a subreaper or to init.
CREATE TABLE s0_reparent (
	id INTEGER PRIMARY KEY,
	process_id INTEGER NOT NULL,
	time_ns INTEGER NOT NULL,
	old_parent_id INTEGER,
	old_parent_pid INTEGER NOT NULL,
	parent_id INTEGER,               -- NULL if outside the session
	parent_pid INTEGER NOT NULL
);
