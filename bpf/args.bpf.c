// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Arguments and environment of the image that the current process has just started, see args.h. */
#include "args.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AA_CHUNK_BYTES	32768u
#define AA_CHUNKS	64u /* 2 MiB, the most that config.max_arg_bytes allows */
#define AA_REPAIR_STEPS 8u

/* A stretch of user memory that is to be sent. */
struct aa_stretch {
	__u64 address;
	__u64 total; /* true bytes */
	__u64 size;  /* bytes to send */
	__u32 field;
	__u32 flags;
};

/* Everything of a piece but its bytes, and off it goes. */
static __always_inline void aa_piece_submit(struct aa_text *text, const struct aa_stretch *stretch,
					    __u32 offset, __u32 size, __u32 flags)
{
	text->total = stretch->total;
	text->offset = offset;
	text->length = size;
	text->start = 0;
	text->field = (__u16)stretch->field;
	text->flags = (__u16)(stretch->flags | flags);
	aa_submit(text);
}

static __always_inline struct aa_header aa_args_base(__u64 time_ns, __u64 ids, __u64 where)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return aa_unpack(time_ns, BPF_CORE_READ(task, group_leader, start_boottime), ids, where);
}

/*
 * A piece that fills its record. When it cannot be read as a whole (a page was swapped out; a tracepoint may
 * not wait for it), it is read again in steps, so that only what is missing stays 0, and at most a step
 * beside it. Global, as 64 calls verified one by one are 400,000 instructions on 5.10. extent: true bytes of
 * the whole stretch, and << 32 the offset of this piece; the options of `where` are the text's flags.
 */
int aa_piece_full_packed(__u64 address, __u64 extent, __u64 time_ns, __u64 ids, __u64 where)
{
	struct aa_header base = aa_args_base(time_ns, ids, where);
	struct aa_stretch stretch = {
		.total = (__u32)extent,
		.field = aa_packed_field(where),
		.flags = aa_packed_options(where),
	};
	struct aa_text *text = aa_reserve(&base, AA_EVENT_TEXT, sizeof(*text) + AA_CHUNK_BYTES);
	const __u32 step = AA_CHUNK_BYTES / AA_REPAIR_STEPS;
	__u32 flags = 0;

	if (!text)
		return -1;
	if (bpf_probe_read_user(text->data, AA_CHUNK_BYTES, (const void *)address) != 0) {
		flags = AA_TEXT_UNREADABLE;
		aa_count_loss(base.slot, AA_LOSS_UNREADABLE, AA_EVENT_TEXT);
		for (__u32 i = 0; i < AA_REPAIR_STEPS; i++)
			bpf_probe_read_user(text->data + i * step, step, (const void *)(address + i * step));
	}
	aa_piece_submit(text, &stretch, (__u32)(extent >> 32), AA_CHUNK_BYTES, flags);
	return 0;
}

/* The last piece: size bytes, fewer than the record has room for. */
static __always_inline int aa_piece_rest(const struct aa_header *base, const struct aa_stretch *stretch,
					 __u32 offset, __u32 size, __u32 tier)
{
	struct aa_text *text = aa_reserve(base, AA_EVENT_TEXT, sizeof(*text) + tier);
	const __u32 most = tier / AA_REPAIR_STEPS;
	__u64 address = stretch->address + offset;
	__u32 flags = 0;

	if (!text)
		return -1;
	aa_zero(text->data, tier);
	AA_OPAQUE(size);
	if (size > tier)
		size = tier;
	if (bpf_probe_read_user(text->data, size, (const void *)address) != 0) {
		flags = AA_TEXT_UNREADABLE;
		aa_count_loss(base->slot, AA_LOSS_UNREADABLE, AA_EVENT_TEXT);
		for (__u32 at = 0; at < tier; at += most) {
			__u32 step = size - at;

			if (at >= size)
				break;
			AA_OPAQUE(step);
			if (step > most)
				step = most;
			bpf_probe_read_user(text->data + at, step, (const void *)(address + at));
		}
	}
	aa_piece_submit(text, stretch, offset, size, flags);
	return 0;
}

/* Full pieces, then the rest in the smallest record that holds it. Stops at the first that found no room. */
static __always_inline int aa_pieces(const struct aa_header *base, const struct aa_stretch *stretch)
{
	__u64 where = aa_pack_where(base, stretch->field, stretch->flags), offset = 0;
	__u32 size = (__u32)stretch->size, whole = size / AA_CHUNK_BYTES;

	for (__u32 i = 0; i < AA_CHUNKS; i++) {
		if (i >= whole)
			break;
		if (aa_piece_full_packed(stretch->address + offset, (__u32)stretch->total | offset << 32,
					 base->time_ns, aa_pack_ids(base), where) != 0)
			return -1;
		offset += AA_CHUNK_BYTES;
	}
	size %= AA_CHUNK_BYTES;
	AA_OPAQUE(size);
	if (size == 0)
		return 0;
	if (size <= 128)
		return aa_piece_rest(base, stretch, (__u32)offset, size, 128);
	if (size <= 512)
		return aa_piece_rest(base, stretch, (__u32)offset, size, 512);
	if (size <= 2048)
		return aa_piece_rest(base, stretch, (__u32)offset, size, 2048);
	if (size <= 8192)
		return aa_piece_rest(base, stretch, (__u32)offset, size, 8192);
	return aa_piece_rest(base, stretch, (__u32)offset, size, AA_CHUNK_BYTES);
}

/* See args.h. */
int aa_args_packed(__u64 address, __u64 total, __u64 time_ns, __u64 ids, __u64 where)
{
	struct aa_header base = aa_args_base(time_ns, ids, where);
	struct aa_stretch stretch = {
		.address = address,
		.total = total,
		.size = total,
		.field = aa_packed_field(where),
		.flags = AA_TEXT_USER,
	};
	__u32 zero = 0;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);

	if (!config)
		return 0;
	if (stretch.size > config->max_arg_bytes) {
		stretch.size = config->max_arg_bytes;
		stretch.flags |= AA_TEXT_TRUNCATED;
	}
	return aa_pieces(&base, &stretch);
}
