/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A commit that fails stores nothing, in the database or in memory, and the same records can be offered again: tried
 * with a full database and with one that somebody else keeps locked, at every point where it can happen.
 */
#include <sys/stat.h>

#include "store_test.h"

/* Something of everything: new tables, strings, changed processes, a new parent. */
static void fill(struct fake_kernel *kernel, struct fake_process root, uint32_t first)
{
	struct fake_process middle = fake_fork(kernel, root, first, 0);
	struct fake_process child = fake_fork(kernel, middle, first + 1, 0);
	struct fake_process ghost = { .tgid = first + 2, .start_ns = 3 };
	struct aa_comm_change *comm;
	struct aa_setsid *setsid;
	struct aa_cred_change *cred;
	char path[4096];

	(void)fake_run(kernel, child, "/bin/sh", "sh\0-c\0true", 11, "sh");
	/* Long and new each time, so that the database grows. */
	for (uint32_t i = 0; i < 20; i++) {
		memset(path, 'p', sizeof(path));
		(void)snprintf(path, sizeof(path), "/%u/%u", first, i);
		path[strlen(path)] = '/';
		path[sizeof(path) - 1] = '\0';
		(void)fake_run(kernel, middle, path, "x", 2, "x");
	}
	(void)fake_exit(kernel, middle, 0, root);
	comm = fake_record(kernel, child, AA_EVENT_COMM, sizeof(*comm));
	memcpy(comm->after, "renamed", 8);
	setsid = fake_record(kernel, child, AA_EVENT_SETSID, sizeof(*setsid));
	setsid->sid = child.tgid;
	cred = fake_record(kernel, child, AA_EVENT_CRED, sizeof(*cred));
	cred->after.uid = 5;
	(void)fake_fork(kernel, ghost, first + 3, 0);
	(void)fake_exit(kernel, child, 0, root);
}

/* Everything that a session's tables hold, with the totals. */
static char *contents(struct store_test *t)
{
	static const char *const tables[] = { "process", "exec",   "string", "gap",
					      "comm",	 "setsid", "cred",   "reparent" };
	struct aa_text_buffer all = { 0 };
	struct aa_session_totals totals;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		char sql[64];
		char *rows;

		(void)snprintf(sql, sizeof(sql), "SELECT name FROM sqlite_master WHERE name = 's1_%s'",
			       tables[i]);
		rows = rows_of(aa_store_db(t->store), sql);
		aa_text_add_string(&all, rows);
		if (*rows) {
			(void)snprintf(sql, sizeof(sql), "SELECT * FROM s1_%s", tables[i]);
			free(rows);
			rows = rows_of(aa_store_db(t->store), sql);
			aa_text_add_string(&all, rows);
		}
		free(rows);
	}
	aa_store_totals(t->store, 1, &totals);
	for (int kind = 0; kind < AA_KIND_SLOTS; kind++)
		aa_text_printf(&all, "%llu ", (unsigned long long)totals.records[kind]);
	aa_text_printf(&all, "live %u", totals.live);
	return all.data;
}

static char *without_failure(void)
{
	struct store_test *t;
	void *state;
	char *result;

	assert_int_equal(setup_store(&state), 0);
	t = state;
	for (uint32_t round = 0; round < 2; round++) {
		fill(&t->kernel,
		     fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100 + round * 50,
			       AA_FLAG_ROOT),
		     101 + round * 50);
		commit_all(t);
	}
	result = contents(t);
	(void)teardown_store(&state);
	return result;
}

static void set_pages(struct store_test *t, int64_t pages)
{
	char sql[64];

	(void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld", (long long)pages);
	assert_int_equal(aa_db_exec(aa_store_db(t->store), sql, NULL), 0);
}

static int64_t get_pages(struct store_test *t)
{
	char *rows = rows_of(aa_store_db(t->store), "PRAGMA page_count");
	int64_t pages = strtoll(rows, NULL, 10);

	free(rows);
	return pages;
}

/* One page more at each try: so each statement of the transaction is the one that fails, once. */
static void test_full_database(void **state)
{
	struct store_test *t = *state;
	char *expected = without_failure();
	char *got;
	int failures = 0;

	for (uint32_t round = 0; round < 2; round++) {
		int64_t pages = get_pages(t);
		int r;

		fill(&t->kernel,
		     fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100 + round * 50,
			       AA_FLAG_ROOT),
		     101 + round * 50);
		do {
			set_pages(t, pages++);
			r = commit(t, false);
			if (r < 0) {
				assert_int_equal(r, -ENOSPC);
				assert_non_null(strstr(t->error.text, "full"));
				failures++;
			}
		} while (r < 0);
		assert_int_equal(t->kernel.ring.consumer, t->kernel.ring.producer);
	}
	assert_true(failures > 20);
	got = contents(t);
	assert_string_equal(got, expected);
	free(got);
	free(expected);
	expect_rows(t, "PRAGMA integrity_check", "ok\n");
}

static void test_locked_database(void **state)
{
	struct store_test *t = *state;
	char *expected = without_failure();
	struct fake_process root =
		fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
	sqlite3 *other = NULL;
	char *got;

	fill(&t->kernel, root, 101);
	assert_int_equal(sqlite3_open(t->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(aa_db_exec(aa_store_db(t->store), "PRAGMA busy_timeout = 10", NULL), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(commit(t, false), -EBUSY);
		assert_non_null(strstr(t->error.text, "locked"));
	}
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	commit_all(t);
	fill(&t->kernel, fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 150, AA_FLAG_ROOT), 151);
	commit_all(t);
	got = contents(t);
	assert_string_equal(got, expected);
	free(got);
	free(expected);
}

/* Half a group, a failure, and the rest: the rule of "same begin twice" must not count the failure. */
static void test_failure_is_not_lack_of_progress(void **state)
{
	struct store_test *t = *state;
	struct fake_process root =
		fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);

	(void)fake_piece(&t->kernel, root, AA_TEXT_ARGS, "ls", 3, 0, 3);
	set_pages(t, 1); /* at least what there is */
	while (commit(t, false) < 0)
		set_pages(t, get_pages(t) + 8);
	assert_true(t->kernel.ring.consumer < t->kernel.ring.producer);
	(void)fake_exec(&t->kernel, root, 3, "ls");
	commit_all(t);
	expect_rows(t, "SELECT command, marks FROM s1_exec", "ls|-\n");
	expect_rows(t, "SELECT count(*) FROM s1_gap", "0\n");
}

static void test_end_without_room_can_be_repeated(void **state)
{
	struct store_test *t = *state;
	struct fake_process root =
		fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);

	fill(&t->kernel, root, 101);
	commit_all(t);
	set_pages(t, get_pages(t));
	assert_int_equal(aa_store_end_session(t->store, 1, NULL, &t->error), -ENOSPC);
	expect_rows(t, "SELECT state, sealed FROM session", "complete|0\n");
	set_pages(t, 1 << 20);
	t->error = (struct aa_error){ 0 };
	assert_int_equal(aa_store_end_session(t->store, 1, NULL, &t->error), 0);
	expect_rows(t, "SELECT state, sealed, exit_code FROM session", "complete|1|-\n");
}

static void test_begin_without_room_leaves_nothing(void **state)
{
	struct store_test *t = *state;
	const struct aa_session_options options = { .agent = "new", .mode = "attach", .recorder = "0" };
	int64_t id;

	set_pages(t, get_pages(t));
	assert_int_equal(aa_store_begin_session(t->store, &options, &id, &t->error), -ENOSPC);
	expect_rows(t, "SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM agent)", "1|1\n");
	set_pages(t, 1 << 20);
	t->error = (struct aa_error){ 0 };
	assert_int_equal(aa_store_begin_session(t->store, &options, &id, &t->error), 0);
	assert_int_equal(id, 2);
}

static int64_t wal_size(struct store_test *t)
{
	struct stat file;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s-wal", t->path);
	return stat(path, &file) == 0 ? file.st_size : -1;
}

/* With a reader always in the way the WAL only grows; in the first moment without one it is emptied. */
static void test_wal_is_emptied_when_readers_let_it(void **state)
{
	const int64_t limit = 1 << 20;
	struct store_test *t = *state;
	sqlite3 *reader = NULL;
	uint32_t first = 1000;

	t->store->wal_limit_bytes = t->store->wal_try_bytes = limit;
	assert_int_equal(sqlite3_open(t->path, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM agent", NULL, NULL, NULL),
			 SQLITE_OK);
	while (wal_size(t) < 3 * limit) {
		fill(&t->kernel, (struct fake_process){ .tgid = 1 }, first += 10);
		commit_all(t);
	}
	assert_true(t->store->wal_try_bytes > limit); /* it was tried, in vain */
	assert_int_equal(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	while (t->store->wal_try_bytes > limit) {
		fill(&t->kernel, (struct fake_process){ .tgid = 1 }, first += 10);
		commit_all(t);
	}
	assert_true(wal_size(t) < limit);
	assert_int_equal(sqlite3_close(reader), SQLITE_OK);
	expect_rows(t, "PRAGMA busy_timeout", "10000\n");
	expect_rows(t, "PRAGMA integrity_check", "ok\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_full_database),
		STORE_TEST(test_locked_database),
		STORE_TEST(test_failure_is_not_lack_of_progress),
		STORE_TEST(test_end_without_room_can_be_repeated),
		STORE_TEST(test_begin_without_room_leaves_nothing),
		STORE_TEST(test_wal_is_emptied_when_readers_let_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
