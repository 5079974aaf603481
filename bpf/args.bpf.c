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

/*
 * Part of a stretch could not be read (a page was swapped out; a tracepoint may not wait for it): reads again in small
 * steps, so that only what is missing stays 0, and at most a step beside it. tier bytes are there, size of them are wanted.
 */
static __always_inline void aa_text_repair(char *data, __u32 tier, __u32 size, __u64 address)
{
	const __u32 most = tier / AA_REPAIR_STEPS;

	for (__u32 at = 0; at < tier; at += most) {
		__u32 step = size - at;

		if (at >= size)
			break;
		AA_OPAQUE(step);
		if (step > most)
			step = most;
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
static __always_inline int aa_text_user(const struct aa_header *base, const struct aa_stretch *stretch)
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

int aa_args_packed(__u64 address, __u64 total, __u64 time_ns, __u64 ids, __u64 where)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_header base =
		aa_unpack(time_ns, BPF_CORE_READ(task, group_leader, start_boottime), ids, where);
	struct aa_stretch stretch = {
		.address = address, .total = total, .size = total, .flags = AA_TEXT_USER
	};
	__u32 zero = 0;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);

	if (!config)
		return 0;
	stretch.field = aa_packed_field(where);
	if (stretch.size > config->max_arg_bytes) {
		stretch.size = config->max_arg_bytes;
		stretch.flags |= AA_TEXT_TRUNCATED;
	}
	return aa_text_user(&base, &stretch);
}
