/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What differs between x86_64 and arm64: registers at the end of a system call, its number, 32-bit tasks. */
#ifndef AA_BPF_ARCH_H
#define AA_BPF_ARCH_H

#include "core_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long bx, cx, dx, si, di, r8, r10, orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
};
#else
#error "add the registers of this architecture"
#endif
#pragma clang attribute pop

#if defined(__TARGET_ARCH_x86)
#define AA_TS_COMPAT	   0x0002u     /* arch/x86/include/asm/thread_info.h */
#define AA_X32_SYSCALL_BIT 0x40000000u /* arch/x86/include/uapi/asm/unistd.h */

/* True while the task is inside a 32-bit system call, also one made by a 64-bit program with int $0x80. */
static __always_inline bool aa_syscall_compat(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_info.status) & AA_TS_COMPAT;
}

/* regs must be the argument of a tp_btf program: read directly, as a helper would double the cost of the look. */
static __always_inline __u32 aa_syscall_number(struct pt_regs *regs)
{
	return (__u32)regs->orig_ax & ~AA_X32_SYSCALL_BIT;
}

/* Arguments 0, 1 and 4 as the call got them. A call that failed has not changed them. */
static __always_inline __u64 aa_syscall_argument0(struct pt_regs *regs, bool compat)
{
	return compat ? (__u32)BPF_CORE_READ(regs, bx) : BPF_CORE_READ(regs, di);
}

static __always_inline __u64 aa_syscall_argument1(struct pt_regs *regs, bool compat)
{
	return compat ? (__u32)BPF_CORE_READ(regs, cx) : BPF_CORE_READ(regs, si);
}

static __always_inline __u64 aa_syscall_argument4(struct pt_regs *regs, bool compat)
{
	return compat ? (__u32)BPF_CORE_READ(regs, di) : BPF_CORE_READ(regs, r8);
}
#else
#define AA_TIF_32BIT 22 /* arch/arm64/include/asm/thread_info.h */

static __always_inline bool aa_syscall_compat(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_info.flags) >> AA_TIF_32BIT & 1;
}

static __always_inline __u32 aa_syscall_number(struct pt_regs *regs)
{
	return (__u32)regs->syscallno;
}

static __always_inline __u64 aa_syscall_argument0(struct pt_regs *regs, bool compat)
{
	return BPF_CORE_READ(regs, orig_x0);
}

static __always_inline __u64 aa_syscall_argument1(struct pt_regs *regs, bool compat)
{
	return BPF_CORE_READ(regs, regs[1]);
}

static __always_inline __u64 aa_syscall_argument4(struct pt_regs *regs, bool compat)
{
	return BPF_CORE_READ(regs, regs[4]);
}
#endif

#define AA_SYSCALL_SLOTS 560u

#endif
