// SPDX-License-Identifier: Apache-2.0
/*
 * Whether the kernel may take the processor from an eBPF program. If so, fentry programs skip what other
 * tasks do meanwhile on the same processor: the trampoline's guard against recursion cannot tell one from the
 * other (recursion_misses; kernel/bpf/trampoline.c). Kprobes run with preemption off.
 */
#include "feature.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "memory.h"

#define PREEMPT_FILE "sched/preempt"
/* include/uapi/linux/mount.h, since 5.2 */
#define CONFIG_CREATE 6
#define MOUNT_CLOEXEC 1
#define OPEN_CLOEXEC  1

bool aa_preempt_mode(const char *text, char *ret_mode, size_t size)
{
	const char *begin = strchr(text, '('), *end = begin ? strchr(begin, ')') : NULL;
	size_t length;

	if (!end)
		return false;
	length = (size_t)(end - begin) - 1;
	if (length == 0 || length >= size)
		return false;
	memcpy(ret_mode, begin + 1, length);
	ret_mode[length] = '\0';
	return strspn(ret_mode, "abcdefghijklmnopqrstuvwxyz") == length;
}

static bool read_at(int directory, const char *path, char *text, size_t size)
{
	aa_cleanup_close int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;

	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* A mount of our own, in no tree, gone with its descriptor. */
static bool read_private_debugfs(char *text, size_t size)
{
	aa_cleanup_close int context = (int)syscall(SYS_fsopen, "debugfs", OPEN_CLOEXEC);
	aa_cleanup_close int mount = -1;

	if (context < 0 || syscall(SYS_fsconfig, context, CONFIG_CREATE, NULL, NULL, 0) != 0)
		return false;
	mount = (int)syscall(SYS_fsmount, context, MOUNT_CLOEXEC, 0);
	return mount >= 0 && read_at(mount, PREEMPT_FILE, text, size);
}

/* preempt= of the kernel's command line. */
static bool command_line_mode(char *mode, size_t size)
{
	static const char key[] = "preempt=";
	char text[4096];
	const char *at = text;

	if (!read_at(AT_FDCWD, "/proc/cmdline", text, sizeof(text)))
		return false;
	while ((at = strstr(at, key)) != NULL) {
		size_t length;

		if (at == text || at[-1] == ' ') {
			at += sizeof(key) - 1;
			length = strspn(at, "abcdefghijklmnopqrstuvwxyz");
			if (length == 0 || length >= size)
				return false;
			memcpy(mode, at, length);
			mode[length] = '\0';
			return true;
		}
		at += sizeof(key) - 1;
	}
	return false;
}

bool aa_preempts(char *ret_words, size_t size)
{
	struct utsname name;
	char text[256], mode[32];

	if (uname(&name) != 0 || !strstr(name.version, "PREEMPT")) {
		(void)snprintf(ret_words, size, "none or voluntary, built in");
		return false;
	}
	if (!strstr(name.version, "PREEMPT_DYNAMIC")) {
		(void)snprintf(ret_words, size, "full, built in");
		return true;
	}
	if (!(read_at(AT_FDCWD, "/sys/kernel/debug/" PREEMPT_FILE, text, sizeof(text)) ||
	      read_private_debugfs(text, sizeof(text))) ||
	    !aa_preempt_mode(text, mode, sizeof(mode))) {
		if (!command_line_mode(mode, sizeof(mode))) {
			(void)snprintf(ret_words, size, "dynamic, mode not known");
			return true;
		}
	}
	(void)snprintf(ret_words, size, "dynamic, %s", mode);
	return strcmp(mode, "none") != 0 && strcmp(mode, "voluntary") != 0;
}
