/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The life of a TLS connection: met, closed, and begun anew with the same object. Its number is its own, as objects are
 * reused: 16 connections in a row had one SSL *.
 */
#ifndef AA_BPF_TLS_H
#define AA_BPF_TLS_H

#include "file.h"
#include "scope.h"

static __always_inline struct aa_tls_connection *aa_tls_find(const struct aa_tls_key *key)
{
	return bpf_map_lookup_elem(&aa_tls_connections, key);
}

/*
 * For who sees that a connection that is bound to a socket uses another one: the old connection closes as reused, and the
 * same object begins another, which is bound to none. A call of this thread that is under way goes on as one of the new
 * connection. Returns 0, or -1 if there was none, or another thread was faster. A global function, see aa_pack_ids().
 */
int aa_tls_connection_renew(__u64 object, __u64 start_ns, __u64 ids);

/* What is known of a connection when it is met. */
struct aa_tls_origin {
	__u64 library;
	__u64 from; /* connection of the parent, 0 */
	__u32 implementation;
	__u32 marks; /* AA_TLS_* */
};

/*
 * Makes the entry of a connection and sends TLS_OPEN. The record is reserved before the entry is made, so that it stands
 * before all others of the connection. Returns 0, or a negative errno: -EEXIST: another thread was faster.
 */
static __always_inline int aa_tls_open(const struct aa_header *base, const struct aa_tls_key *key,
				       const struct aa_tls_origin *origin)
{
	struct aa_tls_connection connection = {
		.connection = aa_open_id_new(), /* numbers are made as those of open files are */
		.library = origin->library,
		.time_ns = base->time_ns,
		.session = base->session,
		.slot = base->slot,
		.implementation = origin->implementation,
	};
	struct aa_tls_open *record = aa_reserve(base, AA_EVENT_TLS_OPEN, sizeof(*record));
	int r;

	if (!record) {
		r = (int)bpf_map_update_elem(&aa_tls_connections, key, &connection, BPF_NOEXIST);
	} else {
		record->connection = connection.connection;
		record->object = key->object;
		record->from = origin->from;
		record->library = origin->library;
		record->implementation = origin->implementation;
		record->marks = origin->marks;
		r = (int)bpf_map_update_elem(&aa_tls_connections, key, &connection, BPF_NOEXIST);
		if (r == 0)
			aa_submit(record);
		else
			aa_discard(record);
	}
	if (r != 0 && r != -EEXIST)
		aa_count_loss(base->slot, AA_LOSS_TLS_FULL, AA_EVENT_TLS_OPEN);
	return r;
}

/*
 * Takes the entry of a connection away and sends TLS_CLOSE. Returns 0 for exactly one caller, -1 if there is none. The sums
 * are copied before: afterwards the memory of the entry may be another's.
 */
static __always_inline int aa_tls_close(const struct aa_header *base, const struct aa_tls_key *key,
					enum aa_tls_close_reason reason)
{
	struct aa_tls_connection *connection = aa_tls_find(key);
	struct aa_tls_close *record;
	int r;

	if (!connection)
		return -1;
	record = aa_reserve(base, AA_EVENT_TLS_CLOSE, sizeof(*record));
	if (!record)
		return bpf_map_delete_elem(&aa_tls_connections, key) != 0 ? -1 : 0;
	record->connection = connection->connection;
	record->sums = connection->sums;
	record->reason = reason;
	record->reserved = 0;
	r = bpf_map_delete_elem(&aa_tls_connections, key) != 0 ? -1 : 0;
	if (r == 0)
		aa_submit(record);
	else
		aa_discard(record);
	return r;
}

#endif
