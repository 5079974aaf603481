/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/tls of Go programs. Go moves its stacks, and a return probe is an address on the stack: it would crash the
 * program. So every RET instruction gets a probe, by decoding the whole functions. Arguments are in registers since 1.17
 * (amd64) and 1.18 (arm64); that a function begins as Go's do since then, with a look at the goroutine's stack bound, is
 * checked, and with it that it was found where it is.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "code.h"
#include "find_private.h"
#include "memory.h"
#include "pclntab.h"

#define FUNCTION_MAX	65536u /* Conn.Write has 1.5 KiB */
#define INFO_SIZE	32
#define INFO_SEARCH_MAX (64u << 10) /* as debug/buildinfo does */
#define FLAG_INLINE	2	    /* 1.18: the version stands behind the header */

static const char info_magic[] = "\xff Go buildinf:";

static const struct {
	const char *name;
	const char *hook; /* as a row shows it */
	enum aa_tls_function entry;
	enum aa_tls_function ret; /* 0: none */
} targets[] = {
	{ "crypto/tls.(*Conn).Write", "Conn.Write", AA_TLS_FN_GO_WRITE, AA_TLS_FN_GO_WRITE_RET },
	{ "crypto/tls.(*Conn).Read", "Conn.Read", AA_TLS_FN_GO_READ, AA_TLS_FN_GO_READ_RET },
	{ "crypto/tls.(*Conn).Close", "Conn.Close", AA_TLS_FN_GO_CLOSE, 0 },
};

#define TARGETS (sizeof(targets) / sizeof(targets[0]))

/* Where the build information is, by section or in the first writable segment. */
static bool find_info(const struct aa_elf *elf, uint8_t *ret_info, uint64_t *ret_offset)
{
	struct aa_elf_section section;

	if (aa_elf_section(elf, ".go.buildinfo", &section) && section.size >= INFO_SIZE &&
	    aa_elf_read(elf, section.offset, ret_info, INFO_SIZE) == 0 &&
	    memcmp(ret_info, info_magic, sizeof(info_magic) - 1) == 0) {
		*ret_offset = section.offset;
		return true;
	}
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct aa_elf_segment *segment = &elf->segments[i];
		uint64_t size = segment->size < INFO_SEARCH_MAX ? segment->size : INFO_SEARCH_MAX;
		aa_cleanup_free uint8_t *bytes = NULL;
		const uint8_t *at;

		if ((segment->flags & (PF_W | PF_X)) != PF_W ||
		    aa_elf_load(elf, segment->offset, size, &bytes) < 0)
			continue;
		at = memmem(bytes, size, info_magic, sizeof(info_magic) - 1);
		if (!at || size - (uint64_t)(at - bytes) < INFO_SIZE)
			continue;
		memcpy(ret_info, at, INFO_SIZE);
		*ret_offset = segment->offset + (uint64_t)(at - bytes);
		return true;
	}
	return false;
}

/* "go1.22.3": behind the header with a length before it, or, before 1.18, where a pointer to a string points. */
static void read_version(const struct aa_elf *elf, const uint8_t *info, uint64_t offset, char *ret_version,
			 size_t version_size)
{
	uint64_t address, string[2];
	char text[64] = "";
	size_t length;

	if ((info[15] & FLAG_INLINE) != 0) {
		uint8_t size;

		if (aa_elf_read(elf, offset + INFO_SIZE, &size, 1) < 0 || size >= sizeof(text) ||
		    aa_elf_read(elf, offset + INFO_SIZE + 1, text, size) < 0)
			return;
	} else {
		memcpy(&address, info + 16, sizeof(address));
		if (info[14] != 8 || aa_elf_read_at(elf, address, string, sizeof(string)) < 0 ||
		    string[1] >= sizeof(text) || aa_elf_read_at(elf, string[0], text, (size_t)string[1]) < 0)
			return;
	}
	if (strncmp(text, "go", 2) != 0)
		return;
	length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-+");
	if (length >= version_size)
		length = version_size - 1;
	memcpy(ret_version, text, length);
	ret_version[length] = '\0';
}

/* "go1.N..." is at least 1.minor; true if it cannot be told. */
static bool is_since(const char *version, int minor)
{
	return strncmp(version, "go1.", 4) != 0 || strtol(version + 4, NULL, 10) >= minor;
}

static void take_symbol(void *context, const char *name, uint64_t address, uint64_t size)
{
	struct aa_go_function *functions = context;

	if (name[0] != 'c' || strncmp(name, "crypto/tls.(", 12) != 0 || size == 0)
		return;
	for (unsigned i = 0; i < TARGETS; i++) {
		if (strcmp(name, functions[i].name) != 0)
			continue;
		functions[i].begin = address;
		functions[i].end = address + size;
	}
}

/* All returns of a function. */
struct returns {
	uint64_t at[AA_FOUND_POINTS];
	unsigned count;
	bool is_full;
};

static bool take_return(void *context, const struct aa_code_instruction *instruction,
			const struct aa_code_argument *arguments)
{
	struct returns *returns = context;

	(void)arguments;
	if (instruction->step != AA_CODE_RETURN)
		return true;
	if (returns->count == AA_FOUND_POINTS) {
		returns->is_full = true;
		return false;
	}
	returns->at[returns->count++] = instruction->address;
	return true;
}

/* The comparison of the stack pointer with the bound that the goroutine has, in a register of its own since then. */
static bool begins_as_go(uint16_t machine, const uint8_t *code, size_t size)
{
	static const uint8_t x86_64[] = { 0x66, 0x10 };		   /* cmp rsp or r12, [r14 + 16] */
	static const uint8_t arm64[] = { 0x90, 0x0b, 0x40, 0xf9 }; /* ldr x16, [x28, 16] */
	size_t head = size < 32 ? size : 32;

	if (machine == EM_AARCH64)
		return memmem(code, head, arm64, sizeof(arm64)) != NULL;
	for (size_t i = 2; i + 2 <= head; i++)
		if (memcmp(code + i, x86_64, sizeof(x86_64)) == 0 && code[i - 1] == 0x3b &&
		    (code[i - 2] == 0x49 || code[i - 2] == 0x4d))
			return true;
	return false;
}

/* Returns -EINVAL where the code is not what it should be. */
static int add_function(const struct aa_elf *elf, const struct aa_go_function *function, unsigned target,
			struct aa_found *found)
{
	struct returns returns = { .count = 0 };
	aa_cleanup_free uint8_t *code = NULL;
	uint64_t offset, size = function->end - function->begin;
	int64_t walked;
	int r;

	if (size == 0 || size > FUNCTION_MAX || !aa_elf_offset(elf, function->begin, PF_X, &offset))
		return -EINVAL;
	r = aa_elf_load(elf, offset, size, &code);
	if (r < 0)
		return r;
	if (!begins_as_go(elf->machine, code, (size_t)size))
		return -EINVAL;
	if (targets[target].ret != 0) {
		walked = aa_code_walk(elf->machine, code, (size_t)size, function->begin, take_return,
				      &returns);
		if (walked != (int64_t)size || returns.is_full || returns.count == 0)
			return walked < 0 ? (int)walked : -EINVAL;
	}
	if (!aa_found_add(found, targets[target].entry, offset, targets[target].hook))
		return -EINVAL;
	for (unsigned i = 0; i < returns.count; i++)
		if (!aa_found_add(found, targets[target].ret, offset + (returns.at[i] - function->begin),
				  targets[target].hook))
			return -EINVAL;
	return 0;
}

static int add_functions(const struct aa_elf *elf, const struct aa_go_function *functions,
			 struct aa_found *found)
{
	for (unsigned i = 0; i < TARGETS; i++) {
		int r = functions[i].begin == 0 ? 0 : add_function(elf, &functions[i], i, found);

		if (r <
		    0) { /* all or nothing: an entry without its returns would be a call that never ends */
			found->point_count = 0;
			found->hooks[0] = '\0';
			aa_found_because(found, "the code of %s is not understood", targets[i].hook);
			return r == -EINVAL ? 0 : r;
		}
	}
	return 0;
}

/* Functions by symbols, else by Go's own table. Returns how, or NULL: none. */
static int find_functions(const struct aa_elf *elf, struct aa_go_function *functions, const char **ret_how)
{
	int r = aa_elf_functions(elf, SHT_SYMTAB, take_symbol, functions);

	*ret_how = "symtab";
	if (r < 0 || functions[0].begin != 0 || functions[1].begin != 0)
		return r;
	*ret_how = "pclntab";
	return aa_go_functions(elf, functions, TARGETS);
}

int aa_find_go(const struct aa_elf *elf, struct aa_found *found)
{
	struct aa_go_function functions[TARGETS] = { 0 };
	char version[sizeof(found->version)] = "";
	uint8_t info[INFO_SIZE];
	uint64_t offset;
	const char *how;
	int r;

	if (!find_info(elf, info, &offset))
		return AA_FIND_NOTHING;
	found->is_go = true;
	read_version(elf, info, offset, version, sizeof(version));
	for (unsigned i = 0; i < TARGETS; i++)
		functions[i].name = targets[i].name;
	r = find_functions(elf, functions, &how);
	if (r == -EIO || r == -ENOMEM)
		return r;
	if (r == 0 && functions[0].begin == 0 && functions[1].begin == 0)
		return AA_FIND_NOTHING;
	found->implementation = AA_TLS_GO;
	found->name = "go";
	memcpy(found->version, version, sizeof(version));
	if (r < 0) {
		aa_found_because(found, "a Go program whose table of functions is not understood");
		return 0;
	}
	if (!is_since(version, elf->machine == EM_X86_64 ? 17 : 18)) {
		aa_found_because(found, "before Go 1.%d, which passes arguments on the stack",
				 elf->machine == EM_X86_64 ? 17 : 18);
		return 0;
	}
	r = add_functions(elf, functions, found);
	if (found->point_count > 0)
		found->how = how;
	return r;
}
