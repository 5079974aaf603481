/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket (RFC 6455): that a connection becomes one, and its frames, of which those of the client are masked. Messages that
 * are compressed (RFC 7692) are not searched.
 */
#ifndef AA_REDACT_WEBSOCKET_H
#define AA_REDACT_WEBSOCKET_H

#include "search.h"

#define AA_UPGRADE_LINE 40

/* Watches the heads of HTTP/1 in one direction. */
struct aa_upgrade {
	char line[AA_UPGRADE_LINE]; /* its beginning */
	size_t size;		    /* of the whole line */
	bool request, response;	    /* in the head of one; a response: with status 101 */
	bool websocket;		    /* that asks for it, or agrees */
	bool asked;		    /* the last request did */
};

/* Takes bytes up to the end of a head that matters, and returns how many. agreed: that was a response that agrees. */
size_t aa_upgrade_feed(struct aa_upgrade *upgrade, const uint8_t *bytes, size_t size, bool *ret_agreed);

struct aa_websocket {
	struct aa_searcher searcher; /* of the message */
	struct aa_searcher control;  /* of a control frame */
	uint8_t header[14];
	uint8_t have, need;
	uint8_t mask[4];
	uint64_t left;	 /* of the payload */
	uint8_t phase;	 /* of the mask */
	bool compressed; /* the message is */
	bool lost;	 /* where frames begin: all is withheld until a piece is whole frames */
};

void aa_websocket_init(struct aa_websocket *websocket, const struct aa_redactor *redactor);

/* Searches the piece in place. Returns 0, 1 if frames are lost and it must be withheld, or what found returned. */
int aa_websocket_search(struct aa_websocket *websocket, struct aa_pass *pass);

void aa_websocket_skip(struct aa_websocket *websocket); /* a hole */
int aa_websocket_end(struct aa_websocket *websocket, struct aa_pass *pass);

#endif
