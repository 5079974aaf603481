/* SPDX-License-Identifier: Apache-2.0 */
/* Rows to trees: as born, as they stood, cut down by filters, and as a forger would have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/image.h"
#include "replay/tree.h"

#define RUNNING	     INT64_MAX
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 1 has 2 and 5; 2 has 3 and 4; 6 is a second root. pid is 100 + id. */
static const struct aa_tree_row family[] = {
	{ 1, 0, false, 101, 0, RUNNING }, { 2, 1, true, 102, 10, 50 },	    { 3, 2, true, 103, 20, 30 },
	{ 4, 2, true, 104, 15, RUNNING }, { 5, 1, true, 105, 40, RUNNING }, { 6, 0, false, 106, 5, 60 },
};

/* When 2 ended, 4 went to 1; later out of the session. */
static const struct aa_tree_move moves[] = {
	{ 4, 50, 1, true, 101 },
	{ 4, 70, 0, false, 1 },
};

/* "1 .2 ..3 ..4 .5 6": ids in order, a dot per level. */
static void describe(const struct aa_tree_row *rows, const struct aa_tree *tree, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < tree->count; i++) {
		if (i > 0)
			text = stpcpy(text, " ");
		for (size_t level = 0; level < tree->nodes[i].depth; level++)
			text = stpcpy(text, ".");
		text += sprintf(text, "%lld", (long long)rows[tree->nodes[i].row].id);
	}
}

static void assert_tree(const int64_t *at_ns, const char *expected)
{
	struct aa_tree tree;
	char text[256];

	assert_int_equal(aa_tree_build(family, COUNT(family), moves, COUNT(moves), at_ns, &tree), 0);
	describe(family, &tree, text);
	assert_string_equal(text, expected);
	aa_tree_release(&tree);
}

static void as_born(void **state)
{
	(void)state;
	/* Siblings by time: 4 began before 3. */
	assert_tree(NULL, "1 .2 ..4 ..3 .5 6");
}

static void as_it_stood(void **state)
{
	static const struct {
		int64_t at_ns;
		const char *tree;
	} moments[] = {
		{ -1, "" },
		{ 0, "1" },
		{ 10, "1 .2 6" },
		{ 20, "1 .2 ..4 ..3 6" },
		{ 29, "1 .2 ..4 ..3 6" },
		{ 30, "1 .2 ..4 6" },
		{ 49, "1 .2 ..4 .5 6" },
		{ 50, "1 .4 .5 6" },
		{ 60, "1 .4 .5" },
		{ 69, "1 .4 .5" },
		{ 70, "1 .5 4" },
		{ INT64_MAX - 1, "1 .5 4" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(moments); i++)
		assert_tree(&moments[i].at_ns, moments[i].tree);
}

static void moves_are_noted(void **state)
{
	struct aa_tree tree;

	(void)state;
	assert_int_equal(aa_tree_build(family, COUNT(family), moves, COUNT(moves), NULL, &tree), 0);
	for (size_t i = 0; i < tree.count; i++)
		assert_int_equal(tree.nodes[i].move, family[tree.nodes[i].row].id == 4 ? 1 : AA_TREE_NONE);
	aa_tree_release(&tree);
}

/* A parent that ended without its children having been seen to move: they are shown, as orphans. */
static void orphans(void **state)
{
	const int64_t at_ns = 55;
	struct aa_tree tree;
	char text[64];

	(void)state;
	assert_int_equal(aa_tree_build(family, COUNT(family), NULL, 0, &at_ns, &tree), 0);
	describe(family, &tree, text);
	assert_string_equal(text, "1 .5 6 4");
	assert_true(tree.nodes[3].orphan);
	assert_false(tree.nodes[0].orphan);
	aa_tree_release(&tree);
}

static void assert_kept(int (*keep)(struct aa_tree *, const bool *), int64_t first, int64_t second,
			const char *expected)
{
	bool wanted[COUNT(family)] = { false };
	struct aa_tree tree;
	char text[64];

	assert_int_equal(aa_tree_build(family, COUNT(family), NULL, 0, NULL, &tree), 0);
	for (size_t i = 0; i < COUNT(family); i++)
		wanted[i] = family[i].id == first || family[i].id == second;
	assert_int_equal(keep(&tree, wanted), 0);
	describe(family, &tree, text);
	assert_string_equal(text, expected);
	for (size_t i = 0; i < tree.count; i++) {
		bool last = true;

		for (size_t j = i + 1; j < tree.count; j++)
			last = last && tree.nodes[j].parent != tree.nodes[i].parent;
		assert_int_equal(tree.nodes[i].last, last);
	}
	aa_tree_release(&tree);
}

static void keeping(void **state)
{
	(void)state;
	assert_kept(aa_tree_keep_below, 2, 0, "2 .4 .3");
	assert_kept(aa_tree_keep_below, 3, 5, "3 5");
	assert_kept(aa_tree_keep_below, 2, 3, "2 .4 .3");
	assert_kept(aa_tree_keep_below, 9, 0, "");
	assert_kept(aa_tree_keep_above, 3, 0, "1 .2 ..3");
	assert_kept(aa_tree_keep_above, 3, 6, "1 .2 ..3 6");
	assert_kept(aa_tree_keep_above, 0, 0, "");
}

static void circles(void **state)
{
	static const struct aa_tree_row rows[] = {
		{ 1, 3, true, 1, 0, RUNNING }, { 2, 1, true, 2, 1, RUNNING }, { 3, 2, true, 3, 2, RUNNING },
		{ 4, 4, true, 4, 3, RUNNING }, { 5, 3, true, 5, 4, RUNNING }, { 6, 77, true, 6, 5, RUNNING },
	};
	struct aa_tree tree;
	size_t circular = 0;

	(void)state;
	assert_int_equal(aa_tree_build(rows, COUNT(rows), NULL, 0, NULL, &tree), 0);
	/* Each is there once, and parents come before their children. */
	assert_int_equal(tree.count, COUNT(rows));
	for (size_t i = 0; i < tree.count; i++) {
		circular += tree.nodes[i].circular;
		assert_true(tree.nodes[i].parent == AA_TREE_NONE || tree.nodes[i].parent < i);
	}
	assert_int_equal(circular, 2);
	aa_tree_release(&tree);
}

static void same_ids_and_limits(void **state)
{
	static const struct aa_tree_row rows[] = {
		{ INT64_MIN, INT64_MAX, true, 1, INT64_MIN, INT64_MAX },
		{ 7, INT64_MIN, true, 2, INT64_MAX, INT64_MIN },
		{ 7, 7, true, 3, 0, 0 },
		{ INT64_MAX, 7, true, 4, -1, 1 },
	};
	const int64_t at_ns = 0;
	struct aa_tree tree;

	(void)state;
	assert_int_equal(aa_tree_build(rows, COUNT(rows), NULL, 0, NULL, &tree), 0);
	assert_int_equal(tree.count, COUNT(rows));
	aa_tree_release(&tree);
	assert_int_equal(aa_tree_build(rows, COUNT(rows), NULL, 0, &at_ns, &tree), 0);
	assert_int_equal(tree.count, 2);
	aa_tree_release(&tree);
	assert_int_equal(aa_tree_build(NULL, 0, NULL, 0, NULL, &tree), 0);
	assert_int_equal(tree.count, 0);
	aa_tree_release(&tree);
}

/* A chain as deep, and a family as wide, as there may be; the C stack does not grow with them. */
static void large(void **state)
{
	const size_t count = 200000;
	struct aa_tree_row *rows = calloc(count, sizeof(*rows));
	struct aa_tree_lines lines = { 0 };
	struct aa_text_buffer text = { 0 };
	struct aa_tree tree;

	(void)state;
	assert_non_null(rows);
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct aa_tree_row){
			.id = (int64_t)i + 1,
			.parent_id = i < count / 2 ? (int64_t)i : 1,
			.has_parent = i > 0,
			.begin_ns = (int64_t)i,
			.end_ns = RUNNING,
		};
	assert_int_equal(aa_tree_build(rows, count, NULL, 0, NULL, &tree), 0);
	assert_int_equal(tree.count, count);
	assert_int_equal(tree.nodes[count / 2 - 1].depth, count / 2 - 1);
	assert_int_equal(tree.nodes[count - 1].depth, 1);
	assert_true(tree.nodes[count - 1].last);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(aa_tree_lines_add(&lines, &tree.nodes[i], true, &text), 0);
	/* Not quadratic: about 40 levels are drawn. */
	assert_true(text.size < count * 300);
	aa_text_release(&text);
	aa_tree_lines_release(&lines);
	aa_tree_release(&tree);
	free(rows);
}

static void drawing(void **state)
{
	static const char *const expected[] = { "", "|- ", "|  |- ", "|  `- ", "`- ", "" };
	static const char *const boxes[] = { "", "├─ ", "│  ├─ ", "│  └─ ", "└─ ", "" };
	struct aa_text_buffer text = { 0 };
	struct aa_tree tree;

	(void)state;
	assert_int_equal(aa_tree_build(family, COUNT(family), NULL, 0, NULL, &tree), 0);
	for (int utf8 = 0; utf8 < 2; utf8++) {
		struct aa_tree_lines lines = { 0 };

		for (size_t i = 0; i < tree.count; i++) {
			aa_text_clear(&text);
			aa_text_add_string(&text, "");
			assert_int_equal(aa_tree_lines_add(&lines, &tree.nodes[i], utf8, &text), 0);
			assert_string_equal(text.data ? text.data : "", utf8 ? boxes[i] : expected[i]);
		}
		aa_tree_lines_release(&lines);
	}
	aa_text_release(&text);
	aa_tree_release(&tree);
}

/* 1 execs at 1 and 25; 2 is forked at 10 and fails twice, 3 is forked by it at 20, 4 at 15 and execs at 16. */
static const struct aa_image_exec execs[] = {
	{ 11, 1, 1, 0 },  { 12, 2, 11, 2 }, { 13, 2, 12, 13 },
	{ 14, 4, 16, 0 }, { 15, 1, 25, 0 }, { 16, 4, 17, 2 },
};

static void assert_image(const struct aa_image *images, int64_t id, int64_t exec_id, int64_t inherited_id,
			 int64_t failed)
{
	const struct aa_image *image = &images[id - 1];

	assert_int_equal(image->exec_id, exec_id);
	assert_int_equal(image->inherited_id, inherited_id);
	assert_int_equal(image->failed_count, failed);
}

static void images(void **state)
{
	struct aa_image_exec copy[COUNT(execs)];
	struct aa_image *images = NULL;

	(void)state;
	memcpy(copy, execs, sizeof(execs));
	assert_int_equal(aa_image_resolve(family, COUNT(family), copy, COUNT(copy), INT64_MAX, &images), 0);
	assert_image(images, 1, 15, AA_IMAGE_NONE, 0);
	assert_image(images, 2, AA_IMAGE_NONE, 11, 2);
	assert_image(images, 3, AA_IMAGE_NONE, 11, 0);
	assert_image(images, 4, 14, 11, 1);
	assert_image(images, 5, AA_IMAGE_NONE, 15, 0);
	assert_image(images, 6, AA_IMAGE_NONE, AA_IMAGE_NONE, 0);
	assert_int_equal(images[1].failed_error, 13);
	assert_int_equal(images[1].failed_id, 13);
	assert_int_equal(images[0].exec_count, 2);
	free(images);
	assert_int_equal(aa_image_resolve(family, COUNT(family), copy, COUNT(copy), 15, &images), 0);
	assert_image(images, 1, 11, AA_IMAGE_NONE, 0);
	assert_image(images, 4, AA_IMAGE_NONE, 11, 0);
	free(images);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_born),	   cmocka_unit_test(as_it_stood),
		cmocka_unit_test(moves_are_noted), cmocka_unit_test(orphans),
		cmocka_unit_test(keeping),	   cmocka_unit_test(circles),
		cmocka_unit_test(large),	   cmocka_unit_test(same_ids_and_limits),
		cmocka_unit_test(drawing),	   cmocka_unit_test(images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
