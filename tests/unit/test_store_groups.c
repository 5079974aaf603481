/* SPDX-License-Identifier: Apache-2.0 */
/* Spans that end between texts and their record: nothing is stored twice, nothing is torn apart, nothing waits for ever. */
#include "store_test.h"

static struct fake_process start(struct store_test *t)
{
	struct fake_process root =
		fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);

	commit_all(t);
	return root;
}

static void expect_stored_up_to(struct store_test *t, uint64_t position)
{
	assert_int_equal(commit(t, false), 0);
	assert_int_equal(t->kernel.ring.consumer, position);
}

static void test_half_a_group_waits(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);
	uint64_t before = t->kernel.ring.producer;

	(void)fake_piece(&t->kernel, root, AA_TEXT_ARGS, "ls", 3, 0, 3);
	expect_stored_up_to(t, before);
	(void)fake_text(&t->kernel, root, AA_TEXT_EXE, "/bin/ls");
	(void)fake_exec(&t->kernel, root, 3, "ls");
	commit_all(t);
	expect_rows(t, "SELECT command, exe, marks FROM s1_exec_view", "ls|/bin/ls|-\n");
	expect_rows(t, "SELECT count(*) FROM s1_gap", "0\n");
}

static void test_records_before_the_group_are_stored_once(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);
	struct fake_process one = fake_fork(&t->kernel, root, 101, 0);
	uint64_t before = t->kernel.ring.producer;

	(void)fake_piece(&t->kernel, one, AA_TEXT_ARGS, "ls", 3, 0, 3);
	expect_stored_up_to(t, before);
	expect_rows(t, "SELECT count(*) FROM s1_process", "2\n");
	(void)fake_exec(&t->kernel, one, 3, "ls");
	commit_all(t);
	expect_rows(t, "SELECT count(*) FROM s1_process", "2\n");
	expect_rows(t, "SELECT command FROM s1_exec", "ls\n");
}

/* Two processors write at the same time: the cut of one group cuts off the other, which is whole. */
static void test_overlapping_groups(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);
	struct fake_process a = fake_fork(&t->kernel, root, 101, 0);
	struct fake_process b = fake_fork(&t->kernel, root, 102, 0);
	uint64_t before = t->kernel.ring.producer, time_a, time_b;
	struct aa_text *text;

	text = fake_piece(&t->kernel, a, AA_TEXT_ARGS, "aa", 3, 0, 3);
	time_a = text->header.time_ns;
	text = fake_piece(&t->kernel, b, AA_TEXT_ARGS, "bb", 3, 0, 3);
	text->header.time_ns = time_b = time_a + 1;
	fake_exec(&t->kernel, a, 3, "a")->header.time_ns = time_a;
	expect_stored_up_to(t, before);
	expect_rows(t, "SELECT count(*) FROM s1_exec", "0\n");
	(void)fake_fork(&t->kernel, root, 103, 0);
	fake_exec(&t->kernel, b, 3, "b")->header.time_ns = time_b;
	commit_all(t);
	expect_rows(t, "SELECT pid, command FROM s1_exec JOIN s1_process AS p ON p.id = process_id",
		    "101|aa\n102|bb\n");
	expect_rows(t, "SELECT count(*) FROM s1_process", "4\n");
}

static void test_same_begin_twice_gives_up(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);
	uint64_t before = t->kernel.ring.producer;

	(void)fake_piece(&t->kernel, root, AA_TEXT_ARGS, "rm\0-rf\0/\0", 10, 0, 10);
	(void)fake_text(&t->kernel, root, AA_TEXT_EXE, "/bin/rm");
	expect_stored_up_to(t, before);
	commit_all(t);
	expect_rows(t, "SELECT count(*) FROM s1_exec", "0\n");
	expect_rows(t, "SELECT kind, reason, count, process_id, detail FROM s1_gap",
		    "text|incomplete|2|1|the record that these texts belong to is missing; arguments: rm -rf "
		    "/ ''\n");
	expect_rows(t, "SELECT lost_count FROM session", "0\n"); /* the kernel counted the lost record */
}

static void test_old_group_is_given_up_at_once(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);

	(void)fake_text(&t->kernel, root, AA_TEXT_FILENAME, "/no/such");
	t->kernel.now_ns += 1500000000;
	(void)fake_fork(&t->kernel, root, 101, 0);
	commit_all(t);
	expect_rows(t, "SELECT reason, detail FROM s1_gap",
		    "incomplete|the record that these texts belong to is missing; path as given: /no/such\n");
	expect_rows(t, "SELECT count(*) FROM s1_process", "2\n");
}

static void test_final_gives_up_at_once(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);

	(void)fake_text(&t->kernel, root, AA_TEXT_FILENAME, "/no/such");
	assert_int_equal(commit(t, true), 0);
	assert_int_equal(t->kernel.ring.consumer, t->kernel.ring.producer);
	expect_rows(t, "SELECT reason, count FROM s1_gap", "incomplete|1\n");
}

static void test_busy_and_discarded_records(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);
	struct aa_fork *discarded, *busy;
	uint64_t before;

	(void)fake_fork(&t->kernel, root, 101, 0);
	discarded = fake_reserve(&t->kernel.ring, sizeof(*discarded));
	fake_set_bits(discarded, FAKE_DISCARD, 0);
	before = t->kernel.ring.producer;
	(void)fake_fork(&t->kernel, root, 102, 0);
	busy = (void *)(t->kernel.ring.data + (before & (t->kernel.ring.size - 1)) + 8);
	fake_set_bits(busy, FAKE_BUSY, 0);
	expect_stored_up_to(t, before);
	expect_rows(t, "SELECT count(*) FROM s1_process", "2\n");
	fake_set_bits(busy, 0, FAKE_BUSY);
	commit_all(t);
	expect_rows(t, "SELECT count(*) FROM s1_process", "3\n");
	expect_rows(t, "SELECT count(*) FROM s1_gap", "0\n");
}

/* The ring wraps around, and what one call lists at a time is less than what there is. */
static void test_many_records(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);
	unsigned forks = 0;

	for (int round = 0; round < 20; round++) {
		while (t->kernel.ring.producer - t->kernel.ring.consumer < t->kernel.ring.size - 4096) {
			struct fake_process child = fake_fork(&t->kernel, root, 1000 + forks++, 0);

			(void)fake_run(&t->kernel, child, "/bin/true", "true", 5, "true");
			(void)fake_exit(&t->kernel, child, 0, (struct fake_process){ 0 });
		}
		commit_all(t);
	}
	char expected[64];

	(void)snprintf(expected, sizeof(expected), "%u|%u|%u\n", forks, forks, forks);
	expect_rows(t,
		    "SELECT (SELECT count(*) FROM s1_process WHERE source = 'fork'),"
		    " (SELECT count(*) FROM s1_exec WHERE command = 'true' AND marks IS NULL),"
		    " (SELECT count(*) FROM s1_process WHERE exit_code = 0)",
		    expected);
	expect_rows(t, "SELECT count(*) FROM s1_string", "2\n");
	expect_rows(t, "SELECT count(*) FROM s1_gap", "0\n");
}

static void test_sessions_side_by_side(void **state)
{
	struct store_test *t = *state;
	struct fake_process outside = { .tgid = 1 };
	int64_t second = begin_session(t, NULL, NULL);
	uint32_t number = 200;

	for (int i = 0; i < 6; i++) {
		t->kernel.session = (uint32_t)(i % 2 ? t->session_id : second);
		(void)fake_fork(&t->kernel, outside, number++, AA_FLAG_ROOT);
	}
	t->kernel.session = 99;
	(void)fake_fork(&t->kernel, outside, number, AA_FLAG_ROOT);
	commit_all(t);
	expect_rows(t, "SELECT pid FROM s1_process", "201\n203\n205\n");
	expect_rows(t, "SELECT pid FROM s2_process", "200\n202\n204\n");
	expect_rows(t, "SELECT kind, reason, count FROM s1_gap", "any|malformed|1\n");
	expect_rows(t, "SELECT id, event_count, lost_count, root_pid FROM session", "1|3|1|201\n2|3|0|200\n");
	expect_rows(t, "SELECT generation, lane, position > 0, session_id FROM ring_cursor",
		    "-81985529216486896|lifecycle|1|1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_half_a_group_waits),
		STORE_TEST(test_records_before_the_group_are_stored_once),
		STORE_TEST(test_overlapping_groups),
		STORE_TEST(test_same_begin_twice_gives_up),
		STORE_TEST(test_old_group_is_given_up_at_once),
		STORE_TEST(test_final_gives_up_at_once),
		STORE_TEST(test_busy_and_discarded_records),
		STORE_TEST(test_many_records),
		STORE_TEST(test_sessions_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
