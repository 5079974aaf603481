/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do the attached programs fire? A process of our own does one of each thing that is recorded, and the
 * records are waited for. A program can be attached and silent: an LSM program where bpf is not among the
 * active LSMs.
 */
#ifndef AA_PROBES_SELFTEST_H
#define AA_PROBES_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "kernel.h"
#include "probes.h"

struct aa_selftest {
	bool arrived[AA_PROOF_COUNT];
	uint64_t delay_ns[AA_PROOF_COUNT];
	int undone
		[AA_PROOF_COUNT]; /* positive errno: the process could not do it, so silence proves nothing */
	bool execve_arrived;	  /* AA_PROOF_EXEC_FAILED is both */
	bool execveat_arrived;
	uint64_t reads, writes; /* calls in the sums of one file, at most */
	unsigned hellos;	/* of TLS */
	bool open_arrived[2];	/* one that opened something, one that failed */
	uint64_t kinds
		[2]; /* 1 << kind of file records that came, of what worked and what failed: some proofs are several */
	bool caller_known; /* the EXEC record says which thread called exec; AA_PROOF_EXEC needs no more than the record */
	int adopt_error;	/* positive errno of the adoption, 0 if it worked */
	char adopt_reason[256]; /* its words */
};

/*
 * Does it once, as session 0, slot 0; what arrived is added to *selftest, so that a second try may complete
 * the first. wanted: AA_WANT_*: what is done besides. The rings are consumed, the process is reaped, and
 * nothing is in scope, and no open file or socket known, afterwards.
 * Signal handlers, the terminal and other children of the caller are left alone. Returns 0, or a negative
 * errno with a text if there could be no process at all.
 */
int aa_selftest_run(struct aa_kernel *kernel, unsigned wanted, struct aa_selftest *selftest,
		    struct aa_error *error);

/* What of a proof that takes several things has not come: "chmod, failed chown"; "" for others. */
void aa_selftest_missing(const struct aa_selftest *selftest, enum aa_proof_id proof, char *ret_text,
			 size_t size);

/* "process.fork" ... */
const char *aa_proof_capability(enum aa_proof_id proof);

#endif
