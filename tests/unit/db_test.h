/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the database's opening share: a directory of its own for each. */
#ifndef AA_TEST_DB_TEST_H
#define AA_TEST_DB_TEST_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "db.h"

struct db_test {
	char directory[64];
	char path[96]; /* directory/aa.db, not made yet */
	struct aa_db *db;
	struct aa_error error;
};

static inline int setup_db(void **state)
{
	struct db_test *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	(void)snprintf(t->directory, sizeof(t->directory), "/tmp/aa-test-db-XXXXXX");
	assert_non_null(mkdtemp(t->directory));
	(void)snprintf(t->path, sizeof(t->path), "%s/aa.db", t->directory);
	*state = t;
	return 0;
}

static inline void close_db(struct db_test *t)
{
	aa_db_close(t->db);
	t->db = NULL;
	t->error = (struct aa_error){ 0 };
}

static inline int remove_entry(const char *path, const struct stat *entry, int type, struct FTW *position)
{
	(void)entry;
	(void)type;
	(void)position;
	return remove(path);
}

static inline int teardown_db(void **state)
{
	struct db_test *t = *state;

	close_db(t);
	if (nftw(t->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
		return -1;
	free(t);
	return 0;
}

#define DB_TEST(function) cmocka_unit_test_setup_teardown(function, setup_db, teardown_db)

static inline void open_write(struct db_test *t)
{
	if (aa_db_open_write(t->path, &t->db, &t->error) < 0)
		fail_msg("%s", t->error.text);
}

static inline void open_read(struct db_test *t)
{
	if (aa_db_open_read(t->path, &t->db, &t->error) < 0)
		fail_msg("%s", t->error.text);
}

static inline bool exists(const struct db_test *t, const char *suffix)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "%s%s", t->path, suffix);
	return access(name, F_OK) == 0;
}

static inline void write_file(struct db_test *t, const char *bytes, size_t size)
{
	int fd = open(t->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(close(fd), 0);
}

static inline size_t read_file_of(struct db_test *t, char *bytes, size_t size)
{
	int fd = open(t->path, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, bytes, size);
	assert_true(n >= 0);
	assert_int_equal(close(fd), 0);
	return (size_t)n;
}

static inline int header_byte(struct db_test *t, size_t offset)
{
	char header[100];

	assert_int_equal(read_file_of(t, header, sizeof(header)), sizeof(header));
	return header[offset];
}

static inline int64_t get_int(struct aa_db *db, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int64_t value;

	if (sqlite3_prepare_v2(aa_db_handle(db), sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(aa_db_handle(db)));
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static inline void expect_text(struct aa_db *db, const char *sql, const char *expected)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(aa_db_handle(db), sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(aa_db_handle(db)));
	assert_string_equal((const char *)sqlite3_column_text(statement, 0), expected);
	sqlite3_finalize(statement);
}

#endif
