/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a file has besides its bytes and names changes. */
#ifndef AA_BPF_ATTRIBUTES_H
#define AA_BPF_ATTRIBUTES_H

#include "arch.h"
#include "calls.h"
#include "scope.h"

AA_SUBPROGRAM int aa_attributes_ended(struct pt_regs *regs, long result, __u32 call, bool compat)
{
	return 0;
}

#endif
