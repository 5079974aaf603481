/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a file has besides its bytes and names: permissions, owner, times, length, extended attributes. */
#ifndef AA_BPF_ATTRIBUTES_H
#define AA_BPF_ATTRIBUTES_H

#include "change.h"

/* See aa_change_ended(). */
static __always_inline int aa_attributes_ended(struct pt_regs *regs, long result, __u32 call, bool compat)
{
	return aa_change_ended(regs, result, call, compat);
}

#endif
