/* SPDX-License-Identifier: Apache-2.0 */
/* See diff.h: lines become numbers, what is common at both ends is set aside, and Myers finds the rest. */
#include "replay/diff.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "replay/array.h"

/* A second or so. */
#define MAX_STEPS 200000000u
#define MAX_LINES 4000000u

struct line {
	const char *bytes;
	size_t size;	 /* with its newline, which the last one may lack */
	uint32_t number; /* the same for the same bytes */
	bool changed;
};

struct lines {
	struct line *items;
	size_t count;
};

struct diff {
	struct lines sides[2];
	int64_t *forward, *backward; /* furthest reaching x of each diagonal, from either end */
	uint64_t steps;
	bool too_different;
};

/* The part of both sides that is compared. */
struct box {
	int64_t old_begin, old_end, new_begin, new_end;
};

static int split(const struct aa_diff_side *side, struct lines *lines)
{
	const char *at = side->bytes, *end = at + side->size;
	size_t count = 0;

	for (const char *next = at; next < end; count++) {
		const char *newline = memchr(next, '\n', (size_t)(end - next));

		next = newline ? newline + 1 : end;
	}
	if (count > MAX_LINES)
		return AA_DIFF_TOO_DIFFERENT;
	lines->items = aa_array_make(count, sizeof(*lines->items));
	if (!lines->items)
		return -ENOMEM;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline + 1 : end;

		lines->items[lines->count++] = (struct line){ .bytes = at, .size = (size_t)(next - at) };
		at = next;
	}
	return 0;
}

static int compare_lines(const void *a, const void *b)
{
	const struct line *first = *(struct line *const *)a, *second = *(struct line *const *)b;
	size_t size = first->size < second->size ? first->size : second->size;
	int order = memcmp(first->bytes, second->bytes, size);

	return order ? order : (first->size > second->size) - (first->size < second->size);
}

/* By sorting, which takes the same time for all contents: nobody can choose lines that collide. */
static int number(struct diff *diff)
{
	size_t count = 0, total = diff->sides[0].count + diff->sides[1].count;
	aa_cleanup_free struct line **sorted = aa_array_make(total, sizeof(struct line *));

	if (!sorted)
		return -ENOMEM;
	for (unsigned side = 0; side < 2; side++)
		for (size_t i = 0; i < diff->sides[side].count; i++)
			sorted[count++] = &diff->sides[side].items[i];
	qsort(sorted, total, sizeof(void *), compare_lines);
	for (size_t i = 1; i < total; i++)
		sorted[i]->number = sorted[i - 1]->number + (compare_lines(&sorted[i - 1], &sorted[i]) != 0);
	return 0;
}

static bool is_same(const struct diff *diff, int64_t old_line, int64_t new_line)
{
	return diff->sides[0].items[old_line].number == diff->sides[1].items[new_line].number;
}

/* The run of common lines in the middle of a shortest way: from x, y to u, v. */
struct snake {
	int64_t x, y, u, v;
};

/*
 * One more difference from one end of the box. True if the two searches meet: then ret_snake is where. Diagonals k = x - y
 * are from -height to width; the arrays are indexed so that both fit, with one more on each side.
 */
static bool advance(struct diff *diff, const struct box *box, int64_t differences, bool from_end,
		    struct snake *ret_snake)
{
	const int64_t width = box->old_end - box->old_begin, height = box->new_end - box->new_begin;
	int64_t *reach = (from_end ? diff->backward : diff->forward) + height + 1;
	const int64_t *other = (from_end ? diff->forward : diff->backward) + height + 1;
	const int64_t met = from_end ? differences : differences - 1; /* what the other search has done */
	const bool odd = (width + height) % 2 != 0;
	/* Diagonals that have left the box are not followed. */
	const int64_t low = differences > height ? differences - 2 * height : -differences;
	const int64_t high = differences > width ? 2 * width - differences : differences;

	for (int64_t k = low; k <= high; k += 2) {
		int64_t x = k == -differences || (k != differences && reach[k - 1] < reach[k + 1])
				    ? reach[k + 1]
				    : reach[k - 1] + 1;
		int64_t y = x - k, z = width - height - k;
		const int64_t begin_x = x, begin_y = y;

		while (x < width && y < height &&
		       (from_end ? is_same(diff, box->old_end - 1 - x, box->new_end - 1 - y)
				 : is_same(diff, box->old_begin + x, box->new_begin + y))) {
			x++;
			y++;
		}
		reach[k] = x;
		diff->steps += (uint64_t)(x - begin_x) + 1;
		if (odd == from_end || z < -met || z > met || x + other[z] < width)
			continue;
		*ret_snake =
			from_end ? (struct snake){ width - x, height - y, width - begin_x, height - begin_y }
				 : (struct snake){ begin_x, begin_y, x, y };
		return true;
	}
	return false;
}

/* False if it takes too long. */
static bool find_middle(struct diff *diff, const struct box *box, struct snake *ret_snake)
{
	const int64_t width = box->old_end - box->old_begin, height = box->new_end - box->new_begin;
	const size_t bytes = (size_t)(width + height + 3) * sizeof(*diff->forward);

	memset(diff->forward, 0, bytes);
	memset(diff->backward, 0, bytes);
	for (int64_t differences = 0; diff->steps < MAX_STEPS; differences++)
		if (advance(diff, box, differences, false, ret_snake) ||
		    advance(diff, box, differences, true, ret_snake))
			return true;
	return false;
}

static void mark(struct lines *lines, int64_t begin, int64_t end)
{
	for (int64_t i = begin; i < end; i++)
		lines->items[i].changed = true;
}

/* Each half has half of the differences, so this is never deeper than their logarithm. */
static void compare(struct diff *diff, struct box box)
{
	struct snake snake;

	while (box.old_begin < box.old_end && box.new_begin < box.new_end &&
	       is_same(diff, box.old_begin, box.new_begin)) {
		box.old_begin++;
		box.new_begin++;
	}
	while (box.old_begin < box.old_end && box.new_begin < box.new_end &&
	       is_same(diff, box.old_end - 1, box.new_end - 1)) {
		box.old_end--;
		box.new_end--;
	}
	if (box.old_begin == box.old_end || box.new_begin == box.new_end) {
		mark(&diff->sides[0], box.old_begin, box.old_end);
		mark(&diff->sides[1], box.new_begin, box.new_end);
		return;
	}
	if (diff->too_different || !find_middle(diff, &box, &snake)) {
		diff->too_different = true;
		return;
	}
	compare(diff, (struct box){ box.old_begin, box.old_begin + snake.x, box.new_begin,
				    box.new_begin + snake.y });
	compare(diff,
		(struct box){ box.old_begin + snake.u, box.old_end, box.new_begin + snake.v, box.new_end });
}

static void add_line(struct aa_text_buffer *out, char sign, const struct line *line)
{
	aa_text_add(out, &sign, 1);
	aa_text_add(out, line->bytes, line->size);
	if (line->bytes[line->size - 1] != '\n')
		aa_text_add_string(out, "\n\\ No newline at end of file\n");
}

/* "12,3", as diff -u counts: from 1, one line has no count, and none is at the line before. */
static void add_range(struct aa_text_buffer *out, size_t begin, size_t count)
{
	aa_text_printf(out, "%zu", count ? begin + 1 : begin);
	if (count != 1)
		aa_text_printf(out, ",%zu", count);
}

/* Steps over lines that both have, or to the end; then over what changed. */
static void skip_same(const struct diff *diff, size_t *old_line, size_t *new_line)
{
	while (*old_line < diff->sides[0].count && *new_line < diff->sides[1].count &&
	       !diff->sides[0].items[*old_line].changed && !diff->sides[1].items[*new_line].changed) {
		++*old_line;
		++*new_line;
	}
}

static void skip_changed(const struct diff *diff, size_t *old_line, size_t *new_line)
{
	while (*old_line < diff->sides[0].count && diff->sides[0].items[*old_line].changed)
		++*old_line;
	while (*new_line < diff->sides[1].count && diff->sides[1].items[*new_line].changed)
		++*new_line;
}

static void add_hunk(const struct diff *diff, struct aa_text_buffer *out, size_t old_begin, size_t old_end,
		     size_t new_begin, size_t new_end)
{
	const struct line *old_lines = diff->sides[0].items, *new_lines = diff->sides[1].items;

	aa_text_add_string(out, "@@ -");
	add_range(out, old_begin, old_end - old_begin);
	aa_text_add_string(out, " +");
	add_range(out, new_begin, new_end - new_begin);
	aa_text_add_string(out, " @@\n");
	while (old_begin < old_end || new_begin < new_end) {
		if (old_begin < old_end && old_lines[old_begin].changed) {
			add_line(out, '-', &old_lines[old_begin++]);
		} else if (new_begin < new_end && new_lines[new_begin].changed) {
			add_line(out, '+', &new_lines[new_begin++]);
		} else {
			add_line(out, ' ', &old_lines[old_begin++]);
			new_begin++;
		}
	}
}

static void add_hunks(const struct diff *diff, unsigned context, struct aa_text_buffer *out)
{
	size_t old_line = 0, new_line = 0;

	for (;;) {
		size_t old_begin, new_begin, before, gap, old_end, new_end;

		skip_same(diff, &old_line, &new_line);
		if (old_line >= diff->sides[0].count && new_line >= diff->sides[1].count)
			return;
		before = old_line < context ? old_line : context;
		old_begin = old_line - before;
		new_begin = new_line - before;
		do { /* changes that are near each other are one hunk */
			skip_changed(diff, &old_line, &new_line);
			old_end = old_line;
			new_end = new_line;
			skip_same(diff, &old_line, &new_line);
			gap = old_line - old_end;
		} while (gap <= 2 * (size_t)context &&
			 (old_line < diff->sides[0].count || new_line < diff->sides[1].count));
		gap = gap < context ? gap : context;
		add_hunk(diff, out, old_begin, old_end + gap, new_begin, new_end + gap);
	}
}

static int run(struct diff *diff, const struct aa_diff_side *old_side, const struct aa_diff_side *new_side)
{
	size_t total;
	int r = split(old_side, &diff->sides[0]);

	if (r == 0)
		r = split(new_side, &diff->sides[1]);
	if (r == 0)
		r = number(diff);
	if (r != 0)
		return r;
	total = diff->sides[0].count + diff->sides[1].count + 3;
	diff->forward = aa_array_make(total, sizeof(*diff->forward));
	diff->backward = aa_array_make(total, sizeof(*diff->backward));
	if (!diff->forward || !diff->backward)
		return -ENOMEM;
	compare(diff, (struct box){ 0, (int64_t)diff->sides[0].count, 0, (int64_t)diff->sides[1].count });
	return diff->too_different ? AA_DIFF_TOO_DIFFERENT : AA_DIFF_DIFFERS;
}

int aa_diff(const struct aa_diff_side *old_side, const struct aa_diff_side *new_side, unsigned context,
	    struct aa_text_buffer *out)
{
	struct diff diff = { 0 };
	int r;

	if (old_side->size == new_side->size &&
	    (old_side->size == 0 || memcmp(old_side->bytes, new_side->bytes, old_side->size) == 0))
		return AA_DIFF_SAME;
	if ((old_side->size && memchr(old_side->bytes, '\0', old_side->size)) ||
	    (new_side->size && memchr(new_side->bytes, '\0', new_side->size)))
		return AA_DIFF_BINARY;
	r = run(&diff, old_side, new_side);
	if (r == 0) {
		aa_text_printf(out, "--- %s\n+++ %s\n", old_side->label, new_side->label);
		add_hunks(&diff, context, out);
		r = out->failed ? -ENOMEM : 0;
	}
	free(diff.sides[0].items);
	free(diff.sides[1].items);
	free(diff.forward);
	free(diff.backward);
	return r;
}
