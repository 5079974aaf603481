// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A process starts a program. */
#include "args.h"
#include "image.h"
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
 * sched_process_exec fires when an exec can no longer fail: the new image is in place, the credentials are
 * committed, a calling thread that was not the leader has become it. bprm->file is the final binary
 * (mm->exe_file), filename what was asked for, interp the last interpreter; executable and interpreter are
 * NULL by then. The same on 5.10 to 7.3. The pages of the arguments were just written, so that reading them
 * does not fault in practice.
 */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(aa_exec_btf, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct aa_scope *scope = aa_scope_current(task);
	struct file *file;
	struct aa_header base;
	struct aa_exec *exec;
	struct aa_cred cred;
	__u32 exe_flags;

	if (!scope)
		return 0;
	scope->flags &= ~AA_SCOPE_NO_IMAGE;
	aa_identify(&base, task);
	base.session = scope->session;
	base.slot = scope->slot;
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
	exec = aa_reserve(&base, AA_EVENT_EXEC, sizeof(*exec));
	if (!exec)
		return 0;
	exec->cred = cred;
	aa_image_fill(exec, task, file, exe_flags);
	exec->argc = (__u32)BPF_CORE_READ(bprm, argc);
	exec->envc = (__u32)BPF_CORE_READ(bprm, envc);
	exec->old_tid = (__u32)old_pid;
	exec->interp_flags = BPF_CORE_READ(bprm, interp_flags);
	aa_submit(exec);
	return 0;
}
