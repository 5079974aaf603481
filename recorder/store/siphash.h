/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash, so that an agent cannot choose paths that all fall into
 * one bucket.
 */
#ifndef AA_STORE_SIPHASH_H
#define AA_STORE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct aa_siphash_key {
	uint64_t k0, k1;
};

/* A key from the kernel's random numbers. */
void aa_siphash_new_key(struct aa_siphash_key *ret_key);

uint64_t aa_siphash(const struct aa_siphash_key *key, const void *bytes, size_t size);

#endif
