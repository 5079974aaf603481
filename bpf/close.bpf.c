// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The last close of a file. It is not close(2): a descriptor may have been duplicated, inherited or sent, a mapping or a
 * request of io_uring may hold the file, and a process that exits closes nothing. All ways end in __fput(), which gives
 * the memory of struct file back. (filp_close() is each close(2), and silent from 6.12 on.)
 *
 * There is no tracepoint of __fput(), but one of kmem_cache_free(). What was freed is told by its cache, the third
 * argument since 2c1d697fb8ba ("mm/slab_common: drop kmem_alloc & avoid dereferencing fields when not using", 6.1). Some
 * kernels before have the cache's name there, 3544de8ee6e4 ("mm, tracing: record slab name for kmem_cache_free()"), a
 * constant as good. 5.10 has two arguments, and the place that frees tells: file_free_rcu() alone frees files. Neither
 * value has to be known beforehand: as long as it is not, each freed address is looked up in aa_files, and the first
 * that is found there was a file. The self-test makes that happen.
 *
 * The kernel refuses to attach a program that reads more arguments than its tracepoint has (bpf_probe_register(),
 * max_tp_access), so the loader finds out which of the two it has by trying.
 */
#include "arch.h"
#include "file.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * Who closes. The current task, where files are closed and freed in one go: in __fput() itself, and since 0ede61d8589c
 * ("file: convert to SLAB_TYPESAFE_BY_RCU", 6.7) also when they are freed. Before, that happens in a softirq, on top of
 * anybody. A process that exits is in no session any more, but is known if it was the last that used the file. Returns
 * marks.
 */
AA_SUBPROGRAM __u32 aa_close_begin(struct aa_header *base, const struct aa_open_file *entry, bool by_current)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 ids = bpf_get_current_pid_tgid();
	struct aa_identity_key key = { .tgid = (__u32)(ids >> 32) };

	aa_open_last_user(base, entry);
	if (!by_current)
		return AA_FILE_BY_LAST_USER;
	key.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	if (key.start_ns != entry->start_ns || key.tgid != entry->tgid) {
		struct aa_scope *scope = bpf_map_lookup_elem(&aa_scope, &key);

		if (!scope || scope->session != entry->session)
			return AA_FILE_BY_LAST_USER;
	}
	base->start_ns = key.start_ns;
	base->tgid = key.tgid;
	base->tid = (__u32)ids;
	return 0;
}

AA_SUBPROGRAM int aa_file_closed(const struct file *file, struct aa_open_file *entry, bool by_current)
{
	__u64 key = (__u64)file;
	struct aa_header base;
	__u32 marks = aa_close_begin(&base, entry, by_current);

	aa_close_send(&base, entry, file, marks);
	bpf_map_delete_elem(&aa_files, &key);
	return 0;
}

/* True if the memory holds the file that the entry is of: at its last close, it still does. */
static __always_inline bool aa_file_is(const struct file *file, const struct aa_open_file *entry)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	return entry->node.inode != 0 && BPF_CORE_READ(inode, i_ino) == entry->node.inode;
}

/* Runs for everything that the host frees: one load and one comparison, for what is no file. */
static __always_inline int aa_memory_freed(__u64 address, __u64 sign)
{
	const struct file *file = (const struct file *)address;
	struct aa_open_file *entry;
	__u32 zero = 0;
	__u64 *known = bpf_map_lookup_elem(&aa_file_cache, &zero);

	if (!known || (*known != 0 && *known != sign))
		return 0;
	entry = aa_open_find(file);
	if (!entry)
		return 0;
	if (*known == 0 && aa_file_is(file, entry))
		*known = sign;
	return aa_file_closed(file, entry, bpf_core_field_exists(file->f_task_work));
}

SEC("raw_tp/kmem_cache_free")
int aa_close_raw(struct bpf_raw_tracepoint_args *context)
{
	return aa_memory_freed(context->args[1], context->args[2]);
}

SEC("raw_tp/kmem_cache_free")
int aa_close_site_raw(struct bpf_raw_tracepoint_args *context)
{
	return aa_memory_freed(context->args[1], context->args[0]);
}

AA_SUBPROGRAM int aa_fput_seen(const struct file *file)
{
	struct aa_open_file *entry = aa_open_find(file);

	return entry ? aa_file_closed(file, entry, true) : 0;
}

SEC("fentry/__fput")
int BPF_PROG(aa_close_fentry, struct file *file)
{
	return aa_fput_seen(file);
}

SEC("kprobe/__fput")
int aa_close_kprobe(struct pt_regs *regs)
{
	return aa_fput_seen((const struct file *)AA_KPROBE_ARGUMENT0(regs));
}
