// SPDX-License-Identifier: Apache-2.0
/*
 * Whether the kernel may take the processor from an eBPF program. If so, fentry programs skip what other
 * tasks do meanwhile on the same processor: the trampoline's guard against recursion cannot tell one from the
 * other (recursion_misses; kernel/bpf/trampoline.c). Kprobes run with preemption off.
 */
#include "feature.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "memory.h"
#include "mount.h"
#include "text.h"

#define PREEMPT_FILE "sched/preempt"
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

static bool read_private_debugfs(char *text, size_t size)
{
	aa_cleanup_close int debugfs = aa_mount_private("debugfs");

	return debugfs >= 0 && aa_text_read_at(debugfs, PREEMPT_FILE, text, size) == 0;
}

/* preempt= of the kernel's command line. */
static bool command_line_mode(char *mode, size_t size)
{
	static const char key[] = "preempt=";
	char text[4096];
	const char *at = text;

	if (aa_text_read("/proc/cmdline", text, sizeof(text)) < 0)
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
	if (!(aa_text_read("/sys/kernel/debug/" PREEMPT_FILE, text, sizeof(text)) == 0 ||
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
