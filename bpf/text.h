/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names in kernel or user memory. */
#ifndef AA_BPF_TEXT_H
#define AA_BPF_TEXT_H

#include "emit.h"

/*
 * A NUL-terminated string into a record of one size. 1: it did not fit and the record was discarded (a
 * discarded one costs the ring what a submitted one costs, but such long names are rare). last: keep what
 * fits.
 *
 * The read starts at data[0], inside the record, and what stands before it is written afterwards: before
 * 8678ea06852c ("maccess: fix writing offset in case of fault in strncpy_from_kernel_nofault()") a faulting
 * string read cleared the byte before its destination.
 */
static __always_inline int aa_text_string_tier(const struct aa_header *base, __u32 field, __u64 address,
					       __u32 flags, __u32 tier, bool last)
{
	struct aa_text *text = aa_reserve(base, AA_EVENT_TEXT, sizeof(*text) + tier);
	long r;

	if (!text)
		return -1;
	aa_zero(text->data, tier);
	if (flags & AA_TEXT_USER)
		r = bpf_probe_read_user_str(text->data, tier, (const void *)address);
	else
		r = bpf_probe_read_kernel_str(text->data, tier, (const void *)address);
	if (r == tier && !last) {
		aa_discard(text);
		return 1;
	}
	if (r < 0)
		flags |= AA_TEXT_UNREADABLE;
	else if (r == tier)
		flags |= AA_TEXT_TRUNCATED;
	text->length = r > 0 ? (__u32)r - 1 : 0;
	text->total = text->length;
	text->offset = 0;
	text->start = 0;
	text->field = (__u16)field;
	text->flags = (__u16)flags;
	aa_submit(text);
	return r < 0 ? -2 : 0;
}

/*
 * Sends a string of up to 4095 bytes, the longest path, and says that a longer one was cut. Returns 0, -1 if
 * there was no room, -2 if it could not be read (sent empty).
 */
AA_SUBPROGRAM int aa_text_string(const struct aa_header *base, __u32 field, __u64 address, __u32 flags)
{
	int r = aa_text_string_tier(base, field, address, flags, 128, false);

	if (r == 1)
		r = aa_text_string_tier(base, field, address, flags, 1024, false);
	if (r == 1)
		r = aa_text_string_tier(base, field, address, flags, 4104, true);
	return r;
}

/* The same of a file's name, in sizes for those: most are short, and the ring's bytes are what counts. */
AA_SUBPROGRAM int aa_text_name(const struct aa_header *base, __u32 field, __u64 address, __u32 flags)
{
	int r = aa_text_string_tier(base, field, address, flags, 64, false);

	if (r == 1)
		r = aa_text_string_tier(base, field, address, flags, 256, false);
	if (r == 1)
		r = aa_text_string_tier(base, field, address, flags, 4104, true);
	return r;
}

#endif
