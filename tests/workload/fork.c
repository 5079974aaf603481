/* SPDX-License-Identifier: Apache-2.0 */
/* Processes made in every way: fork, vfork, clone, clone3, CLONE_PARENT, by a thread. */
#include "workload.h"

#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_SIZE (256 * 1024)

struct how {
	const char *call;
	pid_t creator;
	pid_t tid;
	int code;
};

static int child(void *argument)
{
	const struct how *how = argument;

	truth_process(how->call, how->creator, how->tid);
	return how->code;
}

static pid_t by_clone(struct how *how, int flags)
{
	/* Never freed: a child that shares our memory runs on it. */
	char *stack = malloc(STACK_SIZE);

	if (!stack)
		die("malloc");
	return clone(child, stack + STACK_SIZE, flags, how);
}

static pid_t by_clone3(struct how *how, uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);

	if (pid == 0)
		_exit(child(how));
	return pid;
}

static pid_t by_vfork(struct how *how)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(child(how));
	return pid;
}

static int forks(int argc, char **argv)
{
	pid_t me = outer_pid();
	struct how how = { .creator = me };
	struct how second = { "clone", me, 0, 4 };
	struct how third = { "clone", me, 0, 5 };
	struct how fourth = { "clone", me, 0, 6 };
	pid_t pid;
	char *list[] = { (char *)"spawned", NULL };
	char creator[12];

	(void)argc;
	(void)argv;
	pid = fork();
	if (pid == 0) {
		truth_process("fork", me, 0);
		_exit(1);
	}
	(void)reap(pid);
	how.call = "vfork";
	how.code = 2;
	(void)reap(by_vfork(&how));
	(void)reap(by_clone(&second, CLONE_FILES | SIGCHLD));
	(void)reap(by_clone(&third, CLONE_VM | SIGCHLD)); /* another process in our memory, not a thread */
	(void)reap(by_clone(&fourth, CLONE_FS));	  /* no signal to the parent */
	how.call = "clone";
	how.code = 7;
	(void)reap(by_clone3(&how, CLONE_FILES));
	/* posix_spawn is CLONE_VM | CLONE_VFORK; the new program writes both lines, see main(). */
	leaf(8);
	(void)snprintf(creator, sizeof creator, "%d", me);
	if (setenv("AA_SPAWNED_BY", creator, 1) != 0 ||
	    posix_spawn(&pid, self_path, NULL, NULL, list, environ) != 0)
		die("posix_spawn");
	(void)reap(pid);
	return 0;
}

static int sibling_maker(void *argument)
{
	struct how *how = argument;

	how->creator = outer_pid();
	if (by_clone(how, CLONE_PARENT | SIGCHLD) < 0)
		die("clone");
	return 0;
}

static int clone_parent(int argc, char **argv)
{
	struct how how = { "clone-parent", 0, 0, 3 };

	(void)argc;
	(void)argv;
	(void)spawn(sibling_maker, &how);
	reap_all();
	return 0;
}

static void *forking_thread(void *argument)
{
	struct how how = { "fork", outer_pid(), (pid_t)syscall(SYS_gettid), 5 };
	pid_t pid = fork();

	(void)argument;
	if (pid == 0)
		_exit(child(&how));
	(void)reap(pid);
	return NULL;
}

static int thread_forks(int argc, char **argv)
{
	pthread_t threads[8];

	(void)argc;
	(void)argv;
	for (int i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, forking_thread, NULL) != 0)
			die("pthread_create");
	for (int i = 0; i < 8; i++)
		(void)pthread_join(threads[i], NULL);
	return 0;
}

const struct workload fork_workloads[] = {
	{ "forks", "", forks },
	{ "clone-parent", "", clone_parent },
	{ "thread-forks", "", thread_forks },
	{ NULL, NULL, NULL },
};
