/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that are recorded by the self-test. */
#ifndef AA_PROBES_SELFTEST_CHILD_H
#define AA_PROBES_SELFTEST_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "probes.h"

#define AA_SELFTEST_SESSION 0 /* no session of the database has this number */

/* What could not be done: positive errno. */
struct aa_selftest_report {
	int error[AA_PROOF_COUNT];
	unsigned reads, writes; /* calls that moved bytes, or found none, of the file with the most */
	unsigned hellos;	/* of TLS, that were sent and received over sockets */
};

struct aa_selftest_child {
	pid_t pid;
	int go_fd;			  /* a byte: begin */
	int done_fd;			  /* a report, then the end of the file when all processes are done */
	struct aa_selftest_report report; /* the last that was read */
};

/*
 * Makes the first process; it waits. wanted: AA_WANT_*: what it is to do besides. Returns 0 or a negative errno with a
 * text.
 */
int aa_selftest_child_start(struct aa_selftest_child *child, unsigned wanted, struct aa_error *error);
void aa_selftest_child_go(const struct aa_selftest_child *child);

/* To be called when done_fd is readable. True at the end of the file. */
bool aa_selftest_child_read(struct aa_selftest_child *child);

/* Reaps it: done says that it ends by itself, else it is killed. */
void aa_selftest_child_end(struct aa_selftest_child *child, bool done);

/* selftest_files.c: one of each thing that is done to files, in the process that calls it. */
void aa_selftest_files(struct aa_selftest_report *report);

/* selftest_tls.c: likewise, what TLS is recognized by. */
void aa_selftest_tls(struct aa_selftest_report *report);

#endif
