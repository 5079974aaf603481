/* SPDX-License-Identifier: Apache-2.0 */
/* aa-workload NAME [ARG...]: runs one workload; and what all of them share. */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const char *self_path;

static const struct workload *const tables[] = {
	exec_workloads,	     fail_workloads, fork_workloads, tree_workloads,
	namespace_workloads, exit_workloads, cred_workloads, storm_workloads,
	inside_workloads,    act_workloads,  file_workloads,
};

void die(const char *what)
{
	(void)fprintf(stderr, "aa-workload: %s: %s\n", what, strerror(errno));
	_exit(200);
}

long long now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

void sleep_ms(long ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		continue;
}

pid_t spawn(int (*function)(void *), void *argument)
{
	pid_t creator = outer_pid();
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		truth_process("fork", creator, 0);
		_exit(function(argument));
	}
	return pid;
}

int reap(pid_t pid)
{
	struct rusage usage;
	int status;

	while (wait4(pid, &status, __WALL, &usage) < 0)
		if (errno != EINTR)
			die("wait4");
	truth_exit(pid, status, &usage);
	return status;
}

void reap_all(void)
{
	struct rusage usage;
	int status;

	for (;;) {
		pid_t pid = wait4(-1, &status, __WALL, &usage);

		if (pid > 0)
			truth_exit(pid, status, &usage);
		else if (errno != EINTR)
			return;
	}
}

int copy_self(const char *path, mode_t mode)
{
	char buffer[65536];
	ssize_t n;
	int from = open(self_path, O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	if (from < 0 || to < 0)
		die(path);
	while ((n = read(from, buffer, sizeof buffer)) > 0)
		if (write(to, buffer, (size_t)n) != n)
			die(path);
	(void)fchmod(to, mode);
	(void)close(from);
	(void)close(to);
	return open(path, O_RDONLY | O_CLOEXEC);
}

void leaf(int code)
{
	char number[12];

	(void)snprintf(number, sizeof number, "%d", code);
	(void)setenv("AA_WORKLOAD", "leaf", 1);
	(void)setenv("AA_EXIT", number, 1);
}

void run_program(const char *path, char *const *argv)
{
	(void)execv(path, argv);
	truth_exec_failed(path, errno);
	_exit(127);
}

struct program {
	const char *path;
	char *const *argv;
};

static int run_program_child(void *argument)
{
	const struct program *program = argument;

	run_program(program->path, program->argv);
}

int run_child(const char *path, char *const *argv)
{
	struct program program = { path, argv };

	return reap(spawn(run_program_child, &program));
}

/* Number in a variable of the environment, 0 without one. */
static int environment_number(const char *name)
{
	const char *value = getenv(name);

	return value ? atoi(value) : 0;
}

int main(int argc, char **argv)
{
	static char path[4096];
	const char *name = getenv("AA_WORKLOAD");
	int skip = 0;
	ssize_t size;

	/* This one must see what it was given, before anything is opened. */
	if (argc > 1 && strcmp(argv[1], "inside") == 0)
		return inside_workloads[0].run(argc - 2, argv + 2);
	if (truth_open())
		truth_process("root", 0, 0);
	else if (getenv("AA_SPAWNED_BY"))
		truth_process("vfork", environment_number("AA_SPAWNED_BY"), 0);
	if (!name || strcmp(name, "quiet") != 0)
		truth_exec(argv);
	if (name && (strcmp(name, "leaf") == 0 || strcmp(name, "quiet") == 0))
		return environment_number("AA_EXIT");
	size = readlinkat(truth_proc_fd(), "self/exe", path, sizeof path - 1);
	if (size < 0)
		die("/proc/self/exe");
	self_path = path;
	if (!name) {
		name = argc > 1 ? argv[1] : "";
		skip = argc > 1 ? 2 : argc;
	}
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct workload *at = tables[i]; at->name; at++)
			if (strcmp(at->name, name) == 0)
				return at->run(argc - skip, argv + skip);
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct workload *at = tables[i]; at->name; at++)
			(void)fprintf(stderr, "aa-workload %s %s\n", at->name, at->usage);
	return 201;
}
