// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Into a session by descent, see family.h. */
#include "family.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

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
		if (!parent || key.tgid == 0 || key.tgid == recorder)
			break;
		scope = bpf_map_lookup_elem(&aa_scope, &key);
		if (scope)
			return scope;
		if (key.tgid == 1)
			break;
		at = (__u64)parent;
	}
	return NULL;
}

int aa_ensure(__u64 address, __u32 levels)
{
	struct task_struct *task = (struct task_struct *)address;
	struct aa_fork_facts facts = { .child = BPF_CORE_READ(task, group_leader) };
	struct aa_header base;
	struct aa_scope *scope;

	aa_identify(&base, facts.child);
	if (base.tgid == aa_recorder())
		return 0;
	scope = aa_ancestor(task, levels);
	if (!scope)
		return 0;
	base.session = scope->session;
	base.slot = scope->slot;
	base.flags = AA_FLAG_SNAPSHOT;
	return aa_take(&base, &facts, AA_SCOPE_NO_IMAGE) == 0;
}
