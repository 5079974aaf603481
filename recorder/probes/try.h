/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds: load what the choice says, attach, prove, and tell the choice what failed, until nothing does. */
#ifndef AA_PROBES_TRY_H
#define AA_PROBES_TRY_H

#include "choose.h"
#include "selftest.h"

/*
 * Ends when every row that is left serves and is proven, as far as it can be; those that failed are out of
 * the choice. report (may be NULL) counts and times. Returns 0, also if nothing is left, or a negative errno
 * with a text if it cannot be tried at all; -EINVAL if the BTF file is of another kernel.
 */
int aa_try_rounds(struct aa_kernel *kernel, struct aa_choice *choice, struct aa_probes_report *report,
		  struct aa_error *error);

uint64_t aa_monotonic_ns(void);

#endif
