/* SPDX-License-Identifier: Apache-2.0 */
/* What a recording came to, in a few lines for the person at the terminal. */
#ifndef AA_RECORDER_SUMMARY_H
#define AA_RECORDER_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "kernel.h"
#include "store.h"

#define AA_SUMMARY_PROBES 8

struct aa_summary {
	const char *db;
	int64_t session_id;
	uint64_t duration_ns;
	struct aa_session_totals totals;
	bool gone;	   /* the database is not where it was */
	uint64_t unstored; /* events that the database did not take */
	unsigned refused;  /* capabilities that no hook serves */
	char refused_names[AA_SUMMARY_PROBES][48];
};

/* Remembers the refused hooks; the kernel's own list goes with it. */
void aa_summary_take_probes(struct aa_summary *summary, const struct aa_kernel *kernel);

/* Reads the session's name from the database, which must be closed for writing. */
void aa_summary_print(const struct aa_summary *summary, FILE *out);

#endif
