/* SPDX-License-Identifier: Apache-2.0 */
/* System calls by name, as a test asks for them: see acts.h. */
#include "acts.h"
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

static struct act_result results[ACT_MAX];
static char *arena; /* below 4 GiB, so that 32-bit calls reach what is in it */
static size_t arena_used;
#define ARENA_SIZE (64UL << 20)

static void *arena_take(size_t size)
{
	if (!arena) {
		int low = 0;
#ifdef MAP_32BIT
		low = MAP_32BIT;
#endif
		arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | low, -1,
			     0);
		if (arena == MAP_FAILED)
			die("mmap");
	}
	void *result = arena + arena_used;

	arena_used += (size + 15) & ~15UL;
	if (arena_used > ARENA_SIZE) {
		errno = ENOMEM;
		die("acts");
	}
	return result;
}

static long address(const void *at)
{
	return (long)(intptr_t)at;
}

static void *buffer(size_t size)
{
	return memset(arena_take(size), 'x', size);
}

static long open_how(const char *word)
{
	struct open_how *how = arena_take(sizeof *how);
	char *at;

	how->flags = strtoull(word, &at, 0);
	how->mode = strtoull(at + 1, &at, 0);
	how->resolve = strtoull(at + 1, &at, 0);
	return address(how);
}

static long vector(const char *word)
{
	struct iovec *parts = arena_take(16 * sizeof *parts);

	for (int i = 0; i < 16 && *word; i++) {
		char *end;

		parts[i].iov_len = strtoul(word, &end, 0);
		parts[i].iov_base = buffer(parts[i].iov_len);
		word = *end == ',' ? end + 1 : end;
	}
	return address(parts);
}

const struct act_result *act_done(long number)
{
	if (number < 0 || number >= ACT_MAX) {
		errno = ERANGE;
		die("acts");
	}
	return &results[number];
}

long act_value(const char *word)
{
	char *end;

	if (!word)
		die("an act lacks a word");
	if (*word == '@')
		return address(strcpy(arena_take(strlen(word)), word + 1));
	if (*word == '#')
		return address(buffer(strtoul(word + 1, NULL, 0)));
	if (*word == '%') {
		const struct act_result *done = act_done(strtol(word + 1, &end, 10));

		return *end == '.' ? done->second : done->result;
	}
	if (strcmp(word, "cwd") == 0)
		return AT_FDCWD;
	if (strcmp(word, "pid") == 0)
		return getpid();
	if (strcmp(word, "ppid") == 0)
		return getppid();
	if (strncmp(word, "how:", 4) == 0)
		return open_how(word + 4);
	if (strncmp(word, "vec:", 4) == 0)
		return vector(word + 4);
	return strtol(word, &end, 0);
}

/* --- what is no plain system call ----------------------------------------------------------------------- */

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

static long pass_fd(int socket, int fd)
{
	union control control = { .bytes = { 0 } };
	char byte = 'f';
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	return sendmsg(socket, &message, 0);
}

static long take_fd(int socket)
{
	union control control = { .bytes = { 0 } };
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	struct cmsghdr *header;
	int fd;

	if (recvmsg(socket, &message, 0) < 0)
		return -1;
	header = CMSG_FIRSTHDR(&message);
	if (!header)
		return -1;
	memcpy(&fd, CMSG_DATA(header), sizeof fd);
	return fd;
}

/* pipe, socketpair: two descriptors. */
static long pair(const char *name, long *ret_second)
{
	int fds[2] = { -1, -1 };
	int r = strcmp(name, "pipe") == 0 ? pipe(fds) : socketpair(AF_UNIX, SOCK_STREAM, 0, fds);

	*ret_second = fds[1];
	return r < 0 ? r : fds[0];
}

/* A line with what lstat or fstat says; the result is that of the call. */
static void line_stat(struct line *line, const struct stat *st)
{
	line_number(line, "major", major(st->st_dev));
	line_number(line, "minor", minor(st->st_dev));
	line_number(line, "inode", (long long)st->st_ino);
	line_number(line, "size", st->st_size);
	line_number(line, "mode", st->st_mode);
	line_number(line, "nlink", (long long)st->st_nlink);
}

/* The file behind a descriptor, as fstat, /proc and its file system have it. */
static void line_file(struct line *line, int fd)
{
	char name[64], target[8192];
	struct stat st;
	ssize_t size;
	int generation;

	if (fstat(fd, &st) != 0)
		return;
	line_stat(line, &st);
	(void)snprintf(name, sizeof name, "self/fd/%d", fd);
	size = readlinkat(truth_proc_fd(), name, target, sizeof target);
	if (size >= 0)
		line_bytes(line, "link", target, (size_t)size);
	if (S_ISREG(st.st_mode) && ioctl(fd, FS_IOC_GETVERSION, &generation) == 0)
		line_number(line, "generation", (unsigned)generation);
}

/* Returns true if name is one of them. */
static bool special(const struct act *act, struct act_result *result, struct line *line)
{
	struct stat st;
	long first = act->count > 0 ? act_value(act->words[0]) : 0;

	if (strcmp(act->name, "lstat") == 0 || strcmp(act->name, "fstat") == 0) {
		if (!first && act->name[0] == 'l')
			die("lstat of nothing");
		result->result = act->name[0] == 'l' ? lstat((const char *)(intptr_t)first, &st)
						     : fstat((int)first, &st);
		if (result->result == 0)
			line_stat(line, &st);
	} else if (strcmp(act->name, "pipe") == 0 || strcmp(act->name, "socketpair") == 0) {
		result->result = pair(act->name, &result->second);
	} else if (strcmp(act->name, "passfd") == 0) {
		result->result = pass_fd((int)first, (int)act_value(act->words[1]));
	} else if (strcmp(act->name, "takefd") == 0) {
		result->result = take_fd((int)first);
		result->is_fd = true;
	} else if (strcmp(act->name, "sleep") == 0) {
		sleep_ms(first);
	} else if (strcmp(act->name, "poke") == 0) {
		if (!first)
			die("poke at nothing");
		*(volatile char *)(intptr_t)first = 'p'; /* through a mapping */
	} else {
		return false;
	}
	return true;
}

/* --- one act -------------------------------------------------------------------------------------------- */

static long call_once(const struct act *act, long number, long *values)
{
	if (act->compat) {
		long result = act_syscall_i386(number, values);

		if (result < 0 && result > -4096) {
			errno = (int)-result;
			return -1;
		}
		return result;
	}
	return syscall(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

static void call(const struct act *act, struct act_result *result)
{
	long values[ACT_WORDS] = { 0 };
	long number = act_syscall_number(act->name, act->compat, &result->is_fd);

	if (number < 0) {
		errno = ENOSYS;
		die(act->name);
	}
	for (int i = 0; i < act->count; i++)
		values[i] = act_value(act->words[i]);
	for (long i = 0; i < act->repeat; i++) {
		long one = call_once(act, number, values);

		if (one == -1) {
			result->result = -1;
			return;
		}
		result->result += one;
	}
}

static void perform(const struct act *act, int number)
{
	struct act_result *result = &results[number];
	struct line line;
	long long before;

	memset(result, 0, sizeof *result);
	line_begin(&line, "act");
	line_number(&line, "n", number);
	line_text(&line, "call", act->name);
	before = now_ns();
	errno = 0;
	if (strcmp(act->name, "uring") == 0) {
		result->result = act_uring(act, &result->is_fd);
		if (result->result < 0) {
			errno = (int)-result->result;
			result->result = -1;
		}
	} else if (!special(act, result, &line)) {
		call(act, result);
	}
	result->error = result->result == -1 ? errno : 0;
	line_number(&line, "before", before);
	line_number(&line, "after", now_ns());
	line_number(&line, "pid", getpid());
	line_number(&line, "tid", syscall(SYS_gettid));
	line_number(&line, "result", result->result);
	line_number(&line, "error", result->error);
	if (result->is_fd && result->result >= 0)
		line_file(&line, (int)result->result);
	line_end(&line);
}

/* --- the list ------------------------------------------------------------------------------------------- */

/* Takes the words up to the next ";". Returns where that is. */
static int parse(struct act *act, char **argv, int at, int argc)
{
	memset(act, 0, sizeof *act);
	act->repeat = 1;
	if (at < argc && argv[at][0] == '*')
		act->repeat = strtol(argv[at++] + 1, NULL, 0);
	if (at < argc && strcmp(argv[at], "i386") == 0) {
		act->compat = true;
		at++;
	}
	act->name = at < argc ? argv[at++] : "";
	while (at < argc && strcmp(argv[at], ";") != 0) {
		if (act->count == ACT_WORDS) {
			errno = E2BIG;
			die(act->name);
		}
		act->words[act->count++] = argv[at++];
	}
	return at;
}

/* The list from there on in a program of its own: its results begin anew, descriptors stay. */
static void start_program(int argc, char **argv)
{
	char **list = calloc((size_t)argc + 3, sizeof *list);

	if (!list)
		die("calloc");
	list[0] = (char *)"aa-workload";
	list[1] = (char *)"acts";
	memcpy(list + 2, argv, (size_t)argc * sizeof *list);
	run_program(self_path, list);
}

/*
 * "child" ... "end": by a child, which the parent waits for; "beside" ... "end": likewise, but the parent goes on;
 * "exec": the rest is done by another program. "exit": at once, nothing is closed before.
 */
static int acts(int argc, char **argv)
{
	bool in_child = false;
	int skipping = 0;
	pid_t beside = 0;
	struct act act;

	for (int at = 0, number = 0; at < argc; at++, number++) {
		if (number == ACT_MAX)
			return 202;
		at = parse(&act, argv, at, argc);
		if (strcmp(act.name, "end") == 0) {
			if (in_child)
				_exit(0);
			skipping = 0;
			if (beside == -1)
				reap_all();
			beside = 0;
		} else if (skipping) {
			continue;
		} else if (strcmp(act.name, "child") == 0 || strcmp(act.name, "beside") == 0) {
			pid_t creator = outer_pid();
			pid_t pid = fork();

			if (pid < 0)
				die("fork");
			if (pid == 0)
				truth_process("fork", creator, 0);
			in_child = pid == 0;
			skipping = pid != 0;
			beside = strcmp(act.name, "child") == 0 ? -1 : 1;
		} else if (strcmp(act.name, "exec") == 0) {
			start_program(argc - at - 1, argv + at + 1);
		} else if (strcmp(act.name, "exit") == 0) {
			_exit(0);
		} else {
			perform(&act, number);
		}
	}
	reap_all();
	return 0;
}

const struct workload act_workloads[] = {
	{ "acts", "ACT [WORD...] [; ACT...]", acts },
	{ NULL, NULL, NULL },
};
