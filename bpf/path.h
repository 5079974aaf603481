/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Paths as the kernel has them. The work is in path.bpf.c. */
#ifndef AA_BPF_PATH_H
#define AA_BPF_PATH_H

#include "emit.h"

#define AA_PATH_ONLY_CHROOT 0x1u /* send nothing if it is the root of the mount namespace */

/* A global function, see aa_pack_ids(). Returns the AA_TEXT_* flags of the path. */
int aa_path_text_packed(__u64 path, __u64 time_ns, __u64 start_ns, __u64 ids, __u64 where);

/* Sends a path as one text with the identity of base. Returns its AA_TEXT_* flags. */
static __always_inline __u32 aa_path_text(const struct aa_header *base, const struct path *path, __u32 field,
					  __u32 options)
{
	return (__u32)aa_path_text_packed((__u64)path, base->time_ns, base->start_ns, aa_pack_ids(base),
					  aa_pack_where(base, field, options));
}

#endif
