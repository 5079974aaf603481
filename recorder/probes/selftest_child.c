// SPDX-License-Identifier: Apache-2.0
/*
 * A process that is adopted and makes a second one, which does one of each thing. Neither sends SIGCHLD to
 * the recorder, both die with it, and all signals are blocked in them: ^C and ^Z are for the recorder.
 * Between fork and exec only what is safe there is called: the recorder may have threads.
 */
#include "selftest_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "choose.h"

#define NOWHERE "/dev/null/aa-record-self-test" /* cannot be there: ENOTDIR */

/* A fork that sends no signal when the process ends, so that whoever waits for SIGCHLD hears nothing. */
static pid_t fork_quietly(void)
{
	return (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
}

static void die_with_parent(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static int error_of(long result)
{
	return result == 0 ? 0 : errno;
}

static void turn_keepcaps(struct aa_selftest_report *report)
{
	int now = prctl(PR_GET_KEEPCAPS);

	report->error[AA_PROOF_CRED] = error_of(prctl(PR_SET_KEEPCAPS, now > 0 ? 0 : 1));
}

/* What the program says that is executed is for nobody. Where there is no /dev, nothing is open at all. */
static void silence(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2; fd++)
		(void)(null < 0 ? close(fd) : dup2(null, fd));
}

/* Does not return. The report goes out before the exec, and only what comes back from it is added. */
static void act(int done_fd, unsigned wanted)
{
	static char *const arguments[] = { (char *)(uintptr_t) "aa-record", (char *)(uintptr_t) "--version",
					   NULL };
	static char *const nothing[] = { NULL };
	const char *again = (const char *)getauxval(AT_EXECFN);
	struct aa_selftest_report report;

	memset(&report, 0, sizeof(report));
	die_with_parent();
	report.error[AA_PROOF_RENAME] = error_of(prctl(PR_SET_NAME, "aa-self-test"));
	report.error[AA_PROOF_SETSID] = setsid() < 0 ? errno : 0;
	turn_keepcaps(&report);
	if ((wanted & AA_WANT_FILES) != 0)
		aa_selftest_files(&report);
	if ((wanted & AA_WANT_TLS) != 0)
		aa_selftest_tls(&report);
	(void)execve(NOWHERE, arguments, nothing);
	(void)syscall(SYS_execveat, AT_FDCWD, NOWHERE, arguments, nothing, 0);
	silence();
	(void)!write(done_fd, &report, sizeof(report));
	(void)execve("/proc/self/exe", arguments, nothing);
	report.error[AA_PROOF_EXEC] = errno;
	if (again)
		(void)execve(again, arguments, nothing);
	(void)!write(done_fd, &report, sizeof(report));
	_exit(1);
}

/* Does not return. */
static void live(int go_fd, int done_fd, unsigned wanted)
{
	struct aa_selftest_report report;
	char byte;
	pid_t pid;

	die_with_parent();
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, nobody could be waited for */
	if (read(go_fd, &byte, 1) != 1)
		_exit(0); /* the recorder has changed its mind, or is gone */
	pid = fork_quietly();
	if (pid == 0)
		act(done_fd, wanted);
	if (pid < 0) {
		memset(&report, 0, sizeof(report));
		report.error[AA_PROOF_FORK] = errno;
		(void)!write(done_fd, &report, sizeof(report));
	}
	while (pid > 0 && waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	_exit(0);
}

static void close_pair(const int *fds)
{
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int aa_selftest_child_start(struct aa_selftest_child *child, unsigned wanted, struct aa_error *error)
{
	sigset_t all, before;
	int go[2], done[2], failure;

	if (pipe2(go, O_CLOEXEC) != 0)
		return aa_error_set(error, -errno, "cannot test the eBPF programs: cannot make a pipe: %s",
				    strerror(errno));
	if (pipe2(done, O_CLOEXEC) != 0) {
		failure = errno;
		close_pair(go);
		return aa_error_set(error, -failure, "cannot test the eBPF programs: cannot make a pipe: %s",
				    strerror(failure));
	}
	*child = (struct aa_selftest_child){ .pid = -1 };
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	child->pid = fork_quietly();
	failure = errno;
	if (child->pid == 0) {
		(void)close(go[1]);
		(void)close(done[0]);
		live(go[0], done[1], wanted);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)close(go[0]);
	(void)close(done[1]);
	child->go_fd = go[1];
	child->done_fd = done[0];
	if (child->pid > 0)
		return 0;
	(void)close(child->go_fd);
	(void)close(child->done_fd);
	return aa_error_set(error, -failure,
			    "cannot test the eBPF programs: cannot make a process to be recorded: %s (see "
			    "ulimit -u, and pids.max of its cgroup)",
			    strerror(failure));
}

void aa_selftest_child_go(const struct aa_selftest_child *child)
{
	(void)!write(child->go_fd, "", 1);
}

bool aa_selftest_child_read(struct aa_selftest_child *child)
{
	struct aa_selftest_report report;
	ssize_t n = read(child->done_fd, &report, sizeof(report)); /* written at once, so read at once */

	if (n == (ssize_t)sizeof(report))
		child->report = report;
	return n == 0 || (n < 0 && errno != EINTR);
}

void aa_selftest_child_end(struct aa_selftest_child *child, bool done)
{
	(void)close(child->go_fd);
	if (!done)
		(void)kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	(void)close(child->done_fd);
}
