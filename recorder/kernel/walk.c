/* SPDX-License-Identifier: Apache-2.0 */
/* See walk.h. */
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "memory.h"

static void close_directory(DIR **directory)
{
	if (*directory)
		(void)closedir(*directory);
}

/* A task's end between two calls is no error: ENOENT when its directory is gone, ESRCH from inside it. */
static bool is_gone(int r)
{
	return r == -ENOENT || r == -ESRCH;
}

/* O_PATH asks for no permission, and the program needs no more than the inode. */
static int visit(int parent, const char *name, aa_walk_fn *fn, void *context)
{
	aa_cleanup_close int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fn(context, fd);
}

int aa_walk_process(pid_t pid, aa_walk_fn *fn, void *context)
{
	char path[32];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	r = visit(AT_FDCWD, path, fn, context);
	if (is_gone(r))
		return -ESRCH;
	return r < 0 ? r : 0;
}

/* The next entry that is a number, NULL at the end or on an error in errno. */
static const char *next_number(DIR *directory)
{
	struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(directory);
	} while (entry && (entry->d_name[0] < '1' || entry->d_name[0] > '9'));
	return entry ? entry->d_name : NULL;
}

/* NULL with errno on failure. */
static DIR *open_directory(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !directory) {
		int error = errno;

		(void)close(fd);
		errno = error;
	}
	return directory;
}

/* The threads of a process, until one of them is enough. */
static int walk_threads(int proc_fd, const char *pid, aa_walk_fn *fn, void *context)
{
	aa_cleanup(close_directory) DIR *directory = NULL;
	const char *name;
	char path[32];
	int r;

	(void)snprintf(path, sizeof(path), "%.10s/task", pid);
	directory = open_directory(proc_fd, path);
	if (!directory)
		return is_gone(-errno) ? 0 : -errno;
	while ((name = next_number(directory))) {
		r = visit(dirfd(directory), name, fn, context);
		if (r == 0 || (r < 0 && !is_gone(r)))
			return r;
	}
	return is_gone(-errno) ? 0 : -errno;
}

int aa_walk_all(aa_walk_fn *fn, void *context)
{
	aa_cleanup(close_directory) DIR *proc = open_directory(AT_FDCWD, "/proc");
	const char *name;

	if (!proc)
		return -errno;
	/* In ascending order: proc_pid_readdir() asks for the next pid from the one it has returned (fs/proc/base.c). */
	while ((name = next_number(proc))) {
		int r = visit(dirfd(proc), name, fn, context);

		if (r == AA_WALK_NEXT_THREAD)
			r = walk_threads(dirfd(proc), name, fn, context);
		if (r < 0 && !is_gone(r))
			return r;
	}
	return -errno;
}

static bool may_trace(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1u << CAP_SYS_PTRACE)) != 0;
}

/* True if the file system on /proc, mounted last, shows others' processes only to those who may trace them. */
static bool hides_processes(void)
{
	bool hides = false;
	char *line = NULL;
	size_t size = 0;
	FILE *file = fopen("/proc/self/mountinfo", "re");

	while (file && getline(&line, &size, file) > 0) {
		char mount_point[8];
		const char *options = strstr(line, " - proc ");

		if (sscanf(line, "%*s %*s %*s %*s %7s", mount_point) == 1 &&
		    strcmp(mount_point, "/proc") == 0)
			hides = options && strstr(options, "hidepid=") && !strstr(options, "hidepid=off") &&
				!strstr(options, "hidepid=0");
	}
	if (file)
		(void)fclose(file);
	free(line);
	return hides;
}

int aa_walk_check(struct aa_error *error)
{
	struct statfs system;
	char self[16] = "";

	if (statfs("/proc", &system) < 0 || system.f_type != PROC_SUPER_MAGIC)
		return aa_error_set(error, -ENOENT, "/proc is not mounted: mount -t proc proc /proc");
	if (readlink("/proc/self", self, sizeof(self) - 1) < 0 || strtol(self, NULL, 10) != (long)getpid())
		return aa_error_set(error, -ESRCH,
				    "/proc shows another pid namespace than that of aa-record: mount -t proc "
				    "proc /proc in this one");
	if (!may_trace() && hides_processes())
		return aa_error_set(
			error, -EPERM,
			"/proc is mounted with hidepid and shows no processes of others: aa-record "
			"needs CAP_SYS_PTRACE, or root");
	return 0;
}
