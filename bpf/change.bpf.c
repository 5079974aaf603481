// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Arguments and names of calls on files, for change.h: verified once for each program, and not once for each of them. */
#include "change.h"
#include "text.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

__u64 aa_argument_packed(__u64 regs, __u32 index, __u32 options)
{
	if (index == 0)
		return options & AA_ARGUMENT_DIRFD ? (__u64)AT_FDCWD : 0;
	return aa_syscall_argument((struct pt_regs *)regs, index - 1, options & AA_ARGUMENT_COMPAT);
}

int aa_name_packed(__u64 address, __u64 time_ns, __u64 start_ns, __u64 ids, __u64 where)
{
	struct aa_header base = aa_unpack(time_ns, start_ns, ids, where);
	__u32 options = aa_packed_options(where) & ~AA_PACKED_ACTIVITY;
	__u32 flags = options & AA_NAME_KERNEL ? options / AA_NAME_FLAGS(1u) : AA_TEXT_USER;

	return aa_text_name(&base, aa_packed_field(where), address, flags);
}
