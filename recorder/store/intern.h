/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which strings of a session have a row already: bytes to row id. A cache with a fixed number of places and a limit
 * of bytes, so that an agent with ever new paths costs rows, not memory; what was pushed out gets a second row when it
 * comes again. Compares whole strings. A transaction that fails takes back what was added in it.
 */
#ifndef AA_STORE_INTERN_H
#define AA_STORE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "siphash.h"

struct aa_intern;

/* NULL if memory ran out. */
struct aa_intern *aa_intern_new(const struct aa_siphash_key *key, size_t places, size_t max_bytes);
void aa_intern_free(struct aa_intern *intern); /* NULL is fine */

/* The row id, or 0 if it is not there. */
int64_t aa_intern_find(struct aa_intern *intern, const void *bytes, size_t size);

/* Remembers a string that was not found. Where memory is short it just isn't remembered. */
void aa_intern_add(struct aa_intern *intern, const void *bytes, size_t size, int64_t id);

void aa_intern_begin(struct aa_intern *intern);
void aa_intern_rollback(struct aa_intern *intern);

/* Bytes of strings held, for tests. */
size_t aa_intern_bytes(const struct aa_intern *intern);

#endif
