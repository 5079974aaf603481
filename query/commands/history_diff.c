/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query history --diff and --content: what a file held. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "render/safe.h"
#include "render/table.h"
#include "replay/diff.h"
#include "versions_private.h"

#define CONTEXT_LINES 3
#define FLUSH_BYTES   ((size_t)64 * 1024)

static enum aa_status status_of(const struct aa_query *query)
{
	return query->error.code == -ENODATA ? AA_NOTHING : AA_UNREADABLE;
}

static int64_t last_number(const struct aa_versions *versions)
{
	for (size_t i = versions->count; i > 0; i--)
		if (versions->items[i - 1].number)
			return versions->items[i - 1].number;
	return 0;
}

/* Says which numbers there are. */
static enum aa_status no_version(struct aa_query *query, const struct aa_versions *versions, int64_t number)
{
	int64_t last = last_number(versions);

	if (last == 0)
		(void)aa_error_set(&query->error, -ENODATA,
				   "no contents of this file were recorded (aa-record --content GLOB)");
	else if (number <= 0)
		(void)aa_error_set(&query->error, -ENODATA,
				   last == 1 ? "only one version of this file was recorded"
					     : "version 1 is the first that was recorded");
	else
		(void)aa_error_set(&query->error, -ENODATA,
				   "there is no version %" PRId64 " of this file: they are 1 to %" PRId64,
				   number, last);
	return AA_NOTHING;
}

/* "", "N" or "N:M". */
static enum aa_status parse(struct aa_query *query, const struct aa_versions *versions, const char *which,
			    int64_t numbers[2])
{
	char *end = NULL;

	numbers[1] = last_number(versions);
	if (*which)
		numbers[1] = strtoll(which, &end, 10);
	numbers[0] = numbers[1] > 0 ? numbers[1] - 1 : 0;
	if (end && end != which && *end == ':') {
		const char *second = end + 1;

		numbers[0] = numbers[1];
		numbers[1] = strtoll(second, &end, 10);
		if (end == second)
			end = NULL;
	}
	if (*which && (!end || end == which || *end || numbers[1] < 1 || numbers[0] < (*which ? 0 : 1))) {
		(void)aa_error_set(&query->error, -EINVAL,
				   "--diff: '%s' is neither N nor N:M, numbers of versions from 1", which);
		return AA_USAGE;
	}
	return AA_ANSWERED;
}

static enum aa_style style_of(const char *line)
{
	switch (*line) {
	case '-':
		return AA_STYLE_BAD;
	case '+':
		return AA_STYLE_GOOD;
	case '@':
		return AA_STYLE_NAME;
	default:
		return AA_STYLE_PLAIN;
	}
}

/* As text: each line made safe, with its tabs, in its colour. */
static void show_lines(struct aa_query *query, const struct aa_text_buffer *diff)
{
	struct aa_render *render = &query->render;
	aa_cleanup(aa_text_release) struct aa_text_buffer safe = { 0 };
	const char *at = diff->data, *end = at + diff->size;

	while (at < end && render->failed == 0) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline)
			newline = end;
		aa_text_clear(&safe);
		aa_safe_lines(&safe, at, (size_t)(newline - at));
		aa_text_table_paint(&render->text, render, style_of(at), safe.data ? safe.data : "",
				    safe.size);
		aa_text_add_string(&render->text, "\n");
		if (safe.failed || render->text.failed)
			render->failed = -ENOMEM;
		else if (render->text.size >= FLUSH_BYTES && render->flush)
			render->failed = render->flush(render->context, &render->text);
		at = newline + (newline < end);
	}
}

static const char *result_name(int result)
{
	static const char *const names[] = {
		[AA_DIFF_DIFFERS] = "differs",
		[AA_DIFF_SAME] = "same",
		[AA_DIFF_BINARY] = "binary",
		[AA_DIFF_TOO_DIFFERENT] = "too-different",
	};

	return names[result];
}

static void show_text(struct aa_query *query, const struct aa_version *const sides[2], int result,
		      const struct aa_text_buffer *diff)
{
	char line[160];

	if (result == AA_DIFF_DIFFERS) {
		show_lines(query, diff);
		return;
	}
	(void)snprintf(line, sizeof(line),
		       "versions %" PRId64 " (%" PRId64 " bytes) and %" PRId64 " (%" PRId64 " bytes) %s",
		       sides[0]->number, sides[0]->size_bytes, sides[1]->number, sides[1]->size_bytes,
		       result == AA_DIFF_SAME	  ? "are the same"
		       : result == AA_DIFF_BINARY ? "differ, and are not text"
						  : "have too little in common to compare them");
	aa_render_line(&query->render, AA_STYLE_PLAIN, line);
}

/* For programs: one row. */
static void show_row(struct aa_query *query, const struct aa_version *const sides[2], int result,
		     const struct aa_text_buffer *diff)
{
	static const struct aa_column columns[] = {
		{ .name = "from" },	 { .name = "to" },     { .name = "from_sha256" },
		{ .name = "to_sha256" }, { .name = "result" }, { .name = "diff" },
	};
	static const struct aa_listing listing = { .columns = columns, .count = 6 };
	struct aa_cell cells[] = {
		aa_cell_integer(sides[0]->number), aa_cell_integer(sides[1]->number),
		aa_cell_text(sides[0]->sha256),	   aa_cell_text(sides[1]->sha256),
		aa_cell_text(result_name(result)), aa_cell_null(),
	};

	if (result == AA_DIFF_DIFFERS)
		cells[5] = (struct aa_cell){ .type = AA_CELL_TEXT, .bytes = diff->data, .size = diff->size };
	aa_render_begin(&query->render, &listing);
	aa_render_row(&query->render, cells);
	aa_render_end(&query->render);
}

static void set_label(char label[128], const struct aa_version *version)
{
	(void)snprintf(label, 128, "version %" PRId64 "\tsha256 %.16s%s", version->number, version->sha256,
		       version->changed ? " (changed while it was read)" : "");
}

enum aa_status aa_versions_diff(struct aa_query *query, const struct aa_versions *versions, const char *which)
{
	aa_cleanup(aa_version_bytes_release) struct aa_version_bytes old_bytes = { 0 }, new_bytes = { 0 };
	aa_cleanup(aa_text_release) struct aa_text_buffer diff = { 0 };
	const struct aa_version *sides[2];
	char labels[2][128];
	int64_t numbers[2];
	enum aa_status status = parse(query, versions, which, numbers);
	int r;

	for (int i = 0; i < 2 && status == AA_ANSWERED; i++) {
		sides[i] = aa_versions_find(versions, numbers[i]);
		if (!sides[i])
			return no_version(query, versions, numbers[i]);
		set_label(labels[i], sides[i]);
	}
	if (status != AA_ANSWERED)
		return status;
	if (aa_version_read(query, versions, sides[0], &old_bytes) < 0 ||
	    aa_version_read(query, versions, sides[1], &new_bytes) < 0)
		return status_of(query);
	r = aa_diff(&(struct aa_diff_side){ old_bytes.bytes, old_bytes.size, labels[0] },
		    &(struct aa_diff_side){ new_bytes.bytes, new_bytes.size, labels[1] }, CONTEXT_LINES,
		    &diff);
	if (r < 0) {
		(void)aa_error_set(&query->error, r, "out of memory");
		return AA_UNREADABLE;
	}
	if (aa_render_is_text(&query->render))
		show_text(query, sides, r, &diff);
	else
		show_row(query, sides, r, &diff);
	query->told = true;
	return AA_ANSWERED;
}

enum aa_status aa_versions_write(struct aa_query *query, const struct aa_versions *versions, int64_t number)
{
	aa_cleanup(aa_version_bytes_release) struct aa_version_bytes bytes = { 0 };
	const struct aa_version *version =
		aa_versions_find(versions, number > 0 ? number : last_number(versions));
	size_t written = 0;

	if (!version)
		return no_version(query, versions, number);
	if (isatty(STDOUT_FILENO)) {
		(void)aa_error_set(&query->error, -EINVAL,
				   "--content writes the exact bytes, which a terminal might obey: send them "
				   "to a file or a "
				   "pipe, for instance to cat -v");
		return AA_USAGE;
	}
	if (aa_version_read(query, versions, version, &bytes) < 0)
		return status_of(query);
	while (written < bytes.size) {
		ssize_t n = write(STDOUT_FILENO, bytes.bytes + written, bytes.size - written);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			query->render.failed = -errno;
			return AA_UNREADABLE;
		}
		written += (size_t)n;
	}
	query->told = true;
	return AA_ANSWERED;
}
