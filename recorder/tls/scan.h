/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for texts in a program's read-only data, a part at a time. */
#ifndef AA_TLS_SCAN_H
#define AA_TLS_SCAN_H

#include "elf_file.h"

#define AA_SCAN_AROUND 256 /* bytes before and behind a hit that can be looked at, where the data go on */

struct aa_scan_hit {
	unsigned needle;
	uint64_t address;
	const uint8_t *at;
	size_t before; /* bytes before at */
	size_t size;   /* bytes from at on */
};

/* Called for each hit, in order of addresses within a segment. Return false to stop. */
typedef bool aa_scan_fn(void *context, const struct aa_scan_hit *hit);

/* needles: texts without their NUL. 0, -EIO, -ENOMEM. */
int aa_scan(const struct aa_elf *elf, const char *const *needles, unsigned count, aa_scan_fn *function,
	    void *context);

#endif
