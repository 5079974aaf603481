// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sums. */
#include "transfer.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* See transfer.h. Sums are added to by several processors at once; what only one of them needs is stored plainly. */
int aa_transfer_packed(__u64 file_address, __u64 result, __u64 start_ns, __u64 ids, __u64 where)
{
	struct file *file = (struct file *)file_address;
	bool write = aa_packed_field(where) == AA_TRANSFER_WRITE;
	struct aa_header base = aa_unpack(bpf_ktime_get_boot_ns(), start_ns, ids, where);
	struct aa_open_file *entry = aa_open_find(file);

	if (!entry)
		return -1;
	/* Its close was missed, and what has its memory now was not opened: a pipe, or received. */
	if (entry->inode != (__u32)(__u64)BPF_CORE_READ(file, f_inode)) {
		aa_open_replace(file);
		return -1;
	}
	if (entry->flags & AA_OPEN_FILE_EXCLUDED)
		return 0;
	if ((__s64)result < 0) {
		__sync_fetch_and_add(&entry->error_calls, 1);
		entry->last_error = (__u32) - (__s64)result;
	} else if (write) {
		__sync_fetch_and_add(&entry->write_bytes, result);
		__sync_fetch_and_add(&entry->write_calls, 1);
	} else {
		__sync_fetch_and_add(&entry->read_bytes, result);
		__sync_fetch_and_add(&entry->read_calls, 1);
	}
	aa_open_used(entry, &base);
	if (base.time_ns - entry->sent_ns >= AA_FILE_IO_PERIOD_NS && base.time_ns > entry->sent_ns)
		aa_io_send(&base, entry, file, 0);
	return 0;
}
