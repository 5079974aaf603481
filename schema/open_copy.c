/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private copy of a database whose WAL or journal must be recovered where we may not, or will not, write. It is made
 * in $TMPDIR, opened, brought to a single file, and its names are removed at once: the space is freed when the
 * connection closes, however the process ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "db_private.h"
#include "memory.h"

/* The WAL before the database: a checkpoint in between then at least shows in the database's time. */
static const char *const suffixes[] = { "-wal", "-journal", "" };
#define PARTS (sizeof(suffixes) / sizeof(suffixes[0]))

struct state {
	struct stat files[PARTS];
	bool present[PARTS];
};

static int look(const char *path, struct state *ret_state)
{
	*ret_state = (struct state){ 0 };
	for (size_t i = 0; i < PARTS; i++) {
		char name[PATH_MAX];

		if (snprintf(name, sizeof(name), "%s%s", path, suffixes[i]) >= (int)sizeof(name))
			return -ENAMETOOLONG;
		if (stat(name, &ret_state->files[i]) == 0)
			ret_state->present[i] = true;
		else if (errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* Nothing was written between two looks. */
static bool is_same(const struct state *a, const struct state *b)
{
	for (size_t i = 0; i < PARTS; i++) {
		const struct stat *x = &a->files[i];
		const struct stat *y = &b->files[i];

		if (a->present[i] != b->present[i])
			return false;
		if (a->present[i] &&
		    (x->st_ino != y->st_ino || x->st_size != y->st_size ||
		     x->st_mtim.tv_sec != y->st_mtim.tv_sec || x->st_mtim.tv_nsec != y->st_mtim.tv_nsec))
			return false;
	}
	return true;
}

static int copy_bytes(int from, int to)
{
	aa_cleanup_free char *buffer = malloc(1 << 18);
	ssize_t n;

	if (!buffer)
		return -ENOMEM;
	while ((n = read(from, buffer, 1 << 18)) != 0) {
		ssize_t done = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		while (done < n) {
			ssize_t written = write(to, buffer + done, (size_t)(n - done));

			if (written < 0 && errno != EINTR)
				return -errno;
			done += written < 0 ? 0 : written;
		}
	}
	return 0;
}

static int copy_part(const char *path, const char *copy, const char *suffix)
{
	char from_name[PATH_MAX], to_name[PATH_MAX];
	aa_cleanup_close int from = -1;
	aa_cleanup_close int to = -1;

	if (snprintf(from_name, sizeof(from_name), "%s%s", path, suffix) >= (int)sizeof(from_name) ||
	    snprintf(to_name, sizeof(to_name), "%s%s", copy, suffix) >= (int)sizeof(to_name))
		return -ENAMETOOLONG;
	from = open(from_name, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return -errno;
	to = open(to_name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	return copy_bytes(from, to);
}

/* Copies until no writer came between. */
static int copy_parts(const char *path, const char *copy)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	struct state before = { 0 }, after = { 0 };
	int r;

	for (int tries = 0; tries < 20; tries++) {
		r = look(path, &before);
		for (size_t i = 0; i < PARTS && r == 0; i++) {
			char name[PATH_MAX];

			if (before.present[i]) {
				r = copy_part(path, copy, suffixes[i]);
				if (r == -ENOENT) /* went away meanwhile: the second look sees it */
					r = 0;
			} else if (snprintf(name, sizeof(name), "%s%s", copy, suffixes[i]) <
				   (int)sizeof(name)) {
				(void)unlink(name);
			}
		}
		if (r == 0)
			r = look(path, &after);
		if (r < 0 || is_same(&before, &after))
			return r;
		(void)nanosleep(&pause, NULL);
	}
	return -EBUSY;
}

static void remove_names(const char *directory, const char *copy)
{
	static const char *const all[] = { "", "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char name[PATH_MAX];

		if (snprintf(name, sizeof(name), "%s%s", copy, all[i]) < (int)sizeof(name))
			(void)unlink(name);
	}
	(void)rmdir(directory);
}

/* Recovers the WAL or the journal, and leaves one file that needs no names beside it. */
static int recover(const char *path, const char *copy, sqlite3 **ret_handle, struct aa_error *error)
{
	aa_cleanup(aa_db_closep) struct aa_db *db = aa_db_new(path);
	int r = 0;

	if (!db)
		return aa_error_set(error, -ENOMEM, "out of memory");
	if (sqlite3_open_v2(copy, &db->handle,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
			    NULL) != SQLITE_OK ||
	    sqlite3_exec(db->handle, "PRAGMA journal_mode = DELETE; SELECT count(*) FROM sqlite_master", NULL,
			 NULL, NULL) != SQLITE_OK)
		r = aa_db_error(db, error, "read a private copy of the database");
	if (r == 0)
		*ret_handle = AA_STEAL(db->handle);
	return r;
}

int aa_db_open_copy(const char *path, sqlite3 **ret_handle, struct aa_error *error)
{
	const char *temporary = secure_getenv("TMPDIR");
	char directory[PATH_MAX - 16], copy[PATH_MAX];
	int r;

	if (!temporary || !*temporary)
		temporary = "/tmp";
	if (snprintf(directory, sizeof(directory), "%s/aa-copy-XXXXXX", temporary) >= (int)sizeof(directory))
		return aa_error_set(error, -ENAMETOOLONG, "the path in $TMPDIR is too long");
	if (!mkdtemp(directory))
		return aa_error_set(error, -errno,
				    "%s must be copied to be read (its recorder was interrupted), but a "
				    "directory in %s cannot "
				    "be made: %s",
				    path, temporary, strerror(errno));
	(void)snprintf(copy, sizeof(copy), "%s/aa.db", directory);
	r = copy_parts(path, copy);
	if (r < 0)
		(void)aa_error_set(error, r,
				   "%s must be copied to be read (its recorder was interrupted), but copying "
				   "to %s failed: %s%s",
				   path, temporary, strerror(-r),
				   r == -ENOSPC ? " (set TMPDIR to where there is room)" : "");
	else
		r = recover(path, copy, ret_handle, error);
	remove_names(directory, copy);
	return r;
}
