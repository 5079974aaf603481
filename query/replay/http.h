/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the decoders of HTTP/1 and HTTP/2 tell of the bytes of one connection. A direction is 0, sent by the recorded process, or
 * 1, received by it; who of both is the client is another question. A message is named by its direction and a stream: that of
 * HTTP/2, or the number of the request, from 1.
 */
#ifndef AA_QUERY_HTTP_H
#define AA_QUERY_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/fields.h"

#define AA_SENT	      0u
#define AA_RECEIVED   1u
#define AA_DIRECTIONS 2u

/* What follows a head, as its reader knows who asked for what. Errors are negative. */
enum aa_http_follows {
	AA_HTTP_BODY,	 /* what its fields say */
	AA_HTTP_NO_BODY, /* the answer to a HEAD */
	AA_HTTP_TUNNEL,	 /* no HTTP any more */
};

struct aa_http_head {
	unsigned direction;
	uint64_t stream; /* a response of HTTP/1: the reader sets it */
	bool response;
	bool pushed;  /* HTTP/2: a request that the server makes up */
	bool decoded; /* false: that of a message whose HPACK could not be decoded; there is nothing below */
	const char *version; /* "1.1", "2"; static */
	int status;	     /* of a response */
	struct aa_fields
		*line; /* :method, :scheme, :authority, :path; HTTP/1: method and path of the first line */
	struct aa_fields *fields;
};

/* Each returns 0 or a negative errno that the decoder forwards. */
struct aa_http_sink {
	void *context;
	int (*head)(void *context, struct aa_http_head *head); /* enum aa_http_follows, or negative */
	int (*data)(void *context, unsigned direction, uint64_t stream, const void *bytes, size_t size);
	int (*missing)(void *context, unsigned direction, uint64_t stream, uint64_t bytes); /* of a body */
	int (*trailers)(void *context, unsigned direction, uint64_t stream, struct aa_fields *fields);
	int (*end)(void *context, unsigned direction, uint64_t stream,
		   const char *trouble); /* NULL: it is whole */
	/* Whatever else there is to say; stream 0: of the connection. Static text. */
	int (*note)(void *context, unsigned direction, uint64_t stream, const char *text);
};

#endif
