/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the kernel's loss counters, which only grow, to gap rows: what was lost since the last transaction, with
 * its reason, kind and interval.
 */
#ifndef AA_RECORDER_LOSSES_H
#define AA_RECORDER_LOSSES_H

#include <stdint.h>

#include "kernel.h"
#include "store.h"

#define AA_LOSSES_GAPS_MAX (AA_LOSS_REASON_COUNT * AA_KIND_SLOTS + 1)

struct aa_losses {
	struct aa_kernel *kernel;
	int64_t session_id;
	uint32_t slot;
	/* As of the last transaction, and as read for the one under way. */
	uint64_t stored[AA_LOSS_REASON_COUNT][AA_KIND_SLOTS];
	uint64_t taken[AA_LOSS_REASON_COUNT][AA_KIND_SLOTS];
	uint64_t stored_recursion;
	uint64_t taken_recursion;
	uint64_t stored_boot_ns;
	uint64_t taken_boot_ns;
	struct aa_gap gaps[AA_LOSSES_GAPS_MAX];
};

/* Starts from the counters as they are now. */
void aa_losses_init(struct aa_losses *losses, struct aa_kernel *kernel, int64_t session_id, uint32_t slot);

/* Reads the counters; makes losses->gaps of what was added since the last transaction. Returns how many. */
unsigned aa_losses_take(struct aa_losses *losses);

/* The transaction with those gaps has been committed. */
void aa_losses_stored(struct aa_losses *losses);

/* All losses of the slot so far, live; without what was left out on request. */
uint64_t aa_losses_total(const struct aa_losses *losses);

/* Those that no transaction holds. */
uint64_t aa_losses_unstored(const struct aa_losses *losses);

/* "fork", "exec" ...; "any" for a number that is no kind. */
const char *aa_losses_kind_name(unsigned kind);

#endif
