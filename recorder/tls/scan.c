/* SPDX-License-Identifier: Apache-2.0 */
/* See scan.h. 40 MiB of Bun's data take about 20 ms. */
#include "scan.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_BYTES (1u << 20)
#define TOTAL_BYTES  (512u << 20) /* more read-only data no program has that we know */

/* Returns 1 if the callback stopped. */
static int scan_window(const uint8_t *window, size_t size, size_t begin, size_t end, uint64_t address,
		       const char *needle, unsigned number, aa_scan_fn *function, void *context)
{
	size_t length = strlen(needle);

	for (size_t at = begin; at < end && size - at >= length; at++) {
		const uint8_t *found = memmem(window + at, size - at, needle, length);
		struct aa_scan_hit hit = { .needle = number };

		if (!found || (size_t)(found - window) >= end)
			return 0;
		at = (size_t)(found - window);
		hit.address = address + at;
		hit.at = found;
		hit.before = at;
		hit.size = size - at;
		if (!function(context, &hit))
			return 1;
	}
	return 0;
}

/* Windows overlap, so that each hit, wherever it is, is seen once and with what is around it. */
static int scan_segment(const struct aa_elf *elf, const struct aa_elf_segment *segment, uint8_t *window,
			const char *const *needles, unsigned count, aa_scan_fn *function, void *context)
{
	for (uint64_t done = 0; done < segment->size; done += WINDOW_BYTES) {
		uint64_t from = done >= AA_SCAN_AROUND ? done - AA_SCAN_AROUND : 0;
		uint64_t to = done + WINDOW_BYTES + AA_SCAN_AROUND;
		size_t begin = (size_t)(done - from), size;
		int r;

		if (to > segment->size)
			to = segment->size;
		size = (size_t)(to - from);
		r = aa_elf_read(elf, segment->offset + from, window, size);
		for (unsigned i = 0; r == 0 && i < count; i++)
			r = scan_window(window, size, begin, begin + WINDOW_BYTES, segment->address + from,
					needles[i], i, function, context);
		if (r != 0)
			return r;
	}
	return 0;
}

/* Data apart from code, as linkers lay it out today; else the segment that has both. */
static bool has_data_apart(const struct aa_elf *elf)
{
	for (unsigned i = 0; i < elf->segment_count; i++)
		if ((elf->segments[i].flags & (PF_R | PF_W | PF_X)) == PF_R)
			return true;
	return false;
}

static int scan_all(const struct aa_elf *elf, uint8_t *window, const char *const *needles, unsigned count,
		    aa_scan_fn *function, void *context)
{
	uint32_t unwanted = has_data_apart(elf) ? PF_W | PF_X : PF_W;
	uint64_t total = 0;

	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct aa_elf_segment *segment = &elf->segments[i];
		int r;

		if ((segment->flags & unwanted) != 0)
			continue;
		total += segment->size;
		if (total > TOTAL_BYTES)
			return 0;
		r = scan_segment(elf, segment, window, needles, count, function, context);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return 0;
}

int aa_scan(const struct aa_elf *elf, const char *const *needles, unsigned count, aa_scan_fn *function,
	    void *context)
{
	uint8_t *window = malloc(WINDOW_BYTES + 2 * AA_SCAN_AROUND);
	int r = window ? scan_all(elf, window, needles, count, function, context) : -ENOMEM;

	free(window);
	return r;
}
