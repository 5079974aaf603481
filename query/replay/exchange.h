/* SPDX-License-Identifier: Apache-2.0 */
/* Requests under way with their responses, and their bodies: the part of a talk below its protocols. */
#ifndef AA_QUERY_EXCHANGE_H
#define AA_QUERY_EXCHANGE_H

#include "replay/coding.h"
#include "replay/talk.h"

/* Zero-initialise. */
struct aa_exchanges {
	struct aa_talk_exchange **items; /* oldest first */
	size_t count;
	size_t capacity;
	size_t kept; /* bytes of bodies */
	struct aa_talk_options options;
	aa_talk_fn *tell;
	void *context;
	int64_t now_ns; /* time of the piece that is fed */
	/* Of the message whose body is decoded. */
	struct aa_talk_exchange *current;
	struct aa_talk_message *message;
};

/* The one of a stream; NULL: none. */
struct aa_talk_exchange *aa_exchanges_find(const struct aa_exchanges *exchanges, uint64_t stream);

/* A new one. NULL: out of memory; ends the oldest if they are too many. */
struct aa_talk_exchange *aa_exchanges_add(struct aa_exchanges *exchanges, uint64_t stream);

/* A message's head, whose line and fields are taken over. */
int aa_exchange_head(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
		     struct aa_talk_message *message, const struct aa_http_head *head);
int aa_exchange_data(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
		     struct aa_talk_message *message, const void *bytes, size_t size);
int aa_exchange_missing(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
			struct aa_talk_message *message, uint64_t bytes);
int aa_exchange_trailers(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
			 struct aa_talk_message *message, struct aa_fields *fields);

/* A message is over; with both the exchange is, and is freed. */
int aa_exchange_end(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
		    struct aa_talk_message *message, const char *trouble);

/* The exchange is over, whatever is missing of it. */
int aa_exchange_finish(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
		       const char *trouble);
int aa_exchanges_tell(const struct aa_exchanges *exchanges, struct aa_told *told);
void aa_exchanges_release(struct aa_exchanges *exchanges);

#endif
