/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What text does not show in a timeline. Files that are only opened for reading are counted, as are pieces of TLS plaintext, and one
 * line says how many they were. A search through $PATH is one failed exec after the other, for the same name. Text shows the first of them, and then
 * one line that says how many more there were; formats for programs have them all.
 */
#ifndef AA_QUERY_FOLD_H
#define AA_QUERY_FOLD_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise. */
struct aa_fold {
	int64_t session_id;
	int64_t pid;
	int64_t tid;
	int64_t last_ns;  /* time of the last one */
	uint64_t hidden;  /* how many were not shown */
	uint64_t reads;	  /* files opened for reading since the last row that was shown */
	uint64_t missing; /* names that were looked for and are not there, likewise */
	uint64_t pieces;  /* of TLS plaintext, likewise */
	int64_t reads_ns; /* time of the last one */
	int64_t reads_session;
	char what[320]; /* "bash: ENOENT": the detail without its directory; empty: nothing to compare with */
};

/*
 * The next row: a failed exec with this detail ("/usr/bin/bash: ENOENT"), or anything else (detail NULL). Returns true
 * if it repeats the row before it and need not be shown.
 */
bool aa_fold_next(struct aa_fold *fold, int64_t session_id, int64_t pid, int64_t tid, int64_t time_ns,
		  const char *detail);

/* True if the next row does not go on with what is hidden, so that it must be told first. */
bool aa_fold_ends(const struct aa_fold *fold, int64_t session_id, int64_t pid, int64_t tid,
		  const char *detail);

#endif
