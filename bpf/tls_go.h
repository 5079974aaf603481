/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls of Go's crypto/tls. No return probes: they change return addresses on a stack that Go moves, and reads; a program
 * with one crashes. Each RET instruction has a probe like a function's beginning instead. A call is known by its
 * goroutine, which may go on in another thread.
 */
#ifndef AA_BPF_TLS_GO_H
#define AA_BPF_TLS_GO_H

#include "tls_call.h"

/* runtime.g begins with its stack: lo, hi. */
struct aa_go_stack {
	__u64 low;
	__u64 high;
};

static __always_inline struct aa_tls_call_key aa_go_key(struct pt_regs *regs, __u32 direction)
{
	struct aa_tls_call_key key = {
		.thread = bpf_get_current_pid_tgid() >> 32 << 32,
		.place = AA_GO_ROUTINE(regs) | direction,
	};

	return key;
}

/*
 * The end of a goroutine's stack if the buffer lies on it, else 0: when the stack is moved, the distance to that is what is
 * kept.
 */
static __always_inline __u64 aa_go_stack_end(__u64 routine, __u64 buffer)
{
	struct aa_go_stack stack = {};

	bpf_probe_read_user(&stack, sizeof(stack), (const void *)routine);
	return buffer >= stack.low && buffer < stack.high ? stack.high : 0;
}

/*
 * The descriptor of a tls.Conn, -1 if it cannot be read: its first member is the interface net.Conn, whose data is a
 * *net.TCPConn, which is a *netFD, which begins with poll.FD: Sysfd comes after a lock of 16 bytes.
 */
static __always_inline __s32 aa_go_descriptor(__u64 object)
{
	__u64 connection = 0, descriptor = 0;
	__s64 fd = -1;

	if (bpf_probe_read_user(&connection, sizeof(connection), (const void *)(object + 8)) != 0 ||
	    bpf_probe_read_user(&descriptor, sizeof(descriptor), (const void *)connection) != 0 ||
	    bpf_probe_read_user(&fd, sizeof(fd), (const void *)(descriptor + 16)) != 0 || fd < 0 ||
	    fd > 1 << 30)
		return -1;
	return (__s32)fd;
}

AA_SUBPROGRAM int aa_go_bind(const struct aa_header *base, const struct aa_tls_key *key)
{
	struct aa_tls_connection *connection = aa_tls_find(key);

	if (!connection || connection->socket != 0)
		return 0;
	return aa_bind_by_fd(base, connection, aa_go_descriptor(key->object));
}

/* The beginning of (*Conn).Write, Read or Close. */
static __always_inline int aa_go_entered(struct pt_regs *regs, __u64 library, __u32 function)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_tls_call_key key;

	if (!aa_scope_maybe((__u32)(bpf_get_current_pid_tgid() >> 32)))
		return 0;

	struct aa_tls_call call = {
		.function = function,
		.direction = aa_tls_direction_of(function),
		.library = library,
	};

	if (!aa_begin_current(&call.base, task))
		return 0;
	call.key.start_ns = call.base.start_ns;
	call.key.tgid = call.base.tgid;
	call.key.object = AA_GO_ARGUMENT0(regs);
	if (function == AA_TLS_FN_GO_CLOSE)
		return aa_tls_close(&call.base, &call.key, AA_TLS_CLOSE_FREED);
	call.buffer = AA_GO_ARGUMENT1(regs);
	call.length = AA_GO_ARGUMENT2(regs);
	call.result_at = aa_go_stack_end(AA_GO_ROUTINE(regs), call.buffer);
	key = aa_go_key(regs, call.direction);
	if (bpf_map_update_elem(&aa_tls_calls, &key, &call, BPF_ANY) != 0)
		aa_count_loss(call.base.slot, AA_LOSS_TLS_FULL, AA_EVENT_TLS_DATA);
	return 0;
}

/*
 * A connection is met here and not at the beginning: calls on one that was closed already, which fail, make no new one.
 * Nothing else of it is seen before.
 */
static __always_inline int aa_go_moved(struct aa_tls_call *call, const struct aa_tls_call_key *key,
				       __u64 bytes)
{
	struct aa_identity_key process = { .start_ns = call->base.start_ns, .tgid = call->base.tgid };
	struct aa_scope *scope = bpf_map_lookup_elem(&aa_scope, &process);

	aa_tls_meet(&call->base, &call->key, call->library, call->function, scope ? scope->exec_ns : 0);
	aa_go_bind(&call->base, &call->key);
	return aa_tls_moved(call, key->thread, key->place, bytes);
}

/* A RET of (*Conn).Write or Read. */
static __always_inline int aa_go_returned(struct pt_regs *regs, __u32 function)
{
	__u32 direction = function == AA_TLS_FN_GO_READ_RET ? AA_TLS_RECEIVED : AA_TLS_SENT;
	__u64 bytes = AA_GO_RESULT(regs);
	struct aa_go_stack stack = {};
	struct aa_tls_call_key key;
	struct aa_tls_call *call;

	if (!aa_scope_maybe((__u32)(bpf_get_current_pid_tgid() >> 32)))
		return 0;
	key = aa_go_key(regs, direction);
	call = bpf_map_lookup_elem(&aa_tls_calls, &key);
	if (!call)
		return 0;
	if (call->result_at != 0 &&
	    bpf_probe_read_user(&stack, sizeof(stack), (const void *)AA_GO_ROUTINE(regs)) == 0)
		call->buffer += stack.high - call->result_at;
	if ((__s64)bytes > 0 && bytes <= AA_TLS_BYTES_MOST)
		aa_go_moved(call, &key, bytes);
	bpf_map_delete_elem(&aa_tls_calls, &key);
	return 0;
}

/* A probe at any instruction but a return of a C function; cookie: AA_TLS_COOKIE. */
static __always_inline int aa_tls_enter_by(struct pt_regs *regs, __u64 cookie)
{
	__u32 function = cookie & 0xff;

	if (function == AA_TLS_FN_GO_WRITE_RET || function == AA_TLS_FN_GO_READ_RET)
		return aa_go_returned(regs, function);
	if (aa_tls_is_go(function))
		return aa_go_entered(regs, cookie >> 8, function);
	return aa_tls_entered(regs, cookie >> 8, function);
}

#endif
