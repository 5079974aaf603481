/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What differs between x86_64 and arm64: registers, numbers and functions of system calls, 32-bit tasks. */
#ifndef AA_BPF_ARCH_H
#define AA_BPF_ARCH_H

#include "emit.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long ax, bx, cx, dx, si, di, bp, sp, r8, r9, r10, r14, orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
	__u64 sp;
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

/* Numbers of exec. */
#define AA_NATIVE_EXECVE   59
#define AA_NATIVE_EXECVEAT 322
#define AA_X32_EXECVE	   520
#define AA_X32_EXECVEAT	   545
#define AA_COMPAT_EXECVE   11
#define AA_COMPAT_EXECVEAT 358

/* The functions of system calls, and of the 32-bit ones, as a program's section names them. */
#define AA_SYSCALL_FUNCTION(name)	 "__x64_sys_" #name
#define AA_SYSCALL_FUNCTION_COMPAT(name) "__ia32_compat_sys_" #name
#define AA_SYSCALL_FUNCTION_32(name)	 "__ia32_sys_" #name	  /* that are no compat_sys ones */
#define AA_SYSCALL_FUNCTION_WIDE(name)	 "__ia32_sys_ia32_" #name /* with 64-bit numbers in two registers */

/* True while the task is inside a 32-bit system call, also one made by a 64-bit program with int $0x80. */
static __always_inline bool aa_syscall_compat(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_info.status) & AA_TS_COMPAT;
}

/* x32 calls carry a bit and share most of the numbers. */
static __always_inline __u32 aa_syscall_number_mask(__u32 number)
{
	return number & ~AA_X32_SYSCALL_BIT;
}

/* regs must be the argument of a tp_btf program: read directly, as a helper would double the cost of the look. */
static __always_inline __u32 aa_syscall_number(struct pt_regs *regs)
{
	return aa_syscall_number_mask((__u32)regs->orig_ax);
}

/* The same of any registers of the kernel's. */
static __always_inline __u32 aa_syscall_number_read(struct pt_regs *regs)
{
	return aa_syscall_number_mask((__u32)BPF_CORE_READ(regs, orig_ax));
}

/* Where argument `index` (0 to 5) of a call stands among the registers. */
static __always_inline __u64 aa_syscall_argument_offset(__u32 index, bool compat)
{
	switch (index) {
	case 0:
		return compat ? AA_OFFSET(pt_regs, bx) : AA_OFFSET(pt_regs, di);
	case 1:
		return compat ? AA_OFFSET(pt_regs, cx) : AA_OFFSET(pt_regs, si);
	case 2:
		return AA_OFFSET(pt_regs, dx);
	case 3:
		return compat ? AA_OFFSET(pt_regs, si) : AA_OFFSET(pt_regs, r10);
	case 4:
		return compat ? AA_OFFSET(pt_regs, di) : AA_OFFSET(pt_regs, r8);
	default:
		return compat ? AA_OFFSET(pt_regs, bp) : AA_OFFSET(pt_regs, r9);
	}
}

/* Arguments of the function that a kprobe stands at; regs is the program's context. */
#define AA_KPROBE_ARGUMENT0(regs) ((__u64)(regs)->di)
#define AA_KPROBE_ARGUMENT1(regs) ((__u64)(regs)->si)
#define AA_KPROBE_ARGUMENT2(regs) ((__u64)(regs)->dx)

/* The same of a probe at a program's function: the C ones differ from the kernel's in nothing. */
#define AA_UPROBE_ARGUMENT3(regs) ((__u64)(regs)->cx)
#define AA_UPROBE_ARGUMENT4(regs) ((__u64)(regs)->r8)
#define AA_UPROBE_RESULT(regs)	  ((__u64)(regs)->ax)
#define AA_UPROBE_STACK(regs)	  ((__u64)(regs)->sp)

/* At the return the return address has been taken from the stack (more than 100,000 of 100,000 calls on 6.18). */
#define AA_UPROBE_ENTRY_STACK(regs) ((__u64)(regs)->sp - 8)

/* ABIInternal of Go: cmd/compile/abi-internal.md */
#define AA_GO_ARGUMENT0(regs) ((__u64)(regs)->ax)
#define AA_GO_ARGUMENT1(regs) ((__u64)(regs)->bx)
#define AA_GO_ARGUMENT2(regs) ((__u64)(regs)->cx)
#define AA_GO_RESULT(regs)    ((__u64)(regs)->ax)
#define AA_GO_ROUTINE(regs)   ((__u64)(regs)->r14)
#else
#define AA_TIF_32BIT 22 /* arch/arm64/include/asm/thread_info.h */

#define AA_NATIVE_EXECVE   221
#define AA_NATIVE_EXECVEAT 281
#define AA_COMPAT_EXECVE   11
#define AA_COMPAT_EXECVEAT 387

#define AA_SYSCALL_FUNCTION(name)	 "__arm64_sys_" #name
#define AA_SYSCALL_FUNCTION_COMPAT(name) "__arm64_compat_sys_" #name
#define AA_SYSCALL_FUNCTION_32(name)	 "__arm64_no_sys_" #name /* none: they are the 64-bit ones */
#define AA_SYSCALL_FUNCTION_WIDE(name)	 "__arm64_compat_sys_aarch32_" #name

static __always_inline bool aa_syscall_compat(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_info.flags) >> AA_TIF_32BIT & 1;
}

static __always_inline __u32 aa_syscall_number_mask(__u32 number)
{
	return number;
}

static __always_inline __u32 aa_syscall_number(struct pt_regs *regs)
{
	return (__u32)regs->syscallno;
}

static __always_inline __u32 aa_syscall_number_read(struct pt_regs *regs)
{
	return (__u32)BPF_CORE_READ(regs, syscallno);
}

static __always_inline __u64 aa_syscall_argument_offset(__u32 index, bool compat)
{
	return index == 0 ? AA_OFFSET(pt_regs, orig_x0) : AA_OFFSET(pt_regs, regs) + 8 * (__u64)index;
}

#define AA_KPROBE_ARGUMENT0(context) ((__u64)(context)->regs[0])
#define AA_KPROBE_ARGUMENT1(context) ((__u64)(context)->regs[1])
#define AA_KPROBE_ARGUMENT2(context) ((__u64)(context)->regs[2])

#define AA_UPROBE_ARGUMENT3(context)   ((__u64)(context)->regs[3])
#define AA_UPROBE_ARGUMENT4(context)   ((__u64)(context)->regs[4])
#define AA_UPROBE_RESULT(context)      ((__u64)(context)->regs[0])
#define AA_UPROBE_STACK(context)       ((__u64)(context)->sp)
#define AA_UPROBE_ENTRY_STACK(context) ((__u64)(context)->sp)

#define AA_GO_ARGUMENT0(context) ((__u64)(context)->regs[0])
#define AA_GO_ARGUMENT1(context) ((__u64)(context)->regs[1])
#define AA_GO_ARGUMENT2(context) ((__u64)(context)->regs[2])
#define AA_GO_RESULT(context)	 ((__u64)(context)->regs[0])
#define AA_GO_ROUTINE(context)	 ((__u64)(context)->regs[28])
#endif

/*
 * include/linux/errno.h: the call is restarted or interrupted inside the kernel, the program never sees
 * these.
 */
#define AA_ERRNO_RESTART_FIRST 512
#define AA_ERRNO_RESTART_LAST  516
#define AA_ERRNO_MAX	       4095

static __always_inline bool aa_call_has_failed(long result)
{
	return result < 0 && result >= -AA_ERRNO_MAX &&
	       (-result < AA_ERRNO_RESTART_FIRST || -result > AA_ERRNO_RESTART_LAST);
}

/* Neither a result nor a failure: the call goes on. */
static __always_inline bool aa_call_restarts(long result)
{
	return result <= -AA_ERRNO_RESTART_FIRST && result >= -AA_ERRNO_RESTART_LAST;
}

/*
 * Argument `index` (0 to 5) of a call as it got it: the end of a call leaves its registers alone, but for the one of the
 * result, and for execs that succeed. Of a 32-bit call the low half: the high one is not its. Best with a constant index;
 * aa_syscall_argument_at() (change.h) is for those that come from a table.
 */
static __always_inline __u64 aa_syscall_argument(struct pt_regs *regs, __u32 index, bool compat)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value),
			      (const char *)regs + aa_syscall_argument_offset(index, compat));
	return compat ? (__u32)value : value;
}

static __always_inline bool aa_syscall_is_exec(__u32 number, bool compat)
{
	if (compat)
		return number == AA_COMPAT_EXECVE || number == AA_COMPAT_EXECVEAT;
#if defined(__TARGET_ARCH_x86)
	if (number == AA_X32_EXECVE || number == AA_X32_EXECVEAT)
		return true;
#endif
	return number == AA_NATIVE_EXECVE || number == AA_NATIVE_EXECVEAT;
}

/* By number, as libbpf's header may be older than the second: 5.11 and 5.15. */
static struct task_struct *(*aa_current_task_btf)(void) = (void *)BPF_FUNC_get_current_task_btf;
static long (*aa_task_pt_regs)(struct task_struct *task) = (void *)BPF_FUNC_task_pt_regs;

/* THREAD_SIZE of 5.8 to 5.14: 16 KiB on both, a page where that is more (arm64), twice that with KASAN. */
static __always_inline __u64 aa_thread_size(void)
{
	struct task_struct *task = NULL;
	__u32 zero = 0;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);
	__u64 size = config && config->page_size > 16384 ? config->page_size : 16384;

	return bpf_core_field_exists(task->kasan_depth) ? 2 * size : size;
}

/*
 * Registers with which the current task entered the kernel: task_pt_regs(). Kernels before 5.15 have no helper
 * for it; there they end where the stack does (TOP_OF_KERNEL_STACK_PADDING of x86_64 came with FRED, 6.9).
 */
static __always_inline struct pt_regs *aa_user_registers(struct task_struct *task)
{
	__u64 end;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (struct pt_regs *)aa_task_pt_regs(aa_current_task_btf());
	end = (__u64)BPF_CORE_READ(task, stack) + aa_thread_size();
	return (struct pt_regs *)(end - bpf_core_type_size(struct pt_regs));
}

#define AA_SYSCALL_SLOTS 560u

#endif
