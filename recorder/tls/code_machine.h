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
	/* What the arguments are after a plain instruction or a branch. */
	void (*apply)(csh handle, const cs_insn *insn, struct aa_code_argument *arguments);
};

extern const struct aa_code_machine aa_code_x86;
extern const struct aa_code_machine aa_code_arm64;

#endif
