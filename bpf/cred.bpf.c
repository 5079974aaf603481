// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Changed credentials by the kernel's function, so that no other system call pays. */
#include "cred.h"
#include "arch.h"
#include "scope.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * Runs in the task whose credentials will be `cred` in a moment. An exec commits too, before it can no longer
 * fail; its record says what changed.
 */
AA_SUBPROGRAM int aa_commit_seen(const struct cred *cred)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_scope *scope = aa_scope_current(task);
	struct aa_header base;
	__u32 number;

	if (!scope || BPF_CORE_READ(task, flags) & (PF_KTHREAD | PF_IO_WORKER))
		return 0;
	number = aa_syscall_number_read(aa_user_registers(task));
	if (aa_syscall_is_exec(number, aa_syscall_compat(task)))
		return 0;
	aa_begin(&base, scope, task);
	aa_cred_compare(&base, scope, cred, number);
	return 0;
}

/*
 * commit_creds() is how a task gets other credentials: every call that changes ids, groups, capabilities,
 * securebits or the user namespace ends in it, and it cannot fail. `new` is complete when it is called. The
 * exceptions are a fork (copy_creds(); the FORK record has them) and KEYCTL_SESSION_TO_PARENT, which
 * changes only a keyring (5.10 to 7.2).
 */
SEC("fentry/commit_creds")
int BPF_PROG(aa_cred_fentry, const struct cred *new)
{
	return aa_commit_seen(new);
}

SEC("kprobe/commit_creds")
int aa_cred_kprobe(struct pt_regs *context)
{
	return aa_commit_seen((const struct cred *)AA_KPROBE_ARGUMENT0(context));
}
