-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_file ( -- What was done with files, and what was refused; bytes come with 'close' and 'io'.
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

CREATE VIEW s0_file_view AS -- file with its strings: no knowledge of the interning needed.
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
FROM s0_file AS f
LEFT JOIN s0_process AS p ON p.id = f.process_id
LEFT JOIN errno_name AS n ON n.error = f.error
LEFT JOIN s0_string AS s ON s.id = f.path_id
LEFT JOIN s0_string AS s2 ON s2.id = f.path2_id
LEFT JOIN s0_string AS t ON t.id = f.target_id;

CREATE VIEW s0_files AS -- file, a row per path: what was read, written, created, deleted, renamed and refused there.
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
	SELECT path_id, kind, error, process_id, time_ns, type, read_bytes, write_bytes, marks FROM s0_file WHERE path_id IS NOT NULL
	UNION ALL
	SELECT path2_id, kind || '-to', error, process_id, time_ns, NULL, NULL, NULL, NULL FROM s0_file WHERE path2_id IS NOT NULL
) AS a
JOIN s0_string AS s ON s.id = a.path_id
GROUP BY s.text;
-- @index
CREATE INDEX IF NOT EXISTS s0_file_time ON s0_file (time_ns);
-- Who wrote a path: small, as most rows write nothing. Ask with WHERE path_id = ... AND write_bytes > 0.
CREATE INDEX IF NOT EXISTS s0_file_written ON s0_file (path_id) WHERE write_bytes > 0;
-- @timeline
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
FROM s0_file AS f
LEFT JOIN s0_process AS p ON p.id = f.process_id
LEFT JOIN s0_string AS s ON s.id = f.path_id
LEFT JOIN s0_string AS s2 ON s2.id = f.path2_id
LEFT JOIN s0_string AS t ON t.id = f.target_id
LEFT JOIN errno_name AS n ON n.error = f.error
