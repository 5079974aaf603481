/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this library share about an open database. */
#ifndef AA_SCHEMA_DB_PRIVATE_H
#define AA_SCHEMA_DB_PRIVATE_H

#include "db.h"

struct aa_db {
	sqlite3 *handle;
	char *path; /* as the caller named it, for messages */
	bool writer;
	bool snapshot; /* a private copy, or a file on a read-only file system */
};

/* Not open yet; aa_db_close releases it. NULL if memory ran out. */
struct aa_db *aa_db_new(const char *path);

/* Sets what both kinds of connection need; busy_timeout first. */
int aa_db_configure(struct aa_db *db, struct aa_error *error);

/* Whether SQLite's code says that the -shm's header was torn, and it is worth to try again. Waits a millisecond. */
bool aa_db_is_torn(int code, unsigned *tries);

/* Reads one integer. Returns 0 or a negative errno. */
int aa_db_get_int(struct aa_db *db, const char *sql, int64_t *ret_value, struct aa_error *error);

/*
 * Refuses what is not ours: 0 for one of our databases, *ret_version being its version; also for an empty file, with
 * version 0. -EINVAL another application's, -EPROTO a newer version.
 */
int aa_db_check_identity(struct aa_db *db, int64_t *ret_version, struct aa_error *error);

/* Brings an open database to AA_DB_VERSION, each migration in a transaction of its own. */
int aa_db_migrate(struct aa_db *db, struct aa_error *error);

/* Opens a copy of the database at path, its WAL and its journal, that nobody else can see. */
int aa_db_open_copy(const char *path, sqlite3 **ret_handle, struct aa_error *error);

#endif
