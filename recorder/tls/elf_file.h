/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF file as far as finding TLS code needs it: segments, sections, symbols, bytes at addresses. The file may have been
 * made to do harm: what it claims is checked against its size, no part is read that is larger than a program has reason
 * to be, and nothing is mapped, because a mapped file that is cut short meanwhile kills its reader. A file on a file
 * system of somebody's own (FUSE) can still keep its reader waiting.
 */
#ifndef AA_TLS_ELF_FILE_H
#define AA_TLS_ELF_FILE_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define AA_ELF_SEGMENTS 64	     /* programs have about ten */
#define AA_ELF_PART_MAX (256u << 20) /* of a part that is read at once; node's whole file has 100 MiB */

struct aa_elf_segment {
	uint64_t offset;
	uint64_t address;
	uint64_t size;	/* bytes in the file */
	uint32_t flags; /* PF_* */
};

struct aa_elf {
	int fd;	       /* not ours */
	uint64_t size; /* of the file */
	uint16_t machine;
	struct aa_elf_segment segments[AA_ELF_SEGMENTS]; /* those that are loaded */
	unsigned segment_count;
	Elf *sections; /* NULL: it has none that can be read */
};

struct aa_elf_section {
	uint64_t offset;
	uint64_t address;
	uint64_t size;
	uint64_t link; /* number of another one */
	uint64_t entry_size;
	uint32_t type;
};

/* Opens what fd is. 0; -ENOEXEC no ELF file of this machine (EM_*); -EINVAL damaged or no regular file; -EIO, -ENOMEM. */
int aa_elf_open(struct aa_elf *elf, int fd, uint16_t machine, struct aa_error *error);
void aa_elf_close(struct aa_elf *elf);

/* All size bytes at offset of the file: 0 or -EIO. */
int aa_elf_read(const struct aa_elf *elf, uint64_t offset, void *bytes, size_t size);

/* The same at an address of the program; -EINVAL where it has none in the file. */
int aa_elf_read_at(const struct aa_elf *elf, uint64_t address, void *bytes, size_t size);

/* A part as memory, with a NUL behind it, to be freed: 0, -EINVAL (too large, or not in the file), -EIO, -ENOMEM. */
int aa_elf_load(const struct aa_elf *elf, uint64_t offset, uint64_t size, uint8_t **ret_bytes);

/* Of an address of the program; segments with all of flags only. */
bool aa_elf_offset(const struct aa_elf *elf, uint64_t address, uint32_t flags, uint64_t *ret_offset);

/* The first section of that name whose bytes are in the file. */
bool aa_elf_section(const struct aa_elf *elf, const char *name, struct aa_elf_section *ret_section);

/* A function that the file has: its name (not terminal-safe), address and size (0: not told). */
typedef void aa_elf_symbol_fn(void *context, const char *name, uint64_t address, uint64_t size);

/* Goes through the functions of .dynsym (SHT_DYNSYM) or .symtab (SHT_SYMTAB). 0, or a negative errno: not all were seen. */
int aa_elf_functions(const struct aa_elf *elf, uint32_t table, aa_elf_symbol_fn *function, void *context);

/* GNU build id in hexadecimal, or "". */
void aa_elf_build_id(const struct aa_elf *elf, char *ret_text, size_t size);

#endif
