/* SPDX-License-Identifier: Apache-2.0 */
/* Start of the command, and the mirror of its end. See launch.h; the parts that were measured: PROCESSES.md. */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* Exit status of a child that was never let go, and of a shell for a command that it cannot find or start. */
#define EXIT_CANCELLED	 125
#define EXIT_CANNOT_EXEC 126
#define EXIT_NOT_FOUND	 127

/*
 * Limits of the caller that could end the recorder while the command is well within its own: the two are separate
 * processes, and only the command should feel them.
 */
static const __rlimit_resource_t lifted[AA_LAUNCH_LIMITS] = {
	RLIMIT_AS, RLIMIT_DATA, RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_MEMLOCK, RLIMIT_NOFILE,
};

void aa_launch_lift_limits(struct rlimit *ret_before)
{
	for (size_t i = 0; i < AA_LAUNCH_LIMITS; i++) {
		struct rlimit before, limit;

		(void)getrlimit(lifted[i], &before);
		if (ret_before != NULL)
			ret_before[i] = before;
		limit = before;
		if (lifted[i] == RLIMIT_NOFILE) {
			limit.rlim_cur = limit.rlim_cur < 1024 ? 1024 : limit.rlim_cur;
			limit.rlim_max = limit.rlim_max < limit.rlim_cur ? limit.rlim_cur : limit.rlim_max;
		} else {
			limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
		}
		if (setrlimit(lifted[i], &limit) < 0) { /* not root: up to the hard limit then */
			limit.rlim_cur = limit.rlim_max = before.rlim_max;
			(void)setrlimit(lifted[i], &limit);
		}
	}
}

int aa_inherited_save(struct aa_inherited *ret_inherited)
{
	size_t count = 0;
	struct sigaction action = { .sa_handler = SIG_DFL };

	*ret_inherited = (struct aa_inherited){ 0 };
	while (environ[count] != NULL)
		count++;
	ret_inherited->environment = malloc((count + 1) * sizeof(char *));
	if (ret_inherited->environment == NULL)
		return -ENOMEM;
	memcpy(ret_inherited->environment, environ, (count + 1) * sizeof(char *));

	(void)sigprocmask(SIG_SETMASK, NULL, &ret_inherited->mask);
	(void)sigaction(SIGCHLD, &action, &ret_inherited->child_action);

	aa_launch_lift_limits(ret_inherited->limits);
	return 0;
}

void aa_inherited_release(struct aa_inherited *inherited)
{
	free(inherited->environment);
	inherited->environment = NULL;
}

void aa_launch_fill_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", O_RDWR | O_CLOEXEC) < 0 && /* takes the lowest, fd */
		    open("/", O_PATH | O_CLOEXEC) < 0) /* no /dev: nothing of ours may stand there */
			return;
}

void aa_launch_block_signals(sigset_t *ret_blocked)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT };

	(void)sigfillset(ret_blocked);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		(void)sigdelset(ret_blocked, faults[i]);
	(void)sigprocmask(SIG_BLOCK, ret_blocked, NULL);
}

/* Like a shell: the first entry of PATH where name is an executable file. Returns 0 or a positive errno. */
static int search_path(const char *name, char *ret_path, size_t size)
{
	const char *path = getenv("PATH");
	int found = ENOENT;

	if (name[0] == '\0')
		return ENOENT;
	if (strchr(name, '/') != NULL)
		return snprintf(ret_path, size, "%s", name) < (int)size ? 0 : ENAMETOOLONG;
	if (path == NULL)
		path = "/bin:/usr/bin"; /* what execvp(3) takes */
	for (;;) {
		size_t length = strcspn(path, ":");
		struct stat status;
		int needed;

		/* An empty entry is the working directory. */
		needed = snprintf(ret_path, size, "%.*s%s%s", (int)length, path, length > 0 ? "/" : "./",
				  name);
		if (needed > 0 && needed < (int)size && stat(ret_path, &status) == 0 &&
		    S_ISREG(status.st_mode)) {
			if (faccessat(AT_FDCWD, ret_path, X_OK, AT_EACCESS) == 0)
				return 0;
			found = EACCES;
		}
		if (path[length] == '\0')
			return found;
		path += length + 1;
	}
}

/* execvp(3), but with one attempt in the recording instead of one for each entry of PATH. Returns errno. */
static int exec_command(char *const *argv, char **environment)
{
	static char shell[] = "/bin/sh";
	char path[PATH_MAX + 1];
	size_t count = 0;
	char **script;
	int error = search_path(argv[0], path, sizeof(path));

	if (error != 0)
		return error;
	(void)execve(path, argv, environment);
	if (errno != ENOEXEC)
		return errno;
	/* A script without "#!": the shell's, as with execvp(3). */
	while (argv[count] != NULL)
		count++;
	script = malloc((count + 2) * sizeof(*script));
	if (script == NULL)
		return ENOMEM;
	script[0] = shell;
	script[1] = path;
	memcpy(script + 2, argv + 1, count * sizeof(*script)); /* with the NULL */
	(void)execve(shell, script, environment);
	error = errno;
	free(script);
	return error;
}

static _Noreturn void child_main(const struct aa_inherited *inherited, const struct aa_user *user,
				 const struct itimerval *alarm_timer, char *const *argv, int go_fd,
				 int error_fd)
{
	char **environment = inherited->environment;
	int error = 0;
	ssize_t n;
	char byte;

	do {
		n = read(go_fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(EXIT_CANCELLED); /* the recorder is gone: do not run unrecorded */

	(void)setitimer(ITIMER_REAL, alarm_timer, NULL);
	(void)sigaction(SIGCHLD, &inherited->child_action, NULL);
	for (size_t i = 0; i < AA_LAUNCH_LIMITS; i++)
		(void)setrlimit(lifted[i], &inherited->limits[i]);
	if (user != NULL) {
		error = aa_user_become(user);
		environment = aa_user_environment(user, environment);
		if (error == 0 && environment == NULL)
			error = ENOMEM;
	}
	/* What arrived since the fork is delivered now, as to any process that is about to exec. */
	(void)sigprocmask(SIG_SETMASK, &inherited->mask, NULL);
	if (error == 0)
		error = exec_command(argv, environment);
	(void)!write(error_fd, &error, sizeof(error));
	_exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC);
}

int aa_launch_start(struct aa_launch *launch, const struct aa_inherited *inherited,
		    const struct aa_user *user, char *const *argv, struct aa_error *error)
{
	static const struct itimerval none;
	struct itimerval alarm_timer = none;
	int go[2], failed[2];
	pid_t pid;

	*launch = (struct aa_launch){ .go_fd = -1, .error_fd = -1 };
	if (pipe2(go, O_CLOEXEC) < 0)
		return aa_error_set(error, -errno, "cannot make a pipe: %s", strerror(errno));
	if (pipe2(failed, O_CLOEXEC) < 0) {
		int r = aa_error_set(error, -errno, "cannot make a pipe: %s", strerror(errno));

		(void)close(go[0]);
		(void)close(go[1]);
		return r;
	}
	/* alarm(2) survives an exec but not a fork: the caller's is the command's. */
	(void)setitimer(ITIMER_REAL, &none, &alarm_timer);
	pid = fork();
	if (pid == 0) {
		(void)close(go[1]);
		child_main(inherited, user, &alarm_timer, argv, go[0], failed[1]);
	}
	if (pid < 0)
		(void)aa_error_set(error, -errno, "cannot fork: %s", strerror(errno));
	(void)close(go[0]);
	(void)close(failed[1]);
	launch->go_fd = go[1];
	launch->error_fd = failed[0];
	if (pid < 0) {
		aa_launch_cancel(launch);
		return error != NULL ? error->code : -EAGAIN;
	}
	launch->pid = pid;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int aa_launch_go(struct aa_launch *launch)
{
	ssize_t n;

	do {
		n = write(launch->go_fd, "", 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		return n < 0 ? -errno : -EIO;
	close_fd(&launch->go_fd);
	return 0;
}

void aa_launch_cancel(struct aa_launch *launch)
{
	close_fd(&launch->go_fd);
	close_fd(&launch->error_fd);
	if (launch->pid > 0)
		while (waitpid(launch->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	launch->pid = 0;
}

int aa_launch_exec_error(struct aa_launch *launch)
{
	int error = 0;

	/* The child is dead or was never more than a fork: nothing can keep this read waiting. */
	if (launch->error_fd < 0 || read(launch->error_fd, &error, sizeof(error)) != sizeof(error))
		error = 0;
	close_fd(&launch->error_fd);
	close_fd(&launch->go_fd);
	return error;
}

_Noreturn void aa_launch_mirror(int status)
{
	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	if (WIFSIGNALED(status)) {
		struct sigaction action = { .sa_handler = SIG_DFL };
		struct rlimit none = { 0, 0 };
		int number = WTERMSIG(status);
		sigset_t set;

		/* The command has dumped its core; ours would overwrite it. */
		(void)setrlimit(RLIMIT_CORE, &none);
		(void)prctl(PR_SET_DUMPABLE, 0);
		(void)sigaction(number, &action, NULL);
		(void)raise(number);
		(void)sigemptyset(&set);
		(void)sigaddset(&set, number);
		(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
		_exit(128 + number); /* process 1 of a pid namespace does not die by its own signals */
	}
	_exit(EXIT_CANCELLED);
}

bool aa_launch_is_stopped(pid_t pid)
{
	char path[32], stat[512];
	const char *state;
	ssize_t size;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size = read(fd, stat, sizeof(stat) - 1);
	(void)close(fd);
	if (size <= 0)
		return false;
	stat[size] = '\0';
	state = strrchr(stat, ')'); /* the name before it may hold anything */
	return state != NULL && state[1] == ' ' && state[2] == 'T';
}

void aa_launch_stop_self(int signal_number)
{
	struct sigaction action = { .sa_handler = SIG_DFL }, before;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, signal_number);
	(void)sigaction(signal_number, &action, &before); /* fails for SIGSTOP, which needs none */
	(void)raise(signal_number);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL); /* here */
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	if (signal_number != SIGSTOP)
		(void)sigaction(signal_number, &before, NULL);
}
