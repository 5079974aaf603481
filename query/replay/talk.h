/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was said over a connection, from the pieces of both directions in the order of time: finds out which protocol it is, decodes
 * it, pairs responses with requests, undoes the codings of bodies, and tells what there is as it comes. Memory is bounded whatever
 * the bytes are.
 */
#ifndef AA_QUERY_TALK_H
#define AA_QUERY_TALK_H

#include "replay/http.h"
#include "replay/search.h"
#include "replay/sse.h"
#include "replay/websocket.h"

/* Of a body this much is kept to be shown, of all bodies of a connection that are under way, that. */
#define AA_TALK_BODY_MAX ((size_t)2 * 1024 * 1024)
#define AA_TALK_KEPT_MAX ((size_t)64 * 1024 * 1024)

/* Requests under way: more, and the oldest are taken for unanswered. */
#define AA_TALK_EXCHANGES_MAX 1000

/* More holes in one body are told as one. */
#define AA_TALK_HOLES_MAX 16

struct aa_talk_hole {
	size_t at; /* bytes of the kept body before it */
	uint64_t bytes;
};

struct aa_talk_message {
	bool seen; /* its head, or something of it */
	bool response;
	bool decoded; /* its head is known */
	bool ended;
	unsigned direction;
	int64_t time_ns; /* of its first byte, and its last one */
	int64_t end_ns;
	int status;
	const char *version; /* NULL: not known */
	struct aa_fields line;
	struct aa_fields fields;
	struct aa_fields trailers;
	uint64_t bytes;		    /* of its body, as it was transferred, lost ones included */
	uint64_t missing_bytes;	    /* of them */
	uint64_t decoded_bytes;	    /* of it, its coding undone */
	uint64_t events;	    /* of its event stream; messages of a WebSocket */
	struct aa_text_buffer body; /* decoded; its beginning */
	bool body_cut;		    /* it is not whole */
	struct aa_talk_hole holes[AA_TALK_HOLES_MAX];
	unsigned hole_count;
	const char *trouble; /* NULL, or what is wrong with it */
	/* Of the decoder. */
	struct aa_coding *coding;
	bool raw; /* its coding cannot be undone */
	struct aa_sse *sse;
	size_t search_at;
};

struct aa_talk_exchange {
	uint64_t stream;
	bool pushed;
	bool tunnel; /* no HTTP from there on: an upgrade, or CONNECT */
	bool found;  /* the text that is looked for */
	struct aa_talk_message request;
	struct aa_talk_message response;
};

enum aa_told_kind {
	AA_TOLD_HEAD,	   /* message: its head */
	AA_TOLD_BODY,	   /* message: its body has ended, if it has one that is not told as events */
	AA_TOLD_EVENT,	   /* message, event */
	AA_TOLD_WEBSOCKET, /* websocket */
	AA_TOLD_TRAILERS,  /* message */
	AA_TOLD_EXCHANGE,  /* exchange: nothing more comes of it; it is freed then */
	AA_TOLD_DATA,	   /* bytes, size: of no protocol that is known */
	AA_TOLD_GAP,	   /* missing, text: why */
	AA_TOLD_NOTE,	   /* text */
};

struct aa_told {
	enum aa_told_kind kind;
	unsigned direction;
	int64_t time_ns;
	uint64_t stream; /* 0: none */
	const struct aa_talk_exchange *exchange;
	const struct aa_talk_message *message;
	const struct aa_sse_event *event;
	const struct aa_websocket_message *websocket;
	const void *bytes;
	size_t size;
	uint64_t missing;
	const char *text;
};

/* 0, or a negative errno that ends the talk. */
typedef int aa_talk_fn(void *context, const struct aa_told *told);

/* How a connection is to be read. Zero-initialise what is not known. */
struct aa_talk_options {
	const char *alpn;		/* NULL: not known */
	const char *role;		/* "client", "server": of the recorded process; NULL: found out */
	bool late;			/* what came first is not there */
	bool keep;			/* bodies, to be shown */
	const struct aa_search *search; /* NULL: nothing is looked for */
};

struct aa_talk;

/* options is copied, what it points to is borrowed. NULL: out of memory. */
struct aa_talk *aa_talk_new(const struct aa_talk_options *options, aa_talk_fn *tell, void *context);
void aa_talk_free(struct aa_talk *talk); /* NULL is fine */

/* 0 or a negative errno. */
int aa_talk_feed(struct aa_talk *talk, unsigned direction, int64_t time_ns, const void *bytes, size_t size);
int aa_talk_skip(struct aa_talk *talk, unsigned direction, int64_t time_ns, uint64_t bytes, const char *why);

/* Nothing more comes: what is under way is told as it is. */
int aa_talk_end(struct aa_talk *talk);

/* "http/1.1", "h2", "websocket"; NULL: not known. */
const char *aa_talk_protocol(const struct aa_talk *talk);

#endif
