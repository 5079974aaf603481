/* SPDX-License-Identifier: Apache-2.0 */
/* Records of files to rows of s<N>_file: paths, sums, what is left out, and what is not whole. */
#include <fcntl.h>

#include "sink_file.h"
#include "store_test.h"

/* The whole table with its strings, without what every row has. */
#define ROWS \
	"SELECT f.id, f.kind, f.error, p.text, p2.text, t.text, f.source, f.open_id, f.marks FROM s1_file AS f" \
	" LEFT JOIN s1_string AS p ON p.id = f.path_id LEFT JOIN s1_string AS p2 ON p2.id = f.path2_id" \
	" LEFT JOIN s1_string AS t ON t.id = f.target_id ORDER BY f.id"
#define SUMS \
	"SELECT kind, open_id, read_bytes, read_calls, write_bytes, write_calls, error, marks FROM s1_file" \
	" WHERE kind IN ('close', 'io') ORDER BY id"

static struct fake_process root_of(struct store_test *t)
{
	return fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
}

static void test_a_file_from_open_to_close(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	struct aa_file_open *open = fake_open(&t->kernel, p, 7, "/tmp/a", 55);

	open->marks = AA_FILE_CREATED;
	open->open_flags = O_RDWR;
	open->mode = 0640;
	open->node.generation = 9;
	(void)fake_io(&t->kernel, p, AA_EVENT_IO, 7, 55, 0, 5000);
	commit_all(t);
	fake_io(&t->kernel, p, AA_EVENT_CLOSE, 7, 55, 10, 9000)->marks = AA_FILE_BY_LAST_USER;
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 7, 55, 10, 9000); /* nothing is known of it any more */
	commit_all(t);
	expect_rows(t, ROWS,
		    "1|open|0|/tmp/a|-|-|kernel|-|created\n"
		    "2|io|0|/tmp/a|-|-|kernel|1|-\n"
		    "3|close|0|/tmp/a|-|-|kernel|1|by-last-user\n"
		    "4|close|0|-|-|-|-|-|path-missing\n");
	expect_rows(t, SUMS,
		    "io|1|0|0|5000|2|0|-\n"
		    "close|1|10|1|4000|1|0|by-last-user\n"
		    "close|-|10|1|9000|3|0|path-missing\n");
	expect_rows(t,
		    "SELECT process_id, time_ns, tid, device, inode, generation, type, size_bytes, nlink, flags, "
		    "mode, fd FROM s1_file WHERE id = 1",
		    "1|1700000001000002000|100|8388609|55|9|file|0|1|2|416|3\n");
	expect_rows(t, "SELECT count(*) FROM s1_gap", "0\n");
	expect_rows(t, "SELECT event_count FROM session", "5\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_a_file_from_open_to_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
