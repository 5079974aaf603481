/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aa-query timeline: all that happened, by time. Rows are written as they are read. Where a reader makes us wait, the
 * statement ends and goes on later behind the last row, so that no transaction of ours lasts (see out.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "complete.h"
#include "fold.h"
#include "memory.h"
#include "query.h"
#include "replay/array.h"
#include "session.h"
#include "statement.h"
#include "timeline_sql.h"

#define NS_PER_S INT64_C(1000000000)

/* A transaction may last so long, or so many times what the statement's first row took. */
#define LONGEST_NS  (5 * NS_PER_S)
#define LONGEST_FOR 10

/* A clock step may put a session's first rows before its start. */
#define EARLY_NS (10 * NS_PER_S)

static const struct aa_column columns[] = {
	{ .name = "session_id", .title = "SESSION" },
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "time" },
	{ .name = "kind", .title = "KIND" },
	{ .name = "pid", .title = "PID" },
	{ .name = "tid" },
	{ .name = "process_id" },
	{ .name = "comm", .title = "COMM" },
	{ .name = "detail", .title = "DETAIL" },
	{ .name = "row_table" },
	{ .name = "row_id" },
};

enum {
	SESSION = 0,
	TIME = 1,
	KIND = 3,
	PID = 4,
	TID = 5,
	DETAIL = 8,
	COLUMNS = sizeof(columns) / sizeof(columns[0]),
	/* Behind them: 1 a file is opened only to be read, 2 that is read or closed, 3 a name is not there, 4 TLS plaintext; else NULL or 0. */
	READS = COLUMNS,
};

/* One session's rows. */
struct cursor {
	const struct aa_session *session;
	sqlite3_stmt *statement;
	bool has_row;
	bool ended;
	int64_t time_ns;   /* of the row */
	int64_t shown_ns;  /* of the last row shown */
	int64_t shown;	   /* how many rows of that time have been */
	int64_t opened_ns; /* monotonic */
	int64_t cost_ns;   /* until the first row */
};

struct timeline {
	struct aa_query *query;
	struct cursor *cursors;
	size_t count;
	size_t first;	/* those before it have ended */
	size_t started; /* cursors[first..started) have been opened once */
	struct aa_fold fold;
};

static int64_t monotonic_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Begins, or goes on behind what has been shown. */
static int open_cursor(struct aa_query *query, struct cursor *cursor)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer sql = { 0 };
	struct aa_window window = aa_session_window(query, cursor->session);
	int r;

	aa_timeline_add_sql(query, cursor->session, &sql);
	if (sql.failed)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	cursor->opened_ns = monotonic_ns();
	cursor->cost_ns = 0;
	r = aa_statement_open_session(query, &cursor->statement, cursor->session->id, sql.data);
	if (r < 0)
		return r;
	if (cursor->shown > 0)
		window.since_ns = cursor->shown_ns;
	(void)aa_filter_bind(cursor->statement, &query->settings.filter, &window);
	aa_statement_bind_integer(cursor->statement, ":session", cursor->session->id);
	return 0;
}

static int step_cursor(struct aa_query *query, struct cursor *cursor)
{
	int r = aa_statement_step(query, cursor->statement);

	if (r < 0)
		return r;
	cursor->has_row = r > 0;
	cursor->ended = r == 0;
	if (r > 0)
		cursor->time_ns = sqlite3_column_int64(cursor->statement, TIME);
	else
		aa_statement_closep(&cursor->statement);
	if (cursor->cost_ns == 0)
		cursor->cost_ns = monotonic_ns() - cursor->opened_ns;
	return 0;
}

/* Makes the next row current, opening the statement again if it was let go. */
static int advance(struct aa_query *query, struct cursor *cursor)
{
	int64_t skip = 0;
	int r = 0;

	if (!cursor->statement) {
		skip = cursor->shown;
		r = open_cursor(query, cursor);
	}
	if (r == 0)
		r = step_cursor(query, cursor);
	for (; r == 0 && skip > 0 && cursor->has_row && cursor->time_ns == cursor->shown_ns; skip--)
		r = step_cursor(query, cursor);
	return r;
}

/* Ends all transactions. The current rows have been rendered, or are read again. */
static void let_go(void *context)
{
	struct timeline *timeline = context;

	for (size_t i = 0; i < timeline->started; i++) {
		timeline->cursors[i].has_row = false;
		aa_statement_closep(&timeline->cursors[i].statement);
	}
}

static void let_go_in_time(struct timeline *timeline)
{
	int64_t now_ns = monotonic_ns();

	for (size_t i = 0; i < timeline->started; i++) {
		const struct cursor *cursor = &timeline->cursors[i];

		if (cursor->statement && now_ns - cursor->opened_ns > LONGEST_NS &&
		    now_ns - cursor->opened_ns > cursor->cost_ns * LONGEST_FOR) {
			let_go(timeline);
			return;
		}
	}
}

static enum aa_style kind_style(const char *kind)
{
	static const struct {
		const char *kind;
		enum aa_style style;
	} styles[] = {
		{ "exec", AA_STYLE_NAME }, { "exec_failed", AA_STYLE_BAD }, { "gap", AA_STYLE_BAD },
		{ "cred", AA_STYLE_WARN }, { "fork", AA_STYLE_DIM },	    { "exit", AA_STYLE_DIM },
	};

	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		if (strcmp(styles[i].kind, kind) == 0)
			return styles[i].style;
	}
	return AA_STYLE_PLAIN;
}

/* Tells how many rows were not shown, as a row of their kind. */
static void show_hidden(struct aa_query *query, struct aa_fold *fold)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer detail = { 0 };
	struct aa_cell cells[COLUMNS] = { 0 };

	if (fold->hidden == 0)
		return;
	aa_text_printf(&detail, "%s, in %" PRIu64 " more place%s", fold->what, fold->hidden,
		       fold->hidden == 1 ? "" : "s");
	cells[SESSION] = aa_cell_integer(fold->session_id);
	cells[TIME] = aa_cell_integer(fold->last_ns);
	cells[KIND] = aa_cell_styled(aa_cell_text("exec_failed"), AA_STYLE_BAD);
	cells[PID] = aa_cell_integer(fold->pid);
	cells[DETAIL] = aa_cell_styled(aa_cell_text(detail.failed ? NULL : detail.data), AA_STYLE_BAD);
	fold->hidden = 0;
	aa_render_row(&query->render, cells);
}

/* A row without a process: what it tells of may be of several. */
static void show_folded(struct aa_query *query, const struct aa_fold *fold, const char *kind,
			struct aa_text_buffer *detail)
{
	struct aa_cell cells[COLUMNS] = { 0 };

	cells[SESSION] = aa_cell_integer(fold->reads_session);
	cells[TIME] = aa_cell_styled(aa_cell_integer(fold->reads_ns), AA_STYLE_DIM);
	cells[KIND] = aa_cell_styled(aa_cell_text(kind), AA_STYLE_DIM);
	cells[DETAIL] = aa_cell_styled(aa_cell_text(detail->failed ? NULL : detail->data), AA_STYLE_DIM);
	aa_render_row(&query->render, cells);
}

/* Tells how many files were only read, and how much was said over TLS. */
static void show_reads(struct aa_query *query, struct aa_fold *fold)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer detail = { 0 }, pieces = { 0 };
	uint64_t files = fold->reads + fold->missing, said = fold->pieces;

	if (fold->reads > 0)
		aa_text_printf(&detail, "%" PRIu64 " file%s opened for reading", fold->reads,
			       fold->reads == 1 ? "" : "s");
	if (fold->missing > 0)
		aa_text_printf(&detail, "%s%" PRIu64 " not found", fold->reads > 0 ? ", " : "",
			       fold->missing);
	aa_text_add_string(&detail, fold->missing > 0 ? ": aa-query files --all" : ": aa-query files");
	aa_text_printf(&pieces, "%" PRIu64 " piece%s of TLS plaintext: aa-query tls", said,
		       said == 1 ? "" : "s");
	fold->reads = 0;
	fold->missing = 0;
	fold->pieces = 0;
	if (files > 0)
		show_folded(query, fold, "open", &detail);
	if (said > 0)
		show_folded(query, fold, "tls", &pieces);
}

/*
 * In text, a search through $PATH is folded. Returns AA_FOLD_TOLD when a line was shown for the rows before this one:
 * rendering may have let go of this one, so it has to be looked for again.
 */
enum fold_result {
	AA_FOLD_SHOW,
	AA_FOLD_HIDE,
	AA_FOLD_TOLD,
};

static enum fold_result fold_row(struct timeline *timeline, const struct cursor *cursor)
{
	struct aa_fold *fold = &timeline->fold;
	int64_t session_id = cursor->session->id;
	int64_t pid = sqlite3_column_int64(cursor->statement, PID);
	int64_t tid = sqlite3_column_int64(cursor->statement, TID);
	const char *detail = NULL;

	if (!aa_render_is_text(&timeline->query->render))
		return AA_FOLD_SHOW;
	if (sqlite3_column_int64(cursor->statement, READS) > 0) {
		fold->reads += sqlite3_column_int64(cursor->statement, READS) == 1;
		fold->missing += sqlite3_column_int64(cursor->statement, READS) == 3;
		fold->pieces += sqlite3_column_int64(cursor->statement, READS) == 4;
		fold->reads_ns = cursor->time_ns;
		fold->reads_session = session_id;
		return AA_FOLD_HIDE;
	}
	if (fold->reads > 0 || fold->missing > 0 || fold->pieces > 0) {
		show_reads(timeline->query, fold);
		return AA_FOLD_TOLD;
	}
	if (strcmp(aa_statement_text(cursor->statement, KIND), "exec_failed") == 0)
		detail = aa_statement_text(cursor->statement, DETAIL);
	if (fold->hidden > 0 && aa_fold_ends(fold, session_id, pid, tid, detail)) {
		show_hidden(timeline->query, fold);
		return AA_FOLD_TOLD;
	}
	return aa_fold_next(fold, session_id, pid, tid, cursor->time_ns, detail) ? AA_FOLD_HIDE
										 : AA_FOLD_SHOW;
}

/* The row has been dealt with. Before it is rendered: rendering may let go of the statement. */
static void pass_row(struct cursor *cursor)
{
	if (cursor->shown > 0 && cursor->time_ns == cursor->shown_ns)
		cursor->shown++;
	else
		cursor->shown = 1;
	cursor->shown_ns = cursor->time_ns;
	cursor->has_row = false;
}

static void show_row(struct aa_query *query, struct cursor *cursor)
{
	struct aa_cell cells[COLUMNS];
	enum aa_style style;

	for (int i = 0; i < COLUMNS; i++)
		cells[i] = aa_statement_cell(cursor->statement, i);
	style = cells[KIND].type == AA_CELL_TEXT ? kind_style(cells[KIND].bytes) : AA_STYLE_PLAIN;
	cells[KIND].style = style;
	if (strcmp(aa_statement_text(cursor->statement, KIND), "exit") == 0 &&
	    cells[DETAIL].type == AA_CELL_TEXT)
		style = aa_status_style(cells[DETAIL].bytes);
	cells[DETAIL].style = style;
	pass_row(cursor);
	aa_render_row(&query->render, cells);
}

/* The cursor whose row is next, or NULL. Sessions that begin later than that wait for their turn. */
static int find_next(struct timeline *timeline, struct cursor **ret_cursor)
{
	struct cursor *next = NULL;

	while (timeline->first < timeline->started && timeline->cursors[timeline->first].ended)
		timeline->first++;
	for (size_t i = timeline->first; i < timeline->count; i++) {
		struct cursor *cursor = &timeline->cursors[i];

		if (i == timeline->started) {
			if (next && cursor->session->start_ns > INT64_MIN + EARLY_NS &&
			    next->time_ns < cursor->session->start_ns - EARLY_NS)
				break;
			timeline->started++;
		}
		if (!cursor->ended && !cursor->has_row) {
			int r = advance(timeline->query, cursor);

			if (r < 0)
				return r;
		}
		if (cursor->has_row && (!next || cursor->time_ns < next->time_ns))
			next = cursor;
	}
	*ret_cursor = next;
	return 0;
}

static int show_rows(struct timeline *timeline)
{
	struct aa_query *query = timeline->query;
	const struct aa_number *limit = &query->settings.filter.limit;
	struct cursor *cursor;
	int64_t count = 0, seen = 0;

	while (query->render.failed == 0 && (!limit->set || count < limit->value)) {
		int r = find_next(timeline, &cursor);

		if (r < 0 || !cursor)
			return r;
		switch (fold_row(timeline, cursor)) {
		case AA_FOLD_TOLD:
			continue;
		case AA_FOLD_HIDE:
			pass_row(cursor);
			break;
		case AA_FOLD_SHOW:
			show_row(query, cursor);
			count++;
			break;
		}
		if (++seen % 1024 == 0)
			let_go_in_time(timeline);
	}
	return 0;
}

/* Sessions without a timeline yet have nothing to show. */
static int make_cursors(struct timeline *timeline, const struct aa_sessions *sessions)
{
	timeline->cursors = aa_array_make(sessions->count, sizeof(*timeline->cursors));
	if (!timeline->cursors)
		return aa_error_set(&timeline->query->error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < sessions->count; i++) {
		if (aa_session_has_table(timeline->query->db, sessions->items[i].id, AA_TABLE_PROCESS))
			timeline->cursors[timeline->count++] =
				(struct cursor){ .session = &sessions->items[i] };
	}
	return 0;
}

static int show(struct aa_query *query, const struct aa_sessions *sessions)
{
	struct aa_column shown[COLUMNS];
	const struct aa_listing listing = { .columns = shown, .count = COLUMNS };
	struct timeline timeline = { .query = query };
	int r;

	memcpy(shown, columns, sizeof(columns));
	if (sessions->all || query->settings.absolute)
		shown[TIME].show = AA_SHOW_TIME;
	if (sessions->all)
		query->render.origin_ns = 0;
	else
		shown[SESSION].title = NULL;
	if (!sessions->all)
		aa_session_line(query, &sessions->items[0]);
	r = make_cursors(&timeline, sessions);
	if (r == 0) {
		query->out.before_wait = let_go;
		query->out.context = &timeline;
		aa_render_begin(&query->render, &listing);
		r = show_rows(&timeline);
		show_hidden(query, &timeline.fold);
		show_reads(query, &timeline.fold);
		aa_render_end(&query->render);
		query->out.before_wait = NULL;
		let_go(&timeline);
	}
	free(timeline.cursors);
	return r;
}

static enum aa_status run(struct aa_query *query)
{
	aa_cleanup(aa_sessions_release) struct aa_sessions sessions = { 0 };
	enum aa_status status = aa_sessions_find(query, &aa_command_timeline, &sessions);
	int r;

	query->about_files = true;
	if (status != AA_ANSWERED)
		return status;
	r = show(query, &sessions);
	if (r == 0)
		r = aa_complete_note(query, &sessions);
	if (r < 0)
		return AA_UNREADABLE;
	return query->render.total_count > 0 ? AA_ANSWERED : AA_NOTHING;
}

static const struct aa_option options[] = {
	{ .name = "absolute",
	  .offset = offsetof(struct aa_settings, absolute),
	  .help = "in text: date and time instead of seconds since the session's start" },
	{ 0 },
};

const struct aa_command aa_command_timeline = {
	.name = "timeline",
	.usage = "",
	.summary = "show all that happened, by time",
	.filters = AA_FILTER_ALL,
	.flags = AA_COMMAND_ALL,
	.options = options,
	.run = run,
};
