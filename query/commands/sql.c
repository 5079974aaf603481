/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query sql: the user's own SELECTs, which can read and nothing else (guard.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complete.h"
#include "guard.h"
#include "memory.h"
#include "plain.h"
#include "query.h"
#include "replay/array.h"
#include "session.h"
#include "statement.h"

/* An answer is kept in memory up to this rather than hold a transaction open for a reader who waits. */
#define HOLD_BYTES ((size_t)64 * 1024 * 1024)

/* A statement's columns. Names may come twice; JSON needs them once. */
struct heads {
	struct aa_column *columns;
	char **names;
	unsigned count;
};

static void release_heads(struct heads *heads)
{
	for (unsigned i = 0; heads->names && i < heads->count; i++)
		free(heads->names[i]);
	free(heads->names);
	free(heads->columns);
}

static bool is_taken(const struct heads *heads, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(heads->names[i], name) == 0)
			return true;
	}
	return false;
}

/* "a", then "a_2" */
static char *make_name(const struct heads *heads, unsigned index, const char *name)
{
	char *unique = strdup(name);

	for (unsigned n = 2; unique && is_taken(heads, index, unique); n++) {
		free(unique);
		if (asprintf(&unique, "%s_%u", name, n) < 0)
			unique = NULL;
	}
	return unique;
}

static int make_heads(sqlite3_stmt *statement, struct heads *heads)
{
	unsigned count = (unsigned)sqlite3_column_count(statement);

	heads->columns = aa_array_make(count, sizeof(*heads->columns));
	heads->names = aa_array_make(count, sizeof(*heads->names));
	if (!heads->columns || !heads->names)
		return -ENOMEM;
	for (heads->count = 0; heads->count < count; heads->count++) {
		const char *name = sqlite3_column_name(statement, (int)heads->count);
		char *unique = make_name(heads, heads->count, name ? name : "");

		if (!unique)
			return -ENOMEM;
		heads->names[heads->count] = unique;
		heads->columns[heads->count] = (struct aa_column){ .name = unique, .title = unique };
	}
	return 0;
}

/* What went wrong while a statement of the user ran: its fault, or the database's. */
static enum aa_status failed(struct aa_query *query)
{
	sqlite3 *handle = aa_db_handle(query->db);

	switch (sqlite3_errcode(handle) & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_IOERR:
	case SQLITE_BUSY:
	case SQLITE_NOMEM:
	case SQLITE_INTERRUPT:
		(void)aa_db_error(query->db, &query->error, "read the database");
		return AA_UNREADABLE;
	case SQLITE_AUTH:
		(void)aa_error_set(&query->error, -EACCES, "sql: %s (only statements that read are allowed)",
				   sqlite3_errmsg(handle));
		return AA_USAGE;
	default:
		(void)aa_error_set(&query->error, -EINVAL, "sql: %s", sqlite3_errmsg(handle));
		return AA_USAGE;
	}
}

static enum aa_status run_statement(struct aa_query *query, sqlite3_stmt *statement)
{
	const struct aa_number *limit = &query->settings.filter.limit;
	aa_cleanup(release_heads) struct heads heads = { 0 };
	aa_cleanup_free struct aa_cell *cells = NULL;
	struct aa_listing listing = { .null_text = "NULL" };
	int r = make_heads(statement, &heads);

	cells = aa_array_make(heads.count, sizeof(*cells));
	if (r < 0 || !cells) {
		(void)aa_error_set(&query->error, -ENOMEM, "out of memory");
		return AA_UNREADABLE;
	}
	listing.columns = heads.columns;
	listing.count = heads.count;
	aa_render_begin(&query->render, &listing);
	while ((!limit->set || query->render.row_count < (uint64_t)limit->value) &&
	       query->render.failed == 0 && (r = aa_db_step(statement)) == SQLITE_ROW) {
		for (unsigned i = 0; i < heads.count; i++)
			cells[i] = aa_statement_cell(statement, (int)i);
		aa_render_row(&query->render, cells);
	}
	aa_render_end(&query->render);
	return r == SQLITE_ROW || r == SQLITE_DONE || r == 0 ? AA_ANSWERED : failed(query);
}

static enum aa_status run_all(struct aa_query *query, const char *sql)
{
	enum aa_status status = AA_ANSWERED;

	while (status == AA_ANSWERED && *sql && query->render.failed == 0) {
		aa_cleanup_statement sqlite3_stmt *statement = NULL;

		if (aa_db_prepare(query->db, sql, &statement, &sql) != SQLITE_OK)
			return failed(query);
		/* NULL: only a comment or space was left. */
		if (!statement)
			continue;
		if (!sqlite3_stmt_readonly(statement) || sqlite3_column_count(statement) == 0) {
			(void)aa_error_set(&query->error, -EACCES,
					   "sql: only statements that read are allowed");
			return AA_USAGE;
		}
		status = run_statement(query, statement);
	}
	return status;
}

static bool read_input(struct aa_text_buffer *text)
{
	char chunk[4096];
	size_t size;

	aa_text_add_string(text, "");
	while ((size = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
		aa_text_add(text, chunk, size);
	return !ferror(stdin) && !text->failed;
}

/* What the statement may use besides the tables themselves. */
static int make_plain(struct aa_query *query, const struct aa_sessions *sessions)
{
	int r = 0;

	aa_guard_lift();
	aa_guard_ready_functions(query->db);
	if (sessions->count > 0)
		r = aa_plain_create(query->db, sessions->items[0].id, &query->error);
	aa_guard_lower();
	return r;
}

static enum aa_status run(struct aa_query *query)
{
	aa_cleanup(aa_sessions_release) struct aa_sessions sessions = { 0 };
	enum aa_status status = aa_sessions_find(query, &aa_command_sql, &sessions);
	aa_cleanup(aa_text_release) struct aa_text_buffer input = { 0 };
	const char *sql = query->arguments[0];
	unsigned reads;

	/* Without any session there is still the catalogue; a session that was asked for must be there. */
	if (status == AA_NOTHING && !query->settings.session)
		query->error = (struct aa_error){ 0 };
	else if (status != AA_ANSWERED)
		return status;
	if (strcmp(sql, "-") == 0) {
		if (!read_input(&input)) {
			(void)aa_error_set(&query->error, -EIO,
					   "cannot read the statement from standard input");
			return AA_USAGE;
		}
		sql = input.data;
	}
	if (make_plain(query, &sessions) < 0)
		return AA_UNREADABLE;
	query->out.hold_bytes = HOLD_BYTES;
	reads = aa_guard_session_reads();
	status = run_all(query, sql);
	query->out.hold_bytes = 0;
	if (status != AA_ANSWERED)
		return status;
	query->about_files = true;
	if (aa_guard_session_reads() != reads && aa_complete_note(query, &sessions) < 0)
		return AA_UNREADABLE;
	return query->render.total_count > 0 ? AA_ANSWERED : AA_NOTHING;
}

const struct aa_command aa_command_sql = {
	.name = "sql",
	.usage = "STATEMENT|-",
	.summary = "run SELECT statements, with the session's tables under plain names",
	.description =
		"Tables: process exec commands timeline gap env cred comm setsid reparent cgroup string;\n"
		"and of all sessions: session agent probe clock session_object errno_name signal_name.\n"
		"- reads the statements from standard input.",
	.filters = AA_FILTER_LIMIT,
	.argument_min = 1,
	.argument_max = 1,
	.run = run,
};
