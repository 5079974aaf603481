// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A process begins. */
#include "arch.h"
#include "family.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Runs in the task that forks. Threads and io_uring's workers are no processes (CLONE_THREAD). */
AA_SUBPROGRAM int aa_fork_seen(struct task_struct *child, __u64 clone_flags)
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
	aa_begin(&base, scope, facts.creator);
	aa_cred_check(&base, scope, facts.creator, AA_NO_SYSCALL);
	base.start_ns = BPF_CORE_READ(child, start_boottime);
	base.tgid = (__u32)BPF_CORE_READ(child, tgid);
	base.tid = base.tgid;
	aa_cgroup_send(&base, child);
	aa_take(&base, &facts, 0);
	return 0;
}

/*
 * task_newtask fires at the end of copy_process(): pids, credentials, namespaces, cgroup and start time of
 * the child are final, it is in the task list, and wake_up_new_task() has not run, so none of its own events
 * can come first. Unlike sched_process_fork, a few lines later, it has the clone flags. Every fork, vfork,
 * clone and clone3 goes through here.
 */
SEC("tp_btf/task_newtask")
int BPF_PROG(aa_fork_btf, struct task_struct *child, __u64 clone_flags)
{
	return aa_fork_seen(child, clone_flags);
}

SEC("raw_tp/task_newtask")
int aa_fork_raw(struct bpf_raw_tracepoint_args *context)
{
	return aa_fork_seen((struct task_struct *)context->args[0], context->args[1]);
}

/*
 * uprobe_copy_process() is called by copy_process() only, in the next line after the tracepoint and with its
 * arguments, whether the parent has uprobes or not (5.10 to 7.2; with CONFIG_UPROBES).
 */
SEC("fentry/uprobe_copy_process")
int BPF_PROG(aa_fork_fentry, struct task_struct *child, __u64 clone_flags)
{
	return aa_fork_seen(child, clone_flags);
}

SEC("kprobe/uprobe_copy_process")
int aa_fork_kprobe(struct pt_regs *context)
{
	return aa_fork_seen((struct task_struct *)AA_KPROBE_ARGUMENT0(context), AA_KPROBE_ARGUMENT1(context));
}
