// SPDX-License-Identifier: Apache-2.0
/*
 * libbpf prints through one global callback. It is caught here: shown with debug, else kept for the error
 * text.
 */
#include "kernel_private.h"

#include <stdio.h>
#include <string.h>

#define LOG_BYTES (256u << 10)

static char log_text[LOG_BYTES];
static size_t log_size;
static bool log_debug;
static char log_reason[256];

static int log_print(enum libbpf_print_level level, const char *format, va_list args)
{
	va_list copy;
	int n;

	if (log_debug) {
		va_copy(copy, args);
		(void)vfprintf(stderr, format, copy);
		va_end(copy);
	}
	if (level == LIBBPF_DEBUG)
		return 0;
	/* The end matters: make room by dropping the older half. */
	if (log_size > LOG_BYTES / 2) {
		memmove(log_text, log_text + log_size / 2, log_size - log_size / 2);
		log_size -= log_size / 2;
	}
	va_copy(copy, args);
	n = vsnprintf(log_text + log_size, LOG_BYTES - log_size, format, copy);
	va_end(copy);
	if (n > 0)
		log_size += (size_t)n < LOG_BYTES - log_size ? (size_t)n : LOG_BYTES - log_size - 1;
	return 0;
}

void aa_kernel_log_begin(bool debug)
{
	log_text[0] = '\0';
	log_size = 0;
	log_debug = debug;
	(void)libbpf_set_print(log_print);
}

void aa_kernel_log_end(void)
{
	/*
	 * Attaching and closing may talk too; the callback stays, so that nothing reaches standard error
	 * unasked.
	 */
	log_text[log_size] = '\0';
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

/* Start of the line before `at`; NULL if there is none. */
static const char *line_before(const char *at)
{
	if (at <= log_text)
		return NULL;
	at--;
	while (at > log_text && at[-1] != '\n')
		at--;
	return at;
}

/*
 * The verifier's log is a block that ends with "-- END"; its last line is a statistic, and the one before says
 * what was wrong.
 */
const char *aa_kernel_log_reason(void)
{
	const char *end = strstr(log_text, "-- END"), *line;
	size_t used = 0;

	if (!end)
		end = log_text + log_size;
	while (end > log_text && end[-1] != '\n')
		end--;
	line = line_before(end);
	while (line && (*line == '\n' || strncmp(line, "processed ", 10) == 0))
		line = line_before(line);
	for (; line && *line != '\0' && *line != '\n' && used + 1 < sizeof(log_reason); line++)
		log_reason[used++] = (*line >= 0x20 && *line < 0x7f) ? *line : '?';
	log_reason[used] = '\0';
	return log_reason;
}
