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
