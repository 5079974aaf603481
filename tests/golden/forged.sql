-- SPDX-License-Identifier: Apache-2.0
-- What no recorder writes: raw escapes, parents in a circle, a missing parent, wrong types, numbers at their limits.
UPDATE agent SET name = X'1B5D303B70776E6564071B5B324A' WHERE id = 1;
UPDATE session SET name = 'x' || char(27) || '[2Jy' || char(10) || 'incomplete: nothing' || char(8238), end_ns = -9223372036854775808,
	start_ns = 9223372036854775807, command = CAST(X'C3281B5B316D' AS TEXT) WHERE id = 1;
UPDATE s1_process SET parent_id = 3 WHERE id = 2;
UPDATE s1_process SET parent_id = 4 WHERE id = 4;
UPDATE s1_process SET parent_id = 999 WHERE id = 8;
UPDATE s1_process SET comm = char(27) || ']0;pwned' || char(7), pid = 'not a number', time_ns = -9223372036854775808,
	exit_time_ns = 9223372036854775807, exit_code = NULL, exit_signal = 12345 WHERE id = 5;
UPDATE s1_process SET comm = 17, exit_time_ns = 'soon', source = X'1B' WHERE id = 3;
UPDATE s1_exec SET command = char(27) || '[31mred' || char(155) || '0m' || char(0) || 'tail', argv = 'text, not a blob' WHERE id = 1;
UPDATE s1_exec SET argv = X'', command = NULL WHERE id = 2;
UPDATE s1_exec SET command = X'1B63', error = 'two', filename_id = -1, exe_id = NULL WHERE id = 3;
UPDATE s1_string SET text = char(27) || 'c' WHERE id = 4;
UPDATE errno_name SET name = char(27) || '[0m' WHERE error = 2;
INSERT INTO s1_gap (id, time_ns, end_ns, lane, kind, reason, count, process_id, detail) VALUES
	(1, -1, 9223372036854775807, char(27), char(13) || 'x', 'ring-full', 9223372036854775807, 1, char(27) || '[1A'),
	(2, -1, 9223372036854775807, '', '', 'ring-full', 9223372036854775807, 1, NULL);
INSERT INTO probe (session_id, capability, tier, program, attached, error, reason) VALUES
	(1, char(27) || '[5m', '', char(7), 0, 999999, char(8238) || 'txt');
-- Files: escapes in every text, directories that were moved into themselves, numbers at their limits, ids of nothing.
INSERT INTO s1_string (id, text, raw) VALUES
	(900, char(27) || '[2J' || char(8238), NULL), (901, '', NULL), (902, '////', NULL), (903, '/x', NULL), (904, '/x/y/z', NULL),
	(905, X'2F801B63', NULL), (906, '/x/y', NULL), (907, '/..//./' || char(27) || 'c', NULL), (-9223372036854775808, '/min', NULL);
UPDATE s1_file SET process_id = 'nobody', time_ns = 'never', tid = X'1B', kind = char(27) || '[31m', error = 'E' WHERE id = 1;
UPDATE s1_file SET kind = X'6F70656E', marks = X'1B5D', type = char(27), source = char(155), open_id = 'x' WHERE id = 4;
UPDATE s1_file SET read_bytes = 9223372036854775807, write_bytes = 9223372036854775807, size_bytes = -9223372036854775808 WHERE id IN (9, 10);
UPDATE s1_file SET write_bytes = 1.5e300, inode = 'many', generation = 0.5 WHERE id = 14;
UPDATE s1_file SET error = -9223372036854775808 WHERE id = 18;
UPDATE s1_file SET error = 9223372036854775807, flags = -1, mode = -1 WHERE id = 19;
INSERT INTO s1_file (id, process_id, time_ns, tid, kind, error, path_id, path2_id, target_id, source, device, inode, flags, marks) VALUES
	(901, 1, 1, 1, 'rename', 0, 903, 904, 900, NULL, NULL, NULL, 0, NULL),
	(902, 1, 9223372036854775807, 1, 'rename', 0, 904, 903, 900, NULL, -1, -1, 2, ',,created,,'),
	(903, 999, -9223372036854775808, 1, 'rename', 0, 903, 906, -5, 'user', NULL, NULL, 0, 'exchange'),
	(904, 1, 5, 1, 'mkdir', 0, 902, 902, 901, 'user', NULL, NULL, NULL, 'path2-'),
	(905, 1, 5, 1, 'link', 0, 902, 903, NULL, 'user', 1, 1, NULL, NULL),
	(906, 1, 5, 1, 'rename', 0, 902, 907, NULL, 'user', NULL, NULL, NULL, NULL),
	(907, 1, 5, 1, 'unlink', 0, 902, NULL, NULL, 'user', NULL, NULL, NULL, NULL),
	(908, 1, 5, 1, 'open', 0, 905, 900, 900, 'kernel', 5, 5, 3, 'created'),
	(909, 1, 5, 1, 'open', 0, 901, 12345678, 900, 'kernel', 5, 5, 0, 'created,path-'),
	(910, 1, 5, 1, 'close', 0, -9223372036854775808, 900, 900, 'kernel', 5, 5, 0, 'still-open,mapped'),
	(911, 1, 5, 1, 'chmod', 0, 900, NULL, 900, 'kernel', -9223372036854775808, -9223372036854775808, 0, NULL);
INSERT INTO s1_content (id, file_id, time_ns, path_id, sha256, size_bytes, changed, blob_id, reason) VALUES
	(901, 14, -1, 900, char(27) || '[5m', -1, 'no', 77, char(27) || 'c'), (902, 17, 0, NULL, X'00', 9223372036854775807, 0, 1, NULL);
INSERT INTO session_option (id, session_id, name, value) VALUES (901, 1, char(27) || '[7m', char(27) || '[7m'), (902, 1, X'00', X'1B');
