/* SPDX-License-Identifier: Apache-2.0 */
/* Many processes, as fast as the machine can; and a tree that forks all the time. */
#include "workload.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct job {
	int count;
	int seed;
};

struct done {
	pid_t pid;
	int status;
	int how;
};

enum { BY_VFORK = 1, WITH_EXEC = 2 };

static pid_t start(int how, int code)
{
	char number[8];
	char *list[] = { (char *)"quiet", number, NULL };
	char *environment[] = { (char *)"AA_WORKLOAD=quiet", (char *)"AA_PROC_FD=-1", NULL };
	pid_t pid;

	(void)snprintf(number, sizeof number, "%d", code);
	pid = how & BY_VFORK ? vfork() : fork();
	if (pid == 0) {
		if (how & WITH_EXEC)
			(void)execve(self_path, list, environment);
		_exit(how & WITH_EXEC ? 127 : code);
	}
	if (pid < 0)
		die("fork");
	return pid;
}

/* One line for each: pids may come round within a storm, and lines of several workers mix. */
static void write_down(const struct done *done, int count)
{
	pid_t me = getpid();

	for (int i = 0; i < count; i++) {
		struct line line;

		line_begin(&line, "process");
		line_number(&line, "pid", done[i].pid);
		line_number(&line, "parent", me);
		line_text(&line, "call", done[i].how & BY_VFORK ? "vfork" : "fork");
		line_number(&line, "execs", done[i].how & WITH_EXEC ? 1 : 0);
		line_number(&line, "status", done[i].status);
		line_end(&line);
	}
}

static int worker(void *argument)
{
	const struct job *job = argument;
	struct done *done = calloc((size_t)job->count, sizeof *done);

	if (!done)
		die("calloc");
	for (int i = 0; i < job->count; i++) {
		done[i].how = (i + job->seed) & 3;
		done[i].pid = start(done[i].how, i & 63);
		while (waitpid(done[i].pid, &done[i].status, 0) < 0)
			if (errno != EINTR)
				die("waitpid");
	}
	write_down(done, job->count);
	free(done);
	return 0;
}

/* With a third argument it waits for a byte on standard input before, and for the end of it after the storm. */
static int storm(int argc, char **argv)
{
	int count = argc > 0 ? atoi(argv[0]) : 20000;
	int workers = argc > 1 ? atoi(argv[1]) : 4;
	char byte;

	if (argc > 2) {
		truth_pid("ready", getpid());
		(void)!read(STDIN_FILENO, &byte, 1);
	}
	for (int i = 0; i < workers; i++) {
		struct job job = { count / workers + (i < count % workers), i };

		(void)spawn(worker, &job);
	}
	reap_all();
	truth_pid("done", getpid());
	while (argc > 2 && read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	return 0;
}

/* fork and exec one after the other, as many as given, for benchmarks: prints how long it took, in nanoseconds. */
static int spawns(int argc, char **argv)
{
	int count = argc > 0 ? atoi(argv[0]) : 1000;
	long long began = now_ns();

	for (int i = 0; i < count; i++) {
		int status;
		pid_t pid = start(WITH_EXEC, 0);

		if (waitpid(pid, &status, 0) != pid)
			die("waitpid");
	}
	return printf("%lld\n", now_ns() - began) < 0;
}

#define SLOTS	    400000
#define ALIVE_LIMIT 24

struct slot {
	pid_t pid;
	int parent; /* slot */
	long long begin;
	long long end;
};

/* Shared by all processes of the tree. */
struct forest {
	atomic_int used;
	atomic_int alive;
	atomic_int stop;
	struct slot slots[SLOTS];
};

static struct forest *forest;

static void __attribute__((noreturn)) grow(int parent, int depth, unsigned seed);

static void reap_some(int flags)
{
	while (waitpid(-1, NULL, flags) > 0)
		continue;
}

static void grow_child(int me, int depth, unsigned seed)
{
	atomic_fetch_add(&forest->alive, 1);
	pid_t pid = fork();

	if (pid == 0)
		grow(me, depth + 1, seed ^ (unsigned)getpid() * 2654435761u);
	if (pid < 0)
		atomic_fetch_sub(&forest->alive, 1);
}

/* Lives, forks, waits or does not wait, dies before its children or after them. */
static void grow(int parent, int depth, unsigned seed)
{
	int me = atomic_fetch_add(&forest->used, 1);
	struct slot *slot = &forest->slots[me];
	struct timespec pace = { .tv_nsec = 1000000 };

	slot->pid = getpid();
	slot->parent = parent;
	slot->begin = now_ns();
	while (!forest->stop && forest->used < SLOTS - ALIVE_LIMIT * 2) {
		unsigned dice;

		seed = seed * 1103515245 + 12345;
		dice = seed >> 16 & 15;
		if (forest->alive > ALIVE_LIMIT) {
			reap_some(WNOHANG);
			if (dice & 1 && depth > 1)
				break;
			sleep_ms(1);
			continue;
		}
		grow_child(me, depth, seed);
		/* A few thousand a second: enough to meet every window, without using up all process ids. */
		(void)nanosleep(&pace, NULL);
		if (dice < 4 && depth > 1)
			break; /* orphans remain */
		if (dice < 9)
			(void)waitpid(-1, NULL, 0);
		reap_some(WNOHANG);
		if (depth > 6)
			break;
	}
	slot->end = now_ns();
	atomic_fetch_sub(&forest->alive, 1);
	_exit(0);
}

/* Goes on until the end of standard input. */
static int forest_workload(int argc, char **argv)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	truth_pid("ready", getpid());
	forest = mmap(NULL, sizeof *forest, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (forest == MAP_FAILED)
		die("mmap");
	/* All orphans come to us, so every process of the tree stays below this one. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		die("PR_SET_CHILD_SUBREAPER");
	for (int i = 0; i < 2; i++)
		grow_child(-1, 0, (unsigned)getpid() * 7919u + (unsigned)i);
	(void)argc;
	(void)argv;
	while (poll(&input, 1, 1) == 0) {
		reap_some(WNOHANG);
		if (forest->alive == 0)
			grow_child(-1, 0, (unsigned)now_ns());
	}
	forest->stop = 1;
	reap_some(0);
	for (int i = 0; i < forest->used; i++) {
		struct line line;

		line_begin(&line, "slot");
		line_number(&line, "pid", forest->slots[i].pid);
		line_number(&line, "begin", forest->slots[i].begin);
		line_number(&line, "end", forest->slots[i].end);
		line_end(&line);
	}
	return 0;
}

const struct workload storm_workloads[] = {
	{ "storm", "[COUNT [WORKERS]]", storm },
	{ "spawns", "[COUNT]", spawns },
	{ "forest", "", forest_workload },
	{ NULL, NULL, NULL },
};
