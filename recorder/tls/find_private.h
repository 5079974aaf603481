/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of find.c share. Each looks for one kind of TLS code and fills struct aa_found. */
#ifndef AA_TLS_FIND_PRIVATE_H
#define AA_TLS_FIND_PRIVATE_H

#include "elf_file.h"
#include "find.h"

/* aa_find_tls() for a machine of choice (EM_*), and without the cache on disk. */
int aa_find_of_machine(int fd, uint16_t machine, struct aa_found *ret_found, struct aa_error *error);

/* Adds a point, unless it is there already, and the name of what it is. False: no room is left. */
bool aa_found_add(struct aa_found *found, enum aa_tls_function function, uint64_t offset, const char *name);
void aa_found_hook(struct aa_found *found, const char *name);

/* Adds a sentence to the reason. */
void aa_found_because(struct aa_found *found, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Each looks for one kind: 0 and *found says what, AA_FIND_NOTHING, or a negative errno (-EINVAL, -EIO, -ENOMEM).
 * Symbols, then Go, then strings: the last is slow, and what it finds is certain only if the others found nothing.
 */
int aa_find_symbols(const struct aa_elf *elf, struct aa_found *found);
int aa_find_go(const struct aa_elf *elf, struct aa_found *found);
int aa_find_strings(const struct aa_elf *elf, struct aa_found *found);

/* Stripped BoringSSL: file_name is the address of the string ".../ssl/ssl_lib.cc" in the program. */
int aa_find_boringssl(const struct aa_elf *elf, uint64_t file_name, struct aa_found *found);

/* The version that read-only data has behind a text, as in "OpenSSL 3.0.22". */
void aa_find_version(const struct aa_elf *elf, const char *before, struct aa_found *found);

#endif
