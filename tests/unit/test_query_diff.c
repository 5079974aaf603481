/* SPDX-License-Identifier: Apache-2.0 */
/* Differences of texts: known ones, and many by chance, whose output is applied to the old text and must give the new one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/diff.h"

static int diff_of(const char *old_text, size_t old_size, const char *new_text, size_t new_size,
		   unsigned context, struct aa_text_buffer *out)
{
	const struct aa_diff_side old_side = { old_text, old_size, "a" },
				  new_side = { new_text, new_size, "b" };

	return aa_diff(&old_side, &new_side, context, out);
}

static void expect(const char *old_text, const char *new_text, const char *expected)
{
	struct aa_text_buffer out = { 0 };

	assert_int_equal(diff_of(old_text, strlen(old_text), new_text, strlen(new_text), 3, &out),
			 AA_DIFF_DIFFERS);
	assert_string_equal(out.data, expected);
	aa_text_release(&out);
}

/* The expected texts are those of GNU diff -u. */
static void test_known(void **state)
{
	(void)state;
	expect("a\nb\nc\n", "a\nx\nc\n", "--- a\n+++ b\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
	expect("", "a\n", "--- a\n+++ b\n@@ -0,0 +1 @@\n+a\n");
	expect("a\nb\n", "", "--- a\n+++ b\n@@ -1,2 +0,0 @@\n-a\n-b\n");
	expect("a", "a\n", "--- a\n+++ b\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
	expect("a\nb", "a\nc",
	       "--- a\n+++ b\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n"
	       "+c\n\\ No newline at end of file\n");
	expect("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n",
	       "--- a\n+++ b\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -6,4 +7,3 @@\n 6\n 7\n 8\n-9\n");
	expect("1\n2\n3\n4\n5\n6\n7\n8\n", "1\nx\n3\n4\n5\n6\n7\ny\n",
	       "--- a\n+++ b\n@@ -1,8 +1,8 @@\n 1\n-2\n+x\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n");
}

static void test_same_and_binary(void **state)
{
	struct aa_text_buffer out = { 0 };

	(void)state;
	assert_int_equal(diff_of("a\n", 2, "a\n", 2, 3, &out), AA_DIFF_SAME);
	assert_int_equal(diff_of(NULL, 0, NULL, 0, 3, &out), AA_DIFF_SAME);
	assert_int_equal(diff_of("a\0b", 3, "a\n", 2, 3, &out), AA_DIFF_BINARY);
	assert_int_equal(diff_of(NULL, 0, "\0", 1, 3, &out), AA_DIFF_BINARY);
	assert_null(out.data);
	aa_text_release(&out);
}

/* What patch(1) does, but trusting nothing. */
static void apply(const char *old_text, size_t old_size, struct aa_text_buffer *diff,
		  struct aa_text_buffer *out, size_t *ret_changes)
{
	const char *at = diff->data, *end = at + diff->size, *old_at = old_text,
		   *old_end = old_text + old_size;
	size_t line = 1;

	*ret_changes = 0;
	aa_text_add_string(out, "");
	for (const char *next; at < end; at = next) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		assert_non_null(newline);
		next = newline + 1;
		if (at == diff->data || strncmp(at, "+++ b", 5) == 0)
			continue;
		if (*at == '@') {
			size_t begin, count = 1;

			char *rest;

			assert_memory_equal(at, "@@ -", 4);
			begin = strtoul(at + 4, &rest, 10);
			if (*rest == ',')
				count = strtoul(rest + 1, &rest, 10);
			assert_int_equal(*rest, ' ');
			for (begin += count == 0; line < begin; line++) {
				const char *old_newline = memchr(old_at, '\n', (size_t)(old_end - old_at));

				assert_non_null(old_newline);
				aa_text_add(out, old_at, (size_t)(old_newline + 1 - old_at));
				old_at = old_newline + 1;
			}
			continue;
		}
		assert_true(*at == ' ' || *at == '-' || *at == '+');
		if (next < end && *next == '\\') {
			const char *said = memchr(next, '\n', (size_t)(end - next));

			assert_non_null(said);
			newline--;
			next = said + 1;
		}
		*ret_changes += *at != ' ';
		if (*at != '+') {
			assert_true(old_end - old_at >= newline - at);
			assert_memory_equal(old_at, at + 1, (size_t)(newline - at));
			old_at += newline - at;
			line++;
		}
		if (*at != '-')
			aa_text_add(out, at + 1, (size_t)(newline - at));
	}
	aa_text_add(out, old_at, (size_t)(old_end - old_at));
}

/* The length of a shortest edit script, by the table that textbooks fill. */
static size_t shortest(const char *a, size_t a_count, const char *b, size_t b_count)
{
	static size_t table[64][64];

	for (size_t i = 0; i <= a_count; i++)
		for (size_t j = 0; j <= b_count; j++) {
			if (i == 0 || j == 0)
				table[i][j] = i + j;
			else if (a[i - 1] == b[j - 1])
				table[i][j] = table[i - 1][j - 1];
			else
				table[i][j] = 1 + (table[i - 1][j] < table[i][j - 1] ? table[i - 1][j]
										     : table[i][j - 1]);
		}
	return table[a_count][b_count];
}

static void test_random(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char letters[2][64], text[2][160];
		size_t counts[2], sizes[2], changes;
		struct aa_text_buffer diff = { 0 }, applied = { 0 };
		unsigned context, alphabet;
		int r;

		seed = seed * 1664525 + 1013904223;
		alphabet = 1 + (seed >> 8) % 5;
		context = (seed >> 16) % 4;
		for (int side = 0; side < 2; side++) {
			seed = seed * 1664525 + 1013904223;
			counts[side] = (seed >> 16) % 40;
			sizes[side] = 0;
			for (size_t i = 0; i < counts[side]; i++) {
				seed = seed * 1664525 + 1013904223;
				letters[side][i] = (char)('a' + (seed >> 16) % alphabet);
				text[side][sizes[side]++] = letters[side][i];
				text[side][sizes[side]++] = '\n';
			}
		}
		r = diff_of(text[0], sizes[0], text[1], sizes[1], context, &diff);
		if (r == AA_DIFF_SAME) {
			assert_int_equal(sizes[0], sizes[1]);
			assert_memory_equal(text[0], text[1], sizes[0]);
			continue;
		}
		assert_int_equal(r, AA_DIFF_DIFFERS);
		apply(text[0], sizes[0], &diff, &applied, &changes);
		assert_int_equal(applied.size, sizes[1]);
		assert_memory_equal(applied.data, text[1], sizes[1]);
		assert_int_equal(changes, shortest(letters[0], counts[0], letters[1], counts[1]));
		aa_text_release(&diff);
		aa_text_release(&applied);
	}
}

/* Two texts of lines that have nothing to do with each other: an answer, not an afternoon. */
static void test_bounded(void **state)
{
	enum { LINES = 300000 };
	char *texts[2];
	size_t sizes[2];
	struct aa_text_buffer out = { 0 };

	(void)state;
	for (int side = 0; side < 2; side++) {
		uint32_t seed = (uint32_t)side + 1;

		texts[side] = malloc(LINES * 4);
		assert_non_null(texts[side]);
		sizes[side] = 0;
		for (int i = 0; i < LINES; i++) {
			seed = seed * 1664525 + 1013904223;
			texts[side][sizes[side]++] = (char)('a' + (seed >> 16) % 26);
			texts[side][sizes[side]++] = (char)('a' + (seed >> 24) % 26);
			texts[side][sizes[side]++] = '\n';
		}
	}
	assert_int_equal(diff_of(texts[0], sizes[0], texts[1], sizes[1], 3, &out), AA_DIFF_TOO_DIFFERENT);
	assert_null(out.data);
	/* Far more lines, but little that differs. */
	memcpy(texts[1], texts[0], sizes[0]);
	texts[1][sizes[0] / 2 - sizes[0] / 2 % 3] = '!';
	assert_int_equal(diff_of(texts[0], sizes[0], texts[1], sizes[0], 0, &out), AA_DIFF_DIFFERS);
	aa_text_release(&out);
	free(texts[0]);
	free(texts[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_same_and_binary),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
