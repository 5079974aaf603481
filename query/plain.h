/* SPDX-License-Identifier: Apache-2.0 */
/* A session's tables under plain names, for statements of the user: process, exec, commands, timeline, gap ... */
#ifndef AA_QUERY_PLAIN_H
#define AA_QUERY_PLAIN_H

#include <stdint.h>

#include "db.h"
#include "error.h"

/*
 * Makes temporary views of this connection; the database is not changed. process and exec are the readable views. A
 * table that the session has not got (yet) is an empty one. To be called with the guard lifted. 0 or a negative errno.
 */
int aa_plain_create(struct aa_db *db, int64_t session_id, struct aa_error *error);

#endif
