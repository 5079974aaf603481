/* SPDX-License-Identifier: Apache-2.0 */
/* Which sides of a TLS function are probed, and by which programs where probes have no cookies (bpf/tls_plain.bpf.c). */
#ifndef AA_KERNEL_UPROBE_TABLE_H
#define AA_KERNEL_UPROBE_TABLE_H

#include <stddef.h>

#include "tls_state.h"

struct aa_uprobe_programs {
	const char *enter; /* NULL: its beginning is of no interest */
	const char *leave; /* NULL: no return probe, as for whatever is Go */
};

extern const struct aa_uprobe_programs aa_uprobe_table[AA_TLS_FN_COUNT];

#endif
