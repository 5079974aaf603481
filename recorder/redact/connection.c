/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both directions of a connection: which protocol they speak, and what may be stored of them. HTTP/2 is told by ALPN, by the
 * client's preface, or by the SETTINGS that a server has to send first. When that was not seen (joined late, or a hole at
 * the beginning), a piece that is text is searched as text; one that is whole frames of HTTP/2 shows that it is that; a head
 * of HTTP/1 shows that it is not; and what is none of these is withheld, as it may hold compressed headers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http2.h"
#include "search.h"
#include "websocket.h"

#define DIRECTIONS 2
#define TEXT_BYTES 4096 /* of a piece that are looked at */

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define PREFACE_SIZE (sizeof(preface) - 1)

enum protocol {
	NEW,	 /* too few bytes to tell */
	UNSURE,	 /* its beginning was not seen */
	PLAIN,	 /* HTTP/1, or whatever else goes over the wire as it is */
	PREFACE, /* of HTTP/2, agreed on */
	HTTP2,
	WEBSOCKET,
};

struct direction {
	enum protocol protocol;
	uint64_t offset;  /* of the next byte to be fed */
	uint64_t emitted; /* up to there it is stored, or withheld */
	uint8_t matched;  /* bytes of the preface, or of the first frame's header */
	bool not_preface, not_settings;
	uint8_t first[AA_FRAME_HEADER];
	struct aa_searcher searcher;
	struct aa_upgrade upgrade;
	struct aa_websocket *websocket;
	struct aa_http2 *http2;
};

struct aa_redact_connection {
	const struct aa_redactor *redactor;
	bool is_http2; /* agreed on, or seen in one direction */
	bool is_plain; /* likewise */
	struct direction directions[DIRECTIONS];
};

/* A call of feed, skip or end. */
struct call {
	struct aa_redact_connection *connection;
	struct direction *direction;
	struct direction *other;
	struct aa_text_buffer *out;
	struct aa_redacted *ret;
	aa_redaction_fn *found;
	void *context;
};

struct aa_redact_connection *aa_redact_connection_new(const struct aa_redactor *redactor, bool late)
{
	struct aa_redact_connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->redactor = redactor;
	for (size_t i = 0; i < DIRECTIONS; i++) {
		connection->directions[i].protocol = late ? UNSURE : NEW;
		aa_searcher_init(&connection->directions[i].searcher, redactor);
		if (late)
			aa_search_skip(&connection->directions[i].searcher);
	}
	return connection;
}

void aa_redact_connection_free(struct aa_redact_connection *connection)
{
	if (!connection)
		return;
	for (size_t i = 0; i < DIRECTIONS; i++) {
		aa_http2_free(connection->directions[i].http2);
		free(connection->directions[i].websocket);
	}
	explicit_bzero(connection, sizeof(*connection));
	free(connection);
}

void aa_redact_set_protocol(struct aa_redact_connection *connection, const char *alpn)
{
	if (strcmp(alpn, "h2") == 0)
		connection->is_http2 = true;
	else if (strncmp(alpn, "http/1.", 7) == 0)
		connection->is_plain = true;
}

static struct call new_call(struct aa_redact_connection *connection, unsigned direction,
			    struct aa_text_buffer *out, struct aa_redacted *ret_redacted,
			    aa_redaction_fn *found, void *context)
{
	struct call call = {
		.connection = connection,
		.direction = &connection->directions[direction],
		.other = &connection->directions[!direction],
		.out = out,
		.ret = ret_redacted,
		.found = found,
		.context = context,
	};

	*ret_redacted = (struct aa_redacted){ .begin = call.direction->emitted };
	return call;
}

static struct aa_pass new_pass(const struct call *call)
{
	return (struct aa_pass){ .offset = call->direction->offset,
				 .found = call->found,
				 .context = call->context };
}

/* The next size bytes of the direction are done with; those that are held apart, they are in out. */
static void advance(struct call *call, size_t size)
{
	call->direction->offset += size;
	call->ret->used += size;
}

static void withhold(struct call *call, size_t size)
{
	advance(call, size);
	call->direction->emitted = call->direction->offset;
	call->ret->withheld += size;
}

static int start_http2(struct call *call, bool lost)
{
	struct direction *direction = call->direction;

	direction->http2 = aa_http2_new(call->connection->redactor);
	if (!direction->http2)
		return -ENOMEM;
	if (lost)
		aa_http2_lose(direction->http2);
	if (call->other->http2)
		aa_http2_allow(direction->http2, call->other->http2);
	call->connection->is_http2 = true;
	direction->protocol = HTTP2;
	return 0;
}

static int start_websocket(struct call *call, struct direction *direction)
{
	direction->websocket = malloc(sizeof(*direction->websocket));
	if (!direction->websocket)
		return -ENOMEM;
	aa_websocket_init(direction->websocket, call->connection->redactor);
	direction->protocol = WEBSOCKET;
	return 0;
}

static int search_plain(struct call *call, const uint8_t *bytes, size_t size)
{
	struct aa_pass pass = new_pass(call);
	size_t before = call->out->size;
	int r;

	aa_text_add(call->out, bytes, size);
	if (call->out->failed)
		return -ENOMEM;
	pass.bytes = (uint8_t *)call->out->data + before;
	pass.size = size;
	r = aa_search(&call->direction->searcher, &pass);
	call->ret->count += pass.count;
	advance(call, size);
	call->direction->emitted = call->direction->offset;
	return r;
}

static int feed_plain(struct call *call, const uint8_t *bytes, size_t size)
{
	bool agreed;
	size_t n = aa_upgrade_feed(&call->direction->upgrade, bytes, size, &agreed);
	int r = search_plain(call, bytes, n);

	if (r < 0 || !agreed || !call->other->upgrade.asked || call->other->protocol != PLAIN)
		return r;
	r = start_websocket(call, call->direction);
	return r == 0 ? start_websocket(call, call->other) : r;
}

static int feed_websocket(struct call *call, const uint8_t *bytes, size_t size)
{
	struct aa_pass pass = new_pass(call);
	size_t before = call->out->size;
	int r;

	aa_text_add(call->out, bytes, size);
	if (call->out->failed)
		return -ENOMEM;
	pass.bytes = (uint8_t *)call->out->data + before;
	pass.size = size;
	r = aa_websocket_search(call->direction->websocket, &pass);
	call->ret->count += pass.count;
	if (r == 1) {
		call->out->size = before;
		withhold(call, size);
		return 0;
	}
	advance(call, size);
	call->direction->emitted = call->direction->offset;
	return r;
}

static int feed_http2(struct call *call, const uint8_t *bytes, size_t size)
{
	struct direction *direction = call->direction;
	struct aa_http2_piece piece = {
		.bytes = bytes,
		.size = size,
		.offset = direction->offset,
		.other = call->other->http2,
		.out = call->out,
		.emitted = &direction->emitted,
		.found = call->found,
		.context = call->context,
	};
	ssize_t n = aa_http2_feed(direction->http2, &piece);

	if (n < 0)
		return (int)n;
	advance(call, (size_t)n);
	call->ret->count += piece.count;
	call->ret->withheld += piece.withheld;
	call->ret->rewritten = piece.rewritten;
	return 0;
}

/* Agreed on: the client begins with the preface, the server with a frame. */
static int feed_preface(struct call *call, const uint8_t *bytes, size_t size)
{
	struct direction *direction = call->direction;
	size_t n = 0;
	int r;

	while (n < size && direction->matched < PREFACE_SIZE &&
	       bytes[n] == (uint8_t)preface[direction->matched]) {
		n++;
		direction->matched++;
	}
	r = search_plain(call, bytes, n);
	if (r < 0 || (n == size && direction->matched < PREFACE_SIZE))
		return r;
	/* No preface at all: frames, if it is HTTP/2. Half of one: nothing that is known. */
	return start_http2(call, direction->matched && direction->matched < PREFACE_SIZE);
}

/* The first header of a server: a SETTINGS frame without ACK, of stream 0. */
static bool may_be_settings(const struct direction *direction, uint8_t byte)
{
	static const int header[AA_FRAME_HEADER] = { 0, -1, -1, 4, 0, 0, 0, 0, 0 };

	return direction->matched < AA_FRAME_HEADER &&
	       (header[direction->matched] < 0 || header[direction->matched] == byte);
}

/* The first bytes are no secret as long as they may be what HTTP/2 begins with. */
static int feed_new(struct call *call, const uint8_t *bytes, size_t size)
{
	struct direction *direction = call->direction;
	size_t n = 0;
	int r;

	while (n < size) {
		uint8_t byte = bytes[n];

		if (!may_be_settings(direction, byte))
			direction->not_settings = true;
		if (byte != (uint8_t)preface[direction->matched])
			direction->not_preface = true;
		if (direction->not_settings && direction->not_preface)
			break;
		if (direction->matched < AA_FRAME_HEADER)
			direction->first[direction->matched] = byte;
		n++;
		direction->matched++;
		if (!direction->not_settings && direction->matched == AA_FRAME_HEADER)
			break;
		if (!direction->not_preface && direction->matched == PREFACE_SIZE)
			break;
	}
	if (direction->not_settings && direction->not_preface) {
		direction->protocol = PLAIN;
		r = n ? feed_plain(call, bytes, n) : 0;
		return r == 0 && call->connection->is_http2 ? start_http2(call, true) : r;
	}
	r = search_plain(call, bytes, n);
	if (r < 0 || direction->matched < AA_FRAME_HEADER ||
	    (direction->not_settings && direction->matched < PREFACE_SIZE))
		return r;
	r = start_http2(call, false);
	if (r == 0 && !direction->not_settings)
		aa_http2_begin(direction->http2, direction->first);
	return r;
}

static bool is_text(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size && i < TEXT_BYTES; i++)
		if (bytes[i] < ' ' && bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t')
			return false;
	return true;
}

static bool is_http1(const uint8_t *bytes, size_t size)
{
	static const char *const heads[] = { "HTTP/1.", "GET ",	    "POST ",  "PUT ",	 "HEAD ",
					     "DELETE ", "OPTIONS ", "PATCH ", "CONNECT " };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (size >= strlen(heads[i]) && memcmp(bytes, heads[i], strlen(heads[i])) == 0)
			return true;
	return false;
}

static int feed_unsure(struct call *call, const uint8_t *bytes, size_t size)
{
	if (is_http1(bytes, size)) {
		call->connection->is_plain = true;
		call->direction->protocol = PLAIN;
		return 0;
	}
	if (aa_http2_is_frames(bytes, size))
		return start_http2(call, true);
	if (is_text(bytes, size))
		return search_plain(call, bytes, size);
	withhold(call, size);
	return 0;
}

/* What the other direction, or ALPN, tells about this one. */
static int settle(struct call *call)
{
	struct aa_redact_connection *connection = call->connection;
	struct direction *direction = call->direction;

	if (direction->protocol == NEW && connection->is_http2 && direction->offset == 0)
		direction->protocol = PREFACE;
	else if (direction->protocol == UNSURE && connection->is_http2)
		return start_http2(call, true);
	else if (direction->protocol <= UNSURE && connection->is_plain)
		direction->protocol = PLAIN;
	return 0;
}

static int feed(struct call *call, const uint8_t *bytes, size_t size)
{
	int r = settle(call);

	if (r < 0)
		return r;
	switch (call->direction->protocol) {
	case NEW:
		return feed_new(call, bytes, size);
	case UNSURE:
		return feed_unsure(call, bytes, size);
	case PREFACE:
		return feed_preface(call, bytes, size);
	case HTTP2:
		return feed_http2(call, bytes, size);
	case WEBSOCKET:
		return feed_websocket(call, bytes, size);
	default:
		return feed_plain(call, bytes, size);
	}
}

int aa_redact_feed(struct aa_redact_connection *connection, unsigned direction, const void *bytes,
		   size_t size, struct aa_text_buffer *out, struct aa_redacted *ret_redacted,
		   aa_redaction_fn *found, void *context)
{
	struct call call = new_call(connection, direction, out, ret_redacted, found, context);
	int r = 0;

	while (ret_redacted->used < size && !ret_redacted->withheld && !ret_redacted->rewritten && r == 0)
		r = feed(&call, (const uint8_t *)bytes + ret_redacted->used, size - ret_redacted->used);
	ret_redacted->bytes = call.direction->emitted - ret_redacted->begin;
	return r;
}

static int end(struct call *call, bool hole)
{
	struct direction *direction = call->direction;
	struct aa_http2_piece piece = {
		.offset = direction->offset,
		.out = call->out,
		.emitted = &direction->emitted,
		.found = call->found,
		.context = call->context,
	};
	struct aa_pass pass = new_pass(call);
	uint8_t none = 0;
	int r = 0;

	pass.bytes = &none;
	pass.last = true;
	if (direction->protocol == HTTP2)
		r = aa_http2_end(direction->http2, &piece, hole);
	else if (hole && direction->protocol == WEBSOCKET)
		aa_websocket_skip(direction->websocket);
	else if (hole)
		aa_search_skip(&direction->searcher);
	else if (direction->protocol == WEBSOCKET)
		r = aa_websocket_end(direction->websocket, &pass);
	else
		r = aa_search(&direction->searcher, &pass);
	call->ret->count = pass.count + piece.count;
	call->ret->withheld = piece.withheld;
	call->ret->bytes = direction->emitted - call->ret->begin;
	return r;
}

int aa_redact_skip(struct aa_redact_connection *connection, unsigned direction, uint64_t bytes,
		   struct aa_text_buffer *out, struct aa_redacted *ret_redacted, aa_redaction_fn *found,
		   void *context)
{
	struct call call = new_call(connection, direction, out, ret_redacted, found, context);
	int r = end(&call, true);

	if (call.direction->protocol == NEW || call.direction->protocol == PREFACE)
		call.direction->protocol = UNSURE;
	call.direction->upgrade = (struct aa_upgrade){ .asked = call.direction->upgrade.asked };
	call.direction->offset += bytes;
	call.direction->emitted = call.direction->offset;
	return r;
}

int aa_redact_end(struct aa_redact_connection *connection, unsigned direction, struct aa_text_buffer *out,
		  struct aa_redacted *ret_redacted, aa_redaction_fn *found, void *context)
{
	struct call call = new_call(connection, direction, out, ret_redacted, found, context);

	return end(&call, false);
}
