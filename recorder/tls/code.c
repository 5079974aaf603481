/* SPDX-License-Identifier: Apache-2.0 */
/* See code.h. capstone decodes; code_x86.c and code_arm64.c say what an instruction means. */
#include "code.h"

#include <capstone/capstone.h>
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "code_machine.h"

static const struct aa_code_machine *const machines[] = { &aa_code_x86, &aa_code_arm64 };

static const struct aa_code_machine *machine_of(uint16_t elf_machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i]->elf_machine == elf_machine)
			return machines[i];
	return NULL;
}

static void forget(struct aa_code_argument *arguments)
{
	for (unsigned i = 0; i < AA_CODE_ARGUMENTS; i++)
		arguments[i] = (struct aa_code_argument){ .value = AA_CODE_OTHER };
}

/* What an instruction leaves in the registers of arguments. */
static void apply(const struct aa_code_machine *machine, csh handle, const cs_insn *insn,
		  struct aa_code_argument *arguments)
{
	cs_regs read, written;
	uint8_t read_count, written_count;

	if (cs_regs_access(handle, insn, read, &read_count, written, &written_count) != CS_ERR_OK)
		return;
	for (unsigned i = 0; i < written_count; i++) {
		int argument = machine->argument_of(written[i]);

		if (argument < 0)
			continue;
		if (machine->argument_of(machine->destination(insn)) == argument)
			arguments[argument] = machine->value_of(insn, arguments);
		else
			arguments[argument] = (struct aa_code_argument){ .value = AA_CODE_OTHER };
	}
}

static int64_t walk(const struct aa_code_machine *machine, csh handle, cs_insn *insn, const uint8_t *bytes,
		    size_t size, uint64_t address, aa_code_fn *function, void *context)
{
	static const uint8_t zeros[4] = { 0 };
	struct aa_code_argument arguments[AA_CODE_ARGUMENTS] = { 0 };
	const uint8_t *at = bytes;
	size_t left = size;

	while (left > 0) {
		struct aa_code_instruction instruction = { .address = address };

		if (cs_disasm_iter(handle, &at, &left, &address, insn)) {
			machine->classify(handle, insn, &instruction);
			if (!function(context, &instruction, arguments))
				break;
			if (instruction.step == AA_CODE_PLAIN || instruction.step == AA_CODE_BRANCH)
				apply(machine, handle, insn, arguments);
			else
				forget(arguments);
			continue;
		}
		if (machine->width == 0 || left < machine->width)
			break;
		/* capstone 4 does not know CASAL and others; and padding behind functions is zeros. */
		instruction.is_padding = memcmp(at, zeros, machine->width) == 0;
		if (!function(context, &instruction, arguments))
			break;
		forget(arguments);
		at += machine->width;
		address += machine->width;
		left -= machine->width;
	}
	return (int64_t)(size - left);
}

int64_t aa_code_walk(uint16_t elf_machine, const uint8_t *bytes, size_t size, uint64_t address,
		     aa_code_fn *function, void *context)
{
	const struct aa_code_machine *machine = machine_of(elf_machine);
	int64_t r = -ENOMEM;
	cs_insn *insn;
	csh handle;

	if (!machine)
		return -EOPNOTSUPP;
	if (cs_open(machine->arch, machine->mode, &handle) != CS_ERR_OK)
		return -ENOMEM;
	insn = cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON) == CS_ERR_OK ? cs_malloc(handle) : NULL;
	if (insn) {
		r = walk(machine, handle, insn, bytes, size, address, function, context);
		cs_free(insn, 1);
	}
	(void)cs_close(&handle);
	return r;
}

static bool is_push(const uint8_t *code)
{
	return (code[0] & 0xf8) == 0x50 || (code[0] == 0x41 && (code[1] & 0xf8) == 0x50);
}

uint64_t aa_code_entry(const struct aa_elf *elf, uint64_t address)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	uint8_t code[sizeof(endbr64) + 2];

	if (elf->machine != EM_X86_64 || aa_elf_read_at(elf, address, code, sizeof(code)) < 0)
		return address;
	if (memcmp(code, endbr64, sizeof(endbr64)) == 0 && is_push(code + sizeof(endbr64)))
		return address + sizeof(endbr64);
	return address;
}

bool aa_code_is_cheap(const struct aa_elf *elf, uint64_t address)
{
	uint8_t code[2];

	if (elf->machine != EM_X86_64 || aa_elf_read_at(elf, address, code, sizeof(code)) < 0)
		return false;
	return is_push(code) || code[0] == 0x90;
}
