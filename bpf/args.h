/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Arguments and environment, byte for byte, in pieces. The work is in args.bpf.c. */
#ifndef AA_BPF_ARGS_H
#define AA_BPF_ARGS_H

#include "emit.h"

/* A global function, see aa_pack_ids(). Returns 0, or -1 if a piece found no room. */
int aa_args_packed(__u64 address, __u64 total, __u64 time_ns, __u64 ids, __u64 where);

/* Sends what lies from start to end in the current process, at most config.max_arg_bytes of it. */
static __always_inline int aa_args_send(const struct aa_header *base, __u32 field, __u64 start, __u64 end)
{
	if (end <= start)
		return 0;
	return aa_args_packed(start, end - start, base->time_ns, aa_pack_ids(base),
			      aa_pack_where(base, field, 0));
}

#endif
