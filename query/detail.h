/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is known of one process, as one record with nested tables. */
#ifndef AA_QUERY_DETAIL_H
#define AA_QUERY_DETAIL_H

#include <stdint.h>

#include "query.h"
#include "session.h"

void aa_detail_begin(struct aa_query *query);

/* One process. 0 or a negative errno, with query->error set. */
int aa_detail_show(struct aa_query *query, const struct aa_session *session, int64_t process_id);
void aa_detail_end(struct aa_query *query);

#endif
