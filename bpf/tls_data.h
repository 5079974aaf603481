/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a call has moved: counted, and sent in parts. The parts are in tls_data.bpf.c. */
#ifndef AA_BPF_TLS_DATA_H
#define AA_BPF_TLS_DATA_H

#include "tls.h"

#define AA_TLS_PART	  16384u /* bytes of a record that is full: what a record of TLS holds */
#define AA_TLS_PARTS	  64u	 /* of one run of aa_tls_parts() */
#define AA_TLS_PARTS_RUNS 64u
#define AA_TLS_CALL_MOST  ((__u64)AA_TLS_PART * AA_TLS_PARTS * AA_TLS_PARTS_RUNS) /* 64 MiB */

/*
 * Sends up to AA_TLS_PARTS parts, from number first on, of what the call with this key (struct aa_tls_call_key) is to send.
 * Returns 0, or 1 when nothing is left. A global function, see aa_pack_ids(): verified once, not once for each run.
 */
int aa_tls_parts(__u64 thread, __u64 place, __u32 first);

/*
 * Looks for the socket of the connection that the call with this key is of, if none is known, by what can be found in the
 * library's memory. A global function, too.
 */
int aa_tls_bind(__u64 thread, __u64 place);

static __always_inline void aa_tls_count_lost(struct aa_tls_connection *connection, __u32 direction,
					      enum aa_tls_lost reason, __u64 bytes)
{
	__sync_fetch_and_add(&connection->sums.lost[direction & 1][reason], bytes);
}

/*
 * Numbers the bytes of a call that has returned, and decides how many of them are sent. Two threads may be in calls of one
 * connection, but not in the same direction: no library allows that. The sums are added to atomically all the same.
 */
static __always_inline void aa_tls_number(struct aa_tls_call *call, struct aa_tls_connection *connection,
					  const struct aa_config *config, __u64 bytes)
{
	__u32 direction = call->direction & 1;
	__u64 before = connection->sums.bytes[direction], length = call->length, send = bytes, most, room;

	call->connection = connection->connection;
	call->bytes = bytes;
	call->offset = before;
	call->call_number = connection->sums.calls[direction];
	__sync_fetch_and_add(&connection->sums.bytes[direction], bytes);
	__sync_fetch_and_add(&connection->sums.calls[direction], 1);
	/* gnutls_record_send(session, NULL, 0) ends an earlier call, whose bytes it returns. */
	if (send > length) {
		aa_tls_count_lost(connection, direction, AA_TLS_LOST_UNREADABLE, send - length);
		send = length;
	}
	most = config->tls_max_call < AA_TLS_CALL_MOST ? config->tls_max_call : AA_TLS_CALL_MOST;
	if (send > most) {
		aa_tls_count_lost(connection, direction, AA_TLS_LOST_MAX_CALL, send - most);
		send = most;
	}
	room = config->tls_max_connection > before ? config->tls_max_connection - before : 0;
	if (send > room) {
		aa_tls_count_lost(connection, direction, AA_TLS_LOST_MAX_CONNECTION, send - room);
		send = room;
	}
	call->send_bytes = send;
}

/*
 * A call has moved bytes. Copied now and not when it began: the library has just read or written the buffer, so that it is
 * there; before, 13 of 13 reads of a buffer that was not resident failed.
 */
AA_SUBPROGRAM int aa_tls_moved(struct aa_tls_call *call, __u64 thread, __u64 place, __u64 bytes)
{
	struct aa_tls_connection *connection = aa_tls_find(&call->key);
	__u32 zero = 0;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);

	if (!connection || !config) {
		aa_count_loss(call->base.slot, AA_LOSS_TLS_FULL, AA_EVENT_TLS_DATA);
		return -1;
	}
	call->time_ns = call->direction == AA_TLS_SENT ? call->base.time_ns : bpf_ktime_get_boot_ns();
	aa_tls_number(call, connection, config, bytes);
	for (__u32 run = 0; run < AA_TLS_PARTS_RUNS; run++) {
		if (aa_tls_parts(thread, place, run * AA_TLS_PARTS) != 0)
			break;
	}
	return 0;
}

#endif
