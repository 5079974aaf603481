/* SPDX-License-Identifier: Apache-2.0 */
/* Opening for writing: what is made, with which settings, and what is refused without being touched. */
#include <sched.h>
#include <sys/mount.h>

#include "db_test.h"

static void test_makes_directory_and_file(void **state)
{
	struct db_test *t = *state;
	struct stat file;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/a/b/aa.db", t->directory);
	assert_int_equal(aa_db_open_write(path, &t->db, &t->error), 0);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	(void)snprintf(path, sizeof(path), "%s/a/b", t->directory);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0700);
	(void)snprintf(path, sizeof(path), "%s/a/b/aa.db-wal", t->directory);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
}

static void test_settings(void **state)
{
	static const struct {
		const char *name;
		int64_t value;
	} settings[] = {
		{ "application_id", AA_DB_APPLICATION_ID },
		{ "user_version", AA_DB_VERSION },
		{ "page_size", 4096 },
		{ "auto_vacuum", 2 },
		{ "synchronous", 2 },
		{ "wal_autocheckpoint", 2000 },
		{ "journal_size_limit", 67108864 },
		{ "cache_size", -2048 },
		{ "secure_delete", 0 },
		{ "trusted_schema", 0 },
		{ "cell_size_check", 1 },
		{ "busy_timeout", 10000 },
	};
	struct db_test *t = *state;

	open_write(t);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		char sql[64];

		(void)snprintf(sql, sizeof(sql), "PRAGMA %s", settings[i].name);
		assert_int_equal(get_int(t->db, sql), settings[i].value);
	}
	expect_text(t->db, "PRAGMA journal_mode", "wal");
	/* Defensive: the schema cannot be edited by hand. */
	assert_true(aa_db_exec(t->db,
			       "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'x' WHERE name = "
			       "'agent'",
			       NULL) < 0);
}

static void test_close_leaves_a_single_file(void **state)
{
	struct db_test *t = *state;

	open_write(t);
	assert_true(exists(t, "-wal"));
	close_db(t);
	assert_false(exists(t, "-wal"));
	assert_false(exists(t, "-shm"));
	assert_int_equal(header_byte(t, 18), 1);
	open_write(t);
	expect_text(t->db, "PRAGMA journal_mode", "wal");
	expect_text(t->db, "PRAGMA integrity_check", "ok");
}

static void test_empty_file_is_fine(void **state)
{
	struct db_test *t = *state;

	write_file(t, "", 0);
	open_write(t);
	assert_int_equal(get_int(t->db, "PRAGMA auto_vacuum"), 2);
	assert_int_equal(get_int(t->db, "SELECT count(*) FROM session"), 0);
}

static void test_names_for_numbers(void **state)
{
	struct db_test *t = *state;

	open_write(t);
	expect_text(t->db, "SELECT name FROM errno_name WHERE error = 2", "ENOENT");
	expect_text(t->db, "SELECT name FROM errno_name WHERE error = 133", "EHWPOISON");
	expect_text(t->db, "SELECT name FROM signal_name WHERE signal = 9", "SIGKILL");
	expect_text(t->db, "SELECT name FROM signal_name WHERE signal = 36", "SIGRTMIN+2");
}

static void expect_refusal(struct db_test *t, const char *path, int code, const char *words)
{
	struct aa_error error = { 0 };
	struct aa_db *db = NULL;

	assert_int_equal(aa_db_open_write(path, &db, &error), code);
	assert_null(db);
	if (!strstr(error.text, words))
		fail_msg("\"%s\" does not say \"%s\"", error.text, words);
	(void)t;
}

static void test_refuses_what_is_not_a_database(void **state)
{
	static const char text[] = "This is my diary. Do not write into it.\n";
	struct db_test *t = *state;
	char content[128];

	for (size_t size = 1; size < sizeof(text); size++) {
		write_file(t, text, size);
		expect_refusal(t, t->path, -EINVAL, "not a database");
		assert_int_equal(read_file_of(t, content, sizeof(content)), size);
		assert_memory_equal(content, text, size);
	}
	expect_refusal(t, t->directory, -EINVAL, "is a directory");
	expect_refusal(t, "/dev/null", -EINVAL, "not a regular file");
	expect_refusal(t, "", -ENOENT, "empty");
	(void)unlink(t->path);
	assert_int_equal(mkfifo(t->path, 0600), 0);
	expect_refusal(t, t->path, -EINVAL, "not a regular file");
	(void)unlink(t->path);
	write_file(t, "x", 1);
	(void)snprintf(content, sizeof(content), "%s/below", t->path);
	expect_refusal(t, content, -ENOTDIR, "");
}

static void test_refuses_other_applications_and_newer_versions(void **state)
{
	static const struct {
		const char *sql;
		int code;
		const char *words;
	} others[] = {
		{ "PRAGMA application_id = 5; CREATE TABLE x (y)", -EINVAL, "another application" },
		{ "CREATE TABLE x (y)", -EINVAL, "another application" },
		{ "PRAGMA user_version = 1", -EINVAL, "another application" },
		{ "PRAGMA application_id = 1633776227; PRAGMA user_version = 3; CREATE TABLE x (y)", -EPROTO,
		  "newer" },
		{ "PRAGMA application_id = 1633776227; CREATE TABLE x (y)", -EINVAL, "not whole" },
		{ "PRAGMA journal_mode = WAL; CREATE TABLE x (y)", -EINVAL, "another application" },
	};
	struct db_test *t = *state;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char before[65536], after[65536];
		sqlite3 *handle = NULL;
		size_t size;

		(void)unlink(t->path);
		assert_int_equal(sqlite3_open(t->path, &handle), SQLITE_OK);
		assert_int_equal(sqlite3_exec(handle, others[i].sql, NULL, NULL, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_close(handle), SQLITE_OK);
		size = read_file_of(t, before, sizeof(before));
		expect_refusal(t, t->path, others[i].code, others[i].words);
		assert_int_equal(read_file_of(t, after, sizeof(after)), size);
		assert_memory_equal(before, after, size);
	}
}

static void test_refuses_untrusted_links(void **state)
{
	struct db_test *t = *state;
	char link[128], target[128], inside[160];

	(void)snprintf(link, sizeof(link), "%s/link", t->directory);
	(void)snprintf(target, sizeof(target), "%s/target", t->directory);
	(void)snprintf(inside, sizeof(inside), "%s/aa.db", link);
	assert_int_equal(mkdir(target, 0700), 0);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(aa_db_open_write(inside, &t->db, &t->error), 0);
	close_db(t);
	assert_int_equal(chmod(t->directory, 01777), 0);
	expect_refusal(t, inside, -ELOOP, "symbolic link");
	(void)unlink(link);
	(void)snprintf(target, sizeof(target), "%s/target/aa.db", t->directory);
	assert_int_equal(symlink(target, link), 0);
	expect_refusal(t, link, -ELOOP, "symbolic link");
	if (geteuid() == 0) {
		open_write(t);
		close_db(t);
		assert_int_equal(chown(t->path, 12345, 12345), 0);
		expect_refusal(t, t->path, -EACCES, "belongs to user 12345");
	}
}

/* Runs a check in a child, which may become somebody else or mount things. */
static void in_child(struct db_test *t, void (*check)(struct db_test *t))
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0) {
		check(t);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define REQUIRE(condition) \
	do { \
		if (!(condition)) { \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			_exit(1); \
		} \
	} while (0)

static void cannot_write(struct db_test *t)
{
	struct aa_error error = { 0 };
	struct aa_db *db = NULL;
	char path[128];

	REQUIRE(setgid(65534) == 0 && setuid(65534) == 0);
	REQUIRE(aa_db_open_write(t->path, &db, &error) == -EACCES);
	REQUIRE(strstr(error.text, "ermission"));
	error = (struct aa_error){ 0 };
	(void)snprintf(path, sizeof(path), "%s/new.db", t->directory);
	REQUIRE(aa_db_open_write(path, &db, &error) == -EACCES);
	error = (struct aa_error){ 0 };
	(void)snprintf(path, sizeof(path), "%s/new/new.db", t->directory);
	REQUIRE(aa_db_open_write(path, &db, &error) == -EACCES);
}

static void test_refuses_without_permission(void **state)
{
	struct db_test *t = *state;

	open_write(t);
	close_db(t);
	assert_int_equal(chmod(t->directory, 0755), 0);
	assert_int_equal(chmod(t->path, 0444), 0);
	in_child(t, cannot_write);
}

static void cannot_grow(struct db_test *t)
{
	REQUIRE(unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, "") == 0);
	/* From no room for the first page to almost enough. */
	for (int kilobytes = 4; kilobytes <= 64; kilobytes += 12) {
		struct aa_error error = { 0 };
		struct aa_db *db = NULL;
		char options[32];
		int r;

		(void)snprintf(options, sizeof(options), "size=%dk", kilobytes);
		REQUIRE(mount("tmpfs", t->directory, "tmpfs", 0, options) == 0);
		r = aa_db_open_write(t->path, &db, &error);
		if (r != -ENOSPC || !strstr(error.text, "full"))
			(void)fprintf(stderr, "%d KiB: %d, %s\n", kilobytes, r, error.text);
		REQUIRE(r == -ENOSPC && strstr(error.text, "full"));
		REQUIRE(umount(t->directory) == 0);
	}
	t->error = (struct aa_error){ 0 };
	REQUIRE(mount("tmpfs", t->directory, "tmpfs", 0, "size=1m") == 0);
	REQUIRE(aa_db_open_write(t->path, &t->db, &t->error) == 0);
	aa_db_close(t->db);
	REQUIRE(mount("none", t->directory, "none", MS_REMOUNT | MS_RDONLY, "") == 0);
	REQUIRE(aa_db_open_write(t->path, &t->db, &t->error) == -EROFS);
	REQUIRE(strstr(t->error.text, "Read-only"));
}

static void test_refuses_full_and_read_only_disks(void **state)
{
	in_child(*state, cannot_grow);
}

/* All begin at the same moment; each must find, or make, the same database. */
static void test_many_create_at_once(void **state)
{
	struct db_test *t = *state;
	int go[2];

	for (int round = 0; round < 5; round++) {
		int failed = 0;

		(void)unlink(t->path);
		assert_int_equal(pipe(go), 0);
		for (int i = 0; i < 6; i++) {
			if (fork() != 0)
				continue;
			char byte;

			(void)close(go[1]);
			(void)!read(go[0], &byte, 1);
			if (aa_db_open_write(t->path, &t->db, &t->error) < 0) {
				(void)fprintf(stderr, "%s\n", t->error.text);
				_exit(1);
			}
			aa_db_close(t->db);
			_exit(0);
		}
		(void)close(go[0]);
		(void)close(go[1]);
		for (int i = 0; i < 6; i++) {
			int status;

			(void)wait(&status);
			failed += status != 0;
		}
		assert_int_equal(failed, 0);
		open_write(t);
		expect_text(t->db, "PRAGMA integrity_check", "ok");
		assert_int_equal(get_int(t->db, "SELECT count(*) FROM errno_name WHERE error = 1"), 1);
		close_db(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(test_makes_directory_and_file),
		DB_TEST(test_settings),
		DB_TEST(test_close_leaves_a_single_file),
		DB_TEST(test_empty_file_is_fine),
		DB_TEST(test_names_for_numbers),
		DB_TEST(test_refuses_what_is_not_a_database),
		DB_TEST(test_refuses_other_applications_and_newer_versions),
		DB_TEST(test_refuses_untrusted_links),
		DB_TEST(test_refuses_without_permission),
		DB_TEST(test_refuses_full_and_read_only_disks),
		DB_TEST(test_many_create_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
