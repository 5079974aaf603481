/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database contract: opens the file, checks that it is ours, brings it to the current version, and makes
 * a session's tables from their templates. Knows SQLite, nothing of eBPF. Not thread-safe: one handle, one
 * thread at a time.
 */
#ifndef AA_SCHEMA_DB_H
#define AA_SCHEMA_DB_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "error.h"
#include "text.h"

#define AA_DB_APPLICATION_ID 0x61617263 /* "aarc" in the file header, offset 68 */
#define AA_DB_VERSION	     2		/* user_version: number of the newest schema/NNNN.sql */
#define AA_DB_DEFAULT_PATH   "/var/lib/aa-record/aa.db"

/* Milliseconds that a statement waits for another process's lock. */
#define AA_DB_BUSY_MS 10000

struct aa_db;

/* $AA_DB, else AA_DB_DEFAULT_PATH. Never NULL. */
const char *aa_db_default_path(void);

/*
 * Opens for writing; makes directory (0700) and file (0600) if they are missing, refuses to follow a symlink
 * in a directory that others can write, sets WAL, synchronous=FULL and the rest of SQLITE.md's starting point,
 * and applies missing migrations, each in a transaction. busy_timeout comes first.
 * Returns 0, or a negative errno with a clear text: -EACCES/-EROFS not writable, -EINVAL not a database or
 * another application's, -EPROTO of a newer version, -ELOOP a symlink that is not to be trusted, -ENOSPC disk full,
 * -EBUSY, -EBADMSG damaged, -EIO, -ENOMEM.
 */
int aa_db_open_write(const char *path, struct aa_db **ret_db, struct aa_error *error);

/*
 * Opens for reading, also while it is written to, on a read-only file system, and without a -wal file beside
 * it; never creates or changes a file next to the database that was not there (a read-only directory or file
 * works). If recovering a left-over WAL needs to write where that is not allowed, reads a private copy.
 * Older versions open: what they lack, reads as absent. Same errors; -ENOENT if there is no such file.
 */
int aa_db_open_read(const char *path, struct aa_db **ret_db, struct aa_error *error);

/* The same, for files that only look like databases: true if the last open read a private copy or immutable file. */
bool aa_db_is_snapshot(const struct aa_db *db);

/*
 * -ESTALE if the path no longer names the file that is open: moved, deleted or replaced. What is written then is lost,
 * or, with a new database at that path, is mixed with it, as its -wal has the same name (sqlite.org/howtocorrupt.html).
 */
int aa_db_check_place(struct aa_db *db, struct aa_error *error);

/* Closes; a writer that is the only one left leaves a single file without -wal (journal_mode=DELETE). NULL is fine. */
void aa_db_close(struct aa_db *db);
void aa_db_closep(struct aa_db **db);

/* The connection, owned by db. */
sqlite3 *aa_db_handle(struct aa_db *db);

/* Runs statements without results. Returns 0 or a negative errno with text. */
int aa_db_exec(struct aa_db *db, const char *sql, struct aa_error *error);

/*
 * sqlite3_prepare_v2() and sqlite3_step(), which return what these return. A reader has to use them: it may meet the
 * -shm's header while the recorder writes it, and SQLite calls that SQLITE_READONLY_RECOVERY (see db.c).
 */
int aa_db_prepare(struct aa_db *db, const char *sql, sqlite3_stmt **ret_statement, const char **ret_tail);
int aa_db_step(sqlite3_stmt *statement);

/* Maps the connection's last error to a negative errno and says what was tried. Never 0. */
int aa_db_error(struct aa_db *db, struct aa_error *error, const char *tried);

/* Tables of a session. Each comes from schema/session/NAME.sql and is made on first use. */
enum aa_table {
	AA_TABLE_STRING,
	AA_TABLE_PROCESS,
	AA_TABLE_EXEC,
	AA_TABLE_ENV,
	AA_TABLE_CGROUP,
	AA_TABLE_CRED,
	AA_TABLE_COMM,
	AA_TABLE_SETSID,
	AA_TABLE_REPARENT,
	AA_TABLE_FILE,
	AA_TABLE_CONTENT,
	AA_TABLE_BLOB,
	AA_TABLE_TLS_CONNECTION,
	AA_TABLE_TLS,
	AA_TABLE_TLS_LIBRARY,
	AA_TABLE_REDACTION,
	AA_TABLE_GAP,
	AA_TABLE_COUNT,
};

/* "process" */
const char *aa_table_name(enum aa_table table);

/* Appends sql with "s0_" at the start of a word replaced by the session's prefix, "s<N>_". */
void aa_session_expand(struct aa_text_buffer *buffer, const char *sql, int64_t session_id);

/*
 * Makes a session's table with its views, remakes s<N>_timeline, and lists them in session_object; nothing if
 * it exists. To be called inside a transaction. Returns 0 or a negative errno.
 */
int aa_session_create_table(struct aa_db *db, int64_t session_id, enum aa_table table,
			    struct aa_error *error);

/* True if the session has that table. Reads the catalogue of SQLite, so it also works on old versions. */
bool aa_session_has_table(struct aa_db *db, int64_t session_id, enum aa_table table);

/* Builds the indexes that a session gets when it has ended (time order for timeline). */
int aa_session_create_indexes(struct aa_db *db, int64_t session_id, struct aa_error *error);

#endif
