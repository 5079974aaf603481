// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Sums of files that stay open, for the recorder: it goes through aa_files every few seconds, and at the end of a
 * session, and has the kernel make the records, so that they come through the ring as all others do. Run by
 * BPF_PROG_TEST_RUN; the name of no tracepoint keeps it from being attached.
 */
#include "file.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Arguments: address of the file; 1 if it is the end, and nothing more is to be recorded of it. */
SEC("raw_tp/aa_never")
int aa_sweep_run(struct bpf_raw_tracepoint_args *context)
{
	__u64 key = context->args[0];
	bool last = context->args[1] == 1;
	struct aa_open_file *entry = bpf_map_lookup_elem(&aa_files, &key);
	struct aa_header base;

	if (!entry)
		return 0;
	if (!(entry->flags & AA_OPEN_FILE_EXCLUDED) && (last || aa_io_steps(entry) != entry->sent)) {
		aa_open_last_user(&base, entry);
		aa_io_send(&base, entry, (const struct file *)key, last ? AA_FILE_STILL_OPEN : 0);
	}
	if (last)
		bpf_map_delete_elem(&aa_files, &key);
	return 0;
}
