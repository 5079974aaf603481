// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Entries of open files. Global functions: verified once in each program, however many hooks use them. */
#include "open.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* See open.h. Not inline, for the sake of the stack. */
__attribute__((noinline)) int aa_open_enter_packed(__u64 file_address, __u64 open, __u64 start_ns, __u64 ids,
						   __u64 where)
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
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	entry.inode = (__u32)(__u64)inode;
	aa_node_read(&entry.node, inode);
	return (int)bpf_map_update_elem(&aa_files, &file_address, &entry, BPF_NOEXIST);
}

/* True if a file that is met is to be recorded; if it is not to be, that is noted. */
AA_SUBPROGRAM int aa_open_met_counts(struct file *file)
{
	struct aa_node node;

	aa_node_read(&node, BPF_CORE_READ(file, f_inode));
	return aa_node_counts(&node);
}

AA_SUBPROGRAM int aa_open_met_left_out(struct file *file, __u64 where)
{
	struct aa_open_call call = { .file = file };
	struct aa_header base = aa_unpack(0, 0, 0, where);

	if (!aa_open_left_out(&call))
		return 0;
	aa_open_exclude(&base, file);
	return 1;
}

AA_SUBPROGRAM int aa_open_met_send(struct file *file, __u64 time_ns, __u64 start_ns, __u64 ids, __u64 where)
{
	struct aa_header base = aa_unpack(time_ns, start_ns, ids, where);
	struct aa_open_call call = { .file = file, .fd = -1, .marks = AA_FILE_INHERITED };
	struct aa_file_open *record = aa_reserve(&base, AA_EVENT_OPEN, sizeof(*record));

	if (!record)
		return -1;
	aa_node_read(&record->node, BPF_CORE_READ(file, f_inode));
	record->open = aa_open_id(file);
	aa_open_fill(record, &call);
	record->open_flags = BPF_CORE_READ(file, f_flags);
	aa_submit(record);
	return 0;
}

/*
 * See open.h. What needs the stack is in functions that have given it back when the path is walked: before 6.13 there are
 * 512 bytes for all, and this is called from where a hundred and more are taken.
 */
int aa_open_meet_packed(__u64 file_address, __u64 start_ns, __u64 ids, __u64 where)
{
	struct file *file = (struct file *)file_address;
	__u64 time_ns = bpf_ktime_get_boot_ns();
	int r;

	if (!aa_open_met_counts(file))
		return 0;
	r = aa_open_enter_packed(file_address, aa_open_id_new(), start_ns, ids, where);
	if (r == -EEXIST) /* another thread was faster */
		return 0;
	if (r != 0) {
		/*
		 * Without an entry each use comes here again, and a record of the file would come as often: so the
		 * uses are counted, whose bytes are in no sum. An open that was seen has counted itself.
		 */
		aa_count_loss((__u32)(where >> 32) & 0xff, AA_LOSS_FILES_FULL, AA_EVENT_IO);
		return 0;
	}
	if (aa_open_met_left_out(file, where))
		return 0;
	where |= (__u64)AA_TEXT_PATH << 40 | (__u64)AA_PACKED_ACTIVITY << 48;
	r = aa_path_text_packed((__u64)&file->f_path, time_ns, start_ns, ids, where);
	if (r == AA_PATH_EXCLUDED) {
		struct aa_open_file *entry = aa_open_find(file);

		if (entry)
			entry->flags |= AA_OPEN_FILE_EXCLUDED;
		aa_count_loss((__u32)(where >> 32) & 0xff, AA_LOSS_EXCLUDED, AA_EVENT_OPEN);
		return 0;
	}
	return aa_open_met_send(file, time_ns, start_ns, ids, where);
}
