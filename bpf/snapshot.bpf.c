// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Take one process as a root, or take the trees below the roots. Run by the loader: iterators over all tasks, or,
 * where those cannot be had (they need the kernel's own BTF), BPF_PROG_TEST_RUN for the task behind a
 * descriptor. Of a raw tracepoint's program that runs in the recorder's own context (since 5.10), and the name
 * of no tracepoint keeps it from being attached.
 */
#include "family.h"
#include "image.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define PROC_SUPER_MAGIC 0x9fa0 /* include/uapi/linux/magic.h */

static __always_inline void aa_self_read(struct aa_self *self)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	self->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	self->tgid = (__u32)BPF_CORE_READ(task, tgid);
	self->parent_tgid = (__u32)BPF_CORE_READ(task, real_parent, tgid);
	self->uid = BPF_CORE_READ(task, real_cred, uid.val);
	self->level = BPF_CORE_READ(task, thread_pid, level);
	aa_task_comm(self->comm, BPF_CORE_READ(task, group_leader));
}

/* The order, once its first task comes by with the recorder in it: these programs run in its own context. */
static __always_inline struct aa_order *aa_order_now(void)
{
	__u32 zero = 0;
	struct aa_order *order = bpf_map_lookup_elem(&aa_order, &zero);

	if (!order)
		return NULL;
	if (!order->self.tgid)
		aa_self_read(&order->self);
	order->recorder = (__u32)(bpf_get_current_pid_tgid() >> 32);
	return order;
}

static __always_inline bool aa_is_dead(struct task_struct *task)
{
	return BPF_CORE_READ(task, exit_state) != 0 && BPF_CORE_READ(task, signal, live.counter) <= 0;
}

/* A task's pid as the recorder numbers it, 0 if it does not see it. */
static __always_inline __u32 aa_pid_seen(struct task_struct *task)
{
	struct task_struct *recorder = (struct task_struct *)bpf_get_current_task();
	struct pid *mine = BPF_CORE_READ(recorder, thread_pid), *other = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(mine, level);

	if (BPF_CORE_READ(other, level) < level ||
	    (__u64)aa_pid_namespace(mine, level) != (__u64)aa_pid_namespace(other, level))
		return 0;
	return aa_pid_number(other, level);
}

/*
 * The task of /proc/PID or /proc/PID/task/TID, NULL if the descriptor is of something else or the task has been
 * reaped: get_proc_task(). It stays for the run, an RCU read-side section.
 */
static __always_inline struct task_struct *aa_task_of_fd(__u32 fd)
{
	struct task_struct *recorder = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(recorder, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;
	struct inode *inode;
	struct proc_inode *proc;
	struct hlist_node *node = NULL;
	struct pid *pid;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), (const void *)((__u64)files + fd * sizeof(file)));
	inode = BPF_CORE_READ(file, f_inode);
	if (!inode || BPF_CORE_READ(inode, i_sb, s_magic) != PROC_SUPER_MAGIC)
		return NULL;
	proc = (struct proc_inode *)((__u64)inode - AA_OFFSET(proc_inode, vfs_inode));
	pid = BPF_CORE_READ(proc, pid);
	if (!pid)
		return NULL;
	bpf_core_read(&node, sizeof(node), &pid->tasks[AA_PIDTYPE_PID].first);
	if (!node)
		return NULL;
	return (struct task_struct *)((__u64)node - AA_OFFSET(task_struct, pid_links[AA_PIDTYPE_PID]));
}

/* A full barrier on every architecture: submitting a record exchanges its header word. */
static __always_inline void aa_barrier(void)
{
	void *nothing = bpf_ringbuf_reserve(&aa_ring_lifecycle, 8, 0);

	if (nothing)
		bpf_ringbuf_discard(nothing, BPF_RB_NO_WAKEUP);
}

/*
 * Takes a root, whose FORK record must be in the ring before anything else of it. It may end at the same
 * time: the exit hook decrements signal->live and then looks for the scope entry, we add the entry and then
 * look at live. If it is 0 and the entry is still there, the hook has not seen it or will not find it:
 * nothing was recorded, nothing will be.
 */
static __always_inline __u32 aa_adopt_task(const struct aa_order *order, struct task_struct *task)
{
	struct aa_fork_facts facts = { .child = task };
	struct aa_identity_key key = aa_key(task);
	struct aa_scope scope = { .session = order->session,
				  .slot = order->slot,
				  .flags = AA_SCOPE_NO_IMAGE | order->scope_flags };
	struct aa_header base;
	struct aa_fork *fork;
	long r;

	if (bpf_map_lookup_elem(&aa_scope, &key))
		return AA_ADOPT_TAKEN;
	aa_identify(&base, task);
	base.session = order->session;
	base.slot = order->slot;
	aa_cgroup_send(&base, task);
	base.flags = AA_FLAG_ROOT;
	aa_cred_read(&scope.cred, task);
	fork = aa_reserve(&base, AA_EVENT_FORK, sizeof(*fork));
	if (!fork)
		return AA_ADOPT_RING_FULL;
	fork->cred = scope.cred;
	aa_fork_fill(fork, &facts);
	r = aa_scope_add(&key, &scope);
	if (r != 0) {
		aa_discard(fork);
		return r == -EEXIST ? AA_ADOPT_TAKEN : AA_ADOPT_SCOPE_FULL;
	}
	aa_barrier();
	if (BPF_CORE_READ(task, signal, live.counter) <= 0 && bpf_map_delete_elem(&aa_scope, &key) == 0) {
		aa_discard(fork);
		return AA_ADOPT_DEAD;
	}
	aa_submit(fork);
	return AA_ADOPT_DONE;
}

/* Takes the task if it is the one that the order is for. */
AA_SUBPROGRAM int aa_adopt_seen(struct aa_order *order, struct task_struct *task)
{
	if (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid) || aa_pid_seen(task) != order->pid)
		return 0;
	order->start_ns = BPF_CORE_READ(task, start_boottime);
	order->tgid = (__u32)BPF_CORE_READ(task, tgid);
	if (order->tgid == order->recorder)
		order->result = AA_ADOPT_SELF;
	else if (aa_is_dead(task))
		order->result = AA_ADOPT_DEAD;
	else
		order->result = aa_adopt_task(order, task);
	return 0;
}

SEC("iter/task")
int aa_adopt_iter(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct aa_order *order = aa_order_now();

	if (!task || !order || order->action != AA_ORDER_ADOPT || order->result != AA_ADOPT_NOT_FOUND)
		return 0;
	return aa_adopt_seen(order, task);
}

SEC("raw_tp/aa_never")
int aa_adopt_run(struct bpf_raw_tracepoint_args *context)
{
	struct aa_order *order = aa_order_now();
	struct task_struct *task;

	if (!order || order->action != AA_ORDER_ADOPT)
		return 0;
	task = aa_task_of_fd(order->fd);
	return task ? aa_adopt_seen(order, task) : 0;
}

/* The EXEC record of an image that was there before us. Its arguments are out of reach from here. */
AA_SUBPROGRAM int aa_image_send(struct aa_scope *scope, struct task_struct *task, struct mm_struct *mm)
{
	struct file *file = BPF_CORE_READ(mm, exe_file);
	struct aa_header base;
	struct aa_exec *exec;
	__u32 exe_flags;

	aa_identify(&base, task);
	base.tid = base.tgid;
	base.session = scope->session;
	base.slot = scope->slot;
	aa_cgroup_send(&base, task);
	exe_flags = aa_image_paths(&base, task, file);
	base.flags = AA_FLAG_SNAPSHOT;
	exec = aa_reserve(&base, AA_EVENT_EXEC, sizeof(*exec));
	if (!exec)
		return -1;
	aa_cred_read(&exec->cred, task);
	aa_image_fill(exec, task, file, exe_flags);
	exec->argc = 0;
	exec->envc = 0;
	exec->old_tid = base.tid;
	exec->interp_flags = 0;
	aa_submit(exec);
	return 0;
}

/* Takes the process of a task if that has an ancestor in scope, and sends its image if that is missing. */
AA_SUBPROGRAM int aa_snap_seen(struct aa_order *order, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct aa_scope *scope;
	struct mm_struct *mm;
	int taken;

	if (BPF_CORE_READ(leader, signal, live.counter) <= 0)
		return 0;
	scope = aa_ensure_scope(leader, order->action == AA_ORDER_ALL ? AA_ANCESTORS : 1, &taken);
	if (taken)
		order->result++;
	if (!scope || order->action != AA_ORDER_ALL || !(scope->flags & AA_SCOPE_NO_IMAGE))
		return 0;
	/* A leader that has ended has neither memory nor directories: another thread of it comes by, too. */
	mm = BPF_CORE_READ(task, mm);
	if (!mm || BPF_CORE_READ(task, flags) & PF_KTHREAD || !BPF_CORE_READ(mm, arg_start)) {
		order->image_missing = 1;
		return 0;
	}
	scope->flags &= ~AA_SCOPE_NO_IMAGE;
	aa_image_send(scope, task, mm);
	return 0;
}

SEC("iter/task")
int aa_snap_iter(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct aa_order *order = aa_order_now();

	if (!task || !order || aa_snap_phase_now() != AA_SNAP_ON)
		return 0;
	return aa_snap_seen(order, task);
}

SEC("raw_tp/aa_never")
int aa_snap_run(struct bpf_raw_tracepoint_args *context)
{
	struct aa_order *order = aa_order_now();
	struct task_struct *task;

	if (!order || aa_snap_phase_now() != AA_SNAP_ON)
		return 0;
	task = aa_task_of_fd(order->fd);
	return task ? aa_snap_seen(order, task) : 0;
}
