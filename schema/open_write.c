/* SPDX-License-Identifier: Apache-2.0 */
/* Opening for writing: where the file may be, making it, and the settings of a writer (measured in tests/bench). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "db_private.h"
#include "memory.h"

/* Every missing directory above path, for the owner only. */
static int make_directories(char *path, struct aa_error *error)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int r = 0;

		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			r = -errno;
		/* What exists may still refuse with EROFS or EACCES before it says so. */
		if (r < 0 && access(path, F_OK) == 0)
			r = 0;
		if (r < 0)
			(void)aa_error_set(error, r, "cannot make the directory %s: %s", path, strerror(-r));
		*slash = '/';
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * In a directory that everybody can write, a symbolic link leads our writes where its maker wants, and a file of
 * somebody else's stays open to them. Looks at one component of the path as it was given.
 */
static int check_component(const char *path, const char *directory, bool last, struct aa_error *error)
{
	struct stat parent, entry;

	if (lstat(path, &entry) < 0)
		return errno == ENOENT
			       ? 0
			       : aa_error_set(error, -errno, "cannot open %s: %s", path, strerror(errno));
	if (stat(directory, &parent) < 0)
		return aa_error_set(error, -errno, "cannot open %s: %s", directory, strerror(errno));
	if (!(parent.st_mode & S_IWOTH))
		return 0;
	if (S_ISLNK(entry.st_mode))
		return aa_error_set(
			error, -ELOOP,
			"will not follow the symbolic link %s: everybody can write in its directory", path);
	if (last && entry.st_uid != 0 && entry.st_uid != geteuid())
		return aa_error_set(error, -EACCES,
				    "will not write to %s: it belongs to user %u, in a directory that "
				    "everybody can write",
				    path, (unsigned)entry.st_uid);
	return 0;
}

static int check_symlinks(char *path, struct aa_error *error)
{
	char directory[PATH_MAX] = "/";
	char *slash = path;
	int r = 0;

	while (r == 0 && slash) {
		char *next = strchr(slash + 1, '/');

		if (next)
			*next = '\0';
		r = check_component(path, directory, !next, error);
		memcpy(directory, path, strlen(path) + 1);
		if (next)
			*next = '/';
		slash = next;
	}
	return r;
}

/* path as an absolute one; the directories may be missing yet. */
static int make_absolute(const char *path, char absolute[PATH_MAX], struct aa_error *error)
{
	size_t used = 0;

	if (!*path)
		return aa_error_set(error, -ENOENT, "the path of the database is empty");
	if (*path != '/') {
		if (!getcwd(absolute, PATH_MAX - 1))
			return aa_error_set(error, -errno, "cannot tell the working directory: %s",
					    strerror(errno));
		used = strlen(absolute);
		if (absolute[used - 1] != '/')
			absolute[used++] = '/';
	}
	if (strlen(path) >= PATH_MAX - used)
		return aa_error_set(error, -ENAMETOOLONG, "the path of the database is too long: %s", path);
	memcpy(absolute + used, path, strlen(path) + 1);
	return 0;
}

/*
 * What the path leads to must be a regular file. O_PATH, because closing any other descriptor of the file would drop
 * the locks that SQLite holds in this process.
 */
static int check_file(const char *path, struct aa_error *error)
{
	aa_cleanup_close int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat file;

	if (fd < 0 || fstat(fd, &file) < 0)
		return aa_error_set(error, -errno, "cannot open %s: %s", path, strerror(errno));
	if (S_ISDIR(file.st_mode))
		return aa_error_set(error, -EINVAL, "%s is a directory, not a database", path);
	if (!S_ISREG(file.st_mode))
		return aa_error_set(error, -EINVAL, "%s is not a regular file", path);
	/* SQLite takes a file of one byte for an empty one. The smallest page has 512. */
	if (file.st_size > 0 && file.st_size < 512)
		return aa_error_set(error, -EINVAL, "%s is not a database", path);
	if (access(path, W_OK) < 0)
		return aa_error_set(error, -errno, "cannot write to %s: %s", path, strerror(errno));
	return 0;
}

/* EEXIST for something that is not there is a symbolic link that leads nowhere. */
static int cannot_make(const char *path, const char *absolute, int code, struct aa_error *error)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer shown = { 0 };
	char target[PATH_MAX];
	ssize_t size = code == -EEXIST ? readlink(absolute, target, sizeof(target)) : -1;

	if (size < 0)
		return aa_error_set(error, code, "cannot make the database %s: %s", path, strerror(-code));
	(void)aa_text_escape(&shown, target, (size_t)size);
	return aa_error_set(error, -ENOENT,
			    "cannot make the database %s: it is a symbolic link to %s, which does not exist "
			    "(remove the link, or name that file)",
			    path, shown.failed ? "?" : shown.data);
}

/*
 * SQLite puts its -wal and others beside the file, and says only "unable to open" when their names become too long.
 * -journal is the longest.
 */
static int check_name(const char *resolved, const char *path, struct aa_error *error)
{
	const char *slash = strrchr(resolved, '/');
	size_t longest = NAME_MAX - strlen("-journal");

	if (slash && strlen(slash + 1) > longest)
		return aa_error_set(error, -ENAMETOOLONG,
				    "the file name of the database is too long: SQLite needs room to append "
				    "-journal, so at "
				    "most %zu bytes: %s",
				    longest, path);
	return 0;
}

/* Makes the file unless it is there, and resolves what it is. */
static int prepare(const char *path, char resolved[PATH_MAX], struct aa_error *error)
{
	char absolute[PATH_MAX];
	int fd, made, r;

	r = make_absolute(path, absolute, error);
	if (r == 0)
		r = check_name(absolute, path, error);
	if (r == 0)
		r = check_symlinks(absolute, error);
	if (r == 0)
		r = make_directories(absolute, error);
	if (r < 0)
		return r;
	fd = open(absolute, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	made = fd < 0 ? -errno : 0;
	if (fd >= 0)
		(void)close(fd);
	else if (access(absolute, F_OK) < 0)
		return cannot_make(path, absolute, made, error);
	if (!realpath(absolute, resolved))
		return aa_error_set(error, -errno, "cannot open %s: %s", path, strerror(errno));
	r = check_name(resolved, path, error); /* of what a symbolic link leads to */
	return r == 0 ? check_file(resolved, error) : r;
}

/*
 * page_size and auto_vacuum only take effect before the first table; the switch to WAL gives up at once where another
 * process is doing the same, without asking the busy handler.
 */
static int set_up(struct aa_db *db, struct aa_error *error)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	int64_t version;
	int r;

	r = aa_db_configure(db, error);
	if (r < 0)
		return r;
	/* Nothing of a file that is not ours may change, not even by the checkpoint of closing. */
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	r = aa_db_check_identity(db, &version, error);
	if (r < 0)
		return r;
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	db->writer = true;
	r = aa_db_exec(db, "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;", error);
	if (r < 0)
		return r;
	for (int tries = 0;
	     sqlite3_exec(db->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) != SQLITE_OK; tries++) {
		if ((sqlite3_errcode(db->handle) & 0xff) != SQLITE_BUSY || tries == AA_DB_BUSY_MS / 20)
			return aa_db_error(db, error, "open the database for writing");
		(void)nanosleep(&pause, NULL);
	}
	/* FULL loses no committed transaction when the power goes, and costs 1 % with large batches. */
	r = aa_db_exec(db,
		       "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000;"
		       "PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = OFF;",
		       error);
	return r < 0 ? r : aa_db_migrate(db, error);
}

int aa_db_open_write(const char *path, struct aa_db **ret_db, struct aa_error *error)
{
	aa_cleanup(aa_db_closep) struct aa_db *db = aa_db_new(path);
	char resolved[PATH_MAX];
	int r;

	if (!db)
		return aa_error_set(error, -ENOMEM, "out of memory");
	r = prepare(path, resolved, error);
	if (r < 0)
		return r;
	if (sqlite3_open_v2(resolved, &db->handle,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
				    SQLITE_OPEN_PRIVATECACHE,
			    NULL) != SQLITE_OK)
		return aa_db_error(db, error, "open the database for writing");
	r = set_up(db, error);
	if (r < 0)
		return r;
	*ret_db = AA_STEAL(db);
	return 0;
}
