// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Executable files that the recorder has not seen, and whether the process waits for it.
 *
 * Which file: the inode of the descriptor's struct file. On overlayfs that is the overlay's own inode, not the one below
 * that is mapped in the end (ovl_mmap() puts the file below into the mapping), so the same library is asked about once for
 * each overlay, and once more for its directory below. The kernel resolves either path to the same inode when a probe is attached
 * (d_real_inode() in create_local_trace_uprobe() and in bpf_uprobe_multi_link_attach()), so a probe on one fires for both, and
 * a second one fires twice at the same instruction with the same stack pointer, which the programs' table of calls takes for
 * one call. To find the inode below would take the types of a module, which a minimal BTF file does not have.
 */
#include "request.h"
#include "arch.h"
#include "file.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AA_SIGSTOP    19 /* include/uapi/asm-generic/signal.h */
#define AA_PF_EXITING 0x00000004
#define AA_S_ISUID    04000u

static __always_inline struct pid *aa_signal_pid(struct task_struct *task, __u32 type)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct pid *pid = NULL;

	bpf_core_read(&pid, sizeof(pid), &signal->pids[type]);
	return pid;
}

/* Those of util-linux that stop with their command, and have no bit that tells: runuser, script, scriptlive. */
static __always_inline bool aa_stops_with_child(struct file *exe)
{
	__u64 name = 0, runuser, script;

	__builtin_memcpy(&runuser, "runuser", 8);
	__builtin_memcpy(&script, "script\0", 8);
	bpf_probe_read_kernel_str(&name, sizeof(name), BPF_CORE_READ(exe, f_path.dentry, d_name.name));
	return name == runuser || (name & 0xffffffffffffull) == script;
}

/*
 * Parents that would not take a stopped child for what it is. A shell with job control tells its user and takes the terminal
 * back: its jobs are its children, in process groups of their own, and in its session. su(1), sudo(8), runuser(1) and script(1)
 * stop themselves when their command stops, and nobody would resume them: set-user-ID programs, or known by their names (seen:
 * script, with its command held, slept until it was killed). Children of a job have a parent in their own group, which hears
 * of it and does not look (wait(2) without WUNTRACED). A process that has begun a session of its own is no shell's job. Others
 * stop unnoticed, but for SIGCHLD in the parent, unless it asked for none (SA_NOCLDSTOP), and for calls of other threads that a
 * stop interrupts (signal(7)).
 */
static __always_inline bool aa_parent_minds(struct task_struct *task, struct task_struct *parent)
{
	struct file *exe = BPF_CORE_READ(parent, mm, exe_file);

	if (aa_signal_pid(task, AA_PIDTYPE_PGID) != aa_signal_pid(parent, AA_PIDTYPE_PGID) &&
	    aa_signal_pid(task, AA_PIDTYPE_SID) == aa_signal_pid(parent, AA_PIDTYPE_SID))
		return true;
	return exe && (BPF_CORE_READ(exe, f_inode, i_mode) & AA_S_ISUID || aa_stops_with_child(exe));
}

/*
 * Whether the current process may be stopped. Not one that is traced: the debugger would get the stop. Not one that ends.
 * bpf_send_signal() refuses what is never a user's process, and init. The recorder's own child, run's command, may be: the recorder
 * knows its own stops.
 */
AA_SUBPROGRAM int aa_may_hold(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	__u32 zero = 0, recorder;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);
	struct aa_order *order = bpf_map_lookup_elem(&aa_order, &zero);

	if (!config || !config->tls_hold || (__u32)(bpf_get_current_pid_tgid() >> 32) == 1)
		return 0;
	if (BPF_CORE_READ(task, ptrace) || BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT ||
	    BPF_CORE_READ(task, flags) & (PF_KTHREAD | PF_IO_WORKER | AA_PF_EXITING))
		return 0;
	recorder = order ? order->recorder : 0;
	if (recorder != 0 && (__u32)BPF_CORE_READ(parent, tgid) == recorder)
		return 1;
	return !aa_parent_minds(task, parent);
}

/* What is asked, but for who and which file. */
struct aa_question {
	__u64 begin;
	__u64 end;
	__u64 start_ns;
	__u64 where;
	__u32 flags;
};

AA_SUBPROGRAM int aa_request_send(const struct aa_file_key *file, const struct aa_question *question)
{
	__u64 ids = bpf_get_current_pid_tgid();
	struct aa_request *request = aa_request_reserve((__u32)(question->where >> 32) & 0xff);

	if (!request)
		return -1;
	request->time_ns = bpf_ktime_get_boot_ns();
	request->start_ns = question->start_ns;
	request->inode = file->inode;
	request->begin = question->begin;
	request->end = question->end;
	request->library = 0;
	request->device = file->device;
	request->generation = file->generation;
	request->tgid = (__u32)(ids >> 32);
	request->tid = (__u32)ids;
	request->session = (__u32)question->where;
	request->slot = (__u32)(question->where >> 32) & 0xff;
	request->flags = question->flags;
	request->reserved = 0;
	/*
	 * The signal before the request: the recorder's SIGCONT must not overtake it. That somebody sees it stopped before the
	 * request is there cannot be: all its threads have to stop, and this one does not before it leaves the kernel.
	 */
	if ((question->flags & AA_REQUEST_HELD) != 0 && bpf_send_signal(AA_SIGSTOP) != 0)
		request->flags &= ~AA_REQUEST_HELD; /* now it is late */
	bpf_ringbuf_submit(request, BPF_RB_FORCE_WAKEUP);
	return 0;
}

/*
 * Asks, and stops the process. One file stops a process once, and others only as long as the recorder looks at it: what it
 * knows is AA_TLS_SEEN_KNOWN. Until then each one asks, also if it is not stopped: the first may have ended before the recorder
 * could open its file.
 */
AA_SUBPROGRAM int aa_request_file(const struct file *file, struct aa_question *question)
{
	const struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct aa_file_key key = {
		.inode = BPF_CORE_READ(inode, i_ino),
		.device = BPF_CORE_READ(inode, i_sb, s_dev),
		.generation = BPF_CORE_READ(inode, i_generation),
	};
	__u32 *seen = bpf_map_lookup_elem(&aa_tls_seen, &key), asked = AA_TLS_SEEN_ASKED;
	__u32 known = seen ? *seen : 0;
	bool hold;

	if (known == AA_TLS_SEEN_KNOWN)
		return 0;
	hold = known != AA_TLS_SEEN_WATCHED && aa_may_hold();
	if (hold)
		question->flags |= AA_REQUEST_HELD;
	if (aa_request_send(&key, question) != 0)
		return -1;
	if (known == 0)
		bpf_map_update_elem(&aa_tls_seen, &key, &asked, BPF_NOEXIST);
	return 0;
}

/*
 * See request.h. The kernel maps whole pages. Without plaintext no library is of interest; before the recording begins, in the
 * self-test, the mode is AA_TLS_MODE_NONE.
 */
int aa_request_mapped(__u64 file, __u64 result, __u64 length, __u64 start_ns, __u64 where)
{
	__u32 zero = 0;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);
	struct aa_question question = { .begin = result, .start_ns = start_ns, .where = where };
	__u64 page;

	if (!config || config->tls == AA_TLS_MODE_METADATA)
		return 0;
	page = config->page_size ? config->page_size : 4096;
	question.end = result + ((length + page - 1) & ~(page - 1));
	return aa_request_file((const struct file *)file, &question);
}

int aa_request_executed(__u64 file, __u64 start_ns, __u64 where)
{
	__u32 zero = 0;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);
	struct aa_question question = { .start_ns = start_ns, .where = where, .flags = AA_REQUEST_EXEC };

	if (!config || config->tls != AA_TLS_MODE_ALL || !file)
		return 0;
	return aa_request_file((const struct file *)file, &question);
}
