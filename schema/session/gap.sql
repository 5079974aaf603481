-- SPDX-License-Identifier: Apache-2.0
-- What is not here, or not whole.
CREATE TABLE s0_gap (
	id INTEGER PRIMARY KEY,
	time_ns INTEGER NOT NULL,        -- it happened between time_ns
	end_ns INTEGER NOT NULL,         -- and end_ns
	lane TEXT NOT NULL,              -- 'lifecycle', 'activity', 'payload'
	kind TEXT NOT NULL,              -- kind of event
	reason TEXT NOT NULL,            -- 'ring-full', 'scope-full', 'unreadable', 'truncated', 'recursion', 'malformed', 'incomplete', 'recorder'
	count INTEGER NOT NULL,          -- events; bytes where reason is 'truncated'
	process_id INTEGER,              -- whose, where known
	detail TEXT                      -- in words
);
