/* SPDX-License-Identifier: Apache-2.0 */
/* Plain names for a session's tables; see plain.h. */
#include "plain.h"

#include <errno.h>
#include <inttypes.h>

#include "memory.h"
#include "sql.h"
#include "text.h"

static const struct {
	const char *name;    /* plain */
	const char *object;  /* of the session, behind s<N>_ */
	enum aa_table table; /* that it needs */
} plains[] = {
	{ "process", "process_view", AA_TABLE_PROCESS },
	{ "exec", "exec_view", AA_TABLE_EXEC },
	{ "commands", "commands", AA_TABLE_EXEC },
	{ "timeline", "timeline", AA_TABLE_PROCESS },
	{ "file", "file_view", AA_TABLE_FILE },
	{ "files", "files", AA_TABLE_FILE },
	{ "content", "content", AA_TABLE_CONTENT },
	{ "blob", "blob", AA_TABLE_BLOB },
	{ "tls", "tls_view", AA_TABLE_TLS },
	{ "tls_connection", "tls_connection_view", AA_TABLE_TLS_CONNECTION },
	{ "tls_library", "tls_library", AA_TABLE_TLS_LIBRARY },
	{ "redaction", "redaction", AA_TABLE_REDACTION },
	{ "gap", "gap", AA_TABLE_GAP },
	{ "env", "env", AA_TABLE_ENV },
	{ "cred", "cred", AA_TABLE_CRED },
	{ "comm", "comm", AA_TABLE_COMM },
	{ "setsid", "setsid", AA_TABLE_SETSID },
	{ "reparent", "reparent", AA_TABLE_REPARENT },
	{ "cgroup", "cgroup", AA_TABLE_CGROUP },
	{ "string", "string", AA_TABLE_STRING },
};

static void close_scratch(sqlite3 **scratch)
{
	(void)sqlite3_close_v2(*scratch);
}

static void finalize(sqlite3_stmt **statement)
{
	(void)sqlite3_finalize(*statement);
}

/* An empty database with every table, made from the schema: it knows the columns of those that are absent. */
static int open_scratch(sqlite3 **ret_scratch, struct aa_error *error)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer name = { 0 };

	if (sqlite3_open_v2(":memory:", ret_scratch, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL) !=
		    SQLITE_OK ||
	    sqlite3_exec(*ret_scratch, aa_sql_find("0001"), NULL, NULL, NULL) != SQLITE_OK)
		return aa_error_set(error, -ENOMEM, "cannot set up the plain names: %s",
				    sqlite3_errmsg(*ret_scratch));
	for (int table = 0; table < AA_TABLE_COUNT; table++) {
		const char *sql;

		aa_text_clear(&name);
		aa_text_printf(&name, "session/%s", aa_table_name((enum aa_table)table));
		sql = name.data ? aa_sql_find(name.data) : NULL;
		/* Behind the tables stand a template's SELECTs; whether these run does not matter. */
		if (sql)
			(void)sqlite3_exec(*ret_scratch, sql, NULL, NULL, NULL);
	}
	return 0;
}

/* "CREATE TEMP VIEW cred AS SELECT NULL AS "id", ... WHERE 0" */
static int add_empty_view(sqlite3 *scratch, const char *name, const char *object, struct aa_text_buffer *sql)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer query = { 0 };
	aa_cleanup(finalize) sqlite3_stmt *statement = NULL;

	aa_text_printf(&query, "SELECT * FROM s0_%s", object);
	if (query.failed || sqlite3_prepare_v2(scratch, query.data, -1, &statement, NULL) != SQLITE_OK)
		return -EINVAL;
	aa_text_printf(sql, "CREATE TEMP VIEW \"%s\" AS SELECT", name);
	for (int i = 0; i < sqlite3_column_count(statement); i++)
		aa_text_printf(sql, "%s NULL AS \"%s\"", i > 0 ? "," : "", sqlite3_column_name(statement, i));
	aa_text_add_string(sql, " WHERE 0;\n");
	return 0;
}

int aa_plain_create(struct aa_db *db, int64_t session_id, struct aa_error *error)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer sql = { 0 };
	aa_cleanup(close_scratch) sqlite3 *scratch = NULL;
	int r;

	aa_text_add_string(&sql, "PRAGMA query_only = OFF;\n");
	for (size_t i = 0; i < sizeof(plains) / sizeof(plains[0]); i++) {
		if (aa_session_has_table(db, session_id, plains[i].table)) {
			aa_text_printf(&sql,
				       "CREATE TEMP VIEW \"%s\" AS SELECT * FROM main.\"s%" PRId64 "_%s\";\n",
				       plains[i].name, session_id, plains[i].object);
			continue;
		}
		r = scratch ? 0 : open_scratch(&scratch, error);
		if (r < 0)
			return r;
		/* The timeline of a session without processes has no template of its own. */
		(void)add_empty_view(scratch, plains[i].name, plains[i].object, &sql);
	}
	aa_text_add_string(&sql, "PRAGMA query_only = ON;\n");
	if (sql.failed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	return aa_db_exec(db, sql.data, error);
}
