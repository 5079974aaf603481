/* SPDX-License-Identifier: Apache-2.0 */
/* Loss is data: every answer says whether it is complete. */
#ifndef AA_QUERY_COMPLETE_H
#define AA_QUERY_COMPLETE_H

#include "query.h"
#include "session.h"

/*
 * Ends an answer about these sessions and the time window of the filters. If something is missing, not whole or not
 * over yet, text ends with one line that says so, and with one more if events of files were left out on request and it is about these; other formats leave it to standard error. Returns 0 or a negative
 * errno.
 */
int aa_complete_note(struct aa_query *query, const struct aa_sessions *sessions);

#endif
