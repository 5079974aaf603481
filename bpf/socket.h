/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Internet sockets that tracked processes use, whatever library is behind it: which they are, how many bytes the calls moved,
 * and where in the program's memory those are. What is done through io_uring is not seen: it ends no system call of its own, and
 * reads its arguments from a ring. A hello that went that way is missing, and its socket stays unknown.
 */
#ifndef AA_BPF_SOCKET_H
#define AA_BPF_SOCKET_H

#include "arch.h"
#include "calls.h"
#include "file.h"
#include "scope.h"

/* include/linux/socket.h, include/linux/net.h, include/uapi/linux/in.h */
#define AA_AF_INET     2
#define AA_AF_INET6    10
#define AA_SOCK_STREAM 1
#define AA_SOCK_DGRAM  2
#define AA_IPPROTO_TCP 6
#define AA_IPPROTO_UDP 17

#define AA_MSG_PEEK    2u
#define AA_EINPROGRESS 115

/*
 * A call on a socket has ended, or one that moves bytes and has a socket for its descriptor. file: 0 if the call's first
 * argument names it (accept(2): the result). wanted: the call, with AA_CALL_COMPAT. Returns 0; or the object of a library's
 * connection that has to begin anew, aa_tls_connection_renew(), before this is to be called again. A global function, see
 * aa_pack_ids().
 */
__u64 aa_socket_seen(__u64 file, __u64 result, __u64 wanted);

static __always_inline bool aa_file_is_socket(const struct file *file)
{
	return (BPF_CORE_READ(file, f_inode, i_mode) & AA_S_IFMT) == AA_S_IFSOCK;
}

static __always_inline struct aa_tls_socket *aa_socket_find(__u64 sock)
{
	return bpf_map_lookup_elem(&aa_tls_sockets, &sock);
}

/* What is to be known of a socket. type 0: none of ours. */
struct aa_sock {
	__u64 address; /* of struct sock */
	__u64 inode;
	__u32 type;
};

/* Only streams and datagrams of the internet: a file, a pipe, a unix socket that a library uses counts for nothing. */
static __always_inline void aa_sock_of(struct aa_sock *sock, const struct file *file)
{
	const struct socket *socket;
	const struct sock *sk;
	__u16 family;

	sock->type = 0;
	if (!aa_file_is_socket(file))
		return;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (!sk || (family != AA_AF_INET && family != AA_AF_INET6))
		return;
	sock->address = (__u64)sk;
	sock->inode = BPF_CORE_READ(file, f_inode, i_ino);
	sock->type = BPF_CORE_READ(sk, sk_type);
	if (sock->type == AA_SOCK_DGRAM && BPF_CORE_READ(sk, sk_protocol) != AA_IPPROTO_UDP)
		sock->type = 0;
}

/*
 * The entry of a socket, made if there is none. connect_ns: 0 if it was met in use. NULL: no room, which is counted for each
 * call that found none.
 */
AA_SUBPROGRAM int aa_socket_enter(const struct aa_header *base, const struct aa_sock *sock, __u64 connect_ns)
{
	struct aa_tls_socket entry = {
		.socket = aa_open_id_new(), /* numbers are made as those of open files are */
		.start_ns = base->start_ns,
		.connect_ns = connect_ns,
		.inode = sock->inode,
		.tgid = base->tgid,
		.tid = base->tid,
		.session = base->session,
		.slot = base->slot,
		.fd = -1,
		.flags = sock->type == AA_SOCK_STREAM ? AA_TLS_SOCKET_STREAM : 0,
	};
	__u64 key = sock->address;
	long r = bpf_map_update_elem(&aa_tls_sockets, &key, &entry, BPF_NOEXIST);

	if (r != 0 && r != -EEXIST)
		aa_count_loss(base->slot, AA_LOSS_TLS_FULL, AA_EVENT_TLS_HELLO);
	return (int)r;
}

static __always_inline struct aa_tls_socket *aa_socket_entry(const struct aa_header *base,
							     const struct aa_sock *sock)
{
	struct aa_tls_socket *entry = aa_socket_find(sock->address);
	__u64 key = sock->address;

	/* Its end was missed, or it is one of UDP, whose end nobody sees. */
	if (entry && entry->inode != 0 && sock->inode != 0 && entry->inode != sock->inode) {
		bpf_map_delete_elem(&aa_tls_sockets, &key);
		entry = NULL;
	}
	if (entry) {
		/* At its connect the file may not have been known. */
		if (entry->inode == 0)
			entry->inode = sock->inode;
		return entry;
	}
	aa_socket_enter(base, sock, 0);
	return aa_socket_find(sock->address);
}

/* ::ffff:a.b.c.d, as the four words of an address */
static __always_inline bool aa_address_is_mapped(const __u8 *address)
{
	const __u32 *words = (const __u32 *)address;

	return words[0] == 0 && words[1] == 0 && words[2] == 0xffff0000u;
}

/*
 * Addresses as the socket has them now. One of IPv6 that talks IPv4 is said to be of IPv4: the kernel keeps both forms
 * (tcp_v6_connect(), tcp_v6_syn_recv_sock()).
 */
AA_SUBPROGRAM int aa_socket_fill(struct aa_socket *record, const struct aa_tls_socket *entry, __u64 address)
{
	const struct sock *sk = (const struct sock *)address;
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	bool six = family == AA_AF_INET6;
	__be16 port = BPF_CORE_READ(sk, __sk_common.skc_dport);

	if (six) {
		bpf_core_read(record->local_address, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(record->peer_address, 16, &sk->__sk_common.skc_v6_daddr);
		six = !aa_address_is_mapped(record->peer_address);
	}
	if (!six) {
		__builtin_memset(record->local_address, 0, 16);
		__builtin_memset(record->peer_address, 0, 16);
		bpf_core_read(record->local_address, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(record->peer_address, 4, &sk->__sk_common.skc_daddr);
		family = AA_AF_INET;
	}
	record->socket = entry->socket;
	record->inode = entry->inode;
	record->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	record->fd = entry->fd;
	record->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	record->peer_port = __builtin_bswap16(port);
	record->family = family;
	record->protocol = BPF_CORE_READ(sk, sk_protocol);
	return 0;
}

/* What a call did: where the first of its bytes are, and how many they were. */
struct aa_socket_use {
	struct aa_sock sock;
	__u64 buffer; /* 0: none, or not to be had */
	__u64 length; /* of it */
	__u64 total;
	__u64 name;	  /* sockaddr of who a datagram went to, 0 */
	__u64 connection; /* of the library's call that it is made in, 0 */
	__s32 fd;
	__u32 direction; /* enum aa_tls_direction */
	bool peek;	 /* the bytes stay, and will come again */
	bool more;	 /* messages than were counted */
};

#endif
