/* SPDX-License-Identifier: Apache-2.0 */
/* One row at a time into a session's tables, through prepared statements that are kept. */
#include <errno.h>

#include "memory.h"
#include "store_private.h"

int aa_session_require_table(struct aa_session *session, enum aa_table table, struct aa_error *error)
{
	int r;

	if (session->now.tables[table])
		return 0;
	r = aa_session_create_table(session->store->db, session->id, table, error);
	if (r == 0)
		session->now.tables[table] = true;
	return r;
}

static int prepare(struct aa_session *session, enum aa_statement which, enum aa_table table, const char *sql,
		   struct aa_error *error)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer expanded = { 0 };
	struct aa_db *db = session->store->db;
	int r = aa_session_require_table(session, table, error);

	if (r < 0)
		return r;
	if (session->statements[which])
		return 0;
	aa_session_expand(&expanded, sql, session->id);
	if (expanded.failed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	if (sqlite3_prepare_v3(aa_db_handle(db), expanded.data, (int)expanded.size, SQLITE_PREPARE_PERSISTENT,
			       &session->statements[which], NULL) != SQLITE_OK)
		return aa_db_error(db, error, "write the database");
	return 0;
}

void aa_row_begin(struct aa_row *row, struct aa_session *session, enum aa_statement which,
		  enum aa_table table, const char *sql, struct aa_error *error)
{
	*row = (struct aa_row){ .session = session, .parameter = 1, .error = error };
	row->code = prepare(session, which, table, sql, error);
	row->statement = session->statements[which];
}

static void check(struct aa_row *row, int result)
{
	row->parameter++;
	if (result != SQLITE_OK && row->code == 0)
		row->code = aa_db_error(row->session->store->db, row->error, "write the database");
}

void aa_row_null(struct aa_row *row)
{
	if (row->code == 0)
		check(row, sqlite3_bind_null(row->statement, row->parameter));
}

void aa_row_int(struct aa_row *row, int64_t value)
{
	if (row->code == 0)
		check(row, sqlite3_bind_int64(row->statement, row->parameter, value));
}

void aa_row_uint(struct aa_row *row, uint64_t value)
{
	aa_row_int(row, (int64_t)value);
}

void aa_row_id(struct aa_row *row, int64_t id)
{
	if (id)
		aa_row_int(row, id);
	else
		aa_row_null(row);
}

void aa_row_text(struct aa_row *row, const char *text)
{
	if (!text)
		aa_row_null(row);
	else if (row->code == 0)
		check(row, sqlite3_bind_text(row->statement, row->parameter, text, -1, SQLITE_STATIC));
}

void aa_row_buffer(struct aa_row *row, const struct aa_text_buffer *text)
{
	if (row->code == 0 && text->failed)
		row->code = aa_error_set(row->error, -ENOMEM, "out of memory");
	if (row->code == 0)
		check(row, sqlite3_bind_text64(row->statement, row->parameter, text->data ? text->data : "",
					       text->size, SQLITE_STATIC, SQLITE_UTF8));
}

void aa_row_blob(struct aa_row *row, const void *bytes, size_t size)
{
	if (row->code == 0)
		check(row, sqlite3_bind_blob64(row->statement, row->parameter, size ? bytes : "", size,
					       SQLITE_STATIC));
}

int aa_row_step(struct aa_row *row, int64_t *ret_id)
{
	struct aa_db *db = row->session->store->db;

	if (row->code < 0)
		return row->code;
	if (sqlite3_step(row->statement) != SQLITE_DONE)
		row->code = aa_db_error(db, row->error, "write the database");
	(void)sqlite3_reset(row->statement);
	if (row->code == 0 && ret_id)
		*ret_id = sqlite3_last_insert_rowid(aa_db_handle(db));
	return row->code;
}

int aa_session_intern(struct aa_session *session, const void *bytes, size_t size, int64_t *ret_id,
		      struct aa_error *error)
{
	struct aa_text_buffer *text = aa_store_scratch(session->store, AA_SCRATCH_SHORT);
	struct aa_row row;
	int64_t id = aa_intern_find(session->strings, bytes, size);
	int r;

	if (id) {
		*ret_id = id;
		return 0;
	}
	aa_row_begin(&row, session, AA_STATEMENT_STRING, AA_TABLE_STRING,
		     "INSERT INTO s0_string (text, raw) VALUES (?, ?)", error);
	if (aa_text_escape(text, bytes, size)) {
		aa_row_buffer(&row, text);
		aa_row_blob(&row, bytes, size);
	} else {
		aa_row_buffer(&row, text);
		aa_row_null(&row);
	}
	r = aa_row_step(&row, &id);
	if (r < 0)
		return r;
	aa_intern_add(session->strings, bytes, size, id);
	*ret_id = id;
	return 0;
}
