/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket (RFC 6455), one direction behind the 101, from pieces of any size; permessage-deflate (RFC 7692). */
#ifndef AA_QUERY_WEBSOCKET_H
#define AA_QUERY_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

/* More of a message is left out. */
#define AA_WEBSOCKET_MESSAGE_MAX ((size_t)4 * 1024 * 1024)

enum aa_websocket_opcode {
	AA_WEBSOCKET_CONTINUATION = 0,
	AA_WEBSOCKET_TEXT = 1,
	AA_WEBSOCKET_BINARY = 2,
	AA_WEBSOCKET_CLOSE = 8,
	AA_WEBSOCKET_PING = 9,
	AA_WEBSOCKET_PONG = 10,
};

struct aa_websocket_message {
	unsigned opcode;
	const char *bytes;
	size_t size;
	uint64_t wire_bytes; /* of its frames' payload */
	const char *trouble; /* NULL: it is whole */
};

/* 0 or a negative errno, which is forwarded. */
typedef int aa_websocket_fn(void *context, const struct aa_websocket_message *message);

struct aa_websocket;

/* deflate: messages may be compressed; takeover: with what came before as dictionary. NULL: out of memory. */
struct aa_websocket *aa_websocket_new(bool deflate, bool takeover);
void aa_websocket_free(struct aa_websocket *websocket); /* NULL is fine */

/* Returns 0, a negative errno, or AA_WEBSOCKET_MALFORMED, from then on always. */
#define AA_WEBSOCKET_MALFORMED 1
int aa_websocket_feed(struct aa_websocket *websocket, const void *bytes, size_t size, aa_websocket_fn *out,
		      void *context);

/* A hole of so many bytes: as feed. */
int aa_websocket_skip(struct aa_websocket *websocket, uint64_t bytes, aa_websocket_fn *out, void *context);

/* "text"; "opcode" where it has no name */
const char *aa_websocket_name(unsigned opcode);

#endif
