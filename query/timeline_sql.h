/* SPDX-License-Identifier: Apache-2.0 */
/* The statement of a session's timeline. */
#ifndef AA_QUERY_TIMELINE_SQL_H
#define AA_QUERY_TIMELINE_SQL_H

#include "query.h"
#include "session.h"

/*
 * Appends the SELECT, in terms of s0_: :session and the columns of s0_timeline, by time, as the filters want them; behind
 * them 1 for a file that is opened only to be read, 2 for one that is read or closed, 3 for a name that is not there, 4 for a piece of
 * TLS plaintext, if text is to fold these.
 */
void aa_timeline_add_sql(struct aa_query *query, const struct aa_session *session,
			 struct aa_text_buffer *sql);

#endif
