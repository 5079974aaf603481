/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a hook into the ring: who and when, reserve, submit, and the count of what did not get in. */
#ifndef AA_BPF_EMIT_H
#define AA_BPF_EMIT_H

#include "maps.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Offset of a member in the running kernel. (libbpf before 0.8 has no macro for it.) */
#define AA_OFFSET(type, field) \
	((__u64)__builtin_preserve_field_info(((struct type *)0)->field, BPF_FIELD_BYTE_OFFSET))

/*
 * A function of its own for the compiled program: shared by several callers, and a frame that is given back.
 * Not a global one, which could take no pointers before 5.13. Not every file uses all of its headers'
 * functions.
 */
#define AA_SUBPROGRAM static __noinline __attribute__((unused))

#define AA_PACKED_ACTIVITY 0x8000u /* of the options: the texts go to the activity lane */

/*
 * A global function is verified once for each program and not once for each call, but before 5.13 it takes
 * numbers only: the header travels as four of them.
 */
static __always_inline __u64 aa_pack_ids(const struct aa_header *base)
{
	return base->tgid | (__u64)base->tid << 32;
}

static __always_inline __u64 aa_pack_where(const struct aa_header *base, __u32 field, __u32 options)
{
	if (base->flags & AA_FLAG_ACTIVITY)
		options |= AA_PACKED_ACTIVITY;
	return base->session | (__u64)(base->slot & 0xff) << 32 | (__u64)field << 40 | (__u64)options << 48;
}

static __always_inline __u32 aa_packed_field(__u64 where)
{
	return (__u32)(where >> 40) & 0xff;
}

static __always_inline __u32 aa_packed_options(__u64 where)
{
	return (__u32)(where >> 48);
}

static __always_inline struct aa_header aa_unpack(__u64 time_ns, __u64 start_ns, __u64 ids, __u64 where)
{
	struct aa_header base = {
		.time_ns = time_ns,
		.start_ns = start_ns,
		.session = (__u32)where,
		.slot = (__u32)(where >> 32) & 0xff,
		.tgid = (__u32)ids,
		.tid = (__u32)(ids >> 32),
		.flags = aa_packed_options(where) & AA_PACKED_ACTIVITY ? AA_FLAG_ACTIVITY : 0,
	};

	return base;
}

/* Keeps clang from deriving one bound of a value from another register than the verifier looks at. */
#define AA_OPAQUE(value) __asm__ volatile("" : "+r"(value))

/*
 * Zeroes memory that is too large for stores. Reading from NULL fails, and a helper must clear what it
 * cannot fill (ARG_PTR_TO_UNINIT_MEM in include/linux/bpf.h: "helper function must fill all bytes or clear
 * them in error case").
 */
static __always_inline void aa_zero(void *memory, __u32 size)
{
	bpf_probe_read_kernel(memory, size, NULL);
}

/*
 * Makes the verifier forget what it knows of some memory: what a helper writes is unknown to it. So it goes once through what
 * comes next, and not once for each way that led here.
 */
static __always_inline void aa_forget(void *memory, __u32 size)
{
	bpf_probe_read_kernel(memory, size, memory);
}

static __always_inline void aa_count_loss(__u32 slot, enum aa_loss_reason reason, __u32 kind)
{
	struct aa_loss *loss;

	if (slot >= AA_LOSS_SLOTS)
		slot = 0;
	loss = bpf_map_lookup_elem(&aa_loss, &slot);
	if (loss)
		__sync_fetch_and_add(&loss->count[reason][kind & (AA_KIND_SLOTS - 1)], 1);
}

static __always_inline struct aa_control *aa_control_page(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&aa_control, &zero);
}

/* Who: start_ns, tgid and tid of a task. Session and slot come from its scope entry. */
static __always_inline void aa_identify(struct aa_header *base, struct task_struct *task)
{
	base->time_ns = bpf_ktime_get_boot_ns();
	base->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	base->tgid = (__u32)BPF_CORE_READ(task, tgid);
	base->tid = (__u32)BPF_CORE_READ(task, pid);
	base->size = 0;
	base->kind = 0;
	base->flags = 0;
}

/*
 * The lane of a record: files and what TLS is about have their own, what went through TLS another, and a text goes with its
 * record, as the flag says.
 */
static __always_inline enum aa_lane aa_lane_of(__u32 kind, __u32 flags)
{
	bool activity = kind == AA_EVENT_TEXT ? flags & AA_FLAG_ACTIVITY : kind >= AA_EVENT_FILE_FIRST;

	if (kind == AA_EVENT_TLS_DATA)
		return AA_LANE_PAYLOAD;
	return activity ? AA_LANE_ACTIVITY : AA_LANE_LIFECYCLE;
}

/*
 * The one place that reserves. size is a constant (the verifier wants that). The caller writes every byte
 * after the header: ring memory still holds older records. It checks for NULL at once and only once: before
 * 6.2 the verifier does not know that a checked record is not NULL, and a second check finds it leaked on
 * the other branch.
 */
static __always_inline void *aa_reserve(const struct aa_header *base, enum aa_event_kind kind, __u32 size)
{
	enum aa_lane lane = aa_lane_of(kind, base->flags);
	struct aa_header *header;

	if (lane == AA_LANE_PAYLOAD)
		header = bpf_ringbuf_reserve(&aa_ring_payload, size, 0);
	else if (lane == AA_LANE_ACTIVITY)
		header = bpf_ringbuf_reserve(&aa_ring_activity, size, 0);
	else
		header = bpf_ringbuf_reserve(&aa_ring_lifecycle, size, 0);
	if (!header) {
		aa_count_loss(base->slot, AA_LOSS_RING_FULL,
			      kind == AA_EVENT_TEXT && base->flags & AA_FLAG_ACTIVITY ? AA_KIND_FILE_TEXT
										      : kind);
		return NULL;
	}
	*header = *base;
	header->size = size;
	header->kind = (__u16)kind;
	return header;
}

static __always_inline __u64 aa_producer(__u32 lane)
{
	if (lane == AA_LANE_PAYLOAD)
		return bpf_ringbuf_query(&aa_ring_payload, BPF_RB_PROD_POS);
	if (lane == AA_LANE_ACTIVITY)
		return bpf_ringbuf_query(&aa_ring_activity, BPF_RB_PROD_POS);
	return bpf_ringbuf_query(&aa_ring_lifecycle, BPF_RB_PROD_POS);
}

/*
 * Wakes the reader only when the record lies beyond its mark, once for each mark. The kernel's own choice
 * fails a reader that acknowledges late (it compares with the consumer position), and a wake-up for each
 * record costs 13 of the 15 us of an exec (measured on 6.18, 2 vCPU).
 *
 * The add orders the producer position, which reserve has stored, before the load of the mark: a locked
 * instruction on x86. Without it both sides could miss each other's store. arm64 gives no such promise for
 * an add without result, so the reader looks once more a moment after it has set the mark (recorder/pump.c).
 */
static __always_inline void aa_submit(void *record)
{
	const struct aa_header *header = record;
	__u32 lane = aa_lane_of(header->kind, header->flags);
	struct aa_control *control = aa_control_page();
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (control) {
		__u64 at;

		__sync_fetch_and_add(&control->wake[lane].sent, 1);
		at = *(volatile __u64 *)&control->wake[lane].at;
		if (at != ~0ull && aa_producer(lane) > at) {
			*(volatile __u64 *)&control->wake[lane].at = ~0ull;
			flags = BPF_RB_FORCE_WAKEUP;
		}
	}
	bpf_ringbuf_submit(record, flags);
}

static __always_inline void aa_discard(void *record)
{
	bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
}

#endif
