/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the store share: a store with one session in a directory of its own, and rows as text. */
#ifndef AA_TEST_STORE_TEST_H
#define AA_TEST_STORE_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "records.h"
#include "store_private.h"

struct store_test {
	char directory[64];
	char path[96];
	struct aa_store *store;
	struct fake_kernel kernel;
	struct aa_error error;
	int64_t session_id;
};

static uint64_t test_clock_boot_ns = 1000000000;
static int64_t test_clock_offset_ns = 1700000000000000000;

static inline void test_clock(uint64_t *ret_boot_ns, int64_t *ret_offset_ns)
{
	*ret_boot_ns = test_clock_boot_ns;
	*ret_offset_ns = test_clock_offset_ns;
}

static inline int64_t begin_session_with(struct store_test *t, const char *name, char *const *env_names,
					 char *const *excludes, const struct aa_session_setting *settings)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "exit 3" }, NULL };
	const struct aa_session_options options = {
		.agent = "test agent",
		.name = name,
		.mode = "run",
		.argv = argv,
		.env_names = env_names,
		.excludes = excludes,
		.settings = settings,
		.recorder = "0",
		.generation = 0xfedcba9876543210u,
		.slot = 1,
	};
	int64_t id = 0;
	int r = aa_store_begin_session(t->store, &options, &id, &t->error);

	if (r < 0)
		fail_msg("begin: %s", t->error.text);
	return id;
}

static inline int64_t begin_session(struct store_test *t, const char *name, char *const *env_names)
{
	return begin_session_with(t, name, env_names, NULL, NULL);
}

static inline void open_store(struct store_test *t)
{
	(void)snprintf(t->directory, sizeof(t->directory), "/tmp/aa-test-store-XXXXXX");
	assert_non_null(mkdtemp(t->directory));
	(void)snprintf(t->path, sizeof(t->path), "%s/aa.db", t->directory);
	if (aa_store_open(t->path, &t->store, &t->error) < 0)
		fail_msg("open: %s", t->error.text);
	t->store->clock = test_clock;
	fake_ring_open(&t->kernel.ring, 1u << 20);
	t->kernel.now_ns = 1000000000;
}

static inline int setup_store(void **state)
{
	struct store_test *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	test_clock_offset_ns = 1700000000000000000;
	open_store(t);
	t->session_id = begin_session(t, NULL, NULL);
	t->kernel.session = (uint32_t)t->session_id;
	*state = t;
	return 0;
}

static inline void close_store(struct store_test *t)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

	aa_store_close(t->store);
	fake_ring_close(&t->kernel.ring);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char name[128];

		(void)snprintf(name, sizeof(name), "%s%s", t->path, suffixes[i]);
		(void)unlink(name);
	}
	(void)rmdir(t->directory);
}

static inline int teardown_store(void **state)
{
	close_store(*state);
	free(*state);
	return 0;
}

#define STORE_TEST(function) cmocka_unit_test_setup_teardown(function, setup_store, teardown_store)

/* Offers what the ring holds; gives back what was stored. Returns what the commit returned. */
static inline int commit(struct store_test *t, bool final)
{
	struct aa_batch batch = { .spans = { [AA_LANE_LIFECYCLE] =
						     fake_span(&t->kernel.ring, AA_LANE_LIFECYCLE) },
				  .final = final };
	int r;

	t->error = (struct aa_error){ 0 };
	r = aa_store_commit(t->store, &batch, &t->error);
	if (r < 0)
		assert_int_equal(batch.stored[AA_LANE_LIFECYCLE], batch.spans[AA_LANE_LIFECYCLE].begin);
	t->kernel.ring.consumer = batch.stored[AA_LANE_LIFECYCLE];
	return r;
}

static inline void commit_all(struct store_test *t)
{
	if (commit(t, false) < 0)
		fail_msg("commit: %s", t->error.text);
	assert_int_equal(t->kernel.ring.consumer, t->kernel.ring.producer);
}

/* All rows of a query: columns separated by |, a line each, NULL as -. Owned by the caller. */
static inline char *rows_of(struct aa_db *db, const char *sql)
{
	struct aa_text_buffer text = { 0 };
	sqlite3_stmt *statement = NULL;
	int result;

	if (sqlite3_prepare_v2(aa_db_handle(db), sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(aa_db_handle(db)));
	aa_text_add_string(&text, "");
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const char *value = (const char *)sqlite3_column_text(statement, i);

			aa_text_printf(&text, "%s%s", i ? "|" : "", value ? value : "-");
		}
		aa_text_add_string(&text, "\n");
	}
	if (result != SQLITE_DONE)
		fail_msg("%s: %s", sql, sqlite3_errmsg(aa_db_handle(db)));
	sqlite3_finalize(statement);
	return text.data;
}

static inline void expect_rows(struct store_test *t, const char *sql, const char *expected)
{
	char *rows = rows_of(aa_store_db(t->store), sql);

	assert_string_equal(rows, expected);
	free(rows);
}

#endif
