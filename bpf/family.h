/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a process gets into a session: as the child of one that is in it, or, while a snapshot is under way, as a
 * descendant of one.
 */
#ifndef AA_BPF_FAMILY_H
#define AA_BPF_FAMILY_H

#include "scope.h"
#include "task.h"

#define AA_ANCESTORS 48

/*
 * Takes a process into the session of base and sends its FORK record; whoever comes second for the same process does
 * nothing. The record is reserved before the claim, so that it stands before everything the process does, and
 * discarded if the claim fails. Returns 0 if this call took it.
 */
AA_SUBPROGRAM int aa_take(const struct aa_header *base, const struct aa_fork_facts *facts, __u32 scope_flags)
{
	struct aa_identity_key key = { .start_ns = base->start_ns, .tgid = base->tgid };
	struct aa_scope scope = { .session = base->session, .slot = base->slot, .flags = scope_flags };
	struct aa_fork *fork;
	long r;

	if (bpf_map_lookup_elem(&aa_scope, &key))
		return -EEXIST;
	aa_cred_read(&scope.cred, facts->child);
	fork = aa_reserve(base, AA_EVENT_FORK, sizeof(*fork));
	if (fork) {
		fork->cred = scope.cred;
		aa_fork_fill(fork, facts);
	}
	r = aa_scope_add(&key, &scope);
	if (r == -EEXIST) {
		if (fork)
			aa_discard(fork);
		return -EEXIST;
	}
	if (r != 0)
		aa_count_loss(base->slot, AA_LOSS_SCOPE_FULL, AA_EVENT_FORK);
	if (fork)
		aa_submit(fork);
	return (int)r;
}

/* The recorder and what it started are never found by descent. */
static __always_inline __u32 aa_recorder(void)
{
	__u32 zero = 0;
	struct aa_order *order = bpf_map_lookup_elem(&aa_order, &zero);

	return order ? order->recorder : 0;
}

/* The scope entry of the nearest ancestor that has one, at most `levels` up. */
AA_SUBPROGRAM struct aa_scope *aa_ancestor(struct task_struct *task, __u32 levels)
{
	__u64 at = (__u64)task;
	__u32 recorder = aa_recorder();

	for (__u32 i = 0; i < AA_ANCESTORS; i++) {
		struct task_struct *parent;
		struct aa_identity_key key;
		struct aa_scope *scope;

		if (i >= levels)
			break;
		parent = BPF_CORE_READ((struct task_struct *)at, group_leader, real_parent, group_leader);
		key = aa_key(parent);
		if (!parent || key.tgid <= 1 || key.tgid == recorder)
			break;
		scope = bpf_map_lookup_elem(&aa_scope, &key);
		if (scope)
			return scope;
		at = (__u64)parent;
	}
	return NULL;
}

/*
 * While a snapshot is under way: the scope entry of a process, which is taken now if an ancestor has one. levels 1: only
 * if its parent has.
 */
static __always_inline struct aa_scope *aa_ensure(struct task_struct *task, __u32 levels, int *ret_taken)
{
	struct aa_fork_facts facts = { .child = BPF_CORE_READ(task, group_leader) };
	struct aa_identity_key key = aa_key(task);
	struct aa_header base;
	struct aa_scope *scope = bpf_map_lookup_elem(&aa_scope, &key);

	*ret_taken = 0;
	if (scope || key.tgid == aa_recorder())
		return scope;
	scope = aa_ancestor(task, levels);
	if (!scope)
		return NULL;
	aa_identify(&base, facts.child);
	base.session = scope->session;
	base.slot = scope->slot;
	base.flags = AA_FLAG_SNAPSHOT;
	*ret_taken = aa_take(&base, &facts, AA_SCOPE_NO_IMAGE) == 0;
	return bpf_map_lookup_elem(&aa_scope, &key);
}

#endif
