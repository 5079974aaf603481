// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Iterators over all tasks, run by the loader: take one process as a root, or take the trees below the
 * roots.
 */
#include "family.h"
#include "image.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

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
				  .flags = AA_SCOPE_NO_IMAGE };
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

SEC("iter/task")
int aa_adopt_iter(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct aa_order *order = aa_order_now();

	if (!task || !order || order->action != AA_ORDER_ADOPT || order->result != AA_ADOPT_NOT_FOUND)
		return 0;
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

SEC("iter/task")
int aa_snap_iter(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task, *leader;
	struct aa_order *order = aa_order_now();
	struct aa_scope *scope;
	struct mm_struct *mm;
	int taken;

	if (!task || !order || aa_snap_phase_now() != AA_SNAP_ON)
		return 0;
	leader = BPF_CORE_READ(task, group_leader);
	if (BPF_CORE_READ(leader, signal, live.counter) <= 0)
		return 0;
	scope = aa_ensure_scope(leader, order->action == AA_ORDER_ALL ? AA_ANCESTORS : 1, &taken);
	if (taken)
		order->result++;
	if (!scope || order->action != AA_ORDER_ALL || !(scope->flags & AA_SCOPE_NO_IMAGE))
		return 0;
	/* A leader that has ended has neither memory nor directories: another thread of it comes by, too. */
	mm = BPF_CORE_READ(task, mm);
	if (!mm || BPF_CORE_READ(task, flags) & PF_KTHREAD || !BPF_CORE_READ(mm, arg_start))
		return 0;
	scope->flags &= ~AA_SCOPE_NO_IMAGE;
	aa_image_send(scope, task, mm);
	return 0;
}
