-- SPDX-License-Identifier: Apache-2.0
-- Version 1: the catalogue, shared by all sessions of a database. Never edited after a release, only added to
-- by the next numbered file. Times are nanoseconds since the Unix epoch (time_ns) unless the name says boot.

CREATE TABLE agent (
	id INTEGER PRIMARY KEY,          -- row, in the order of first use
	name TEXT NOT NULL UNIQUE,       -- as given with --agent, else the command's basename; escaped
	first_ns INTEGER NOT NULL        -- when its first session began
);

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
CREATE INDEX session_name ON session (name);

-- Which per-session tables and views exist, for analysts and for dropping a session.
CREATE TABLE session_object (
	session_id INTEGER NOT NULL REFERENCES session(id), -- whose it is
	name TEXT NOT NULL,              -- 's1_exec'
	type TEXT NOT NULL,              -- 'table' or 'view'
	comment TEXT NOT NULL,           -- what it holds, one sentence
	PRIMARY KEY (session_id, name)
) WITHOUT ROWID;

-- What was hooked, by which means, and what was refused.
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
CREATE INDEX probe_session ON probe (session_id);

-- How far each ring has been stored; updated in the transaction that stores the records.
CREATE TABLE ring_cursor (
	generation INTEGER NOT NULL,     -- random, one per set of rings
	lane TEXT NOT NULL,              -- 'lifecycle', 'activity', 'payload'
	position INTEGER NOT NULL,       -- consumer position, bytes since the ring was made
	session_id INTEGER,              -- the session that owned the rings, NULL for a daemon's
	PRIMARY KEY (generation, lane)
) WITHOUT ROWID;

-- The wall clock against the boot clock: one row when a session begins, one more for each step seen.
CREATE TABLE clock (
	id INTEGER PRIMARY KEY,          -- row, in the order of time
	session_id INTEGER NOT NULL REFERENCES session(id), -- whose rows are meant
	boot_ns INTEGER NOT NULL,        -- CLOCK_BOOTTIME when it was noticed
	offset_ns INTEGER NOT NULL,      -- CLOCK_REALTIME - CLOCK_BOOTTIME from then on
	step_ns INTEGER NOT NULL         -- change against the row before; 0 in the first
);
CREATE INDEX clock_session ON clock (session_id);

-- Names for numbers, so that plain sqlite3 can read them. Filled by the library.
CREATE TABLE errno_name (
	error INTEGER PRIMARY KEY,       -- 2
	name TEXT NOT NULL               -- 'ENOENT'
);
CREATE TABLE signal_name (
	signal INTEGER PRIMARY KEY,      -- 9
	name TEXT NOT NULL               -- 'SIGKILL'
);
