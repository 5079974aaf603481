/* SPDX-License-Identifier: Apache-2.0 */
/* The table of open files: what it finds, what it forgets, and that a transaction that fails leaves no trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "file_table.h"

#define IDS 40

/* What a table should hold, kept in the plainest way: by id, with the order of adding. */
struct model {
	bool used[IDS];
	uint64_t bytes[IDS];
	uint32_t order[IDS]; /* when it was added */
	uint32_t count, next;
	bool forgot;
};

static uint32_t random_state;

static uint32_t next_random(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8;
}

static void expect_same(const struct aa_file_table *table, const struct model *model)
{
	uint32_t count = 0;

	assert_int_equal(table->count, model->count);
	assert_int_equal(table->forgot, model->forgot);
	for (uint32_t id = 0; id < IDS; id++) {
		uint32_t file = aa_file_find(table, id);

		assert_int_equal(file != AA_FILE_NONE, model->used[id]);
		if (file != AA_FILE_NONE)
			assert_int_equal(table->entries[file].sums.read_bytes, model->bytes[id]);
	}
	/* From the oldest to the newest, in the order of adding, and back. */
	for (uint32_t i = table->oldest, last = AA_FILE_NONE; i != AA_FILE_NONE;
	     last = i, i = table->entries[i].newer, count++) {
		assert_int_equal(table->entries[i].older, last);
		if (last != AA_FILE_NONE)
			assert_true(model->order[table->entries[last].open] <
				    model->order[table->entries[i].open]);
	}
	assert_int_equal(count, model->count);
}

static void model_forget(struct model *model, uint32_t max)
{
	uint32_t oldest = IDS;

	if (model->count < max)
		return;
	for (uint32_t id = 0; id < IDS; id++)
		if (model->used[id] && (oldest == IDS || model->order[id] < model->order[oldest]))
			oldest = id;
	model->used[oldest] = false;
	model->count--;
	model->forgot = true;
}

static void change_both(struct aa_file_table *table, struct model *model, uint32_t max)
{
	uint32_t id = next_random() % IDS, file = aa_file_find(table, id);

	if (file == AA_FILE_NONE) {
		model_forget(model, max);
		model->used[id] = true;
		model->bytes[id] = next_random();
		model->order[id] = model->next++;
		model->count++;
		file = aa_file_add(table, id);
		assert_int_not_equal(file, AA_FILE_NONE);
		table->entries[file].sums.read_bytes = model->bytes[id];
	} else if (next_random() % 2) {
		model->bytes[id]++;
		assert_int_equal(aa_file_change(table, file), 0);
		table->entries[file].sums.read_bytes++;
	} else {
		model->used[id] = false;
		model->count--;
		assert_int_equal(aa_file_remove(table, file), 0);
	}
}

static void test_against_a_model(void **state)
{
	(void)state;
	for (uint32_t max = 1; max <= 33; max += 8) {
		struct aa_file_table table;
		struct model model = { .count = 0 };

		random_state = max;
		aa_file_table_init(&table, max);
		for (int transaction = 0; transaction < 400; transaction++) {
			struct model before = model;

			aa_file_table_begin(&table);
			for (uint32_t n = next_random() % 30; n > 0; n--)
				change_both(&table, &model, max);
			expect_same(&table, &model);
			if (next_random() % 3)
				continue;
			aa_file_table_rollback(&table);
			model = before;
			expect_same(&table, &model);
		}
		assert_true(max > 30 || model.forgot);
		aa_file_table_release(&table);
	}
}

static void test_many(void **state)
{
	struct aa_file_table table;

	(void)state;
	aa_file_table_init(&table, 100000);
	aa_file_table_begin(&table);
	for (uint64_t id = 1; id <= 100000; id++)
		assert_int_not_equal(aa_file_add(&table, id << 32), AA_FILE_NONE);
	assert_false(table.forgot);
	for (uint64_t id = 1; id <= 100000; id++) {
		uint32_t file = aa_file_find(&table, id << 32);

		assert_int_not_equal(file, AA_FILE_NONE);
		assert_int_equal(aa_file_remove(&table, file), 0);
	}
	assert_int_equal(table.count, 0);
	assert_int_equal(table.oldest, AA_FILE_NONE);
	aa_file_table_rollback(&table);
	assert_int_equal(table.count, 0);
	aa_file_table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_a_model),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
