/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query process: a table of all, or everything about one (detail.c has what that is). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "detail.h"
#include "memory.h"
#include "query.h"
#include "session.h"
#include "statement.h"

/* An answer is kept in memory up to this rather than hold a transaction open for a reader who waits. */
#define HOLD_BYTES ((size_t)64 * 1024 * 1024)

static const struct aa_column columns[] = {
	{ .name = "session_id", .title = "SESSION" },
	{ .name = "id", .title = "ID" },
	{ .name = "pid", .title = "PID" },
	{ .name = "ns_pid" },
	{ .name = "parent_id" },
	{ .name = "parent_pid", .title = "PARENT" },
	{ .name = "time_ns", .title = "START", .show = AA_SHOW_ELAPSED },
	{ .name = "time", .show = AA_SHOW_ISO },
	{ .name = "exit_time_ns" },
	{ .name = "duration_ns", .title = "DURATION", .show = AA_SHOW_DURATION },
	{ .name = "status", .title = "STATUS" },
	{ .name = "exit_code" },
	{ .name = "exit_signal" },
	{ .name = "core_dumped" },
	{ .name = "source" },
	{ .name = "uid", .title = "UID" },
	{ .name = "run_time_ns", .title = "CPU", .show = AA_SHOW_DURATION },
	{ .name = "max_rss_bytes", .title = "MEMORY", .show = AA_SHOW_SIZE },
	{ .name = "comm", .title = "COMM" },
	{ .name = "exe" },
	{ .name = "argv", .args = true },
	{ .name = "command", .title = "COMMAND" },
};

enum {
	SESSION = 0,
	START = 6,
	STATUS = 10,
	ARGV = 20,
	COLUMNS = sizeof(columns) / sizeof(columns[0]),
};

static const char list_sql[] =
	"SELECT :session, p.id, p.pid, p.ns_pid, p.parent_id, p.parent_pid, p.time_ns, p.time_ns,"
	" p.exit_time_ns, p.exit_time_ns - p.time_ns, " AA_SQL_STATUS
	", p.exit_code, p.exit_signal, p.core_dumped,"
	" p.source, p.uid, p.run_time_ns, p.max_rss_bytes, p.comm, x.text, " AA_SQL_ARGS ", e.command"
	" FROM s0_process AS p LEFT JOIN signal_name AS sn ON sn.signal = p.exit_signal"
	" LEFT JOIN s0_exec AS e ON e.id ="
	" (SELECT max(l.id) FROM s0_exec AS l WHERE l.process_id = p.id AND l.error = 0)"
	" LEFT JOIN s0_string AS x ON x.id = e.exe_id"
	" WHERE p.time_ns <= :until AND (p.exit_time_ns IS NULL OR p.exit_time_ns >= :since)";

static int list_session(struct aa_query *query, const struct aa_session *session)
{
	const struct aa_filter *filter = &query->settings.filter;
	aa_cleanup(aa_text_release) struct aa_text_buffer sql = { 0 };
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	struct aa_window window = aa_session_window(query, session);
	struct aa_cell cells[COLUMNS];
	int r;

	if (!aa_session_has_table(query->db, session->id, AA_TABLE_PROCESS) ||
	    !aa_session_has_table(query->db, session->id, AA_TABLE_EXEC))
		return 0;
	aa_text_add_string(&sql, list_sql);
	if (filter->pid.set)
		aa_text_add_string(&sql, " AND p.pid = :pid");
	if (filter->comm)
		aa_text_add_string(&sql, " AND p.comm = :comm");
	if (filter->path) {
		aa_text_add_string(&sql, " AND p.id IN (");
		aa_filter_add_path_execs(&sql, "process_id");
		aa_text_add_string(&sql, ")");
	}
	aa_text_add_string(&sql, " ORDER BY p.id");
	if (sql.failed)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	r = aa_statement_open_session(query, &statement, session->id, sql.data);
	if (r < 0)
		return r;
	(void)aa_filter_bind(statement, filter, &window);
	aa_statement_bind_integer(statement, ":session", session->id);
	aa_statement_bind_text(statement, ":alive", aa_session_alive(session));
	while (query->render.failed == 0 &&
	       (!filter->limit.set || query->render.row_count < (uint64_t)filter->limit.value) &&
	       (r = aa_statement_step(query, statement)) > 0) {
		aa_cleanup_free char *block = NULL;

		for (int i = 0; i < COLUMNS; i++)
			cells[i] = aa_statement_cell(statement, i);
		cells[STATUS].style = aa_status_style(aa_statement_text(statement, STATUS));
		if (aa_cell_to_args(&cells[ARGV], &block) < 0)
			return aa_error_set(&query->error, -ENOMEM, "out of memory");
		aa_render_row(&query->render, cells);
	}
	return r < 0 ? r : 0;
}

static int list(struct aa_query *query, const struct aa_sessions *sessions)
{
	struct aa_column shown[COLUMNS];
	const struct aa_listing listing = { .columns = shown, .count = COLUMNS };
	int r = 0;

	memcpy(shown, columns, sizeof(columns));
	if (sessions->all) {
		shown[START].show = AA_SHOW_TIME;
	} else {
		shown[SESSION].title = NULL;
		aa_session_line(query, &sessions->items[0]);
	}
	query->out.hold_bytes = HOLD_BYTES;
	aa_render_begin(&query->render, &listing);
	for (size_t i = 0; r == 0 && i < sessions->count; i++)
		r = list_session(query, &sessions->items[i]);
	aa_render_end(&query->render);
	query->out.hold_bytes = 0;
	return r;
}

/* The ids of all that had that pid: with pid reuse they are several. */
static int show_one(struct aa_query *query, const struct aa_sessions *sessions)
{
	const struct aa_settings *settings = &query->settings;
	int r = 0;

	query->out.hold_bytes = HOLD_BYTES;
	aa_detail_begin(query);
	for (size_t i = 0; r == 0 && i < sessions->count; i++) {
		const struct aa_session *session = &sessions->items[i];
		aa_cleanup_statement sqlite3_stmt *statement = NULL;

		if (!aa_session_has_table(query->db, session->id, AA_TABLE_PROCESS))
			continue;
		r = aa_statement_open_session(
			query, &statement, session->id,
			settings->id.set ? "SELECT id FROM s0_process WHERE id = :id"
					 : "SELECT id FROM s0_process WHERE pid = :pid ORDER BY id");
		aa_statement_bind_integer(statement, ":id", settings->id.value);
		aa_statement_bind_integer(statement, ":pid", settings->filter.pid.value);
		while (r == 0 && query->render.failed == 0 && (r = aa_statement_step(query, statement)) > 0)
			r = aa_detail_show(query, session, sqlite3_column_int64(statement, 0));
	}
	aa_detail_end(query);
	query->out.hold_bytes = 0;
	return r;
}

/* process PID is short for --pid PID, told in full. */
static int read_pid(struct aa_query *query)
{
	const char *text = query->arguments[0];
	char *end;
	long pid;

	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || pid < 0 || pid > INT32_MAX)
		return aa_error_set(&query->error, -EINVAL, "process: %s is not a pid", text);
	if (query->settings.id.set)
		return aa_error_set(&query->error, -EINVAL, "process: either a PID or --id, not both");
	query->settings.filter.pid = (struct aa_number){ .set = true, .value = pid };
	return 0;
}

static enum aa_status run(struct aa_query *query)
{
	aa_cleanup(aa_sessions_release) struct aa_sessions sessions = { 0 };
	bool one = query->argument_count > 0 || query->settings.id.set;
	enum aa_status status;
	int r;

	if (query->argument_count > 0 && read_pid(query) < 0)
		return AA_USAGE;
	status = aa_sessions_find(query, &aa_command_process, &sessions);
	if (status != AA_ANSWERED)
		return status;
	r = one ? show_one(query, &sessions) : list(query, &sessions);
	if (r == 0)
		r = aa_complete_note(query, &sessions);
	if (r < 0)
		return AA_UNREADABLE;
	return query->render.total_count > 0 ? AA_ANSWERED : AA_NOTHING;
}

static const struct aa_option options[] = {
	{ .name = "id",
	  .type = AA_OPTION_INTEGER,
	  .argument = "N",
	  .minimum = 1,
	  .maximum = INT64_MAX,
	  .offset = offsetof(struct aa_settings, id),
	  .help = "the process with that id (column id), where a pid was used more than once" },
	{ 0 },
};

const struct aa_command aa_command_process = {
	.name = "process",
	.usage = "[PID]",
	.summary = "list the processes, or tell everything about one",
	.filters = AA_FILTER_TIME | AA_FILTER_PID | AA_FILTER_COMM | AA_FILTER_PATH | AA_FILTER_LIMIT,
	.flags = AA_COMMAND_ALL,
	.argument_max = 1,
	.options = options,
	.run = run,
};
