// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the end of a system call tells where nothing better can be hooked: failed execs, new sessions, changed
 * credentials, and what is done to files.
 *
 * At the end everything is at hand: the arguments in the registers, the result, the file that a descriptor stands for,
 * and the program's strings, paged in by the call itself (at its beginning they might fault).
 *
 * Every call of every ABI comes by here: syscall_exit_work(), or syscall_trace_exit() of arm64, fires the tracepoint for
 * each task while anything is attached to it, also for a call that was refused by seccomp(2), one that began before the
 * attach, and one whose task is about to be killed. Only what never returns does not: exit, and the call that a fatal
 * fault ends. What is not a system call is not seen: io_uring has hooks of its own (uring.bpf.c), and so has the last close
 * of a file (close.bpf.c). Where the directory of a name is walked, a call of another thread may have come between: the
 * names are what the program asked for (source 'user'), not what the kernel found.
 */
#include "change.h"
#include "cred.h"
#include "failed.h"
#include "numbers.h"
#include "open.h"
#include "setsid.h"
#include "socket.h"
#include "tls.h"
#include "transfer.h"
#include "vfs.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * What of a call with this action is wanted, AA_CALL_FILES and so on; for most actions it is all or nothing, and any bit will
 * do. asked: it is seen by functions of the kernel, so that it is wanted is sure, but where they serve more than one capability.
 */
static __always_inline __u32 aa_action_wanted(__u32 action, bool asked)
{
	__u32 zero = 0, mask, wanted;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);

	if (!config)
		return 0;
	mask = asked ? config->syscall_mask >> AA_SYSCALL_ASKED : config->syscall_mask;
	wanted = mask >> (action & 31) & 1 ? AA_CALL_FILES : 0;
	if (action == AA_SYSCALL_TRANSFER || action == AA_SYSCALL_SOCKET)
		return wanted | (mask & AA_SYSCALL_MASK(SOCKET) ? AA_CALL_SOCKETS : 0);
	if (asked)
		return AA_CALL_FILES;
	if (action == AA_SYSCALL_MMAP)
		return wanted | (mask & AA_SYSCALL_MASK(MAPPING) ? AA_CALL_MAPPING : 0);
	return wanted;
}

/* Credentials and sessions: what they are now, whatever the call was. */
AA_SUBPROGRAM int aa_process_call_ended(long result, __u32 action, __u32 number)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_scope *scope;
	struct aa_header base;

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

/*
 * A call on a socket, file: 0 if its arguments name it. A connection that begins anew does so from here: elsewhere there is
 * no room on the stack for it.
 */
AA_SUBPROGRAM int aa_socket_ended(__u64 file, long result, __u32 wanted)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 object;

	/* A connect that goes on in the background has begun. */
	if (result < 0 && result != -AA_EINPROGRESS)
		return 0;
	object = aa_socket_seen(file, (__u64)result, wanted);
	if (object &&
	    aa_tls_connection_renew(object, BPF_CORE_READ(task, group_leader, start_boottime),
				    bpf_get_current_pid_tgid() >> 32 | bpf_get_current_pid_tgid() << 32) == 0)
		aa_socket_seen(file, (__u64)result, wanted);
	return 0;
}

/*
 * The call with this number if it has to be looked at, with AA_CALL_COMPAT if it is a 32-bit one, and what is wanted of it; 0
 * if not. Who is in no session is found out first: that is nearly everybody. A function, so that what it needs of the stack
 * is given back.
 */
AA_SUBPROGRAM __u32 aa_call_wanted(__u32 number, bool asked)
{
	__u64 slot = number;
	__u32 call, wanted;
	bool compat;

	AA_OPAQUE(slot);
	if (slot >= AA_SYSCALL_SLOTS || !aa_scope_maybe((__u32)(bpf_get_current_pid_tgid() >> 32)))
		return 0;
	compat = aa_syscall_compat((struct task_struct *)bpf_get_current_task());
	call = compat ? aa_compat_calls[slot] : aa_native_calls[slot];
	if (call == AA_CALL_NONE)
		return 0;
	wanted = aa_action_wanted(aa_call_action(call), asked);
	if (!wanted)
		return 0;
	return call | wanted | (compat ? AA_CALL_COMPAT : 0);
}

/*
 * A call that may matter has ended. Inline, because eight functions may be on the stack at most: a transfer that meets a
 * file whose path it sends has the other seven.
 */
static __always_inline int aa_call_seen(struct pt_regs *regs, long result, __u32 number, bool asked)
{
	__u32 wanted = aa_call_wanted(number, asked);
	__u32 call = wanted & AA_CALL_NUMBER, action;
	bool compat = wanted & AA_CALL_COMPAT;
	__u64 socket;

	if (call == AA_CALL_NONE)
		return 0;
	action = aa_call_action(call);
	switch (action) {
	case AA_SYSCALL_TRANSFER:
		socket = aa_transfer_ended(regs, result, wanted);
		return socket ? aa_socket_ended(socket, result, wanted) : 0;
	case AA_SYSCALL_SOCKET:
		return aa_socket_ended(0, result, wanted);
	case AA_SYSCALL_OPEN:
		return aa_open_ended(regs, result, call, compat);
	case AA_SYSCALL_MMAP:
		return aa_mmap_ended(regs, result, call, compat, wanted);
	case AA_SYSCALL_NAMES:
	case AA_SYSCALL_ATTRIBUTES:
	case AA_SYSCALL_PLACE:
		return aa_change_ended(regs, result, call, compat);
	case AA_SYSCALL_EXECVE:
	case AA_SYSCALL_EXECVEAT:
		if (aa_call_has_failed(result))
			aa_exec_failed_seen(regs, result, number, action == AA_SYSCALL_EXECVEAT, compat);
		return 0;
	default:
		return aa_process_call_ended(result, action, number);
	}
}

static __always_inline int aa_sysexit_seen(struct pt_regs *regs, long result, __u32 number)
{
	return aa_call_seen(regs, result, number, false);
}

/* Nearly every call of the host ends here. */
static __always_inline bool aa_syscall_matters(__u64 number)
{
	/* What is compared must be what is indexed: clang 19 compares a copy, and the verifier refuses the other. */
	AA_OPAQUE(number);
	return number < AA_SYSCALL_SLOTS && (aa_native_calls[number] || aa_compat_calls[number]);
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

/* /sys/kernel/tracing/events/raw_syscalls/sys_exit/format: the same on 5.10 to 7.2 */
struct aa_sysexit_context {
	__u64 common;
	long id;
	long result;
};

/*
 * Where eBPF programs may be preempted (7.2), the other two lose what happens while one of them is set aside: 28 to 31 %
 * under three concurrent writers; this one was exact there. It has the number and the result only: the registers are
 * those with which the task entered the kernel.
 */
SEC("tp/raw_syscalls/sys_exit")
int aa_sysexit_tp(struct aa_sysexit_context *context)
{
	__u32 number = aa_syscall_number_mask((__u32)context->id);
	struct pt_regs *regs;

	if (!aa_syscall_matters(number))
		return 0;
	regs = aa_user_registers((struct task_struct *)bpf_get_current_task());
	return aa_sysexit_seen(regs, context->result, number);
}

/* A call on files has ended, but for its way out of the kernel: see vfs.h, whose hooks call this helper for it. */
SEC("fentry/bpf_get_numa_node_id")
int BPF_PROG(aa_vfs_fentry, __u64 value)
{
	struct pt_regs *regs;

	if (value >> 32 != AA_VFS_MARK)
		return 0;
	regs = aa_user_registers((struct task_struct *)bpf_get_current_task());
	aa_call_seen(regs, (int)value, aa_syscall_number_read(regs), true);
	return 0; /* fentry programs may return nothing else, and 6.12 looks */
}
