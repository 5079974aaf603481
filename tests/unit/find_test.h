/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of recorder/tls/find.h share: programs that the compiler makes of a few lines, and where their functions are. */
#ifndef AA_TEST_FIND_TEST_H
#define AA_TEST_FIND_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "find_private.h"

#ifdef __x86_64__
#define FIND_MACHINE EM_X86_64
#else
#define FIND_MACHINE EM_AARCH64
#endif

static char find_directory[] = "/tmp/aa-find.XXXXXX";
static char find_path[sizeof(find_directory) + 64];

static inline const char *find_name(const char *name)
{
	(void)snprintf(find_path, sizeof(find_path), "%s/%s", find_directory, name);
	return find_path;
}

static inline int find_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs a command in the directory. */
static inline int find_run(const char *format, ...)
{
	char command[2048];
	size_t used = (size_t)snprintf(command, sizeof(command), "cd %s && ", find_directory);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(command + used, sizeof(command) - used, format, arguments);
	va_end(arguments);
	return system(command); /* NOLINT(cert-env33-c): a shell is what is wanted */
}

/* Only the compiler of the machine can make what these tests look at. */
static inline bool find_can_compile(void)
{
	return find_run("cc --version >/dev/null 2>&1 && nm --version >/dev/null 2>&1") == 0;
}

static inline int find_setup(void **state)
{
	(void)state;
	if (!mkdtemp(find_directory))
		return -1;
	/* Nothing of this goes to anybody's cache. */
	return setenv("XDG_CACHE_HOME", find_directory, 1);
}

static inline int find_teardown(void **state)
{
	(void)state;
	return find_run("rm -r %s", find_directory);
}

static inline void find_write(const char *name, const char *text)
{
	FILE *file = fopen(find_name(name), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Compiles source with these options to a file of that name. */
static inline void find_compile(const char *name, const char *source, const char *options)
{
	find_write("source.c", source);
	assert_int_equal(find_run("cc -O2 -w %s -o %s source.c", options, name), 0);
}

/* Looks at a file; what is found stays until the next call. */
static inline struct aa_found *find_in_path(const char *path, int *ret_r)
{
	static struct aa_found found;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	assert_true(fd >= 0);
	*ret_r = aa_find_of_machine(fd, FIND_MACHINE, &found, NULL);
	(void)close(fd);
	return &found;
}

static inline struct aa_found *find_in(const char *name)
{
	int r;
	struct aa_found *found = find_in_path(find_name(name), &r);

	assert_int_equal(r, 0);
	return found;
}

/* The address that nm says a function has, less the base of the program, which is its offset. */
static inline uint64_t find_offset(const char *name, const char *function, uint64_t base)
{
	char command[512], line[256];
	uint64_t address = 0;
	FILE *output;

	(void)snprintf(command, sizeof(command), "nm %s/%s", find_directory, name);
	output = popen(command, "re"); /* NOLINT(cert-env33-c) */
	assert_non_null(output);
	while (fgets(line, sizeof(line), output)) { /* "address type name" */
		char *rest;
		uint64_t value = strtoull(line, &rest, 16);

		rest[strcspn(rest, "\n")] = '\0';
		if (rest > line && strlen(rest) > 3 && strcmp(rest + 3, function) == 0)
			address = value;
	}
	assert_int_equal(pclose(output), 0);
	assert_true(address > base);
	return address - base;
}

static inline bool find_has(const struct aa_found *found, enum aa_tls_function function, uint64_t offset)
{
	for (unsigned i = 0; i < found->point_count; i++)
		if (found->points[i].function == function && found->points[i].offset == offset)
			return true;
	return false;
}

static inline unsigned find_count(const struct aa_found *found, enum aa_tls_function function)
{
	unsigned count = 0;

	for (unsigned i = 0; i < found->point_count; i++)
		count += found->points[i].function == function;
	return count;
}

#endif
