-- SPDX-License-Identifier: Apache-2.0
-- Renames of threads (prctl PR_SET_NAME, /proc/PID/comm), other than by exec.
CREATE TABLE s0_comm (
	id INTEGER PRIMARY KEY,
	process_id INTEGER NOT NULL,
	time_ns INTEGER NOT NULL,
	tid INTEGER NOT NULL,            -- the renamed thread; the process's own name is its leader's
	old TEXT NOT NULL,
	new TEXT NOT NULL,
	by_pid INTEGER NOT NULL
);
