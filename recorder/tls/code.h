/* SPDX-License-Identifier: Apache-2.0 */
/* Machine code, as far as it has to be understood: which functions a function calls, with what, and where it returns. */
#ifndef AA_TLS_CODE_H
#define AA_TLS_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf_file.h"

#define AA_CODE_ARGUMENTS 5 /* registers of arguments that are watched: of integers, the first ones */

/* What a register of an argument was last set to. */
enum aa_code_value {
	AA_CODE_UNTOUCHED = 0, /* the caller's argument, still */
	AA_CODE_STACK = 1,     /* an address in the function's own frame */
	AA_CODE_NUMBER = 2,    /* a constant: number */
	AA_CODE_OTHER = 3,
};

struct aa_code_argument {
	enum aa_code_value value;
	uint64_t number; /* also an address, of AA_CODE_NUMBER */
};

enum aa_code_step {
	AA_CODE_PLAIN,
	AA_CODE_CALL,	/* to target; 0: computed */
	AA_CODE_JUMP,	/* unconditional, to target; 0: computed */
	AA_CODE_BRANCH, /* conditional, to target */
	AA_CODE_RETURN,
};

/* One instruction. */
struct aa_code_instruction {
	uint64_t address;
	uint64_t target;
	enum aa_code_step step;
	bool is_padding; /* it does nothing */
	bool writes_object; /* it writes memory, but not through the stack or frame pointer, nor at a fixed address */
};

/*
 * Called for each instruction, with the arguments as they are before it. Return false to stop. After a call, a jump and a
 * return, all constants count as AA_CODE_OTHER: what follows may be reached from elsewhere.
 */
typedef bool aa_code_fn(void *context, const struct aa_code_instruction *instruction,
			const struct aa_code_argument *arguments);

/*
 * Decodes from address on, as it lies in memory. Returns the number of bytes decoded: less than size if something was no
 * instruction (or the callback stopped), or a negative errno. Where all instructions are as long, unknown ones are
 * passed over, as ones that do anything.
 */
int64_t aa_code_walk(uint16_t machine, const uint8_t *bytes, size_t size, uint64_t address,
		     aa_code_fn *function, void *context);

/*
 * Where to put a probe on a function: its first instruction, or the second, if the first is an ENDBR64, which kernels
 * single-step (12 us), and the second a push, which they emulate (0.9 us). That is the same for a probe: neither
 * register nor stack changes, and nothing jumps back to a function's first push.
 */
uint64_t aa_code_entry(const struct aa_elf *elf, uint64_t address);

/* Whether kernels emulate the instruction there, as far back as it matters (5.10). */
bool aa_code_is_cheap(const struct aa_elf *elf, uint64_t address);

#endif
