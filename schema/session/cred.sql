-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_cred ( -- Credential changes other than by exec.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	process_id INTEGER NOT NULL,     -- process row
	time_ns INTEGER NOT NULL,        -- when it happened, or was found
	tid INTEGER NOT NULL,            -- thread: credentials belong to threads
	syscall TEXT,                    -- that changed them; NULL: found later
	old_uid INTEGER NOT NULL,        -- real user, before
	uid INTEGER NOT NULL,            -- and after
	old_euid INTEGER NOT NULL,       -- effective user, before
	euid INTEGER NOT NULL,           -- and after
	old_suid INTEGER NOT NULL,       -- saved user, before
	suid INTEGER NOT NULL,           -- and after
	old_fsuid INTEGER NOT NULL,      -- user for file access, before
	fsuid INTEGER NOT NULL,          -- and after
	old_gid INTEGER NOT NULL,        -- real group, before
	gid INTEGER NOT NULL,            -- and after
	old_egid INTEGER NOT NULL,       -- effective group, before
	egid INTEGER NOT NULL,           -- and after
	old_sgid INTEGER NOT NULL,       -- saved group, before
	sgid INTEGER NOT NULL,           -- and after
	old_fsgid INTEGER NOT NULL,      -- group for file access, before
	fsgid INTEGER NOT NULL,          -- and after
	old_cap_effective INTEGER NOT NULL, -- capabilities in force, bit mask of capabilities(7), before
	cap_effective INTEGER NOT NULL,  -- and after
	old_cap_permitted INTEGER NOT NULL, -- capabilities that it may put in force, before
	cap_permitted INTEGER NOT NULL,  -- and after
	old_cap_inheritable INTEGER NOT NULL, -- capabilities that exec may keep, before
	cap_inheritable INTEGER NOT NULL, -- and after
	old_cap_bounding INTEGER NOT NULL, -- capabilities that exec can give, before
	cap_bounding INTEGER NOT NULL,   -- and after
	old_cap_ambient INTEGER NOT NULL, -- capabilities that exec of plain programs keeps, before
	cap_ambient INTEGER NOT NULL,    -- and after
	old_securebits INTEGER NOT NULL, -- SECBIT_* of capabilities(7), before
	securebits INTEGER NOT NULL,     -- and after
	old_groups INTEGER NOT NULL,     -- number of supplementary groups, before
	groups INTEGER NOT NULL,         -- and after
	groups_changed INTEGER NOT NULL, -- 1: the list differs, even if its length is the same
	old_user_ns INTEGER NOT NULL,    -- inode of the user namespace, before
	user_ns INTEGER NOT NULL          -- and after
);
-- @index
CREATE INDEX IF NOT EXISTS s0_cred_time ON s0_cred (time_ns);
-- @timeline
SELECT
	c.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', c.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', c.time_ns % 1000000000) AS time,
	'cred' AS kind,
	p.pid AS pid,
	c.tid AS tid,
	c.process_id AS process_id,
	p.comm AS comm,
	coalesce(c.syscall, 'found later') || ':' || substr(
		CASE WHEN c.old_uid <> c.uid THEN ', uid ' || c.old_uid || ' -> ' || c.uid ELSE '' END
		|| CASE WHEN c.old_euid <> c.euid THEN ', euid ' || c.old_euid || ' -> ' || c.euid ELSE '' END
		|| CASE WHEN c.old_suid <> c.suid THEN ', suid ' || c.old_suid || ' -> ' || c.suid ELSE '' END
		|| CASE WHEN c.old_fsuid <> c.fsuid THEN ', fsuid ' || c.old_fsuid || ' -> ' || c.fsuid ELSE '' END
		|| CASE WHEN c.old_gid <> c.gid THEN ', gid ' || c.old_gid || ' -> ' || c.gid ELSE '' END
		|| CASE WHEN c.old_egid <> c.egid THEN ', egid ' || c.old_egid || ' -> ' || c.egid ELSE '' END
		|| CASE WHEN c.old_sgid <> c.sgid THEN ', sgid ' || c.old_sgid || ' -> ' || c.sgid ELSE '' END
		|| CASE WHEN c.old_fsgid <> c.fsgid THEN ', fsgid ' || c.old_fsgid || ' -> ' || c.fsgid ELSE '' END
		|| CASE WHEN c.old_cap_effective <> c.cap_effective THEN ', cap_effective ' || printf('%016x', c.old_cap_effective) || ' -> ' || printf('%016x', c.cap_effective) ELSE '' END
		|| CASE WHEN c.old_cap_permitted <> c.cap_permitted THEN ', cap_permitted ' || printf('%016x', c.old_cap_permitted) || ' -> ' || printf('%016x', c.cap_permitted) ELSE '' END
		|| CASE WHEN c.old_cap_inheritable <> c.cap_inheritable THEN ', cap_inheritable ' || printf('%016x', c.old_cap_inheritable) || ' -> ' || printf('%016x', c.cap_inheritable) ELSE '' END
		|| CASE WHEN c.old_cap_bounding <> c.cap_bounding THEN ', cap_bounding ' || printf('%016x', c.old_cap_bounding) || ' -> ' || printf('%016x', c.cap_bounding) ELSE '' END
		|| CASE WHEN c.old_cap_ambient <> c.cap_ambient THEN ', cap_ambient ' || printf('%016x', c.old_cap_ambient) || ' -> ' || printf('%016x', c.cap_ambient) ELSE '' END
		|| CASE WHEN c.old_securebits <> c.securebits THEN ', securebits ' || c.old_securebits || ' -> ' || c.securebits ELSE '' END
		|| CASE WHEN c.old_user_ns <> c.user_ns THEN ', user namespace ' || c.old_user_ns || ' -> ' || c.user_ns ELSE '' END
		|| CASE WHEN c.groups_changed THEN ', groups ' || c.old_groups || ' -> ' || c.groups ELSE '' END, 2) AS detail,
	'cred' AS row_table,
	c.id AS row_id
FROM s0_cred AS c
LEFT JOIN s0_process AS p ON p.id = c.process_id
