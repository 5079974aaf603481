/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes move between a file and memory, or between two files. */
#ifndef AA_BPF_TRANSFER_H
#define AA_BPF_TRANSFER_H

#include "arch.h"
#include "calls.h"
#include "scope.h"

AA_SUBPROGRAM int aa_transfer_ended(struct pt_regs *regs, long result, __u32 call, bool compat)
{
	return 0;
}

AA_SUBPROGRAM int aa_mmap_ended(struct pt_regs *regs, long result, __u32 call, bool compat)
{
	return 0;
}

#endif
