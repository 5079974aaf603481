/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query files: what was done with each path. The parts with tables of their own are in query/files_*.c. */
#include "files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "memory.h"
#include "query.h"
#include "session.h"
#include "statement.h"

static const struct aa_column columns[] = {
	{ .name = "session_id", .title = "SESSION" },
	{ .name = "first_time_ns" },
	{ .name = "last_time_ns", .title = "LAST", .show = AA_SHOW_ELAPSED },
	{ .name = "last_time", .show = AA_SHOW_ISO },
	{ .name = "opens", .title = "OPENS" },
	{ .name = "read_bytes", .title = "READ", .show = AA_SHOW_SIZE },
	{ .name = "write_bytes", .title = "WRITTEN", .show = AA_SHOW_SIZE },
	{ .name = "what", .title = "WHAT" },
	{ .name = "created" },
	{ .name = "deleted" },
	{ .name = "renamed_from" },
	{ .name = "renamed_to" },
	{ .name = "failed" },
	{ .name = "error" },
	{ .name = "process_count" },
	{ .name = "pid" },
	{ .name = "comm" },
	{ .name = "by", .title = "BY" },
	{ .name = "type" },
	{ .name = "path", .title = "PATH" },
};

enum {
	SESSION,
	FIRST,
	LAST,
	LAST_TIME,
	OPENS,
	READ,
	WRITTEN,
	WHAT,
	CREATED,
	DELETED,
	RENAMED_FROM,
	RENAMED_TO,
	FAILED,
	ERROR,
	PROCESSES,
	PID,
	COMM,
	BY,
	TYPE,
	PATH,
	COLUMNS,
};

/* What happened, in words, in this order. */
static const struct {
	unsigned what;
	const char *word;
} words[] = {
	{ AA_FILES_LINKED, "linked" },	      { AA_FILES_CREATED, "created" },
	{ AA_FILES_ARRIVED, "renamed here" }, { AA_FILES_REPLACED, "replaced" },
	{ AA_FILES_TRUNCATED, "truncated" },  { AA_FILES_MAPPED, "mapped" },
	{ AA_FILES_COPIED, "copied" },	      { AA_FILES_MODE, "chmod" },
	{ AA_FILES_OWNER, "chown" },	      { AA_FILES_TIMES, "utimes" },
	{ AA_FILES_XATTR, "xattr" },	      { AA_FILES_MOUNTED, "mounted" },
	{ AA_FILES_ENTERED, "entered" },      { AA_FILES_RENAMED, "renamed" },
	{ AA_FILES_DELETED, "deleted" },      { AA_FILES_UNCOUNTED, "bytes not counted" },
};

/* True if one of the options asks for it, or none does. */
static bool is_wanted(const struct aa_query *query, const struct aa_files_sum *sum)
{
	const struct aa_settings *settings = &query->settings;
	unsigned content = AA_FILES_WRITTEN | AA_FILES_TRUNCATED | AA_FILES_MAPPED | AA_FILES_MAY_WRITE;

	if (!settings->written && !settings->created && !settings->deleted)
		return true;
	return (settings->written && (sum->what & content)) ||
	       (settings->created && (sum->what & AA_FILES_CREATED)) ||
	       (settings->deleted && (sum->what & AA_FILES_DELETED));
}

/* In text: directories that are only looked into, devices, pipes, and paths that led nowhere are in the way. */
static bool is_in_the_way(const struct aa_query *query, const struct aa_files_sum *sum)
{
	bool changed = (sum->what & AA_FILES_CHANGES & ~AA_FILES_WRITTEN) != 0;

	if (query->settings.all || changed || (sum->what & AA_FILES_FAILED))
		return false;
	if (sum->type == 0)
		return sum->opens == 0 || (sum->what & AA_FILES_MISSED);
	return sum->type != 'f' && sum->type != 'l';
}

static void add_words(struct aa_text_buffer *out, struct aa_query *query, const struct aa_files_sum *sum)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		/* A name that a link made is no new file. */
		if (words[i].what == AA_FILES_CREATED && (sum->what & AA_FILES_LINKED))
			continue;
		if (sum->what & words[i].what)
			aa_text_printf(out, "%s%s", out->size > 0 ? ", " : "", words[i].word);
	}
	if (sum->failed > 0) {
		const char *name = aa_files_error(query, sum->error);

		aa_text_add_string(out, out->size > 0 ? ", " : "");
		if (name)
			aa_text_add_string(out, name);
		else
			aa_text_printf(out, "errno %" PRId64, sum->error);
		if (sum->failed > 1)
			aa_text_printf(out, " x%" PRId64, sum->failed);
	}
}

static void add_note(struct aa_text_buffer *out, const struct aa_trail *trail, const struct aa_files_sum *sum)
{
	if (sum->from_path != AA_TRAIL_NONE && sum->from_path == sum->to_path)
		aa_text_printf(out, "  (changed places with %s)", aa_trail_path(trail, sum->from_path));
	else if (sum->from_path != AA_TRAIL_NONE)
		aa_text_printf(out, "  (from %s)", aa_trail_path(trail, sum->from_path));
	if (sum->to_path != AA_TRAIL_NONE && sum->from_path != sum->to_path)
		aa_text_printf(out, "  (to %s)", aa_trail_path(trail, sum->to_path));
}

static enum aa_style style_of(const struct aa_files_sum *sum)
{
	if (sum->what & (AA_FILES_FAILED | AA_FILES_DELETED))
		return AA_STYLE_BAD;
	if (sum->what & AA_FILES_CHANGES)
		return AA_STYLE_WARN;
	return AA_STYLE_PLAIN;
}

static int show_sum(struct aa_query *query, const struct aa_files *files, const struct aa_files_sum *sum)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer what = { 0 };
	aa_cleanup(aa_text_release) struct aa_text_buffer by = { 0 };
	aa_cleanup(aa_text_release) struct aa_text_buffer note = { 0 };
	const struct aa_trail *trail = &files->trail;
	const struct aa_trail_process *first = &trail->processes[sum->by.process[0]];
	bool linked = sum->what & AA_FILES_LINKED;
	struct aa_cell cells[COLUMNS] = { 0 };

	add_words(&what, query, sum);
	aa_files_add_by(&by, trail, &sum->by);
	add_note(&note, trail, sum);
	if (what.failed || by.failed || note.failed)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	cells[SESSION] = aa_cell_integer(trail->session->id);
	cells[FIRST] = aa_cell_integer(sum->first_ns);
	cells[LAST] = cells[LAST_TIME] = aa_cell_integer(sum->last_ns);
	cells[OPENS] = aa_cell_integer(sum->opens);
	/* Not nothing, if nobody counted. */
	if (!(sum->what & AA_FILES_UNCOUNTED) || sum->read_bytes > 0)
		cells[READ] = aa_cell_integer(sum->read_bytes);
	if (!(sum->what & AA_FILES_UNCOUNTED) || sum->write_bytes > 0)
		cells[WRITTEN] = aa_cell_integer(sum->write_bytes);
	cells[WHAT] = aa_cell_styled(aa_cell_text(what.size > 0 ? what.data : NULL), style_of(sum));
	cells[CREATED] = aa_cell_integer((sum->what & AA_FILES_CREATED) != 0);
	cells[DELETED] = aa_cell_integer((sum->what & AA_FILES_DELETED) != 0);
	if (!linked)
		cells[RENAMED_FROM] = aa_cell_text(aa_trail_path(trail, sum->from_path));
	cells[RENAMED_TO] = aa_cell_text(aa_trail_path(trail, sum->to_path));
	cells[FAILED] = aa_cell_integer(sum->failed);
	cells[ERROR] = sum->failed > 0 ? aa_cell_integer(sum->error) : aa_cell_null();
	cells[PROCESSES] = aa_cell_integer(sum->by.count);
	cells[PID] = first->has_pid ? aa_cell_integer(first->pid) : aa_cell_null();
	cells[COMM] = aa_cell_text(aa_trail_comm(trail, sum->by.process[0]));
	cells[BY] = aa_cell_text(by.data);
	cells[TYPE] = aa_cell_text(aa_files_type(sum->type));
	cells[PATH] = aa_cell_text(aa_trail_path(trail, sum->path));
	cells[PATH].note = note.data;
	aa_render_row(&query->render, cells);
	return 0;
}

/* What the sums are sorted by: qsort() takes no context. */
static const struct aa_trail *sorted_trail;
static char sorted_by;

static int compare_sums(const void *a, const void *b)
{
	const struct aa_files_sum *x = a;
	const struct aa_files_sum *y = b;
	int r = 0;

	if (sorted_by == 't')
		r = (x->last_ns > y->last_ns) - (x->last_ns < y->last_ns);
	else if (sorted_by == 'r')
		r = (x->read_bytes < y->read_bytes) - (x->read_bytes > y->read_bytes);
	else if (sorted_by == 'w')
		r = (x->write_bytes < y->write_bytes) - (x->write_bytes > y->write_bytes);
	return r ? r : strcmp(aa_trail_path(sorted_trail, x->path), aa_trail_path(sorted_trail, y->path));
}

static int show_sums(struct aa_query *query, struct aa_files *files, uint64_t *in_the_way)
{
	const struct aa_number *limit = &query->settings.filter.limit;
	bool text = aa_render_is_text(&query->render);
	int r = 0;

	sorted_trail = &files->trail;
	sorted_by = query->settings.sort ? query->settings.sort[0] : 'p';
	if (files->sum_count > 0)
		qsort(files->sums, files->sum_count, sizeof(*files->sums), compare_sums);
	for (size_t i = 0; r == 0 && i < files->sum_count && query->render.failed == 0; i++) {
		if (!is_wanted(query, &files->sums[i]))
			continue;
		if (text && is_in_the_way(query, &files->sums[i])) {
			(*in_the_way)++;
			continue;
		}
		if (limit->set && query->render.row_count >= (uint64_t)limit->value)
			break;
		r = show_sum(query, files, &files->sums[i]);
	}
	return r;
}

static int show_session(struct aa_query *query, const struct aa_session *session, uint64_t *in_the_way)
{
	const struct aa_settings *settings = &query->settings;
	struct aa_files files;
	int r;

	if (!aa_session_has_table(query->db, session->id, AA_TABLE_FILE))
		return 0;
	if (settings->left)
		return aa_files_show_left(query, session);
	r = aa_files_load(&files, query, session);
	if (r == 0 && settings->failed)
		r = aa_files_show_failed(query, &files);
	else if (r == 0 && settings->tree)
		r = aa_files_show_tree(query, &files, is_wanted);
	else if (r == 0)
		r = show_sums(query, &files, in_the_way);
	aa_files_release(&files);
	return r;
}

static void begin(struct aa_query *query, bool all)
{
	static struct aa_column shown[COLUMNS];
	static const struct aa_listing listing = { .columns = shown, .count = COLUMNS };
	const struct aa_settings *settings = &query->settings;

	if (settings->left) {
		aa_files_begin_left(query, all);
	} else if (settings->failed) {
		aa_files_begin_failed(query, all);
	} else if (settings->tree) {
		aa_files_begin_tree(query, all);
	} else {
		memcpy(shown, columns, sizeof(columns));
		if (all)
			shown[LAST].show = AA_SHOW_TIME;
		else
			shown[SESSION].title = NULL;
		aa_render_begin(&query->render, &listing);
	}
}

static int show(struct aa_query *query, const struct aa_sessions *sessions)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };
	uint64_t in_the_way = 0;
	int r = 0;

	if (!sessions->all)
		aa_session_line(query, &sessions->items[0]);
	begin(query, sessions->all);
	for (size_t i = 0; r == 0 && i < sessions->count && query->render.failed == 0; i++)
		r = show_session(query, &sessions->items[i], &in_the_way);
	aa_render_end(&query->render);
	if (in_the_way > 0) {
		aa_text_printf(&line,
			       "%" PRIu64 " more: directories, devices, pipes, and paths that were only "
			       "looked for (--all)",
			       in_the_way);
		if (!line.failed)
			aa_render_line(&query->render, AA_STYLE_DIM, line.data);
	}
	return r;
}

static int check(struct aa_query *query)
{
	const struct aa_settings *settings = &query->settings;
	bool some = settings->written || settings->created || settings->deleted;

	if (settings->left + settings->failed + settings->tree > 1)
		return aa_error_set(&query->error, -EINVAL,
				    "files: one of --left, --failed and --tree at a time");
	if ((settings->left || settings->failed) && some)
		return aa_error_set(&query->error, -EINVAL,
				    "files: --written, --created and --deleted do not go with --%s",
				    settings->left ? "left" : "failed");
	return 0;
}

static enum aa_status run(struct aa_query *query)
{
	aa_cleanup(aa_sessions_release) struct aa_sessions sessions = { 0 };
	enum aa_status status;
	int r;

	if (check(query) < 0)
		return AA_USAGE;
	query->about_files = true;
	status = aa_sessions_find(query, &aa_command_files, &sessions);
	if (status != AA_ANSWERED)
		return status;
	if (!aa_trail_has_files(query, &sessions)) {
		/* CSV has its header also where there is nothing. */
		begin(query, sessions.all);
		aa_render_end(&query->render);
		return aa_complete_note(query, &sessions) < 0 ? AA_UNREADABLE : AA_NOTHING;
	}
	r = show(query, &sessions);
	if (r == 0)
		r = aa_complete_note(query, &sessions);
	if (r < 0)
		return AA_UNREADABLE;
	return query->render.total_count > 0 ? AA_ANSWERED : AA_NOTHING;
}

static const struct aa_option options[] = {
	{ .name = "written",
	  .offset = offsetof(struct aa_settings, written),
	  .help = "only paths whose content changed: written, truncated, mapped to be written" },
	{ .name = "created",
	  .offset = offsetof(struct aa_settings, created),
	  .help = "only paths that were created; with the other two: either" },
	{ .name = "deleted",
	  .offset = offsetof(struct aa_settings, deleted),
	  .help = "only paths that were deleted" },
	{ .name = "failed",
	  .offset = offsetof(struct aa_settings, failed),
	  .help = "what failed: a line for each path and error, those that were refused first" },
	{ .name = "left",
	  .offset = offsetof(struct aa_settings, left),
	  .help = "what the session left behind: paths that are there at its end and were not at its start" },
	{ .name = "tree",
	  .offset = offsetof(struct aa_settings, tree),
	  .help = "directories with the totals of all below them" },
	{ .name = "all",
	  .offset = offsetof(struct aa_settings, all),
	  .help = "in text: also directories that were only opened, devices, pipes, and paths only looked "
		  "for" },
	{ .name = "sort",
	  .type = AA_OPTION_CHOICE,
	  .argument = "BY",
	  .choices = "path|time|read|written",
	  .offset = offsetof(struct aa_settings, sort),
	  .help = "path (default), time of the last use, or most bytes read or written first" },
	{ .name = "path",
	  .type = AA_OPTION_STRING,
	  .argument = "GLOB",
	  .offset = offsetof(struct aa_settings, filter.path),
	  .help = "paths that match; * matches / too" },
	{ 0 },
};

const struct aa_command aa_command_files = {
	.name = "files",
	.usage = "",
	.summary = "show what was read, written, created, renamed, deleted and refused, by path",
	.description = "Bytes are those of the files that were opened by that path.",
	.filters = AA_FILTER_TIME | AA_FILTER_PID | AA_FILTER_COMM | AA_FILTER_LIMIT,
	.flags = AA_COMMAND_ALL,
	.options = options,
	.run = run,
};
