/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2, both directions of a connection (RFC 9113), from pieces of any size. HPACK (RFC 7541) is libnghttp2's; it decodes
 * only from the first byte on, so that heads behind a hole in them, or of a connection that was joined late, are told as not decoded
 * (unsynced), and all else goes on.
 */
#ifndef AA_QUERY_HTTP2_H
#define AA_QUERY_HTTP2_H

#include "replay/http.h"

/* Of a block of headers, and of any frame that is not data. */
#define AA_HTTP2_BLOCK_MAX ((size_t)256 * 1024)

/* A table of headers as large as its receiver may offer. */
#define AA_HTTP2_TABLE_MAX ((size_t)1024 * 1024)

#define AA_HTTP2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

struct aa_http2;

/* NULL: out of memory. sink is borrowed. late: bytes came before the first that will be fed. */
struct aa_http2 *aa_http2_new(const struct aa_http_sink *sink, bool late);
void aa_http2_free(struct aa_http2 *http2); /* NULL is fine */

/* The next bytes of a direction, from the beginning of a piece. Returns 0 or a negative errno. */
int aa_http2_feed(struct aa_http2 *http2, unsigned direction, const void *bytes, size_t size);

/* A hole of so many bytes. */
int aa_http2_skip(struct aa_http2 *http2, unsigned direction, uint64_t bytes);

/* Nothing more comes in a direction. */
int aa_http2_end(struct aa_http2 *http2, unsigned direction);

/* Heads of a direction cannot be decoded (any more). */
bool aa_http2_unsynced(const struct aa_http2 *http2, unsigned direction);

enum aa_http2_looks {
	AA_HTTP2_LOOKS_MORE,
	AA_HTTP2_LOOKS_CLIENT,
	AA_HTTP2_LOOKS_SERVER,
	AA_HTTP2_LOOKS_OTHER,
};
enum aa_http2_looks aa_http2_looks(const void *bytes, size_t size);

#endif
