// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What calls do on sockets: hellos, and which connection of a library the socket carries. */
#include "bind.h"
#include "hello.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Arguments of socketcall(2), i386: what it stands for, and where the descriptor and the others are. */
#define AA_SOCKETCALL_WORDS 4

/* The first four arguments, wherever they are. */
struct aa_socket_arguments {
	__u64 value[4];
};

static __always_inline __u32 aa_socketcall(__u64 number)
{
	switch (number) { /* include/uapi/linux/net.h */
	case 3:
		return AA_CALL_CONNECT;
	case 5:
	case 18:
		return AA_CALL_ACCEPT;
	case 9:
	case 11:
		return AA_CALL_SENDTO;
	case 10:
	case 12:
		return AA_CALL_RECVFROM;
	case 16:
		return AA_CALL_SENDMSG;
	case 17:
		return AA_CALL_RECVMSG;
	case 19:
		return AA_CALL_RECVMMSG;
	case 20:
		return AA_CALL_SENDMMSG;
	default:
		return AA_CALL_NONE;
	}
}

static __always_inline __u32 aa_socket_take(struct aa_socket_arguments *arguments, struct pt_regs *regs,
					    __u32 call, bool compat)
{
	__u32 words[AA_SOCKETCALL_WORDS] = { 0 };
	__u64 at = aa_syscall_argument(regs, 1, compat);

	if (call != AA_CALL_SOCKETCALL) {
		arguments->value[0] = aa_syscall_argument(regs, 0, compat);
		arguments->value[1] = at;
		arguments->value[2] = aa_syscall_argument(regs, 2, compat);
		arguments->value[3] = aa_syscall_argument(regs, 3, compat);
		return call;
	}
	/* accept() and connect() have three: the fourth may lie where nothing is. */
	if (bpf_probe_read_user(words, sizeof(words), (const void *)at) != 0)
		bpf_probe_read_user(words, sizeof(words) - 4, (const void *)at);
	for (int i = 0; i < AA_SOCKETCALL_WORDS; i++)
		arguments->value[i] = words[i];
	return aa_socketcall(aa_syscall_argument(regs, 0, compat));
}

/* A pointer or a length, in the program's own width. */
static __always_inline __u64 aa_user_word(__u64 address, __u32 index, bool compat)
{
	__u64 value = 0;

	if (!compat) {
		bpf_probe_read_user(&value, 8, (const void *)(address + 8 * (__u64)index));
		return value;
	}
	bpf_probe_read_user(&value, 4, (const void *)(address + 4 * (__u64)index));
	return (__u32)value;
}

/* struct iovec: the first piece that has bytes, of two. */
static __always_inline void aa_use_vector(struct aa_socket_use *use, __u64 vector, bool compat)
{
	use->buffer = aa_user_word(vector, 0, compat);
	use->length = aa_user_word(vector, 1, compat);
	if (use->length == 0 && use->total > 0) {
		use->buffer = aa_user_word(vector, 2, compat);
		use->length = aa_user_word(vector, 3, compat);
	}
}

/* struct msghdr: name, its length (an int, alone in a word), iov ... */
static __always_inline void aa_use_message(struct aa_socket_use *use, __u64 message, bool compat)
{
	use->name = aa_user_word(message, 0, compat);
	aa_use_vector(use, aa_user_word(message, 2, compat), compat);
}

#define AA_MESSAGES 32 /* of one sendmmsg(2) whose bytes are counted; more are a loss */

/* struct mmsghdr: a msghdr of 56 bytes (32-bit: 28), then what came or went, and padding */
static __always_inline void aa_use_messages(struct aa_socket_use *use, __u64 messages, __u64 count,
					    bool compat)
{
	__u64 step = compat ? 32 : 64, at = messages + (compat ? 28 : 56);

	use->total = 0;
	use->more = count > AA_MESSAGES;
	for (__u32 i = 0; i < AA_MESSAGES; i++) {
		__u32 length = 0;

		if (i >= count)
			break;
		bpf_probe_read_user(&length, sizeof(length), (const void *)at);
		use->total += length;
		at += step;
	}
	aa_use_message(use, messages, compat);
}

/* What the call did. result: bytes, or messages. */
static __always_inline void aa_socket_use(struct aa_socket_use *use,
					  const struct aa_socket_arguments *arguments, __u64 result,
					  __u32 call, bool compat)
{
	__u64 flags = 0;

	use->total = result;
	use->buffer = use->length = use->name = 0;
	use->direction = AA_TLS_RECEIVED;
	switch (call) {
	case AA_CALL_WRITE:
	case AA_CALL_PWRITE:
	case AA_CALL_SENDTO:
		use->direction = AA_TLS_SENT;
		/* fall through */
	case AA_CALL_READ:
	case AA_CALL_PREAD:
	case AA_CALL_RECVFROM:
		use->buffer = arguments->value[1];
		use->length = result;
		if (call == AA_CALL_RECVFROM)
			flags = arguments->value[3];
		break;
	case AA_CALL_WRITEV:
	case AA_CALL_PWRITEV:
	case AA_CALL_PWRITEV2:
		use->direction = AA_TLS_SENT;
		/* fall through */
	case AA_CALL_READV:
	case AA_CALL_PREADV:
	case AA_CALL_PREADV2:
		aa_use_vector(use, arguments->value[1], compat);
		break;
	case AA_CALL_SENDMSG:
		use->direction = AA_TLS_SENT;
		aa_use_message(use, arguments->value[1], compat);
		break;
	case AA_CALL_RECVMSG:
		aa_use_message(use, arguments->value[1], compat);
		flags = arguments->value[2];
		break;
	case AA_CALL_SENDMMSG:
		use->direction = AA_TLS_SENT;
		aa_use_messages(use, arguments->value[1], result, compat);
		break;
	case AA_CALL_RECVMMSG:
		aa_use_messages(use, arguments->value[1], result, compat);
		flags = arguments->value[3];
		break;
	default: /* sendfile(2), splice(2): the bytes were never in the program's memory */
		use->direction = AA_TLS_SENT;
		break;
	}
	if (use->length > use->total)
		use->length = use->total;
	use->peek = use->direction == AA_TLS_RECEIVED && flags & AA_MSG_PEEK;
}

/*
 * What the arguments say: the descriptor, and of a call that moved bytes the rest. Returns the call, which socketcall(2) only
 * stands for.
 */
AA_SUBPROGRAM __u32 aa_socket_read(struct aa_socket_use *use, struct pt_regs *regs, __u64 result,
				   __u64 wanted)
{
	bool compat = wanted & AA_CALL_COMPAT;
	struct aa_socket_arguments arguments = { 0 };
	__u32 call = aa_socket_take(&arguments, regs, wanted & AA_CALL_NUMBER, compat);

	use->fd = (__s32)arguments.value[0];
	if (call == AA_CALL_ACCEPT)
		use->fd = (__s32)result;
	else if (call != AA_CALL_CONNECT && (__s64)result > 0)
		aa_socket_use(use, &arguments, result, call, compat);
	/* sendto(2); of 32-bit programs' send(2), which is taken for it, nothing is known here. */
	if ((wanted & AA_CALL_NUMBER) == AA_CALL_SENDTO && !compat)
		use->name = aa_syscall_argument(regs, 4, false);
	return call;
}

/* What remembers a ClientHello for the search in a library's memory. */
static __always_inline void aa_random_note(const struct aa_header *base, const struct aa_tls_socket *entry,
					   const struct aa_socket_use *use, const struct aa_hello *hello)
{
	struct aa_tls_random value = { .sock = use->sock.address, .socket = entry->socket };
	struct aa_tls_random_key key = { .tgid = base->tgid };

	__builtin_memcpy(&key.random, hello->head + (hello->kind == AA_HELLO_BODY ? 6 : 11), 8);
	bpf_map_update_elem(&aa_tls_randoms, &key, &value, BPF_ANY);
}

/* A hello is here: the first of its kind on this socket is sent. */
AA_SUBPROGRAM int aa_hello_met(const struct aa_header *base, struct aa_tls_socket *entry,
			       const struct aa_socket_use *use, const struct aa_hello *hello)
{
	__u32 flag = hello->server ? AA_TLS_SOCKET_SERVER_HELLO : AA_TLS_SOCKET_CLIENT_HELLO;

	if (entry->flags & flag)
		return 0;
	if (!(entry->flags & (AA_TLS_SOCKET_CLIENT_HELLO | AA_TLS_SOCKET_SERVER_HELLO))) {
		entry->start_ns = base->start_ns;
		entry->tgid = base->tgid;
		entry->tid = base->tid;
		entry->session = base->session;
		entry->slot = base->slot;
	}
	entry->flags |= flag;
	if (!hello->server)
		aa_random_note(base, entry, use, hello);
	return aa_hello_send(base, entry, use,
			     (hello->server ? AA_TLS_HELLO_SERVER : 0) |
				     (hello->kind == AA_HELLO_BODY ? AA_HELLO_HEADER_FIRST : 0));
}

/*
 * The first bytes of a call, if somebody may want to know them: as long as a hello may come, inside a call of a library whose
 * connection is not that of this socket, and of what is sent on a socket that no connection is known for.
 */
static __always_inline bool aa_stream_matters(const struct aa_tls_socket *entry,
					      const struct aa_tls_thread *thread, __u32 direction)
{
	__u32 both = AA_TLS_SOCKET_CLIENT_HELLO | AA_TLS_SOCKET_SERVER_HELLO;

	if (thread)
		return entry->connection != thread->connection || (entry->flags & both) != both;
	if (direction == AA_TLS_SENT && !(entry->flags & AA_TLS_SOCKET_BOUND))
		return true;
	return (entry->flags & both) != both && entry->calls <= AA_HELLO_CALLS;
}

/* Returns the object of a connection that has to begin anew, 0. */
AA_SUBPROGRAM __u64 aa_stream_bind(const struct aa_header *base, struct aa_tls_socket *entry,
				   const struct aa_socket_use *use, const struct aa_hello *hello,
				   struct aa_tls_thread *thread)
{
	struct aa_tls_cipher_key key = { .tgid = base->tgid };
	bool is_hello = hello->kind == AA_HELLO_RECORD || hello->kind == AA_HELLO_BODY;
	struct aa_bind_way way = { .sock = use->sock.address, .method = AA_TLS_BY_CALL, .hello = is_hello };

	if (!is_hello && !aa_is_tls_record(hello->head))
		return 0;
	if (!thread) {
		if (use->direction != AA_TLS_SENT || entry->flags & AA_TLS_SOCKET_BOUND ||
		    use->length < AA_CIPHER_END)
			return 0;
		__builtin_memcpy(key.bytes, hello->head + AA_CIPHER_OFFSET, sizeof(key.bytes));
		thread = bpf_map_lookup_elem(&aa_tls_ciphers, &key);
		way.method = AA_TLS_BY_FINGERPRINT;
	}
	return thread && aa_bind_met(base, thread, entry, &way) ? thread->key.object : 0;
}

/* Likewise. */
AA_SUBPROGRAM __u64 aa_stream_used(const struct aa_header *base, struct aa_tls_socket *entry,
				   struct aa_socket_use *use)
{
	__u64 id = bpf_get_current_pid_tgid(), length = use->length, again;
	struct aa_tls_thread *thread = bpf_map_lookup_elem(&aa_tls_threads, &id);
	struct aa_hello hello = { 0 };
	__u8 *known;

	if (!use->buffer || !aa_stream_matters(entry, thread, use->direction))
		return 0;
	AA_OPAQUE(length);
	if (length > AA_HELLO_HEAD)
		length = AA_HELLO_HEAD;
	if (bpf_probe_read_user(hello.head, (__u32)length, (const void *)use->buffer) != 0) {
		aa_count_loss(base->slot, AA_LOSS_UNREADABLE, AA_EVENT_TLS_HELLO);
		return 0;
	}
	aa_hello_look(&hello, entry, use);
	aa_forget(&hello, sizeof(hello));
	again = aa_stream_bind(base, entry, use, &hello, thread);
	if (again)
		return again;
	if (hello.kind == AA_HELLO_RECORD || hello.kind == AA_HELLO_BODY) {
		use->connection = thread ? thread->connection : 0;
		aa_hello_met(base, entry, use, &hello);
	}
	known = entry->head[use->direction & 1];
	if (hello.kind == AA_HELLO_HEADER_ALONE)
		__builtin_memcpy(known, hello.head, AA_HELLO_HEADER);
	known[7] = hello.kind == AA_HELLO_HEADER_ALONE;
	return 0;
}

/* To whom a datagram went, so that each peer's first is sent where one socket serves for many. */
static __always_inline __u32 aa_peer_hash(const struct aa_socket_use *use)
{
	__u64 words[3] = { 0 };

	if (use->name)
		bpf_probe_read_user(words, sizeof(words), (const void *)use->name);
	return (__u32)((words[0] ^ words[1] * 3 ^ words[2] * 5) * 0x9e3779b97f4a7c15ull >> 32);
}

AA_SUBPROGRAM int aa_datagram_used(const struct aa_header *base, struct aa_tls_socket *entry,
				   const struct aa_socket_use *use)
{
	__u8 head[8] = { 0 };
	__u32 peer;

	if (use->direction != AA_TLS_SENT || use->length < 64 ||
	    bpf_probe_read_user(head, sizeof(head), (const void *)use->buffer) != 0 ||
	    !aa_is_quic_initial(head))
		return 0;
	peer = aa_peer_hash(use);
	if (entry->flags & AA_TLS_SOCKET_QUIC && entry->peer == peer)
		return 0;
	entry->flags |= AA_TLS_SOCKET_QUIC;
	entry->peer = peer;
	return aa_hello_send(base, entry, use, AA_TLS_HELLO_QUIC);
}

static __always_inline __u64 aa_socket_moved(const struct aa_header *base, struct aa_tls_socket *entry,
					     struct aa_socket_use *use)
{
	__u64 again = 0;

	if (entry->fd != use->fd)
		entry->fd = use->fd;
	if (entry->calls <= AA_HELLO_CALLS)
		entry->calls++;
	if (use->sock.type == AA_SOCK_STREAM)
		again = aa_stream_used(base, entry, use);
	else
		aa_datagram_used(base, entry, use);
	if (!use->peek && !again)
		__sync_fetch_and_add(&entry->bytes[use->direction & 1], use->total);
	return again;
}

/* Connected, or on the way to it: the time is that of the end of the call, unless the beginning was seen (socket_end.bpf.c). */
static __always_inline void aa_socket_connected(const struct aa_header *base, const struct aa_sock *sock)
{
	if (sock->type == AA_SOCK_STREAM && !aa_socket_find(sock->address))
		aa_socket_enter(base, sock, base->time_ns);
}

/* See socket.h. */
__u64 aa_socket_seen(__u64 file_address, __u64 result, __u64 wanted)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file *file = (struct file *)file_address;
	struct aa_socket_use use = { 0 };
	struct aa_tls_socket *entry;
	struct aa_header base;
	__u32 call;

	if (!aa_begin_current(&base, task))
		return 0;
	call = aa_socket_read(&use, aa_user_registers(task), result, wanted);
	/* What the arguments were matters no more: the verifier need not go on from each of their forms. */
	aa_forget(&use, sizeof(use));
	if (!file && use.fd >= 0)
		file = aa_file_of(task, (__u32)use.fd);
	if (!file || call == AA_CALL_NONE)
		return 0;
	if (use.more)
		aa_count_loss(base.slot, AA_LOSS_UNREADABLE, AA_EVENT_TLS_SOCKET_END);
	aa_sock_of(&use.sock, file);
	if (use.sock.type != AA_SOCK_STREAM && use.sock.type != AA_SOCK_DGRAM)
		return 0;
	if (call == AA_CALL_CONNECT || call == AA_CALL_ACCEPT) {
		aa_socket_connected(&base, &use.sock);
		return 0;
	}
	if ((__s64)result <= 0)
		return 0;
	entry = aa_socket_entry(&base, &use.sock);
	return entry ? aa_socket_moved(&base, entry, &use) : 0;
}
