// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What only the end of a system call tells: failed execs, new sessions, changed credentials. */
#include "arch.h"
#include "cred.h"
#include "path.h"
#include "scope.h"
#include "task.h"
#include "text.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * Numbers of the calls that matter, looked up before anything else, because this hook runs at the end of
 * every system call of the host. keyctl(2) commits credentials too, but changes only keyrings, which are not
 * recorded.
 */
#if defined(__TARGET_ARCH_x86)
static const __u8 aa_native_actions[AA_SYSCALL_SLOTS] = {
	[59] = AA_SYSCALL_EXECVE,    /* execve */
	[322] = AA_SYSCALL_EXECVEAT, /* execveat */
	[520] = AA_SYSCALL_EXECVE,   /* execve of x32 */
	[545] = AA_SYSCALL_EXECVEAT, /* execveat of x32 */
	[112] = AA_SYSCALL_SETSID,   /* setsid */
	[105] = AA_SYSCALL_CRED,     /* setuid */
	[106] = AA_SYSCALL_CRED,     /* setgid */
	[113] = AA_SYSCALL_CRED,     /* setreuid */
	[114] = AA_SYSCALL_CRED,     /* setregid */
	[116] = AA_SYSCALL_CRED,     /* setgroups */
	[117] = AA_SYSCALL_CRED,     /* setresuid */
	[119] = AA_SYSCALL_CRED,     /* setresgid */
	[122] = AA_SYSCALL_CRED,     /* setfsuid */
	[123] = AA_SYSCALL_CRED,     /* setfsgid */
	[126] = AA_SYSCALL_CRED,     /* capset */
	[157] = AA_SYSCALL_CRED,     /* prctl */
	[272] = AA_SYSCALL_CRED,     /* unshare */
	[308] = AA_SYSCALL_CRED,     /* setns */
};
#define AA_COMPAT_EXECVEAT 358
#define AA_COMPAT_UNSHARE  310
#define AA_COMPAT_SETNS	   346
#else
static const __u8 aa_native_actions[AA_SYSCALL_SLOTS] = {
	[221] = AA_SYSCALL_EXECVE,   /* execve */
	[281] = AA_SYSCALL_EXECVEAT, /* execveat */
	[157] = AA_SYSCALL_SETSID,   /* setsid */
	[91] = AA_SYSCALL_CRED,	     /* capset */
	[97] = AA_SYSCALL_CRED,	     /* unshare */
	[143] = AA_SYSCALL_CRED,     /* setregid */
	[144] = AA_SYSCALL_CRED,     /* setgid */
	[145] = AA_SYSCALL_CRED,     /* setreuid */
	[146] = AA_SYSCALL_CRED,     /* setuid */
	[147] = AA_SYSCALL_CRED,     /* setresuid */
	[149] = AA_SYSCALL_CRED,     /* setresgid */
	[151] = AA_SYSCALL_CRED,     /* setfsuid */
	[152] = AA_SYSCALL_CRED,     /* setfsgid */
	[159] = AA_SYSCALL_CRED,     /* setgroups */
	[167] = AA_SYSCALL_CRED,     /* prctl */
	[268] = AA_SYSCALL_CRED,     /* setns */
};
#define AA_COMPAT_EXECVEAT 387
#define AA_COMPAT_UNSHARE  337
#define AA_COMPAT_SETNS	   375
#endif

/* i386 and 32-bit ARM, which share the old numbers: 16-bit calls first, then their 32-bit forms. */
static const __u8 aa_compat_actions[AA_SYSCALL_SLOTS] = {
	[11] = AA_SYSCALL_EXECVE,
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

/*
 * include/linux/errno.h: the call is restarted or interrupted inside the kernel, the program never sees
 * these.
 */
#define AA_ERRNO_RESTART_FIRST 512
#define AA_ERRNO_RESTART_LAST  516
#define AA_ERRNO_MAX	       4095

struct aa_failed_exec {
	__u64 filename;
	__s32 error;
	__s32 dirfd;
	__u32 at_flags;
	__u32 syscall;
};

static __always_inline void aa_failed_exec_send(struct aa_header *base, struct task_struct *task,
						const struct aa_failed_exec *failed)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct aa_exec_failed *record;
	char first = 0;

	bpf_probe_read_user(&first, 1, (const void *)failed->filename);
	/* A pointer that the kernel could not read either (EFAULT) is the program's mistake, not our loss. */
	if (aa_text_string(base, AA_TEXT_FILENAME, failed->filename, AA_TEXT_USER) == -2 &&
	    failed->error != EFAULT)
		aa_count_loss(base->slot, AA_LOSS_UNREADABLE, AA_EVENT_TEXT);
	if (first != '/' && failed->dirfd == AT_FDCWD)
		aa_path_text(base, &fs->pwd, AA_TEXT_CWD, 0);
	record = aa_reserve(base, AA_EVENT_EXEC_FAILED, sizeof(*record));
	if (!record)
		return;
	record->error = failed->error;
	record->dirfd = failed->dirfd;
	record->at_flags = failed->at_flags;
	record->syscall = failed->syscall;
	aa_task_comm(record->comm, task);
	aa_submit(record);
}

static __always_inline void aa_setsid_send(const struct aa_header *base, struct task_struct *task,
					   long ns_sid)
{
	struct aa_setsid *record = aa_reserve(base, AA_EVENT_SETSID, sizeof(*record));

	if (!record)
		return;
	record->sid = aa_task_signal_pid(task, AA_PIDTYPE_SID);
	record->ns_sid = (__u32)ns_sid;
	aa_submit(record);
}

/*
 * The exit of a system call has its result, its arguments (registers are as at entry when it failed) and the
 * user's strings paged in, so no entry hook has to be paired. tp_btf, so that one hook serves all calls and
 * both ABIs: + 70 ns for each system call of the host (117 ns bare), against 104 for the classic raw
 * tracepoint.
 */
SEC("tp_btf/sys_exit")
int BPF_PROG(aa_sysexit_btf, struct pt_regs *regs, long result)
{
	__u64 number = aa_syscall_number(regs);
	struct aa_failed_exec failed = { .error = (__s32)-result,
					 .dirfd = AT_FDCWD,
					 .syscall = (__u32)number };
	struct task_struct *task;
	struct aa_header base;
	struct aa_scope *scope;
	__u32 action;
	bool compat;

	/* What is compared must be what is indexed: clang 19 compares a copy, and the verifier refuses the other. */
	asm volatile("" : "+r"(number));
	if (number >= AA_SYSCALL_SLOTS || (!aa_native_actions[number] && !aa_compat_actions[number]))
		return 0; /* nearly every call of the host ends here */
	task = (struct task_struct *)bpf_get_current_task();
	compat = aa_syscall_compat(task);
	action = compat ? aa_compat_actions[number] : aa_native_actions[number];
	if (action == AA_SYSCALL_NONE)
		return 0;
	if (action == AA_SYSCALL_EXECVE || action == AA_SYSCALL_EXECVEAT) {
		if (result >= 0 || result < -AA_ERRNO_MAX ||
		    (-result >= AA_ERRNO_RESTART_FIRST && -result <= AA_ERRNO_RESTART_LAST))
			return 0;
	} else if (result < 0) {
		return 0;
	}
	scope = aa_scope_current(task);
	if (!scope)
		return 0;
	aa_identify(&base, task);
	base.session = scope->session;
	base.slot = scope->slot;
	if (action == AA_SYSCALL_CRED) {
		aa_cred_check(&base, scope, task, number);
		return 0;
	}
	if (action == AA_SYSCALL_SETSID) {
		aa_setsid_send(&base, task, result);
		return 0;
	}
	if (compat)
		base.flags = AA_FLAG_COMPAT;
	if (action == AA_SYSCALL_EXECVEAT) {
		failed.dirfd = (__s32)aa_syscall_argument0(regs, compat);
		failed.filename = aa_syscall_argument1(regs, compat);
		failed.at_flags = (__u32)aa_syscall_argument4(regs, compat);
	} else {
		failed.filename = aa_syscall_argument0(regs, compat);
	}
	aa_failed_exec_send(&base, task, &failed);
	return 0;
}
