/* SPDX-License-Identifier: Apache-2.0 */
/* See find.h: asks those who know one kind of TLS code each, and remembers on disk what took long. */
#include "find.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cache.h"
#include "find_private.h"

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#error "no TLS code can be found on this machine: code.c has to learn its instructions first"
#endif

#define SLOW_NS 20000000 /* of a search that is worth a file */

void aa_found_hook(struct aa_found *found, const char *name)
{
	size_t used = strlen(found->hooks), length = strlen(name);
	const char *at = found->hooks;

	while ((at = strstr(at, name)) != NULL) {
		if ((at == found->hooks || at[-1] == ',') && (at[length] == '\0' || at[length] == ','))
			return;
		at += length;
	}
	if (used + length + 2 <= sizeof(found->hooks))
		(void)snprintf(found->hooks + used, sizeof(found->hooks) - used, "%s%s", used > 0 ? "," : "",
			       name);
}

bool aa_found_add(struct aa_found *found, enum aa_tls_function function, uint64_t offset, const char *name)
{
	for (unsigned i = 0; i < found->point_count; i++)
		if (found->points[i].function == function && found->points[i].offset == offset)
			return true;
	if (found->point_count == AA_FOUND_POINTS)
		return false;
	found->points[found->point_count] =
		(struct aa_uprobe_point){ .function = function, .offset = offset };
	found->point_count++;
	aa_found_hook(found, name);
	return true;
}

void aa_found_because(struct aa_found *found, const char *format, ...)
{
	size_t used = strlen(found->reason);
	va_list arguments;

	if (used > 0 && used + 3 < sizeof(found->reason))
		used += (size_t)snprintf(found->reason + used, sizeof(found->reason) - used, "; ");
	va_start(arguments, format);
	(void)vsnprintf(found->reason + used, sizeof(found->reason) - used, format, arguments);
	va_end(arguments);
}

static int ask(const struct aa_elf *elf, struct aa_found *found)
{
	int r = aa_find_go(elf, found);

	if (r == AA_FIND_NOTHING)
		r = aa_find_symbols(elf, found);
	if (found->is_go && found->implementation != AA_TLS_GO && found->point_count > 0) {
		/* Its stacks move: see AA_TLS_FN_GO_WRITE_RET. */
		found->point_count = 0;
		found->hooks[0] = '\0';
		found->how = NULL;
		found->bio_write = (struct aa_uprobe_point){ 0 };
		aa_found_because(found, "in a Go program, whose functions must not be given return probes");
	}
	if (r == AA_FIND_NOTHING && !found->is_go)
		r = aa_find_strings(elf, found);
	return r;
}

static int explain(int r, struct aa_error *error)
{
	switch (r) {
	case -EIO:
		return aa_error_set(error, r, "cannot read the file");
	case -ENOMEM:
		return aa_error_set(error, r, "out of memory");
	default:
		return aa_error_set(error, -EINVAL, "a damaged ELF file");
	}
}

static int find_in(const struct aa_elf *elf, struct aa_found *ret_found, struct aa_error *error)
{
	int r = ask(elf, ret_found);

	return r < 0 ? explain(r, error) : r;
}

int aa_find_of_machine(int fd, uint16_t machine, struct aa_found *ret_found, struct aa_error *error)
{
	struct aa_elf elf;
	int r;

	*ret_found = (struct aa_found){ 0 };
	r = aa_elf_open(&elf, fd, machine, error);
	if (r == 0) {
		aa_elf_build_id(&elf, ret_found->build_id, sizeof(ret_found->build_id));
		r = find_in(&elf, ret_found, error);
	}
	aa_elf_close(&elf);
	return r;
}

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int aa_find_tls(int fd, struct aa_found *ret_found, struct aa_error *error)
{
	int64_t begin_ns = now_ns();
	struct aa_elf elf;
	int r;

	*ret_found = (struct aa_found){ 0 };
	r = aa_elf_open(&elf, fd, MACHINE, error);
	if (r == 0) {
		aa_elf_build_id(&elf, ret_found->build_id, sizeof(ret_found->build_id));
		r = aa_find_cache_read(&elf, ret_found);
		if (r == AA_CACHE_MISS) {
			r = find_in(&elf, ret_found, error);
			if (r >= 0 && now_ns() - begin_ns > SLOW_NS)
				aa_find_cache_write(&elf, r, ret_found);
		}
	}
	aa_elf_close(&elf);
	return r;
}
