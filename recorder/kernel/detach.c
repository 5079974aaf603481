// SPDX-License-Identifier: Apache-2.0
/*
 * Taking the programs off the kernel without keeping anybody waiting. Off a function each takes a grace period of RCU
 * tasks, one after the other (unregister_ftrace_direct(), kernel/trace/ftrace.c: synchronize_rcu_tasks() under a lock),
 * and that is 100 to 150 ms however fast the machine is: 12 s for the eighty of the precise tier on 6.1. Off a program's code
 * (uprobe_unregister_sync(), kernel/events/uprobes.c) it is 30 ms: 1.3 s for twenty libraries. So a process of its own has
 * them last, and closes them after us. Everything else goes at once.
 */
#include "detach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel_private.h"
#include "memory.h"

/* Fewer are no long wait. */
#define WORTH_IT 4

static bool is_of_function(const struct bpf_program *program)
{
	static const char *const kinds[] = { "fentry/", "fexit/", "lsm/" };
	const char *section = bpf_program__section_name(program);

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(section, kinds[i], strlen(kinds[i])) == 0)
			return true;
	}
	return false;
}

static int by_number(const void *one, const void *other)
{
	return *(const int *)one - *(const int *)other;
}

static unsigned slow_links(const struct aa_kernel *kernel, int *ret_fds)
{
	unsigned count = aa_kernel_uprobe_fds(kernel, ret_fds);

	for (unsigned i = 0; i < kernel->program_count; i++) {
		const struct aa_program *program = &kernel->programs[i];

		if (program->link && is_of_function(program->program))
			ret_fds[count++] = bpf_link__fd(program->link);
	}
	return count;
}

/* Nothing of ours stays open but these, which are sorted: no pipe that somebody waits to see closed, no lock. False before 5.9. */
static bool close_others(const int *fds, unsigned count)
{
	unsigned from = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned fd = (unsigned)fds[i];

		if (fd > from && close_range(from, fd - 1, 0) != 0)
			return false;
		from = fd + 1;
	}
	return close_range(from, ~0u, 0) == 0;
}

/*
 * Only what is safe in the child of a process with threads. The first child ends when the second has nothing but the links,
 * and that one when the caller has them no more: it is the end of the pipe.
 */
static _Noreturn void leave(const int *fds, unsigned count, int pipe_fd)
{
	sigset_t all;
	char byte;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)setsid();
	if (chdir("/") != 0 || !close_others(fds, count))
		_exit(1);
	(void)prctl(PR_SET_NAME, "aa-detach");
	if (fork() == 0) /* nobody's child */
		while (read(pipe_fd, &byte, 1) < 0 && errno == EINTR)
			;
	_exit(0);
}

int aa_kernel_leave_links(struct aa_kernel *kernel)
{
	aa_cleanup_free int *fds =
		calloc(AA_PROGRAMS_MAX + 1 + aa_kernel_uprobe_fds(kernel, NULL), sizeof(*fds));
	unsigned count = fds ? slow_links(kernel, fds) : 0;
	int pipes[2];
	pid_t pid;

	if (count < WORTH_IT || pipe2(pipes, O_CLOEXEC) != 0)
		return -1;
	if (aa_kernel_tracked(kernel) != 0)
		aa_kernel_forget_all(kernel);
	fds[count++] = pipes[0];
	qsort(fds, count, sizeof(*fds), by_number);
	pid = fork();
	if (pid == 0)
		leave(fds, count, pipes[0]);
	(void)close(pipes[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return pipes[1];
}
