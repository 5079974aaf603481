/* SPDX-License-Identifier: Apache-2.0 */
/* Many files, one after the other, by several processes. */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct file_job {
	const char *directory;
	int number;
	int count;
};

static void must(bool worked, const char *what)
{
	if (!worked)
		die(what);
}

/* Bytes that file i of a worker gets: 1 to 97. */
static size_t size_of(int i)
{
	return 1 + (size_t)i % 97;
}

static void one_file(int base, int i)
{
	static const char content[128];
	char name[32], moved[32];
	int fd;

	(void)snprintf(name, sizeof name, "f%d", i);
	(void)snprintf(moved, sizeof moved, "r%d", i);
	fd = openat(base, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd >= 0, "openat");
	must(write(fd, content, size_of(i)) == (ssize_t)size_of(i), "write");
	must(close(fd) == 0, "close");
	must(renameat(base, name, base, moved) == 0, "renameat");
	must(unlinkat(base, moved, 0) == 0, "unlinkat");
}

static int file_worker(void *argument)
{
	const struct file_job *job = argument;
	char path[4200];
	long long bytes = 0;
	struct line line;

	(void)snprintf(path, sizeof path, "%s/%d", job->directory, job->number);
	must(mkdir(path, 0755) == 0, path);
	int base = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	must(base >= 0, path);
	for (int i = 0; i < job->count; i++) {
		one_file(base, i);
		bytes += (long long)size_of(i);
	}
	line_begin(&line, "files");
	line_number(&line, "pid", getpid());
	line_number(&line, "worker", job->number);
	line_number(&line, "count", job->count);
	line_number(&line, "bytes", bytes);
	line_end(&line);
	return 0;
}

/*
 * Each of COUNT files in DIRECTORY/WORKER is created, written, closed, renamed and deleted. With a fourth argument it
 * waits for a byte on standard input before, and for the end of it after.
 */
static int file_storm(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1000;
	int workers = argc > 2 ? atoi(argv[2]) : 4;
	char byte;

	if (argc < 1)
		return 201;
	if (argc > 3) {
		truth_pid("ready", getpid());
		(void)!read(STDIN_FILENO, &byte, 1);
	}
	for (int i = 0; i < workers; i++) {
		struct file_job job = { argv[0], i, count / workers + (i < count % workers) };

		(void)spawn(file_worker, &job);
	}
	reap_all();
	truth_pid("done", getpid());
	while (argc > 3 && read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	return 0;
}

/* For benchmarks: open, write, close, unlink of one name, or getppid, so many times. Prints nanoseconds. */
static int file_loop(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 10000;
	long long began;

	if (argc < 1)
		return 201;
	began = now_ns();
	for (int i = 0; i < count; i++) {
		int fd;

		if (strcmp(argv[0], "-") == 0) {
			(void)getppid();
			continue;
		}
		fd = open(argv[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		must(fd >= 0, "open");
		must(write(fd, "x", 1) == 1, "write");
		must(close(fd) == 0, "close");
		must(unlink(argv[0]) == 0, "unlink");
	}
	return printf("%lld\n", now_ns() - began) < 0;
}

const struct workload file_workloads[] = {
	{ "file-storm", "DIRECTORY [COUNT [WORKERS [hold]]]", file_storm },
	{ "file-loop", "FILE|- [COUNT]", file_loop },
	{ NULL, NULL, NULL },
};
