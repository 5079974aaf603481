/* SPDX-License-Identifier: Apache-2.0 */
/* What code.c needs to know of a machine. */
#ifndef AA_TLS_CODE_MACHINE_H
#define AA_TLS_CODE_MACHINE_H

#include <capstone/capstone.h>

#include "code.h"

struct aa_code_machine {
	uint16_t elf_machine; /* EM_* */
	cs_arch arch;
	cs_mode mode;
	size_t width; /* of every instruction, bytes; 0: they differ; at most 4 */
	/* Fills all but address. */
	void (*classify)(csh handle, const cs_insn *insn, struct aa_code_instruction *instruction);
	int (*argument_of)(unsigned reg); /* which argument a register holds; -1: none */
	unsigned (*destination)(
		const cs_insn *insn); /* the register that is its first operand; 0: that is none */
	/* What that register holds after it. */
	struct aa_code_argument (*value_of)(const cs_insn *insn, const struct aa_code_argument *arguments);
};

extern const struct aa_code_machine aa_code_x86;
extern const struct aa_code_machine aa_code_arm64;

#endif
