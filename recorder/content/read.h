/* SPDX-License-Identifier: Apache-2.0 */
/* One file: find, open, hash, keep. */
#ifndef AA_CONTENT_READ_H
#define AA_CONTENT_READ_H

#include "contents.h"

/* Bytes that are kept of one file at most, whatever was asked for: a row must fit into memory, and into SQLite. */
#define AA_CONTENT_KEEP_BYTES ((uint64_t)64 << 20)

/*
 * Opens the file of a job for reading: by its path in our own root, then in those of its processes. Returns a descriptor,
 * or -1 with the reason.
 */
int aa_content_open(const struct aa_content_job *job, enum aa_content_reason *ret_reason);

/* Reads it. Gives up, with the reason 'skipped', when stop becomes true. The answer's data is the caller's. */
void aa_content_read(const struct aa_content_job *job, uint64_t max_bytes, bool keep, const atomic_bool *stop,
		     struct aa_content_answer *ret_answer);

#endif
