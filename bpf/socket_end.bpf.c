// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * When a TCP socket begins to connect, and when it is no more. inet_sock_set_state fires at each change of a socket's state, in
 * inet_sk_set_state() and inet_sk_state_store(), the only places that make one (net/ipv4/af_inet.c, 5.10 to 7.2). Who does it:
 * connect(2) in its own process; an end in anybody's, or in a softirq, so that the identity comes from the socket's entry.
 *
 * A program's own end of it is what counts: close(2), or the last exit, sets both halves of sk_shutdown before it leaves
 * ESTABLISHED or CLOSE_WAIT (__tcp_close()), in the process; CLOSE itself may come minutes later, when the recording is over. A reset
 * goes to CLOSE at once.
 */
#include "socket.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* include/net/tcp_states.h, include/net/sock.h: ABI, not layout (tracepoints print the first) */
#define AA_TCP_SYN_SENT	  2
#define AA_TCP_FIN_WAIT1  4
#define AA_TCP_CLOSE	  7
#define AA_TCP_LAST_ACK	  9
#define AA_SHUTDOWN_BOTH  3
#define AA_SOCK_DONE_FLAG 1 /* SOCK_DONE of enum sock_flags: the peer has sent FIN */

/*
 * Payload that was sent. bytes_sent counts what was handed to IP, also what was sent again (bytes_retrans); bytes_acked counts
 * SYN and FIN, too, and not what is under way. What waits in the queue of a socket that is closed in order is still sent,
 * but not that of one that was reset.
 */
static __always_inline __u64 aa_tcp_sent(const struct tcp_sock *tcp, bool closes_in_order)
{
	__u64 sent = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
	__u32 waiting = BPF_CORE_READ(tcp, write_seq) - BPF_CORE_READ(tcp, snd_nxt);

	return closes_in_order && (__s32)waiting > 0 ? sent + waiting : sent;
}

/* Payload that came, acknowledged to the peer; its FIN counts as a byte there (tcp_data_queue()). */
static __always_inline __u64 aa_tcp_received(const struct tcp_sock *tcp, const struct sock *sk)
{
	__u64 received = BPF_CORE_READ(tcp, bytes_received);
	bool fin = BPF_CORE_READ(sk, __sk_common.skc_flags) >> AA_SOCK_DONE_FLAG & 1;

	return fin && received > 0 ? received - 1 : received;
}

/* "tls" as ULP, whose name the kernel's own module has. */
static __always_inline bool aa_tcp_has_ktls(const struct sock *sk)
{
	const struct tcp_ulp_ops *ulp = BPF_CORE_READ((const struct inet_connection_sock *)sk, icsk_ulp_ops);
	char name[4] = { 0 };

	if (!ulp)
		return false;
	bpf_core_read(name, sizeof(name), &ulp->name);
	return name[0] == 't' && name[1] == 'l' && name[2] == 's' && name[3] == 0;
}

/*
 * In the name of who said hello there. One that said none, and that no library's connection used, is no matter. sk: NULL for
 * one of UDP, which may be gone.
 */
AA_SUBPROGRAM int aa_socket_end_send(const struct aa_tls_socket *entry, const struct sock *sk, int state)
{
	struct aa_header base = {
		.time_ns = bpf_ktime_get_boot_ns(),
		.start_ns = entry->start_ns,
		.session = entry->session,
		.slot = entry->slot,
		.tgid = entry->tgid,
		.tid = entry->tid,
	};
	struct aa_tls_socket_end *record;

	if (!(entry->flags & (AA_TLS_SOCKET_CLIENT_HELLO | AA_TLS_SOCKET_SERVER_HELLO | AA_TLS_SOCKET_QUIC |
			      AA_TLS_SOCKET_BOUND)))
		return 0;
	record = aa_reserve(&base, AA_EVENT_TLS_SOCKET_END, sizeof(*record));
	if (!record)
		return -1;
	record->socket = entry->socket;
	if (sk && BPF_CORE_READ(sk, sk_protocol) == AA_IPPROTO_TCP) {
		const struct tcp_sock *tcp = (const struct tcp_sock *)sk;

		record->sent_bytes = aa_tcp_sent(tcp, state != AA_TCP_CLOSE);
		record->received_bytes = aa_tcp_received(tcp, sk);
		record->marks = aa_tcp_has_ktls(sk) ? AA_TLS_SOCKET_KTLS : 0;
	} else { /* UDP; MPTCP, whose bytes are those of several */
		record->sent_bytes = entry->bytes[AA_TLS_SENT];
		record->received_bytes = entry->bytes[AA_TLS_RECEIVED];
		record->marks = 0;
	}
	record->reserved = 0;
	aa_submit(record);
	return 0;
}

/* The beginning of a connect: with its time the socket is known from now on. Its file is found at the first bytes. */
AA_SUBPROGRAM int aa_socket_connects(__u64 address)
{
	const struct sock *sk = (const struct sock *)address;
	struct aa_sock sock = { .address = address, .type = BPF_CORE_READ(sk, sk_type) };
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	struct aa_tls_socket *entry;
	struct aa_header base;

	if (sock.type != AA_SOCK_STREAM || (family != AA_AF_INET && family != AA_AF_INET6) ||
	    !aa_begin_current(&base, (struct task_struct *)bpf_get_current_task()))
		return 0;
	/* That of another one, whose end was missed; or a second try with the same socket, after the first failed. */
	bpf_map_delete_elem(&aa_tls_sockets, &address);
	aa_socket_enter(&base, &sock, base.time_ns);
	entry = aa_socket_find(address);
	if (entry)
		entry->inode = BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
	return 0;
}

static __always_inline int aa_state_seen(__u64 address, int state)
{
	const struct sock *sk = (const struct sock *)address;
	struct aa_tls_socket *entry;

	if (state == AA_TCP_SYN_SENT)
		return aa_scope_maybe((__u32)(bpf_get_current_pid_tgid() >> 32)) ? aa_socket_connects(address)
										 : 0;
	if (state != AA_TCP_CLOSE && state != AA_TCP_FIN_WAIT1 && state != AA_TCP_LAST_ACK)
		return 0;
	entry = aa_socket_find(address);
	if (!entry || (state != AA_TCP_CLOSE &&
		       (BPF_CORE_READ(sk, sk_shutdown) & AA_SHUTDOWN_BOTH) != AA_SHUTDOWN_BOTH))
		return 0;
	aa_socket_end_send(entry, sk, state);
	bpf_map_delete_elem(&aa_tls_sockets, &address);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(aa_state_btf, const struct sock *sk, int old, int state)
{
	return aa_state_seen((__u64)sk, state);
}

SEC("raw_tp/inet_sock_set_state")
int aa_state_raw(struct bpf_raw_tracepoint_args *context)
{
	return aa_state_seen(context->args[0], (int)context->args[2]);
}

/* /sys/kernel/tracing/events/sock/inet_sock_set_state/format: the same on 5.10 to 7.2 */
struct aa_state_context {
	__u64 common;
	__u64 sock;
	int old;
	int state;
};

/* Where eBPF programs may be preempted, as aa_sysexit_tp is. */
SEC("tp/sock/inet_sock_set_state")
int aa_state_tp(struct aa_state_context *context)
{
	return aa_state_seen(context->sock, context->state);
}

/*
 * The end of a socket of UDP, which no tracepoint tells: its process has gone, or the recording ends. Run by the recorder, as is
 * aa_sweep_run (sweep.bpf.c), so that the record comes through the ring. One of TCP that is still open then has not ended.
 */
SEC("raw_tp/aa_never")
int aa_socket_sweep_run(struct bpf_raw_tracepoint_args *context)
{
	__u64 address = context->args[0];
	struct aa_tls_socket *entry = aa_socket_find(address);

	if (!entry)
		return 0;
	if (!(entry->flags & AA_TLS_SOCKET_STREAM))
		aa_socket_end_send(entry, NULL, AA_TCP_CLOSE);
	bpf_map_delete_elem(&aa_tls_sockets, &address);
	return 0;
}
