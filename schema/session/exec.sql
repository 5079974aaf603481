-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_exec ( -- Program starts, also failed ones (error > 0).
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
CREATE INDEX s0_exec_process ON s0_exec (process_id);

CREATE VIEW s0_exec_view AS -- exec with its strings: no knowledge of the interning needed.
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
FROM s0_exec AS e
LEFT JOIN s0_process AS p ON p.id = e.process_id
LEFT JOIN errno_name AS n ON n.error = e.error
LEFT JOIN s0_string AS f ON f.id = e.filename_id
LEFT JOIN s0_string AS x ON x.id = e.exe_id
LEFT JOIN s0_string AS i ON i.id = e.interpreter_id
LEFT JOIN s0_string AS w ON w.id = e.cwd_id
LEFT JOIN s0_string AS r ON r.id = e.root_id
LEFT JOIN s0_cgroup AS c ON c.id = e.cgroup_id
LEFT JOIN s0_string AS cp ON cp.id = c.path_id;

CREATE VIEW s0_commands AS -- Which commands ran, in order, and how each ended.
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
		WHEN EXISTS (SELECT 1 FROM s0_exec AS l WHERE l.process_id = e.process_id AND l.id > e.id AND l.error = 0) THEN 'replaced by exec'
		WHEN p.exit_time_ns IS NULL THEN 'not seen to end'
		WHEN p.exit_signal IS NOT NULL THEN coalesce(s.name, 'signal ' || p.exit_signal) || CASE WHEN p.core_dumped THEN ' (core dumped)' ELSE '' END
		ELSE 'exit ' || p.exit_code
	END AS status,
	CASE WHEN p.exit_time_ns IS NULL THEN NULL ELSE p.exit_time_ns - e.time_ns END AS duration_ns
FROM s0_exec AS e
LEFT JOIN s0_process AS p ON p.id = e.process_id
LEFT JOIN s0_string AS f ON f.id = e.filename_id
LEFT JOIN s0_string AS x ON x.id = e.exe_id
LEFT JOIN s0_string AS w ON w.id = e.cwd_id
LEFT JOIN errno_name AS n ON n.error = e.error
LEFT JOIN signal_name AS s ON s.signal = p.exit_signal
WHERE
	-- A failed attempt that was followed by another is one step of a search through $PATH; s0_exec_view has them all.
	e.error = 0
	OR NOT EXISTS (SELECT 1 FROM s0_exec AS l WHERE l.process_id = e.process_id AND l.id > e.id)
ORDER BY e.time_ns, e.id;
-- @index
CREATE INDEX IF NOT EXISTS s0_exec_time ON s0_exec (time_ns);
-- @timeline
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
FROM s0_exec AS e
LEFT JOIN s0_process AS p ON p.id = e.process_id
LEFT JOIN s0_string AS f ON f.id = e.filename_id
LEFT JOIN s0_string AS x ON x.id = e.exe_id
LEFT JOIN errno_name AS n ON n.error = e.error
