-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_content ( -- Contents of files that were written or got a name, as asked for with --content.
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
-- @index
CREATE INDEX IF NOT EXISTS s0_content_file ON s0_content (file_id);
