/* SPDX-License-Identifier: Apache-2.0 */
/* Which records ask for contents, and what the answers become; who reads is a stand-in. */
#include <fcntl.h>

#include "contents_private.h"
#include "store_test.h"

#define ROWS \
	"SELECT file_id, p.text, hex(substr(sha256, 1, 1)), size_bytes, changed, blob_id, reason FROM " \
	"s1_content AS c" \
	" JOIN s1_string AS p ON p.id = c.path_id ORDER BY c.id"

static struct aa_content_job *asked[64];
static unsigned asked_count, stored_count;

static void submit(void *context, struct aa_content_job *job)
{
	(void)context;
	if (asked_count < 64)
		asked[asked_count] = job;
	else
		aa_content_job_release(job);
	asked_count++;
}

static void stored(void *context, const struct aa_content_job *job)
{
	(void)context;
	(void)job;
	stored_count++;
}

static void drain(void *context)
{
	(void)context;
}

static int setup(void **state)
{
	static const struct aa_content_reader reader = { .submit = submit, .stored = stored, .drain = drain };
	static char ours[] = "/w/*", suffix[] = "*.conf", *globs[] = { ours, suffix, NULL };
	struct store_test *t;

	if (setup_store(state) < 0)
		return -1;
	t = *state;
	asked_count = stored_count = 0;
	return aa_store_set_contents(t->store, globs, &reader, NULL);
}

static int teardown(void **state)
{
	for (unsigned i = 0; i < asked_count && i < 64; i++)
		aa_content_job_release(asked[i]);
	return teardown_store(state);
}

#define CONTENT_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static struct fake_process root_of(struct store_test *t)
{
	return fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
}

/* A file that is opened for writing, written and closed. Leaves two rows. */
static void write_once(struct store_test *t, struct fake_process p, uint64_t open, const char *path,
		       uint64_t inode)
{
	fake_open(&t->kernel, p, open, path, inode)->open_flags = O_WRONLY;
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, open, inode, 0, 5);
}

/* As the reader's thread would. text NULL: only the hash. */
static void answer(struct aa_content_job *job, unsigned char hash, const char *text)
{
	job->answer.hashed = true;
	job->answer.sha256[0] = hash;
	job->answer.size_bytes = 5;
	job->answer.end_boot_ns = 2000000000;
	if (text) {
		job->answer.data = strdup(text);
		job->answer.data_size = strlen(text);
	}
	atomic_store(&job->done, true);
}

static void store_answers(struct store_test *t)
{
	assert_true(aa_store_contents_ready(t->store));
	commit_all(t);
}

static void test_written_files_are_asked_for(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t), child = fake_fork(&t->kernel, p, 101, 0);

	write_once(t, child, 1, "/w/a", 55);
	write_once(t, p, 2, "/elsewhere", 56);
	write_once(t, p, 3, "/etc/x.conf", 57);
	assert_int_equal(asked_count, 0); /* not before the commit */
	commit_all(t);
	assert_int_equal(asked_count, 2);
	assert_string_equal(asked[0]->path, "/w/a");
	assert_int_equal(asked[0]->file_id, 2);
	assert_int_equal(asked[0]->file.inode, 55);
	assert_int_equal(asked[0]->file.device, 8u << 20 | 1);
	assert_int_equal(asked[0]->size, 5);
	assert_int_equal(asked[0]->pids[0], 101);
	assert_int_equal(asked[0]->pids[1], 100);
	assert_int_equal(asked[0]->pids[2], 0);
	assert_string_equal(asked[1]->path, "/etc/x.conf");
	assert_true(aa_store_contents_pending(t->store));
	assert_false(aa_store_contents_ready(t->store));
}

static void test_what_asks_and_what_does_not(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	struct aa_file_change *change;

	/* 1-2 read; 3-4 created and left empty; 5-6 emptied; 7-9 truncated through the descriptor; 10-11 mapped */
	(void)fake_open(&t->kernel, p, 1, "/w/read", 1);
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 1, 1, 100, 0);
	fake_open(&t->kernel, p, 2, "/w/created", 2)->marks = AA_FILE_CREATED;
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 2, 2, 0, 0);
	fake_open(&t->kernel, p, 3, "/w/emptied", 3)->open_flags = O_RDWR;
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 3, 3, 0, 0);
	(void)fake_open(&t->kernel, p, 4, "/w/cut", 4);
	change = fake_change(&t->kernel, p, AA_EVENT_TRUNCATE);
	change->node = fake_node(4, 0);
	change->open = 4;
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 4, 4, 0, 0);
	(void)fake_open(&t->kernel, p, 5, "/w/mapped", 5);
	fake_io(&t->kernel, p, AA_EVENT_CLOSE, 5, 5, 0, 0)->marks = AA_FILE_MAPPED;
	commit_all(t);
	assert_int_equal(asked_count, 4);
	assert_string_equal(asked[0]->path, "/w/created");
	assert_string_equal(asked[1]->path, "/w/emptied");
	assert_string_equal(asked[2]->path, "/w/cut");
	assert_string_equal(asked[3]->path, "/w/mapped");
	/* A FIFO; sums of a file that goes on; the same at the session's end. */
	fake_open(&t->kernel, p, 6, "/w/fifo", 6)->node.mode = 010644;
	fake_io(&t->kernel, p, AA_EVENT_CLOSE, 6, 6, 0, 9)->node.mode = 010644;
	(void)fake_open(&t->kernel, p, 7, "/w/open", 7);
	(void)fake_io(&t->kernel, p, AA_EVENT_IO, 7, 7, 0, 9);
	commit_all(t);
	assert_int_equal(asked_count, 4);
	fake_io(&t->kernel, p, AA_EVENT_IO, 7, 7, 0, 9)->marks = AA_FILE_STILL_OPEN;
	commit_all(t);
	assert_int_equal(asked_count, 5);
	assert_string_equal(asked[4]->path, "/w/open");
}

static void rename_to(struct store_test *t, struct fake_process p, const char *from, const char *to,
		      uint64_t inode)
{
	struct aa_file_change *change;

	(void)fake_file_text(&t->kernel, p, AA_TEXT_NAME, from);
	(void)fake_file_text(&t->kernel, p, AA_TEXT_NAME2, to);
	change = fake_change(&t->kernel, p, AA_EVENT_RENAME);
	if (inode)
		change->node = fake_node(inode, 5);
}

/* As editors do it. The portable tier does not say which file it was that was renamed. */
static void test_a_name_asks(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);

	write_once(t, p, 1, "/tmp/x", 55);
	commit_all(t);
	rename_to(t, p, "/tmp/x", "/w/x", 0);
	rename_to(t, p, "/w/x", "/w/y", 0);
	rename_to(t, p, "/tmp/unknown", "/w/z", 0);
	rename_to(t, p, "/tmp/known", "/w/known", 66);
	rename_to(t, p, "/w/known", "/tmp/away", 66);
	commit_all(t);
	assert_int_equal(asked_count, 3);
	assert_string_equal(asked[0]->path, "/w/x");
	assert_int_equal(asked[0]->file.inode, 55);
	assert_string_equal(asked[1]->path, "/w/y");
	assert_int_equal(asked[1]->file.inode, 55);
	assert_true(atomic_load(&asked[0]->superseded));
	assert_false(atomic_load(&asked[1]->superseded));
	assert_string_equal(asked[2]->path, "/w/known");
	assert_int_equal(asked[2]->file.inode, 66);
}

static void test_answers(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);

	write_once(t, p, 1, "/w/a", 1);
	write_once(t, p, 2, "/w/b", 2);
	write_once(t, p, 3, "/w/c", 3);
	write_once(t, p, 4, "/w/d", 4);
	write_once(t, p, 5, "/w/e", 0); /* which file is not known */
	commit_all(t);
	assert_int_equal(asked_count, 4);
	answer(asked[0], 0xaa, "hello");
	answer(asked[1], 0xaa, "hello");
	answer(asked[2], 0xbb, NULL);
	store_answers(t);
	assert_int_equal(stored_count, 4);
	assert_true(aa_store_contents_pending(t->store));
	asked[3]->answer.reason = AA_CONTENT_GONE;
	atomic_store(&asked[3]->done, true);
	store_answers(t);
	assert_false(aa_store_contents_pending(t->store));
	expect_rows(t, ROWS,
		    "2|/w/a|AA|5|0|1|-\n"
		    "4|/w/b|AA|5|0|1|-\n"
		    "6|/w/c|BB|5|0|-|-\n"
		    "10|/w/e||-|0|-|skipped\n"
		    "8|/w/d||-|0|-|gone\n");
	expect_rows(t, "SELECT id, hex(substr(sha256, 1, 1)), size_bytes, encoding, data FROM s1_blob",
		    "1|AA|5|plain|hello\n");
	expect_rows(t, "SELECT time_ns FROM s1_content LIMIT 1", "1700000002000000000\n");
}

/* An answer is held until all that happened while the file was read is known. */
static void test_changes_meanwhile(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	int64_t rows;

	write_once(t, p, 1, "/w/a", 1);
	write_once(t, p, 2, "/w/b", 2);
	write_once(t, p, 3, "/w/c", 3);
	commit_all(t);
	answer(asked[0], 1, NULL);
	answer(asked[1], 2, NULL);
	answer(asked[2], 3, NULL);
	fake_open(&t->kernel, p, 4, "/w/a", 1)->open_flags = O_RDWR; /* may write */
	(void)fake_open(&t->kernel, p, 5, "/w/b", 2);		     /* reads */
	fake_open(&t->kernel, p, 6, "/w/c", 3)->node.generation = 7; /* another file */
	commit_all(t); /* they were not ready when this batch was taken */
	expect_rows(t, "SELECT count(*) FROM sqlite_master WHERE name = 's1_content'", "0\n");
	store_answers(t);
	expect_rows(t, ROWS, "2|/w/a|01|5|1|-|-\n4|/w/b|02|5|0|-|-\n6|/w/c|03|5|0|-|-\n");
	/* Written twice in one batch: the first is not worth reading. */
	write_once(t, p, 7, "/w/a", 1);
	write_once(t, p, 8, "/w/a", 1);
	rows = asked_count;
	commit_all(t);
	assert_int_equal(asked_count, rows + 2);
	assert_true(atomic_load(&asked[rows]->superseded));
	assert_false(atomic_load(&asked[rows + 1]->superseded));
}

static void test_a_failed_transaction(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	struct aa_db *db = aa_store_db(t->store);

	write_once(t, p, 1, "/w/a", 1);
	commit_all(t);
	answer(asked[0], 1, "hello");
	assert_int_equal(aa_db_exec(db,
				    "CREATE TEMP TRIGGER full BEFORE INSERT ON main.s1_file BEGIN SELECT "
				    "RAISE(ABORT, 'full'); END",
				    NULL),
			 0);
	write_once(t, p, 2, "/w/b", 2);
	assert_true(aa_store_contents_ready(t->store));
	assert_true(commit(t, false) < 0);
	assert_int_equal(asked_count, 1);
	assert_int_equal(
		aa_db_exec(db,
			   "DROP TRIGGER full; CREATE TEMP TRIGGER full BEFORE INSERT ON main.s1_process"
			   " BEGIN SELECT RAISE(ABORT, 'full'); END",
			   NULL),
		0);
	(void)fake_fork(&t->kernel, p, 101, 0); /* fails after the rest was stored */
	assert_true(commit(t, false) < 0);
	assert_int_equal(asked_count, 1);
	assert_int_equal(aa_db_exec(db, "DROP TRIGGER full", NULL), 0);
	store_answers(t);
	assert_int_equal(asked_count, 2);
	assert_string_equal(asked[1]->path, "/w/b");
	expect_rows(t, ROWS, "2|/w/a|01|5|0|1|-\n");
	expect_rows(t, "SELECT count(*) FROM s1_blob", "1\n");
}

/* Nobody reads: memory is bounded, and each file has its row. */
static void test_too_many(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	unsigned count = 0;
	char path[4001];

	memset(path, 'x', sizeof(path) - 1);
	memcpy(path, "/w/", 3);
	path[4000] = '\0';
	while (asked_count == count && count < 20000) {
		write_once(t, p, count + 1, path, count + 1);
		commit_all(t);
		count++;
	}
	assert_true(count > 1000 && count < 10000);
	store_answers(t);
	expect_rows(t, "SELECT count(*), max(reason) FROM s1_content", "1|skipped\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTENT_TEST(test_written_files_are_asked_for),
		CONTENT_TEST(test_what_asks_and_what_does_not),
		CONTENT_TEST(test_a_name_asks),
		CONTENT_TEST(test_answers),
		CONTENT_TEST(test_changes_meanwhile),
		CONTENT_TEST(test_a_failed_transaction),
		CONTENT_TEST(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
