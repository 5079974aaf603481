/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of slow searches on disk: $XDG_CACHE_HOME/aa-record or ~/.cache/aa-record, for root /var/cache/aa-record. What
 * cannot be used is ignored; the search is made then.
 *
 * A result with points goes by build id and size, so that it serves every copy, and is used only if the code at each
 * point is what it was: a build id can be forged, and a probe in the midst of an instruction would break the program.
 * One without points goes by device, inode, size and times, because there is nothing to compare.
 */
#ifndef AA_TLS_CACHE_H
#define AA_TLS_CACHE_H

#include "elf_file.h"
#include "find.h"

#define AA_CACHE_MISS 2 /* beside what aa_find_tls() returns */

/* *found, whose build id is set, becomes what was found then. Returns what aa_find_tls() did, or AA_CACHE_MISS. */
int aa_find_cache_read(const struct aa_elf *elf, struct aa_found *found);

/* result: of aa_find_tls(), 0 or AA_FIND_NOTHING. */
void aa_find_cache_write(const struct aa_elf *elf, int result, const struct aa_found *found);

#endif
