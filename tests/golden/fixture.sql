-- SPDX-License-Identifier: Apache-2.0
-- A recorded session as aa-record would have written it (1), one whose recorder died (2), and one that somebody
-- has forged (3). Times count from 2025-11-20T07:16:00Z = 1763622960000000000.
INSERT INTO agent (id, name, first_ns) VALUES
	(1, 'builder', 1763622960000000000),
	(2, 'claude', 1763622900000000000);

INSERT INTO session (id, agent_id, name, mode, state, command, argv, root_pid, exit_code, exit_signal, start_ns, end_ns,
	boot_offset_ns, boot_id, host, kernel, machine, recorder, recorder_pid, recorder_start_ticks, event_count, lost_count,
	sealed) VALUES
	(2, 2, 'claude-20251120-071500-2', 'attach', 'recording', NULL, NULL, 900, NULL, NULL, 1763622900000000000, NULL,
		1763000000000000000, '00000000-0000-0000-0000-000000000000', 'host', '6.18.0', 'x86_64', '0.1.0', 1, 1, 9, 5, 0),
	(1, 1, 'builder-20251120-071600-1', 'run', 'complete', 'bash -c ''make "all"; daemon''',
		CAST('bash' || char(0) || '-c' || char(0) || 'make "all"; daemon' || char(0) AS BLOB), 100, 2, NULL,
		1763622960000000000, 1763622965250000000, 1763000000000000000, '00000000-0000-0000-0000-000000000000', 'host',
		'6.18.0', 'x86_64', '0.1.0', 50, 4711, 41, 0, 1);

INSERT INTO probe (session_id, capability, tier, program, attached, error, reason) VALUES
	(1, 'process.exec', 'portable', 'tp_exec', 1, 0, NULL),
	(2, 'process.exec', 'precise', 'fexit_exec', 0, 1, 'not permitted here'),
	(2, 'process.exec', 'portable', 'tp_exec', 1, 0, NULL),
	(2, 'process.cred', 'none', 'tp_cred', 0, 22, NULL);

INSERT INTO s1_string (id, text, raw) VALUES
	(1, '/usr/bin/bash', NULL),
	(2, '/home/user/project', NULL),
	(3, '/usr/bin/make', NULL),
	(4, '/usr/bin/gcc', NULL),
	(5, '/usr/local/bin/nosuch', NULL),
	(6, '/usr/sbin/daemon', NULL),
	(7, '/home/user/project/na"me,\n\x1b[31m\u{202E}\xff', CAST(X'2F686F6D652F757365722F70726F6A6563742F6E61226D652C0A1B5B33316DE280AEFF' AS BLOB)),
	(8, './build.sh', NULL),
	(9, '/usr/bin/sh', NULL),
	(10, '/user.slice', NULL),
	(11, 'nosuch', NULL);
INSERT INTO s1_cgroup (id, path_id) VALUES (77, 10);

INSERT INTO s1_process (id, pid, ns_pid, start_boot_ns, time_ns, source, parent_id, parent_pid, creator_id, creator_pid,
	creator_tid, call, clone_flags, comm, uid, euid, gid, egid, cap_effective, user_ns, pid_ns, mnt_ns, net_ns, uts_ns,
	cgroup_id, sid, pgid, exit_time_ns, exit_status, exit_code, exit_signal, core_dumped, user_time_ns, system_time_ns,
	run_time_ns, max_rss_bytes) VALUES
	-- the root
	(1, 100, 100, 622960000000000, 1763622960000000000, 'root', NULL, 50, NULL, 50, 50, NULL, 0, 'bash', 1000, 1000, 1000,
		1000, 0, 11, 12, 13, 14, 15, 77, 90, 100, 1763622965200000000, 512, 2, NULL, 0, 4000000, 8000000, 9123456, 4194304),
	-- make, which runs gcc, a script, and something that is not there
	(2, 101, 101, 622960010000000, 1763622960010000000, 'fork', 1, 100, 1, 100, 100, 'fork', 18874385, 'make', 1000, 1000,
		1000, 1000, 0, 11, 12, 13, 14, 15, 77, 90, 100, 1763622963500000000, 512, 2, NULL, 0, 0, 0, 0, 8388608),
	(3, 102, 102, 622960100000000, 1763622960100000000, 'fork', 2, 101, 2, 101, 101, 'vfork', 16657, 'gcc', 1000, 1000,
		1000, 1000, 0, 11, 12, 13, 14, 15, 77, 90, 100, 1763622961900000000, 0, 0, NULL, 0, 1500000000, 100000000,
		1612345678, 104857600),
	(4, 103, 103, 622962000000000, 1763622962000000000, 'fork', 2, 101, 2, 101, 101, 'vfork', 16657, 'make', 1000, 1000,
		1000, 1000, 0, 11, 12, 13, 14, 15, 77, 90, 100, 1763622962010000000, 32512, 127, NULL, 0, 0, 0, 0, 1048576),
	(5, 104, 104, 622962500000000, 1763622962500000000, 'fork', 2, 101, 2, 101, 101, 'vfork', 16657, 'build.sh', 1000, 1000,
		1000, 1000, 0, 11, 12, 13, 14, 15, 77, 90, 100, 1763622963400000000, 139, NULL, 11, 1, 0, 0, 0, 2097152),
	-- a daemon by a double fork; its first half and a later process share pid 105
	(6, 105, 105, 622963600000000, 1763622963600000000, 'fork', 1, 100, 1, 100, 100, 'fork', 18874385, 'bash', 1000, 1000,
		1000, 1000, 0, 11, 12, 13, 14, 15, 77, 90, 105, 1763622963700000000, 0, 0, NULL, 0, 0, 0, 0, 1048576),
	(7, 106, 106, 622963650000000, 1763622963650000000, 'fork', 6, 105, 6, 105, 105, 'fork', 18874385, 'daemon', 1000, 1000,
		1000, 1000, 0, 11, 12, 13, 14, 15, 77, 105, 105, 1763622965240000000, 9, NULL, 9, 0, 0, 0, 0, 3145728),
	-- a name that is trouble for every format; pid 105 again
	(8, 105, 1, 622964000000000, 1763622964000000000, 'fork', 1, 100, 1, 100, 108, 'clone', 536870929, 'na"me,\n\x1b[31m', 1000,
		1000, 1000, 1000, 0, 11, 22, 13, 14, 15, 77, 90, 100, 1763622964800000000, 256, 1, NULL, 0, 0, 0, 0, 1048576);

INSERT INTO s1_exec (id, process_id, time_ns, source, tid, error, filename_id, exe_id, interpreter_id, cwd_id, command, argv,
	argc, args_bytes, args_stored_bytes, comm, exe_type, exe_device, exe_inode, exe_mode, exe_bytes, privileged, uid, euid,
	gid, egid, cap_effective, cap_permitted, user_ns, pid_ns, mnt_ns, net_ns, uts_ns, ns_pid, cgroup_id, sid, pgid, tty,
	marks) VALUES
	(1, 1, 1763622960001000000, 'event', 100, 0, 1, 1, NULL, 2, 'bash -c ''make "all"; daemon''',
		CAST('bash' || char(0) || '-c' || char(0) || 'make "all"; daemon' || char(0) AS BLOB), 3, 27, 27, 'bash', 'file',
		8388609, 1234, 33261, 1265648, 0, 1000, 1000, 1000, 1000, 0, 0, 11, 12, 13, 14, 15, 100, 77, 90, 100, 'pts/0', NULL),
	(2, 2, 1763622960020000000, 'event', 101, 0, 3, 3, NULL, 2, 'make all', NULL, 2, 9, 9, 'make', 'file', 8388609, 1235,
		33261, 239528, 0, 1000, 1000, 1000, 1000, 0, 0, 11, 12, 13, 14, 15, 101, 77, 90, 100, 'pts/0', NULL),
	(3, 3, 1763622960110000000, 'event', 102, 0, 4, 4, NULL, 2, 'gcc -O2 -c main.c -o main.o', NULL, 6, 28, 28, 'gcc', 'file',
		8388609, 1236, 33261, 1000000, 0, 1000, 1000, 1000, 1000, 0, 0, 11, 12, 13, 14, 15, 102, 77, 90, 100, 'pts/0', NULL),
	(4, 4, 1763622962001000000, 'event', 103, 2, 5, NULL, NULL, 2, NULL, NULL, NULL, NULL, NULL, 'make', NULL, NULL, NULL, NULL,
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(5, 4, 1763622962002000000, 'event', 103, 2, 5, NULL, NULL, 2, NULL, NULL, NULL, NULL, NULL, 'make', NULL, NULL, NULL, NULL,
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(6, 5, 1763622962510000000, 'event', 104, 0, 8, 9, 9, 2, '/bin/sh ./build.sh ''''',
		CAST('/bin/sh' || char(0) || './build.sh' || char(0) || char(0) AS BLOB), 3, 20, 20, 'build.sh', 'file', 8388609, 1237,
		33261, 125000, 0, 1000, 1000, 1000, 1000, 0, 0, 11, 12, 13, 14, 15, 104, 77, 90, 100, 'pts/0', NULL),
	(7, 7, 1763622963660000000, 'event', 106, 0, 6, 6, NULL, 2, '/usr/sbin/daemon', NULL, 1, 17, 17, 'daemon', 'unlinked',
		8388609, 1238, 35309, 50000, 1, 1000, 0, 1000, 1000, 2097151, 2097151, 11, 12, 13, 14, 15, 106, 77, 105, 105, NULL,
		'exe-unlinked'),
	(8, 8, 1763622964010000000, 'event', 108, 0, 7, 7, NULL, 2, '$''na"me,\n\x1b[31m'' $''\xe2\x80\xae\xff'' ''a b''',
		CAST(X'6E61226D652C0A1B5B33316D00E280AEFF00612062' || X'00' AS BLOB), 3, 21, 21, 'na"me,\n\x1b[31m', 'memfd', 1, 9, 33279,
		4096, 0, 1000, 1000, 1000, 1000, 0, 0, 11, 22, 13, 14, 15, 1, 77, 90, 100, 'pts/0', NULL);

INSERT INTO s1_env (id, exec_id, name, value, raw) VALUES
	(1, 2, 'MAKEFLAGS', '-j2', NULL),
	(2, 8, 'TERM', '\x1b[31m', X'1B5B33316D');
INSERT INTO s1_cred (id, process_id, time_ns, tid, syscall, old_uid, uid, old_euid, euid, old_suid, suid, old_fsuid, fsuid,
	old_gid, gid, old_egid, egid, old_sgid, sgid, old_fsgid, fsgid, old_cap_effective, cap_effective, old_cap_permitted,
	cap_permitted, old_cap_inheritable, cap_inheritable, old_cap_bounding, cap_bounding, old_cap_ambient, cap_ambient,
	old_securebits, securebits, old_groups, groups, groups_changed, old_user_ns, user_ns) VALUES
	(1, 7, 1763622963680000000, 106, 'setresuid', 1000, 2000, 0, 2000, 0, 2000, 0, 2000, 1000, 1000, 1000, 1000, 1000, 1000,
		1000, 1000, 2097151, 0, 2097151, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 0, 11, 11);
INSERT INTO s1_comm (id, process_id, time_ns, tid, old, new, by_pid) VALUES
	(1, 6, 1763622963640000000, 105, 'bash', 'halfway', 105),
	(2, 6, 1763622963690000000, 105, 'halfway', 'bash', 105);
INSERT INTO s1_setsid (id, process_id, time_ns, sid, ns_sid) VALUES (1, 6, 1763622963610000000, 105, 105);
INSERT INTO s1_reparent (id, process_id, time_ns, old_parent_id, old_parent_pid, parent_id, parent_pid) VALUES
	(1, 7, 1763622963700000000, 6, 105, 1, 100),
	(2, 7, 1763622965200000000, 1, 100, NULL, 1);

-- Session 2: found running, then its recorder was killed.
INSERT INTO s2_string (id, text, raw) VALUES (1, '/usr/bin/node', NULL), (2, '/root', NULL);
INSERT INTO s2_process (id, pid, ns_pid, start_boot_ns, time_ns, source, parent_id, parent_pid, comm, uid, euid, gid, egid)
VALUES
	(1, 900, 900, 1, 1763622900000000000, 'snapshot', NULL, 1, 'claude', 0, 0, 0, 0),
	(2, 901, 901, 2, 1763622900500000000, 'implied', 1, 900, 'sh', 0, 0, 0, 0);
INSERT INTO s2_exec (id, process_id, time_ns, source, tid, error, filename_id, exe_id, cwd_id, command, argc, args_bytes,
	args_stored_bytes, comm, exe_type, marks) VALUES
	(1, 1, 1763622900000000000, 'snapshot', 900, 0, 1, 1, 2, 'claude --print hello', 3, 21, 21, 'claude', 'file', NULL),
	(2, 2, 1763622900600000000, 'event', 901, 0, 1, 1, 2, 'sh -c xxxxxxxx', 3, 1000, 15, 'sh', 'file', 'args-truncated');
INSERT INTO s2_gap (id, time_ns, end_ns, lane, kind, reason, count, process_id, detail) VALUES
	(1, 1763622900400000000, 1763622900500000000, 'lifecycle', 'fork', 'ring-full', 5, NULL, NULL),
	(2, 1763622900600000000, 1763622900600000000, 'lifecycle', 'exec', 'truncated', 985, 2, 'arguments');
