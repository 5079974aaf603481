-- SPDX-License-Identifier: Apache-2.0
-- Credential changes other than by exec.
CREATE TABLE s0_cred (
	id INTEGER PRIMARY KEY,
	process_id INTEGER NOT NULL,
	time_ns INTEGER NOT NULL,
	tid INTEGER NOT NULL,            -- credentials belong to threads
	syscall TEXT,                    -- that changed them; NULL: found later
	old_uid INTEGER NOT NULL,
	uid INTEGER NOT NULL,
	old_euid INTEGER NOT NULL,
	euid INTEGER NOT NULL,
	old_suid INTEGER NOT NULL,
	suid INTEGER NOT NULL,
	old_fsuid INTEGER NOT NULL,
	fsuid INTEGER NOT NULL,
	old_gid INTEGER NOT NULL,
	gid INTEGER NOT NULL,
	old_egid INTEGER NOT NULL,
	egid INTEGER NOT NULL,
	old_sgid INTEGER NOT NULL,
	sgid INTEGER NOT NULL,
	old_fsgid INTEGER NOT NULL,
	fsgid INTEGER NOT NULL,
	old_cap_effective INTEGER NOT NULL,
	cap_effective INTEGER NOT NULL,
	old_cap_permitted INTEGER NOT NULL,
	cap_permitted INTEGER NOT NULL,
	old_cap_inheritable INTEGER NOT NULL,
	cap_inheritable INTEGER NOT NULL,
	old_cap_bounding INTEGER NOT NULL,
	cap_bounding INTEGER NOT NULL,
	old_cap_ambient INTEGER NOT NULL,
	cap_ambient INTEGER NOT NULL,
	old_securebits INTEGER NOT NULL,
	securebits INTEGER NOT NULL,
	old_groups INTEGER NOT NULL,     -- number of supplementary groups
	groups INTEGER NOT NULL,
	groups_changed INTEGER NOT NULL, -- 1: the list differs, even if its length is the same
	old_user_ns INTEGER NOT NULL,
	user_ns INTEGER NOT NULL
);
