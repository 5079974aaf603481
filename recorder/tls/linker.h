/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which libraries of the dynamic linker promise TLS by their names: /etc/ld.so.cache, as ldconfig(8) writes it. Only a list of
 * files to look at before anybody maps them: what is in them is told by find.h, never by their names, and others are
 * looked at when they are mapped. Pure but for aa_linker_read.
 */
#ifndef AA_TLS_LINKER_H
#define AA_TLS_LINKER_H

#include <stddef.h>

#define AA_LINKER_CACHE "/etc/ld.so.cache"

/* Paths of the libraries, each once. Owned by whoever reads it. */
struct aa_linker_paths {
	char **paths;
	size_t count;
};

/*
 * Parses the bytes of a cache: the format of glibc 2.2 and later (sysdeps/generic/dl-cache.h), alone or behind the older
 * one. Damaged entries are skipped. Returns 0, -EINVAL (no such cache) or -ENOMEM.
 */
int aa_linker_parse(const void *bytes, size_t size, struct aa_linker_paths *ret_paths);

/* The same of a file. Returns 0 or a negative errno; -ENOENT where there is none (musl). */
int aa_linker_read(const char *path, struct aa_linker_paths *ret_paths);

void aa_linker_release(struct aa_linker_paths *paths);

#endif
