/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An execve(2) or execveat(2) that returned an error. */
#ifndef AA_BPF_FAILED_H
#define AA_BPF_FAILED_H

#include "arch.h"
#include "path.h"
#include "scope.h"
#include "task.h"
#include "text.h"

struct aa_failed_exec {
	__u64 filename;
	__s32 error;
	__s32 dirfd;
	__u32 at_flags;
	__u32 syscall;
};

AA_SUBPROGRAM int aa_failed_exec_send(struct aa_header *base, struct task_struct *task,
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
		return -1;
	record->error = failed->error;
	record->dirfd = failed->dirfd;
	record->at_flags = failed->at_flags;
	record->syscall = failed->syscall;
	aa_task_comm(record->comm, task);
	aa_submit(record);
	return 0;
}

/*
 * At the end of the call, when its registers are as at entry (it has failed) and the user's strings are paged
 * in, so that no entry hook has to be paired.
 */
AA_SUBPROGRAM int aa_exec_failed_seen(struct pt_regs *regs, long result, __u32 number, bool at, bool compat)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct aa_failed_exec failed = { .error = (__s32)-result, .dirfd = AT_FDCWD, .syscall = number };
	struct aa_scope *scope = aa_scope_current(task);
	struct aa_header base;

	if (!scope)
		return 0;
	aa_begin(&base, scope, task);
	/* The note of this thread (exec.bpf.c) is for nobody. */
	if (scope->exec_tid == base.tid)
		scope->exec_tid = 0;
	if (compat)
		base.flags = AA_FLAG_COMPAT;
	if (at) {
		failed.dirfd = (__s32)aa_syscall_argument(regs, 0, compat);
		failed.filename = aa_syscall_argument(regs, 1, compat);
		failed.at_flags = (__u32)aa_syscall_argument(regs, 4, compat);
	} else {
		failed.filename = aa_syscall_argument(regs, 0, compat);
	}
	return aa_failed_exec_send(&base, task, &failed);
}

#endif
