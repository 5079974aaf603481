// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the end of a system call tells where nothing better can be hooked: failed execs, new sessions, changed
 * credentials.
 */
#include "cred.h"
#include "failed.h"
#include "setsid.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * Numbers of the calls that matter, looked up before anything else, because this hook runs at the end of
 * every system call of the host. keyctl(2) commits credentials too, but changes only keyrings, which are not
 * recorded.
 */
#if defined(__TARGET_ARCH_x86)
static const __u8 aa_native_actions[AA_SYSCALL_SLOTS] = {
	[AA_NATIVE_EXECVE] = AA_SYSCALL_EXECVE,
	[AA_NATIVE_EXECVEAT] = AA_SYSCALL_EXECVEAT,
	[AA_X32_EXECVE] = AA_SYSCALL_EXECVE,
	[AA_X32_EXECVEAT] = AA_SYSCALL_EXECVEAT,
	[112] = AA_SYSCALL_SETSID, /* setsid */
	[105] = AA_SYSCALL_CRED,   /* setuid */
	[106] = AA_SYSCALL_CRED,   /* setgid */
	[113] = AA_SYSCALL_CRED,   /* setreuid */
	[114] = AA_SYSCALL_CRED,   /* setregid */
	[116] = AA_SYSCALL_CRED,   /* setgroups */
	[117] = AA_SYSCALL_CRED,   /* setresuid */
	[119] = AA_SYSCALL_CRED,   /* setresgid */
	[122] = AA_SYSCALL_CRED,   /* setfsuid */
	[123] = AA_SYSCALL_CRED,   /* setfsgid */
	[126] = AA_SYSCALL_CRED,   /* capset */
	[157] = AA_SYSCALL_CRED,   /* prctl */
	[272] = AA_SYSCALL_CRED,   /* unshare */
	[308] = AA_SYSCALL_CRED,   /* setns */
};
#define AA_COMPAT_UNSHARE 310
#define AA_COMPAT_SETNS	  346
#else
static const __u8 aa_native_actions[AA_SYSCALL_SLOTS] = {
	[AA_NATIVE_EXECVE] = AA_SYSCALL_EXECVE,
	[AA_NATIVE_EXECVEAT] = AA_SYSCALL_EXECVEAT,
	[157] = AA_SYSCALL_SETSID, /* setsid */
	[91] = AA_SYSCALL_CRED,	   /* capset */
	[97] = AA_SYSCALL_CRED,	   /* unshare */
	[143] = AA_SYSCALL_CRED,   /* setregid */
	[144] = AA_SYSCALL_CRED,   /* setgid */
	[145] = AA_SYSCALL_CRED,   /* setreuid */
	[146] = AA_SYSCALL_CRED,   /* setuid */
	[147] = AA_SYSCALL_CRED,   /* setresuid */
	[149] = AA_SYSCALL_CRED,   /* setresgid */
	[151] = AA_SYSCALL_CRED,   /* setfsuid */
	[152] = AA_SYSCALL_CRED,   /* setfsgid */
	[159] = AA_SYSCALL_CRED,   /* setgroups */
	[167] = AA_SYSCALL_CRED,   /* prctl */
	[268] = AA_SYSCALL_CRED,   /* setns */
};
#define AA_COMPAT_UNSHARE 337
#define AA_COMPAT_SETNS	  375
#endif

/* i386 and 32-bit ARM, which share the old numbers: 16-bit calls first, then their 32-bit forms. */
static const __u8 aa_compat_actions[AA_SYSCALL_SLOTS] = {
	[AA_COMPAT_EXECVE] = AA_SYSCALL_EXECVE,
	[AA_COMPAT_EXECVEAT] = AA_SYSCALL_EXECVEAT,
	[66] = AA_SYSCALL_SETSID,
	[23] = AA_SYSCALL_CRED,	 /* setuid */
	[46] = AA_SYSCALL_CRED,	 /* setgid */
	[70] = AA_SYSCALL_CRED,	 /* setreuid */
	[71] = AA_SYSCALL_CRED,	 /* setregid */
	[81] = AA_SYSCALL_CRED,	 /* setgroups */
	[138] = AA_SYSCALL_CRED, /* setfsuid */
	[139] = AA_SYSCALL_CRED, /* setfsgid */
	[164] = AA_SYSCALL_CRED, /* setresuid */
	[170] = AA_SYSCALL_CRED, /* setresgid */
	[172] = AA_SYSCALL_CRED, /* prctl */
	[185] = AA_SYSCALL_CRED, /* capset */
	[203] = AA_SYSCALL_CRED, /* setreuid32 */
	[204] = AA_SYSCALL_CRED, /* setregid32 */
	[206] = AA_SYSCALL_CRED, /* setgroups32 */
	[208] = AA_SYSCALL_CRED, /* setresuid32 */
	[210] = AA_SYSCALL_CRED, /* setresgid32 */
	[213] = AA_SYSCALL_CRED, /* setuid32 */
	[214] = AA_SYSCALL_CRED, /* setgid32 */
	[215] = AA_SYSCALL_CRED, /* setfsuid32 */
	[216] = AA_SYSCALL_CRED, /* setfsgid32 */
	[AA_COMPAT_UNSHARE] = AA_SYSCALL_CRED,
	[AA_COMPAT_SETNS] = AA_SYSCALL_CRED,
};

static __always_inline bool aa_action_wanted(__u32 action)
{
	__u32 zero = 0;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);

	return config && config->syscall_mask >> (action & 31) & 1;
}

/* A call that may matter has ended. */
AA_SUBPROGRAM int aa_sysexit_seen(struct pt_regs *regs, long result, __u32 number)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_scope *scope;
	struct aa_header base;
	__u64 slot = number;
	__u32 action;
	bool compat;

	AA_OPAQUE(slot);
	if (slot >= AA_SYSCALL_SLOTS)
		return 0;
	compat = aa_syscall_compat(task);
	action = compat ? aa_compat_actions[slot] : aa_native_actions[slot];
	if (action == AA_SYSCALL_NONE || !aa_action_wanted(action))
		return 0;
	if (action == AA_SYSCALL_EXECVE || action == AA_SYSCALL_EXECVEAT) {
		if (aa_exec_has_failed(result))
			aa_exec_failed_seen(regs, result, number, action == AA_SYSCALL_EXECVEAT, compat);
		return 0;
	}
	if (result < 0)
		return 0;
	scope = aa_scope_current(task);
	if (!scope)
		return 0;
	aa_begin(&base, scope, task);
	if (action == AA_SYSCALL_CRED)
		aa_cred_check(&base, scope, task, number);
	else
		aa_setsid_send(&base, task, (__u32)result);
	return 0;
}

/* Nearly every call of the host ends here. */
static __always_inline bool aa_syscall_matters(__u64 number)
{
	/* What is compared must be what is indexed: clang 19 compares a copy, and the verifier refuses the other. */
	AA_OPAQUE(number);
	return number < AA_SYSCALL_SLOTS && (aa_native_actions[number] || aa_compat_actions[number]);
}

/*
 * One hook serves all calls and both ABIs. As tp_btf it adds 70 ns to each system call of the host (117 ns
 * bare); the classic raw tracepoint adds 104.
 */
SEC("tp_btf/sys_exit")
int BPF_PROG(aa_sysexit_btf, struct pt_regs *regs, long result)
{
	__u32 number = aa_syscall_number(regs);

	return aa_syscall_matters(number) ? aa_sysexit_seen(regs, result, number) : 0;
}

SEC("raw_tp/sys_exit")
int aa_sysexit_raw(struct bpf_raw_tracepoint_args *context)
{
	struct pt_regs *regs = (struct pt_regs *)context->args[0];
	__u32 number = aa_syscall_number_read(regs);

	return aa_syscall_matters(number) ? aa_sysexit_seen(regs, (long)context->args[1], number) : 0;
}
