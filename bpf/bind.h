/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which socket a connection of a library uses. Three ways, as no one finds all: the first socket call inside the library's own
 * (blocking programs); ciphertext that the library wrote to memory, and that is met on a socket (node, asyncio); the
 * random of a ClientHello, met on a socket and in the library's memory (stripped BoringSSL). And Go's objects name the
 * descriptor.
 */
#ifndef AA_BPF_BIND_H
#define AA_BPF_BIND_H

#include "socket.h"
#include "tls.h"

/* What is compared of a TLS record: the header has 5 bytes, and 11 to 26 are random or encrypted in every kind of it. */
#define AA_CIPHER_OFFSET 11
#define AA_CIPHER_END	 27

/* The beginning of a TLS record: type 20 to 24, version 3.x. */
static __always_inline bool aa_is_tls_record(const __u8 *bytes)
{
	return bytes[0] >= 0x14 && bytes[0] <= 0x18 && bytes[1] == 3 && bytes[2] <= 4;
}

/* Binds, and says so. Returns 0, or -1 if there is no room to say it: then the next call may try again. */
static __always_inline int aa_bind(const struct aa_header *base, struct aa_tls_connection *connection,
				   struct aa_tls_socket *entry, __u64 sock, __u32 method)
{
	struct aa_tls_socket_bound *record = aa_reserve(base, AA_EVENT_TLS_SOCKET, sizeof(*record));

	if (!record)
		return -1;
	aa_socket_fill(&record->socket, entry, sock);
	record->connection = connection->connection;
	record->method = method;
	record->reserved = 0;
	aa_submit(record);
	connection->sock = sock;
	connection->socket = entry->socket;
	entry->connection = connection->connection;
	entry->flags |= AA_TLS_SOCKET_BOUND;
	return 0;
}

/* A TLS record that was met on a socket. */
struct aa_bind_way {
	__u64 sock;
	__u32 method; /* enum aa_tls_method: how it is known whose it is */
	__u32 hello;  /* it is a ClientHello or a ServerHello */
};

/*
 * It is of a connection. Returns true if that has to begin anew first (aa_tls_connection_renew(), for which there is no room
 * on the stack here), as it is bound elsewhere: only with a hello, as a library may well make other calls than those of its
 * own connection.
 */
AA_SUBPROGRAM int aa_bind_met(const struct aa_header *base, const struct aa_tls_thread *known,
			      struct aa_tls_socket *entry, const struct aa_bind_way *way)
{
	struct aa_tls_key key = known->key;
	struct aa_tls_connection *connection = aa_tls_find(&key);

	if (!connection || connection->connection != known->connection || connection->socket == entry->socket)
		return 0;
	if (connection->socket != 0)
		return way->hello != 0;
	aa_bind(base, connection, entry, way->sock, way->method);
	return 0;
}

/* BIO_write() and its kin, inside a library's call of this thread: what they write will be met on a socket. */
static __always_inline void aa_bio_write_seen(__u64 buffer, __u64 length)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct aa_tls_thread *thread = bpf_map_lookup_elem(&aa_tls_threads, &id);
	struct aa_tls_cipher_key key = { .tgid = (__u32)(id >> 32) };
	struct aa_tls_thread known;
	__u8 head[4];

	if (!thread || length < AA_CIPHER_END ||
	    bpf_probe_read_user(head, sizeof(head), (const void *)buffer) != 0 || !aa_is_tls_record(head) ||
	    bpf_probe_read_user(key.bytes, sizeof(key.bytes), (const void *)(buffer + AA_CIPHER_OFFSET)) != 0)
		return;
	known = *thread;
	bpf_map_update_elem(&aa_tls_ciphers, &key, &known, BPF_ANY);
}

/* For objects that name their descriptor. A connection that is bound is left alone. base: with the time. */
AA_SUBPROGRAM int aa_bind_by_fd(const struct aa_header *base, struct aa_tls_connection *connection, __s32 fd)
{
	struct file *file;
	struct aa_tls_socket *entry;
	struct aa_sock sock;

	if (connection->socket != 0 || fd < 0)
		return 0;
	file = aa_file_of((struct task_struct *)bpf_get_current_task(), (__u32)fd);
	if (!file)
		return 0;
	aa_sock_of(&sock, file);
	if (sock.type != AA_SOCK_STREAM)
		return 0;
	entry = aa_socket_entry(base, &sock);
	if (!entry)
		return 0;
	entry->fd = fd;
	return aa_bind(base, connection, entry, sock.address, AA_TLS_BY_OBJECT) == 0;
}

#endif
