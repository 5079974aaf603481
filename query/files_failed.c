/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query files --failed: what was tried and refused, a row for each path and error. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "memory.h"

static const struct aa_column columns[] = {
	{ .name = "session_id", .title = "SESSION" },
	{ .name = "first_time_ns" },
	{ .name = "last_time_ns", .title = "LAST", .show = AA_SHOW_ELAPSED },
	{ .name = "last_time", .show = AA_SHOW_ISO },
	{ .name = "count", .title = "COUNT" },
	{ .name = "error" },
	{ .name = "error_name", .title = "ERROR" },
	{ .name = "kinds", .title = "KIND" },
	{ .name = "process_count" },
	{ .name = "pid" },
	{ .name = "comm" },
	{ .name = "by", .title = "BY" },
	{ .name = "path", .title = "PATH" },
};

enum {
	SESSION,
	FIRST,
	LAST,
	LAST_TIME,
	FAILURES,
	ERROR,
	ERROR_NAME,
	KINDS,
	PROCESSES,
	PID,
	COMM,
	BY,
	PATH,
	COLUMNS,
};

void aa_files_begin_failed(struct aa_query *query, bool all)
{
	static struct aa_column shown[COLUMNS];
	static const struct aa_listing listing = { .columns = shown, .count = COLUMNS };

	memcpy(shown, columns, sizeof(columns));
	if (all)
		shown[LAST].show = AA_SHOW_TIME;
	else
		shown[SESSION].title = NULL;
	aa_render_begin(&query->render, &listing);
}

/* Refused first: that matters more than what was not there. */
static int rank(int64_t error)
{
	return error == EACCES || error == EPERM ? 0 : error == ENOENT || error == ENOTDIR ? 2 : 1;
}

static const struct aa_trail *sorted_trail; /* qsort() takes no context */

static int compare_failures(const void *a, const void *b)
{
	const struct aa_files_failure *x = a;
	const struct aa_files_failure *y = b;
	int r = rank(x->error) - rank(y->error);

	if (r == 0)
		r = strcmp(aa_trail_path(sorted_trail, x->path), aa_trail_path(sorted_trail, y->path));
	return r ? r : (x->error > y->error) - (x->error < y->error);
}

static int show_failure(struct aa_query *query, const struct aa_trail *trail,
			const struct aa_files_failure *failure)
{
	static const enum aa_style styles[] = { AA_STYLE_BAD, AA_STYLE_PLAIN, AA_STYLE_DIM };
	aa_cleanup(aa_text_release) struct aa_text_buffer kinds = { 0 };
	aa_cleanup(aa_text_release) struct aa_text_buffer by = { 0 };
	const struct aa_trail_process *first = &trail->processes[failure->by.process[0]];
	enum aa_style style = styles[rank(failure->error)];
	struct aa_cell cells[COLUMNS] = { 0 };

	for (int i = 0; i < AA_TRAIL_KINDS; i++)
		if (failure->kinds & UINT32_C(1) << i)
			aa_text_printf(&kinds, "%s%s", kinds.size > 0 ? "," : "", aa_trail_kinds[i]);
	aa_files_add_by(&by, trail, &failure->by);
	if (kinds.failed || by.failed)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	cells[SESSION] = aa_cell_integer(trail->session->id);
	cells[FIRST] = aa_cell_integer(failure->first_ns);
	cells[LAST] = cells[LAST_TIME] = aa_cell_integer(failure->last_ns);
	cells[FAILURES] = aa_cell_integer(failure->count);
	cells[ERROR] = aa_cell_integer(failure->error);
	cells[ERROR_NAME] = aa_cell_styled(aa_cell_text(aa_files_error(query, failure->error)), style);
	cells[KINDS] = aa_cell_text(kinds.data);
	cells[PROCESSES] = aa_cell_integer(failure->by.count);
	cells[PID] = first->has_pid ? aa_cell_integer(first->pid) : aa_cell_null();
	cells[COMM] = aa_cell_text(aa_trail_comm(trail, failure->by.process[0]));
	cells[BY] = aa_cell_text(by.data);
	cells[PATH] = aa_cell_styled(aa_cell_text(aa_trail_path(trail, failure->path)), style);
	aa_render_row(&query->render, cells);
	return 0;
}

int aa_files_show_failed(struct aa_query *query, struct aa_files *files)
{
	const struct aa_number *limit = &query->settings.filter.limit;
	int r = 0;

	sorted_trail = &files->trail;
	if (files->failure_count > 0)
		qsort(files->failures, files->failure_count, sizeof(*files->failures), compare_failures);
	for (size_t i = 0; r == 0 && i < files->failure_count && query->render.failed == 0; i++) {
		if (limit->set && query->render.row_count >= (uint64_t)limit->value)
			break;
		r = show_failure(query, &files->trail, &files->failures[i]);
	}
	return r;
}
