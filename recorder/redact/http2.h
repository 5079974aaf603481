/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of HTTP/2 (RFC 9113), frame by frame. Bytes of streams are searched with a state for each; header blocks are
 * gathered until they are whole. What cannot be searched is withheld:
 *  - header blocks, when an earlier one was not seen, as the dynamic table is not known then;
 *  - everything, when it is not known where frames begin, until a piece is one or more whole frames: what a program
 *    sends in one call as a rule is.
 */
#ifndef AA_REDACT_HTTP2_H
#define AA_REDACT_HTTP2_H

#include "search.h"
#include "text.h"

#define AA_FRAME_HEADER 9
#define AA_STREAMS	128 /* beyond it, the state of the one that was idle longest is forgotten */

struct aa_http2;

struct aa_http2 *aa_http2_new(const struct aa_redactor *redactor); /* NULL: out of memory */
void aa_http2_free(struct aa_http2 *http2);			   /* NULL is fine */

/* Earlier bytes were not seen: all of it is withheld until frames are found. */
void aa_http2_lose(struct aa_http2 *http2);

/* The header of a frame whose bytes are stored already. */
void aa_http2_begin(struct aa_http2 *http2, const uint8_t header[AA_FRAME_HEADER]);

/* What a call gives. */
struct aa_http2_piece {
	const uint8_t *bytes;
	size_t size;
	uint64_t offset;	    /* of bytes[0] in the stream */
	struct aa_http2 *other;	    /* the other direction, which settings are about; or NULL */
	struct aa_text_buffer *out; /* appended to */
	uint64_t *emitted;	    /* the stream up to there is in out or withheld */
	uint64_t withheld;	    /* added up */
	bool rewritten;
	unsigned count;
	aa_redaction_fn *found;
	void *context;
};

/* Returns how many bytes were used, at least one of those there are; or a negative errno. */
ssize_t aa_http2_feed(struct aa_http2 *http2, struct aa_http2_piece *piece);

/* Nothing comes any more, or a hole: what is held is withheld, and open secrets end. */
int aa_http2_end(struct aa_http2 *http2, struct aa_http2_piece *piece, bool hole);

/* The table's size that the other direction has allowed so far. */
void aa_http2_allow(struct aa_http2 *http2, const struct aa_http2 *other);

/* Whether bytes are whole frames, one at least. */
bool aa_http2_is_frames(const uint8_t *bytes, size_t size);

#endif
