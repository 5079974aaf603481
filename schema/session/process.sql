-- SPDX-License-Identifier: Apache-2.0
-- One row per process (thread group). Identity is (pid, start_boot_ns).
CREATE TABLE s0_process (
	id INTEGER PRIMARY KEY,
	pid INTEGER NOT NULL,            -- in the initial pid namespace
	ns_pid INTEGER,                  -- in its own pid namespace
	start_boot_ns INTEGER NOT NULL,  -- the kernel's start_boottime
	time_ns INTEGER NOT NULL,        -- when it began; for a snapshot when it was found
	source TEXT NOT NULL,            -- 'fork', 'root', 'snapshot', or 'implied' (its fork record is missing: see gap)
	parent_id INTEGER,               -- process row of the parent at that time, NULL if outside the session
	parent_pid INTEGER,
	creator_id INTEGER,              -- who called fork; differs from the parent with CLONE_PARENT
	creator_pid INTEGER,
	creator_tid INTEGER,             -- which thread did
	call TEXT,                       -- 'fork', 'vfork' or 'clone', by its flags; NULL if not seen
	clone_flags INTEGER,             -- CLONE_* of clone(2)
	comm TEXT,                       -- the latest name: at fork, then of each exec and rename of the leader
	uid INTEGER,                     -- real user at the beginning
	euid INTEGER,
	gid INTEGER,
	egid INTEGER,
	cap_effective INTEGER,           -- bit mask at the beginning, capabilities(7)
	user_ns INTEGER,                 -- inode numbers of its namespaces at the beginning
	pid_ns INTEGER,
	mnt_ns INTEGER,
	net_ns INTEGER,
	uts_ns INTEGER,
	cgroup_id INTEGER,               -- see cgroup
	sid INTEGER,                     -- POSIX session at the beginning
	pgid INTEGER,
	exit_time_ns INTEGER,            -- NULL: not seen to end
	exit_status INTEGER,             -- as wait(2) gives it
	exit_code INTEGER,               -- NULL if a signal ended it
	exit_signal INTEGER,             -- NULL if it exited
	core_dumped INTEGER,             -- 1 or 0
	user_time_ns INTEGER,            -- of all its threads
	system_time_ns INTEGER,
	run_time_ns INTEGER,             -- precise time on a processor
	max_rss_bytes INTEGER            -- peak resident set
);
CREATE INDEX s0_process_parent ON s0_process (parent_id);

-- Readable view: no knowledge of the interning needed.
CREATE VIEW s0_process_view AS
SELECT
	p.id,
	p.pid,
	p.ns_pid,
	p.time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', p.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', p.time_ns % 1000000000) AS time,
	p.source,
	p.parent_id,
	p.parent_pid,
	p.creator_id,
	p.creator_pid,
	p.creator_tid,
	p.call,
	p.clone_flags,
	p.comm,
	p.uid,
	p.euid,
	p.gid,
	p.egid,
	p.cap_effective,
	p.user_ns,
	p.pid_ns,
	p.mnt_ns,
	p.net_ns,
	p.uts_ns,
	p.cgroup_id,
	cp.text AS cgroup,
	p.sid,
	p.pgid,
	p.start_boot_ns,
	p.exit_time_ns,
	p.exit_status,
	p.exit_code,
	p.exit_signal,
	p.core_dumped,
	p.user_time_ns,
	p.system_time_ns,
	p.run_time_ns,
	p.max_rss_bytes
FROM s0_process AS p
LEFT JOIN s0_cgroup AS c ON c.id = p.cgroup_id
LEFT JOIN s0_string AS cp ON cp.id = c.path_id;
