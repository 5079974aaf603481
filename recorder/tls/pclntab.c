/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See pclntab.h. Layouts: src/debug/gosym/pclntab.go and src/runtime/symtab.go of Go 1.16 (magic 0xfffffffa), 1.18
 * (0xfffffff0) and 1.20 (0xfffffff1); 1.16 has addresses where the later ones have offsets from the start of the text.
 */
#include "pclntab.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "scan.h"

#define MAGIC_1_16	0xfffffffau
#define MAGIC_1_18	0xfffffff0u
#define MAGIC_1_20	0xfffffff1u
#define HEADER		8 /* magic, two zeros, quantum, size of a pointer */
#define RELOCATIONS_MAX (64u << 20)

struct table {
	uint8_t *bytes;
	uint64_t size;
	uint64_t address;
	bool has_offsets; /* 1.18 */
	uint64_t count;
	uint64_t text; /* of offsets */
	uint64_t names;
	uint64_t
		functions; /* pairs (entry, offset of its description from here), and the end of the last one */
};

static uint64_t read_number(const struct table *table, uint64_t at, size_t size)
{
	uint64_t value = 0;

	if (at > table->size || size > table->size - at)
		return 0;
	memcpy(&value, table->bytes + at, size); /* little endian, as everything that elf_file.c opens */
	return value;
}

static bool is_header(const uint8_t *bytes, uint16_t machine)
{
	uint32_t magic;

	memcpy(&magic, bytes, sizeof(magic));
	return (magic == MAGIC_1_16 || magic == MAGIC_1_18 || magic == MAGIC_1_20) && bytes[4] == 0 &&
	       bytes[5] == 0 && bytes[6] == (machine == EM_X86_64 ? 1 : 4) && bytes[7] == 8;
}

/*
 * In programs without sections, and where another linker has merged them: aligned in some segment's data. It goes on to the end of the segment, as far as one can
 * tell.
 */
static bool search(const struct aa_elf *elf, struct aa_elf_section *ret_section)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct aa_elf_segment *segment = &elf->segments[i];
		aa_cleanup_free uint8_t *bytes = NULL;

		if ((segment->flags & PF_X) != 0 ||
		    aa_elf_load(elf, segment->offset, segment->size, &bytes) < 0)
			continue;
		for (uint64_t at = -segment->address % 32; at + HEADER <= segment->size; at += 32) {
			if (!is_header(bytes + at, elf->machine))
				continue;
			*ret_section = (struct aa_elf_section){
				.offset = segment->offset + at,
				.address = segment->address + at,
				.size = segment->size - at,
			};
			return true;
		}
	}
	return false;
}

/* What position-independent programs have instead of an address in the file: the addend of its relocation. */
static uint64_t relocated(const struct aa_elf *elf, uint64_t address)
{
	uint32_t wanted = elf->machine == EM_X86_64 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE;
	aa_cleanup_free uint8_t *bytes = NULL;
	struct aa_elf_section section;

	if ((!aa_elf_section(elf, ".rela.dyn", &section) && !aa_elf_section(elf, ".rela", &section)) ||
	    section.size > RELOCATIONS_MAX || aa_elf_load(elf, section.offset, section.size, &bytes) < 0)
		return 0;
	for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= section.size; at += sizeof(Elf64_Rela)) {
		Elf64_Rela relocation;

		memcpy(&relocation, bytes + at, sizeof(relocation));
		if (relocation.r_offset == address && ELF64_R_TYPE(relocation.r_info) == wanted)
			return (uint64_t)relocation.r_addend;
	}
	return 0;
}

/* Later versions do not fill it in: then it is the section's. */
static uint64_t text_of(const struct aa_elf *elf, const struct table *table, uint64_t at)
{
	uint64_t text = read_number(table, at, 8);
	struct aa_elf_section section;

	if (text == 0)
		text = relocated(elf, table->address + at);
	if (text == 0 && aa_elf_section(elf, ".text", &section))
		text = section.address;
	return text;
}

static int open_table(const struct aa_elf *elf, struct table *table)
{
	struct aa_elf_section section;
	uint32_t magic;
	int r;

	if (!aa_elf_section(elf, ".gopclntab", &section) &&
	    !aa_elf_section(elf, ".data.rel.ro.gopclntab", &section) && !search(elf, &section))
		return -ENOENT;
	r = aa_elf_load(elf, section.offset, section.size, &table->bytes);
	if (r < 0)
		return r;
	table->size = section.size;
	table->address = section.address;
	if (table->size < HEADER || !is_header(table->bytes, elf->machine))
		return -EOPNOTSUPP;
	magic = (uint32_t)read_number(table, 0, 4);
	table->has_offsets = magic != MAGIC_1_16;
	table->count = read_number(table, HEADER, 8);
	if (table->has_offsets) {
		table->text = text_of(elf, table, HEADER + 2 * 8);
		table->names = read_number(table, HEADER + 3 * 8, 8);
		table->functions = read_number(table, HEADER + 7 * 8, 8);
	} else {
		table->names = read_number(table, HEADER + 2 * 8, 8);
		table->functions = read_number(table, HEADER + 6 * 8, 8);
	}
	if (table->names >= table->size || table->functions >= table->size ||
	    table->count > (table->size - table->functions) / (table->has_offsets ? 8 : 16))
		return -EINVAL;
	return 0;
}

/* Offset of a name among the names; 0: it has none (the first name is empty). */
static uint64_t find_name(const struct table *table, const char *name)
{
	size_t size = strlen(name) + 1; /* its NUL, too */
	const uint8_t *names = table->bytes + table->names;
	const uint8_t *at = names;
	uint64_t left = table->size - table->names;

	while ((at = memmem(at, left - (uint64_t)(at - names), name, size)) != NULL) {
		if (at > names && at[-1] == '\0')
			return (uint64_t)(at - names);
		at++;
	}
	return 0;
}

static void find_function(const struct table *table, struct aa_go_function *function)
{
	size_t word = table->has_offsets ? 4 : 8;
	uint64_t name = find_name(table, function->name);

	for (uint64_t i = 0; name != 0 && i < table->count; i++) {
		uint64_t pair = table->functions + i * 2 * word;
		uint64_t description = table->functions + read_number(table, pair + word, word);

		if (read_number(table, description + word, 4) != name)
			continue;
		function->begin = table->text + read_number(table, pair, word);
		function->end = table->text + read_number(table, pair + 2 * word, word);
		return;
	}
}

int aa_go_functions(const struct aa_elf *elf, struct aa_go_function *functions, unsigned count)
{
	struct table table = { 0 };
	int r = open_table(elf, &table);

	for (unsigned i = 0; r == 0 && i < count; i++)
		find_function(&table, &functions[i]);
	free(table.bytes);
	return r;
}
