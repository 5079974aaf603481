// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A thread gets another name. */
#include "arch.h"
#include "scope.h"
#include "task.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * An exec renames too, and has a record of its own: it does so to itself, between exec_mmap() and
 * setup_arg_pages(), when the new address space has no arguments yet (in_execve, which says the same, is
 * also set while others may rename the thread).
 */
static __always_inline bool aa_rename_by_exec(struct task_struct *task)
{
	return (__u64)task == bpf_get_current_task() && !BPF_CORE_READ(task, mm, arg_start);
}

/* task need not be the current one. io_uring names its workers: nobody's act. */
AA_SUBPROGRAM int aa_rename_seen(struct task_struct *task, const char *comm, bool may_be_exec)
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
	if (may_be_exec && aa_rename_by_exec(task))
		return 0;
	aa_begin(&base, scope, task);
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

/* task_rename fires in __set_task_comm(), its only place, with the old name still there. */
SEC("tp_btf/task_rename")
int BPF_PROG(aa_rename_btf, struct task_struct *task, const char *comm)
{
	return aa_rename_seen(task, comm, true);
}

SEC("raw_tp/task_rename")
int aa_rename_raw(struct bpf_raw_tracepoint_args *context)
{
	return aa_rename_seen((struct task_struct *)context->args[0], (const char *)context->args[1], true);
}

/*
 * __set_task_comm(task, name, exec) is behind every change of a name: prctl(2), /proc/PID/comm, exec, and the
 * kernel's own threads. At its entry the old name is still there (5.10 to 7.2).
 */
SEC("fentry/__set_task_comm")
int BPF_PROG(aa_rename_fentry, struct task_struct *task, const char *comm, bool exec)
{
	return exec ? 0 : aa_rename_seen(task, comm, false);
}

SEC("kprobe/__set_task_comm")
int aa_rename_kprobe(struct pt_regs *context)
{
	if ((__u8)AA_KPROBE_ARGUMENT2(context))
		return 0;
	return aa_rename_seen((struct task_struct *)AA_KPROBE_ARGUMENT0(context),
			      (const char *)AA_KPROBE_ARGUMENT1(context), false);
}
