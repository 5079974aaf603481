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

/*
 * Which addresses from begin on are called, or jumped to, from anywhere: one bit for each aa_xref_step() bytes. Returns
 * memory to be freed, or NULL.
 */
uint8_t *aa_xref_called(const struct aa_code_text *text, uint64_t begin, uint64_t end);

/* Functions begin at multiples of this. */
unsigned aa_xref_step(uint16_t machine);

/* Whether what is there looks like the beginning of a function. */
bool aa_xref_is_prologue(const struct aa_code_text *text, uint64_t address);

/* Whether what is before it is a return, or padding. */
bool aa_xref_is_behind_end(const struct aa_code_text *text, uint64_t address);

#endif
