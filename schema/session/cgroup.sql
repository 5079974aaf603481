-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_cgroup ( -- Control groups that processes were in.
	id INTEGER PRIMARY KEY,          -- the kernel's id of the cgroup
	path_id INTEGER                  -- string: path below the hierarchy's root
);
