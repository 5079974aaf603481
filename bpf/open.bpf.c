// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Entries of open files. Global functions: verified once in each program, however many hooks use them. */
#include "open.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* See open.h. */
int aa_open_enter_packed(__u64 file_address, __u64 open, __u64 start_ns, __u64 ids, __u64 where)
{
	const struct file *file = (const struct file *)file_address;
	struct aa_open_file entry = {
		.open = open,
		.start_ns = start_ns,
		.tgid = (__u32)ids,
		.tid = (__u32)(ids >> 32),
		.session = (__u32)where,
		.slot = (__u32)(where >> 32) & 0xff,
		.sent_ns = bpf_ktime_get_boot_ns(),
	};

	aa_node_read(&entry.node, BPF_CORE_READ(file, f_inode));
	return (int)bpf_map_update_elem(&aa_files, &file_address, &entry, BPF_NOEXIST);
}

/* See open.h. */
int aa_open_meet_packed(__u64 file_address, __u64 start_ns, __u64 ids, __u64 where)
{
	struct aa_header base = aa_unpack(bpf_ktime_get_boot_ns(), start_ns, ids, where);
	struct file *file = (struct file *)file_address;
	struct aa_open_call call = { .file = file,
				     .fd = -1,
				     .marks = AA_FILE_INHERITED };
	struct aa_node node;
	__u64 open;
	long r;

	aa_node_read(&node, BPF_CORE_READ(file, f_inode));
	if (!aa_node_counts(&node))
		return 0;
	open = aa_open_id_new();
	r = aa_open_enter(&base, file, open);
	if (r == -EEXIST) /* another thread was faster */
		return 0;
	if (r != 0) {
		/* Without an entry each use would come here again. Its record would, too: so it is only counted. */
		aa_count_loss(base.slot, AA_LOSS_FILES_FULL, AA_EVENT_OPEN);
		return 0;
	}
	if (aa_open_left_out(&call, BPF_CORE_READ(file, f_mode))) {
		aa_open_exclude(&base, file);
		return 0;
	}
	return aa_open_file_send(&base, &call, open, r);
}
