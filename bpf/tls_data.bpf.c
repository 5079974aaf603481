// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The bytes of a call, in records of four sizes: most calls are short, and the ring's bytes are what counts. */
#include "tls_data.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * One part in a record with room for `tier` bytes. Returns 0, or -1 with what was lost: in a hole of known size. The
 * record's bytes behind length are an older record's: who reads looks at length only (event_tls.h).
 */
static __always_inline int aa_tls_part_tier(const struct aa_tls_call *call,
					    struct aa_tls_connection *connection, __u64 at, __u64 size,
					    __u32 tier)
{
	struct aa_tls_data *data = aa_reserve(&call->base, AA_EVENT_TLS_DATA, sizeof(*data) + tier);
	__u32 direction = call->direction & 1;

	if (!data) {
		aa_tls_count_lost(connection, direction, AA_TLS_LOST_RING, size);
		return -1;
	}
	AA_OPAQUE(size);
	if (size > tier)
		size = tier;
	if (bpf_probe_read_user(data->data, (__u32)size, (const void *)(call->buffer + at)) != 0) {
		aa_discard(data);
		aa_count_loss(call->base.slot, AA_LOSS_UNREADABLE, AA_EVENT_TLS_DATA);
		aa_tls_count_lost(connection, direction, AA_TLS_LOST_UNREADABLE, size);
		return -1;
	}
	data->header.time_ns = call->time_ns;
	data->connection = call->connection;
	data->offset = call->offset + at;
	data->call = call->call_number;
	data->call_bytes = call->bytes;
	data->call_offset = at;
	for (__u32 i = 0; i < AA_TLS_LOST_COUNT; i++)
		data->lost[i] = connection->sums.lost[direction][i];
	data->length = (__u32)size;
	data->direction = direction;
	aa_submit(data);
	return 0;
}

/* The part with a number. Returns 0, or 1 if there is none. Global, so that it is verified once. */
int aa_tls_part(__u64 thread, __u64 place, __u32 number)
{
	struct aa_tls_call_key key = { .thread = thread, .place = place };
	struct aa_tls_call *call = bpf_map_lookup_elem(&aa_tls_calls, &key);
	__u64 at = (__u64)number * AA_TLS_PART, left;
	struct aa_tls_connection *connection;

	if (!call || at >= call->send_bytes)
		return 1;
	left = call->send_bytes - at;
	connection = aa_tls_find(&call->key);
	if (!connection || connection->connection != call->connection) {
		/* Closed by another thread in the middle of it: TLS_CLOSE has told how many bytes there were. */
		aa_count_loss(call->base.slot, AA_LOSS_UNREADABLE, AA_EVENT_TLS_DATA);
		return 1;
	}
	if (left <= 256)
		aa_tls_part_tier(call, connection, at, left, 256);
	else if (left <= 1024)
		aa_tls_part_tier(call, connection, at, left, 1024);
	else if (left <= 4096)
		aa_tls_part_tier(call, connection, at, left, 4096);
	else
		aa_tls_part_tier(call, connection, at, left < AA_TLS_PART ? left : AA_TLS_PART, AA_TLS_PART);
	return 0;
}

/* See tls_data.h. */
int aa_tls_parts(__u64 thread, __u64 place, __u32 first)
{
	for (__u32 i = 0; i < AA_TLS_PARTS; i++) {
		if (aa_tls_part(thread, place, first + i) != 0)
			return 1;
	}
	return 0;
}
