/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of identity: users, groups, capabilities, names. */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static long keep_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) != 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		data[i].effective &= (uint32_t)(mask >> (32 * i));
		data[i].permitted &= (uint32_t)(mask >> (32 * i));
		data[i].inheritable = data[i].permitted;
	}
	return syscall(SYS_capset, &header, data);
}

/* Raw system calls: glibc's wrappers would change all threads. */
static long change_uid(void)
{
	return syscall(SYS_setuid, 1234);
}

static long change_gid(void)
{
	return syscall(SYS_setgid, 2345);
}

static long change_reuid(void)
{
	return syscall(SYS_setreuid, 11, 12);
}

static long change_regid(void)
{
	return syscall(SYS_setregid, 13, 14);
}

static long change_resuid(void)
{
	return syscall(SYS_setresuid, 1, 2, 3);
}

static long change_resgid(void)
{
	return syscall(SYS_setresgid, 4, 5, 6);
}

static long change_fsuid(void)
{
	(void)syscall(SYS_setfsuid, 77);
	return 0;
}

static long change_fsgid(void)
{
	(void)syscall(SYS_setfsgid, 78);
	return 0;
}

static long change_groups(void)
{
	static const gid_t groups[] = { 100, 200, 300 };

	return syscall(SYS_setgroups, 3, groups);
}

static long change_capset(void)
{
	return keep_capabilities((1u << CAP_CHOWN) | (1u << CAP_KILL) | (1u << CAP_SETPCAP));
}

static long change_bounding(void)
{
	return prctl(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0);
}

static long change_securebits(void)
{
	return prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS, 0, 0, 0);
}

static long change_nothing(void)
{
	return syscall(SYS_setuid, getuid());
}

struct change {
	const char *syscall;
	long (*function)(void);
	bool by_thread;
};

static const struct change changes[] = {
	{ "setuid", change_uid, false },       { "setgid", change_gid, false },
	{ "setreuid", change_reuid, false },   { "setregid", change_regid, false },
	{ "setresuid", change_resuid, false }, { "setresgid", change_resgid, false },
	{ "setfsuid", change_fsuid, false },   { "setfsgid", change_fsgid, false },
	{ "setgroups", change_groups, false }, { "capset", change_capset, false },
	{ "prctl", change_bounding, false },   { "prctl", change_securebits, false },
	{ "", change_nothing, false },	       { "setgid", change_gid, true },
};

static void line_status(struct line *line, const char *name)
{
	char status[8192];
	size_t size;
	char path[64];

	(void)snprintf(path, sizeof path, "task/%ld/status", syscall(SYS_gettid));
	size = read_proc(path, status, sizeof status);
	line_bytes(line, name, status, size);
}

static void *change_thread(void *argument)
{
	const struct change *change = argument;
	struct line line;

	line_begin(&line, "cred");
	line_number(&line, "pid", getpid());
	line_number(&line, "tid", syscall(SYS_gettid));
	line_text(&line, "syscall", change->syscall);
	line_status(&line, "before");
	if (change->function() != 0)
		die(change->syscall);
	line_status(&line, "after");
	line_end(&line);
	return NULL;
}

static int change_child(void *argument)
{
	struct change *change = argument;
	pthread_t thread;

	if (!change->by_thread)
		(void)change_thread(change);
	else if (pthread_create(&thread, NULL, change_thread, change) != 0 || pthread_join(thread, NULL) != 0)
		die("pthread");
	return 0;
}

static int credentials(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		(void)reap(spawn(change_child, (void *)(uintptr_t)&changes[i]));
	return 0;
}

/* Becomes an ordinary user, then starts a program: set-user-ID, with file capabilities, or a plain one. */
static int as_user(int argc, char **argv)
{
	uid_t uid = argc > 0 ? (uid_t)atoi(argv[0]) : 65534;

	if (argc < 2 || setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		die("as-user");
	leaf(0);
	return run_child(argv[1], argv + 1);
}

static void line_rename(const char *old, const char *new, long tid, long by)
{
	struct line line;

	line_begin(&line, "comm");
	line_number(&line, "pid", getpid());
	line_number(&line, "tid", tid);
	line_number(&line, "by", by);
	line_bytes(&line, "old", old, strlen(old));
	line_bytes(&line, "new", new, strlen(new));
	line_end(&line);
}

static void rename_self(const char *name)
{
	char old[17] = "", new[17] = "";

	(void)prctl(PR_GET_NAME, old);
	(void)prctl(PR_SET_NAME, name);
	(void)prctl(PR_GET_NAME, new);
	line_rename(old, new, syscall(SYS_gettid), getpid());
}

static void *rename_thread(void *argument)
{
	(void)argument;
	rename_self("HTTP Client");
	return NULL;
}

static int rename_parent(void *argument)
{
	int fd = *(int *)argument;

	return write(fd, "named by child", 14) == 14 ? 0 : 1;
}

static int renames(int argc, char **argv)
{
	pthread_t thread;
	char path[64];
	int fd;
	pid_t child;

	(void)argc;
	(void)argv;
	rename_self("short");
	rename_self("longer than fifteen bytes");
	rename_self("\"quote\", \n\x1b[31m\xff");
	rename_self("");
	if (pthread_create(&thread, NULL, rename_thread, NULL) != 0 || pthread_join(thread, NULL) != 0)
		die("pthread");
	/* A thread of the same process may write comm; others may not. */
	(void)snprintf(path, sizeof path, "self/task/%d/comm", getpid());
	fd = openat(truth_proc_fd(), path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "through proc", 12) != 12)
		die("comm");
	line_rename("", "through proc", getpid(), getpid());
	child = spawn(rename_parent, &fd);
	if (reap(child) == 0)
		line_rename("through proc", "named by child", getpid(), child);
	return 0;
}

const struct workload cred_workloads[] = {
	{ "credentials", "", credentials },
	{ "as-user", "UID PATH [ARG...]", as_user },
	{ "renames", "", renames },
	{ NULL, NULL, NULL },
};
