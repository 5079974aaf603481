/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The first messages of a handshake as they stand on a socket, from whatever library: they are not encrypted, and tell who
 * is asked for. What they say is read by the recorder; here they are only told from other bytes.
 */
#ifndef AA_BPF_HELLO_H
#define AA_BPF_HELLO_H

#include "socket.h"

/*
 * Calls of a socket, in both directions, in which a hello is looked for. More than two, as a proxy may be asked for the way
 * first (CONNECT), or another protocol goes before (STARTTLS).
 */
#define AA_HELLO_CALLS 64

#define AA_HELLO_HEAD	48 /* of a record's beginning; the random stands at 11 to 42 */
#define AA_HELLO_HEADER 5  /* of a TLS record */

enum aa_hello_kind {
	AA_HELLO_NONE = 0,
	AA_HELLO_RECORD, /* from the header on */
	AA_HELLO_BODY,	 /* what follows a header that came alone */
	AA_HELLO_HEADER_ALONE,
};

struct aa_hello {
	__u8 head[AA_HELLO_HEAD]; /* the call's first bytes, the others 0 */
	__u32 kind;		  /* enum aa_hello_kind */
	__u32 server;		  /* a ServerHello */
};

/* include RFC 8446, 4 and 5.1: content type 22, version 3.x; then 1 ClientHello or 2 ServerHello, 3 bytes of length, version 3.x. */
static __always_inline void aa_hello_look(struct aa_hello *hello, const struct aa_tls_socket *entry,
					  const struct aa_socket_use *use)
{
	const __u8 *head = hello->head;

	hello->kind = AA_HELLO_NONE;
	if (head[0] == 0x16 && head[1] == 3) {
		if (use->length == AA_HELLO_HEADER)
			hello->kind = AA_HELLO_HEADER_ALONE;
		else if ((head[5] == 1 || head[5] == 2) && head[9] == 3)
			hello->kind = AA_HELLO_RECORD;
		hello->server = head[5] == 2;
	} else if (entry->head[use->direction & 1][7] == 1 && (head[0] == 1 || head[0] == 2) &&
		   head[4] == 3) {
		hello->kind = AA_HELLO_BODY;
		hello->server = head[0] == 2;
	}
}

/* RFC 9000, 17.2.2, and RFC 9369, 3.2: long header, fixed bit, type Initial, which version 2 numbers otherwise. */
static __always_inline bool aa_is_quic_initial(const __u8 *head)
{
	__u32 version = (__u32)head[1] << 24 | (__u32)head[2] << 16 | (__u32)head[3] << 8 | head[4];
	__u32 type = head[0] >> 4 & 3;

	if ((head[0] & 0xc0) != 0xc0)
		return false;
	return (version == 1 && type == 0) || (version == 0x6b3343cfu && type == 1);
}

/* Where a datagram went that was sent with an address. */
AA_SUBPROGRAM int aa_hello_peer(struct aa_socket *socket, __u64 name)
{
	struct {
		__u16 family;
		__be16 port;
		__be32 address;
		__u8 six[16];
	} peer = { 0 };

	if (bpf_probe_read_user(&peer, 8, (const void *)name) != 0)
		return -1;
	if (peer.family == AA_AF_INET) {
		*(__u32 *)socket->peer_address = peer.address;
	} else if (peer.family == AA_AF_INET6 &&
		   bpf_probe_read_user(peer.six, 16, (const void *)(name + 8)) == 0) {
		if (aa_address_is_mapped(peer.six)) {
			/* Its own address is :: or of the same form: the last four bytes are IPv4's, or 0. */
			*(__u32 *)socket->peer_address = *(const __u32 *)&peer.six[12];
			*(__u32 *)socket->local_address = *(const __u32 *)&socket->local_address[12];
			*(__u32 *)&socket->local_address[8] = *(__u32 *)&socket->local_address[12] = 0;
			socket->family = AA_AF_INET;
		} else {
			__builtin_memcpy(socket->peer_address, peer.six, 16);
		}
	}
	socket->peer_port = __builtin_bswap16(peer.port);
	return 0;
}

#define AA_HELLO_HEADER_FIRST 0x10000u /* beside the marks: the header came before, AA_HELLO_BODY */

/* The record. Returns -1 if the program's memory cannot be read. */
static __always_inline int aa_hello_fill(struct aa_tls_hello *record, const struct aa_tls_socket *entry,
					 const struct aa_socket_use *use, __u32 marks, __u32 room)
{
	__u32 before = marks & AA_HELLO_HEADER_FIRST ? AA_HELLO_HEADER : 0;
	__u64 length = use->length;
	char *to = record->data + (before ? AA_HELLO_HEADER : 0);

	aa_socket_fill(&record->socket, entry, use->sock.address);
	if (use->name && record->socket.peer_port == 0)
		aa_hello_peer(&record->socket, use->name);
	record->connection = use->connection;
	record->connect_ns = entry->connect_ns;
	record->total = use->total + before;
	record->direction = (__u16)use->direction;
	record->marks = (__u16)marks;
	if (before)
		__builtin_memcpy(record->data, entry->head[use->direction & 1], AA_HELLO_HEADER);
	AA_OPAQUE(length);
	if (length > room - AA_HELLO_HEADER)
		length = room - AA_HELLO_HEADER;
	record->length = before + (__u32)length;
	return bpf_probe_read_user(to, (__u32)length, (const void *)use->buffer) == 0 ? 0 : -1;
}

#define AA_HELLO_BYTES(room) (sizeof(struct aa_tls_hello) + (room))

/* Sends it. base: with the time. marks: AA_TLS_HELLO_*, AA_HELLO_HEADER_FIRST. */
AA_SUBPROGRAM int aa_hello_send(const struct aa_header *base, const struct aa_tls_socket *entry,
				const struct aa_socket_use *use, __u32 marks)
{
	struct aa_tls_hello *record;
	int r;

	if (use->length <= AA_TLS_HELLO_SMALL - AA_HELLO_HEADER) {
		record = aa_reserve(base, AA_EVENT_TLS_HELLO, AA_HELLO_BYTES(AA_TLS_HELLO_SMALL));
		if (!record)
			return -1;
		r = aa_hello_fill(record, entry, use, marks, AA_TLS_HELLO_SMALL);
	} else {
		record = aa_reserve(base, AA_EVENT_TLS_HELLO, AA_HELLO_BYTES(AA_TLS_HELLO_LARGE));
		if (!record)
			return -1;
		r = aa_hello_fill(record, entry, use, marks, AA_TLS_HELLO_LARGE);
	}
	if (r < 0) {
		aa_discard(record);
		aa_count_loss(base->slot, AA_LOSS_UNREADABLE, AA_EVENT_TLS_HELLO);
		return -1;
	}
	aa_submit(record);
	return 0;
}

#endif
