/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query sessions: what has been recorded. */
#include <string.h>

#include "complete.h"
#include "memory.h"
#include "query.h"
#include "session.h"
#include "statement.h"

static const struct aa_column columns[] = {
	{ .name = "id", .title = "ID" },
	{ .name = "name", .title = "NAME" },
	{ .name = "agent", .title = "AGENT" },
	{ .name = "mode" },
	{ .name = "state", .title = "STATE" },
	{ .name = "start_ns", .title = "START", .show = AA_SHOW_TIME },
	{ .name = "start_time", .show = AA_SHOW_ISO },
	{ .name = "end_ns" },
	{ .name = "end_time", .show = AA_SHOW_ISO },
	{ .name = "duration_ns", .title = "DURATION", .show = AA_SHOW_DURATION },
	{ .name = "process_count", .title = "PROCESSES" },
	{ .name = "event_count", .title = "EVENTS" },
	{ .name = "lost_count", .title = "LOST" },
	{ .name = "exit", .title = "EXIT" },
	{ .name = "exit_code" },
	{ .name = "exit_signal" },
	{ .name = "root_pid" },
	{ .name = "command", .title = "COMMAND" },
	{ .name = "argv", .args = true },
	{ .name = "host" },
	{ .name = "kernel" },
	{ .name = "machine" },
	{ .name = "boot_id" },
	{ .name = "recorder" },
	{ .name = "recorder_pid" },
	{ .name = "sealed" },
	{ .name = "options", .nested = true },
};

enum {
	STATE = 4,
	DURATION = 9,
	PROCESSES = 10,
	LOST = 12,
	EXIT = 13,
	ARGV = 18,
	OPTIONS = 26,
	COLUMNS = sizeof(columns) / sizeof(columns[0]),
};

static const struct aa_listing listing = { .columns = columns, .count = COLUMNS };

/* Of one session, in the order of the columns; what SQL does not know is NULL. */
static const char sql[] =
	"SELECT s.id, s.name, a.name, s.mode, s.state, s.start_ns, s.start_ns, s.end_ns, s.end_ns,"
	" s.end_ns - s.start_ns, NULL, s.event_count, s.lost_count,"
	" CASE WHEN s.exit_signal IS NOT NULL THEN coalesce(sn.name, 'signal ' || s.exit_signal)"
	" WHEN s.exit_code IS NOT NULL THEN 'exit ' || s.exit_code END,"
	" s.exit_code, s.exit_signal, s.root_pid, s.command, coalesce(s.argv, s.command),"
	" s.host, s.kernel, s.machine, s.boot_id, s.recorder, s.recorder_pid, s.sealed, NULL"
	" FROM session AS s LEFT JOIN agent AS a ON a.id = s.agent_id"
	" LEFT JOIN signal_name AS sn ON sn.signal = s.exit_signal WHERE s.id = :id";

static int count_processes(struct aa_query *query, int64_t session_id, struct aa_cell *ret_cell)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r;

	*ret_cell = aa_cell_integer(0);
	if (!aa_session_has_table(query->db, session_id, AA_TABLE_PROCESS))
		return 0;
	r = aa_statement_open_session(query, &statement, session_id, "SELECT count(*) FROM s0_process");
	if (r < 0)
		return r;
	r = aa_statement_step(query, statement);
	if (r > 0)
		ret_cell->integer = sqlite3_column_int64(statement, 0);
	return r < 0 ? r : 0;
}

static enum aa_style state_style(const char *state)
{
	if (strcmp(state, "recording") == 0)
		return AA_STYLE_GOOD;
	return strcmp(state, "complete") == 0 ? AA_STYLE_PLAIN : AA_STYLE_WARN;
}

static const struct aa_column option_columns[] = {
	{ .name = "name" },
	{ .name = "value" },
};

static const struct aa_listing option_listing = { .columns = option_columns, .count = 2 };

/* With which options it was recorded, but for the key of its secrets. Databases of version 1 do not say. */
static int load_options(struct aa_query *query, int64_t session_id, struct aa_kept *options)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r = aa_session_has_options(query);

	options->rows.listing = &option_listing;
	if (r <= 0)
		return r;
	r = aa_statement_open(query, &statement,
			      "SELECT name, value FROM session_option WHERE session_id = :id"
			      " AND name <> 'redact-key' ORDER BY id");
	if (r < 0)
		return r;
	aa_statement_bind_integer(statement, ":id", session_id);
	return aa_kept_fill(options, query, statement, &option_listing);
}

/* What was said without being asked for. */
static bool is_default(const char *name, const char *value)
{
	return strcmp(name, "redact") == 0 && strcmp(value, "on") == 0;
}

/* "recorded with --files writes": of one session, below the table. */
static void show_options(struct aa_query *query, int64_t session_id)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };
	struct aa_kept options = { 0 };

	if (load_options(query, session_id, &options) == 0 && options.rows.count > 0) {
		for (unsigned i = 0; i < options.rows.count; i++) {
			const struct aa_cell *cells = &options.rows.cells[(size_t)i * 2];
			bool both = cells[0].type == AA_CELL_TEXT && cells[1].type == AA_CELL_TEXT;

			if (!both || is_default(cells[0].bytes, cells[1].bytes))
				continue;
			if (line.size == 0)
				aa_text_add_string(&line, "recorded with");
			if (strcmp(cells[0].bytes, "redact") == 0) {
				aa_text_add_string(&line, " --no-redact");
				continue;
			}
			aa_text_printf(&line, " --%s", cells[0].bytes);
			/* A switch: its value is 1. */
			if (strcmp(cells[0].bytes, "content-store") == 0)
				continue;
			aa_text_add_string(&line, " ");
			(void)aa_text_quote(&line, cells[1].bytes, cells[1].size);
		}
		if (!line.failed && line.size > 0)
			aa_render_line(&query->render, AA_STYLE_PLAIN, line.data);
	}
	aa_kept_release(&options);
}

static int show_session(struct aa_query *query, sqlite3_stmt *statement, const struct aa_session *session)
{
	struct aa_kept options = { 0 };
	struct aa_cell cells[COLUMNS];
	aa_cleanup_free char *block = NULL;
	int r;

	(void)sqlite3_reset(statement);
	aa_statement_bind_integer(statement, ":id", session->id);
	r = aa_statement_step(query, statement);
	if (r <= 0)
		return r;
	for (int i = 0; i < COLUMNS; i++)
		cells[i] = aa_statement_cell(statement, i);
	cells[STATE] = aa_cell_styled(aa_cell_text(session->state), state_style(session->state));
	if (cells[DURATION].type == AA_CELL_NULL && strcmp(session->state, "recording") == 0)
		cells[DURATION] =
			aa_cell_integer((int64_t)((uint64_t)query->now_ns - (uint64_t)session->start_ns));
	if (cells[LOST].integer != 0)
		cells[LOST].style = AA_STYLE_BAD;
	if (cells[EXIT].type == AA_CELL_TEXT)
		cells[EXIT].style = aa_status_style(cells[EXIT].bytes);
	r = count_processes(query, session->id, &cells[PROCESSES]);
	if (r == 0)
		r = load_options(query, session->id, &options);
	cells[OPTIONS] = (struct aa_cell){ .type = AA_CELL_TABLE, .rows = &options.rows };
	if (r == 0)
		r = aa_cell_to_args(&cells[ARGV], &block);
	if (r == 0)
		aa_render_row(&query->render, cells);
	aa_kept_release(&options);
	return r;
}

static enum aa_status run(struct aa_query *query)
{
	aa_cleanup(aa_sessions_release) struct aa_sessions sessions = { 0 };
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	enum aa_status status = aa_sessions_find(query, &aa_command_sessions, &sessions);
	const struct aa_number *limit = &query->settings.filter.limit;

	if (status != AA_ANSWERED)
		return status;
	if (limit->set && (uint64_t)limit->value < sessions.count)
		sessions.count = (size_t)limit->value;
	if (aa_statement_open(query, &statement, sql) < 0)
		return AA_UNREADABLE;
	aa_render_begin(&query->render, &listing);
	for (size_t i = 0; i < sessions.count && query->render.failed == 0; i++) {
		if (show_session(query, statement, &sessions.items[i]) < 0)
			return AA_UNREADABLE;
	}
	aa_render_end(&query->render);
	if (!sessions.all && sessions.count > 0)
		show_options(query, sessions.items[0].id);
	return AA_ANSWERED;
}

const struct aa_command aa_command_sessions = {
	.name = "sessions",
	.usage = "",
	.summary = "list what has been recorded",
	.filters = AA_FILTER_TIME | AA_FILTER_LIMIT,
	.flags = AA_COMMAND_ALL | AA_COMMAND_LIST,
	.run = run,
};
