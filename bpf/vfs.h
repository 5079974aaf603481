/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls that act on files, by the functions that do their work, so that no other system call pays, and none at all of a
 * process in no session more than a look. The functions are those in which all forms and ABIs of a call come together, with
 * the result of the call; what it did is then found as at the end of every call elsewhere (aa_call_seen() of
 * syscall.bpf.c), so the records are the same. What io_uring does through the same functions is recorded by its own hooks
 * (uring.bpf.c); and the kernel's own use of them (an overlay's upper layer, the loading of a program) is in no call of
 * the kind, or not of the call's own file.
 *
 * What that takes is some 80,000 verified instructions, a second and more of loading if each of fifty programs had it. So
 * these only look whether it concerns us, and one other program does the rest, aa_vfs_fentry. It hangs at a helper that
 * these call: bpf_get_numa_node_id(), because every kernel lets tracing programs call it (bpf_get_current_ancestor_cgroup_id()
 * only since 5.15), and because it has no argument, so that the first register, which the types of the kernel show as one
 * of the function's, is free for ours. It is called for nothing else by us; others' calls lack the mark and end there.
 * Called from here, it runs at once, in this task. (Tail calls would do, but since 28ead3eaabc1, "bpf: Prevent tail call
 * between progs attached to different hooks", not between hooks of different functions.)
 */
#ifndef AA_BPF_VFS_H
#define AA_BPF_VFS_H

#include "arch.h"
#include "calls.h"
#include "file.h"
#include "numbers.h"
#include "scope.h"

#define AA_VFS_MARK 0xaa5f11e5ull /* above the result: others leave there what they leave */

/* BPF_FUNC_get_numa_node_id of linux/bpf.h, with an argument that it does not know of. */
static __u64 (*aa_get_numa_node_id)(__u64 unknown) = (void *)42;

/* The call that the current task is in, seen from inside. */
struct aa_vfs_call {
	struct pt_regs *regs;
	__u32 call; /* AA_CALL_NONE: not of the action asked for, or of no session */
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

/* Results are 0, a negative errno, or a number of bytes or a descriptor, which have 31 bits (MAX_RW_COUNT). */
static __always_inline void aa_vfs_call_ended(int result)
{
	aa_get_numa_node_id(AA_VFS_MARK << 32 | (__u32)result);
}

static __always_inline int aa_vfs_ended(__u32 action, int result)
{
	struct aa_vfs_call now = aa_vfs_call_now(action);

	if (now.call != AA_CALL_NONE)
		aa_vfs_call_ended(result);
	return 0;
}

/*
 * The same, if the first argument of the call is the descriptor of this file: not for what is nested in the call. Where the
 * descriptor was closed meanwhile that cannot be told; then the call is counted as one whose file is not known.
 */
static __always_inline int aa_vfs_file_ended(__u32 action, const struct file *file, int result)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_vfs_call now = aa_vfs_call_now(action);
	struct file *known;

	if (now.call == AA_CALL_NONE)
		return 0;
	known = aa_file_of(task, (__u32)aa_syscall_argument(now.regs, 0, now.compat));
	if (known == file || !known)
		aa_vfs_call_ended(result);
	return 0;
}

#endif
