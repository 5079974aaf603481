/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64: instructions that matter to code.h. */
#include <elf.h>

#include "code_machine.h"

/* The argument that a register, or its lower half, is; or -1. */
static int argument_of(unsigned reg)
{
	static const unsigned registers[AA_CODE_ARGUMENTS][2] = {
		{ X86_REG_RDI, X86_REG_EDI }, { X86_REG_RSI, X86_REG_ESI }, { X86_REG_RDX, X86_REG_EDX },
		{ X86_REG_RCX, X86_REG_ECX }, { X86_REG_R8, X86_REG_R8D },
	};

	for (int i = 0; i < AA_CODE_ARGUMENTS; i++)
		if (registers[i][0] == reg || registers[i][1] == reg)
			return i;
	return -1;
}

static bool is_frame(unsigned reg)
{
	return reg == X86_REG_RSP || reg == X86_REG_RBP;
}

static bool writes_object(const cs_x86 *x86)
{
	for (unsigned i = 0; i < x86->op_count; i++) {
		const cs_x86_op *op = &x86->operands[i];

		if (op->type == X86_OP_MEM && (op->access & CS_AC_WRITE) != 0 &&
		    op->mem.base != X86_REG_INVALID && op->mem.base != X86_REG_RIP &&
		    !is_frame((unsigned)op->mem.base))
			return true;
	}
	return false;
}

static void classify(csh handle, const cs_insn *insn, struct aa_code_instruction *instruction)
{
	const cs_x86 *x86 = &insn->detail->x86;
	bool direct = x86->op_count == 1 && x86->operands[0].type == X86_OP_IMM;

	if (insn->id == X86_INS_CALL)
		instruction->step = AA_CODE_CALL;
	else if (insn->id == X86_INS_JMP)
		instruction->step = AA_CODE_JUMP;
	else if (insn->id == X86_INS_RET)
		instruction->step = AA_CODE_RETURN;
	else if (cs_insn_group(handle, insn, X86_GRP_JUMP))
		instruction->step = AA_CODE_BRANCH;
	else if (insn->id == X86_INS_NOP || insn->id == X86_INS_INT3)
		instruction->is_padding = true;
	else
		instruction->writes_object = writes_object(x86);
	if (instruction->step != AA_CODE_PLAIN && instruction->step != AA_CODE_RETURN && direct)
		instruction->target = (uint64_t)x86->operands[0].imm;
}

/* What a MOV, LEA or XOR leaves in its first operand. */
static struct aa_code_argument value_of(const cs_insn *insn, const struct aa_code_argument *arguments)
{
	const cs_x86 *x86 = &insn->detail->x86;
	const cs_x86_op *from = &x86->operands[1];
	struct aa_code_argument other = { .value = AA_CODE_OTHER };
	int argument;

	if (x86->op_count != 2)
		return other;
	if (insn->id == X86_INS_XOR && from->type == X86_OP_REG && from->reg == x86->operands[0].reg)
		return (struct aa_code_argument){ .value = AA_CODE_NUMBER };
	if (insn->id == X86_INS_LEA && from->mem.base == X86_REG_RIP)
		return (struct aa_code_argument){
			.value = AA_CODE_NUMBER,
			.number = insn->address + insn->size + (uint64_t)from->mem.disp,
		};
	if (insn->id == X86_INS_LEA && is_frame((unsigned)from->mem.base))
		return (struct aa_code_argument){ .value = AA_CODE_STACK };
	if (insn->id != X86_INS_MOV && insn->id != X86_INS_MOVABS)
		return other;
	if (from->type == X86_OP_IMM)
		return (struct aa_code_argument){ .value = AA_CODE_NUMBER, .number = (uint64_t)from->imm };
	if (from->type != X86_OP_REG)
		return other;
	if (is_frame((unsigned)from->reg))
		return (struct aa_code_argument){ .value = AA_CODE_STACK };
	argument = argument_of((unsigned)from->reg);
	return argument < 0 || arguments[argument].value == AA_CODE_UNTOUCHED ? other : arguments[argument];
}

static unsigned destination(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	return x86->op_count > 0 && x86->operands[0].type == X86_OP_REG ? (unsigned)x86->operands[0].reg : 0;
}

const struct aa_code_machine aa_code_x86 = {
	.elf_machine = EM_X86_64,
	.arch = CS_ARCH_X86,
	.mode = CS_MODE_64,
	.classify = classify,
	.argument_of = argument_of,
	.destination = destination,
	.value_of = value_of,
};
