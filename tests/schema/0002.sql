-- SPDX-License-Identifier: Apache-2.0
-- A database as version 2 of the schema made it: the text of every statement, two sessions (one sealed, one being recorded).
-- test_schema opens it with the current code, and demands that the current code would still make the same (tests/schema/make
-- writes this file). A release fixes it: what changes afterwards goes into the next version and its own file here.
PRAGMA application_id = 1633776227;
PRAGMA user_version = 2;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE agent (
	id INTEGER PRIMARY KEY,          -- row, in the order of first use
	name TEXT NOT NULL UNIQUE,       -- as given with --agent, else the command's basename; escaped
	first_ns INTEGER NOT NULL        -- when its first session began
);
INSERT INTO agent VALUES(1,'test agent',1700000001000000000);
CREATE TABLE session (
	id INTEGER PRIMARY KEY,          -- N in the names of its tables, s<N>_*
	agent_id INTEGER NOT NULL REFERENCES agent(id), -- who was recorded
	name TEXT NOT NULL,              -- as given with --session, else agent-YYYYMMDD-HHMMSS-id; escaped
	mode TEXT NOT NULL,              -- 'run' or 'attach'
	state TEXT NOT NULL,             -- 'recording', 'complete', or 'interrupted' (its recorder died)
	command TEXT,                    -- what run was asked to run, shell-quoted; NULL for attach
	argv BLOB,                       -- exact arguments, each with a NUL, where splitting command at spaces is not exact
	root_pid INTEGER,                -- the first root, number in the initial pid namespace
	exit_code INTEGER,               -- of run's command; NULL if a signal ended it, or not known
	exit_signal INTEGER,             -- of run's command
	start_ns INTEGER NOT NULL,       -- when recording began
	end_ns INTEGER,                  -- NULL while recording or when interrupted
	boot_offset_ns INTEGER NOT NULL, -- time_ns of a row minus this is CLOCK_BOOTTIME as the kernel took it
	boot_id TEXT NOT NULL,           -- /proc/sys/kernel/random/boot_id
	host TEXT NOT NULL,              -- name of the machine, uname -n; escaped
	kernel TEXT NOT NULL,            -- uname -r
	machine TEXT NOT NULL,           -- uname -m
	recorder TEXT NOT NULL,          -- aa-record's version
	recorder_pid INTEGER NOT NULL,   -- with its start, tells whether the recorder lives
	recorder_start_ticks INTEGER NOT NULL, -- field 22 of /proc/PID/stat
	event_count INTEGER NOT NULL DEFAULT 0, -- records stored
	lost_count INTEGER NOT NULL DEFAULT 0,  -- events that are only gap rows: sum of count over reasons that lose whole events
	sealed INTEGER NOT NULL DEFAULT 0       -- 1: ended and indexed
);
INSERT INTO session VALUES(1,1,'test agent-20231114-221321-1','run','complete','sh -c ''exit 3''',X'7368002d630065786974203300',100,3,NULL,1700000001000000000,1700000001000000000,1700000000000000000,'boot','host','6.12.0','x86_64','0',99,1234,24,4,1);
INSERT INTO session VALUES(2,1,'with environment','run','recording','sh -c ''exit 3''',X'7368002d630065786974203300',200,NULL,NULL,1700000001000000000,NULL,1700000000000000000,'boot','host','6.12.0','x86_64','0',99,1234,2,0,0);
CREATE TABLE session_object (
	session_id INTEGER NOT NULL REFERENCES session(id), -- whose it is
	name TEXT NOT NULL,              -- 's1_exec'
	type TEXT NOT NULL,              -- 'table' or 'view'
	comment TEXT NOT NULL,           -- what it holds, one sentence
	PRIMARY KEY (session_id, name)
) WITHOUT ROWID;
INSERT INTO session_object VALUES(1,'s1_blob','table','Bytes of files, each content once.');
INSERT INTO session_object VALUES(1,'s1_cgroup','table','Control groups that processes were in.');
INSERT INTO session_object VALUES(1,'s1_comm','table','Renames of threads (prctl PR_SET_NAME, /proc/PID/comm), other than by exec.');
INSERT INTO session_object VALUES(1,'s1_commands','view','Which commands ran, in order, and how each ended.');
INSERT INTO session_object VALUES(1,'s1_content','table','Contents of files that were written or got a name, as asked for with --content.');
INSERT INTO session_object VALUES(1,'s1_cred','table','Credential changes other than by exec.');
INSERT INTO session_object VALUES(1,'s1_exec','table','Program starts, also failed ones (error > 0).');
INSERT INTO session_object VALUES(1,'s1_exec_view','view','exec with its strings: no knowledge of the interning needed.');
INSERT INTO session_object VALUES(1,'s1_file','table','What was done with files, and what was refused; bytes come with ''close'' and ''io''.');
INSERT INTO session_object VALUES(1,'s1_file_view','view','file with its strings: no knowledge of the interning needed.');
INSERT INTO session_object VALUES(1,'s1_files','view','file, a row per path: what was read, written, created, deleted, renamed and refused there.');
INSERT INTO session_object VALUES(1,'s1_gap','table','What is not here, or not whole.');
INSERT INTO session_object VALUES(1,'s1_process','table','One row per process (thread group). Identity is (pid, start_boot_ns).');
INSERT INTO session_object VALUES(1,'s1_process_view','view','process with its cgroup''s path: no knowledge of the interning needed.');
INSERT INTO session_object VALUES(1,'s1_redaction','table','Secrets that were replaced before anything was stored.');
INSERT INTO session_object VALUES(1,'s1_reparent','table','A parent died; its children were given to a subreaper or to init.');
INSERT INTO session_object VALUES(1,'s1_setsid','table','Processes that began a POSIX session of their own, setsid(2).');
INSERT INTO session_object VALUES(1,'s1_string','table','Interned strings: paths and other repeated names; the same text may stand here twice.');
INSERT INTO session_object VALUES(1,'s1_timeline','view','All that happened, one row an event. ORDER BY time_ns merges if time_ns is also selected, else it sorts.');
INSERT INTO session_object VALUES(1,'s1_tls','table','Plaintext of TLS connections, piece by piece in the order of recording; and where it has gaps.');
INSERT INTO session_object VALUES(1,'s1_tls_connection','table','A TLS connection: of a library whose plaintext is recorded, or one that only its socket shows.');
INSERT INTO session_object VALUES(1,'s1_tls_connection_view','view','tls_connection with its process, host and library; seconds is how long it lasted.');
INSERT INTO session_object VALUES(1,'s1_tls_library','table','Files with TLS code that were found: those whose calls are recorded, and those that were seen and are not.');
INSERT INTO session_object VALUES(1,'s1_tls_view','view','tls with its process and whom it was said to: no knowledge of the connection needed.');
INSERT INTO session_object VALUES(2,'s2_cgroup','table','Control groups that processes were in.');
INSERT INTO session_object VALUES(2,'s2_commands','view','Which commands ran, in order, and how each ended.');
INSERT INTO session_object VALUES(2,'s2_env','table','Environment values that were asked for with --env, as each program began with them.');
INSERT INTO session_object VALUES(2,'s2_exec','table','Program starts, also failed ones (error > 0).');
INSERT INTO session_object VALUES(2,'s2_exec_view','view','exec with its strings: no knowledge of the interning needed.');
INSERT INTO session_object VALUES(2,'s2_gap','table','What is not here, or not whole.');
INSERT INTO session_object VALUES(2,'s2_process','table','One row per process (thread group). Identity is (pid, start_boot_ns).');
INSERT INTO session_object VALUES(2,'s2_process_view','view','process with its cgroup''s path: no knowledge of the interning needed.');
INSERT INTO session_object VALUES(2,'s2_string','table','Interned strings: paths and other repeated names; the same text may stand here twice.');
INSERT INTO session_object VALUES(2,'s2_timeline','view','All that happened, one row an event. ORDER BY time_ns merges if time_ns is also selected, else it sorts.');
CREATE TABLE probe (
	id INTEGER PRIMARY KEY,          -- row, in the order of attaching
	session_id INTEGER NOT NULL REFERENCES session(id), -- for which session
	capability TEXT NOT NULL,        -- 'process.exec'
	tier TEXT NOT NULL,              -- 'precise', 'kprobe', 'portable' or 'basic', best first
	program TEXT NOT NULL,           -- name of the program tried, or of several that belong together, with +
	attached INTEGER NOT NULL,       -- 1 or 0
	error INTEGER NOT NULL,          -- errno of the attempt, 0 when attached
	reason TEXT                      -- why not, or why this one
);
INSERT INTO probe VALUES(1,1,'process.exec','portable','aa_exec_raw',1,0,NULL);
INSERT INTO probe VALUES(2,1,'file.open','portable','aa_sysexit_btf',0,1,'not permitted');
CREATE TABLE ring_cursor (
	generation INTEGER NOT NULL,     -- random, one per set of rings
	lane TEXT NOT NULL,              -- 'lifecycle', 'activity', 'payload'
	position INTEGER NOT NULL,       -- consumer position, bytes since the ring was made
	session_id INTEGER,              -- the session that owned the rings, NULL for a daemon's
	PRIMARY KEY (generation, lane)
) WITHOUT ROWID;
CREATE TABLE clock (
	id INTEGER PRIMARY KEY,          -- row, in the order of time
	session_id INTEGER NOT NULL REFERENCES session(id), -- whose rows are meant
	boot_ns INTEGER NOT NULL,        -- CLOCK_BOOTTIME when it was noticed
	offset_ns INTEGER NOT NULL,      -- CLOCK_REALTIME - CLOCK_BOOTTIME from then on
	step_ns INTEGER NOT NULL         -- change against the row before; 0 in the first
);
INSERT INTO clock VALUES(1,1,1000000000,1700000000000000000,0);
INSERT INTO clock VALUES(2,2,1000000000,1700000000000000000,0);
CREATE TABLE errno_name (
	error INTEGER PRIMARY KEY,       -- 2
	name TEXT NOT NULL               -- 'ENOENT'
);
INSERT INTO errno_name VALUES(1,'EPERM');
INSERT INTO errno_name VALUES(2,'ENOENT');
INSERT INTO errno_name VALUES(3,'ESRCH');
INSERT INTO errno_name VALUES(4,'EINTR');
INSERT INTO errno_name VALUES(5,'EIO');
INSERT INTO errno_name VALUES(6,'ENXIO');
INSERT INTO errno_name VALUES(7,'E2BIG');
INSERT INTO errno_name VALUES(8,'ENOEXEC');
INSERT INTO errno_name VALUES(9,'EBADF');
INSERT INTO errno_name VALUES(10,'ECHILD');
INSERT INTO errno_name VALUES(11,'EAGAIN');
INSERT INTO errno_name VALUES(12,'ENOMEM');
INSERT INTO errno_name VALUES(13,'EACCES');
INSERT INTO errno_name VALUES(14,'EFAULT');
INSERT INTO errno_name VALUES(15,'ENOTBLK');
INSERT INTO errno_name VALUES(16,'EBUSY');
INSERT INTO errno_name VALUES(17,'EEXIST');
INSERT INTO errno_name VALUES(18,'EXDEV');
INSERT INTO errno_name VALUES(19,'ENODEV');
INSERT INTO errno_name VALUES(20,'ENOTDIR');
INSERT INTO errno_name VALUES(21,'EISDIR');
INSERT INTO errno_name VALUES(22,'EINVAL');
INSERT INTO errno_name VALUES(23,'ENFILE');
INSERT INTO errno_name VALUES(24,'EMFILE');
INSERT INTO errno_name VALUES(25,'ENOTTY');
INSERT INTO errno_name VALUES(26,'ETXTBSY');
INSERT INTO errno_name VALUES(27,'EFBIG');
INSERT INTO errno_name VALUES(28,'ENOSPC');
INSERT INTO errno_name VALUES(29,'ESPIPE');
INSERT INTO errno_name VALUES(30,'EROFS');
INSERT INTO errno_name VALUES(31,'EMLINK');
INSERT INTO errno_name VALUES(32,'EPIPE');
INSERT INTO errno_name VALUES(33,'EDOM');
INSERT INTO errno_name VALUES(34,'ERANGE');
INSERT INTO errno_name VALUES(35,'EDEADLK');
INSERT INTO errno_name VALUES(36,'ENAMETOOLONG');
INSERT INTO errno_name VALUES(37,'ENOLCK');
INSERT INTO errno_name VALUES(38,'ENOSYS');
INSERT INTO errno_name VALUES(39,'ENOTEMPTY');
INSERT INTO errno_name VALUES(40,'ELOOP');
INSERT INTO errno_name VALUES(42,'ENOMSG');
INSERT INTO errno_name VALUES(43,'EIDRM');
INSERT INTO errno_name VALUES(44,'ECHRNG');
INSERT INTO errno_name VALUES(45,'EL2NSYNC');
INSERT INTO errno_name VALUES(46,'EL3HLT');
INSERT INTO errno_name VALUES(47,'EL3RST');
INSERT INTO errno_name VALUES(48,'ELNRNG');
INSERT INTO errno_name VALUES(49,'EUNATCH');
INSERT INTO errno_name VALUES(50,'ENOCSI');
INSERT INTO errno_name VALUES(51,'EL2HLT');
INSERT INTO errno_name VALUES(52,'EBADE');
INSERT INTO errno_name VALUES(53,'EBADR');
INSERT INTO errno_name VALUES(54,'EXFULL');
INSERT INTO errno_name VALUES(55,'ENOANO');
INSERT INTO errno_name VALUES(56,'EBADRQC');
INSERT INTO errno_name VALUES(57,'EBADSLT');
INSERT INTO errno_name VALUES(59,'EBFONT');
INSERT INTO errno_name VALUES(60,'ENOSTR');
INSERT INTO errno_name VALUES(61,'ENODATA');
INSERT INTO errno_name VALUES(62,'ETIME');
INSERT INTO errno_name VALUES(63,'ENOSR');
INSERT INTO errno_name VALUES(64,'ENONET');
INSERT INTO errno_name VALUES(65,'ENOPKG');
INSERT INTO errno_name VALUES(66,'EREMOTE');
INSERT INTO errno_name VALUES(67,'ENOLINK');
INSERT INTO errno_name VALUES(68,'EADV');
INSERT INTO errno_name VALUES(69,'ESRMNT');
INSERT INTO errno_name VALUES(70,'ECOMM');
INSERT INTO errno_name VALUES(71,'EPROTO');
INSERT INTO errno_name VALUES(72,'EMULTIHOP');
INSERT INTO errno_name VALUES(73,'EDOTDOT');
INSERT INTO errno_name VALUES(74,'EBADMSG');
INSERT INTO errno_name VALUES(75,'EOVERFLOW');
INSERT INTO errno_name VALUES(76,'ENOTUNIQ');
INSERT INTO errno_name VALUES(77,'EBADFD');
INSERT INTO errno_name VALUES(78,'EREMCHG');
INSERT INTO errno_name VALUES(79,'ELIBACC');
INSERT INTO errno_name VALUES(80,'ELIBBAD');
INSERT INTO errno_name VALUES(81,'ELIBSCN');
INSERT INTO errno_name VALUES(82,'ELIBMAX');
INSERT INTO errno_name VALUES(83,'ELIBEXEC');
INSERT INTO errno_name VALUES(84,'EILSEQ');
INSERT INTO errno_name VALUES(85,'ERESTART');
INSERT INTO errno_name VALUES(86,'ESTRPIPE');
INSERT INTO errno_name VALUES(87,'EUSERS');
INSERT INTO errno_name VALUES(88,'ENOTSOCK');
INSERT INTO errno_name VALUES(89,'EDESTADDRREQ');
INSERT INTO errno_name VALUES(90,'EMSGSIZE');
INSERT INTO errno_name VALUES(91,'EPROTOTYPE');
INSERT INTO errno_name VALUES(92,'ENOPROTOOPT');
INSERT INTO errno_name VALUES(93,'EPROTONOSUPPORT');
INSERT INTO errno_name VALUES(94,'ESOCKTNOSUPPORT');
INSERT INTO errno_name VALUES(95,'EOPNOTSUPP');
INSERT INTO errno_name VALUES(96,'EPFNOSUPPORT');
INSERT INTO errno_name VALUES(97,'EAFNOSUPPORT');
INSERT INTO errno_name VALUES(98,'EADDRINUSE');
INSERT INTO errno_name VALUES(99,'EADDRNOTAVAIL');
INSERT INTO errno_name VALUES(100,'ENETDOWN');
INSERT INTO errno_name VALUES(101,'ENETUNREACH');
INSERT INTO errno_name VALUES(102,'ENETRESET');
INSERT INTO errno_name VALUES(103,'ECONNABORTED');
INSERT INTO errno_name VALUES(104,'ECONNRESET');
INSERT INTO errno_name VALUES(105,'ENOBUFS');
INSERT INTO errno_name VALUES(106,'EISCONN');
INSERT INTO errno_name VALUES(107,'ENOTCONN');
INSERT INTO errno_name VALUES(108,'ESHUTDOWN');
INSERT INTO errno_name VALUES(109,'ETOOMANYREFS');
INSERT INTO errno_name VALUES(110,'ETIMEDOUT');
INSERT INTO errno_name VALUES(111,'ECONNREFUSED');
INSERT INTO errno_name VALUES(112,'EHOSTDOWN');
INSERT INTO errno_name VALUES(113,'EHOSTUNREACH');
INSERT INTO errno_name VALUES(114,'EALREADY');
INSERT INTO errno_name VALUES(115,'EINPROGRESS');
INSERT INTO errno_name VALUES(116,'ESTALE');
INSERT INTO errno_name VALUES(117,'EUCLEAN');
INSERT INTO errno_name VALUES(118,'ENOTNAM');
INSERT INTO errno_name VALUES(119,'ENAVAIL');
INSERT INTO errno_name VALUES(120,'EISNAM');
INSERT INTO errno_name VALUES(121,'EREMOTEIO');
INSERT INTO errno_name VALUES(122,'EDQUOT');
INSERT INTO errno_name VALUES(123,'ENOMEDIUM');
INSERT INTO errno_name VALUES(124,'EMEDIUMTYPE');
INSERT INTO errno_name VALUES(125,'ECANCELED');
INSERT INTO errno_name VALUES(126,'ENOKEY');
INSERT INTO errno_name VALUES(127,'EKEYEXPIRED');
INSERT INTO errno_name VALUES(128,'EKEYREVOKED');
INSERT INTO errno_name VALUES(129,'EKEYREJECTED');
INSERT INTO errno_name VALUES(130,'EOWNERDEAD');
INSERT INTO errno_name VALUES(131,'ENOTRECOVERABLE');
INSERT INTO errno_name VALUES(132,'ERFKILL');
INSERT INTO errno_name VALUES(133,'EHWPOISON');
CREATE TABLE signal_name (
	signal INTEGER PRIMARY KEY,      -- 9
	name TEXT NOT NULL               -- 'SIGKILL'
);
INSERT INTO signal_name VALUES(1,'SIGHUP');
INSERT INTO signal_name VALUES(2,'SIGINT');
INSERT INTO signal_name VALUES(3,'SIGQUIT');
INSERT INTO signal_name VALUES(4,'SIGILL');
INSERT INTO signal_name VALUES(5,'SIGTRAP');
INSERT INTO signal_name VALUES(6,'SIGABRT');
INSERT INTO signal_name VALUES(7,'SIGBUS');
INSERT INTO signal_name VALUES(8,'SIGFPE');
INSERT INTO signal_name VALUES(9,'SIGKILL');
INSERT INTO signal_name VALUES(10,'SIGUSR1');
INSERT INTO signal_name VALUES(11,'SIGSEGV');
INSERT INTO signal_name VALUES(12,'SIGUSR2');
INSERT INTO signal_name VALUES(13,'SIGPIPE');
INSERT INTO signal_name VALUES(14,'SIGALRM');
INSERT INTO signal_name VALUES(15,'SIGTERM');
INSERT INTO signal_name VALUES(16,'SIGSTKFLT');
INSERT INTO signal_name VALUES(17,'SIGCHLD');
INSERT INTO signal_name VALUES(18,'SIGCONT');
INSERT INTO signal_name VALUES(19,'SIGSTOP');
INSERT INTO signal_name VALUES(20,'SIGTSTP');
INSERT INTO signal_name VALUES(21,'SIGTTIN');
INSERT INTO signal_name VALUES(22,'SIGTTOU');
INSERT INTO signal_name VALUES(23,'SIGURG');
INSERT INTO signal_name VALUES(24,'SIGXCPU');
INSERT INTO signal_name VALUES(25,'SIGXFSZ');
INSERT INTO signal_name VALUES(26,'SIGVTALRM');
INSERT INTO signal_name VALUES(27,'SIGPROF');
INSERT INTO signal_name VALUES(28,'SIGWINCH');
INSERT INTO signal_name VALUES(29,'SIGPOLL');
INSERT INTO signal_name VALUES(30,'SIGPWR');
INSERT INTO signal_name VALUES(31,'SIGSYS');
INSERT INTO signal_name VALUES(34,'SIGRTMIN');
INSERT INTO signal_name VALUES(35,'SIGRTMIN+1');
INSERT INTO signal_name VALUES(36,'SIGRTMIN+2');
INSERT INTO signal_name VALUES(37,'SIGRTMIN+3');
INSERT INTO signal_name VALUES(38,'SIGRTMIN+4');
INSERT INTO signal_name VALUES(39,'SIGRTMIN+5');
INSERT INTO signal_name VALUES(40,'SIGRTMIN+6');
INSERT INTO signal_name VALUES(41,'SIGRTMIN+7');
INSERT INTO signal_name VALUES(42,'SIGRTMIN+8');
INSERT INTO signal_name VALUES(43,'SIGRTMIN+9');
INSERT INTO signal_name VALUES(44,'SIGRTMIN+10');
INSERT INTO signal_name VALUES(45,'SIGRTMIN+11');
INSERT INTO signal_name VALUES(46,'SIGRTMIN+12');
INSERT INTO signal_name VALUES(47,'SIGRTMIN+13');
INSERT INTO signal_name VALUES(48,'SIGRTMIN+14');
INSERT INTO signal_name VALUES(49,'SIGRTMIN+15');
INSERT INTO signal_name VALUES(50,'SIGRTMIN+16');
INSERT INTO signal_name VALUES(51,'SIGRTMIN+17');
INSERT INTO signal_name VALUES(52,'SIGRTMIN+18');
INSERT INTO signal_name VALUES(53,'SIGRTMIN+19');
INSERT INTO signal_name VALUES(54,'SIGRTMIN+20');
INSERT INTO signal_name VALUES(55,'SIGRTMIN+21');
INSERT INTO signal_name VALUES(56,'SIGRTMIN+22');
INSERT INTO signal_name VALUES(57,'SIGRTMIN+23');
INSERT INTO signal_name VALUES(58,'SIGRTMIN+24');
INSERT INTO signal_name VALUES(59,'SIGRTMIN+25');
INSERT INTO signal_name VALUES(60,'SIGRTMIN+26');
INSERT INTO signal_name VALUES(61,'SIGRTMIN+27');
INSERT INTO signal_name VALUES(62,'SIGRTMIN+28');
INSERT INTO signal_name VALUES(63,'SIGRTMIN+29');
INSERT INTO signal_name VALUES(64,'SIGRTMIN+30');
CREATE TABLE session_option (
	id INTEGER PRIMARY KEY,          -- row, in the order of the command line by option
	session_id INTEGER NOT NULL REFERENCES session(id), -- whose
	name TEXT NOT NULL,              -- 'files', 'exclude', 'content', 'content-max' (bytes), 'content-store', 'tls', 'redact' (on, off), 'redact-key' (hexadecimal: of the fingerprints in redaction)
	value TEXT NOT NULL              -- 'all', a pattern ...; escaped
);
INSERT INTO session_option VALUES(1,1,'files','all');
INSERT INTO session_option VALUES(2,1,'exclude','/proc/*');
INSERT INTO session_option VALUES(3,1,'redact','on');
INSERT INTO session_option VALUES(4,1,'redact-key','00');
INSERT INTO session_option VALUES(5,2,'redact','on');
INSERT INTO session_option VALUES(6,2,'redact-key','00');
CREATE TABLE s1_string ( -- Interned strings: paths and other repeated names; the same text may stand here twice.
	id INTEGER PRIMARY KEY,          -- what the *_id columns of other tables refer to
	text TEXT NOT NULL,              -- escaped
	raw BLOB                         -- exact bytes, where text differs from them
);
INSERT INTO s1_string VALUES(1,'/bin/sh',NULL);
INSERT INTO s1_string VALUES(2,'/home/agent',NULL);
INSERT INTO s1_string VALUES(3,'/no/such',NULL);
INSERT INTO s1_string VALUES(4,'/bin/ls',NULL);
INSERT INTO s1_string VALUES(5,'/user.slice',NULL);
INSERT INTO s1_string VALUES(6,'/home/agent/new\xFF',X'2f686f6d652f6167656e742f6e6577ff');
INSERT INTO s1_string VALUES(7,'/home/agent/secret',NULL);
INSERT INTO s1_string VALUES(8,'/home/final',NULL);
CREATE TABLE s1_cgroup ( -- Control groups that processes were in.
	id INTEGER PRIMARY KEY,          -- the kernel's id of the cgroup
	path_id INTEGER                  -- string: path below the hierarchy's root
);
INSERT INTO s1_cgroup VALUES(7,5);
CREATE TABLE s1_process ( -- One row per process (thread group). Identity is (pid, start_boot_ns).
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
INSERT INTO s1_process VALUES(1,100,100,1000000500,1700000001000001000,'root',NULL,1,NULL,1,1,NULL,NULL,'sh',0,0,0,0,0,0,0,0,0,0,0,1,100,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO s1_process VALUES(2,101,101,1000001500,1700000001000002000,'fork',1,100,1,100,100,'fork',0,'x\ny',0,0,0,0,0,0,0,0,0,0,0,1,101,1700000001000024000,768,3,NULL,0,0,0,0,0);
INSERT INTO s1_process VALUES(3,102,102,1000002500,1700000001000003000,'fork',2,101,2,101,101,'fork',0,'parent',0,0,0,0,0,0,0,0,0,0,0,1,102,1700000001000025000,9,NULL,9,0,0,0,0,0);
CREATE TABLE s1_exec ( -- Program starts, also failed ones (error > 0).
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	process_id INTEGER NOT NULL,     -- process row
	time_ns INTEGER NOT NULL,        -- when it happened; for a snapshot when it was found
	source TEXT NOT NULL,            -- 'event', or 'snapshot' (found running at attach)
	tid INTEGER NOT NULL,            -- thread that called exec
	error INTEGER NOT NULL,          -- 0, or the errno of a failed exec
	filename_id INTEGER,             -- string: path as given to the kernel
	exe_id INTEGER,                  -- string: executable as the kernel resolved it
	interpreter_id INTEGER,          -- string: last interpreter of a #! chain; filename is the script
	cwd_id INTEGER,                  -- string: working directory
	root_id INTEGER,                 -- string: its root directory, only in a chroot
	command TEXT,                    -- arguments shell-quoted: paste into bash to get the exact bytes; NULL for a failed exec
	argv BLOB,                       -- exact arguments, each with its NUL, where splitting command at spaces is not exact
	argc INTEGER,                    -- number of arguments
	args_bytes INTEGER,              -- true size of all arguments with their NULs
	args_stored_bytes INTEGER,       -- how much of it is here
	comm TEXT,                       -- the process's name after it; escaped
	exe_type TEXT,                   -- 'file', 'unlinked', 'memfd' or 'other' (another file without a name)
	exe_device INTEGER,              -- major << 20 | minor
	exe_inode INTEGER,               -- inode number
	exe_mode INTEGER,                -- st_mode
	exe_bytes INTEGER,               -- size of the executable
	privileged INTEGER,              -- 1: this exec changed privileges (set-user-ID, file capabilities ...)
	uid INTEGER,                     -- real user afterwards
	euid INTEGER,                    -- effective user
	gid INTEGER,                     -- real group
	egid INTEGER,                    -- effective group
	cap_effective INTEGER,           -- capabilities in force, bit mask of capabilities(7)
	cap_permitted INTEGER,           -- capabilities that it may put in force
	user_ns INTEGER,                 -- inode numbers of its namespaces: user
	pid_ns INTEGER,                  -- pid (the one it is numbered in)
	mnt_ns INTEGER,                  -- mount
	net_ns INTEGER,                  -- network
	uts_ns INTEGER,                  -- host name
	ns_pid INTEGER,                  -- pid in its own pid namespace
	cgroup_id INTEGER,               -- see cgroup
	sid INTEGER,                     -- POSIX session, number in the initial pid namespace
	pgid INTEGER,                    -- process group, likewise
	tty TEXT,                        -- controlling terminal: 'pts/0', 'tty1', '4:64'; NULL none
	marks TEXT                       -- what is not whole or not plain: 'args-truncated,exe-unlinked'; NULL: all whole
);
INSERT INTO s1_exec VALUES(1,1,1700000001000004000,'event',100,0,1,1,NULL,2,NULL,'sh -c $''echo \''a b\'' \xFF''',X'7368002d63006563686f20276120622720ff00',0,19,19,'sh','file',0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,100,0,0,0,NULL,NULL);
INSERT INTO s1_exec VALUES(2,2,1700000001000005000,'event',101,2,3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO s1_exec VALUES(3,2,1700000001000006000,'event',101,0,4,4,NULL,2,NULL,'ls -l',NULL,0,6,6,'ls','file',0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,101,0,0,0,NULL,NULL);
CREATE TABLE s1_gap ( -- What is not here, or not whole.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	time_ns INTEGER NOT NULL,        -- it happened between time_ns
	end_ns INTEGER NOT NULL,         -- and end_ns
	lane TEXT NOT NULL,              -- 'lifecycle', 'activity' (files, TLS connections), 'payload' (TLS plaintext)
	kind TEXT NOT NULL,              -- kind of event, or 'any'
	reason TEXT NOT NULL,            -- 'ring-full', 'scope-full', 'unreadable', 'truncated', 'recursion', 'malformed', 'incomplete', 'recorder', 'files-full' (table of open files), 'uring-full', 'tls-full' (tables of TLS), 'withheld' (could not be searched for secrets), 'lost' (not known why); no losses, but left out on request: 'excluded' (--files, --exclude), 'max-call', 'max-connection' (--tls-max-...)
	count INTEGER NOT NULL,          -- events; bytes where reason is 'truncated', and where kind is 'tls_data' but for 'tls-full'
	process_id INTEGER,              -- process row: whose, where known
	detail TEXT                      -- in words
);
INSERT INTO s1_gap VALUES(1,1700000001000000000,1700000001100000000,'lifecycle','fork','ring-full',3,NULL,NULL);
INSERT INTO s1_gap VALUES(2,1700000001000023000,1700000001000023000,'payload','tls_data','lost',100,2,'TLS connection 1');
INSERT INTO s1_gap VALUES(3,1700000001000013000,1700000001000013000,'activity','open','excluded',1,NULL,NULL);
CREATE TABLE s1_cred ( -- Credential changes other than by exec.
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
INSERT INTO s1_cred VALUES(1,2,1700000001000007000,101,NULL,0,1000,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0);
CREATE TABLE s1_comm ( -- Renames of threads (prctl PR_SET_NAME, /proc/PID/comm), other than by exec.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	process_id INTEGER NOT NULL,     -- process row
	time_ns INTEGER NOT NULL,        -- when it happened
	tid INTEGER NOT NULL,            -- the renamed thread; the process's own name is its leader's
	old TEXT NOT NULL,               -- name before; escaped
	new TEXT NOT NULL,               -- name after; escaped
	by_pid INTEGER NOT NULL          -- process that did it
);
INSERT INTO s1_comm VALUES(1,2,1700000001000008000,101,'','x\ny',101);
CREATE TABLE s1_setsid ( -- Processes that began a POSIX session of their own, setsid(2).
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	process_id INTEGER NOT NULL,     -- process row
	time_ns INTEGER NOT NULL,        -- when it happened
	sid INTEGER NOT NULL,            -- the session's number in the initial pid namespace
	ns_sid INTEGER NOT NULL          -- as the process was told
);
INSERT INTO s1_setsid VALUES(1,3,1700000001000009000,102,102);
CREATE TABLE s1_file ( -- What was done with files, and what was refused; bytes come with 'close' and 'io'.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	process_id INTEGER NOT NULL,     -- process row
	time_ns INTEGER NOT NULL,        -- when it happened
	tid INTEGER NOT NULL,            -- thread
	kind TEXT NOT NULL,              -- 'open', 'close', 'io' (bytes of a file that stays open), 'unlink', 'rename' ...
	error INTEGER NOT NULL,          -- 0, or the errno; of 'close' and 'io' the last failed read or write since the row before
	path_id INTEGER,                 -- string: absolute path; of rename the old one, of close and io that of the open; relative only if marks say path-missing; empty if the program gave ''
	path2_id INTEGER,                -- string: rename, link: the new path; copy: the destination; pivot_root: where the old root went
	target_id INTEGER,               -- string: what a symlink says; what was mounted; name of an extended attribute
	source TEXT,                     -- where path comes from: 'kernel' (walked), or 'user' (the program's string, made absolute)
	open_id INTEGER,                 -- row of the 'open' that this is about: bytes, and acts on a descriptor
	device INTEGER,                  -- of the file: major << 20 | minor; NULL: file not known
	inode INTEGER,                   -- its inode number
	generation INTEGER,              -- of the inode number, NULL where the file system has none
	type TEXT,                       -- 'file', 'dir', 'link', 'fifo', 'socket', 'char', 'block', 'other'; of a mount its file system's ('tmpfs'), escaped
	device2 INTEGER,                 -- of a second file: what a rename replaced or exchanged with; destination of a copy; mknod: the device made
	inode2 INTEGER,                  -- its inode number
	size_before INTEGER,             -- bytes, where known
	size_bytes INTEGER,              -- bytes after it
	nlink INTEGER,                   -- names that the file has after it; 0: it has none any more
	flags INTEGER,                   -- O_* of an open, AT_*, RENAME_*, PROT_*, MS_*, as the call has them
	mode INTEGER,                    -- permissions given or asked for
	uid INTEGER,                     -- chown: new owner, NULL: unchanged
	gid INTEGER,                     -- chown: new group, NULL: unchanged
	offset INTEGER,                  -- fallocate, mmap: where
	length INTEGER,                  -- truncate: new size; fallocate, mmap, copy, setxattr: how much
	read_bytes INTEGER,              -- since the open or the last row of this open file: sums are exact; NULL where that is not known
	read_calls INTEGER,              -- calls that read
	write_bytes INTEGER,             -- likewise
	write_calls INTEGER,             -- calls that wrote
	fd INTEGER,                      -- descriptor, where there is one
	marks TEXT                       -- what is special or not whole, in this order and separated by commas: created, inherited (met at its first use), uring (io_uring), fixed (no descriptor), still-open (at the session's end), by-last-user (who closed it is not known), close-missed, mapped (shared and writable: what was written through memory is in no sum), no-sums, by-handle, exchange, empty-path (the file of fd), name-kernel (copied by the kernel), compat (32-bit call); path-, path2- or target- with truncated, unlinked, detached (no mount above), pseudo (not a path: 'memfd:x'), outside-root (not below the process's root), unreadable, missing
);
INSERT INTO s1_file VALUES(1,2,1700000001000011000,101,'open',0,6,NULL,NULL,'kernel',NULL,8388609,55,NULL,'file',NULL,NULL,NULL,0,1,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3,'created');
INSERT INTO s1_file VALUES(2,2,1700000001000012000,101,'io',0,6,NULL,NULL,'kernel',1,8388609,55,NULL,'file',NULL,NULL,NULL,5000,1,NULL,NULL,NULL,NULL,NULL,NULL,0,0,5000,2,NULL,NULL);
INSERT INTO s1_file VALUES(3,2,1700000001000014000,101,'open',13,7,NULL,NULL,'user',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO s1_file VALUES(4,2,1700000001000015000,101,'close',0,6,NULL,NULL,'kernel',1,8388609,55,NULL,'file',NULL,NULL,NULL,9000,1,NULL,NULL,NULL,NULL,NULL,NULL,0,0,4000,1,NULL,'by-last-user');
INSERT INTO s1_file VALUES(5,2,1700000001000016000,101,'rename',0,6,8,NULL,'user',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO s1_file VALUES(6,2,1700000001000017000,101,'chmod',0,8,NULL,NULL,'kernel',NULL,8388609,55,NULL,'file',NULL,NULL,NULL,9000,1,0,384,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE s1_tls_library ( -- Files with TLS code that were found: those whose calls are recorded, and those that were seen and are not.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	time_ns INTEGER NOT NULL,        -- when it was attached to, or given up
	number INTEGER NOT NULL,         -- the recorder's number of it in this session
	process_id INTEGER,              -- process row: who mapped it first; NULL: found before (the linker's cache)
	path TEXT NOT NULL,              -- as the recorder saw it, escaped
	path_raw BLOB,                   -- exact bytes, where path does not have them
	device INTEGER NOT NULL,         -- major << 20 | minor
	inode INTEGER NOT NULL,          -- its inode number
	size_bytes INTEGER NOT NULL,     -- of the file
	build_id TEXT,                   -- hexadecimal; NULL: it has none
	implementation TEXT,             -- 'openssl', 'boringssl', 'gnutls', 'go', 'rustls', 'java', 'nss' ...
	version TEXT,                    -- where it could be told
	attached INTEGER NOT NULL,       -- 1: its calls are recorded
	hooks TEXT,                      -- which functions, separated by commas: 'ssl_write_internal', 'SSL_free' ...
	how TEXT,                        -- how they were found: 'dynsym', 'symtab', 'internal' (first call of exported functions), 'xref' (BoringSSL without symbols), 'pclntab' (Go)
	reason TEXT,                     -- why not attached, or not all
	late INTEGER NOT NULL,           -- 1: a process ran on while it was examined, so its first calls may be missing
	held_ns INTEGER                  -- how long the process that mapped it was held for it; NULL: it was not
);
INSERT INTO s1_tls_library VALUES(1,1700000001000017000,1,NULL,'/usr/lib/libssl.so.3',NULL,0,0,0,NULL,'openssl','3.0.17',1,'SSL_read,SSL_write','dynsym',NULL,0,NULL);
CREATE TABLE s1_tls_connection ( -- A TLS connection: of a library whose plaintext is recorded, or one that only its socket shows.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	process_id INTEGER NOT NULL,     -- process row: who opened it, or used it first
	time_ns INTEGER NOT NULL,        -- when it was first seen
	end_ns INTEGER,                  -- when it ended; NULL: not seen
	end_reason TEXT,                 -- 'freed', 'reused' (the same SSL* began another), 'process' (its process ended), 'socket' (closed), 'session' (still there when the recording ended)
	transport TEXT NOT NULL,         -- 'tcp', 'quic', 'unknown'
	implementation TEXT,             -- 'openssl', 'boringssl', 'gnutls', 'go'; NULL: not known
	library_id INTEGER,              -- tls_library row: the file that holds its code
	plaintext TEXT NOT NULL,         -- 'yes', 'partial' (see reason), 'no'
	reason TEXT,                     -- why there is no plaintext, or not all: 'late' (attached when it was under way), 'no-library' (none with known hooks), 'unsupported: ...', 'metadata' (--tls metadata), 'lost' (see the gaps), 'withheld' (headers that could not be searched for secrets) ...; 'unbound' (a library's calls are recorded, but none could be told to be this connection's), 'unsupported: QUIC', 'kernel TLS', 'max-call', 'max-connection'; several: separated by commas
	role TEXT,                       -- 'client', 'server': who the process was in the handshake
	sni TEXT,                        -- server name that the client asked for; escaped
	alpn TEXT,                       -- protocol agreed on ('h2'), where it could be seen; escaped
	alpn_offered TEXT,               -- what the client offered, separated by commas; escaped
	version TEXT,                    -- 'TLSv1.3', as the server chose
	version_offered TEXT,            -- the newest that the client offered
	cipher TEXT,                     -- as the server chose: 'TLS_AES_256_GCM_SHA384', or '0x1302'
	handshake TEXT,                  -- 'done', 'failed'; NULL: not seen
	handshake_ns INTEGER,            -- how long its last call took
	method TEXT,                     -- how it was bound to its socket: 'call', 'fingerprint', 'client-random', 'object'; 'hello': it is known from the socket
	socket_inode INTEGER,            -- of /proc/PID/fd's socket:[N]; NULL: no socket known, and so in the next five
	netns INTEGER,                   -- inode of its network namespace
	local_address TEXT,              -- as inet_ntop(3) writes it
	local_port INTEGER,              -- its port
	peer_address TEXT,               -- the other side
	peer_port INTEGER,               -- its port
	sent_bytes INTEGER NOT NULL,     -- plaintext that the process sent, lost bytes included
	received_bytes INTEGER NOT NULL, -- and received
	sent_calls INTEGER NOT NULL,     -- calls that sent it
	received_calls INTEGER NOT NULL, -- and received it
	sent_gap_bytes INTEGER NOT NULL, -- of sent_bytes those that are not stored; the rows with a gap say where and why
	received_gap_bytes INTEGER NOT NULL, -- likewise
	wire_sent_bytes INTEGER,         -- what went over the socket, handshake and encryption included; NULL: not known
	wire_received_bytes INTEGER,     -- likewise
	redactions INTEGER NOT NULL,     -- secrets that were replaced in it
	parent_id INTEGER                -- tls_connection row: of the parent process, of which this is the copy made by fork
);
INSERT INTO s1_tls_connection VALUES(1,2,1700000001000018000,1700000001000023000,'freed','tcp','openssl',1,'partial','lost',NULL,'a.example',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'call',7001,4026531840,'127.0.0.1',40000,'192.0.2.1',443,150,0,1,0,100,0,NULL,NULL,1,NULL);
INSERT INTO s1_tls_connection VALUES(2,2,1700000001000021000,NULL,'session','tcp',NULL,NULL,'no','no-library','client',NULL,NULL,NULL,NULL,'TLSv1.2',NULL,NULL,NULL,'hello',7002,4026531840,'127.0.0.1',40000,'192.0.2.1',443,0,0,0,0,0,0,NULL,NULL,0,NULL);
CREATE TABLE s1_redaction ( -- Secrets that were replaced before anything was stored.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	time_ns INTEGER NOT NULL,        -- of the record it was in
	process_id INTEGER,              -- process row: whose
	row_table TEXT NOT NULL,         -- where: 'tls', 'exec' (arguments), 'env', 'session' (command line of run)
	row_id INTEGER,                  -- row there; tls: of tls_connection
	direction TEXT,                  -- tls: 'sent', 'received'
	offset INTEGER,                  -- tls: where its value begins in the stream; elsewhere in the text
	length INTEGER NOT NULL,         -- bytes of the secret
	what TEXT NOT NULL,              -- 'authorization', 'cookie', 'token: github' ...
	fingerprint TEXT                 -- first 128 bits of HMAC-SHA-256 under the session's option redact-key, hexadecimal: the same secret has the same; NULL: not all of it was seen
);
INSERT INTO s1_redaction VALUES(1,1700000001000022000,2,'tls',1,'sent',38,8,'authorization','00');
CREATE TABLE s1_reparent ( -- A parent died; its children were given to a subreaper or to init.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	process_id INTEGER NOT NULL,     -- process row of the child
	time_ns INTEGER NOT NULL,        -- when the parent died
	old_parent_id INTEGER,           -- process row of who died
	old_parent_pid INTEGER NOT NULL, -- and its pid
	parent_id INTEGER,               -- process row of the new parent, NULL if outside the session
	parent_pid INTEGER NOT NULL      -- and its pid
);
INSERT INTO s1_reparent VALUES(1,3,1700000001000024000,2,101,1,100);
CREATE TABLE s1_tls ( -- Plaintext of TLS connections, piece by piece in the order of recording; and where it has gaps.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording within a connection
	connection_id INTEGER NOT NULL,  -- tls_connection row
	process_id INTEGER NOT NULL,     -- process row: who sent or received it
	tid INTEGER NOT NULL,            -- thread
	time_ns INTEGER NOT NULL,        -- sent: when the call began; received: when it ended
	direction TEXT NOT NULL,         -- 'sent', 'received' by the process
	call INTEGER,                    -- number of the call in this direction, from 0; NULL for gaps
	offset INTEGER NOT NULL,         -- bytes of this direction before it: with the next, where it stands in the stream
	bytes INTEGER NOT NULL,          -- bytes of the stream that it stands for
	gap TEXT,                        -- NULL, or why there is no data: 'ring-full', 'unreadable', 'max-call', 'max-connection', 'withheld' (HTTP/2 headers that could not be searched for secrets), 'lost' (not known which)
	size INTEGER,                    -- bytes of data when unpacked; other than the column bytes only where marks say rewritten
	encoding TEXT,                   -- NULL: data is plain; 'zlib' (RFC 1950): sqlar_uncompress(data, size) in the sqlite3 shell, which leaves plain data as it is
	data BLOB,                       -- the bytes, secrets replaced
	marks TEXT                       -- what is special, separated by commas: redacted (secrets are replaced, their length is kept), rewritten (HTTP/2 headers with secrets were encoded anew, so lengths differ)
);
INSERT INTO s1_tls VALUES(1,1,2,101,1700000001000022000,'sent',0,0,50,NULL,50,NULL,X'474554202f20485454502f312e310d0a417574686f72697a6174696f6e3a20426561726572202a2a2a2a2a2a2a2a0d0a0d0a','redacted');
INSERT INTO s1_tls VALUES(2,1,2,101,1700000001000023000,'sent',NULL,50,100,'lost',NULL,NULL,NULL,NULL);
CREATE TABLE s1_content ( -- Contents of files that were written or got a name, as asked for with --content.
	id INTEGER PRIMARY KEY,          -- row, in the order of hashing
	file_id INTEGER NOT NULL,        -- row of file after which it was read: 'close', the last 'io' of one that stays open, 'rename', 'link', 'truncate'
	time_ns INTEGER NOT NULL,        -- when reading it ended
	path_id INTEGER,                 -- string: where it was looked for
	sha256 BLOB,                     -- of all its bytes; NULL: not read, see reason
	size_bytes INTEGER,              -- bytes that were hashed
	changed INTEGER NOT NULL,        -- 1: the file was changed, or may have been, between that row and the end of reading: this may be no version that ever was
	blob_id INTEGER,                 -- row of blob with the bytes, NULL: not kept
	reason TEXT                      -- why sha256 or the bytes are missing: 'gone', 'replaced' (another file has the path), 'rewritten' (before it could be read: see the next row of that file), 'too-large', 'unreadable', 'not-regular' (made when it is read, as files of proc are), 'skipped' (too many at once, no time at the end, or the file is not known)
);
INSERT INTO s1_content VALUES(1,4,1700000001000015000,6,X'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',0,1,1,NULL);
CREATE TABLE s1_blob ( -- Bytes of files, each content once.
	id INTEGER PRIMARY KEY,          -- what content refers to
	sha256 BLOB NOT NULL UNIQUE,     -- of the bytes
	size_bytes INTEGER NOT NULL,     -- of the bytes
	encoding TEXT NOT NULL,          -- 'plain', or 'zlib' (RFC 1950)
	data BLOB NOT NULL               -- so encoded
);
INSERT INTO s1_blob VALUES(1,X'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',0,'plain',X'');
CREATE TABLE s2_string ( -- Interned strings: paths and other repeated names; the same text may stand here twice.
	id INTEGER PRIMARY KEY,          -- what the *_id columns of other tables refer to
	text TEXT NOT NULL,              -- escaped
	raw BLOB                         -- exact bytes, where text differs from them
);
INSERT INTO s2_string VALUES(1,'/bin/true',NULL);
INSERT INTO s2_string VALUES(2,'/home/agent',NULL);
CREATE TABLE s2_cgroup ( -- Control groups that processes were in.
	id INTEGER PRIMARY KEY,          -- the kernel's id of the cgroup
	path_id INTEGER                  -- string: path below the hierarchy's root
);
CREATE TABLE s2_process ( -- One row per process (thread group). Identity is (pid, start_boot_ns).
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
INSERT INTO s2_process VALUES(1,200,200,1000025500,1700000001000026000,'root',NULL,1,NULL,1,1,NULL,NULL,'true',0,0,0,0,0,0,0,0,0,0,0,1,200,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE s2_exec ( -- Program starts, also failed ones (error > 0).
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	process_id INTEGER NOT NULL,     -- process row
	time_ns INTEGER NOT NULL,        -- when it happened; for a snapshot when it was found
	source TEXT NOT NULL,            -- 'event', or 'snapshot' (found running at attach)
	tid INTEGER NOT NULL,            -- thread that called exec
	error INTEGER NOT NULL,          -- 0, or the errno of a failed exec
	filename_id INTEGER,             -- string: path as given to the kernel
	exe_id INTEGER,                  -- string: executable as the kernel resolved it
	interpreter_id INTEGER,          -- string: last interpreter of a #! chain; filename is the script
	cwd_id INTEGER,                  -- string: working directory
	root_id INTEGER,                 -- string: its root directory, only in a chroot
	command TEXT,                    -- arguments shell-quoted: paste into bash to get the exact bytes; NULL for a failed exec
	argv BLOB,                       -- exact arguments, each with its NUL, where splitting command at spaces is not exact
	argc INTEGER,                    -- number of arguments
	args_bytes INTEGER,              -- true size of all arguments with their NULs
	args_stored_bytes INTEGER,       -- how much of it is here
	comm TEXT,                       -- the process's name after it; escaped
	exe_type TEXT,                   -- 'file', 'unlinked', 'memfd' or 'other' (another file without a name)
	exe_device INTEGER,              -- major << 20 | minor
	exe_inode INTEGER,               -- inode number
	exe_mode INTEGER,                -- st_mode
	exe_bytes INTEGER,               -- size of the executable
	privileged INTEGER,              -- 1: this exec changed privileges (set-user-ID, file capabilities ...)
	uid INTEGER,                     -- real user afterwards
	euid INTEGER,                    -- effective user
	gid INTEGER,                     -- real group
	egid INTEGER,                    -- effective group
	cap_effective INTEGER,           -- capabilities in force, bit mask of capabilities(7)
	cap_permitted INTEGER,           -- capabilities that it may put in force
	user_ns INTEGER,                 -- inode numbers of its namespaces: user
	pid_ns INTEGER,                  -- pid (the one it is numbered in)
	mnt_ns INTEGER,                  -- mount
	net_ns INTEGER,                  -- network
	uts_ns INTEGER,                  -- host name
	ns_pid INTEGER,                  -- pid in its own pid namespace
	cgroup_id INTEGER,               -- see cgroup
	sid INTEGER,                     -- POSIX session, number in the initial pid namespace
	pgid INTEGER,                    -- process group, likewise
	tty TEXT,                        -- controlling terminal: 'pts/0', 'tty1', '4:64'; NULL none
	marks TEXT                       -- what is not whole or not plain: 'args-truncated,exe-unlinked'; NULL: all whole
);
INSERT INTO s2_exec VALUES(1,1,1700000001000027000,'event',200,0,1,1,NULL,2,NULL,'true',NULL,0,5,5,'true','file',0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,200,0,0,0,NULL,NULL);
CREATE TABLE s2_gap ( -- What is not here, or not whole.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	time_ns INTEGER NOT NULL,        -- it happened between time_ns
	end_ns INTEGER NOT NULL,         -- and end_ns
	lane TEXT NOT NULL,              -- 'lifecycle', 'activity' (files, TLS connections), 'payload' (TLS plaintext)
	kind TEXT NOT NULL,              -- kind of event, or 'any'
	reason TEXT NOT NULL,            -- 'ring-full', 'scope-full', 'unreadable', 'truncated', 'recursion', 'malformed', 'incomplete', 'recorder', 'files-full' (table of open files), 'uring-full', 'tls-full' (tables of TLS), 'withheld' (could not be searched for secrets), 'lost' (not known why); no losses, but left out on request: 'excluded' (--files, --exclude), 'max-call', 'max-connection' (--tls-max-...)
	count INTEGER NOT NULL,          -- events; bytes where reason is 'truncated', and where kind is 'tls_data' but for 'tls-full'
	process_id INTEGER,              -- process row: whose, where known
	detail TEXT                      -- in words
);
CREATE TABLE s2_env ( -- Environment values that were asked for with --env, as each program began with them.
	id INTEGER PRIMARY KEY,          -- row, in the order of recording
	exec_id INTEGER NOT NULL,        -- exec row
	name TEXT NOT NULL,              -- of the variable; escaped
	value TEXT NOT NULL,             -- escaped
	raw BLOB                         -- exact bytes, where value differs
);
INSERT INTO s2_env VALUES(1,1,'LANG','C',NULL);
CREATE INDEX session_name ON session (name);
CREATE INDEX probe_session ON probe (session_id);
CREATE INDEX clock_session ON clock (session_id);
CREATE INDEX session_option_session ON session_option (session_id);
CREATE INDEX s1_process_parent ON s1_process (parent_id);
CREATE VIEW s1_process_view AS -- process with its cgroup's path: no knowledge of the interning needed.
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
FROM s1_process AS p
LEFT JOIN s1_cgroup AS c ON c.id = p.cgroup_id
LEFT JOIN s1_string AS cp ON cp.id = c.path_id
;
CREATE INDEX s1_exec_process ON s1_exec (process_id);
CREATE VIEW s1_exec_view AS -- exec with its strings: no knowledge of the interning needed.
SELECT
	e.id,
	e.process_id,
	p.pid,
	e.tid,
	e.time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', e.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', e.time_ns % 1000000000) AS time,
	e.source,
	e.error,
	n.name AS error_name,
	e.command,
	e.argv,
	e.argc,
	e.args_bytes,
	e.args_stored_bytes,
	f.text AS filename,
	f.raw AS filename_raw,
	x.text AS exe,
	x.raw AS exe_raw,
	i.text AS interpreter,
	i.raw AS interpreter_raw,
	w.text AS cwd,
	w.raw AS cwd_raw,
	r.text AS root,
	r.raw AS root_raw,
	e.comm,
	e.exe_type,
	e.exe_device,
	e.exe_inode,
	e.exe_mode,
	e.exe_bytes,
	e.privileged,
	e.uid,
	e.euid,
	e.gid,
	e.egid,
	e.cap_effective,
	e.cap_permitted,
	e.user_ns,
	e.pid_ns,
	e.mnt_ns,
	e.net_ns,
	e.uts_ns,
	e.ns_pid,
	e.cgroup_id,
	cp.text AS cgroup,
	e.sid,
	e.pgid,
	e.tty,
	e.marks
FROM s1_exec AS e
LEFT JOIN s1_process AS p ON p.id = e.process_id
LEFT JOIN errno_name AS n ON n.error = e.error
LEFT JOIN s1_string AS f ON f.id = e.filename_id
LEFT JOIN s1_string AS x ON x.id = e.exe_id
LEFT JOIN s1_string AS i ON i.id = e.interpreter_id
LEFT JOIN s1_string AS w ON w.id = e.cwd_id
LEFT JOIN s1_string AS r ON r.id = e.root_id
LEFT JOIN s1_cgroup AS c ON c.id = e.cgroup_id
LEFT JOIN s1_string AS cp ON cp.id = c.path_id
;
CREATE VIEW s1_commands AS -- Which commands ran, in order, and how each ended.
SELECT
	e.id AS exec_id,
	e.time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', e.time_ns / 1000000000, 'unixepoch') || printf('.%06dZ', e.time_ns % 1000000000 / 1000) AS time,
	e.process_id,
	p.pid,
	p.parent_pid,
	coalesce(e.command, f.text) AS command,
	x.text AS exe,
	w.text AS cwd,
	CASE
		WHEN e.error <> 0 THEN 'exec failed: ' || coalesce(n.name, e.error)
		WHEN EXISTS (SELECT 1 FROM s1_exec AS l WHERE l.process_id = e.process_id AND l.id > e.id AND l.error = 0) THEN 'replaced by exec'
		WHEN p.exit_time_ns IS NULL THEN 'not seen to end'
		WHEN p.exit_signal IS NOT NULL THEN coalesce(s.name, 'signal ' || p.exit_signal) || CASE WHEN p.core_dumped THEN ' (core dumped)' ELSE '' END
		ELSE 'exit ' || p.exit_code
	END AS status,
	CASE WHEN p.exit_time_ns IS NULL THEN NULL ELSE p.exit_time_ns - e.time_ns END AS duration_ns
FROM s1_exec AS e
LEFT JOIN s1_process AS p ON p.id = e.process_id
LEFT JOIN s1_string AS f ON f.id = e.filename_id
LEFT JOIN s1_string AS x ON x.id = e.exe_id
LEFT JOIN s1_string AS w ON w.id = e.cwd_id
LEFT JOIN errno_name AS n ON n.error = e.error
LEFT JOIN signal_name AS s ON s.signal = p.exit_signal
WHERE
	-- A failed attempt that was followed by another is one step of a search through $PATH; s1_exec_view has them all.
	e.error = 0
	OR NOT EXISTS (SELECT 1 FROM s1_exec AS l WHERE l.process_id = e.process_id AND l.id > e.id)
ORDER BY e.time_ns, e.id
;
CREATE VIEW s1_file_view AS -- file with its strings: no knowledge of the interning needed.
SELECT
	f.id,
	f.process_id,
	p.pid,
	f.tid,
	p.comm,
	f.time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', f.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', f.time_ns % 1000000000) AS time,
	f.kind,
	f.error,
	n.name AS error_name,
	s.text AS path,
	s.raw AS path_raw,
	s2.text AS path2,
	s2.raw AS path2_raw,
	t.text AS target,
	t.raw AS target_raw,
	f.source,
	f.open_id,
	f.device,
	f.inode,
	f.generation,
	f.type,
	f.device2,
	f.inode2,
	f.size_before,
	f.size_bytes,
	f.nlink,
	f.flags,
	f.mode,
	f.uid,
	f.gid,
	f.offset,
	f.length,
	f.read_bytes,
	f.read_calls,
	f.write_bytes,
	f.write_calls,
	f.fd,
	f.marks
FROM s1_file AS f
LEFT JOIN s1_process AS p ON p.id = f.process_id
LEFT JOIN errno_name AS n ON n.error = f.error
LEFT JOIN s1_string AS s ON s.id = f.path_id
LEFT JOIN s1_string AS s2 ON s2.id = f.path2_id
LEFT JOIN s1_string AS t ON t.id = f.target_id
;
CREATE VIEW s1_files AS -- file, a row per path: what was read, written, created, deleted, renamed and refused there.
SELECT
	s.text AS path,
	s.raw AS path_raw,
	max(a.type) AS type,
	sum(a.kind = 'open' AND a.error = 0) AS opens,
	CAST(total(a.read_bytes) AS INTEGER) AS read_bytes,
	CAST(total(a.write_bytes) AS INTEGER) AS write_bytes,
	sum(a.error = 0 AND (a.kind IN ('mkdir', 'mknod', 'symlink', 'link-to') OR (a.kind = 'open' AND a.marks GLOB 'created*'))) AS created,
	sum(a.error = 0 AND a.kind IN ('unlink', 'rmdir')) AS deleted,
	sum(a.error = 0 AND a.kind = 'rename') AS renamed_away,
	sum(a.error = 0 AND a.kind = 'rename-to') AS renamed_here,
	sum(a.error <> 0 AND a.kind NOT IN ('close', 'io')) AS failed,
	count(DISTINCT a.process_id) AS processes,
	min(a.time_ns) AS first_time_ns,
	max(a.time_ns) AS last_time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', max(a.time_ns) / 1000000000, 'unixepoch') || printf('.%09dZ', max(a.time_ns) % 1000000000) AS last_time
FROM (
	SELECT path_id, kind, error, process_id, time_ns, type, read_bytes, write_bytes, marks FROM s1_file WHERE path_id IS NOT NULL
	UNION ALL
	SELECT path2_id, kind || '-to', error, process_id, time_ns, NULL, NULL, NULL, NULL FROM s1_file WHERE path2_id IS NOT NULL
) AS a
JOIN s1_string AS s ON s.id = a.path_id
GROUP BY s.text
;
CREATE VIEW s1_tls_connection_view AS -- tls_connection with its process, host and library; seconds is how long it lasted.
SELECT
	c.id,
	c.process_id,
	p.pid,
	p.comm,
	c.time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', c.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', c.time_ns % 1000000000) AS time,
	c.end_ns,
	(c.end_ns - c.time_ns) / 1e9 AS seconds,
	c.end_reason,
	coalesce(c.sni, c.peer_address) AS host,
	c.transport,
	c.implementation,
	l.path AS library,
	c.library_id,
	c.plaintext,
	c.reason,
	c.role,
	c.sni,
	c.alpn,
	c.alpn_offered,
	c.version,
	c.version_offered,
	c.cipher,
	c.handshake,
	c.handshake_ns,
	c.method,
	c.socket_inode,
	c.netns,
	c.local_address,
	c.local_port,
	c.peer_address,
	c.peer_port,
	c.sent_bytes,
	c.received_bytes,
	c.sent_calls,
	c.received_calls,
	c.sent_gap_bytes,
	c.received_gap_bytes,
	c.wire_sent_bytes,
	c.wire_received_bytes,
	c.redactions,
	c.parent_id
FROM s1_tls_connection AS c
LEFT JOIN s1_process AS p ON p.id = c.process_id
LEFT JOIN s1_tls_library AS l ON l.id = c.library_id
;
CREATE VIEW s1_tls_view AS -- tls with its process and whom it was said to: no knowledge of the connection needed.
SELECT
	t.id,
	t.connection_id,
	t.process_id,
	p.pid,
	t.tid,
	p.comm,
	t.time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', t.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', t.time_ns % 1000000000) AS time,
	t.direction,
	coalesce(c.sni, c.peer_address) AS host,
	c.sni,
	c.peer_address,
	c.peer_port,
	c.alpn,
	t.call,
	t.offset,
	t.bytes,
	t.gap,
	t.size,
	t.encoding,
	t.data,
	t.marks
FROM s1_tls AS t
LEFT JOIN s1_tls_connection AS c ON c.id = t.connection_id
LEFT JOIN s1_process AS p ON p.id = t.process_id
;
CREATE VIEW s1_timeline AS -- All that happened, one row an event. ORDER BY time_ns merges if time_ns is also selected, else it sorts.
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
FROM s1_process AS p
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
FROM s1_process AS p
LEFT JOIN signal_name AS n ON n.signal = p.exit_signal
WHERE p.exit_time_ns IS NOT NULL
UNION ALL
SELECT
	e.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', e.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', e.time_ns % 1000000000) AS time,
	CASE e.error WHEN 0 THEN 'exec' ELSE 'exec_failed' END AS kind,
	p.pid AS pid,
	e.tid AS tid,
	e.process_id AS process_id,
	e.comm AS comm,
	CASE e.error WHEN 0 THEN coalesce(e.command, x.text, f.text, '') ELSE coalesce(f.text, '') || ': ' || coalesce(n.name, 'errno ' || e.error) END AS detail,
	'exec' AS row_table,
	e.id AS row_id
FROM s1_exec AS e
LEFT JOIN s1_process AS p ON p.id = e.process_id
LEFT JOIN s1_string AS f ON f.id = e.filename_id
LEFT JOIN s1_string AS x ON x.id = e.exe_id
LEFT JOIN errno_name AS n ON n.error = e.error
UNION ALL
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
FROM s1_cred AS c
LEFT JOIN s1_process AS p ON p.id = c.process_id
UNION ALL
SELECT
	c.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', c.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', c.time_ns % 1000000000) AS time,
	'comm' AS kind,
	p.pid AS pid,
	c.tid AS tid,
	c.process_id AS process_id,
	p.comm AS comm,
	c.old || ' -> ' || c.new || CASE WHEN c.by_pid <> p.pid THEN ' (by pid ' || c.by_pid || ')' ELSE '' END AS detail,
	'comm' AS row_table,
	c.id AS row_id
FROM s1_comm AS c
LEFT JOIN s1_process AS p ON p.id = c.process_id
UNION ALL
SELECT
	d.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', d.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', d.time_ns % 1000000000) AS time,
	'setsid' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	d.process_id AS process_id,
	p.comm AS comm,
	'leads session ' || d.sid AS detail,
	'setsid' AS row_table,
	d.id AS row_id
FROM s1_setsid AS d
LEFT JOIN s1_process AS p ON p.id = d.process_id
UNION ALL
SELECT
	r.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', r.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', r.time_ns % 1000000000) AS time,
	'reparent' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	r.process_id AS process_id,
	p.comm AS comm,
	'parent ' || r.old_parent_pid || ' -> ' || r.parent_pid AS detail,
	'reparent' AS row_table,
	r.id AS row_id
FROM s1_reparent AS r
LEFT JOIN s1_process AS p ON p.id = r.process_id
UNION ALL
SELECT
	f.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', f.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', f.time_ns % 1000000000) AS time,
	'' || f.kind AS kind, -- no column of its own: with one arm's affinity unlike the others' SQLite would sort, not merge
	p.pid AS pid,
	f.tid AS tid,
	f.process_id AS process_id,
	p.comm AS comm,
	coalesce(s.text, '')
		|| CASE WHEN f.kind = 'mount' THEN coalesce(', ' || f.type, '') || coalesce(' from ' || coalesce(s2.text, t.text), '') ELSE coalesce(' -> ' || s2.text, ' -> ' || t.text, '') END
		|| CASE WHEN f.error <> 0 THEN ': ' || coalesce(n.name, 'errno ' || f.error) ELSE '' END
		|| CASE
			WHEN f.kind = 'open' AND f.marks GLOB 'created*' THEN ' (created)'
			WHEN f.kind = 'open' AND f.error = 0 AND f.flags & 512 THEN ' (emptied)' -- O_TRUNC
			WHEN f.kind = 'chmod' AND f.mode IS NOT NULL THEN printf(' (mode %04o)', f.mode & 4095)
			WHEN f.kind = 'chown' THEN coalesce(' (uid ' || f.uid || ')', '') || coalesce(' (gid ' || f.gid || ')', '')
			WHEN f.kind = 'truncate' AND f.length IS NOT NULL THEN ' (to ' || f.length || ' bytes)'
			ELSE '' END
		|| CASE WHEN f.kind IN ('close', 'io') AND coalesce(f.read_bytes, 0) + coalesce(f.write_bytes, 0) > 0 THEN ' (read ' || coalesce(f.read_bytes, 0) || ', wrote ' || coalesce(f.write_bytes, 0) || ' bytes)' ELSE '' END AS detail,
	'file' AS row_table,
	f.id AS row_id
FROM s1_file AS f
LEFT JOIN s1_process AS p ON p.id = f.process_id
LEFT JOIN s1_string AS s ON s.id = f.path_id
LEFT JOIN s1_string AS s2 ON s2.id = f.path2_id
LEFT JOIN s1_string AS t ON t.id = f.target_id
LEFT JOIN errno_name AS n ON n.error = f.error
UNION ALL
SELECT
	c.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', c.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', c.time_ns % 1000000000) AS time,
	'tls_connect' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	c.process_id AS process_id,
	p.comm AS comm,
	coalesce(c.sni, c.peer_address, 'unknown host') || coalesce(':' || c.peer_port, '')
		|| CASE WHEN c.sni IS NOT NULL AND c.peer_address IS NOT NULL THEN ' (' || c.peer_address || ')' ELSE '' END
		|| coalesce(', ' || c.role, '') || coalesce(', ' || c.version, '') || coalesce(', ' || c.alpn, '')
		|| CASE c.transport WHEN 'quic' THEN ', QUIC' ELSE '' END
		|| CASE c.plaintext WHEN 'yes' THEN '' WHEN 'no' THEN ', no plaintext' ELSE ', plaintext in part' END
		|| coalesce(': ' || c.reason, '') AS detail,
	'tls_connection' AS row_table,
	c.id AS row_id
FROM s1_tls_connection AS c
LEFT JOIN s1_process AS p ON p.id = c.process_id
UNION ALL
SELECT
	c.end_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', c.end_ns / 1000000000, 'unixepoch') || printf('.%09dZ', c.end_ns % 1000000000) AS time,
	'tls_close' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	c.process_id AS process_id,
	p.comm AS comm,
	coalesce(c.sni, c.peer_address, 'unknown host') || coalesce(':' || c.peer_port, '')
		|| CASE WHEN c.plaintext <> 'no' THEN ' (sent ' || c.sent_bytes || ', received ' || c.received_bytes || ' bytes)'
			ELSE coalesce(' (sent ' || c.wire_sent_bytes || ', received ' || c.wire_received_bytes || ' bytes, encrypted)', '') END
		|| CASE WHEN c.sent_gap_bytes + c.received_gap_bytes > 0 THEN ', not stored: ' || (c.sent_gap_bytes + c.received_gap_bytes) || ' bytes' ELSE '' END AS detail,
	'tls_connection' AS row_table,
	c.id AS row_id
FROM s1_tls_connection AS c
LEFT JOIN s1_process AS p ON p.id = c.process_id
WHERE c.end_ns IS NOT NULL
UNION ALL
SELECT
	t.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', t.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', t.time_ns % 1000000000) AS time,
	CASE t.direction WHEN 'sent' THEN 'tls_sent' ELSE 'tls_received' END AS kind,
	p.pid AS pid,
	t.tid AS tid,
	t.process_id AS process_id,
	p.comm AS comm,
	coalesce(c.sni, c.peer_address, 'unknown host') || coalesce(':' || c.peer_port, '') || ' (' || t.bytes || ' bytes'
		|| CASE WHEN t.gap IS NOT NULL THEN ' not stored: ' || t.gap ELSE '' END || ')' AS detail,
	'tls' AS row_table,
	t.id AS row_id
FROM s1_tls AS t
LEFT JOIN s1_tls_connection AS c ON c.id = t.connection_id
LEFT JOIN s1_process AS p ON p.id = t.process_id
UNION ALL
SELECT
	l.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', l.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', l.time_ns % 1000000000) AS time,
	'tls_library' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	l.process_id AS process_id,
	p.comm AS comm,
	l.path || coalesce(' (' || l.implementation || coalesce(' ' || l.version, '') || ')', '')
		|| CASE WHEN l.attached THEN CASE WHEN l.late THEN ', first calls may be missing' ELSE '' END ELSE ', not recorded' END
		|| coalesce(': ' || l.reason, '') AS detail,
	'tls_library' AS row_table,
	l.id AS row_id
FROM s1_tls_library AS l
LEFT JOIN s1_process AS p ON p.id = l.process_id
UNION ALL
SELECT
	g.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', g.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', g.time_ns % 1000000000) AS time,
	'gap' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	g.process_id AS process_id,
	p.comm AS comm,
	g.kind || ': ' || g.reason || CASE WHEN g.reason = 'truncated' OR (g.kind = 'tls_data' AND g.reason <> 'tls-full') THEN ', bytes: ' ELSE ', count: ' END || g.count || coalesce(' (' || g.detail || ')', '') AS detail,
	'gap' AS row_table,
	g.id AS row_id
FROM s1_gap AS g
LEFT JOIN s1_process AS p ON p.id = g.process_id
;
CREATE INDEX s1_process_time ON s1_process (time_ns);
CREATE INDEX s1_process_exit ON s1_process (exit_time_ns) WHERE exit_time_ns IS NOT NULL;
CREATE INDEX s1_process_pid ON s1_process (pid);
CREATE INDEX s1_exec_time ON s1_exec (time_ns);
CREATE INDEX s1_cred_time ON s1_cred (time_ns);
CREATE INDEX s1_comm_time ON s1_comm (time_ns);
CREATE INDEX s1_setsid_time ON s1_setsid (time_ns);
CREATE INDEX s1_reparent_time ON s1_reparent (time_ns);
CREATE INDEX s1_file_time ON s1_file (time_ns);
CREATE INDEX s1_file_written ON s1_file (path_id) WHERE write_bytes > 0;
CREATE INDEX s1_content_file ON s1_content (file_id);
CREATE INDEX s1_tls_connection_time ON s1_tls_connection (time_ns);
CREATE INDEX s1_tls_connection_end ON s1_tls_connection (end_ns) WHERE end_ns IS NOT NULL;
CREATE INDEX s1_tls_time ON s1_tls (time_ns);
CREATE INDEX s1_tls_of ON s1_tls (connection_id);
CREATE INDEX s1_tls_library_time ON s1_tls_library (time_ns);
CREATE INDEX s1_redaction_row ON s1_redaction (row_table, row_id);
CREATE INDEX s1_gap_time ON s1_gap (time_ns);
CREATE INDEX s2_process_parent ON s2_process (parent_id);
CREATE VIEW s2_process_view AS -- process with its cgroup's path: no knowledge of the interning needed.
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
FROM s2_process AS p
LEFT JOIN s2_cgroup AS c ON c.id = p.cgroup_id
LEFT JOIN s2_string AS cp ON cp.id = c.path_id
;
CREATE INDEX s2_exec_process ON s2_exec (process_id);
CREATE VIEW s2_exec_view AS -- exec with its strings: no knowledge of the interning needed.
SELECT
	e.id,
	e.process_id,
	p.pid,
	e.tid,
	e.time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', e.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', e.time_ns % 1000000000) AS time,
	e.source,
	e.error,
	n.name AS error_name,
	e.command,
	e.argv,
	e.argc,
	e.args_bytes,
	e.args_stored_bytes,
	f.text AS filename,
	f.raw AS filename_raw,
	x.text AS exe,
	x.raw AS exe_raw,
	i.text AS interpreter,
	i.raw AS interpreter_raw,
	w.text AS cwd,
	w.raw AS cwd_raw,
	r.text AS root,
	r.raw AS root_raw,
	e.comm,
	e.exe_type,
	e.exe_device,
	e.exe_inode,
	e.exe_mode,
	e.exe_bytes,
	e.privileged,
	e.uid,
	e.euid,
	e.gid,
	e.egid,
	e.cap_effective,
	e.cap_permitted,
	e.user_ns,
	e.pid_ns,
	e.mnt_ns,
	e.net_ns,
	e.uts_ns,
	e.ns_pid,
	e.cgroup_id,
	cp.text AS cgroup,
	e.sid,
	e.pgid,
	e.tty,
	e.marks
FROM s2_exec AS e
LEFT JOIN s2_process AS p ON p.id = e.process_id
LEFT JOIN errno_name AS n ON n.error = e.error
LEFT JOIN s2_string AS f ON f.id = e.filename_id
LEFT JOIN s2_string AS x ON x.id = e.exe_id
LEFT JOIN s2_string AS i ON i.id = e.interpreter_id
LEFT JOIN s2_string AS w ON w.id = e.cwd_id
LEFT JOIN s2_string AS r ON r.id = e.root_id
LEFT JOIN s2_cgroup AS c ON c.id = e.cgroup_id
LEFT JOIN s2_string AS cp ON cp.id = c.path_id
;
CREATE VIEW s2_commands AS -- Which commands ran, in order, and how each ended.
SELECT
	e.id AS exec_id,
	e.time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', e.time_ns / 1000000000, 'unixepoch') || printf('.%06dZ', e.time_ns % 1000000000 / 1000) AS time,
	e.process_id,
	p.pid,
	p.parent_pid,
	coalesce(e.command, f.text) AS command,
	x.text AS exe,
	w.text AS cwd,
	CASE
		WHEN e.error <> 0 THEN 'exec failed: ' || coalesce(n.name, e.error)
		WHEN EXISTS (SELECT 1 FROM s2_exec AS l WHERE l.process_id = e.process_id AND l.id > e.id AND l.error = 0) THEN 'replaced by exec'
		WHEN p.exit_time_ns IS NULL THEN 'not seen to end'
		WHEN p.exit_signal IS NOT NULL THEN coalesce(s.name, 'signal ' || p.exit_signal) || CASE WHEN p.core_dumped THEN ' (core dumped)' ELSE '' END
		ELSE 'exit ' || p.exit_code
	END AS status,
	CASE WHEN p.exit_time_ns IS NULL THEN NULL ELSE p.exit_time_ns - e.time_ns END AS duration_ns
FROM s2_exec AS e
LEFT JOIN s2_process AS p ON p.id = e.process_id
LEFT JOIN s2_string AS f ON f.id = e.filename_id
LEFT JOIN s2_string AS x ON x.id = e.exe_id
LEFT JOIN s2_string AS w ON w.id = e.cwd_id
LEFT JOIN errno_name AS n ON n.error = e.error
LEFT JOIN signal_name AS s ON s.signal = p.exit_signal
WHERE
	-- A failed attempt that was followed by another is one step of a search through $PATH; s2_exec_view has them all.
	e.error = 0
	OR NOT EXISTS (SELECT 1 FROM s2_exec AS l WHERE l.process_id = e.process_id AND l.id > e.id)
ORDER BY e.time_ns, e.id
;
CREATE VIEW s2_timeline AS -- All that happened, one row an event. ORDER BY time_ns merges if time_ns is also selected, else it sorts.
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
FROM s2_process AS p
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
FROM s2_process AS p
LEFT JOIN signal_name AS n ON n.signal = p.exit_signal
WHERE p.exit_time_ns IS NOT NULL
UNION ALL
SELECT
	e.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', e.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', e.time_ns % 1000000000) AS time,
	CASE e.error WHEN 0 THEN 'exec' ELSE 'exec_failed' END AS kind,
	p.pid AS pid,
	e.tid AS tid,
	e.process_id AS process_id,
	e.comm AS comm,
	CASE e.error WHEN 0 THEN coalesce(e.command, x.text, f.text, '') ELSE coalesce(f.text, '') || ': ' || coalesce(n.name, 'errno ' || e.error) END AS detail,
	'exec' AS row_table,
	e.id AS row_id
FROM s2_exec AS e
LEFT JOIN s2_process AS p ON p.id = e.process_id
LEFT JOIN s2_string AS f ON f.id = e.filename_id
LEFT JOIN s2_string AS x ON x.id = e.exe_id
LEFT JOIN errno_name AS n ON n.error = e.error
UNION ALL
SELECT
	g.time_ns AS time_ns,
	strftime('%Y-%m-%dT%H:%M:%S', g.time_ns / 1000000000, 'unixepoch') || printf('.%09dZ', g.time_ns % 1000000000) AS time,
	'gap' AS kind,
	p.pid AS pid,
	p.pid AS tid,
	g.process_id AS process_id,
	p.comm AS comm,
	g.kind || ': ' || g.reason || CASE WHEN g.reason = 'truncated' OR (g.kind = 'tls_data' AND g.reason <> 'tls-full') THEN ', bytes: ' ELSE ', count: ' END || g.count || coalesce(' (' || g.detail || ')', '') AS detail,
	'gap' AS row_table,
	g.id AS row_id
FROM s2_gap AS g
LEFT JOIN s2_process AS p ON p.id = g.process_id
;
COMMIT;
