/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of aa-query: prepared from text, bound from the filters, their rows turned into cells. */
#ifndef AA_QUERY_STATEMENT_H
#define AA_QUERY_STATEMENT_H

#include <stdint.h>

#include <sqlite3.h>

#include "query.h"

/*
 * Pieces of SELECTs. Tables go by the same letters everywhere: p process, e exec, g gap, sn signal_name for the signal
 * that ended p.
 */

/* A command's arguments: argv's blob, or else its command line, split at spaces. */
#define AA_SQL_ARGS "coalesce(e.argv, e.command)"

/* How a process ended, in words; what is not over is :alive. */
#define AA_SQL_STATUS \
	"CASE WHEN p.exit_time_ns IS NULL THEN :alive" \
	" WHEN p.exit_signal IS NOT NULL THEN coalesce(sn.name, 'signal ' || p.exit_signal)" \
	" || CASE WHEN p.core_dumped THEN ' (core dumped)' ELSE '' END" \
	" ELSE 'exit ' || coalesce(p.exit_code, '?') END"

/*
 * What a gap is: lost events; events of which a part is missing; values that were cut. As the store counts them
 * (session.lost_count): a lost text leaves its event, marked. What was left out on request is no loss.
 */
#define AA_SQL_GAP_TYPE \
	"CASE WHEN g.reason = 'truncated' THEN 'truncated'" \
	" WHEN g.reason IN ('excluded', 'max-call', 'max-connection') THEN 'excluded'" \
	" WHEN g.kind = 'text' OR g.reason IN ('unreadable', 'incomplete') THEN 'partial' ELSE 'lost' END"

/* A connection c without plaintext, or without all, for other reasons than that it was not wanted. */
#define AA_SQL_TLS_UNHEARD "c.plaintext = 'no' AND coalesce(c.reason, '') <> 'metadata'"
#define AA_SQL_TLS_LATE	   "c.plaintext <> 'no' AND ',' || coalesce(c.reason, '') || ',' GLOB '*,late,*'"

void aa_statement_closep(sqlite3_stmt **statement);
#define aa_cleanup_statement aa_cleanup(aa_statement_closep)

/* 0 or a negative errno, with query->error set. */
int aa_statement_open(struct aa_query *query, sqlite3_stmt **ret_statement, const char *sql);

/* The same for a session's tables: as in the schema's templates, s0_ at the start of a word stands for s<N>_. */
int aa_statement_open_session(struct aa_query *query, sqlite3_stmt **ret_statement, int64_t session_id,
			      const char *sql);

/*
 * One view of the database for several statements, which a recorder may be adding to. To be ended before a
 * reader is waited for (out.h). 0 or a negative errno.
 */
int aa_query_begin(struct aa_query *query);
void aa_query_end(struct aa_query *query);

/* 1: a row; 0: no more; or a negative errno, with query->error set. */
int aa_statement_step(struct aa_query *query, sqlite3_stmt *statement);

/* Binds a named parameter if the statement has it. */
void aa_statement_bind_text(sqlite3_stmt *statement, const char *name, const char *text);
void aa_statement_bind_integer(sqlite3_stmt *statement, const char *name, int64_t value);

/* A column's value; its bytes are SQLite's until the next step. */
struct aa_cell aa_statement_cell(sqlite3_stmt *statement, int column);

/* Never NULL; "" for NULL. */
const char *aa_statement_text(sqlite3_stmt *statement, int column);

/*
 * Rows of a statement kept in memory, so that it can be closed before they are shown or nested. The statement's
 * columns are those of the listing, in the same order; columns whose cells are arguments (args) are split.
 */
struct aa_kept {
	struct aa_rows rows;
	struct aa_cell *cells;
	void **blocks; /* what the cells point to */
	size_t block_count;
	size_t block_capacity;
};

int aa_kept_fill(struct aa_kept *kept, struct aa_query *query, sqlite3_stmt *statement,
		 const struct aa_listing *listing);
void aa_kept_release(struct aa_kept *kept);

/* Replaces a text or blob cell, as AA_SQL_ARGS gives it, by its arguments. Memory in *ret_block, to be freed. */
int aa_cell_to_args(struct aa_cell *cell, char **ret_block);

/* What a process's end means to the reader. */
enum aa_style aa_status_style(const char *status);

#endif
