/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Strings as they lie in memory: arguments and environment of the new image, names in kernel or user memory. */
#ifndef AA_BPF_TEXT_H
#define AA_BPF_TEXT_H

#include "emit.h"

#define AA_CHUNK_BYTES	32768u
#define AA_CHUNKS	64u /* 2 MiB, the most that config.max_arg_bytes allows */
#define AA_REPAIR_BYTES 1024u

/* A stretch of user memory that is to be sent. */
struct aa_stretch {
	__u64 address;
	__u64 total; /* true bytes */
	__u64 size;  /* bytes to send */
	__u32 field;
	__u32 flags;
};

/*
 * Part of a stretch could not be read (a page was swapped out; a tracepoint may not wait for it): reads again in small
 * steps, so that only what is missing stays 0. tier bytes are there, the first size of them are wanted.
 */
static __always_inline void aa_text_repair(char *data, __u32 tier, __u32 size, __u64 address)
{
	for (__u32 at = 0; at < tier; at += AA_REPAIR_BYTES) {
		__u32 step;

		if (at >= size)
			break;
		step = size - at;
		AA_OPAQUE(step);
		if (step > AA_REPAIR_BYTES)
			step = AA_REPAIR_BYTES;
		if (step > tier - at)
			step = tier - at;
		bpf_probe_read_user(data + at, step, (const void *)(address + at));
	}
}

/* One piece into a record with room for tier bytes. */
static __always_inline int aa_text_piece(const struct aa_header *base, const struct aa_stretch *stretch,
					 __u32 offset, __u32 size, __u32 tier)
{
	struct aa_text *text = aa_reserve(base, AA_EVENT_TEXT, sizeof(*text) + tier);
	__u64 address = stretch->address + offset;
	__u32 flags = stretch->flags;

	if (!text)
		return -1;
	if (size > tier)
		size = tier;
	if (size < tier)
		aa_zero(text->data, tier);
	AA_OPAQUE(size);
	if (size > tier)
		size = tier;
	if (bpf_probe_read_user(text->data, size, (const void *)address) != 0) {
		flags |= AA_TEXT_UNREADABLE;
		aa_count_loss(base->slot, AA_LOSS_UNREADABLE, AA_EVENT_TEXT);
		aa_text_repair(text->data, tier, size, address);
	}
	text->total = stretch->total;
	text->offset = offset;
	text->length = size;
	text->start = 0;
	text->field = (__u16)stretch->field;
	text->flags = (__u16)flags;
	aa_submit(text);
	return 0;
}

/* Full chunks, then the rest in the smallest record that holds it. Stops at the first piece that found no room. */
AA_SUBPROGRAM int aa_text_user(const struct aa_header *base, const struct aa_stretch *stretch)
{
	__u32 size = (__u32)stretch->size, offset = 0;

	for (__u32 i = 0; i < AA_CHUNKS; i++) {
		offset = i * AA_CHUNK_BYTES;
		if (*(volatile __u64 *)&stretch->size < offset + AA_CHUNK_BYTES)
			break;
		if (aa_text_piece(base, stretch, offset, AA_CHUNK_BYTES, AA_CHUNK_BYTES) != 0)
			return -1;
		offset += AA_CHUNK_BYTES;
	}
	if (size <= offset)
		return 0;
	size -= offset;
	AA_OPAQUE(size);
	if (size <= 128)
		return aa_text_piece(base, stretch, offset, size, 128);
	if (size <= 512)
		return aa_text_piece(base, stretch, offset, size, 512);
	if (size <= 2048)
		return aa_text_piece(base, stretch, offset, size, 2048);
	if (size <= 8192)
		return aa_text_piece(base, stretch, offset, size, 8192);
	return aa_text_piece(base, stretch, offset, size, AA_CHUNK_BYTES);
}

/* Arguments or environment, from start to end in the current process, capped by the configuration. */
static __always_inline int aa_text_range(const struct aa_header *base, __u32 field, __u64 start, __u64 end)
{
	__u32 zero = 0;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);
	struct aa_stretch stretch = { .address = start, .field = field, .flags = AA_TEXT_USER };

	if (!config || end <= start)
		return 0;
	stretch.total = end - start;
	stretch.size = stretch.total;
	if (stretch.size > config->max_arg_bytes) {
		stretch.size = config->max_arg_bytes;
		stretch.flags |= AA_TEXT_TRUNCATED;
	}
	return aa_text_user(base, &stretch);
}

/*
 * A NUL-terminated string into a record of one size. 1: it did not fit and the record was discarded (a discarded
 * one costs the ring what a submitted one costs, but such long names are rare). last: keep what fits.
 *
 * The read starts at data[0], inside the record, and what stands before it is written afterwards: before 8678ea06852c
 * ("maccess: fix writing offset in case of fault in strncpy_from_kernel_nofault()") a faulting string read cleared the
 * byte before its destination.
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

/* Sends a string of up to 4095 bytes. Returns 0, -1 if there was no room, -2 if it could not be read (sent empty). */
AA_SUBPROGRAM int aa_text_string(const struct aa_header *base, __u32 field, __u64 address, __u32 flags)
{
	int r = aa_text_string_tier(base, field, address, flags, 128, false);

	if (r == 1)
		r = aa_text_string_tier(base, field, address, flags, 1024, false);
	if (r == 1)
		r = aa_text_string_tier(base, field, address, flags, 4096, true);
	return r;
}

#endif
