/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A process leads a new POSIX session. */
#ifndef AA_BPF_SETSID_H
#define AA_BPF_SETSID_H

#include "scope.h"
#include "task.h"

/* The record after a setsid(2) of a thread of the process. ns_sid: what it returned, or will return. */
AA_SUBPROGRAM int aa_setsid_send(const struct aa_header *base, struct task_struct *task, __u32 ns_sid)
{
	struct aa_setsid *record = aa_reserve(base, AA_EVENT_SETSID, sizeof(*record));

	if (!record)
		return -1;
	record->sid = aa_task_signal_pid(task, AA_PIDTYPE_SID);
	record->ns_sid = ns_sid;
	aa_submit(record);
	return 0;
}

#endif
