/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files get and lose names. */
#ifndef AA_BPF_NAMES_H
#define AA_BPF_NAMES_H

#include "arch.h"
#include "calls.h"
#include "scope.h"

AA_SUBPROGRAM int aa_names_ended(struct pt_regs *regs, long result, __u32 call, bool compat)
{
	return 0;
}

#endif
