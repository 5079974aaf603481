/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A commit that fails at any point, and is tried again: connections, their bytes, and what became of the secrets in them are
 * as if it had not failed, although redaction itself cannot be undone.
 */
#include "store_test.h"
#include "tls_post.h"

static const char hello[] = "\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03"
			    "abcdefghijklmnopqrstuvwxyz012345\x00\x00\x02\x13\x01\x01\x00";

/* The same fingerprints each time. */
static void set_key(struct store_test *t)
{
	static const uint8_t key[AA_REDACT_KEY_SIZE] = { 1, 2, 3 };
	struct aa_session *session = t->store->sessions[0];

	aa_redactor_free(session->redactor);
	session->redactor = NULL;
	assert_int_equal(aa_redactor_new(key, NULL, &session->redactor, &t->error), 0);
}

static struct fake_process begin(struct store_test *t)
{
	set_key(t);
	return fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
}

struct stream {
	uint64_t offset, call;
};

static void send(struct store_test *t, struct fake_process p, uint64_t connection, struct stream *stream,
		 const char *text)
{
	struct aa_tls_data *data = fake_tls_data(&t->kernel, p, connection, AA_TLS_SENT, stream->offset, text,
						 (uint32_t)strlen(text));

	data->call = stream->call++;
	stream->offset += strlen(text);
}

/* Secrets that begin in one round and end in the next; holes; a merge; an end. */
static void fill(struct store_test *t, struct fake_process p, unsigned round, struct stream *stream)
{
	char body[4000];

	if (round == 0) {
		(void)fake_tls_open(&t->kernel, p, 1, 0);
		(void)fake_tls_hello(&t->kernel, p, 0, 1, hello, sizeof(hello) - 1);
	}
	send(t, p, 1, stream,
	     round == 0 ? "GET / HTTP/1.1\r\nAuthori" : "nd-of-secret\r\nCookie: a=b1234567\r\n");
	send(t, p, 1, stream, "Authorization: Bearer sk-");
	for (size_t i = 0; i < sizeof(body) - 1; i++)
		body[i] = (char)('a' + (i * i * 31 + round) % 26);
	body[sizeof(body) - 1] = '\0';
	(void)fake_tls_open(&t->kernel, p, 10 + round, 0);
	(void)fake_tls_data(&t->kernel, p, 10 + round, AA_TLS_RECEIVED, 50, body, sizeof(body) - 1);
	(void)fake_tls_bind(&t->kernel, p, 1, 1, AA_TLS_BY_CALL);
	(void)fake_tls_close(&t->kernel, p, 10 + round, 7, 5000);
	(void)fake_tls_socket_end(&t->kernel, p, 1, round, 1);
}

static void post(struct store_test *t, unsigned round)
{
	const struct aa_library_post library = { .number = round + 1,
						 .path = "/usr/lib/libssl.so.3",
						 .implementation = "openssl",
						 .attached = true };

	assert_int_equal(aa_store_post_library(t->store, t->session_id, &library), 0);
}

static char *contents(struct store_test *t)
{
	static const char pieces[] =
		"SELECT id, connection_id, direction, call, offset, bytes, gap, size, encoding,"
		" hex(data), marks FROM s1_tls";
	static const char *const queries[] = {
		"SELECT * FROM s1_tls_connection",
		pieces,
		"SELECT * FROM s1_redaction",
		"SELECT * FROM s1_tls_library",
		"SELECT * FROM s1_gap",
		"SELECT event_count, lost_count FROM session",
	};
	struct aa_text_buffer all = { 0 };

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		char *rows = rows_of(aa_store_db(t->store), queries[i]);

		aa_text_add_string(&all, rows);
		free(rows);
	}
	return all.data;
}

#define ROUNDS 3

static char *without_failure(void)
{
	struct stream stream = { 0 };
	struct fake_process p;
	struct store_test *t;
	void *state;
	char *result;

	assert_int_equal(setup_store(&state), 0);
	t = state;
	p = begin(t);
	for (unsigned round = 0; round < ROUNDS; round++) {
		fill(t, p, round, &stream);
		post(t, round);
		commit_all(t);
	}
	assert_int_equal(aa_store_end_session(t->store, t->session_id, NULL, &t->error), 0);
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

static void test_full_database(void **state)
{
	struct store_test *t = *state;
	char *expected = without_failure(), *got;
	struct fake_process p = begin(t);
	struct stream stream = { 0 };
	int failures = 0, r;

	assert_non_null(strstr(expected, "redacted"));
	assert_null(strstr(expected, "nd-of-secret"));
	for (unsigned round = 0; round < ROUNDS; round++) {
		int64_t pages = 1;

		fill(t, p, round, &stream);
		post(t, round);
		do {
			set_pages(t, pages++);
			r = commit(t, false);
			failures += r < 0;
			assert_true(r == 0 || r == -ENOSPC);
		} while (r < 0);
	}
	set_pages(t, 1 << 20);
	assert_int_equal(aa_store_end_session(t->store, t->session_id, NULL, &t->error), 0);
	assert_true(failures > 5);
	got = contents(t);
	assert_string_equal(got, expected);
	free(got);
	free(expected);
}

/* More has come when it is tried again, as it does. */
static void test_more_comes_meanwhile(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = begin(t);
	struct stream stream = { 0 };
	char *got;

	for (unsigned round = 0; round < ROUNDS; round++) {
		fill(t, p, round, &stream);
		post(t, round);
		assert_int_equal(aa_db_exec(aa_store_db(t->store), "BEGIN", NULL), 0);
		assert_true(commit(t, false) < 0); /* a transaction within one */
		(void)aa_db_exec(aa_store_db(t->store), "ROLLBACK", NULL);
		set_pages(t, 1);
		if (round == 1)
			assert_true(commit(t, false) < 0);
		set_pages(t, 1 << 20);
		if (round != 1) /* the second and the third come at once */
			commit_all(t);
	}
	assert_int_equal(aa_store_end_session(t->store, t->session_id, NULL, &t->error), 0);
	got = contents(t);
	assert_null(strstr(got, "nd-of-secret"));
	free(got);
	expect_rows(t, "SELECT count(*), count(DISTINCT offset) FROM s1_redaction WHERE row_id = 1", "5|5\n");
}

/* The linker has calloc() come here (--wrap): the next one fails. */
static bool no_memory;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
	if (!no_memory)
		return __real_calloc(count, size);
	no_memory = false;
	return NULL;
}

/* What nobody has memory for is a gap, once, also if the first transaction with it fails. */
static void test_no_memory_for_a_post(void **state)
{
	static const struct aa_tls_sums sums = { .bytes = { 1, 2 } };
	struct store_test *t = *state;

	(void)begin(t);
	commit_all(t);
	no_memory = true;
	assert_int_equal(aa_store_post_tls_end(t->store, t->session_id, 5, 77, &sums, AA_TLS_CLOSE_PROCESS),
			 -ENOMEM);
	assert_true(aa_store_posts_pending(t->store));
	assert_int_equal(aa_db_exec(aa_store_db(t->store), "BEGIN", NULL), 0);
	assert_true(commit(t, false) < 0); /* a transaction within one */
	(void)aa_db_exec(aa_store_db(t->store), "ROLLBACK", NULL);
	assert_true(aa_store_posts_pending(t->store));
	commit_all(t);
	assert_false(aa_store_posts_pending(t->store));
	commit_all(t);
	expect_rows(t, "SELECT kind, reason, count FROM s1_gap", "any|recorder|1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_full_database),
		STORE_TEST(test_more_comes_meanwhile),
		STORE_TEST(test_no_memory_for_a_post),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
