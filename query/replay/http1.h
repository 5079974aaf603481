/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1, one direction of a connection (RFC 9112), from pieces of any size. What is malformed, or stood in a hole, ends its
 * message; it goes on at the next line that begins one.
 */
#ifndef AA_QUERY_HTTP1_H
#define AA_QUERY_HTTP1_H

#include "replay/http.h"

/* A line, a head, and how many lines of it are read at most. */
#define AA_HTTP1_LINE_MAX ((size_t)64 * 1024)
#define AA_HTTP1_HEAD_MAX AA_FIELDS_BYTES_MAX

enum aa_http1_state {
	AA_HTTP1_START, /* before a first line */
	AA_HTTP1_FIELDS,
	AA_HTTP1_LENGTH, /* a body of left bytes */
	AA_HTTP1_CHUNK_SIZE,
	AA_HTTP1_CHUNK, /* left bytes of a chunk */
	AA_HTTP1_CHUNK_END,
	AA_HTTP1_TRAILERS,
	AA_HTTP1_CLOSE,	 /* a body up to the end of the connection */
	AA_HTTP1_TUNNEL, /* what comes is not for this decoder */
	AA_HTTP1_LOST,	 /* looking for a first line */
};

struct aa_http1 {
	const struct aa_http_sink *sink;
	unsigned direction;
	bool response;
	enum aa_http1_state state;
	uint64_t stream;
	uint64_t left;
	int64_t length; /* of a body, as its head says; negative: it says none, or nonsense */
	bool chunked;
	bool coded; /* in a way that only the end of the connection ends */
	size_t head_size;
	size_t piece; /* in LOST: where the last piece begins in line */
	struct aa_text_buffer line;
	bool line_cut;
	struct aa_fields first;
	struct aa_fields fields;
	const char *version;
	int status;
};

/* lost: what comes first is the middle of something. */
void aa_http1_begin(struct aa_http1 *http1, const struct aa_http_sink *sink, unsigned direction,
		    bool response, bool lost);

/* Takes bytes until they are used up or a tunnel begins. Returns 0 or a negative errno. */
int aa_http1_feed(struct aa_http1 *http1, const void *bytes, size_t size, size_t *ret_taken);

/* A hole of so many bytes. */
int aa_http1_skip(struct aa_http1 *http1, uint64_t bytes);

/* Nothing more comes. */
int aa_http1_end(struct aa_http1 *http1);

/* The other direction has made this one a tunnel. */
void aa_http1_tunnel(struct aa_http1 *http1);
void aa_http1_release(struct aa_http1 *http1);

/*
 * What the beginning of a direction looks like. MORE: too short to say.
 */
enum aa_http1_looks {
	AA_HTTP1_LOOKS_MORE,
	AA_HTTP1_LOOKS_REQUEST,
	AA_HTTP1_LOOKS_RESPONSE,
	AA_HTTP1_LOOKS_OTHER,
};
enum aa_http1_looks aa_http1_looks(const void *bytes, size_t size);

#endif
