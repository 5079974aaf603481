// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Processes begin, end and get another name. */
#include "end.h"
#include "family.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * task_newtask fires at the end of copy_process(): pids, credentials, namespaces, cgroup and start time of
 * the child are final, it is in the task list, and wake_up_new_task() has not run, so none of its own events
 * can come first. Unlike sched_process_fork, a few lines later, it has the clone flags. Every fork, vfork,
 * clone and clone3 goes through here, and so do threads and io_uring's workers, which are no processes
 * (CLONE_THREAD).
 */
SEC("tp_btf/task_newtask")
int BPF_PROG(aa_fork_btf, struct task_struct *child, __u64 clone_flags)
{
	struct aa_fork_facts facts = {
		.child = child,
		.creator = (struct task_struct *)bpf_get_current_task(),
		.clone_flags = clone_flags,
	};
	struct aa_scope *scope;
	struct aa_header base;
	int taken;

	if (clone_flags & CLONE_THREAD)
		return 0;
	if (aa_snap_phase_now() == AA_SNAP_ON)
		scope = aa_ensure_scope(facts.creator, AA_ANCESTORS, &taken);
	else
		scope = aa_scope_current(facts.creator);
	if (!scope)
		return 0;
	aa_identify(&base, facts.creator);
	base.session = scope->session;
	base.slot = scope->slot;
	aa_cred_check(&base, scope, facts.creator, AA_NO_SYSCALL);
	base.start_ns = BPF_CORE_READ(child, start_boottime);
	base.tgid = (__u32)BPF_CORE_READ(child, tgid);
	base.tid = base.tgid;
	aa_cgroup_send(&base, child);
	aa_take(&base, &facts, 0);
	return 0;
}

/* The last thread of a group has ended; so may another one, at the same time. */
AA_SUBPROGRAM int aa_group_end(struct task_struct *task, struct aa_scope *scope, __u32 phase)
{
	struct aa_identity_key key = aa_key(task);
	struct aa_header base;

	aa_identify(&base, task);
	base.session = scope->session;
	base.slot = scope->slot;
	aa_cred_check(&base, scope, task, AA_NO_SYSCALL);
	if (aa_scope_end(&key, phase))
		aa_end_send(&base, task);
	return 0;
}

/*
 * sched_process_exit fires in do_exit() of every thread, after signal->live was decremented: the group is
 * dead when that is 0. Checked against wait4(2) for exits, signals, cores and leaders that end first.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(aa_exit_btf)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 phase = aa_snap_phase_now();
	struct aa_scope *scope;
	int taken;

	if (phase == AA_SNAP_ON) {
		scope = aa_ensure_scope(task, AA_ANCESTORS, &taken);
		if (scope && aa_take_children(task) != 0)
			aa_count_loss(scope->slot, AA_LOSS_SCOPE_FULL, AA_EVENT_FORK);
	} else {
		scope = aa_scope_current(task);
	}
	if (scope && BPF_CORE_READ(task, signal, live.counter) == 0)
		aa_group_end(task, scope, phase);
	return 0;
}

/*
 * task_rename fires in __set_task_comm() with the old name still in place; the task need not be the current
 * one. An exec renames too, and has a record of its own: it does so to itself, between exec_mmap() and
 * setup_arg_pages(), when the new address space has no arguments yet (in_execve, which says the same, is
 * also set while others may rename the thread). io_uring names its workers: nobody's act.
 */
SEC("tp_btf/task_rename")
int BPF_PROG(aa_rename_btf, struct task_struct *task, const char *comm)
{
	struct aa_identity_key key;
	struct aa_comm_change *change;
	struct aa_scope *scope;
	struct aa_header base;
	__u64 by = bpf_get_current_pid_tgid();

	if (!aa_scope_maybe((__u32)BPF_CORE_READ(task, tgid)))
		return 0;
	key = aa_key(task);
	scope = bpf_map_lookup_elem(&aa_scope, &key);
	if (!scope || BPF_CORE_READ(task, flags) & PF_IO_WORKER)
		return 0;
	if ((__u64)task == bpf_get_current_task() && !BPF_CORE_READ(task, mm, arg_start))
		return 0;
	aa_identify(&base, task);
	base.session = scope->session;
	base.slot = scope->slot;
	change = aa_reserve(&base, AA_EVENT_COMM, sizeof(*change));
	if (!change)
		return 0;
	change->by_tgid = (__u32)(by >> 32);
	change->by_tid = (__u32)by;
	aa_task_comm(change->before, task);
	__builtin_memset(change->after, 0, sizeof(change->after));
	bpf_probe_read_kernel_str(change->after, sizeof(change->after), comm);
	aa_submit(change);
	return 0;
}
