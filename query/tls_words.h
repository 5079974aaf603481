/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a conversation, in lines for people. */
#ifndef AA_QUERY_TLS_WORDS_H
#define AA_QUERY_TLS_WORDS_H

#include "query.h"
#include "replay/talk.h"

/* 0, or the negative errno with which the reader has left. */
int aa_tls_say(struct aa_query *query, const struct aa_told *told);

#endif
