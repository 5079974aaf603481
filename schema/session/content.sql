-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE s0_content ( -- Contents of files whose writer closed them, as asked for with --content.
	id INTEGER PRIMARY KEY,          -- row, in the order of hashing
	file_id INTEGER NOT NULL,        -- row of file: the 'close' after which it was read
	time_ns INTEGER NOT NULL,        -- when reading it ended
	path_id INTEGER,                 -- string: where it was found
	sha256 BLOB,                     -- of all its bytes; NULL: not read, see reason
	size_bytes INTEGER,              -- bytes that were hashed
	changed INTEGER NOT NULL,        -- 1: the file was changed again since the close or while it was read, so this may be no version that ever was
	blob_id INTEGER,                 -- row of blob with the bytes, NULL: not kept
	reason TEXT                      -- why sha256 or the bytes are missing: 'gone', 'replaced', 'too-large', 'unreadable', 'not-regular', 'skipped'
);
-- @index
CREATE INDEX IF NOT EXISTS s0_content_file ON s0_content (file_id);
