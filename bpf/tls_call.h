/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls of TLS libraries, from their entry to their return. Everything is done at the return, when the result is known and
 * the memory is there; the entry remembers the arguments, under the thread and its stack pointer.
 */
#ifndef AA_BPF_TLS_CALL_H
#define AA_BPF_TLS_CALL_H

#include "arch.h"
#include "bind.h"
#include "tls_about.h"
#include "tls_data.h"
#include "tls_function.h"
#include "tls_meet.h"

#define AA_SSL_CTRL_SET_TLSEXT_HOSTNAME 55u	     /* include/openssl/tls1.h */
#define AA_GNUTLS_NAME_DNS		1u	     /* include/gnutls/gnutls.h */
#define AA_TLS_BYTES_MOST		(1ull << 40) /* of one call; more is a result of something else */

/* The call that another one is made in: its own work on the same connection. SSL_connect() calls SSL_do_handshake(). */
static __always_inline bool aa_tls_is_part_of(const struct aa_tls_call *outer, const struct aa_tls_call *call)
{
	return outer->key.object == call->key.object &&
	       aa_tls_class_of(outer->function) == aa_tls_class_of(call->function) &&
	       outer->direction == call->direction && outer->buffer == call->buffer;
}

/*
 * Remembers a call that may use a socket, and that its thread is in it. One whose stack pointer lies below that of a call
 * that was not left is made inside that one; else that one was left by longjmp(), or by a signal's handler.
 */
AA_SUBPROGRAM int aa_tls_call_begins(struct aa_tls_call *call, __u64 stack)
{
	struct aa_tls_call_key key = { .thread = bpf_get_current_pid_tgid(), .place = stack };
	struct aa_tls_thread *thread = bpf_map_lookup_elem(&aa_tls_threads, &key.thread);
	struct aa_tls_connection *connection = aa_tls_find(&call->key);
	struct aa_tls_thread now = { .key = call->key, .stack = stack };
	struct aa_tls_call *outer;

	if (thread && thread->stack >= stack) {
		key.place = thread->stack;
		outer = bpf_map_lookup_elem(&aa_tls_calls, &key);
		if (outer && aa_tls_is_part_of(outer, call))
			return 0;
		if (outer && thread->stack != stack)
			call->outer = thread->stack;
		key.place = stack;
	}
	if (bpf_map_update_elem(&aa_tls_calls, &key, call, BPF_ANY) != 0) {
		aa_count_loss(call->base.slot, AA_LOSS_TLS_FULL, AA_EVENT_TLS_DATA);
		return -1;
	}
	now.connection = connection ? connection->connection : 0;
	if (bpf_map_update_elem(&aa_tls_threads, &key.thread, &now, BPF_ANY) != 0)
		aa_count_loss(call->base.slot, AA_LOSS_TLS_FULL, AA_EVENT_TLS_SOCKET);
	return 0;
}

/* The thread is where it was before the call. What is no longer innermost was left out of order: coroutines. */
AA_SUBPROGRAM int aa_tls_call_ends(const struct aa_tls_call_key *key, __u64 outer_stack)
{
	struct aa_tls_call_key outer_key = { .thread = key->thread, .place = outer_stack };
	struct aa_tls_thread *thread = bpf_map_lookup_elem(&aa_tls_threads, &key->thread);
	struct aa_tls_connection *connection;
	struct aa_tls_call *outer;

	if (!thread || thread->stack != key->place)
		return 0;
	outer = outer_stack ? bpf_map_lookup_elem(&aa_tls_calls, &outer_key) : NULL;
	if (!outer) {
		bpf_map_delete_elem(&aa_tls_threads, &key->thread);
		return 0;
	}
	connection = aa_tls_find(&outer->key);
	thread->key = outer->key;
	thread->stack = outer_stack;
	thread->connection = connection ? connection->connection : 0;
	return 0;
}

/* Remembers a call for what it is told or tells, and nothing else. */
static __always_inline int aa_tls_call_noted(const struct aa_tls_call *call, __u64 stack)
{
	struct aa_tls_call_key key = { .thread = bpf_get_current_pid_tgid(), .place = stack };

	if (bpf_map_update_elem(&aa_tls_calls, &key, call, BPF_ANY) == 0)
		return 0;
	aa_count_loss(call->base.slot, AA_LOSS_TLS_FULL, AA_EVENT_TLS_NAME);
	return -1;
}

/* The arguments of a call, as its function has them; false if it is of no interest. */
static __always_inline bool aa_tls_arguments(struct aa_tls_call *call, struct pt_regs *regs, __u32 function)
{
	call->key.object = AA_KPROBE_ARGUMENT0(regs);
	call->buffer = AA_KPROBE_ARGUMENT1(regs);
	call->length = AA_KPROBE_ARGUMENT2(regs);
	call->result_at = AA_UPROBE_ARGUMENT3(regs);
	switch (function) {
	case AA_TLS_FN_SSL_WRITE:
	case AA_TLS_FN_SSL_READ:
	case AA_TLS_FN_BIO_WRITE:
		call->length = (__u32)call->length;
		break;
	case AA_TLS_FN_SSL_WRITE_FLAGS:
		call->result_at = AA_UPROBE_ARGUMENT4(regs);
		break;
	case AA_TLS_FN_SSL_HANDSHAKE:
	case AA_TLS_FN_GNUTLS_HANDSHAKE:
		call->buffer = 0;
		break;
	case AA_TLS_FN_SSL_CTRL:
		call->buffer = AA_UPROBE_ARGUMENT3(regs);
		call->length = AA_TLS_LENGTH_UNKNOWN;
		return (__u32)AA_KPROBE_ARGUMENT1(regs) == AA_SSL_CTRL_SET_TLSEXT_HOSTNAME &&
		       call->buffer != 0;
	case AA_TLS_FN_SSL_SET_HOST:
		call->length = AA_TLS_LENGTH_UNKNOWN;
		return call->buffer != 0;
	case AA_TLS_FN_GNUTLS_NAME:
		call->buffer = AA_KPROBE_ARGUMENT2(regs);
		call->length = AA_UPROBE_ARGUMENT3(regs);
		return (__u32)AA_KPROBE_ARGUMENT1(regs) == AA_GNUTLS_NAME_DNS;
	case AA_TLS_FN_SSL_ALPN:
		call->result_at = AA_KPROBE_ARGUMENT2(regs);
		break;
	case AA_TLS_FN_GNUTLS_INIT:
		call->result_at = AA_KPROBE_ARGUMENT0(regs);
		break;
	default:
		break;
	}
	return true;
}

/* A function of its own: what it needs of the stack is given back. */
AA_SUBPROGRAM int aa_tls_cipher_written(__u64 buffer, __u64 length)
{
	aa_bio_write_seen(buffer, length);
	return 0;
}

/* A probe at the beginning of a function of a C library. */
static __always_inline int aa_tls_entered(struct pt_regs *regs, __u64 library, __u32 function)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_scope *scope;

	/* Before all else: nearly every call of the host ends here. */
	if (!aa_scope_maybe((__u32)(bpf_get_current_pid_tgid() >> 32)))
		return 0;

	struct aa_tls_call call = { .function = function, .direction = aa_tls_direction_of(function) };

	scope = aa_begin_current(&call.base, task);
	if (!scope || !aa_tls_arguments(&call, regs, function))
		return 0;
	call.key.start_ns = call.base.start_ns;
	call.key.tgid = call.base.tgid;
	call.library = library;
	switch (aa_tls_class_of(function)) {
	case AA_TLS_CLASS_DATA:
	case AA_TLS_CLASS_HANDSHAKE:
		if (call.key.object == 0)
			return 0;
		aa_tls_meet(&call.base, &call.key, library, function, scope->exec_ns);
		return aa_tls_call_begins(&call, AA_UPROBE_STACK(regs));
	case AA_TLS_CLASS_NAME:
		aa_tls_meet(&call.base, &call.key, library, function, scope->exec_ns);
		return aa_tls_call_noted(&call, AA_UPROBE_STACK(regs));
	case AA_TLS_CLASS_ALPN:
		return aa_tls_call_noted(&call, AA_UPROBE_STACK(regs));
	case AA_TLS_CLASS_END:
		return aa_tls_close(&call.base, &call.key, AA_TLS_CLOSE_FREED);
	default:
		break;
	}
	if (function == AA_TLS_FN_SSL_CLEAR)
		return aa_tls_cleared(&call.base, &call.key);
	if (function == AA_TLS_FN_BIO_WRITE)
		return aa_tls_cipher_written(call.buffer, call.length);
	if (function == AA_TLS_FN_GNUTLS_INIT)
		return aa_tls_call_noted(&call, AA_UPROBE_STACK(regs));
	return 0;
}

/* How many bytes a call has moved, by what its function returned; 0: none, or it failed. */
static __always_inline __u64 aa_tls_bytes_of(const struct aa_tls_call *call, __u32 function, __u64 result)
{
	__u64 bytes = 0;

	switch (function) {
	case AA_TLS_FN_SSL_WRITE:
	case AA_TLS_FN_SSL_READ:
		return (__s32)result > 0 ? (__u32)result : 0;
	case AA_TLS_FN_GNUTLS_SEND:
	case AA_TLS_FN_GNUTLS_RECV:
		return (__s64)result > 0 ? result : 0;
	default:
		/* SSL_READ_EARLY_DATA_SUCCESS is 1, too, and with _FINISH, 2, there may be none. */
		if ((__s32)result <= 0)
			return 0;
		if (bpf_probe_read_user(&bytes, sizeof(bytes), (const void *)call->result_at) != 0)
			aa_count_loss(call->base.slot, AA_LOSS_UNREADABLE, AA_EVENT_TLS_DATA);
		return bytes;
	}
}

AA_SUBPROGRAM int aa_tls_data_returned(struct aa_tls_call *call, const struct aa_tls_call_key *key,
				       __u64 bytes)
{
	if (bytes == 0 || bytes > AA_TLS_BYTES_MOST)
		return 0;
	/* Another thread has closed it meanwhile. */
	if (!aa_tls_find(&call->key))
		aa_tls_meet(&call->base, &call->key, call->library, call->function, 0);
	return aa_tls_moved(call, key->thread, key->place, bytes);
}

static __always_inline void aa_tls_name_returned(const struct aa_tls_call *call, __u32 function, __s32 result)
{
	struct aa_tls_connection *connection = aa_tls_find(&call->key);
	bool done = function == AA_TLS_FN_GNUTLS_NAME ? result == 0 : result == 1;

	if (connection && done)
		aa_tls_name_send(&call->base, connection->connection, AA_TLS_NAME_SNI, call->buffer,
				 call->length);
}

/* gnutls_datum_t */
struct aa_gnutls_datum {
	__u64 data;
	__u32 size;
	__u32 zero;
};

static __always_inline void aa_tls_alpn_returned(const struct aa_tls_call *call, __u32 function, __s32 result)
{
	struct aa_gnutls_datum datum = {};

	if (function == AA_TLS_FN_GNUTLS_ALPN) {
		if (result != 0)
			return;
		bpf_probe_read_user(&datum, sizeof(datum), (const void *)call->buffer);
	} else {
		bpf_probe_read_user(&datum.data, sizeof(datum.data), (const void *)call->buffer);
		bpf_probe_read_user(&datum.size, sizeof(datum.size), (const void *)call->result_at);
	}
	aa_tls_alpn_seen(call, datum.data, datum.size);
}

/* SSL_new() tells everything by its result. */
AA_SUBPROGRAM int aa_tls_new_returned(__u64 object, __u64 library)
{
	struct aa_header base;

	if (!aa_begin_current(&base, (struct task_struct *)bpf_get_current_task()))
		return 0;
	return aa_tls_made(&base, object, library, AA_TLS_FN_SSL_NEW);
}

/* A probe at the return of a function of a C library. */
static __always_inline int aa_tls_returned(struct pt_regs *regs, __u64 library, __u32 function)
{
	struct aa_tls_call_key key = { .thread = bpf_get_current_pid_tgid(),
				       .place = AA_UPROBE_ENTRY_STACK(regs) };
	__u64 result = AA_UPROBE_RESULT(regs), object = 0, outer;
	enum aa_tls_class class = aa_tls_class_of(function);
	struct aa_tls_call *call;

	if (!aa_scope_maybe((__u32)(key.thread >> 32)))
		return 0;
	if (function == AA_TLS_FN_SSL_NEW)
		return aa_tls_new_returned(result, library);
	call = bpf_map_lookup_elem(&aa_tls_calls, &key);
	if (!call || call->function != function)
		return 0;
	outer = call->outer;
	switch (class) {
	case AA_TLS_CLASS_DATA:
		aa_tls_data_returned(call, &key, aa_tls_bytes_of(call, function, result));
		break;
	case AA_TLS_CLASS_HANDSHAKE:
		aa_tls_handshake_seen(call, (__s32)result);
		break;
	case AA_TLS_CLASS_NAME:
		aa_tls_name_returned(call, function, (__s32)result);
		break;
	case AA_TLS_CLASS_ALPN:
		aa_tls_alpn_returned(call, function, (__s32)result);
		break;
	default:
		if ((__s32)result == 0 &&
		    bpf_probe_read_user(&object, sizeof(object), (const void *)call->result_at) == 0)
			aa_tls_made(&call->base, object, library, function);
		break;
	}
	if (class == AA_TLS_CLASS_DATA || class == AA_TLS_CLASS_HANDSHAKE)
		aa_tls_bind(key.thread, key.place);
	bpf_map_delete_elem(&aa_tls_calls, &key);
	if (class == AA_TLS_CLASS_DATA || class == AA_TLS_CLASS_HANDSHAKE)
		aa_tls_call_ends(&key, outer);
	return 0;
}

#endif
