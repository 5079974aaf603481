-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_setsid (
	id INTEGER PRIMARY KEY,
	process_id INTEGER NOT NULL,
	time_ns INTEGER NOT NULL,
	sid INTEGER NOT NULL,            -- in the initial pid namespace
	ns_sid INTEGER NOT NULL
);
