// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* New POSIX sessions by the kernel's function, so that no other system call pays. */
#include "setsid.h"
#include "arch.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * ksys_setsid() makes the thread group's id the session's (__set_special_pids()) and returns its number in the
 * caller's namespace, whichever thread has called.
 */
AA_SUBPROGRAM int aa_setsid_seen(struct task_struct *leader)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_scope *scope = aa_scope_current(task);
	struct aa_header base;

	if (!scope || (__u32)BPF_CORE_READ(leader, tgid) != (__u32)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	aa_begin(&base, scope, task);
	aa_setsid_send(&base, task, aa_task_ns_pid(leader));
	return 0;
}

/*
 * sched_autogroup_create_attach(leader) is called by ksys_setsid() only, at its end and only if it has made a
 * session, which is in place by then (5.10 to 7.2; with CONFIG_SCHED_AUTOGROUP, also when that is switched
 * off at run time).
 */
SEC("fentry/sched_autogroup_create_attach")
int BPF_PROG(aa_setsid_fentry, struct task_struct *leader)
{
	return aa_setsid_seen(leader);
}

SEC("kprobe/sched_autogroup_create_attach")
int aa_setsid_kprobe(struct pt_regs *context)
{
	return aa_setsid_seen((struct task_struct *)AA_KPROBE_ARGUMENT0(context));
}
