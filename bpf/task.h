/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Facts about a task that several records carry. */
#ifndef AA_BPF_TASK_H
#define AA_BPF_TASK_H

#include "cgroup.h"
#include "cred.h"
#include "emit.h"

/* A pid's number at a level: 0 is the initial namespace. */
static __always_inline __u32 aa_pid_number(struct pid *pid, __u32 level)
{
	int number = 0;

	bpf_core_read(&number, sizeof(number), &pid->numbers[level].nr);
	return (__u32)number;
}

static __always_inline struct pid_namespace *aa_pid_namespace(struct pid *pid, __u32 level)
{
	struct pid_namespace *ns = NULL;

	bpf_core_read(&ns, sizeof(ns), &pid->numbers[level].ns);
	return ns;
}

/* As the process itself sees its pid. */
static __always_inline __u32 aa_task_ns_pid(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);

	return aa_pid_number(pid, BPF_CORE_READ(pid, level));
}

static __always_inline __u32 aa_task_signal_pid(struct task_struct *task, __u32 type)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct pid *pid = NULL;

	bpf_core_read(&pid, sizeof(pid), &signal->pids[type]);
	return aa_pid_number(pid, 0);
}

static __always_inline void aa_task_namespaces(struct aa_namespaces *ns, struct task_struct *task)
{
	struct nsproxy *proxy = BPF_CORE_READ(task, nsproxy);
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct pid_namespace *pid_ns = aa_pid_namespace(pid, BPF_CORE_READ(pid, level));

	ns->pid = BPF_CORE_READ(pid_ns, ns.inum);
	ns->mnt = BPF_CORE_READ(proxy, mnt_ns, ns.inum);
	ns->net = BPF_CORE_READ(proxy, net_ns, ns.inum);
	ns->uts = BPF_CORE_READ(proxy, uts_ns, ns.inum);
}

/* Device number of the controlling terminal, tty_devnum() in drivers/tty. 0: none. */
static __always_inline __u32 aa_task_tty(struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	struct tty_driver *driver;

	if (!tty)
		return 0;
	driver = BPF_CORE_READ(tty, driver);
	return ((__u32)BPF_CORE_READ(driver, major) << MINORBITS |
		(__u32)BPF_CORE_READ(driver, minor_start)) +
	       (__u32)BPF_CORE_READ(tty, index);
}

/* The whole array: the kernel ends it with a NUL. */
static __always_inline void aa_task_comm(char *comm, struct task_struct *task)
{
	bpf_core_read(comm, AA_COMM_SIZE, &task->comm);
}

/*
 * Sends the FORK record of a process. creator is NULL when nobody saw the fork. cred is the new process's,
 * already read, because the scope entry holds it too.
 */
struct aa_fork_facts {
	struct task_struct *child;
	struct task_struct *creator;
	__u64 clone_flags;
};

AA_SUBPROGRAM int aa_fork_fill(struct aa_fork *fork, const struct aa_fork_facts *facts)
{
	struct task_struct *child = facts->child, *creator = facts->creator;
	struct task_struct *parent = BPF_CORE_READ(child, real_parent, group_leader);
	struct pid *pid = BPF_CORE_READ(child, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);

	aa_task_namespaces(&fork->ns, child);
	fork->clone_flags = facts->clone_flags;
	fork->parent_start_ns = BPF_CORE_READ(parent, start_boottime);
	fork->parent_tgid = (__u32)BPF_CORE_READ(parent, tgid);
	fork->creator_start_ns = creator ? BPF_CORE_READ(creator, group_leader, start_boottime) : 0;
	fork->creator_tgid = creator ? (__u32)BPF_CORE_READ(creator, tgid) : 0;
	fork->creator_tid = creator ? (__u32)BPF_CORE_READ(creator, pid) : 0;
	fork->cgroup_id = aa_cgroup_id(child);
	fork->ns_pid = aa_pid_number(pid, level);
	fork->ns_level = level;
	fork->exit_signal = (__u32)BPF_CORE_READ(child, exit_signal);
	fork->sid = aa_task_signal_pid(child, AA_PIDTYPE_SID);
	fork->pgid = aa_task_signal_pid(child, AA_PIDTYPE_PGID);
	aa_task_comm(fork->comm, child);
	return 0;
}

#endif
