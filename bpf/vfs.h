/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls that act on files, by the functions that do their work: so that no other system call pays, and none at all of a
 * process in no session more than a look. The functions are those that all forms and ABIs of a call come together in, with
 * the result of the call; what they did is found as at the end of the call (syscall.bpf.c), so the records are the same.
 * What io_uring does through the same functions is recorded by its own hooks (uring.bpf.c), and the kernel's own use of
 * them (an overlay's upper layer, the loading of a program) is in no call of the kind.
 */
#ifndef AA_BPF_VFS_H
#define AA_BPF_VFS_H

#include "arch.h"
#include "calls.h"
#include "file.h"
#include "numbers.h"
#include "scope.h"

/*
 * The call that the current task is in, seen from inside. Inline, as is all that leads to the bodies: eight functions may be
 * on the stack at most, and a transfer that meets a file whose path it sends has the other seven.
 */
struct aa_vfs_call {
	struct pt_regs *regs;
	__u32 call; /* AA_CALL_NONE: none of the action asked for, or of no session */
	bool compat;
};

static __always_inline struct aa_vfs_call aa_vfs_call_now(__u32 action)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_vfs_call now = { .call = AA_CALL_NONE };
	__u64 slot;

	if (!aa_scope_maybe((__u32)(bpf_get_current_pid_tgid() >> 32)) ||
	    BPF_CORE_READ(task, flags) & (PF_KTHREAD | PF_IO_WORKER))
		return now;
	now.regs = aa_user_registers(task);
	slot = aa_syscall_number_read(now.regs);
	AA_OPAQUE(slot);
	if (slot >= AA_SYSCALL_SLOTS)
		return now;
	now.compat = aa_syscall_compat(task);
	now.call = now.compat ? aa_compat_calls[slot] : aa_native_calls[slot];
	if (now.call != AA_CALL_NONE && aa_call_action(now.call) != action)
		now.call = AA_CALL_NONE;
	return now;
}

/* True if the call's first argument is the descriptor of this file: nothing nested in the call is. */
static __always_inline bool aa_vfs_is_outermost(const struct aa_vfs_call *now, const struct file *file)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return aa_file_of(task, (__u32)aa_syscall_argument(now->regs, 0, now->compat)) == file;
}

#endif
