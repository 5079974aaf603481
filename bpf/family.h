/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a process gets into a session: as the child of one that is in it, or, while a snapshot is under way,
 * as a descendant of one.
 */
#ifndef AA_BPF_FAMILY_H
#define AA_BPF_FAMILY_H

#include "scope.h"
#include "task.h"

#define AA_ANCESTORS 48

/* Claims a process and counts it if there is no room for it: then it and what it starts stay unseen. */
static __always_inline int aa_claim(const struct aa_header *base, const struct aa_identity_key *key,
				    const struct aa_scope *scope)
{
	int r = (int)aa_scope_add(key, scope);

	if (r != 0 && r != -EEXIST)
		aa_count_loss(base->slot, AA_LOSS_SCOPE_FULL, AA_EVENT_FORK);
	return r;
}

/*
 * Takes a process into the session of base and sends its FORK record; whoever comes second for the same
 * process does nothing. The record is reserved before the claim, so that it stands before everything the
 * process does, and discarded if the claim fails. Returns 0 if this call took it.
 */
AA_SUBPROGRAM int aa_take(const struct aa_header *base, const struct aa_fork_facts *facts, __u32 scope_flags)
{
	struct aa_identity_key key = { .start_ns = base->start_ns, .tgid = base->tgid };
	struct aa_scope scope = { .session = base->session, .slot = base->slot, .flags = scope_flags };
	struct aa_fork *fork;
	int r;

	if (bpf_map_lookup_elem(&aa_scope, &key))
		return -EEXIST;
	aa_cred_read(&scope.cred, facts->child);
	fork = aa_reserve(base, AA_EVENT_FORK, sizeof(*fork));
	if (!fork)
		return aa_claim(base, &key, &scope);
	fork->cred = scope.cred;
	aa_fork_fill(fork, facts);
	r = aa_claim(base, &key, &scope);
	if (r == -EEXIST)
		aa_discard(fork);
	else
		aa_submit(fork);
	return r;
}

/* The recorder is never found by descent, nor is what is below it. */
static __always_inline __u32 aa_recorder(void)
{
	__u32 zero = 0;
	struct aa_order *order = bpf_map_lookup_elem(&aa_order, &zero);

	return order ? order->recorder : 0;
}

/*
 * While a snapshot is under way: takes the process of a task if an ancestor at most `levels` up is in a
 * session. Returns 1 if this call took it. In family.bpf.c; a global function, verified once instead of once
 * for each of 128 children, so its arguments are numbers.
 */
int aa_ensure(__u64 task, __u32 levels);

/* The same, and the scope entry, NULL if it is in no session. */
static __always_inline struct aa_scope *aa_ensure_scope(struct task_struct *task, __u32 levels,
							int *ret_taken)
{
	struct aa_identity_key key = aa_key(task);
	struct aa_scope *scope = bpf_map_lookup_elem(&aa_scope, &key);

	*ret_taken = 0;
	if (scope)
		return scope;
	*ret_taken = aa_ensure((__u64)task, levels);
	return bpf_map_lookup_elem(&aa_scope, &key);
}

#endif
