// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A process ends. */
#include "arch.h"
#include "end.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Is this thread the last of its group? The first two as do_exit() has them in group_dead. */
enum aa_last {
	AA_LAST_NO = 0,
	AA_LAST_YES = 1,
	AA_LAST_LOOK = 2, /* the hook does not say */
};

/* The last thread of a group has ended; so may another one, at the same time. */
AA_SUBPROGRAM int aa_group_end(struct task_struct *task, struct aa_scope *scope, __u32 phase)
{
	struct aa_identity_key key = aa_key(task);
	struct aa_header base;

	aa_begin(&base, scope, task);
	aa_cred_check(&base, scope, task, AA_NO_SYSCALL);
	if (aa_scope_end(&key, phase))
		aa_end_send(&base, task);
	return 0;
}

/* Runs in each thread that ends, after signal->live was decremented. */
AA_SUBPROGRAM int aa_exit_seen(__u32 last)
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
	if (!scope)
		return 0;
	if (last == AA_LAST_YES || (last == AA_LAST_LOOK && BPF_CORE_READ(task, signal, live.counter) == 0))
		aa_group_end(task, scope, phase);
	return 0;
}

/*
 * sched_process_exit fires in do_exit() of every thread, after signal->live was decremented: the group is
 * dead when that is 0. Checked against wait4(2) for exits, signals, cores and leaders that end first.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(aa_exit_btf)
{
	return aa_exit_seen(AA_LAST_LOOK);
}

SEC("raw_tp/sched_process_exit")
int aa_exit_raw(struct bpf_raw_tracepoint_args *context)
{
	return aa_exit_seen(AA_LAST_LOOK);
}

/*
 * taskstats_exit() is called by do_exit() of every thread, with the result of the decrement: group_dead is
 * true for exactly one of them. exit_code and signal->maxrss are set before it, and nothing that an EXIT
 * record holds is changed between it and the tracepoint, but for the ticks of exit_mm(), which comes after
 * it and, in older kernels, before the tracepoint (5.10 to 7.2; with CONFIG_TASKSTATS).
 */
SEC("fentry/taskstats_exit")
int BPF_PROG(aa_exit_fentry, struct task_struct *task, int group_dead)
{
	return aa_exit_seen((__u32)group_dead);
}

SEC("kprobe/taskstats_exit")
int aa_exit_kprobe(struct pt_regs *context)
{
	return aa_exit_seen((__u32)AA_KPROBE_ARGUMENT1(context));
}
