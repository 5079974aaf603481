/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's tables from their templates, schema/session/NAME.sql: "s0_" at the start of a word becomes "s<N>_". A
 * template's first part makes the table and its views; a line "-- @index" begins what is built when the session has
 * ended, "-- @timeline" begins its arms of s<N>_timeline. The first comment inside each CREATE is its description.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "db_private.h"
#include "memory.h"
#include "sql.h"
#include "text.h"

static const char *const table_names[AA_TABLE_COUNT] = {
	[AA_TABLE_STRING] = "string",
	[AA_TABLE_PROCESS] = "process",
	[AA_TABLE_EXEC] = "exec",
	[AA_TABLE_ENV] = "env",
	[AA_TABLE_CGROUP] = "cgroup",
	[AA_TABLE_CRED] = "cred",
	[AA_TABLE_COMM] = "comm",
	[AA_TABLE_SETSID] = "setsid",
	[AA_TABLE_REPARENT] = "reparent",
	[AA_TABLE_GAP] = "gap",
	[AA_TABLE_FILE] = "file",
	[AA_TABLE_CONTENT] = "content",
	[AA_TABLE_BLOB] = "blob",
	[AA_TABLE_TLS_CONNECTION] = "tls_connection",
	[AA_TABLE_TLS] = "tls",
	[AA_TABLE_TLS_LIBRARY] = "tls_library",
	[AA_TABLE_REDACTION] = "redaction",
};

const char *aa_table_name(enum aa_table table)
{
	return table_names[table];
}

/* The part of a template behind "-- @name", or its beginning (name ""). */
static const char *find_section(const char *sql, const char *name, size_t *ret_size)
{
	const char *at = sql, *end;

	if (*name) {
		char mark[32];

		(void)snprintf(mark, sizeof(mark), "\n-- @%s\n", name);
		at = strstr(sql, mark);
		if (!at)
			return NULL;
		at += strlen(mark);
	}
	end = strstr(at, "\n-- @");
	*ret_size = end ? (size_t)(end + 1 - at) : strlen(at);
	return at;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void add_template(struct aa_text_buffer *out, const char *sql, size_t size, int64_t session_id)
{
	const char *end = sql + size;

	for (const char *at = sql; at < end;) {
		const char *word = memmem(at, (size_t)(end - at), "s0_", 3);

		if (!word) {
			aa_text_add(out, at, (size_t)(end - at));
			return;
		}
		aa_text_add(out, at, (size_t)(word - at));
		if (word > sql && is_word(word[-1]))
			aa_text_add(out, "s0_", 3);
		else
			aa_text_printf(out, "s%" PRId64 "_", session_id);
		at = word + 3;
	}
}

void aa_session_expand(struct aa_text_buffer *buffer, const char *sql, int64_t session_id)
{
	add_template(buffer, sql, strlen(sql), session_id);
}

/* Runs a section of a table's template. A template without it is fine. */
static int run_section(struct aa_db *db, int64_t session_id, enum aa_table table, const char *section,
		       struct aa_error *error)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer sql = { 0 };
	const char *template, *part;
	char name[32];
	size_t size;

	(void)snprintf(name, sizeof(name), "session/%s", table_names[table]);
	template = aa_sql_find(name);
	if (!template)
		return aa_error_set(error, -EINVAL, "the template of table %s is not built in",
				    table_names[table]);
	part = find_section(template, section, &size);
	if (!part)
		return 0;
	add_template(&sql, part, size, session_id);
	if (sql.failed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	return aa_db_exec(db, sql.data, error);
}

/* 1 if there is a table of that name, 0 if not, or a negative errno. */
static int has_table(struct aa_db *db, int64_t session_id, enum aa_table table, struct aa_error *error)
{
	sqlite3_stmt *statement = NULL;
	char name[64];
	int r;

	(void)snprintf(name, sizeof(name), "s%" PRId64 "_%s", session_id, table_names[table]);
	if (sqlite3_prepare_v2(db->handle, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?",
			       -1, &statement, NULL) != SQLITE_OK)
		return aa_db_error(db, error, "read the database");
	(void)sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	r = sqlite3_step(statement);
	if (r == SQLITE_ROW)
		r = 1;
	else
		r = r == SQLITE_DONE ? 0 : aa_db_error(db, error, "read the database");
	sqlite3_finalize(statement);
	return r;
}

bool aa_session_has_table(struct aa_db *db, int64_t session_id, enum aa_table table)
{
	return has_table(db, session_id, table, NULL) > 0;
}

/* The view over the arms of those tables that exist; a view is only text, so remaking it costs nothing. */
static int make_timeline(struct aa_db *db, int64_t session_id, struct aa_error *error)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer sql = { 0 };
	bool first = true;

	aa_text_printf(&sql, "DROP VIEW IF EXISTS s%" PRId64 "_timeline;\n", session_id);
	aa_text_printf(&sql,
		       "CREATE VIEW s%" PRId64
		       "_timeline AS -- All that happened, one row an event. ORDER BY time_ns merges if "
		       "time_ns is also selected, else it sorts.\n",
		       session_id);
	for (int table = 0; table < AA_TABLE_COUNT; table++) {
		const char *arm = NULL;
		char name[32];
		size_t size;
		int r;

		(void)snprintf(name, sizeof(name), "session/%s", table_names[table]);
		arm = find_section(aa_sql_find(name), "timeline", &size);
		if (!arm)
			continue;
		r = has_table(db, session_id, (enum aa_table)table, error);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (!first)
			aa_text_add_string(&sql, "UNION ALL\n");
		first = false;
		add_template(&sql, arm, size, session_id);
	}
	if (first)
		return 0;
	aa_text_add_string(&sql, ";");
	if (sql.failed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	return aa_db_exec(db, sql.data, error);
}

/* Lists what is new in session_object, described by the comment behind its CREATE. */
static int list_objects(struct aa_db *db, int64_t session_id, struct aa_error *error)
{
	static const char sql[] =
		"INSERT OR IGNORE INTO session_object (session_id, name, type, comment)"
		" SELECT ?1, name, type, trim(substr(line, 1, instr(line, char(10)) - 1))"
		" FROM (SELECT name, type, substr(sql, instr(sql, '--') + 2) AS line FROM sqlite_master"
		"  WHERE type IN ('table', 'view') AND name GLOB ?2)";
	sqlite3_stmt *statement = NULL;
	char pattern[64];
	int r = 0;

	(void)snprintf(pattern, sizeof(pattern), "s%" PRId64 "_*", session_id);
	if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) != SQLITE_OK)
		return aa_db_error(db, error, "write the database");
	(void)sqlite3_bind_int64(statement, 1, session_id);
	(void)sqlite3_bind_text(statement, 2, pattern, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) != SQLITE_DONE)
		r = aa_db_error(db, error, "write the database");
	sqlite3_finalize(statement);
	return r;
}

int aa_session_create_table(struct aa_db *db, int64_t session_id, enum aa_table table, struct aa_error *error)
{
	int r = has_table(db, session_id, table, error);

	if (r != 0)
		return r < 0 ? r : 0;
	r = run_section(db, session_id, table, "", error);
	if (r == 0)
		r = make_timeline(db, session_id, error);
	if (r == 0)
		r = list_objects(db, session_id, error);
	return r;
}

int aa_session_create_indexes(struct aa_db *db, int64_t session_id, struct aa_error *error)
{
	for (int table = 0; table < AA_TABLE_COUNT; table++) {
		int r = has_table(db, session_id, (enum aa_table)table, error);

		if (r > 0)
			r = run_section(db, session_id, (enum aa_table)table, "index", error);
		if (r < 0)
			return r;
	}
	return 0;
}
