-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_process ( -- One row per process (thread group). Identity is (pid, start_boot_ns).
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	pid INTEGER NOT NULL,            -- in the initial pid namespace
	ns_pid INTEGER,                  -- in its own pid namespace
	start_boot_ns INTEGER NOT NULL,  -- the kernel's start_boottime
	time_ns INTEGER NOT NULL,        -- when it began; for a snapshot when it was found
	source TEXT NOT NULL,            -- 'fork', 'root', 'snapshot', or 'implied' (its fork record is missing: see gap)
	parent_id INTEGER,               -- process row of the parent at that time, NULL if outside the session
	parent_pid INTEGER,              -- and its pid
	creator_id INTEGER,              -- who called fork; differs from the parent with CLONE_PARENT
	creator_pid INTEGER,             -- and its pid
	creator_tid INTEGER,             -- which thread did
	call TEXT,                       -- 'fork', 'vfork' or 'clone', by its flags; NULL if not seen
	clone_flags INTEGER,             -- CLONE_* of clone(2)
	comm TEXT,                       -- the latest name: at fork, then of each exec and rename of the leader
	uid INTEGER,                     -- real user at the beginning
	euid INTEGER,                    -- effective user
	gid INTEGER,                     -- real group
	egid INTEGER,                    -- effective group
	cap_effective INTEGER,           -- bit mask at the beginning, capabilities(7)
	user_ns INTEGER,                 -- inode numbers of its namespaces at the beginning: user
	pid_ns INTEGER,                  -- pid (the one it is numbered in)
	mnt_ns INTEGER,                  -- mount
	net_ns INTEGER,                  -- network
	uts_ns INTEGER,                  -- host name
	cgroup_id INTEGER,               -- see cgroup
	sid INTEGER,                     -- POSIX session at the beginning, number in the initial pid namespace
	pgid INTEGER,                    -- process group, likewise
	exit_time_ns INTEGER,            -- NULL: not seen to end
	exit_status INTEGER,             -- as wait(2) gives it
	exit_code INTEGER,               -- NULL if a signal ended it
	exit_signal INTEGER,             -- NULL if it exited
	core_dumped INTEGER,             -- 1 or 0
	user_time_ns INTEGER,            -- of all its threads; tick-based where the kernel has no precise accounting
	system_time_ns INTEGER,          -- likewise
	run_time_ns INTEGER,             -- precise time on a processor
	max_rss_bytes INTEGER            -- peak resident set
);
CREATE INDEX s0_process_parent ON s0_process (parent_id);

CREATE VIEW s0_process_view AS -- process with its cgroup's path: no knowledge of the interning needed.
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
-- @index
CREATE INDEX IF NOT EXISTS s0_process_time ON s0_process (time_ns);
CREATE INDEX IF NOT EXISTS s0_process_exit ON s0_process (exit_time_ns) WHERE exit_time_ns IS NOT NULL;
CREATE INDEX IF NOT EXISTS s0_process_pid ON s0_process (pid);
-- @timeline
SELECT
	p.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', p.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', p.time_ns % 1000000000) AS time,
	'fork' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	p.id AS process_id,
	p.comm AS comm,
	CASE p.source WHEN 'fork' THEN coalesce(p.call, 'fork') || ' by pid ' || p.creator_pid || CASE WHEN p.creator_tid <> p.creator_pid THEN ' (thread ' || p.creator_tid || ')' ELSE '' END WHEN 'root' THEN 'taken into the session, parent ' || p.parent_pid WHEN 'snapshot' THEN 'found running, parent ' || p.parent_pid ELSE 'its beginning was not recorded' END AS detail,
	'process' AS row_table,
	p.id AS row_id
FROM s0_process AS p
UNION ALL
SELECT
	p.exit_time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', p.exit_time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', p.exit_time_ns % 1000000000) AS time,
	'exit' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	p.id AS process_id,
	p.comm AS comm,
	CASE WHEN p.exit_signal IS NOT NULL THEN coalesce(n.name, 'signal ' || p.exit_signal) || CASE WHEN p.core_dumped THEN ' (core dumped)' ELSE '' END ELSE 'exit ' || p.exit_code END AS detail,
	'process' AS row_table,
	p.id AS row_id
FROM s0_process AS p
LEFT JOIN signal_name AS n ON n.signal = p.exit_signal
WHERE p.exit_time_ns IS NOT NULL
