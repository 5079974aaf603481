// SPDX-License-Identifier: Apache-2.0
/*
 * Whether the kernel may take the processor from an eBPF program. If so, fentry programs skip what other
 * tasks do meanwhile on the same processor: the trampoline's guard against recursion cannot tell one from the
 * other (recursion_misses; kernel/bpf/trampoline.c). Kprobes run with preemption off.
 */
#include "feature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include "memory.h"
#include "mount.h"
#include "text.h"

#define PREEMPT_FILE "sched/preempt"
#define CONFIG_BYTES (1u << 20) /* Debian's and Ubuntu's have 250 to 300 KiB */

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

bool aa_preempt_built(const char *config, char *ret_mode, size_t size)
{
	static const char *const modes[] = { "none", "voluntary", "full", "lazy" };
	static const char *const options[] = { "\nCONFIG_PREEMPT_NONE=y\n", "\nCONFIG_PREEMPT_VOLUNTARY=y\n",
					       "\nCONFIG_PREEMPT=y\n", "\nCONFIG_PREEMPT_LAZY=y\n" };

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strstr(config, options[i])) {
			(void)snprintf(ret_mode, size, "%s", modes[i]);
			return true;
		}
	}
	return false;
}

/* What a kernel with PREEMPT_DYNAMIC begins with, by the options it was built with; gzopen() reads plain files too. */
static bool config_mode(const char *release, char *mode, size_t size)
{
	char boot[64 + sizeof(((struct utsname *)0)->release)];
	const char *const places[] = { "/proc/config.gz", boot };
	char *text = malloc(CONFIG_BYTES);
	bool known = false;

	if (!text)
		return false;
	(void)snprintf(boot, sizeof(boot), "/boot/config-%s", release);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !known; i++) {
		gzFile file = gzopen(places[i], "re");
		int length = file ? gzread(file, text, CONFIG_BYTES - 1) : -1;

		if (file)
			(void)gzclose(file);
		if (length <= 0)
			continue;
		text[length] = '\0';
		known = aa_preempt_built(text, mode, size);
	}
	free(text);
	return known;
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
		/* debugfs is closed by lockdown, which comes with Secure Boot. */
		if (!command_line_mode(mode, sizeof(mode)) &&
		    !config_mode(name.release, mode, sizeof(mode))) {
			(void)snprintf(ret_words, size, "dynamic, mode not known");
			return true;
		}
	}
	(void)snprintf(ret_words, size, "dynamic, %s", mode);
	return strcmp(mode, "none") != 0 && strcmp(mode, "voluntary") != 0;
}
