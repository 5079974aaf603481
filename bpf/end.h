/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The end of a thread group: what it used, how it ended, who gets its children. */
#ifndef AA_BPF_END_H
#define AA_BPF_END_H

#include "family.h"

#define AA_THREADS_SUMMED 256 /* threads of a dying group whose times are added one by one */
#define AA_REAPER_LEVELS  64
#define AA_CHILDREN_TAKEN 128

struct aa_usage {
	__u64 utime;
	__u64 stime;
	__u64 runtime;
	__u64 children; /* not 0: some thread has children */
};

static __always_inline void aa_usage_add(struct aa_usage *usage, __u64 address)
{
	struct task_struct *task = (struct task_struct *)address;

	usage->utime += BPF_CORE_READ(task, utime);
	usage->stime += BPF_CORE_READ(task, stime);
	usage->runtime += BPF_CORE_READ(task, se.sum_exec_runtime);
	usage->children |=
		(__u64)BPF_CORE_READ(task, children.next) ^ (address + AA_OFFSET(task_struct, children));
}

/*
 * Threads that were released have added their times to signal_struct; the others (the leader, those that die
 * with us) are still in its list.
 */
AA_SUBPROGRAM int aa_usage_sum(struct aa_usage *usage, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	__u64 head = (__u64)signal + AA_OFFSET(signal_struct, thread_head), at = 0;

	usage->utime = BPF_CORE_READ(signal, utime);
	usage->stime = BPF_CORE_READ(signal, stime);
	usage->runtime = BPF_CORE_READ(signal, sum_sched_runtime);
	usage->children = 0;
	bpf_probe_read_kernel(&at, sizeof(at), (const void *)head);
	for (__u32 i = 0; i < AA_THREADS_SUMMED; i++) {
		if (at == head || !at)
			break;
		aa_usage_add(usage, at - AA_OFFSET(task_struct, thread_node));
		bpf_probe_read_kernel(&at, sizeof(at), (const void *)at);
	}
	return 0;
}

static __always_inline bool aa_is_subreaper(struct signal_struct *signal)
{
	return BPF_CORE_READ_BITFIELD_PROBED(signal, is_child_subreaper);
}

/*
 * Whom find_new_reaper() in kernel/exit.c will choose: the nearest living ancestor in the same pid namespace
 * that is a child subreaper, else the namespace's init. 0 if that is the process itself: its children die
 * with it.
 */
AA_SUBPROGRAM __u64 aa_reaper(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct pid_namespace *ns = aa_pid_namespace(pid, level);
	struct task_struct *init = BPF_CORE_READ(ns, child_reaper, group_leader);
	__u64 at = (__u64)BPF_CORE_READ(task, real_parent);

	if (BPF_CORE_READ_BITFIELD_PROBED(signal, has_child_subreaper)) {
		for (__u32 i = 0; i < AA_REAPER_LEVELS; i++) {
			struct task_struct *ancestor = (struct task_struct *)at;

			if (!BPF_CORE_READ(ancestor, tgid) ||
			    BPF_CORE_READ(ancestor, thread_pid, level) != level)
				break;
			signal = BPF_CORE_READ(ancestor, signal);
			if (aa_is_subreaper(signal) && BPF_CORE_READ(signal, live.counter) > 0)
				return (__u64)BPF_CORE_READ(ancestor, group_leader);
			at = (__u64)BPF_CORE_READ(ancestor, real_parent);
		}
	}
	return BPF_CORE_READ(init, tgid) == BPF_CORE_READ(task, tgid) ? 0 : (__u64)init;
}

static __always_inline __u64 aa_page_size(void)
{
	__u32 zero = 0;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);

	return config ? config->page_size : 0;
}

static __always_inline __s32 aa_wait_status(struct task_struct *task, struct signal_struct *signal)
{
	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

AA_SUBPROGRAM int aa_end_send(const struct aa_header *base, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	__u64 page_size = aa_page_size();
	struct task_struct *reaper = NULL;
	struct aa_usage usage;
	struct aa_exit *end;

	aa_usage_sum(&usage, task);
	if (usage.children)
		reaper = (struct task_struct *)aa_reaper(task);
	end = aa_reserve(base, AA_EVENT_EXIT, sizeof(*end));
	if (!end)
		return -1;
	end->utime_ns = usage.utime;
	end->stime_ns = usage.stime;
	end->runtime_ns = usage.runtime;
	end->max_rss_bytes = BPF_CORE_READ(signal, maxrss) * page_size;
	end->reaper_start_ns = BPF_CORE_READ(reaper, start_boottime);
	end->reaper_tgid = (__u32)BPF_CORE_READ(reaper, tgid);
	end->status = aa_wait_status(task, signal);
	aa_task_comm(end->comm, BPF_CORE_READ(task, group_leader));
	aa_submit(end);
	return 0;
}

/*
 * While a snapshot is under way: takes the children of a thread that ends, because exit_notify(), which
 * comes after this hook, gives them to somebody else and then nothing shows whose they were. A child that is
 * reaped meanwhile is unlinked and points to itself: begin again. Returns 1 if there were more than can be
 * looked at.
 */
AA_SUBPROGRAM int aa_take_children(struct task_struct *task)
{
	__u64 head = (__u64)task + AA_OFFSET(task_struct, children), at = 0, next = 0;

	bpf_probe_read_kernel(&at, sizeof(at), (const void *)head);
	for (__u32 i = 0; i < AA_CHILDREN_TAKEN; i++) {
		struct task_struct *child;

		if (at == head || !at)
			return 0;
		bpf_probe_read_kernel(&next, sizeof(next), (const void *)at);
		if (next == at) {
			bpf_probe_read_kernel(&at, sizeof(at), (const void *)head);
			continue;
		}
		child = (struct task_struct *)(at - AA_OFFSET(task_struct, sibling));
		if (BPF_CORE_READ(child, signal, live.counter) > 0)
			aa_ensure((__u64)child, 1);
		at = next;
	}
	return 1;
}

#endif
