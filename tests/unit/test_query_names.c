/* SPDX-License-Identifier: Apache-2.0 */
/* Names and files: created, renamed, exchanged, linked, removed; directories above them moved; inodes known late or never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/names.h"

struct fixture {
	struct aa_names names;
};

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	aa_names_release(&((struct fixture *)*state)->names);
	free(*state);
	return 0;
}

/* An act on path, and path2 if there is one, of the inode, if it is not 0. */
static struct aa_names_result act(struct fixture *t, enum aa_names_what what, const char *path,
				  const char *path2, uint64_t inode)
{
	struct aa_names_place place = { .path = path }, place2 = { .path = path2 };
	struct aa_names_act it = {
		.what = what,
		.place = path ? &place : NULL,
		.place2 = path2 ? &place2 : NULL,
		.node = { .known = inode != 0, .device = 1, .inode = inode },
	};
	struct aa_names_result result;

	assert_int_equal(aa_names_apply(&t->names, &it, &result), 0);
	return result;
}

static uint32_t slot_at(struct fixture *t, const char *path)
{
	struct aa_names_place place = { .path = path };
	uint32_t slot;

	assert_int_equal(aa_names_resolve(&t->names, &place, &slot), 0);
	return slot;
}

static uint32_t file_at(struct fixture *t, const char *path)
{
	return t->names.slots[slot_at(t, path)].file;
}

static void expect_path(struct fixture *t, uint32_t slot, const char *path)
{
	struct aa_text_buffer text = { 0 };

	assert_int_equal(aa_names_path(&t->names, slot, &text), path != NULL);
	if (path)
		assert_string_equal(text.data, path);
	aa_text_release(&text);
}

static void test_a_file_keeps_its_identity(void **state)
{
	struct fixture *t = *state;
	uint32_t file = act(t, AA_NAMES_CREATE, "/a/b", NULL, 7).file;

	assert_int_equal(act(t, AA_NAMES_RENAME, "/a/b", "/a/c", 0).file, file);
	assert_int_equal(act(t, AA_NAMES_USE, NULL, NULL, 7).file, file);
	assert_int_equal(act(t, AA_NAMES_LINK, "/a/c", "/d", 7).file, file);
	assert_int_equal(act(t, AA_NAMES_USE, "/d", NULL, 0).file, file);
	assert_int_equal(act(t, AA_NAMES_REMOVE, "/a/c", NULL, 0).file, file);
	assert_int_equal(file_at(t, "/a/b"), AA_NAMES_NONE);
	assert_int_equal(file_at(t, "/a/c"), AA_NAMES_NONE);
	assert_int_equal(file_at(t, "/d"), file);
}

static void test_inodes_are_reused(void **state)
{
	struct fixture *t = *state;
	struct aa_names_place place = { .path = "/b" };
	struct aa_names_act it = {
		.what = AA_NAMES_USE,
		.place = &place,
		.node = { .known = true, .has_generation = true, .device = 1, .inode = 7, .generation = 1 },
	};
	struct aa_names_result first, second;
	uint32_t created = act(t, AA_NAMES_CREATE, "/a", NULL, 7).file;

	assert_int_not_equal(act(t, AA_NAMES_CREATE, "/a", NULL, 7).file, created);
	assert_int_equal(aa_names_apply(&t->names, &it, &first), 0);
	it.node.generation = 2;
	assert_int_equal(aa_names_apply(&t->names, &it, &second), 0);
	assert_int_not_equal(first.file, second.file);
	assert_int_equal(file_at(t, "/b"), second.file);
}

static void test_a_name_gets_its_inode_later(void **state)
{
	struct fixture *t = *state;
	uint32_t file = act(t, AA_NAMES_RENAME, "/a", "/b", 0).file;

	assert_int_equal(act(t, AA_NAMES_USE, "/b", NULL, 9).file, file);
	assert_int_equal(act(t, AA_NAMES_USE, NULL, NULL, 9).file, file);
	/* Another one there is another file. */
	assert_int_not_equal(act(t, AA_NAMES_USE, "/b", NULL, 10).file, file);
}

static void test_a_directory_moves_with_all_in_it(void **state)
{
	struct fixture *t = *state;
	uint32_t deep = act(t, AA_NAMES_USE, "/a/b/c/d", NULL, 1).file;
	uint32_t late;

	(void)act(t, AA_NAMES_RENAME, "/a/b", "/x", 0);
	(void)act(t, AA_NAMES_RENAME, "/x", "/a/y", 0);
	assert_int_equal(file_at(t, "/a/y/c/d"), deep);
	assert_int_equal(file_at(t, "/a/b/c/d"), AA_NAMES_NONE);
	late = act(t, AA_NAMES_USE, "/a/y/e", NULL, 2).file;
	assert_int_equal(aa_names_first_file(&t->names, "/a/b/c/d"), deep);
	assert_int_equal(aa_names_first_file(&t->names, "/a/b/e"), late);
	assert_int_equal(aa_names_first_file(&t->names, "/a/y/e"), AA_NAMES_NONE);
	expect_path(t, act(t, AA_NAMES_USE, "/a/y/e", NULL, 2).slot, "/a/y/e");
}

static void test_two_directories_change_places(void **state)
{
	struct fixture *t = *state;
	uint32_t one = act(t, AA_NAMES_USE, "/a/f", NULL, 1).file;
	uint32_t two = act(t, AA_NAMES_USE, "/b/f", NULL, 2).file;

	(void)act(t, AA_NAMES_EXCHANGE, "/a", "/b", 0);
	assert_int_equal(file_at(t, "/a/f"), two);
	assert_int_equal(file_at(t, "/b/f"), one);
}

static void test_what_is_replaced_is_told(void **state)
{
	struct fixture *t = *state;
	uint32_t old = act(t, AA_NAMES_USE, "/f", NULL, 1).file;
	struct aa_names_result result;

	(void)act(t, AA_NAMES_CREATE, "/tmp", NULL, 2);
	result = act(t, AA_NAMES_RENAME, "/tmp", "/f", 0);
	assert_int_equal(result.file2, old);
	assert_int_equal(file_at(t, "/f"), result.file);
	/* Two names of one file: nothing happens. */
	(void)act(t, AA_NAMES_LINK, "/f", "/g", 2);
	assert_int_equal(act(t, AA_NAMES_RENAME, "/f", "/g", 2).file2, AA_NAMES_NONE);
	assert_int_equal(file_at(t, "/f"), file_at(t, "/g"));
}

static void test_what_was_there_before(void **state)
{
	struct fixture *t = *state;

	(void)act(t, AA_NAMES_USE, "/old", NULL, 1);
	(void)act(t, AA_NAMES_CREATE, "/new", NULL, 2);
	(void)act(t, AA_NAMES_REMOVE, "/gone", NULL, 0);
	(void)act(t, AA_NAMES_CREATE, "/gone", NULL, 3);
	(void)act(t, AA_NAMES_MISSED, "/missed", NULL, 0);
	(void)act(t, AA_NAMES_RENAME, "/x", "/missed", 0);
	(void)act(t, AA_NAMES_RENAME, "/y", "/unknown", 0);
	(void)act(t, AA_NAMES_CREATE, "/made", NULL, 0);
	(void)act(t, AA_NAMES_USE, "/made/in", NULL, 4);
	(void)act(t, AA_NAMES_FAILED, "/refused", NULL, 0);
	assert_int_equal(aa_names_was_before(&t->names, slot_at(t, "/old")), AA_BEFORE_YES);
	assert_int_equal(aa_names_was_before(&t->names, slot_at(t, "/new")), AA_BEFORE_NO);
	assert_int_equal(aa_names_was_before(&t->names, slot_at(t, "/gone")), AA_BEFORE_YES);
	assert_int_equal(aa_names_was_before(&t->names, slot_at(t, "/missed")), AA_BEFORE_NO);
	assert_int_equal(aa_names_was_before(&t->names, slot_at(t, "/unknown")), AA_BEFORE_UNKNOWN);
	assert_int_equal(aa_names_was_before(&t->names, slot_at(t, "/made/in")), AA_BEFORE_NO);
	assert_false(t->names.slots[slot_at(t, "/refused")].touched);
	/* A directory takes an empty place only. */
	(void)act(t, AA_NAMES_USE, "/from/in", NULL, 5);
	(void)act(t, AA_NAMES_RENAME, "/from", "/to", 0);
	assert_int_equal(aa_names_was_before(&t->names, slot_at(t, "/to")), AA_BEFORE_UNKNOWN);
	assert_int_equal(aa_names_was_before(&t->names, slot_at(t, "/to/in")), AA_BEFORE_NO);
}

static void test_a_removed_directory_is_nowhere(void **state)
{
	struct fixture *t = *state;
	uint32_t slot = act(t, AA_NAMES_USE, "/a/f", NULL, 1).slot;

	(void)act(t, AA_NAMES_REMOVE, "/a", NULL, 0);
	expect_path(t, slot, NULL);
	assert_int_equal(file_at(t, "/a/f"), AA_NAMES_NONE);
}

/* The record of mkdir(2) is made at its end: another thread may have been in the directory before. */
static void test_records_in_another_order(void **state)
{
	struct fixture *t = *state;
	uint32_t file = act(t, AA_NAMES_CREATE, "/d/f", NULL, 1).file;

	(void)act(t, AA_NAMES_CREATE, "/d", NULL, 0);
	assert_int_equal(file_at(t, "/d/f"), file);
	assert_int_equal(aa_names_was_before(&t->names, slot_at(t, "/d/f")), AA_BEFORE_NO);
}

/* No file system does that: a directory is moved into itself. */
static void test_circles_end(void **state)
{
	struct fixture *t = *state;
	uint32_t slot = act(t, AA_NAMES_USE, "/a/b/c", NULL, 1).slot;

	(void)act(t, AA_NAMES_RENAME, "/a", "/a/b/d", 0);
	(void)act(t, AA_NAMES_RENAME, "/a/b/d", "/a", 0);
	(void)act(t, AA_NAMES_EXCHANGE, "/a", "/a", 0);
	(void)act(t, AA_NAMES_EXCHANGE, "/a", "/a/b", 0);
	(void)act(t, AA_NAMES_EXCHANGE, "/", "/a", 0);
	(void)act(t, AA_NAMES_RENAME, "/", "/z", 0);
	(void)act(t, AA_NAMES_REMOVE, "/", NULL, 0);
	(void)act(t, AA_NAMES_USE, "/a/b", NULL, 0);
	for (uint32_t i = 0; i < t->names.slot_count; i++) {
		struct aa_text_buffer text = { 0 };

		(void)aa_names_path(&t->names, i, &text);
		(void)aa_names_first_path(&t->names, i, &text);
		(void)aa_names_was_before(&t->names, i);
		aa_text_release(&text);
	}
	assert_true(slot < t->names.slot_count);
}

static void test_odd_paths(void **state)
{
	struct fixture *t = *state;

	assert_int_equal(slot_at(t, "/"), 0);
	assert_int_equal(slot_at(t, ""), 0);
	assert_int_equal(slot_at(t, "/a//b/"), slot_at(t, "/a/b"));
	(void)act(t, AA_NAMES_RENAME, NULL, "/n", 5);
	assert_int_not_equal(file_at(t, "/n"), AA_NAMES_NONE);
	(void)act(t, AA_NAMES_RENAME, "/n", NULL, 5);
	assert_int_equal(file_at(t, "/n"), AA_NAMES_NONE);
	assert_int_equal(act(t, AA_NAMES_USE, NULL, NULL, 0).file, AA_NAMES_NONE);
	assert_int_equal(aa_names_first_file(&t->names, "/nowhere/at/all"), AA_NAMES_NONE);
}

/* The same numbers on every machine. */
static unsigned next_number(unsigned limit)
{
	static uint64_t state = 20251120;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(state >> 33) % limit;
}

/* Acts at random on few names: whatever happens, each slot's path leads back to it. */
static void test_random_acts(void **state)
{
	struct fixture *t = *state;

	for (int i = 0; i < 20000; i++) {
		char paths[2][16] = { "", "" };

		for (int p = 0; p < 2; p++) {
			unsigned levels = next_number(4) + 1;

			for (unsigned level = 0; level < levels; level++) {
				paths[p][2 * level] = '/';
				paths[p][2 * level + 1] = (char)('a' + (char)next_number(4));
			}
		}
		(void)act(t, (enum aa_names_what)next_number(8), paths[0], paths[1], next_number(20));
	}
	for (uint32_t i = 0; i < t->names.slot_count; i++) {
		struct aa_text_buffer text = { 0 };

		if (aa_names_path(&t->names, i, &text))
			assert_int_equal(slot_at(t, text.data), i);
		aa_text_release(&text);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_file_keeps_its_identity),
		TEST(test_inodes_are_reused),
		TEST(test_a_name_gets_its_inode_later),
		TEST(test_a_directory_moves_with_all_in_it),
		TEST(test_two_directories_change_places),
		TEST(test_what_is_replaced_is_told),
		TEST(test_what_was_there_before),
		TEST(test_a_removed_directory_is_nowhere),
		TEST(test_records_in_another_order),
		TEST(test_circles_end),
		TEST(test_odd_paths),
		TEST(test_random_acts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
