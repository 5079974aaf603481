/* SPDX-License-Identifier: Apache-2.0 */
/* Numbered migrations: schema/NNNN.sql brings version NNNN-1 to NNNN. A released one is never edited. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "db_private.h"
#include "sql.h"

const char *aa_sql_find(const char *name)
{
	for (const struct aa_sql *file = aa_sql_files; file->name; file++)
		if (strcmp(file->name, name) == 0)
			return file->sql;
	return NULL;
}

/* Calls name_of(buffer, number) for first..last and inserts what has a name. */
static int fill_names(struct aa_db *db, const char *sql, int first, int last,
		      const char *(*name_of)(char buffer[32], int number), struct aa_error *error)
{
	sqlite3_stmt *insert = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(db->handle, sql, -1, &insert, NULL) != SQLITE_OK)
		return aa_db_error(db, error, "write the database");
	for (int number = first; number <= last && r == 0; number++) {
		char buffer[32];
		const char *name = name_of(buffer, number);

		if (!name)
			continue;
		(void)sqlite3_bind_int(insert, 1, number);
		(void)sqlite3_bind_text(insert, 2, name, -1, SQLITE_TRANSIENT);
		if (sqlite3_step(insert) != SQLITE_DONE)
			r = aa_db_error(db, error, "write the database");
		(void)sqlite3_reset(insert);
	}
	sqlite3_finalize(insert);
	return r;
}

static const char *errno_name(char buffer[32], int number)
{
	(void)buffer;
	return strerrorname_np(number);
}

static const char *signal_name(char buffer[32], int number)
{
	const char *short_name = number < 32 ? sigabbrev_np(number) : NULL;

	if (number >= 34) /* what programs see as SIGRTMIN under glibc */
		(void)snprintf(buffer, 32, number == 34 ? "SIGRTMIN" : "SIGRTMIN+%d", number - 34);
	else if (short_name)
		(void)snprintf(buffer, 32, "SIG%s", short_name);
	else
		return NULL;
	return buffer;
}

/* What SQL alone cannot say: steps that belong to a version. */
static int finish_version(struct aa_db *db, int version, struct aa_error *error)
{
	int r;

	if (version != 1)
		return 0;
	r = fill_names(db, "INSERT INTO errno_name (error, name) VALUES (?, ?)", 1, 133, errno_name, error);
	if (r < 0)
		return r;
	return fill_names(db, "INSERT INTO signal_name (signal, name) VALUES (?, ?)", 1, 64, signal_name,
			  error);
}

static int apply(struct aa_db *db, int version, struct aa_error *error)
{
	char name[16], mark[128];
	const char *sql;
	int r;

	(void)snprintf(name, sizeof(name), "%04d", version);
	sql = aa_sql_find(name);
	if (!sql)
		return aa_error_set(error, -EINVAL, "schema version %d is not built in", version);
	r = aa_db_exec(db, sql, error);
	if (r == 0)
		r = finish_version(db, version, error);
	if (r < 0)
		return r;
	(void)snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
		       AA_DB_APPLICATION_ID, version);
	return aa_db_exec(db, mark, error);
}

int aa_db_migrate(struct aa_db *db, struct aa_error *error)
{
	for (;;) {
		int64_t version;
		int r;

		/* The lock first: another recorder may be creating the same file just now. */
		r = aa_db_exec(db, "BEGIN IMMEDIATE", error);
		if (r < 0)
			return r;
		r = aa_db_check_identity(db, &version, error);
		if (r == 0 && version < AA_DB_VERSION) {
			r = apply(db, (int)version + 1, error);
			if (r == 0)
				r = aa_db_exec(db, "COMMIT", error);
			if (r == 0)
				continue;
		}
		if (!sqlite3_get_autocommit(db->handle))
			(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
		return r;
	}
}
