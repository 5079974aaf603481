/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a connection is about: the name that is asked for, the protocol that is agreed on, how the handshake went. */
#ifndef AA_BPF_TLS_ABOUT_H
#define AA_BPF_TLS_ABOUT_H

#include "tls.h"

#define AA_TLS_TOLD_HANDSHAKE 1u
#define AA_TLS_LENGTH_UNKNOWN (~0ull) /* up to the NUL */

/* A name at an address of the process. Read at the end of the call that it is given to, when its page is there. */
AA_SUBPROGRAM int aa_tls_name_send(const struct aa_header *base, __u64 connection, enum aa_tls_name_kind kind,
				   __u64 address, __u64 length)
{
	struct aa_tls_name *record = aa_reserve(base, AA_EVENT_TLS_NAME, sizeof(*record));
	long r;

	if (!record)
		return -1;
	aa_zero(record->name, sizeof(record->name));
	if (length == AA_TLS_LENGTH_UNKNOWN) {
		/* In front of name there are members that are written below: see aa_text_string_tier(). */
		r = bpf_probe_read_user_str(record->name, sizeof(record->name), (const void *)address);
		length = r > 0 ? (__u64)r - 1 : 0;
	} else {
		AA_OPAQUE(length);
		if (length > sizeof(record->name))
			length = sizeof(record->name);
		r = bpf_probe_read_user(record->name, (__u32)length, (const void *)address);
	}
	if (r < 0 || length == 0) {
		if (r < 0)
			aa_count_loss(base->slot, AA_LOSS_UNREADABLE, AA_EVENT_TLS_NAME);
		aa_discard(record);
		return -1;
	}
	record->connection = connection;
	record->kind = kind;
	record->length = (__u32)length;
	aa_submit(record);
	return 0;
}

/* FNV-1a of the first bytes, which tell all registered protocols apart, folded into 15 bits. */
static __always_inline __u16 aa_tls_alpn_hash(__u64 address, __u64 length)
{
	__u8 bytes[8] = {};
	__u32 hash = 2166136261u;

	AA_OPAQUE(length);
	if (length > sizeof(bytes))
		length = sizeof(bytes);
	bpf_probe_read_user(bytes, (__u32)length, (const void *)address);
	for (__u32 i = 0; i < sizeof(bytes); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return (__u16)((hash ^ hash >> 15) << 1) | 2; /* never 0 */
}

/* The protocol as the program is told, when it is told another one than the last time: some ask before each call. */
AA_SUBPROGRAM int aa_tls_alpn_seen(const struct aa_tls_call *call, __u64 address, __u64 length)
{
	struct aa_tls_connection *connection = aa_tls_find(&call->key);
	__u16 hash;

	if (!connection || !address || length == 0 || length > 255)
		return 0;
	hash = aa_tls_alpn_hash(address, length) & (__u16)~AA_TLS_TOLD_HANDSHAKE;
	if (hash == (connection->told & (__u16)~AA_TLS_TOLD_HANDSHAKE))
		return 0;
	connection->told = (connection->told & AA_TLS_TOLD_HANDSHAKE) | hash;
	return aa_tls_name_send(&call->base, connection->connection, AA_TLS_NAME_ALPN, address, length);
}

/* The end of a handshake function. That it is done is sent once: some call it before everything they do. */
AA_SUBPROGRAM int aa_tls_handshake_seen(const struct aa_tls_call *call, __s32 result)
{
	struct aa_tls_connection *connection = aa_tls_find(&call->key);
	__u32 done = call->function == AA_TLS_FN_GNUTLS_HANDSHAKE ? result == 0 : result == 1;
	struct aa_tls_handshake *record;
	__u64 now;

	if (!connection || (done && connection->told & AA_TLS_TOLD_HANDSHAKE))
		return 0;
	record = aa_reserve(&call->base, AA_EVENT_TLS_HANDSHAKE, sizeof(*record));
	if (!record)
		return -1;
	now = bpf_ktime_get_boot_ns();
	record->header.time_ns = now;
	record->connection = connection->connection;
	record->duration_ns = now - call->base.time_ns;
	record->result = result;
	record->done = done;
	aa_submit(record);
	if (done)
		connection->told |= AA_TLS_TOLD_HANDSHAKE;
	return 0;
}

#endif
