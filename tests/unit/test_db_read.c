/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening for reading wherever a database may lie and in whatever state its recorder left it: all committed rows are
 * there, and no file beside it is made, removed or changed. The reader is always a process of its own, because locks
 * belong to processes.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "db_test.h"

#define FAIL(...) \
	do { \
		(void)fprintf(stderr, "%s: ", __func__); \
		(void)fprintf(stderr, __VA_ARGS__); \
		(void)fprintf(stderr, "\n"); \
		_exit(1); \
	} while (0)

/* What a reader is to find. */
struct expectation {
	int64_t agents;
	int snapshot;	       /* 1, 0, or -1: either */
	int code;	       /* of opening */
	const char *temporary; /* TMPDIR */
};

static void read_it(const struct db_test *t, const struct expectation *expected)
{
	struct aa_error error = { 0 };
	struct aa_db *db = NULL;
	sqlite3_stmt *statement = NULL;
	int r = aa_db_open_read(t->path, &db, &error);

	if (r != expected->code)
		FAIL("opening gave %d: %s", r, error.text);
	if (r < 0)
		return;
	if (expected->snapshot >= 0 && aa_db_is_snapshot(db) != expected->snapshot)
		FAIL("snapshot: %d", aa_db_is_snapshot(db));
	if (sqlite3_prepare_v2(aa_db_handle(db), "SELECT count(*) FROM agent", -1, &statement, NULL) !=
		    SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		FAIL("%s", sqlite3_errmsg(aa_db_handle(db)));
	if (sqlite3_column_int64(statement, 0) != expected->agents)
		FAIL("%lld agents", (long long)sqlite3_column_int64(statement, 0));
	sqlite3_finalize(statement);
	if (aa_db_exec(db, "INSERT INTO agent (name, first_ns) VALUES ('forbidden', 1)", NULL) == 0)
		FAIL("a reader could write");
	aa_db_close(db);
}

/* Names, sizes and times of a directory. */
static void list(const char *directory, char *text, size_t size)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, NULL, alphasort);
	size_t used = 0;

	assert_true(count >= 0);
	text[0] = '\0';
	for (int i = 0; i < count; i++) {
		char path[512];
		struct stat file;

		(void)snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && stat(path, &file) == 0)
			used += (size_t)snprintf(text + used, size - used, "%s %lld %lld.%09ld\n",
						 entries[i]->d_name, (long long)file.st_size,
						 (long long)file.st_mtim.tv_sec, file.st_mtim.tv_nsec);
		free(entries[i]);
	}
	free(entries);
}

/* Reads in a child that first becomes what prepare makes of it; nothing in the directory may change. */
static void expect_reading(struct db_test *t, const struct expectation *expected,
			   void (*prepare)(const struct db_test *t))
{
	char before[1024], after[1024], temporary[128];
	int status;
	pid_t pid;

	(void)snprintf(temporary, sizeof(temporary), "%s/tmp", t->directory);
	(void)mkdir(temporary, 0777);
	(void)chmod(temporary, 0777);
	list(t->directory, before, sizeof(before));
	pid = fork();
	if (pid == 0) {
		(void)setenv("TMPDIR", expected->temporary ? expected->temporary : temporary, 1);
		if (prepare)
			prepare(t);
		read_it(t, expected);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	list(t->directory, after, sizeof(after));
	/* The private copy was made and removed in tmp. */
	if (strstr(before, "tmp ") && strstr(after, "tmp ")) {
		*strstr(before, "tmp ") = '\0';
		*strstr(after, "tmp ") = '\0';
	}
	assert_string_equal(after, before);
	list(temporary, after, sizeof(after));
	assert_string_equal(after, "");
}

static void add_agents(struct aa_db *db, int count)
{
	for (int i = 0; i < count; i++)
		assert_int_equal(
			aa_db_exec(db, "INSERT INTO agent (name, first_ns) VALUES (hex(randomblob(8)), 1)",
				   NULL),
			0);
}

/* A writer in a process of its own, which is killed. */
static void crash_after(struct db_test *t, int count)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		open_write(t);
		add_agents(t->db, count);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, SIGKILL);
	assert_true(exists(t, "-wal"));
}

static void remove_beside(struct db_test *t, const char *suffix)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "%s%s", t->path, suffix);
	assert_int_equal(unlink(name), 0);
}

static void become_nobody(const struct db_test *t)
{
	(void)t;
	if (setgid(65534) < 0 || setuid(65534) < 0)
		FAIL("cannot become nobody");
}

static void make_read_only(const struct db_test *t)
{
	char temporary[128];

	(void)snprintf(temporary, sizeof(temporary), "%s/tmp", t->directory);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, "") < 0 ||
	    mount(t->directory, t->directory, "none", MS_BIND, "") < 0 ||
	    mount("tmpfs", temporary, "tmpfs", 0, "size=8m") < 0 ||
	    mount("none", t->directory, "none", MS_REMOUNT | MS_BIND | MS_RDONLY, "") < 0)
		FAIL("cannot mount read-only: %s", strerror(errno));
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void seal(struct db_test *t, int count)
{
	open_write(t);
	add_agents(t->db, count);
	close_db(t);
}

/* Tools other than ours leave such a file: in WAL mode, but closed. */
static void seal_in_wal_mode(struct db_test *t, int count)
{
	sqlite3 *handle = NULL;

	seal(t, count);
	assert_int_equal(sqlite3_open(t->path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	assert_false(exists(t, "-wal"));
	assert_int_equal(header_byte(t, 18), 2);
}

static void open_up(struct db_test *t)
{
	assert_int_equal(chmod(t->directory, 0755), 0);
	assert_int_equal(chmod(t->path, 0444), 0);
}

static void test_closed(void **state)
{
	struct db_test *t = *state;

	seal(t, 3);
	expect_reading(t, &(struct expectation){ .agents = 3 }, NULL);
	need_root();
	open_up(t);
	expect_reading(t, &(struct expectation){ .agents = 3 }, become_nobody);
	expect_reading(t, &(struct expectation){ .agents = 3 }, make_read_only);
}

static void test_closed_in_wal_mode(void **state)
{
	struct db_test *t = *state;

	seal_in_wal_mode(t, 3);
	expect_reading(t, &(struct expectation){ .agents = 3, .snapshot = 1 }, NULL);
	need_root();
	open_up(t);
	expect_reading(t, &(struct expectation){ .agents = 3, .snapshot = 1 }, become_nobody);
	expect_reading(t, &(struct expectation){ .agents = 3, .snapshot = 1 }, make_read_only);
}

/* As an administrator does who lets others read. */
static void set_modes(struct db_test *t, mode_t mode)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char name[128];

		(void)snprintf(name, sizeof(name), "%s%s", t->path, suffixes[i]);
		assert_int_equal(chmod(name, mode), 0);
	}
}

static void test_being_written(void **state)
{
	struct db_test *t = *state;
	int go[2], done[2];
	char byte = 0;
	int status;
	pid_t pid;

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(done), 0);
	pid = fork();
	if (pid == 0) {
		(void)close(go[1]);
		open_write(t);
		for (int i = 0; i < 3; i++) {
			add_agents(t->db, 1);
			/* The second look comes while a transaction is open. */
			(void)aa_db_exec(
				t->db,
				"BEGIN IMMEDIATE; INSERT INTO agent (name, first_ns) VALUES ('later', 1)",
				NULL);
			(void)!write(done[1], &byte, 1);
			(void)!read(go[0], &byte, 1);
			(void)aa_db_exec(t->db, "ROLLBACK", NULL);
		}
		aa_db_close(t->db);
		_exit(0);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(read(done[0], &byte, 1), 1);
		expect_reading(t, &(struct expectation){ .agents = i + 1, .snapshot = 0 }, NULL);
		if (geteuid() == 0) {
			assert_int_equal(chmod(t->directory, 0755), 0);
			expect_reading(t, &(struct expectation){ .code = -EACCES }, become_nobody);
			set_modes(t, 0644);
			expect_reading(t, &(struct expectation){ .agents = i + 1, .snapshot = 0 },
				       become_nobody);
			set_modes(t, 0600);
		}
		assert_int_equal(write(go[1], &byte, 1), 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(exists(t, "-wal"));
	for (int i = 0; i < 2; i++) {
		(void)close(go[i]);
		(void)close(done[i]);
	}
}

static void test_crashed(void **state)
{
	struct db_test *t = *state;

	crash_after(t, 5);
	expect_reading(t, &(struct expectation){ .agents = 5 }, NULL);
	need_root();
	expect_reading(t, &(struct expectation){ .agents = 5 }, make_read_only);
	open_up(t);
	expect_reading(t, &(struct expectation){ .code = -EACCES },
		       become_nobody); /* -wal is the recorder's */
}

static void test_crashed_and_copied_without_shm(void **state)
{
	struct db_test *t = *state;

	crash_after(t, 5);
	remove_beside(t, "-shm");
	expect_reading(t, &(struct expectation){ .agents = 5, .snapshot = 1 }, NULL);
	need_root();
	expect_reading(t, &(struct expectation){ .agents = 5, .snapshot = 1 }, make_read_only);
	assert_int_equal(aa_db_open_write(t->path, &t->db, &t->error), 0);
	assert_int_equal(get_int(t->db, "SELECT count(*) FROM agent"), 5);
}

static void test_torn_wal(void **state)
{
	struct db_test *t = *state;
	char name[128];
	struct stat file;

	crash_after(t, 5);
	remove_beside(t, "-shm");
	(void)snprintf(name, sizeof(name), "%s-wal", t->path);
	assert_int_equal(stat(name, &file), 0);
	assert_int_equal(truncate(name, file.st_size - 10), 0); /* within the last transaction */
	expect_reading(t, &(struct expectation){ .agents = 4, .snapshot = 1 }, NULL);
}

static void test_no_room_for_the_copy(void **state)
{
	struct db_test *t = *state;

	crash_after(t, 5);
	remove_beside(t, "-shm");
	expect_reading(t, &(struct expectation){ .code = -ENOENT, .temporary = "/nonexistent" }, NULL);
}

static void test_refusals(void **state)
{
	struct db_test *t = *state;
	static const char page[8192] = "SQLite format 3";

	expect_reading(t, &(struct expectation){ .code = -ENOENT }, NULL);
	write_file(t, "", 0);
	expect_reading(t, &(struct expectation){ .code = -EINVAL }, NULL);
	write_file(t, "hello, world\n", 13);
	expect_reading(t, &(struct expectation){ .code = -EINVAL }, NULL);
	write_file(t, page, sizeof(page));
	expect_reading(t, &(struct expectation){ .code = -EINVAL }, NULL);
	assert_int_equal(aa_db_open_read("/dev/null", &t->db, NULL), -EINVAL);
	assert_int_equal(aa_db_open_read(t->directory, &t->db, NULL), -EINVAL);
	assert_int_equal(aa_db_open_read("", &t->db, NULL), -ENOENT);
}

static void test_truncated(void **state)
{
	struct db_test *t = *state;

	seal(t, 3);
	assert_int_equal(truncate(t->path, 4096), 0);
	(void)aa_db_open_read(t->path, &t->db, &t->error); /* either is right, a crash is not */
	if (t->db)
		assert_true(aa_db_exec(t->db, "SELECT * FROM agent", NULL) < 0);
}

static void test_strange_names(void **state)
{
	static const char *const names[] = {
		"a b?mode=memory", "100%41", "#", ":memory:", "file:x", "\xff\n"
	};
	struct db_test *t = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(t->path, sizeof(t->path), "%s/%s", t->directory, names[i]);
		seal(t, 2);
		assert_true(exists(t, ""));
		expect_reading(t, &(struct expectation){ .agents = 2 }, NULL);
	}
	/* Relative ones, too. */
	assert_int_equal(chdir(t->directory), 0);
	(void)snprintf(t->path, sizeof(t->path), ":memory:");
	open_read(t);
	assert_int_equal(get_int(t->db, "SELECT count(*) FROM agent"), 2);
	close_db(t);
	open_write(t);
	assert_int_equal(get_int(t->db, "SELECT count(*) FROM agent"), 2);
	close_db(t);
	assert_int_equal(chdir("/"), 0);
}

/* The second copy of the -shm's header, which a writer changes first: it differs from the first for a moment. */
#define SHM_COPY 48

/* Reads while the header is torn, and for how long. */
static void read_torn(const struct db_test *t, useconds_t microseconds)
{
	struct aa_error error = { 0 };
	struct aa_db *db = NULL;
	unsigned char *shm;
	char name[128];
	int fd;

	(void)snprintf(name, sizeof(name), "%s-shm", t->path);
	fd = open(name, O_RDWR);
	shm = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (aa_db_open_read(t->path, &db, &error) < 0 || shm == MAP_FAILED)
		FAIL("%s", error.text);
	for (int i = 0; i < 2; i++) {
		sqlite3_stmt *statement = NULL;
		pid_t pid;
		int r = SQLITE_OK;

		if (i == 1) /* first torn before the statement is compiled, then before it runs */
			r = aa_db_prepare(db, "SELECT count(*) FROM agent", &statement, NULL);
		shm[SHM_COPY] ^= 0xff;
		pid = fork();
		if (pid == 0) {
			(void)usleep(microseconds);
			shm[SHM_COPY] ^= 0xff;
			_exit(0);
		}
		if (i == 0)
			r = aa_db_prepare(db, "SELECT count(*) FROM agent", &statement, NULL);
		if (r != SQLITE_OK || aa_db_step(statement) != SQLITE_ROW)
			FAIL("%s", sqlite3_errmsg(aa_db_handle(db)));
		if (sqlite3_column_int64(statement, 0) != 3)
			FAIL("%lld agents", (long long)sqlite3_column_int64(statement, 0));
		(void)sqlite3_finalize(statement);
		(void)waitpid(pid, NULL, 0);
	}
	aa_db_close(db);
}

/* A reader that meets a header half written waits for the other half. */
static void test_header_being_written(void **state)
{
	struct db_test *t = *state;
	int go[2], done[2], status;
	char byte = 0;
	pid_t writer, reader;

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(done), 0);
	writer = fork();
	if (writer == 0) {
		(void)close(go[1]);
		open_write(t);
		add_agents(t->db, 3);
		(void)!write(done[1], &byte, 1);
		(void)!read(go[0], &byte, 1);
		aa_db_close(t->db);
		_exit(0);
	}
	(void)close(go[0]);
	assert_int_equal(read(done[0], &byte, 1), 1);
	reader = fork();
	if (reader == 0) {
		read_torn(t, 20000);
		_exit(0);
	}
	assert_int_equal(waitpid(reader, &status, 0), reader);
	(void)close(go[1]);
	(void)close(done[0]);
	(void)close(done[1]);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(test_closed),	     DB_TEST(test_closed_in_wal_mode),
		DB_TEST(test_being_written), DB_TEST(test_header_being_written),
		DB_TEST(test_crashed),	     DB_TEST(test_crashed_and_copied_without_shm),
		DB_TEST(test_torn_wal),	     DB_TEST(test_no_room_for_the_copy),
		DB_TEST(test_refusals),	     DB_TEST(test_truncated),
		DB_TEST(test_strange_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
