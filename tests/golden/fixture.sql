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

INSERT INTO session_option (id, session_id, name, value) VALUES
	(1, 1, 'files', 'all'),
	(2, 1, 'exclude', '/usr/lib/*'),
	(3, 1, 'content', '/home/user/project/Makefile*');

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

-- Files of session 1. Portable rows (source 'user') know no inode of what they name.
INSERT INTO s1_string (id, text, raw) VALUES
	(101, '/etc/ld.so.cache', NULL),
	(102, '/home/user/project/main.c', NULL),
	(103, '/home/user/project/main.o', NULL),
	(104, '/home/user/project/Makefile', NULL),
	(105, '/home/user/project/Makefile.tmp', NULL),
	(106, '/home/user/project/old.txt', NULL),
	(107, '/home/user/project/new.txt', NULL),
	(108, '/home/user/project/src', NULL),
	(109, '/home/user/project/lib', NULL),
	(110, '/home/user/project/lib/util.c', NULL),
	(111, '/home/user/project/src/util.c', NULL),
	(112, '/home/user/project/hard', NULL),
	(113, '/home/user/project/scratch', NULL),
	(114, '/etc/shadow', NULL),
	(115, '/home/user/project/out', NULL),
	(116, '/home/user/project/out/log', NULL),
	(117, '/home/user/project/latest', NULL),
	(118, 'out/log', NULL),
	(119, '/home/user/project/caf\xe9\nx', CAST(X'2F686F6D652F757365722F70726F6A6563742F636166E90A78' AS BLOB)),
	(120, '/dev/tty', NULL),
	(121, 'pipe:[4242]', NULL),
	(122, '/mnt/data', NULL),
	(123, 'tmpfs', NULL),
	(124, '/usr/include/missing.h', NULL),
	(125, '/home/user/project/main.c', NULL),
	(126, '/home/user/project/a', NULL),
	(127, '/home/user/project/b', NULL),
	(128, 'user.origin', NULL);

INSERT INTO s1_file (id, process_id, time_ns, tid, kind, error, path_id, source, open_id, device, inode, generation, type, size_bytes,
	nlink, flags, mode, read_bytes, read_calls, write_bytes, write_calls, fd, marks) VALUES
	-- gcc reads its source, twice, and makes an object
	(1, 3, 1763622960120000000, 102, 'open', 0, 101, 'kernel', NULL, 8388609, 500, 1, 'file', 20000, 1, 524288, 0, NULL, NULL, NULL, NULL, 3, NULL),
	(2, 3, 1763622960121000000, 102, 'close', 0, 101, 'kernel', 1, 8388609, 500, 1, 'file', 20000, 1, NULL, NULL, 20000, 1, 0, 0, NULL, NULL),
	(3, 3, 1763622960122000000, 102, 'open', 2, 124, 'user', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL),
	(4, 3, 1763622960130000000, 102, 'open', 0, 102, 'kernel', NULL, 8388609, 501, 7, 'file', 1200, 1, 0, 0, NULL, NULL, NULL, NULL, 3, NULL),
	(5, 3, 1763622960140000000, 102, 'close', 0, 102, 'kernel', 4, 8388609, 501, 7, 'file', 1200, 1, NULL, NULL, 1200, 1, 0, 0, NULL, NULL),
	(6, 3, 1763622960150000000, 102, 'open', 0, 125, 'kernel', NULL, 8388609, 501, 7, 'file', 1200, 1, 0, 0, NULL, NULL, NULL, NULL, 3, NULL),
	(7, 3, 1763622960160000000, 102, 'close', 0, 125, 'kernel', 6, 8388609, 501, 7, 'file', 1200, 1, NULL, NULL, 1200, 1, 0, 0, NULL, NULL),
	(8, 3, 1763622960170000000, 102, 'open', 0, 103, 'kernel', NULL, 8388609, 510, 1, 'file', 0, 1, 577, 438, NULL, NULL, NULL, NULL, 4, 'created'),
	(9, 3, 1763622961100000000, 102, 'io', 0, 103, 'kernel', 8, 8388609, 510, 1, 'file', 4096, 1, NULL, NULL, 0, 0, 4096, 1, NULL, NULL),
	(10, 3, 1763622961800000000, 102, 'close', 0, 103, 'kernel', 8, 8388609, 510, 1, 'file', 9096, 1, NULL, NULL, 0, 0, 5000, 2, NULL, NULL),
	-- a rewrite: Makefile.tmp is made and takes Makefile's place; the name only, as the portable tier has it
	(11, 2, 1763622962020000000, 101, 'open', 0, 104, 'kernel', NULL, 8388609, 502, 1, 'file', 300, 1, 0, 0, NULL, NULL, NULL, NULL, 3, NULL),
	(12, 2, 1763622962021000000, 101, 'close', 0, 104, 'kernel', 11, 8388609, 502, 1, 'file', 300, 1, NULL, NULL, 300, 1, 0, 0, NULL, NULL),
	(13, 2, 1763622962022000000, 101, 'open', 0, 105, 'kernel', NULL, 8388609, 511, 1, 'file', 0, 1, 577, 420, NULL, NULL, NULL, NULL, 3, 'created'),
	(14, 2, 1763622962023000000, 101, 'close', 0, 105, 'kernel', 13, 8388609, 511, 1, 'file', 350, 1, NULL, NULL, 0, 0, 350, 1, NULL, NULL),
	-- the new Makefile is appended to; and a secret is asked for
	(16, 5, 1763622962520000000, 104, 'open', 0, 104, 'kernel', NULL, 8388609, 511, 1, 'file', 350, 1, 1025, 0, NULL, NULL, NULL, NULL, 3, NULL),
	(17, 5, 1763622962521000000, 104, 'close', 0, 104, 'kernel', 16, 8388609, 511, 1, 'file', 360, 1, NULL, NULL, 0, 0, 10, 1, NULL, NULL),
	(18, 5, 1763622962530000000, 104, 'open', 13, 114, 'user', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL),
	(19, 5, 1763622962531000000, 104, 'open', 13, 114, 'user', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2, 0, NULL, NULL, NULL, NULL, NULL, NULL),
	-- a terminal and a pipe
	(20, 5, 1763622962540000000, 104, 'open', 0, 120, 'kernel', NULL, 5, 12, NULL, 'char', 0, 1, 2, 0, NULL, NULL, NULL, NULL, 4, NULL),
	(21, 5, 1763622962541000000, 104, 'close', 0, 120, 'kernel', 20, 5, 12, NULL, 'char', 0, 1, NULL, NULL, 0, 0, 12, 1, NULL, NULL),
	(22, 5, 1763622962542000000, 104, 'open', 0, 121, 'kernel', NULL, 14, 4242, NULL, 'fifo', 0, 1, 1, 0, NULL, NULL, NULL, NULL, 1, 'inherited,path-pseudo'),
	(23, 5, 1763622962543000000, 104, 'close', 0, 121, 'kernel', 22, 14, 4242, NULL, 'fifo', 0, 1, NULL, NULL, 0, 0, 80, 2, NULL, 'path-pseudo'),
	-- a file in a directory that was renamed
	(25, 5, 1763622962610000000, 104, 'open', 0, 110, 'kernel', NULL, 8388609, 503, 2, 'file', 900, 1, 2, 0, NULL, NULL, NULL, NULL, 3, NULL),
	(26, 5, 1763622962620000000, 104, 'close', 0, 110, 'kernel', 25, 8388609, 503, 2, 'file', 950, 1, NULL, NULL, 900, 1, 50, 1, NULL, NULL),
	-- two names for one file, written through the second
	(28, 5, 1763622962640000000, 104, 'open', 0, 112, 'kernel', NULL, 8388609, 503, 2, 'file', 950, 2, 1, 0, NULL, NULL, NULL, NULL, 3, NULL),
	(29, 5, 1763622962650000000, 104, 'close', 0, 112, 'kernel', 28, 8388609, 503, 2, 'file', 950, 2, NULL, NULL, 0, 0, 7, 1, NULL, NULL),
	-- removed while open, then written; later another file of the same name, and of the same inode number
	(30, 5, 1763622962700000000, 104, 'open', 0, 113, 'kernel', NULL, 8388609, 520, 1, 'file', 0, 1, 66, 384, NULL, NULL, NULL, NULL, 3, 'created'),
	(32, 5, 1763622962720000000, 104, 'close', 0, 113, 'kernel', 30, 8388609, 520, 1, 'file', 64, 0, NULL, NULL, 0, 0, 64, 1, NULL, NULL),
	(33, 5, 1763622962800000000, 104, 'open', 0, 113, 'kernel', NULL, 8388609, 520, 2, 'file', 0, 1, 66, 384, NULL, NULL, NULL, NULL, 3, 'created'),
	(34, 5, 1763622962810000000, 104, 'close', 0, 113, 'kernel', 33, 8388609, 520, 2, 'file', 5, 1, NULL, NULL, 0, 0, 5, 1, NULL, NULL),
	-- a name that is trouble
	(35, 5, 1763622962900000000, 104, 'open', 0, 119, 'kernel', NULL, 8388609, 521, 1, 'file', 0, 1, 577, 420, NULL, NULL, NULL, NULL, 3, 'created'),
	(36, 5, 1763622962910000000, 104, 'close', 0, 119, 'kernel', 35, 8388609, 521, 1, 'file', 1, 1, NULL, NULL, 0, 0, 1, 1, NULL, NULL),
	-- a daemon keeps its log open
	(43, 7, 1763622963670000000, 106, 'open', 0, 116, 'kernel', NULL, 8388609, 531, 1, 'file', 0, 1, 1089, 420, NULL, NULL, NULL, NULL, 3, 'created'),
	(47, 7, 1763622965240000000, 106, 'io', 0, 116, 'kernel', 43, 8388609, 531, 1, 'file', 99, 1, NULL, NULL, 0, 0, 99, 3, NULL, 'still-open');

INSERT INTO s1_file (id, process_id, time_ns, tid, kind, error, path_id, path2_id, target_id, source, open_id, device, inode, generation,
	type, device2, inode2, size_before, size_bytes, nlink, flags, mode, uid, gid, offset, length, fd, marks) VALUES
	(15, 2, 1763622962024000000, 101, 'rename', 0, 105, 104, NULL, 'user', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0,
		NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(24, 5, 1763622962600000000, 104, 'rename', 0, 108, 109, NULL, 'user', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0,
		NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(27, 5, 1763622962630000000, 104, 'link', 0, 110, 112, NULL, 'kernel', NULL, 8388609, 503, 2, 'file', NULL, NULL, NULL, 950, 2, 0,
		NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(31, 5, 1763622962710000000, 104, 'unlink', 0, 113, NULL, NULL, 'user', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0,
		NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(37, 5, 1763622962920000000, 104, 'unlink', 0, 106, NULL, NULL, 'kernel', NULL, 8388609, 504, 1, 'file', NULL, NULL, NULL, 70, 0, 0,
		NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(38, 5, 1763622962930000000, 104, 'rename', 0, 126, 127, NULL, 'kernel', NULL, 8388609, 505, 1, 'file', 8388609, 506, NULL, 11, 1, 2,
		NULL, NULL, NULL, NULL, NULL, NULL, 'exchange'),
	(39, 5, 1763622962940000000, 104, 'chmod', 0, 127, NULL, NULL, 'kernel', NULL, 8388609, 505, 1, 'file', NULL, NULL, NULL, 11, 1, 0,
		511, NULL, NULL, NULL, NULL, NULL, NULL),
	(40, 5, 1763622962950000000, 104, 'truncate', 0, 127, NULL, NULL, 'kernel', NULL, 8388609, 505, 1, 'file', NULL, NULL, 11, 4, 1, 0,
		NULL, NULL, NULL, NULL, 4, NULL, NULL),
	(41, 5, 1763622962960000000, 104, 'rmdir', 39, 109, NULL, NULL, 'user', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 512,
		NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(42, 7, 1763622963665000000, 106, 'mkdir', 0, 115, NULL, NULL, 'user', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
		493, NULL, NULL, NULL, NULL, NULL, NULL),
	(44, 7, 1763622963671000000, 106, 'symlink', 0, 117, NULL, 118, 'user', NULL, NULL, NULL, NULL, 'link', NULL, NULL, NULL, NULL, NULL,
		NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(45, 7, 1763622963672000000, 106, 'mount', 1, 122, NULL, 123, 'kernel', NULL, NULL, NULL, NULL, 'tmpfs', NULL, NULL, NULL, NULL, NULL,
		0, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(46, 7, 1763622963673000000, 106, 'chdir', 0, 115, NULL, NULL, 'kernel', NULL, 8388609, 530, 1, 'dir', NULL, NULL, NULL, 4096, 2, NULL,
		NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(48, 8, 1763622964500000000, 108, 'rename', 0, 106, 107, NULL, 'user', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0,
		NULL, NULL, NULL, NULL, NULL, NULL, 'path-outside-root'),
	(49, 8, 1763622964510000000, 108, 'setxattr', 0, 107, NULL, 128, 'kernel', NULL, 8388609, 540, 1, 'file', NULL, NULL, NULL, 3, 1, 0,
		NULL, NULL, NULL, NULL, 5, NULL, NULL);

INSERT INTO s1_blob (id, sha256, size_bytes, encoding, data) VALUES
	(1, X'9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08', 4, 'plain', CAST('test' AS BLOB));
INSERT INTO s1_content (id, file_id, time_ns, path_id, sha256, size_bytes, changed, blob_id, reason) VALUES
	(1, 14, 1763622962030000000, 104, X'9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08', 350, 0, 1, NULL),
	(2, 17, 1763622962525000000, 104, X'60303AE22B998861BCE3B28F33EEC1BE758A213C86C93C076DBE9F558C11C752', 360, 1, NULL, NULL),
	(3, 32, 1763622962725000000, 113, NULL, NULL, 0, NULL, 'gone');

-- Of session 2 files were left out on request.
INSERT INTO s2_gap (id, time_ns, end_ns, lane, kind, reason, count, process_id, detail) VALUES
	(3, 1763622900100000000, 1763622905250000000, 'activity', 'open', 'excluded', 12, NULL, '--exclude'),
	(4, 1763622900100000000, 1763622905250000000, 'activity', 'close', 'excluded', 11, NULL, '--exclude');
