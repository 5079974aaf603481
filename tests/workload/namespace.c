/* SPDX-License-Identifier: Apache-2.0 */
/* Processes in namespaces, in a chroot, in a cgroup; process ids that are used twice. */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *const leaf_arguments[] = { (char *)"leaf", NULL };

static pid_t clone_process(uint64_t flags, pid_t *pids, size_t levels)
{
	struct clone_args args = {
		.flags = flags,
		.exit_signal = SIGCHLD,
		.set_tid = levels > 0 ? (uint64_t)(uintptr_t)pids : 0,
		.set_tid_size = levels,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

static int exit_three(void *argument)
{
	(void)argument;
	return 3;
}

/* The init of a namespace: forks, and starts a program. With levels left, makes another namespace below. */
static int namespace_init(int levels)
{
	pid_t creator = outer_pid();

	(void)reap(spawn(exit_three, NULL));
	leaf(4);
	(void)run_child(self_path, leaf_arguments);
	if (levels > 1) {
		pid_t pid = clone_process(CLONE_NEWPID, NULL, 0);

		if (pid == 0) {
			truth_process("clone", creator, 0);
			_exit(namespace_init(levels - 1));
		}
		(void)reap(pid);
	}
	return 5;
}

static int unshare_child(void *argument)
{
	(void)argument;
	if (unshare(CLONE_NEWPID) != 0)
		die("unshare");
	/* It stays outside itself; its first child is the init. */
	(void)reap(spawn(exit_three, NULL));
	return 0;
}

static int pid_namespaces(int argc, char **argv)
{
	pid_t creator = outer_pid();
	pid_t pid = clone_process(CLONE_NEWPID, NULL, 0);

	(void)argc;
	(void)argv;
	if (pid < 0)
		die("clone3");
	if (pid == 0) {
		truth_process("clone", creator, 0);
		_exit(namespace_init(2));
	}
	(void)reap(pid);
	(void)reap(spawn(unshare_child, NULL));
	return 0;
}

/*
 * In a namespace of its own: the first child's numbers, inside and outside, are given to the next ones too.
 * Somebody else may have taken the outer number meanwhile: then that is waited for.
 */
static int reusing_init(int rounds)
{
	pid_t creator = outer_pid();
	pid_t pids[2] = { 0, 0 };
	int channel[2];
	pid_t pid;

	if (pipe(channel) != 0)
		die("pipe");
	for (int i = 0; i < rounds; i++) {
		for (int attempt = 0;; attempt++) {
			pid = clone_process(0, pids, i > 0 ? 2 : 0);
			if (pid >= 0 || errno != EEXIST || attempt > 1000)
				break;
			sleep_ms(2);
		}
		if (pid < 0)
			die("clone3 with set_tid");
		if (pid == 0) {
			pid_t outer = outer_pid();

			truth_process("fork", creator, 0);
			if (write(channel[1], &outer, sizeof outer) != sizeof outer)
				die("write");
			if (i % 2 == 0)
				_exit(i);
			leaf(i);
			run_program(self_path, leaf_arguments);
		}
		if (read(channel[0], &pids[1], sizeof pids[1]) != sizeof pids[1])
			die("read");
		pids[0] = pid;
		(void)reap(pid);
	}
	return 0;
}

static int pid_reuse(int argc, char **argv)
{
	pid_t creator = outer_pid();
	int rounds = argc > 0 ? atoi(argv[0]) : 20;
	pid_t pid = clone_process(CLONE_NEWPID, NULL, 0);

	if (pid < 0)
		die("clone3");
	if (pid == 0) {
		truth_process("clone", creator, 0);
		_exit(reusing_init(rounds));
	}
	(void)reap(pid);
	return 0;
}

static int other_namespace(void *argument)
{
	if (unshare(*(int *)argument) != 0)
		return 42;
	run_program(self_path, leaf_arguments);
}

static int namespaces(int argc, char **argv)
{
	static int flags[] = { CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWUTS, CLONE_NEWUSER,
			       CLONE_NEWUSER | CLONE_NEWNS };

	(void)argc;
	(void)argv;
	leaf(0);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		(void)reap(spawn(other_namespace, &flags[i]));
	return 0;
}

static int chroot_child(void *argument)
{
	if (chroot(argument) != 0 || chdir("/sub") != 0)
		die("chroot");
	run_program("../bin/program", leaf_arguments);
}

static int chroot_workload(int argc, char **argv)
{
	char path[4200];

	if (argc < 1)
		return 201;
	(void)snprintf(path, sizeof path, "%s/bin", argv[0]);
	if (mkdir(path, 0755) != 0)
		die(path);
	(void)snprintf(path, sizeof path, "%s/sub", argv[0]);
	if (mkdir(path, 0755) != 0)
		die(path);
	(void)snprintf(path, sizeof path, "%s/bin/program", argv[0]);
	(void)close(copy_self(path, 0755));
	leaf(0);
	if (setenv("AA_CHROOT", argv[0], 1) != 0)
		die("setenv");
	return reap(spawn(chroot_child, argv[0]));
}

static int cgroup_child(void *argument)
{
	int fd = open(argument, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		die(argument);
	(void)close(fd);
	(void)reap(spawn(exit_three, NULL));
	run_program(self_path, leaf_arguments);
}

/* Each argument is a cgroup.procs file: a child enters it, forks, and starts a program. */
static int cgroups(int argc, char **argv)
{
	leaf(0);
	for (int i = 0; i < argc; i++)
		(void)reap(spawn(cgroup_child, argv[i]));
	return 0;
}

const struct workload namespace_workloads[] = {
	{ "pid-namespaces", "", pid_namespaces }, { "pid-reuse", "[ROUNDS]", pid_reuse },
	{ "namespaces", "", namespaces },	  { "chroot", "DIRECTORY", chroot_workload },
	{ "cgroups", "FILE...", cgroups },	  { NULL, NULL, NULL },
};
