/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a process stands, and what is mounted where. */
#ifndef AA_BPF_PLACE_H
#define AA_BPF_PLACE_H

#include "arch.h"
#include "calls.h"
#include "scope.h"

AA_SUBPROGRAM int aa_place_ended(struct pt_regs *regs, long result, __u32 call, bool compat)
{
	return 0;
}

#endif
