/* SPDX-License-Identifier: Apache-2.0 */
/* Cross-references in code that has no symbols: who loads an address, and where functions begin. */
#ifndef AA_TLS_XREF_H
#define AA_TLS_XREF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AA_XREF_SITES 256

/* Code as it lies in memory. */
struct aa_code_text {
	const uint8_t *bytes;
	uint64_t size;
	uint64_t address;
	uint16_t machine; /* EM_* */
};

/* Where code may load an address: of the instruction's immediate or near it, ascending. At most AA_XREF_SITES. */
unsigned aa_xref_loads(const struct aa_code_text *text, uint64_t wanted, uint64_t *ret_sites);

/* Which addresses near some sites are called or jumped to from anywhere: a bit for each aa_xref_step() bytes. */
struct aa_xref_targets {
	uint64_t begin;
	uint64_t end;
	unsigned step;
	uint8_t *is_near; /* for each AA_XREF_BLOCK bytes, whether a site is not far */
	uint8_t *called;
	uint8_t *
		jumped; /* by an unconditional jump: to another function, or within one. Always empty on arm64 */
};

#define AA_XREF_BLOCK 8192u

/*
 * sites: ascending, in the text, at least one. around: how far from them, at most AA_XREF_BLOCK. -ENOMEM, or 0; and
 * aa_xref_targets_free() in either case.
 */
int aa_xref_targets(const struct aa_code_text *text, const uint64_t *sites, unsigned count, uint64_t around,
		    struct aa_xref_targets *ret_targets);
void aa_xref_targets_free(struct aa_xref_targets *targets);
bool aa_xref_is_called(const struct aa_xref_targets *targets, uint64_t address);
bool aa_xref_is_jumped(const struct aa_xref_targets *targets, uint64_t address);

/* Functions begin at multiples of this. */
unsigned aa_xref_step(uint16_t machine);

/* Whether what is there looks like the beginning of a function. */
bool aa_xref_is_prologue(const struct aa_code_text *text, uint64_t address);

/* Whether what is before it is a return, or padding. */
bool aa_xref_is_behind_end(const struct aa_code_text *text, uint64_t address);

#endif
