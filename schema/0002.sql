-- SPDX-License-Identifier: Apache-2.0
-- Version 2: with which options a session was recorded.

-- Options that decide what a session holds, so that nobody takes what was left out on request for what did not happen.
CREATE TABLE session_option (
	id INTEGER PRIMARY KEY,          -- row, in the order of the command line by option
	session_id INTEGER NOT NULL REFERENCES session(id), -- whose
	name TEXT NOT NULL,              -- 'files', 'exclude', 'content', 'content-max' (bytes), 'content-store', 'tls', 'redact' (on, off), 'redact-key' (hexadecimal: of the fingerprints in redaction)
	value TEXT NOT NULL              -- 'all', a pattern ...; escaped
);
CREATE INDEX session_option_session ON session_option (session_id);
