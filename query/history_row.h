/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a file's history, in words. */
#ifndef AA_QUERY_HISTORY_ROW_H
#define AA_QUERY_HISTORY_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "query.h"
#include "session.h"
#include "versions.h"

/* One file's table. Zero-initialise but for query, session and number; aa_history_end. */
struct aa_history_view {
	struct aa_query *query;
	const struct aa_session *session;
	const struct aa_versions *versions; /* NULL: none */
	size_t number;			    /* of the file in the answer; 0: no file */
	sqlite3_stmt *statement;
	bool begun;
	uint64_t hidden; /* rows that text does not show */
};

/*
 * Begin and end the table of --last, else the one table of formats for programs: in text each file has its own, which
 * aa_history_show_row() begins.
 */
void aa_history_begin(struct aa_query *query);
void aa_history_finish(struct aa_query *query);

/* Shows one row of s0_file. second: it is the other file of a rename or copy. 0 or a negative errno. */
int aa_history_show_row(struct aa_history_view *view, int64_t id, bool second);
void aa_history_end(struct aa_history_view *view);

/* The answer to --last: who made that row. */
int aa_history_show_last(struct aa_query *query, const struct aa_session *session, int64_t id);

#endif
