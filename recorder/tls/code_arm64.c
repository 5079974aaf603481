/* SPDX-License-Identifier: Apache-2.0 */
/* arm64: instructions that matter to code.h. */
#include <elf.h>

#include "code_machine.h"

/* The argument that a register, or its lower half, is; or -1. */
static int argument_of(unsigned reg)
{
	if (reg >= ARM64_REG_X0 && reg < ARM64_REG_X0 + AA_CODE_ARGUMENTS)
		return (int)(reg - ARM64_REG_X0);
	if (reg >= ARM64_REG_W0 && reg < ARM64_REG_W0 + AA_CODE_ARGUMENTS)
		return (int)(reg - ARM64_REG_W0);
	return -1;
}

static bool is_frame(unsigned reg)
{
	return reg == ARM64_REG_SP || reg == ARM64_REG_X29;
}

static bool is_store(unsigned id)
{
	return id == ARM64_INS_STR || id == ARM64_INS_STRB || id == ARM64_INS_STRH || id == ARM64_INS_STP ||
	       id == ARM64_INS_STUR || id == ARM64_INS_STURB || id == ARM64_INS_STURH;
}

static void classify(csh handle, const cs_insn *insn, struct aa_code_instruction *instruction)
{
	const cs_arm64 *arm64 = &insn->detail->arm64;

	switch (insn->id) {
	case ARM64_INS_BL:
	case ARM64_INS_BLR:
		instruction->step = AA_CODE_CALL;
		break;
	case ARM64_INS_RET:
		instruction->step = AA_CODE_RETURN;
		break;
	case ARM64_INS_BR:
		instruction->step = AA_CODE_JUMP;
		break;
	case ARM64_INS_B:
		instruction->step = arm64->cc == ARM64_CC_INVALID || arm64->cc == ARM64_CC_AL
					    ? AA_CODE_JUMP
					    : AA_CODE_BRANCH;
		break;
	case ARM64_INS_NOP:
	case ARM64_INS_BRK:
		instruction->is_padding = true;
		break;
	default:
		if (cs_insn_group(handle, insn, ARM64_GRP_JUMP))
			instruction->step = AA_CODE_BRANCH;
	}
	for (unsigned i = 0; i < arm64->op_count; i++) {
		const cs_arm64_op *op = &arm64->operands[i];

		if (instruction->step != AA_CODE_PLAIN && op->type == ARM64_OP_IMM)
			instruction->target =
				(uint64_t)op->imm; /* the last one: CBZ and TBZ have others before it */
		if (is_store(insn->id) && op->type == ARM64_OP_MEM && !is_frame((unsigned)op->mem.base))
			instruction->writes_object = true;
	}
}

static struct aa_code_argument number(uint64_t value)
{
	return (struct aa_code_argument){ .value = AA_CODE_NUMBER, .number = value };
}

static struct aa_code_argument value_of(const cs_insn *insn, const struct aa_code_argument *arguments)
{
	const cs_arm64_op *op = insn->detail->arm64.operands;
	struct aa_code_argument other = { .value = AA_CODE_OTHER };
	unsigned count = insn->detail->arm64.op_count;
	int argument = count > 1 && op[1].type == ARM64_OP_REG ? argument_of((unsigned)op[1].reg) : -1;

	if (insn->id == ARM64_INS_ADD && count == 3 && op[1].type == ARM64_OP_REG &&
	    op[2].type == ARM64_OP_IMM) {
		if (is_frame((unsigned)op[1].reg))
			return (struct aa_code_argument){ .value = AA_CODE_STACK };
		if (argument >= 0 && arguments[argument].value == AA_CODE_NUMBER)
			return number(arguments[argument].number + (uint64_t)op[2].imm);
	}
	if (count != 2)
		return other;
	if (op[1].type == ARM64_OP_IMM && (insn->id == ARM64_INS_MOV || insn->id == ARM64_INS_MOVZ ||
					   insn->id == ARM64_INS_ADRP || insn->id == ARM64_INS_ADR))
		return number((uint64_t)op[1].imm
			      << (op[1].shift.type == ARM64_SFT_LSL ? op[1].shift.value : 0));
	if (insn->id != ARM64_INS_MOV || op[1].type != ARM64_OP_REG)
		return other;
	if (op[1].reg == ARM64_REG_WZR || op[1].reg == ARM64_REG_XZR)
		return number(0);
	if (is_frame((unsigned)op[1].reg))
		return (struct aa_code_argument){ .value = AA_CODE_STACK };
	return argument < 0 || arguments[argument].value == AA_CODE_UNTOUCHED ? other : arguments[argument];
}

static unsigned destination(const cs_insn *insn)
{
	const cs_arm64 *arm64 = &insn->detail->arm64;

	return arm64->op_count > 0 && arm64->operands[0].type == ARM64_OP_REG
		       ? (unsigned)arm64->operands[0].reg
		       : 0;
}

const struct aa_code_machine aa_code_arm64 = {
	.elf_machine = EM_AARCH64,
	.arch = CS_ARCH_ARM64,
	.mode = CS_MODE_LITTLE_ENDIAN,
	.width = 4,
	.classify = classify,
	.argument_of = argument_of,
	.destination = destination,
	.value_of = value_of,
};
