/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Paths as the kernel has them. The work is in path.bpf.c. */
#ifndef AA_BPF_PATH_H
#define AA_BPF_PATH_H

#include "emit.h"

#define AA_PATH_ONLY_CHROOT 0x1u /* send nothing if it is the root of the mount namespace */
#define AA_PATH_KEEP	    0x2u /* of a file: send it also if it is left out on request */

#define AA_PATH_EXCLUDED (-3) /* aa_file_path(): left out on request, nothing was sent */

/* A global function, see aa_pack_ids(). Returns the AA_TEXT_* flags of the path, or AA_PATH_EXCLUDED. */
int aa_path_text_packed(__u64 path, __u64 time_ns, __u64 start_ns, __u64 ids, __u64 where);

/* Sends a path as one text with the identity of base. Returns its AA_TEXT_* flags. */
static __always_inline __u32 aa_path_text(const struct aa_header *base, const struct path *path, __u32 field,
					  __u32 options)
{
	return (__u32)aa_path_text_packed((__u64)path, base->time_ns, base->start_ns, aa_pack_ids(base),
					  aa_pack_where(base, field, options | AA_PATH_KEEP));
}

/*
 * Sends the path of a file to the activity lane. Returns its AA_TEXT_* flags, AA_TEXT_OUTSIDE among them (by the root
 * directory of the current task), or AA_PATH_EXCLUDED: the caller sends no record, and counts it with
 * aa_count_loss(base->slot, AA_LOSS_EXCLUDED, kind).
 */
static __always_inline int aa_file_path(const struct aa_header *base, const struct path *path, __u32 field,
					__u32 options)
{
	return aa_path_text_packed((__u64)path, base->time_ns, base->start_ns, aa_pack_ids(base),
				   aa_pack_where(base, field, options | AA_PACKED_ACTIVITY));
}

#define AA_NOTE_MAYBE_UNLINKED \
	0x1u /* the dentry is of a file that may have no name any more; others have one, or will */

/*
 * Keeps the path of a dentry in a mount under that key of aa_note_paths, if there is room. A global function: pointers
 * come as numbers. Returns 0.
 */
int aa_path_note(__u64 dentry, __u64 vfsmount, __u64 key, __u32 options);

#endif
