/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See xref.h. Goes over all bytes (60 MiB of them in Bun) without decoding: what only looks like an instruction is sorted
 * out later, by decoding the function around it. A process may be held meanwhile, so memchr() does most of it.
 */
#include "xref.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096u

static uint32_t word(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

unsigned aa_xref_step(uint16_t machine)
{
	return machine == EM_X86_64 ? 16 : 4;
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* "lea r64, [rip + disp32]" */
static unsigned relative_loads(const struct aa_code_text *text, uint64_t wanted, uint64_t *ret_sites)
{
	const uint8_t *end = text->bytes + text->size, *code = text->bytes;
	unsigned count = 0;

	while (count < AA_XREF_SITES && (code = memchr(code, 0x8d, (size_t)(end - code))) != NULL) {
		uint64_t at = (uint64_t)(code++ - text->bytes);

		if (at < 1 || text->size - at < 6 || (text->bytes[at - 1] & 0xfb) != 0x48 ||
		    (text->bytes[at + 1] & 0xc7) != 0x05)
			continue;
		if (text->address + at + 6 + (uint64_t)(int64_t)(int32_t)word(text->bytes + at + 2) == wanted)
			ret_sites[count++] = text->address + at;
	}
	return count;
}

/* "mov r32, imm32" */
static unsigned absolute_loads(const struct aa_code_text *text, uint64_t wanted, unsigned max,
			       uint64_t *ret_sites)
{
	const uint8_t *end = text->bytes + text->size, *code = text->bytes;
	uint32_t value = (uint32_t)wanted;
	unsigned count = 0;

	if (wanted > UINT32_MAX)
		return 0;
	while (count < max && (code = memmem(code, (size_t)(end - code), &value, sizeof(value))) != NULL) {
		uint64_t at = (uint64_t)(code++ - text->bytes);

		if (at >= 1 && (text->bytes[at - 1] & 0xf8) == 0xb8)
			ret_sites[count++] = text->address + at - 1;
	}
	return count;
}

static unsigned loads_x86(const struct aa_code_text *text, uint64_t wanted, uint64_t *ret_sites)
{
	unsigned count = relative_loads(text, wanted, ret_sites);

	count += absolute_loads(text, wanted, AA_XREF_SITES - count, ret_sites + count);
	qsort(ret_sites, count, sizeof(*ret_sites), by_address);
	return count;
}

/* "adrp xN, page" at most eight instructions before. */
static bool has_page(const struct aa_code_text *text, uint64_t at, unsigned reg, uint64_t page)
{
	for (uint64_t back = 4; back <= 32 && back <= at; back += 4) {
		uint32_t code = word(text->bytes + at - back);
		uint64_t here = (text->address + at - back) & ~(uint64_t)(PAGE - 1);
		uint64_t pages;

		if ((code & 0x9f000000u) != 0x90000000u || (code & 31) != reg)
			continue;
		pages = (uint64_t)(code >> 5 & 0x7ffff) << 2 | (code >> 29 & 3);
		if ((pages & 1u << 20) != 0)
			pages -= 1u << 21;
		return here + pages * PAGE == page;
	}
	return false;
}

static unsigned loads_arm64(const struct aa_code_text *text, uint64_t wanted, uint64_t *ret_sites)
{
	uint32_t low = (uint32_t)(wanted & (PAGE - 1));
	unsigned count = 0;

	for (uint64_t at = 0; at + 4 <= text->size && count < AA_XREF_SITES; at += 4) {
		uint32_t code = word(text->bytes + at); /* add xD, xN, #low */

		if ((code & 0xffc00000u) == 0x91000000u && (code >> 10 & 0xfff) == low &&
		    has_page(text, at, code >> 5 & 31, wanted - low))
			ret_sites[count++] = text->address + at;
	}
	return count;
}

unsigned aa_xref_loads(const struct aa_code_text *text, uint64_t wanted, uint64_t *ret_sites)
{
	return text->machine == EM_X86_64 ? loads_x86(text, wanted, ret_sites)
					  : loads_arm64(text, wanted, ret_sites);
}

/*
 * Sets the bit of a target near a site. The functions of one source file can be all over the text: then most targets are
 * in the region, and nearly none of them near. So the small table is asked before the large one.
 */
static void mark(const struct aa_xref_targets *targets, uint8_t *bits, uint64_t target)
{
	uint64_t at = target - targets->begin;

	if (target < targets->begin || target >= targets->end || target % targets->step != 0 ||
	    targets->is_near[at / AA_XREF_BLOCK] == 0)
		return;
	bits[at / targets->step / 8] |= (uint8_t)(1u << at / targets->step % 8);
}

static void targets_x86(const struct aa_code_text *text, const struct aa_xref_targets *targets)
{
	const struct {
		uint8_t opcode;
		uint8_t *bits;
	} kinds[] = { { 0xe8, targets->called }, { 0xe9, targets->jumped } };
	const uint8_t *last = text->bytes + text->size;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const uint8_t *code = text->bytes;

		while ((code = memchr(code, kinds[i].opcode, (size_t)(last - code))) != NULL) {
			uint64_t at = (uint64_t)(code++ - text->bytes);

			if (text->size - at < 5)
				break;
			mark(targets, kinds[i].bits,
			     text->address + at + 5 + (uint64_t)(int64_t)(int32_t)word(text->bytes + at + 1));
		}
	}
}

static void targets_arm64(const struct aa_code_text *text, const struct aa_xref_targets *targets)
{
	for (uint64_t at = 0; at + 4 <= text->size; at += 4) {
		uint32_t code = word(text->bytes + at);
		uint64_t words = code & 0x3ffffff;

		if ((code & 0xfc000000u) != 0x94000000u) /* bl; b goes mostly to the same function */
			continue;
		if ((words & 1u << 25) != 0)
			words -= 1u << 26;
		mark(targets, targets->called, text->address + at + words * 4);
	}
}

/* Rounded up, so that bits are of addresses at which functions may begin. */
static uint64_t targets_begin(const struct aa_code_text *text, uint64_t site, uint64_t around)
{
	uint64_t begin = site - text->address > around ? site - around : text->address;

	return (begin + 15) / 16 * 16;
}

int aa_xref_targets(const struct aa_code_text *text, const uint64_t *sites, unsigned count, uint64_t around,
		    struct aa_xref_targets *ret_targets)
{
	uint64_t text_end = text->address + text->size, last = sites[count - 1], size;
	struct aa_xref_targets *targets = ret_targets;

	*targets = (struct aa_xref_targets){
		.begin = targets_begin(text, sites[0], around),
		.end = text_end - last > around ? last + around : text_end,
		.step = aa_xref_step(text->machine),
	};
	if (targets->end < targets->begin)
		targets->end = targets->begin;
	size = targets->end - targets->begin;
	targets->is_near = calloc(1, (size_t)(size / AA_XREF_BLOCK + 1));
	targets->called = calloc(1, (size_t)(size / targets->step / 8 + 1));
	targets->jumped = calloc(1, (size_t)(size / targets->step / 8 + 1));
	if (!targets->is_near || !targets->called || !targets->jumped)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		uint64_t block = sites[i] > targets->begin ? (sites[i] - targets->begin) / AA_XREF_BLOCK : 0;

		for (uint64_t near = block > 0 ? block - 1 : 0;
		     near <= block + 1 && near <= size / AA_XREF_BLOCK; near++)
			targets->is_near[near] = 1;
	}
	if (text->machine == EM_X86_64)
		targets_x86(text, targets);
	else
		targets_arm64(text, targets);
	return 0;
}

void aa_xref_targets_free(struct aa_xref_targets *targets)
{
	free(targets->is_near);
	free(targets->called);
	free(targets->jumped);
	*targets = (struct aa_xref_targets){ 0 };
}

static bool has_bit(const struct aa_xref_targets *targets, const uint8_t *bits, uint64_t address)
{
	uint64_t bit = (address - targets->begin) / targets->step;

	return address >= targets->begin && address < targets->end && address % targets->step == 0 &&
	       (bits[bit / 8] >> bit % 8 & 1) != 0;
}

bool aa_xref_is_called(const struct aa_xref_targets *targets, uint64_t address)
{
	return has_bit(targets, targets->called, address);
}

bool aa_xref_is_jumped(const struct aa_xref_targets *targets, uint64_t address)
{
	return has_bit(targets, targets->jumped, address);
}

bool aa_xref_is_prologue(const struct aa_code_text *text, uint64_t address)
{
	uint64_t at = address - text->address;
	const uint8_t *code = text->bytes + at;
	uint32_t value;

	if (address < text->address || at + 8 > text->size)
		return false;
	value = word(code);
	if (text->machine == EM_X86_64)
		return (code[0] & 0xf8) == 0x50 || (code[0] == 0x41 && (code[1] & 0xf8) == 0x50) ||
		       value == 0xfa1e0ff3u || (value & 0xffffff) == 0xec8348u ||
		       (value & 0xffffff) == 0xec8148u;
	return (value & 0xffc003e0u) == 0xa98003e0u ||			     /* stp x, x, [sp, #-n]! */
	       (value & 0xff8003ffu) == 0xd10003ffu ||			     /* sub sp, sp, #n */
	       (value & 0xffe00fe0u) == 0xf8000fe0u ||			     /* str x, [sp, #-n]! */
	       value == 0xd503233fu || (value & 0xffffff3fu) == 0xd503241fu; /* paciasp, bti */
}

bool aa_xref_is_behind_end(const struct aa_code_text *text, uint64_t address)
{
	uint64_t at = address - text->address;
	uint32_t value;

	if (address < text->address || at < 4 || at > text->size)
		return false;
	value = word(text->bytes + at - 4);
	if (text->machine == EM_X86_64) /* ret, int3, nop; longer ones end in 0 */
		return value >> 24 == 0xc3 || value >> 24 == 0xcc || value >> 24 == 0x90 || value >> 24 == 0;
	return value == 0 || value == 0xd65f03c0u || value == 0xd503201fu || /* udf, ret, nop */
	       (value & 0xffe0001fu) == 0xd4200000u;			     /* brk */
}
