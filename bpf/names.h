/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files get and lose names: unlink, rename, link, symlink, mkdir, mknod in all their forms. */
#ifndef AA_BPF_NAMES_H
#define AA_BPF_NAMES_H

#include "change.h"

/* See aa_change_ended(). */
static __always_inline int aa_names_ended(struct pt_regs *regs, long result, __u32 call, bool compat)
{
	return aa_change_ended(regs, result, call, compat);
}

#endif
