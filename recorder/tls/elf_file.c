/* SPDX-License-Identifier: Apache-2.0 */
/* See elf_file.h. Headers of segments are read here, sections and symbols by libelf, which reads only what it is asked for. */
#include "elf_file.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

#define SECTIONS_MAX 4096u
#define NOTES_MAX    65536u
#define NAMES_MAX    (1u << 20)

int aa_elf_read(const struct aa_elf *elf, uint64_t offset, void *bytes, size_t size)
{
	size_t done = 0;

	if (offset > elf->size || size > elf->size - offset)
		return -EIO;
	while (done < size) {
		ssize_t n = pread(elf->fd, (char *)bytes + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) /* 0: it is shorter than it was */
			return -EIO;
		done += (size_t)n;
	}
	return 0;
}

int aa_elf_load(const struct aa_elf *elf, uint64_t offset, uint64_t size, uint8_t **ret_bytes)
{
	aa_cleanup_free uint8_t *bytes = NULL;
	int r;

	if (offset > elf->size || size > elf->size - offset || size > AA_ELF_PART_MAX)
		return -EINVAL;
	bytes = malloc((size_t)size + 1);
	if (!bytes)
		return -ENOMEM;
	r = aa_elf_read(elf, offset, bytes, (size_t)size);
	if (r < 0)
		return r;
	bytes[size] = 0;
	*ret_bytes = AA_STEAL(bytes);
	return 0;
}

bool aa_elf_offset(const struct aa_elf *elf, uint64_t address, uint32_t flags, uint64_t *ret_offset)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct aa_elf_segment *segment = &elf->segments[i];

		if ((segment->flags & flags) != flags || address < segment->address ||
		    address - segment->address >= segment->size)
			continue;
		*ret_offset = segment->offset + (address - segment->address);
		return true;
	}
	return false;
}

int aa_elf_read_at(const struct aa_elf *elf, uint64_t address, void *bytes, size_t size)
{
	uint64_t offset;

	if (!aa_elf_offset(elf, address, 0, &offset))
		return -EINVAL;
	return aa_elf_read(elf, offset, bytes, size);
}

static int read_segments(struct aa_elf *elf, const Elf64_Ehdr *header)
{
	for (unsigned i = 0; i < header->e_phnum; i++) {
		Elf64_Phdr program;
		struct aa_elf_segment *segment = &elf->segments[elf->segment_count];

		if (aa_elf_read(elf, header->e_phoff + (uint64_t)i * sizeof(program), &program,
				sizeof(program)) < 0)
			return -EINVAL;
		if (program.p_type != PT_LOAD || program.p_filesz == 0)
			continue;
		if (elf->segment_count == AA_ELF_SEGMENTS)
			return -EINVAL;
		if (program.p_offset > elf->size || program.p_filesz > elf->size - program.p_offset ||
		    program.p_vaddr + program.p_filesz < program.p_vaddr)
			return -EINVAL;
		*segment = (struct aa_elf_segment){
			.offset = program.p_offset,
			.address = program.p_vaddr,
			.size = program.p_filesz,
			.flags = program.p_flags,
		};
		elf->segment_count++;
	}
	return 0;
}

/* The kernel runs programs without sections, or with damaged ones: that they are missing is no error. */
static void open_sections(struct aa_elf *elf, const Elf64_Ehdr *header)
{
	if (header->e_shnum == 0 || header->e_shnum > SECTIONS_MAX ||
	    header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shoff > elf->size ||
	    (uint64_t)header->e_shnum * sizeof(Elf64_Shdr) > elf->size - header->e_shoff)
		return;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return;
	elf->sections = elf_begin(elf->fd, ELF_C_READ, NULL);
	if (elf->sections && elf_kind(elf->sections) != ELF_K_ELF)
		aa_elf_close(elf);
}

int aa_elf_open(struct aa_elf *elf, int fd, uint16_t machine, struct aa_error *error)
{
	Elf64_Ehdr header;
	struct stat st;

	*elf = (struct aa_elf){ .fd = fd };
	if (fstat(fd, &st) < 0)
		return aa_error_set(error, -EIO, "cannot look at the file: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return aa_error_set(error, -EINVAL, "not a regular file");
	elf->size = (uint64_t)st.st_size;
	if (elf->size < sizeof(header))
		return aa_error_set(error, -ENOEXEC, "not an ELF file");
	if (aa_elf_read(elf, 0, &header, sizeof(header)) < 0)
		return aa_error_set(error, -EIO, "cannot read the file");
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return aa_error_set(error, -ENOEXEC, "not an ELF file");
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    header.e_machine != machine)
		return aa_error_set(error, -ENOEXEC, "an ELF file of another machine");
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return aa_error_set(error, -ENOEXEC, "an ELF file, but no program and no library");
	elf->machine = header.e_machine;
	if (header.e_phentsize != sizeof(Elf64_Phdr) || read_segments(elf, &header) < 0)
		return aa_error_set(error, -EINVAL, "an ELF file with damaged program headers");
	open_sections(elf, &header);
	return 0;
}

void aa_elf_close(struct aa_elf *elf)
{
	if (elf->sections)
		(void)elf_end(elf->sections);
	elf->sections = NULL;
}

static bool describe(const struct aa_elf *elf, Elf_Scn *scn, GElf_Shdr *ret_header,
		     struct aa_elf_section *ret_section)
{
	if (!gelf_getshdr(scn, ret_header) || ret_header->sh_type == SHT_NOBITS ||
	    ret_header->sh_offset > elf->size || ret_header->sh_size > elf->size - ret_header->sh_offset)
		return false;
	*ret_section = (struct aa_elf_section){
		.offset = ret_header->sh_offset,
		.address = ret_header->sh_addr,
		.size = ret_header->sh_size,
		.link = ret_header->sh_link,
		.entry_size = ret_header->sh_entsize,
		.type = ret_header->sh_type,
	};
	return true;
}

/* Names of sections, which libelf reads whole, whatever size they claim to have. */
static bool find_names(const struct aa_elf *elf, size_t *ret_names)
{
	struct aa_elf_section section;
	GElf_Shdr header;
	Elf_Scn *scn;

	if (!elf->sections || elf_getshdrstrndx(elf->sections, ret_names) != 0)
		return false;
	scn = elf_getscn(elf->sections, *ret_names);
	return scn && describe(elf, scn, &header, &section) && section.size <= NAMES_MAX;
}

bool aa_elf_section(const struct aa_elf *elf, const char *name, struct aa_elf_section *ret_section)
{
	size_t names;

	if (!find_names(elf, &names))
		return false;
	for (Elf_Scn *scn = elf_nextscn(elf->sections, NULL); scn; scn = elf_nextscn(elf->sections, scn)) {
		struct aa_elf_section section;
		GElf_Shdr header;
		const char *found;

		if (!describe(elf, scn, &header, &section))
			continue;
		found = elf_strptr(elf->sections, names, header.sh_name);
		if (found && strcmp(found, name) == 0) {
			*ret_section = section;
			return true;
		}
	}
	return false;
}

/* Calls for each function among the symbols. names ends with a NUL. */
static void each_function(const uint8_t *symbols, uint64_t count, const uint8_t *names, uint64_t names_size,
			  aa_elf_symbol_fn *function, void *context)
{
	for (uint64_t i = 0; i < count; i++) {
		Elf64_Sym symbol;

		memcpy(&symbol, symbols + i * sizeof(symbol), sizeof(symbol));
		if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC ||
		    symbol.st_name >= names_size)
			continue;
		function(context, (const char *)names + symbol.st_name, symbol.st_value, symbol.st_size);
	}
}

int aa_elf_functions(const struct aa_elf *elf, uint32_t table, aa_elf_symbol_fn *function, void *context)
{
	for (Elf_Scn *scn = elf->sections ? elf_nextscn(elf->sections, NULL) : NULL; scn;
	     scn = elf_nextscn(elf->sections, scn)) {
		aa_cleanup_free uint8_t *symbols = NULL, *names = NULL;
		struct aa_elf_section section, strings;
		GElf_Shdr header;
		Elf_Scn *link;
		int r;

		if (!describe(elf, scn, &header, &section) || section.type != table)
			continue;
		link = elf_getscn(elf->sections, (size_t)section.link);
		if (section.entry_size != sizeof(Elf64_Sym) || !link ||
		    !describe(elf, link, &header, &strings) || strings.type != SHT_STRTAB)
			return -EINVAL;
		r = aa_elf_load(elf, section.offset, section.size, &symbols);
		if (r == 0)
			r = aa_elf_load(elf, strings.offset, strings.size, &names);
		if (r < 0)
			return r;
		each_function(symbols, section.size / sizeof(Elf64_Sym), names, strings.size, function,
			      context);
	}
	return 0;
}

static bool note_build_id(const uint8_t *notes, size_t size, char *ret_text, size_t text_size)
{
	size_t at = 0;

	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t name, value, next;

		memcpy(&note, notes + at, sizeof(note));
		name = at + sizeof(note);
		value = name + ((uint64_t)note.n_namesz + 3) / 4 * 4;
		next = value + ((uint64_t)note.n_descsz + 3) / 4 * 4;
		if (value + note.n_descsz > size)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(notes + name, "GNU", 4) == 0 && note.n_descsz > 0 &&
		    note.n_descsz <= (text_size - 1) / 2) {
			for (uint32_t i = 0; i < note.n_descsz; i++)
				(void)snprintf(ret_text + (size_t)i * 2, 3, "%02x", notes[value + i]);
			return true;
		}
		if (next > size)
			return false;
		at = (size_t)next;
	}
	return false;
}

static bool section_build_id(const struct aa_elf *elf, const struct aa_elf_section *section, char *ret_text,
			     size_t size)
{
	uint8_t *notes = NULL;
	bool found = section->type == SHT_NOTE && section->size <= NOTES_MAX &&
		     aa_elf_load(elf, section->offset, section->size, &notes) == 0 &&
		     note_build_id(notes, (size_t)section->size, ret_text, size);

	free(notes);
	return found;
}

/* Of sections, not of segments: some linkers merge PT_NOTE parts of differing alignment into one. */
void aa_elf_build_id(const struct aa_elf *elf, char *ret_text, size_t size)
{
	ret_text[0] = '\0';
	for (Elf_Scn *scn = elf->sections ? elf_nextscn(elf->sections, NULL) : NULL; scn;
	     scn = elf_nextscn(elf->sections, scn)) {
		struct aa_elf_section section;
		GElf_Shdr header;

		if (describe(elf, scn, &header, &section) && section_build_id(elf, &section, ret_text, size))
			return;
	}
}
