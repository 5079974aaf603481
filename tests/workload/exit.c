/* SPDX-License-Identifier: Apache-2.0 */
/* Every way to end, and what it cost. */
#include "workload.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int exit_with(void *argument)
{
	return *(int *)argument;
}

static int die_by(void *argument)
{
	(void)signal(*(int *)argument, SIG_DFL);
	(void)raise(*(int *)argument);
	return 99;
}

static int dump_core(void *argument)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (chdir(argument) != 0 || setrlimit(RLIMIT_CORE, &limit) != 0)
		die("core");
	abort();
}

static int no_core(void *argument)
{
	struct rlimit limit = { 0, 0 };

	(void)argument;
	(void)setrlimit(RLIMIT_CORE, &limit);
	abort();
}

static int exits(int argc, char **argv)
{
	static int codes[] = { 0, 1, 7, 126, 127, 255 };
	static int signals[] = { SIGKILL, SIGTERM, SIGSEGV, SIGPIPE, SIGALRM, SIGUSR1 };
	struct rlimit limit = { 0, 0 };
	int last_signal = SIGRTMAX;

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		(void)reap(spawn(exit_with, &codes[i]));
	if (argc > 0)
		(void)reap(spawn(dump_core, argv[0]));
	(void)setrlimit(RLIMIT_CORE, &limit);
	(void)reap(spawn(no_core, NULL));
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		(void)reap(spawn(die_by, &signals[i]));
	(void)reap(spawn(die_by, &last_signal));
	return 0;
}

static void *last_thread(void *argument)
{
	sleep_ms(argument ? 50 : 0);
	(void)syscall(SYS_exit, 5);
	return NULL;
}

static void *sleeping_thread(void *argument)
{
	while (pause() < 0)
		continue;
	return argument;
}

static void *group_exit_thread(void *argument)
{
	(void)argument;
	sleep_ms(20);
	_exit(8);
}

static void *killing_thread(void *argument)
{
	(void)argument;
	sleep_ms(20);
	(void)kill(getpid(), SIGKILL);
	return sleeping_thread(NULL);
}

/* The leader exits with 3; its last thread ends later, with a code that wait(2) does not show. */
static int leader_first(void *argument)
{
	void *(*start)(void *) = *(void *(**)(void *))argument;
	pthread_t thread;

	if (pthread_create(&thread, NULL, start, (void *)(size_t)1) != 0)
		die("pthread_create");
	(void)syscall(SYS_exit, 3);
	return 99;
}

static int leader_last(void *argument)
{
	pthread_t thread;

	(void)argument;
	if (pthread_create(&thread, NULL, sleeping_thread, NULL) != 0)
		die("pthread_create");
	return 6;
}

static void *barrier_thread(void *argument)
{
	(void)pthread_barrier_wait(argument);
	(void)syscall(SYS_exit, 0);
	return NULL;
}

/* Four threads end at the same instant, so that two may both be the last. */
static int together(void *argument)
{
	pthread_barrier_t barrier;
	pthread_t thread;

	(void)argument;
	(void)pthread_barrier_init(&barrier, NULL, 4);
	for (int i = 0; i < 3; i++)
		if (pthread_create(&thread, NULL, barrier_thread, &barrier) != 0)
			die("pthread_create");
	(void)pthread_barrier_wait(&barrier);
	(void)syscall(SYS_exit, 1);
	return 99;
}

static int leaders(int argc, char **argv)
{
	void *(*ways[])(void *) = { last_thread, group_exit_thread, killing_thread };
	int rounds = argc > 0 ? atoi(argv[0]) : 200;

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		(void)reap(spawn(leader_first, &ways[i]));
	(void)reap(spawn(leader_last, NULL));
	for (int i = 0; i < rounds; i++)
		(void)reap(spawn(together, NULL));
	return 0;
}

static void *burn(void *argument)
{
	struct rusage usage;

	do {
		for (volatile int i = 0; i < 100000; i++)
			continue;
		(void)getrusage(RUSAGE_THREAD, &usage);
	} while (usage.ru_utime.tv_sec == 0 && usage.ru_utime.tv_usec < 150000);
	return argument;
}

/* 64 MiB touched, and processor time in two threads. */
static int consume(void *argument)
{
	size_t size = 64u << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t thread;

	(void)argument;
	if (memory == MAP_FAILED || pthread_create(&thread, NULL, burn, NULL) != 0)
		die("consume");
	for (size_t i = 0; i < size; i += 4096)
		memory[i] = 1;
	(void)burn(NULL);
	(void)pthread_join(thread, NULL);
	return 0;
}

static int usage_workload(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)reap(spawn(consume, NULL));
	return 0;
}

/* The root's own end. */
static int exit_code(int argc, char **argv)
{
	return argc > 0 ? atoi(argv[0]) : 0;
}

static int exit_signal(int argc, char **argv)
{
	int number = argc > 0 ? atoi(argv[0]) : SIGTERM;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, number);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	return die_by(&number);
}

const struct workload exit_workloads[] = {
	{ "exits", "[CORE-DIRECTORY]", exits }, { "leaders", "[ROUNDS]", leaders },
	{ "usage", "", usage_workload },	{ "exit", "CODE", exit_code },
	{ "signal", "NUMBER", exit_signal },	{ NULL, NULL, NULL },
};
