// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Failed execs by the functions of the calls themselves, so that no other system call pays. execve(2) and
 * execveat(2) have no other way in: io_uring has no exec, and the kernel's own (call_usermodehelper()) are in
 * no session. x32 calls end in the functions of the 64-bit ones; 32-bit calls have their own (the table
 * says compat_sys_execve for both architectures), where the kernel was built with them.
 *
 * Their one argument, the registers, is not taken from the context: the BTF of some 5.10 kernels has it as a
 * declaration only ("func '__x64_sys_execveat' arg0 type FWD is not a struct").
 */
#include "failed.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

AA_SUBPROGRAM int aa_execve_ended(long result, bool at, bool compat)
{
	struct pt_regs *regs;

	if (!aa_call_has_failed(result))
		return 0;
	regs = aa_user_registers((struct task_struct *)bpf_get_current_task());
	aa_exec_failed_seen(regs, result, aa_syscall_number_read(regs), at, compat);
	return 0;
}

SEC("fexit/" AA_SYSCALL_FUNCTION(execve))
int BPF_PROG(aa_execve_fexit, const void *unused, long result)
{
	return aa_execve_ended(result, false, false);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(execveat))
int BPF_PROG(aa_execveat_fexit, const void *unused, long result)
{
	return aa_execve_ended(result, true, false);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_COMPAT(execve))
int BPF_PROG(aa_execve32_fexit, const void *unused, long result)
{
	return aa_execve_ended(result, false, true);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_COMPAT(execveat))
int BPF_PROG(aa_execveat32_fexit, const void *unused, long result)
{
	return aa_execve_ended(result, true, true);
}
