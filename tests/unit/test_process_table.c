/* SPDX-License-Identifier: Apache-2.0 */
/* The processes in memory: identity, tree, forgetting the dead, and the way back from a transaction that failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "process_table.h"

static const struct aa_siphash_key key = { 1, 2 };

static int setup(void **state)
{
	static struct aa_process_table table;

	aa_process_table_init(&table, &key, 8);
	aa_process_table_begin(&table);
	*state = &table;
	return 0;
}

static int teardown(void **state)
{
	aa_process_table_release(*state);
	return 0;
}

static uint32_t add(struct aa_process_table *table, uint32_t tgid, uint32_t parent)
{
	uint32_t process = aa_process_add(table, tgid, tgid * 10, tgid, false);

	assert_int_not_equal(process, AA_PROCESS_NONE);
	assert_int_equal(aa_process_set_parent(table, process, parent), 0);
	return process;
}

/* Sum of the children's pids, which tells the sets that the tests use apart; -1 if the links contradict each other. */
static long children(const struct aa_process_table *table, uint32_t process)
{
	uint32_t previous = AA_PROCESS_NONE;
	long sum = 0;

	for (uint32_t i = table->entries[process].first_child; i != AA_PROCESS_NONE;
	     i = table->entries[i].next_sibling) {
		if (table->entries[i].parent != process || table->entries[i].previous_sibling != previous)
			return -1;
		sum += table->entries[i].tgid;
		previous = i;
	}
	return sum;
}

static void test_identity(void **state)
{
	struct aa_process_table *table = *state;
	uint32_t first, second;

	assert_int_equal(aa_process_find(table, 5, 1), AA_PROCESS_NONE);
	first = aa_process_add(table, 5, 1, 50, false);
	second = aa_process_add(table, 5, 2, 51, true);
	assert_int_equal(aa_process_find(table, 5, 1), first);
	assert_int_equal(aa_process_find(table, 5, 2), second);
	assert_int_equal(aa_process_find(table, 5, 3), AA_PROCESS_NONE);
	assert_true(table->entries[second].implied);
	assert_int_equal(aa_process_set_known(table, second), 0);
	assert_false(table->entries[second].implied);
	assert_int_equal(table->live, 2);
}

static void test_tree(void **state)
{
	struct aa_process_table *table = *state;
	uint32_t root = add(table, 1, AA_PROCESS_NONE), a = add(table, 2, root), b = add(table, 4, root);
	uint32_t c = add(table, 8, root);

	assert_int_equal(children(table, root), 14);
	assert_int_equal(aa_process_set_parent(table, b, a), 0); /* from the middle */
	assert_int_equal(children(table, root), 10);
	assert_int_equal(children(table, a), 4);
	assert_int_equal(aa_process_set_parent(table, b, a), 0); /* again */
	assert_int_equal(children(table, a), 4);
	assert_int_equal(aa_process_set_parent(table, c, c), 0); /* forged */
	assert_int_equal(children(table, root), 2);
	assert_int_equal(aa_process_set_exited(table, a), 0);
	assert_int_equal(children(table, root), 0);
	assert_int_equal(children(table, a), 4); /* until the reaper is known */
	assert_int_equal(table->live, 3);
	assert_int_equal(aa_process_set_exited(table, a), 0);
	assert_int_equal(table->live, 3);
}

static void test_the_dead_are_forgotten_in_order(void **state)
{
	struct aa_process_table *table = *state;
	uint32_t root = add(table, 1, AA_PROCESS_NONE), left = AA_PROCESS_NONE;

	for (uint32_t i = 100; i < 1100; i++) {
		uint32_t child = add(table, i, root);

		if (i == 100)
			left = add(table, 2, child);
		assert_int_equal(aa_process_set_exited(table, child), 0);
		aa_process_table_commit(table);
		aa_process_table_begin(table);
		assert_int_equal(aa_process_find(table, i, i * 10), child);
		if (i >= 108)
			assert_int_equal(aa_process_find(table, i - 8, (i - 8) * 10), AA_PROCESS_NONE);
	}
	assert_true(table->forgot);
	assert_int_equal(table->count, 10);
	assert_true(table->capacity <= 256); /* places are used again */
	assert_int_equal(table->entries[left].parent, AA_PROCESS_NONE);
	assert_int_equal(aa_process_find(table, 1, 10), root);
}

static uint64_t seed = 99;

static uint32_t next_random(uint32_t limit)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % limit;
}

static void change_at_random(struct aa_process_table *table, uint32_t *next_tgid)
{
	uint32_t process = aa_process_find(table, next_random(*next_tgid), 7);
	uint32_t other = aa_process_find(table, next_random(*next_tgid), 7);

	switch (next_random(4)) {
	case 0:
		++*next_tgid;
		(void)aa_process_add(table, *next_tgid, 7, *next_tgid, next_random(2));
		break;
	case 1:
		if (process != AA_PROCESS_NONE)
			(void)aa_process_set_parent(table, process, other);
		break;
	case 2:
		if (process != AA_PROCESS_NONE)
			(void)aa_process_set_exited(table, process);
		break;
	default:
		if (process != AA_PROCESS_NONE)
			(void)aa_process_set_known(table, process);
		break;
	}
}

/* A copy of the entry of a process, if there is one. */
static struct aa_process look(const struct aa_process_table *table, uint32_t tgid)
{
	uint32_t entry = aa_process_find(table, tgid, 7);

	return entry == AA_PROCESS_NONE ? (struct aa_process){ .used = false } : table->entries[entry];
}

/* In what it says; how the table finds it may differ. */
static void expect_same(const struct aa_process *a, const struct aa_process *b)
{
	assert_int_equal(a->used, b->used);
	assert_int_equal(a->row_id, b->row_id);
	assert_int_equal(a->parent, b->parent);
	assert_int_equal(a->first_child, b->first_child);
	assert_int_equal(a->next_sibling, b->next_sibling);
	assert_int_equal(a->previous_sibling, b->previous_sibling);
	assert_int_equal(a->implied, b->implied);
	assert_int_equal(a->exited, b->exited);
}

static void test_rollback_of_anything(void **state)
{
	struct aa_process_table *table = *state;
	uint32_t next_tgid = 1;

	for (int round = 0; round < 3000; round++) {
		struct aa_process before[64];
		uint32_t live, count, first_tgid;

		aa_process_table_begin(table);
		for (int i = 0; i < 5; i++)
			change_at_random(table, &next_tgid);
		aa_process_table_commit(table);

		first_tgid = next_tgid > 64 ? next_tgid - 64 : 0;
		live = table->live;
		count = table->count;
		for (uint32_t i = 0; i < 64; i++)
			before[i] = look(table, first_tgid + i);
		aa_process_table_begin(table);
		for (uint32_t changes = next_random(20), at = next_tgid; changes > 0; changes--)
			change_at_random(table, &at);
		aa_process_table_rollback(table);
		for (uint32_t i = 0; i < 64; i++) {
			struct aa_process after = look(table, first_tgid + i);

			expect_same(&after, &before[i]);
		}
		assert_int_equal(table->live, live);
		assert_int_equal(table->count, count);
		assert_int_equal(aa_process_find(table, next_tgid + 1, 7), AA_PROCESS_NONE);
	}
}

#define TABLE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TABLE_TEST(test_identity),
		TABLE_TEST(test_tree),
		TABLE_TEST(test_the_dead_are_forgotten_in_order),
		TABLE_TEST(test_rollback_of_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
