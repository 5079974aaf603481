/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a process stands, and what is mounted where. */
#ifndef AA_BPF_PLACE_H
#define AA_BPF_PLACE_H

#include "change.h"

/* See aa_change_ended(). */
static __always_inline int aa_place_ended(struct pt_regs *regs, long result, __u32 call, bool compat)
{
	return aa_change_ended(regs, result, call, compat);
}

#endif
