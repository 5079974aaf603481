// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A process starts a program. */
#include "arch.h"
#include "args.h"
#include "image.h"
#include "request.h"
#include "scope.h"
#include "text.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline void aa_exec_texts(const struct aa_header *base, struct linux_binprm *bprm,
					  struct mm_struct *mm)
{
	__u32 zero = 0;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);
	__u64 filename = (__u64)BPF_CORE_READ(bprm, filename), interp = (__u64)BPF_CORE_READ(bprm, interp);

	aa_args_send(base, AA_TEXT_ARGS, BPF_CORE_READ(mm, arg_start), BPF_CORE_READ(mm, arg_end));
	if (config && config->capture_env)
		aa_args_send(base, AA_TEXT_ENV, BPF_CORE_READ(mm, env_start), BPF_CORE_READ(mm, env_end));
	aa_text_string(base, AA_TEXT_FILENAME, filename, 0);
	if (interp != filename)
		aa_text_string(base, AA_TEXT_INTERP, interp, 0);
}

/*
 * Runs in the task that has become the new program: the image is in place, the credentials are committed, a
 * calling thread that was not the leader has become it. bprm->file is the final binary (mm->exe_file),
 * filename what was asked for, interp the last interpreter; executable and interpreter are NULL by then. The
 * same on 5.10 to 7.3. The pages of the arguments were just written, so that reading them does not fault in
 * practice. old_tid: the thread that called exec; 0: it is in the note (aa_exec_note()).
 */
AA_SUBPROGRAM int aa_exec_seen(struct linux_binprm *bprm, __u32 old_tid)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_scope *scope = aa_scope_current(task);
	struct file *file;
	struct aa_header base;
	struct aa_exec *exec;
	struct aa_cred cred;
	__u32 exe_flags;

	if (!scope)
		return 0;
	scope->flags &= ~(AA_SCOPE_NO_IMAGE | AA_SCOPE_COMMAND);
	if (!old_tid)
		old_tid = scope->exec_tid;
	scope->exec_tid = 0;
	aa_begin(&base, scope, task);
	scope->exec_ns = base.time_ns;
	file = BPF_CORE_READ(bprm, file);
	aa_exec_texts(&base, bprm, BPF_CORE_READ(task, mm));
	exe_flags = aa_image_paths(&base, task, file);
	aa_cgroup_send(&base, task);
	aa_cred_read(&cred, task);
	if (!aa_cred_same_privilege(&cred, &scope->cred))
		base.flags |= AA_FLAG_CRED_CHANGED;
	if (BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec))
		base.flags |= AA_FLAG_SECURE;
	scope->cred = cred;
	/* Its interpreter is mapped without mmap(2), and is the dynamic linker, or nothing that speaks TLS. */
	aa_request_executed((__u64)file, base.start_ns, aa_pack_where(&base, 0, 0));
	exec = aa_reserve(&base, AA_EVENT_EXEC, sizeof(*exec));
	if (!exec)
		return 0;
	exec->cred = cred;
	aa_image_fill(exec, task, file, exe_flags);
	exec->argc = (__u32)BPF_CORE_READ(bprm, argc);
	exec->envc = (__u32)BPF_CORE_READ(bprm, envc);
	exec->old_tid = old_tid;
	exec->interp_flags = BPF_CORE_READ(bprm, interp_flags);
	aa_submit(exec);
	return 0;
}

/* sched_process_exec fires in exec_binprm(), its only place, when an exec can no longer fail. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(aa_exec_btf, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	return aa_exec_seen(bprm, (__u32)old_pid);
}

SEC("raw_tp/sched_process_exec")
int aa_exec_raw(struct bpf_raw_tracepoint_args *context)
{
	return aa_exec_seen((struct linux_binprm *)context->args[2], (__u32)context->args[1]);
}

/*
 * finalize_exec() is the last call of load_elf_binary() before START_THREAD(), and likewise of the other formats
 * that start a program (binfmt_flat, binfmt_elf_fdpic); scripts and binfmt_misc end in one of these. What
 * comes after it cannot fail, and create_elf_tables() has put the arguments in place (5.10 to 7.2).
 */
SEC("fentry/finalize_exec")
int BPF_PROG(aa_exec_fentry, struct linux_binprm *bprm)
{
	return aa_exec_seen(bprm, 0);
}

SEC("kprobe/finalize_exec")
int aa_exec_kprobe(struct pt_regs *context)
{
	return aa_exec_seen((struct linux_binprm *)AA_KPROBE_ARGUMENT0(context), 0);
}

/*
 * Which thread calls exec: by the time of finalize_exec() it has the leader's id. bprm_check_security is asked
 * for every file that an exec looks at (so also for a script and then for its interpreter), before
 * de_thread(), and under cred_guard_mutex, which is held until the exec has ended: no other thread of the
 * process can come between the note and its use. A failed exec leaves its note behind, see
 * aa_failed_exec_send(); the next one overwrites it.
 */
AA_SUBPROGRAM int aa_exec_note(void)
{
	struct aa_scope *scope = aa_scope_current((struct task_struct *)bpf_get_current_task());

	if (scope)
		scope->exec_tid = (__u32)bpf_get_current_pid_tgid();
	return 0;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(aa_note_lsm)
{
	aa_exec_note();
	return 0;
}

SEC("fentry/security_bprm_check")
int BPF_PROG(aa_note_fentry)
{
	return aa_exec_note();
}

SEC("kprobe/security_bprm_check")
int aa_note_kprobe(struct pt_regs *context)
{
	return aa_exec_note();
}
