/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening for reading, without leaving a trace. What SQLite does by itself leaves -shm and -wal files beside a
 * WAL-mode database, or cannot open it at all where it may not make them. So:
 *
 * rollback journal (how a recorder leaves its file)   a plain read-only connection
 * WAL, with its -wal and -shm (being recorded now, or a recorder was killed)
 *                                                      read-only with readonly_shm: SQLite reads the -wal itself
 *                                                      where no writer lives that could vouch for the -shm
 * WAL without a -wal, on a read-only file system       immutable: nobody can change it, nothing is missing
 * everything else (a -wal without its -shm, a hot journal, a -wal that may not be read in place)
 *                                                      a private copy: slower, and always right
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "db_private.h"
#include "memory.h"
#include "text.h"

/* A file name as SQLite's URI. */
static char *make_uri(const char *path, const char *parameters)
{
	struct aa_text_buffer uri = { 0 };

	/* An empty authority before an absolute path; "./" so that ":memory:" is a name like any other. */
	aa_text_add_string(&uri, *path == '/' ? "file://" : "file:./");
	for (const char *c = path; *c; c++) {
		if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
		    strchr("/._-", *c))
			aa_text_add(&uri, c, 1);
		else
			aa_text_printf(&uri, "%%%02X", (unsigned char)*c);
	}
	aa_text_printf(&uri, "?%s", parameters);
	if (uri.failed)
		aa_text_release(&uri);
	return uri.data;
}

static int open_uri(struct aa_db *db, const char *parameters, struct aa_error *error)
{
	aa_cleanup_free char *uri = make_uri(db->path, parameters);

	(void)sqlite3_close_v2(db->handle);
	db->handle = NULL;
	if (!uri)
		return aa_error_set(error, -ENOMEM, "out of memory");
	if (sqlite3_open_v2(uri, &db->handle,
			    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
				    SQLITE_OPEN_PRIVATECACHE,
			    NULL) != SQLITE_OK)
		return aa_db_error(db, error, "open the database for reading");
	return 0;
}

/* First bytes of the file, through SQLite's own descriptor: closing one of ours would drop its locks. */
static bool is_wal_mode(struct aa_db *db)
{
	unsigned char header[20] = { 0 };
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
	    !file || !file->pMethods)
		return false;
	if (file->pMethods->xRead(file, header, sizeof(header), 0) != SQLITE_OK)
		return false;
	return header[18] == 2 || header[19] == 2;
}

/* A -wal file stands beside the database, be it empty: else SQLite would make one. */
static bool has_wal(const char *path)
{
	char name[PATH_MAX];
	struct stat file;

	return snprintf(name, sizeof(name), "%s-wal", path) < (int)sizeof(name) && stat(name, &file) == 0;
}

/* First access, which takes the locks and looks at -wal and -shm. Returns SQLite's code. */
static int touch(struct aa_db *db)
{
	unsigned tries = 0;
	int code;

	do {
		code = sqlite3_exec(db->handle, "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL);
	} while (aa_db_is_torn(code, &tries));
	return code;
}

static int open_copy(struct aa_db *db, struct aa_error *error)
{
	(void)sqlite3_close_v2(db->handle);
	db->handle = NULL;
	db->snapshot = true;
	return aa_db_open_copy(db->path, &db->handle, error);
}

static int connect(struct aa_db *db, struct aa_error *error)
{
	struct statvfs system;
	int r;

	r = open_uri(db, "mode=ro&readonly_shm=1", error);
	if (r < 0)
		return r;
	(void)sqlite3_busy_timeout(db->handle, AA_DB_BUSY_MS);
	(void)sqlite3_extended_result_codes(db->handle, 1);
	if (is_wal_mode(db) && !has_wal(db->path)) {
		if (statvfs(db->path, &system) < 0 || !(system.f_flag & ST_RDONLY))
			return open_copy(db, error);
		db->snapshot = true;
		return open_uri(db, "mode=ro&immutable=1", error);
	}
	switch (touch(db) & 0xff) {
	case SQLITE_OK:
		return 0;
	case SQLITE_CANTOPEN: /* no -shm, or none that we may read */
	case SQLITE_READONLY: /* recovery or rollback would write */
		return open_copy(db, error);
	default:
		return aa_db_error(db, error, "read the database");
	}
}

static int check_file(const char *path, struct aa_error *error)
{
	struct stat file;

	if (!*path)
		return aa_error_set(error, -ENOENT, "the path of the database is empty");
	if (stat(path, &file) < 0)
		return aa_error_set(error, -errno, "cannot open the database %s: %s", path, strerror(errno));
	if (S_ISDIR(file.st_mode))
		return aa_error_set(error, -EINVAL, "%s is a directory, not a database", path);
	if (!S_ISREG(file.st_mode))
		return aa_error_set(error, -EINVAL, "%s is not a regular file", path);
	if (file.st_size == 0)
		return aa_error_set(error, -EINVAL, "%s is empty: nothing was recorded there", path);
	return 0;
}

int aa_db_open_read(const char *path, struct aa_db **ret_db, struct aa_error *error)
{
	aa_cleanup(aa_db_closep) struct aa_db *db = aa_db_new(path);
	int64_t version;
	int r;

	if (!db)
		return aa_error_set(error, -ENOMEM, "out of memory");
	r = check_file(path, error);
	if (r == 0)
		r = connect(db, error);
	if (r == 0)
		r = aa_db_configure(db, error);
	if (r == 0)
		r = aa_db_exec(db, "PRAGMA query_only = ON", error);
	if (r == 0)
		r = aa_db_check_identity(db, &version, error);
	if (r == 0 && version == 0)
		r = aa_error_set(error, -EINVAL, "%s is an empty database: nothing was recorded there", path);
	if (r < 0)
		return r;
	*ret_db = AA_STEAL(db);
	return 0;
}
