/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files whose contents were asked for: what is read is that very file, and nothing blocks or has no end. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/fs.h>
#include <zlib.h>

#include "content.h"
#include "read.h"

static char directory[] = "/tmp/aa-test-content-XXXXXX";
static const atomic_bool go_on;

static uint64_t boot_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static const char *path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static const char *write_file(const char *name, const void *bytes, size_t size)
{
	const char *path = path_of(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	(void)close(fd);
	return path;
}

/* As the store would ask after the file's close, now. */
static struct aa_content_job *job_for(const char *path)
{
	struct aa_content_job *job = calloc(1, sizeof(*job) + strlen(path) + 1);
	struct stat st;

	assert_non_null(job);
	atomic_init(&job->references, 1);
	job->boot_ns = boot_ns();
	job->size = UINT64_MAX;
	if (lstat(path, &st) == 0) {
		job->file.inode = st.st_ino;
		job->file.device = major(st.st_dev) << 20 | minor(st.st_dev);
		job->size = (uint64_t)st.st_size;
	}
	memcpy(job->path, path, strlen(path) + 1);
	return job;
}

static struct aa_content_answer read_job(struct aa_content_job *job, uint64_t max_bytes, bool keep)
{
	struct aa_content_answer answer;

	aa_content_read(job, max_bytes, keep, &go_on, &answer);
	aa_content_job_release(job);
	return answer;
}

static void expect_reason(struct aa_content_job *job, enum aa_content_reason reason)
{
	struct aa_content_answer answer = read_job(job, 1 << 20, true);

	assert_int_equal(answer.reason, reason);
	assert_false(answer.hashed);
	assert_null(answer.data);
}

static void expect_hash(const struct aa_content_answer *answer, const char *hex)
{
	char found[2 * AA_CONTENT_SHA256_SIZE + 1];

	assert_true(answer->hashed);
	for (size_t i = 0; i < AA_CONTENT_SHA256_SIZE; i++)
		(void)snprintf(found + 2 * i, 3, "%02x", answer->sha256[i]);
	assert_string_equal(found, hex);
}

/* FIPS 180-4's examples, and one that takes several reads. */
static void test_hashes(void **state)
{
	static char million[1000000];
	static const struct {
		const char *bytes;
		size_t size;
		const char *hex;
	} vectors[] = {
		{ "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ million, sizeof(million),
		  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	};

	(void)state;
	memset(million, 'a', sizeof(million));
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *path = write_file("vector", vectors[i].bytes, vectors[i].size);
		struct aa_content_answer answer = read_job(job_for(path), 1 << 20, false);

		assert_int_equal(answer.reason, AA_CONTENT_READ);
		expect_hash(&answer, vectors[i].hex);
		assert_int_equal(answer.size_bytes, vectors[i].size);
		assert_false(answer.changed);
		assert_null(answer.data);
	}
}

static void test_bytes_are_packed_where_it_pays(void **state)
{
	static unsigned char bytes[300000], unpacked[300000];
	uLongf size = sizeof(unpacked);
	struct aa_content_answer answer;
	uint32_t seed = 1;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	answer = read_job(job_for(write_file("same", bytes, sizeof(bytes))), 1 << 20, true);
	assert_true(answer.deflated);
	assert_true(answer.data_size < 4096);
	assert_int_equal(uncompress(unpacked, &size, answer.data, answer.data_size), Z_OK);
	assert_int_equal(size, sizeof(bytes));
	assert_memory_equal(unpacked, bytes, sizeof(bytes));
	free(answer.data);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)((seed = seed * 1664525 + 1013904223) >> 24);
	answer = read_job(job_for(write_file("random", bytes, sizeof(bytes))), 1 << 20, true);
	assert_false(answer.deflated);
	assert_int_equal(answer.data_size, sizeof(bytes));
	assert_memory_equal(answer.data, bytes, sizeof(bytes));
	free(answer.data);
	answer = read_job(job_for(write_file("empty", "", 0)), 1 << 20, true);
	assert_non_null(answer.data);
	assert_int_equal(answer.data_size, 0);
	free(answer.data);
}

static void test_only_that_very_file(void **state)
{
	struct aa_content_job *job;
	const char *path;

	(void)state;
	job = job_for(write_file("there", "a", 1));
	assert_int_equal(unlink(job->path), 0);
	expect_reason(job, AA_CONTENT_GONE);
	job = job_for(write_file("there", "a", 1));
	write_file("other", "secret", 6);
	assert_int_equal(rename(path_of("other"), job->path), 0);
	expect_reason(job, AA_CONTENT_REPLACED);
	/* A symlink to the file itself is still not followed. */
	job = job_for(write_file("there", "a", 1));
	assert_int_equal(rename(job->path, path_of("moved")), 0);
	assert_int_equal(symlink("moved", job->path), 0);
	expect_reason(job, AA_CONTENT_REPLACED);
	assert_int_equal(unlink(path_of("there")), 0);
	/* Nor one in the middle. */
	assert_int_equal(mkdir(path_of("real"), 0700), 0);
	assert_int_equal(symlink("real", path_of("link")), 0);
	job = job_for(write_file("link/file", "a", 1));
	expect_reason(job, AA_CONTENT_REPLACED);
	/* The same inode on another device. */
	job = job_for(write_file("there", "a", 1));
	job->file.device ^= 1;
	expect_reason(job, AA_CONTENT_REPLACED);
	/* The same number, another file. */
	path = write_file("there", "a", 1);
	job = job_for(path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint32_t generation[2] = { 0 };

	if (ioctl(fd, FS_IOC_GETVERSION, generation) == 0) {
		job->file.generation = generation[0] + 1;
		expect_reason(job, AA_CONTENT_REPLACED);
	} else {
		aa_content_job_release(job);
	}
	(void)close(fd);
}

static void test_nothing_else_is_opened(void **state)
{
	struct aa_content_job *job;

	(void)state;
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	expect_reason(job_for(path_of("fifo")), AA_CONTENT_REPLACED);
	expect_reason(job_for(directory), AA_CONTENT_REPLACED);
	expect_reason(job_for("/dev/null"), AA_CONTENT_REPLACED);
	expect_reason(job_for("/proc/version"), AA_CONTENT_NOT_REGULAR);
	job = job_for("/");
	job->file.inode = 1;
	expect_reason(job, AA_CONTENT_REPLACED);
	expect_reason(job_for("/nonexistent/file"), AA_CONTENT_GONE);
}

static void test_bounds(void **state)
{
	struct aa_content_answer answer;
	struct aa_content_job *job;
	const char *path;

	(void)state;
	path = write_file("limit", "0123456789", 10);
	answer = read_job(job_for(path), 10, true);
	assert_true(answer.hashed);
	assert_non_null(answer.data);
	free(answer.data);
	answer = read_job(job_for(path), 9, true);
	assert_int_equal(answer.reason, AA_CONTENT_TOO_LARGE);
	assert_false(answer.hashed);
	/* A terabyte of nothing costs nothing. */
	path = write_file("sparse", "", 0);
	assert_int_equal(truncate(path, (off_t)1 << 40), 0);
	expect_reason(job_for(path), AA_CONTENT_TOO_LARGE);
	/* Too much to keep is hashed all the same. */
	assert_int_equal(truncate(path, (off_t)AA_CONTENT_KEEP_BYTES + 1), 0);
	answer = read_job(job_for(path), UINT64_MAX, true);
	assert_true(answer.hashed);
	assert_int_equal(answer.reason, AA_CONTENT_TOO_LARGE);
	assert_null(answer.data);
	assert_int_equal(unlink(path), 0);
	/* Changed since: the size, or the time. */
	job = job_for(write_file("changed", "a", 1));
	write_file("changed", "ab", 2);
	answer = read_job(job, 10, false);
	assert_true(answer.hashed && answer.changed);
	job = job_for(write_file("changed", "a", 1));
	job->boot_ns -= 3600000000000u;
	answer = read_job(job, 10, false);
	assert_true(answer.hashed && answer.changed);
	/* What renaming and chmod change is no content. */
	job = job_for(write_file("changed", "a", 1));
	usleep(20000);
	assert_int_equal(chmod(job->path, 0644), 0);
	answer = read_job(job, 10, false);
	assert_true(answer.hashed && !answer.changed);
}

/* Longer than any path that a system call takes. */
static void test_long_path(void **state)
{
	char part[201], path[8192];
	size_t size;
	int at = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC), next, file;
	struct stat st;
	struct aa_content_job *job;
	struct aa_content_answer answer;

	(void)state;
	memset(part, 'd', 200);
	part[200] = '\0';
	size = (size_t)snprintf(path, sizeof(path), "%s", directory);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(mkdirat(at, part, 0700), 0);
		next = openat(at, part, O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		(void)close(at);
		at = next;
		size += (size_t)snprintf(path + size, sizeof(path) - size, "/%s", part);
	}
	file = openat(at, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(file, "abc", 3), 3);
	assert_int_equal(fstat(file, &st), 0);
	(void)close(file);
	(void)close(at);
	(void)snprintf(path + size, sizeof(path) - size, "/f");
	job = job_for(path);
	job->file.inode = st.st_ino;
	job->file.device = major(st.st_dev) << 20 | minor(st.st_dev);
	answer = read_job(job, 10, false);
	expect_hash(&answer, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static atomic_uint told;

static void on_ready(void *context)
{
	(void)context;
	(void)atomic_fetch_add(&told, 1);
}

static struct aa_content *start(const struct aa_content_options *options)
{
	struct aa_content *content = NULL;
	struct aa_error error = { 0 };

	atomic_store(&told, 0);
	assert_int_equal(aa_content_new(options, &content, &error), 0);
	assert_int_equal(aa_content_start(content, &error), 0);
	return content;
}

static void submit(struct aa_content *content, struct aa_content_job *job)
{
	(void)atomic_fetch_add(&job->references, 1);
	aa_content_reader.submit(content, job);
}

static void test_queue(void **state)
{
	enum { JOBS = 1000 };
	const struct aa_content_options options = { .ready = on_ready, .keep = true };
	struct aa_content *content = start(&options);
	struct aa_content_job *jobs[JOBS];

	(void)state;
	for (int i = 0; i < JOBS; i++) {
		char name[32], text[16];

		(void)snprintf(name, sizeof(name), "burst%d", i);
		(void)snprintf(text, sizeof(text), "%d", i);
		jobs[i] = job_for(write_file(name, text, strlen(text)));
		if (i % 100 == 99)
			atomic_store(&jobs[i]->superseded, true);
		submit(content, jobs[i]);
	}
	aa_content_reader.drain(content);
	assert_int_equal(atomic_load(&told), JOBS);
	for (int i = 0; i < JOBS; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "%d", i);
		assert_true(atomic_load(&jobs[i]->done));
		if (i % 100 == 99) {
			assert_int_equal(jobs[i]->answer.reason, AA_CONTENT_REWRITTEN);
		} else {
			assert_int_equal(jobs[i]->answer.data_size, strlen(text));
			assert_memory_equal(jobs[i]->answer.data, text, strlen(text));
		}
		aa_content_reader.stored(content, jobs[i]);
		aa_content_job_release(jobs[i]);
	}
	aa_content_free(content);
}

/* A file that takes for ever, and others behind it: each has an answer when the time is over, and the thread ends. */
static void test_drain_gives_up(void **state)
{
	const struct aa_content_options options = { .max_bytes = UINT64_MAX, .drain_ms = 50 };
	struct aa_content *content = start(&options);
	const char *path = write_file("sparse", "", 0);
	struct aa_content_job *jobs[3];

	(void)state;
	assert_int_equal(truncate(path, (off_t)1 << 43), 0);
	jobs[0] = job_for(path);
	jobs[1] = job_for(write_file("behind", "b", 1));
	submit(content, jobs[0]);
	submit(content, jobs[1]);
	aa_content_reader.drain(content);
	jobs[2] = job_for(write_file("late", "b", 1));
	submit(content, jobs[2]); /* as there is no time left */
	for (int i = 0; i < 3; i++) {
		assert_true(atomic_load(&jobs[i]->done));
		assert_int_equal(jobs[i]->answer.reason, AA_CONTENT_SKIPPED);
		aa_content_job_release(jobs[i]);
	}
	aa_content_free(content);
	assert_int_equal(unlink(path_of("sparse")), 0);
}

/* Bytes that wait for the store are bounded: reading stops, draining says so, and goes on when they are stored. */
static void test_room(void **state)
{
	enum { JOBS = 6 };
	const size_t size = 20u << 10;
	const struct aa_content_options options = { .held_bytes = 64u << 10, .keep = true };
	struct aa_content *content = start(&options);
	struct aa_content_job *jobs[JOBS];
	unsigned char *bytes = malloc(size);
	unsigned done = 0;
	uint32_t seed = 1;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)((seed = seed * 1664525 + 1013904223) >> 24);
	for (int i = 0; i < JOBS; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "large%d", i);
		jobs[i] = job_for(write_file(name, bytes, size));
		submit(content, jobs[i]);
	}
	aa_content_reader.drain(content);
	for (int i = 0; i < JOBS; i++)
		done += atomic_load(&jobs[i]->done);
	assert_int_equal(done, 4);
	for (int i = 0; i < 4; i++)
		aa_content_reader.stored(content, jobs[i]);
	do /* stored() has only just told the thread */
		aa_content_reader.drain(content);
	while (!atomic_load(&jobs[JOBS - 1]->done));
	for (int i = 0; i < JOBS; i++) {
		assert_true(jobs[i]->answer.hashed);
		assert_int_equal(unlink(jobs[i]->path), 0);
		aa_content_job_release(jobs[i]);
	}
	free(bytes);
	aa_content_free(content);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

/* With paths that nftw(3) does not take. */
static int remove_directory(void **state)
{
	pid_t child = fork();
	int status = -1;

	(void)state;
	if (child == 0) {
		(void)execlp("rm", "rm", "-rf", directory, (char *)NULL);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_bytes_are_packed_where_it_pays),
		cmocka_unit_test(test_only_that_very_file),
		cmocka_unit_test(test_nothing_else_is_opened),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_drain_gives_up),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
