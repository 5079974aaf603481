/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a statement may do: read. An authorizer over every statement of ours, because with sql the statement is the
 * user's, and because a view in a forged database is somebody else's.
 */
#ifndef AA_QUERY_GUARD_H
#define AA_QUERY_GUARD_H

#include "db.h"

/* From now on only SELECTs, functions without effects, and PRAGMAs that tell something. */
void aa_guard_set(struct aa_db *db);

/* Lifts it for statements of our own, and puts it back. */
void aa_guard_lift(void);
void aa_guard_lower(void);

/* Readies the table-valued functions, which SQLite makes on first use; with the guard lifted. */
void aa_guard_ready_functions(struct aa_db *db);

/* How many times a statement was prepared that reads a session's tables; for who must say if it is complete. */
unsigned aa_guard_session_reads(void);

#endif
