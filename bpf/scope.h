/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which processes belong to a session: one look for everybody else on the host, and the claims that make
 * each fork and exit one record.
 */
#ifndef AA_BPF_SCOPE_H
#define AA_BPF_SCOPE_H

#include "emit.h"

static __always_inline struct aa_identity_key aa_key(struct task_struct *task)
{
	struct aa_identity_key key = {
		.start_ns = BPF_CORE_READ(task, group_leader, start_boottime),
		.tgid = (__u32)BPF_CORE_READ(task, tgid),
	};

	return key;
}

/* False: surely in no session. */
static __always_inline bool aa_scope_maybe(__u32 tgid)
{
	__u32 index = tgid / AA_HINT_BYTES;
	struct aa_hint_page *page = bpf_map_lookup_elem(&aa_scope_hint, &index);

	return !page || page->tracked[tgid % AA_HINT_BYTES];
}

static __always_inline void aa_scope_hint_set(__u32 tgid, __u8 tracked)
{
	__u32 index = tgid / AA_HINT_BYTES;
	struct aa_hint_page *page = bpf_map_lookup_elem(&aa_scope_hint, &index);

	if (page)
		*(volatile __u8 *)&page->tracked[tgid % AA_HINT_BYTES] = tracked;
}

/* The session entry of the current process, NULL if it has none. */
static __always_inline struct aa_scope *aa_scope_current(struct task_struct *task)
{
	struct aa_identity_key key;

	if (!aa_scope_maybe((__u32)(bpf_get_current_pid_tgid() >> 32)))
		return NULL;
	key = aa_key(task);
	return bpf_map_lookup_elem(&aa_scope, &key);
}

/* The header of records about a task that is in a session: aa_identify(), and whose session it is. */
static __always_inline void aa_begin(struct aa_header *base, const struct aa_scope *scope,
				     struct task_struct *task)
{
	aa_identify(base, task);
	base->session = scope->session;
	base->slot = scope->slot;
}

/*
 * Both at once, for what is done to files: two reads of the task instead of seven. NULL if the current process is in no
 * session, or not yet. Without the time, for what mostly makes no record.
 */
static __always_inline struct aa_scope *aa_begin_untimed(struct aa_header *base, struct task_struct *task)
{
	__u64 ids = bpf_get_current_pid_tgid();
	struct aa_identity_key key = { .tgid = (__u32)(ids >> 32) };
	struct aa_scope *scope;

	if (!aa_scope_maybe(key.tgid))
		return NULL;
	key.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	scope = bpf_map_lookup_elem(&aa_scope, &key);
	if (!scope || scope->flags & AA_SCOPE_COMMAND)
		return NULL;
	base->time_ns = 0;
	base->start_ns = key.start_ns;
	base->session = scope->session;
	base->slot = scope->slot;
	base->tgid = key.tgid;
	base->tid = (__u32)ids;
	base->size = 0;
	base->kind = 0;
	base->flags = 0;
	return scope;
}

static __always_inline struct aa_scope *aa_begin_current(struct aa_header *base, struct task_struct *task)
{
	struct aa_scope *scope = aa_begin_untimed(base, task);

	if (scope)
		base->time_ns = bpf_ktime_get_boot_ns();
	return scope;
}

/*
 * Claims the beginning of a process: 0 for exactly one caller, -EEXIST for the others (fork, exit and
 * iterator may meet the same process during a snapshot), another negative errno when the map is full. The
 * hint comes first: who finds the entry must have found the hint.
 */
static __always_inline long aa_scope_add(const struct aa_identity_key *key, const struct aa_scope *scope)
{
	aa_scope_hint_set(key->tgid, 1);
	return bpf_map_update_elem(&aa_scope, key, scope, BPF_NOEXIST);
}

static __always_inline __u32 aa_snap_phase_now(void)
{
	struct aa_control *control = aa_control_page();

	return control ? *(volatile __u32 *)&control->snapping : AA_SNAP_OFF;
}

/*
 * Claims the end of a process: true for exactly one caller. It is needed because two last threads may both
 * see signal->live == 0 (1.6 % of thread groups in a test that provokes it); 5.10 has no atomics with a
 * result, so the test-and-set is a map operation.
 *
 * Without a snapshot it is the delete of the scope entry. While iterators run, the entry has to stay, or an
 * iterator that holds the dying task would take it for one that was never seen: then it is the insert into
 * aa_tomb. In the drain phase both, so that threads of one group that straddle a change of phase still
 * agree: ON and DRAIN meet in the tomb, DRAIN and OFF in the delete; and ON and OFF never run at once, as
 * the loader waits for all running programs between the phases (adopt.c).
 *
 * A pid cannot be reused before this hook has ended in each thread of the group, so clearing the hint hits
 * nobody.
 */
static __always_inline bool aa_scope_end(const struct aa_identity_key *key, __u32 phase)
{
	if (phase != AA_SNAP_OFF && bpf_map_update_elem(&aa_tomb, key, &phase, BPF_NOEXIST) == -EEXIST)
		return false;
	if (phase == AA_SNAP_ON)
		return true;
	if (bpf_map_delete_elem(&aa_scope, key) != 0)
		return false;
	aa_scope_hint_set(key->tgid, 0);
	return true;
}

#endif
