/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a connection of a library begins: seen to be made, met in use, inherited by fork, cleared for another. */
#ifndef AA_BPF_TLS_MEET_H
#define AA_BPF_TLS_MEET_H

#include "tls.h"
#include "tls_function.h"

/*
 * The connection of the process that this one was forked from and that it has a copy of; 0: none. Only before it runs
 * another program, and only what was there when it was forked.
 */
static __always_inline __u64 aa_tls_inherited(const struct aa_header *base, const struct aa_tls_key *key)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct task_struct *parent = BPF_CORE_READ(task, group_leader, real_parent);
	struct aa_tls_connection *connection;
	struct aa_tls_key other = {
		.start_ns = BPF_CORE_READ(parent, group_leader, start_boottime),
		.object = key->object,
		.tgid = (__u32)BPF_CORE_READ(parent, tgid),
	};

	connection = aa_tls_find(&other);
	if (!connection || connection->session != base->session || connection->time_ns > base->start_ns)
		return 0;
	return connection->connection;
}

/*
 * Makes sure that there is a connection of the key. Late if the first that is seen of it is data: what comes before that, a
 * name and a handshake, is when nothing has gone through it yet. Go has nothing that comes before.
 */
AA_SUBPROGRAM int aa_tls_meet(const struct aa_header *base, const struct aa_tls_key *key, __u64 library,
			      __u32 function, __u64 exec_ns)
{
	struct aa_tls_connection *connection = aa_tls_find(key);
	struct aa_tls_origin origin = {
		.library = library,
		.implementation = aa_tls_implementation_of(function),
	};

	if (connection && connection->time_ns >= exec_ns)
		return 0;
	if (connection)
		aa_tls_close(base, key, AA_TLS_CLOSE_PROCESS);
	if (exec_ns == 0)
		origin.from = aa_tls_inherited(base, key);
	if (origin.from == 0 && aa_tls_class_of(function) == AA_TLS_CLASS_DATA && !aa_tls_is_go(function))
		origin.marks = AA_TLS_LATE;
	return aa_tls_open(base, key, &origin);
}

/* The same, seen to be made: whatever had its address is over. */
AA_SUBPROGRAM int aa_tls_made(const struct aa_header *base, __u64 object, __u64 library, __u32 function)
{
	struct aa_tls_key key = { .start_ns = base->start_ns, .object = object, .tgid = base->tgid };
	struct aa_tls_origin origin = {
		.library = library,
		.implementation = aa_tls_implementation_of(function),
	};

	if (object == 0)
		return 0;
	aa_tls_close(base, &key, AA_TLS_CLOSE_REUSED);
	return aa_tls_open(base, &key, &origin);
}

/*
 * SSL_clear(): the next connection begins. Not if nothing has happened in this one: SSL_new() calls it, and programs do
 * before the first.
 */
static __always_inline int aa_tls_cleared(const struct aa_header *base, const struct aa_tls_key *key)
{
	struct aa_tls_connection *connection = aa_tls_find(key);

	if (!connection ||
	    (connection->socket == 0 && connection->told == 0 && connection->sums.calls[AA_TLS_SENT] == 0 &&
	     connection->sums.calls[AA_TLS_RECEIVED] == 0))
		return 0;
	return aa_tls_connection_renew(key->object, key->start_ns, aa_pack_ids(base));
}

#endif
