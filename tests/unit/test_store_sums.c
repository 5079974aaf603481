/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of open files as differences, what is left out on request, and what is counted as lost. */
#include "file_test.h"

static void test_sums_are_differences(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	struct aa_file_io *io;

	(void)fake_open(&t->kernel, p, 7, "/tmp/a", 55);
	io = fake_io(&t->kernel, p, AA_EVENT_IO, 7, 55, 100, 200);
	io->error_calls = 1;
	io->last_error = ENOSPC;
	(void)fake_io(&t->kernel, p, AA_EVENT_IO, 7, 55, 90,
		      300); /* overtaken: what is behind adds nothing */
	io = fake_io(&t->kernel, p, AA_EVENT_IO, 7, 55, 110, 300);
	io->error_calls = 1;
	io->last_error = ENOSPC;
	io = fake_io(&t->kernel, p, AA_EVENT_CLOSE, 7, 55, 1ull << 63, 300);
	io->error_calls = 2;
	io->last_error = EIO;
	commit_all(t);
	expect_rows(t, SUMS,
		    "io|1|100|1|200|1|28|-\n"
		    "io|1|0|0|100|0|0|-\n"
		    "io|1|10|0|0|0|0|-\n"
		    "close|1|9223372036854775698|2251799813685247|0|0|5|-\n");
}

/* What a failed transaction had taken in, the next one takes in again, with the same result. */
static void test_differences_survive_a_failure(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	struct aa_file_table *files = &t->store->sessions[0]->files;

	(void)fake_open(&t->kernel, p, 7, "/tmp/a", 55);
	(void)fake_open(&t->kernel, p, 8, "/tmp/b", 56);
	(void)fake_io(&t->kernel, p, AA_EVENT_IO, 7, 55, 0, 1000);
	commit_all(t);
	(void)fake_io(&t->kernel, p, AA_EVENT_IO, 7, 55, 0, 3000);
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 8, 56, 0, 10);
	(void)fake_open(&t->kernel, p, 9, "/tmp/c", 57);
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 7, 55, 0, 6000);
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 99, 58, 0, 1);
	assert_int_equal(
		aa_db_exec(t->store->db,
			   "CREATE TEMP TRIGGER no BEFORE INSERT ON s1_file WHEN new.inode = 58 BEGIN "
			   "SELECT raise(ABORT, 'no'); END",
			   NULL),
		0);
	assert_true(commit(t, false) < 0);
	assert_int_equal(files->count, 2);
	assert_int_equal(files->entries[aa_file_find(files, 7)].sums.write_bytes, 1000);
	assert_int_equal(aa_db_exec(t->store->db, "DROP TRIGGER no", NULL), 0);
	commit_all(t);
	assert_int_equal(files->count, 1);
	assert_int_not_equal(aa_file_find(files, 9), AA_FILE_NONE);
	expect_rows(t, "SELECT kind, open_id, write_bytes FROM s1_file WHERE kind <> 'open' ORDER BY id",
		    "io|1|1000\nio|1|2000\nclose|2|10\nclose|1|3000\nclose|-|1\n");
	expect_rows(t, "SELECT count(*), count(DISTINCT text) FROM s1_string", "3|3\n");
}

static void test_open_files_that_are_forgotten(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);

	t->store->sessions[0]->files.max_count = 2;
	(void)fake_io(&t->kernel, p, AA_EVENT_IO, 9, 59, 5,
		      0); /* its open was lost: sums since then are whole */
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 9, 59, 6, 0);
	for (uint64_t id = 1; id <= 3; id++)
		(void)fake_open(&t->kernel, p, id, "/tmp/a", 50 + id);
	for (uint64_t id = 3; id >= 1; id--)
		(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, id, 50 + id, id, 0);
	fake_open(&t->kernel, p, 4, "/tmp/d", 54)->marks = AA_FILE_NO_SUMS;
	commit_all(t);
	expect_rows(t, SUMS,
		    "io|-|5|1|0|0|0|path-missing\n"
		    "close|-|1|0|0|0|0|path-missing\n"
		    "close|5|3|1|0|0|0|-\n"
		    "close|4|2|1|0|0|0|-\n"
		    "close|-|-|-|-|-|0|no-sums,path-missing\n");
	expect_rows(t, "SELECT inode FROM s1_file WHERE kind = 'close' AND open_id IS NULL", "59\n51\n");
	assert_int_equal(t->store->sessions[0]->files.count, 0);
}

/* A session that leaves out what the patterns name. */
static void begin_excluding(struct store_test *t)
{
	char *const globs[] = { (char[]){ "*/node_modules/*" }, (char[]){ "/tmp/[ab]" }, NULL };
	const struct aa_session_setting settings[] = { { "files", "all" },
						       { "exclude", "*/node_modules/*" },
						       { "exclude", "/tmp/[ab]\xff" },
						       { NULL, NULL } };

	assert_int_equal(aa_store_drop_session(t->store, t->session_id, &t->error), 0);
	t->session_id = begin_session_with(t, NULL, NULL, globs, settings);
	t->kernel.session = (uint32_t)t->session_id;
	assert_int_equal(t->session_id, 1);
}

static void test_what_is_left_out(void **state)
{
	struct store_test *t = *state;
	struct aa_session_totals totals;
	struct fake_process p;
	struct aa_gap gap = { .begin_boot_ns = 1,
			      .end_boot_ns = 2000000000,
			      .count = 100,
			      .kind = "open",
			      .lane = AA_LANE_ACTIVITY,
			      .reason = "excluded" };
	struct aa_batch batch = { .gaps = &gap, .gap_count = 1 };

	begin_excluding(t);
	p = root_of(t);
	(void)fake_open(&t->kernel, p, 1, "/tmp/a", 55);
	(void)fake_open(&t->kernel, p, 2, "/tmp/c", 56);
	(void)fake_open(&t->kernel, p, 3, "/w/node_modules/x/y", 57);
	(void)fake_io(&t->kernel, p, AA_EVENT_IO, 1, 55, 1, 1);
	fake_change(&t->kernel, p, AA_EVENT_TRUNCATE)->open = 1;
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 1, 55, 1, 1);
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 2, 56, 1, 1);
	(void)fake_unlink(t, p, "/w/node_modules/x", "y");
	/* Out of what is left out, within it, and into it. */
	for (int i = 0; i < 3; i++) {
		(void)fake_file_text(&t->kernel, p, AA_TEXT_DIR, "/tmp");
		(void)fake_file_text(&t->kernel, p, AA_TEXT_NAME, i == 2 ? "c" : "a");
		(void)fake_file_text(&t->kernel, p, AA_TEXT_DIR2, "/tmp");
		(void)fake_file_text(&t->kernel, p, AA_TEXT_NAME2, i == 0 ? "c" : "b");
		(void)fake_change(&t->kernel, p, AA_EVENT_RENAME);
	}
	commit_all(t);
	expect_rows(t, ROWS,
		    "1|open|0|/tmp/c|-|-|kernel|-|-\n"
		    "2|close|0|/tmp/c|-|-|kernel|1|-\n"
		    "3|rename|0|/tmp/a|/tmp/c|-|user|-|-\n"
		    "4|rename|0|/tmp/c|/tmp/b|-|user|-|-\n");
	/* Counted, but not in a row for each transaction; the kernel side's, too. */
	expect_rows(t, "SELECT count(*) FROM s1_gap", "0\n");
	expect_rows(t, "SELECT count(*) FROM s1_string WHERE text GLOB '*node_modules*'", "0\n");
	gap.session_id = t->session_id;
	assert_int_equal(aa_store_commit(t->store, &batch, &t->error), 0);
	assert_int_equal(aa_store_end_session(t->store, t->session_id, NULL, &t->error), 0);
	expect_rows(t, "SELECT lane, kind, reason, count FROM s1_gap ORDER BY id",
		    "activity|open|excluded|102\nactivity|close|excluded|1\nactivity|io|excluded|1\n"
		    "activity|truncate|excluded|1\nactivity|unlink|excluded|1\nactivity|rename|excluded|1\n");
	expect_rows(t, "SELECT event_count, lost_count FROM session", "5|0\n");
	aa_store_totals(t->store, t->session_id, &totals);
	assert_int_equal(totals.records[AA_EVENT_OPEN], 1);
	expect_rows(
		t,
		"SELECT name, CASE name WHEN 'redact-key' THEN length(value) ELSE value END FROM "
		"session_option",
		"files|all\nexclude|*/node_modules/*\nexclude|/tmp/[ab]\\xFF\nredact|on\nredact-key|64\n");
}

static void test_long_sessions_say_what_is_left_out(void **state)
{
	struct store_test *t = *state;
	struct fake_process p;

	begin_excluding(t);
	p = root_of(t);
	for (int second = 0; second < 25; second++) {
		(void)fake_open(&t->kernel, p, 0, "/tmp/a", 55);
		t->kernel.now_ns += 1000000000;
		commit_all(t);
	}
	expect_rows(t, "SELECT count, (end_ns - time_ns) / 1000000000 FROM s1_gap", "11|10\n11|10\n");
	assert_int_equal(aa_store_end_session(t->store, t->session_id, NULL, &t->error), 0);
	expect_rows(t, "SELECT sum(count) FROM s1_gap", "25\n");
}

static void test_losses(void **state)
{
	struct store_test *t = *state;
	struct aa_gap gaps[] = {
		{ .kind = "open", .reason = "ring-full", .lane = AA_LANE_ACTIVITY },
		{ .kind = "close", .reason = "files-full", .lane = AA_LANE_ACTIVITY },
		{ .kind = "rename", .reason = "uring-full", .lane = AA_LANE_ACTIVITY },
		{ .kind = "text", .reason = "ring-full", .lane = AA_LANE_LIFECYCLE },
		{ .kind = "any", .reason = "excluded", .lane = AA_LANE_ACTIVITY },
	};
	struct aa_batch batch = { .gaps = gaps, .gap_count = sizeof(gaps) / sizeof(gaps[0]) };

	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
		gaps[i].session_id = t->session_id;
		gaps[i].count = 1u << i;
	}
	assert_int_equal(aa_store_commit(t->store, &batch, &t->error), 0);
	expect_rows(t, "SELECT lane, kind, reason, count FROM s1_gap",
		    "activity|open|ring-full|1\nactivity|close|files-full|2\nactivity|rename|uring-full|4\n"
		    "lifecycle|text|ring-full|8\nactivity|any|excluded|16\n");
	expect_rows(t, "SELECT lost_count FROM session", "7\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_sums_are_differences),
		STORE_TEST(test_differences_survive_a_failure),
		STORE_TEST(test_open_files_that_are_forgotten),
		STORE_TEST(test_what_is_left_out),
		STORE_TEST(test_long_sessions_say_what_is_left_out),
		STORE_TEST(test_losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
