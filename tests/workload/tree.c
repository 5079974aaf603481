/* SPDX-License-Identifier: Apache-2.0 */
/* Trees that change shape: daemons, subreapers, orphans. */
#include "workload.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Waits until this process has another parent than then. */
static void await_new_parent(pid_t parent)
{
	for (int i = 0; i < 10000 && getppid() == parent; i++)
		sleep_ms(1);
}

static void note_parent(void)
{
	struct line line;

	line_begin(&line, "reparent");
	line_number(&line, "pid", getpid());
	line_number(&line, "parent", getppid());
	line_end(&line);
}

static int grandchild(void *argument)
{
	await_new_parent(*(pid_t *)argument);
	note_parent();
	truth_exit_self(6);
	return 6;
}

static int session_leader(void *argument)
{
	struct line line;
	pid_t me = getpid();

	(void)argument;
	if (setsid() < 0)
		die("setsid");
	line_begin(&line, "setsid");
	line_number(&line, "pid", me);
	line_number(&line, "sid", getsid(0));
	line_end(&line);
	(void)spawn(grandchild, &me);
	return 0;
}

/* The classical double fork. With an argument the daemon lives that many milliseconds longer than the root. */
static int daemon_workload(int argc, char **argv)
{
	(void)reap(spawn(session_leader, NULL));
	if (argc == 0)
		sleep_ms(100);
	(void)argv;
	return 0;
}

static int long_lived(void *argument)
{
	sleep_ms(*(long *)argument);
	truth_exit_self(0);
	return 0;
}

static int lingering(void *argument)
{
	(void)setsid();
	(void)spawn(long_lived, argument);
	return 0;
}

/* Processes that outlive the root by so many milliseconds. The middle one is not waited for, but reaped by init. */
static int leftovers(int argc, char **argv)
{
	long ms = argc > 0 ? atol(argv[0]) : 1000;

	(void)reap(spawn(lingering, &ms));
	(void)spawn(long_lived, &ms);
	return argc > 1 ? atoi(argv[1]) : 3;
}

static int orphan(void *argument)
{
	await_new_parent(*(pid_t *)argument);
	note_parent();
	return 2;
}

static int orphan_maker(void *argument)
{
	pid_t me = getpid();

	(void)argument;
	for (int i = 0; i < 3; i++)
		(void)spawn(orphan, &me);
	return 1;
}

static int subreaper(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		die("PR_SET_CHILD_SUBREAPER");
	(void)spawn(orphan_maker, NULL);
	reap_all();
	return 0;
}

/* A chain of processes, each the child of the one before. */
static int link_of_chain(void *argument)
{
	int depth = *(int *)argument;

	if (depth > 1) {
		depth--;
		(void)reap(spawn(link_of_chain, &depth));
	}
	return depth & 127;
}

static int chain(int argc, char **argv)
{
	int depth = argc > 0 ? atoi(argv[0]) : 100;

	(void)reap(spawn(link_of_chain, &depth));
	return 0;
}

const struct workload tree_workloads[] = {
	{ "daemon", "", daemon_workload },
	{ "leftovers", "[MILLISECONDS [CODE]]", leftovers },
	{ "subreaper", "", subreaper },
	{ "chain", "[DEPTH]", chain },
	{ NULL, NULL, NULL },
};
