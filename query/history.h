/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that had a path at any time of a session, and all rows about them, for aa-query history. Followed by
 * (device, inode, generation), and by name where only that is known (replay/names.h).
 */
#ifndef AA_QUERY_HISTORY_H
#define AA_QUERY_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "trail.h"

/* A row of s0_file that is about one of the files. */
struct aa_history_row {
	int64_t id;
	uint32_t file;	/* in names, or AA_NAMES_NONE: the path was tried, and there was no file */
	uint32_t file2; /* the other one of a rename or copy */
};

/* Zero-initialise; aa_history_release. */
struct aa_history {
	struct aa_trail trail;
	struct aa_names names;
	uint32_t *files; /* that had the path, in the order in which they came to it; all are in names */
	size_t file_count, file_capacity;
	struct aa_history_row *rows; /* about them, in order: a row is of a file if file or file2 is */
	size_t row_count, row_capacity;
	uint32_t last_file;   /* that has the path at the end, else the last that had it; AA_NAMES_NONE */
	int64_t *last_writes; /* by file of names: row that last changed its content, 0: none */
	size_t last_write_capacity;
	bool *wanted; /* by file of names */
	size_t wanted_capacity;
};

/* 0, or a negative errno with query->error set; aa_history_release then, too. */
int aa_history_load(struct aa_history *history, struct aa_query *query, const struct aa_session *session,
		    const char *path);
void aa_history_release(struct aa_history *history);

#endif
