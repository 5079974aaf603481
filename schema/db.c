/* SPDX-License-Identifier: Apache-2.0 */
/* What every connection has in common: settings, identity, errors, closing. */
#include "db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db_private.h"
#include "memory.h"

const char *aa_db_default_path(void)
{
	const char *path = getenv("AA_DB");

	return path && *path ? path : AA_DB_DEFAULT_PATH;
}

/* The errno behind a file error, if SQLite knows it, else a fallback. */
static int system_error(sqlite3 *handle, int fallback)
{
	int error = sqlite3_system_errno(handle);

	return error > 0 ? -error : fallback;
}

static int map_error(sqlite3 *handle)
{
	int error;

	switch (sqlite3_errcode(handle) & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_IOERR:
		error = system_error(handle, -EIO);
		return error == -ENOSPC || error == -EDQUOT ? -ENOSPC : -EIO;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_READONLY:
		return system_error(handle, -EACCES) == -EROFS ? -EROFS : -EACCES;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CANTOPEN:
		return system_error(handle, -EACCES);
	case SQLITE_NOTADB:
		return -EINVAL;
	case SQLITE_CORRUPT:
		return -EBADMSG;
	case SQLITE_INTERRUPT:
		return -EINTR;
	case SQLITE_TOOBIG:
		return -E2BIG;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	default:
		return -EINVAL;
	}
}

static const char *advice(int code)
{
	switch (code) {
	case -ENOSPC:
		return " (the disk, or the quota, is full)";
	case -EBUSY:
		return " (another process keeps it locked)";
	case -EACCES:
		return " (no permission)";
	case -EROFS:
		return " (the file system is read-only)";
	default:
		return "";
	}
}

int aa_db_error(struct aa_db *db, struct aa_error *error, const char *tried)
{
	int code = db->handle ? map_error(db->handle) : -ENOMEM;

	if (db->handle && (sqlite3_errcode(db->handle) & 0xff) == SQLITE_NOTADB)
		return aa_error_set(error, code, "%s is not a database", db->path);
	return aa_error_set(error, code, "cannot %s: %s: %s%s", tried, db->path,
			    db->handle ? sqlite3_errmsg(db->handle) : "out of memory", advice(code));
}

/*
 * A reader cannot tell the -shm's header that a writer is changing now from one that a writer left so when it died:
 * where it may not write, SQLite takes the latter for granted, if no writer holds the lock any more an instant later
 * (walIndexReadHdr() in its wal.c). The former is over in microseconds; so look again for a tenth of a second.
 */
bool aa_db_is_torn(int code, unsigned *tries)
{
	if (code != SQLITE_READONLY_RECOVERY || (*tries)++ >= 100)
		return false;
	(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	return true;
}

int aa_db_exec(struct aa_db *db, const char *sql, struct aa_error *error)
{
	unsigned tries = 0;
	int code;

	/* A writer never sees a torn header, so nothing is written twice. */
	do {
		code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	} while (aa_db_is_torn(code, &tries));
	if (code != SQLITE_OK)
		return aa_db_error(db, error, db->writer ? "write the database" : "read the database");
	return 0;
}

int aa_db_prepare(struct aa_db *db, const char *sql, sqlite3_stmt **ret_statement, const char **ret_tail)
{
	unsigned tries = 0;
	int code;

	do {
		code = sqlite3_prepare_v2(db->handle, sql, -1, ret_statement, ret_tail);
	} while (aa_db_is_torn(code, &tries));
	return code;
}

int aa_db_step(sqlite3_stmt *statement)
{
	unsigned tries = 0;
	int code;

	/* Only the first step begins a transaction, and stepping again after an error resets the statement. */
	do {
		code = sqlite3_step(statement);
	} while (aa_db_is_torn(code, &tries));
	return code;
}

int aa_db_get_int(struct aa_db *db, const char *sql, int64_t *ret_value, struct aa_error *error)
{
	sqlite3_stmt *statement = NULL;
	int r = 0;

	if (aa_db_prepare(db, sql, &statement, NULL) != SQLITE_OK || aa_db_step(statement) != SQLITE_ROW)
		r = aa_db_error(db, error, "read the database");
	else
		*ret_value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return r;
}

struct aa_db *aa_db_new(const char *path)
{
	struct aa_db *db = calloc(1, sizeof(*db));

	if (!db)
		return NULL;
	db->path = strdup(path);
	if (!db->path) {
		free(db);
		return NULL;
	}
	return db;
}

int aa_db_configure(struct aa_db *db, struct aa_error *error)
{
	/* Before anything else: without it the first lock met is an error. */
	if (sqlite3_busy_timeout(db->handle, AA_DB_BUSY_MS) != SQLITE_OK ||
	    sqlite3_extended_result_codes(db->handle, 1) != SQLITE_OK ||
	    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
	    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK)
		return aa_db_error(db, error, "configure the database");
	return aa_db_exec(db, "PRAGMA cell_size_check = ON; PRAGMA cache_size = -2048;", error);
}

/* Reads what tells whose a database is. */
static int read_identity(struct aa_db *db, int64_t *ret_application, int64_t *ret_version,
			 int64_t *ret_objects, struct aa_error *error)
{
	int r = aa_db_get_int(db, "PRAGMA application_id", ret_application, error);

	if (r == 0)
		r = aa_db_get_int(db, "PRAGMA user_version", ret_version, error);
	if (r == 0)
		r = aa_db_get_int(db, "SELECT count(*) FROM sqlite_master", ret_objects, error);
	return r;
}

int aa_db_check_identity(struct aa_db *db, int64_t *ret_version, struct aa_error *error)
{
	int64_t application = 0, version = 0, objects = 0;
	bool alone = sqlite3_get_autocommit(db->handle);
	int r = 0;

	/* In one transaction: another recorder may be making the database just now. */
	if (alone)
		r = aa_db_exec(db, "BEGIN", error);
	if (r == 0)
		r = read_identity(db, &application, &version, &objects, error);
	if (alone && !sqlite3_get_autocommit(db->handle))
		(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	if (r < 0)
		return r;
	if (application == 0 && version == 0 && objects == 0) {
		*ret_version = 0;
		return 0;
	}
	if (application != AA_DB_APPLICATION_ID)
		return aa_error_set(error, -EINVAL,
				    "%s is a database of another application (its id is 0x%08x)", db->path,
				    (unsigned)application);
	if (version > AA_DB_VERSION)
		return aa_error_set(
			error, -EPROTO,
			"%s was written by a newer aa-record: its schema is version %lld, this program knows "
			"%d (install that version, or use another file)",
			db->path, (long long)version, AA_DB_VERSION);
	if (version < 1)
		return aa_error_set(error, -EINVAL, "%s is not whole: it has our mark, but no schema version",
				    db->path);
	*ret_version = version;
	return 0;
}

bool aa_db_is_snapshot(const struct aa_db *db)
{
	return db->snapshot;
}

sqlite3 *aa_db_handle(struct aa_db *db)
{
	return db->handle;
}

int aa_db_check_place(struct aa_db *db, struct aa_error *error)
{
	int moved = 0;

	if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved)
		return aa_error_set(error, -ESTALE, "the database was moved, deleted or replaced: %s",
				    db->path);
	return 0;
}

/*
 * Leaves one plain file: a cleanly closed WAL-mode database cannot be opened on read-only media. The switch needs
 * to be alone; with others still there the WAL is at least emptied, and the last of them removes it.
 */
static void leave_single_file(struct aa_db *db)
{
	(void)sqlite3_busy_timeout(db->handle, 200);
	(void)sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	(void)sqlite3_busy_timeout(db->handle, 0);
	(void)sqlite3_exec(db->handle, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
}

void aa_db_close(struct aa_db *db)
{
	if (!db)
		return;
	/* Not beside another's database: the -wal there may be its own. SQLite looks as well, but only when it closes. */
	if (db->handle && db->writer && aa_db_check_place(db, NULL) == 0)
		leave_single_file(db);
	(void)sqlite3_close_v2(db->handle);
	free(db->path);
	free(db);
}

void aa_db_closep(struct aa_db **db)
{
	aa_db_close(*db);
}
