// SPDX-License-Identifier: Apache-2.0
/* See log.h. */
#include "log.h"

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_BYTES (256u << 10)
#define LOG_HEAD  (16u << 10) /* of what was there before a message that fills all */

static char log_text[LOG_BYTES];
static size_t log_size;
static bool log_debug;
static bool log_keeping;

/*
 * The end of a log matters, and a verifier's log can be megabytes: the older half goes, or the middle of a
 * long one.
 */
static void keep(const char *text, size_t size)
{
	size_t room = LOG_BYTES - 1 - log_size;

	if (size > room && log_size > LOG_HEAD) {
		memmove(log_text, log_text + log_size - LOG_HEAD, LOG_HEAD);
		log_size = LOG_HEAD;
		room = LOG_BYTES - 1 - log_size;
	}
	if (size > room) {
		text += size - room;
		size = room;
	}
	memcpy(log_text + log_size, text, size);
	log_size += size;
	log_text[log_size] = '\0';
}

/*
 * Names of files and symbols come from outside: nothing but printable ASCII, tabs and ends of lines is shown.
 */
static void show(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') || text[i] == 0x7f)
			text[i] = '?';
	}
	(void)fwrite(text, 1, size, stderr);
}

/*
 * Before 0.8, libbpf names a type that BTF lacks only among debug messages, in pieces: which relocation, and
 * behind it that an instruction was made invalid for it. The last relocation is kept when that follows;
 * explain_log.c reads both.
 */
static char relocation[512];
static size_t relocation_size;
static bool relocation_open; /* its line has not ended yet */

static bool of_relocation(const char *format)
{
	return relocation_open || strstr(format, ": relo #");
}

static void note_relocation(const char *text, size_t size)
{
	if (strstr(text, "substituting insn #")) {
		keep(relocation, relocation_size);
		keep(text, size);
		return;
	}
	/* Candidates that did not match are told in the same way. */
	if (strstr(text, ": relo #")) {
		relocation_open = strstr(text, ", spec is ") != NULL;
		if (relocation_open)
			relocation_size = 0;
	}
	if (!relocation_open)
		return;
	relocation_open = !memchr(text, '\n', size);
	if (size > sizeof(relocation) - relocation_size)
		size = sizeof(relocation) - relocation_size;
	memcpy(relocation + relocation_size, text, size);
	relocation_size += size;
}

__attribute__((format(printf, 2, 0))) static int log_print(enum libbpf_print_level level, const char *format,
							   va_list args)
{
	bool kept = log_keeping && level != LIBBPF_DEBUG;
	bool noted = log_keeping && level == LIBBPF_DEBUG && of_relocation(format);
	char *text = NULL;
	int n;

	if (!kept && !noted && !log_debug)
		return 0;
	n = vasprintf(&text, format, args);
	if (n < 0)
		return 0;
	if (kept)
		keep(text, (size_t)n);
	if (noted)
		note_relocation(text, (size_t)n);
	if (log_debug)
		show(text, (size_t)n);
	free(text);
	return 0;
}

void aa_kernel_log_quiet(void)
{
	(void)libbpf_set_print(log_print);
}

void aa_kernel_log_begin(bool debug)
{
	log_text[0] = '\0';
	log_size = 0;
	relocation_size = 0;
	relocation_open = false;
	log_debug = debug;
	log_keeping = true;
	aa_kernel_log_quiet();
}

void aa_kernel_log_end(void)
{
	log_keeping = false;
}

uint32_t aa_kernel_log_level(bool debug)
{
	/* 1: the path to a refusal, or all of it; 4: the statistics line (include/linux/bpf_verifier.h). */
	return debug ? 1 | 4 : 0;
}

const char *aa_kernel_log_text(void)
{
	return log_text;
}

/* libbpf 1.x: "prog 'NAME': BPF program load failed: ..."; 0.5: "failed to load program 'NAME'". */
const char *aa_kernel_log_refused(const char *const *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char pattern[128];

		(void)snprintf(pattern, sizeof(pattern), "prog '%s': BPF program load failed", names[i]);
		if (strstr(log_text, pattern))
			return names[i];
		(void)snprintf(pattern, sizeof(pattern), "failed to load program '%s'", names[i]);
		if (strstr(log_text, pattern))
			return names[i];
		(void)snprintf(pattern, sizeof(pattern), "prog '%s': failed to", names[i]);
		if (strstr(log_text, pattern))
			return names[i];
	}
	return NULL;
}

bool aa_kernel_log_has(const char *text)
{
	return strstr(log_text, text) != NULL;
}
