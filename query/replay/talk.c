/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols of a conversation; see talk.h. */
#include "replay/talk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/exchange.h"
#include "replay/http1.h"
#include "replay/http2.h"

/* Streams that have ended, and of which something may still come. */
#define RECENT 64

enum protocol {
	UNKNOWN,
	HTTP1,
	HTTP2,
};

struct aa_talk {
	struct aa_exchanges exchanges;
	struct aa_http_sink sink;
	enum protocol protocol;
	unsigned client; /* the direction of requests */
	bool role_known;
	struct aa_text_buffer pending[AA_DIRECTIONS]; /* too short to say what it is */
	struct aa_http1 http1[AA_DIRECTIONS];
	bool unsure; /* HTTP/1: a message was missed, so that responses may not follow the order of requests */
	struct aa_http2 *http2;
	uint64_t recent[RECENT];
	size_t recent_count;
	struct aa_talk_exchange *tunnel;
	struct aa_websocket *websocket[AA_DIRECTIONS]; /* NULL in a tunnel: no WebSocket, or a broken one */
	unsigned websocket_direction;
};

static int tell_note(void *context, unsigned direction, uint64_t stream, const char *text)
{
	struct aa_talk *talk = context;
	struct aa_told told = {
		.kind = AA_TOLD_NOTE, .direction = direction, .stream = stream, .text = text
	};

	return aa_exchanges_tell(&talk->exchanges, &told);
}

static int tell_data(struct aa_talk *talk, unsigned direction, const void *bytes, size_t size)
{
	struct aa_told told = { .kind = AA_TOLD_DATA, .direction = direction, .bytes = bytes, .size = size };

	return size > 0 ? aa_exchanges_tell(&talk->exchanges, &told) : 0;
}

static struct aa_talk_message *message_of(struct aa_talk *talk, struct aa_talk_exchange *exchange,
					  unsigned direction)
{
	return direction == talk->client && !exchange->pushed ? &exchange->request : &exchange->response;
}

static bool was_recent(const struct aa_talk *talk, uint64_t stream)
{
	for (size_t i = 0; i < RECENT && i < talk->recent_count; i++)
		if (talk->recent[i] == stream)
			return true;
	return false;
}

/* Ends a message; if that ends its exchange, the stream is remembered. */
static int end_message(struct aa_talk *talk, struct aa_talk_exchange *exchange,
		       struct aa_talk_message *message, const char *trouble)
{
	uint64_t stream = exchange->stream;
	size_t count = talk->exchanges.count;
	int r = aa_exchange_end(&talk->exchanges, exchange, message, trouble);

	if (talk->exchanges.count < count)
		talk->recent[talk->recent_count++ % RECENT] = stream;
	return r;
}

/* --- HTTP/1 --- */

/* A tunnel begins behind this response, in both directions. */
static int begin_tunnel(struct aa_talk *talk, struct aa_talk_exchange *exchange)
{
	const struct aa_fields *fields = &exchange->response.fields;
	bool deflate = aa_fields_have(fields, "sec-websocket-extensions", "permessage-deflate");
	size_t size;
	const char *extensions = aa_fields_find(fields, "sec-websocket-extensions", &size);

	talk->tunnel = exchange;
	exchange->tunnel = true;
	exchange->request.ended = true;
	aa_http1_tunnel(&talk->http1[talk->client]);
	if (exchange->response.status != 101 || !aa_fields_have(fields, "upgrade", "websocket"))
		return AA_HTTP_TUNNEL;
	for (unsigned i = 0; i < AA_DIRECTIONS; i++) {
		const char *word =
			i == talk->client ? "client_no_context_takeover" : "server_no_context_takeover";
		bool takeover = !extensions || !memmem(extensions, size, word, strlen(word));

		talk->websocket[i] = aa_websocket_new(deflate, takeover);
		if (!talk->websocket[i])
			return -ENOMEM;
	}
	return AA_HTTP_TUNNEL;
}

static bool is_method(const struct aa_talk_exchange *exchange, const char *method)
{
	size_t size;
	const char *value = aa_fields_find(&exchange->request.line, ":method", &size);

	return value && size == strlen(method) && memcmp(value, method, size) == 0;
}

static int take_request(struct aa_talk *talk, struct aa_http_head *head)
{
	struct aa_talk_exchange *exchange;
	int r = 0;

	while (r == 0 && talk->unsure && talk->exchanges.count > 0)
		r = aa_exchange_finish(&talk->exchanges, talk->exchanges.items[0], "the rest is missing");
	talk->unsure = false;
	if (r < 0)
		return r;
	exchange = aa_exchanges_add(&talk->exchanges, head->stream);
	if (!exchange)
		return -ENOMEM;
	r = aa_exchange_head(&talk->exchanges, exchange, &exchange->request, head);
	if (r < 0)
		return r;
	return is_method(exchange, "CONNECT") ? AA_HTTP_NO_BODY : AA_HTTP_BODY;
}

/* The first request without an answer; behind a hole the last one. NULL: none. */
static struct aa_talk_exchange *find_unanswered(struct aa_talk *talk)
{
	struct aa_talk_exchange *found = NULL;

	for (size_t i = 0; i < talk->exchanges.count; i++) {
		if (talk->exchanges.items[i]->response.ended)
			continue;
		found = talk->exchanges.items[i];
		if (!talk->unsure)
			break;
	}
	return found;
}

static int take_response(struct aa_talk *talk, struct aa_http_head *head)
{
	struct aa_talk_exchange *exchange = find_unanswered(talk);
	int r;

	if (!exchange) {
		exchange = aa_exchanges_add(&talk->exchanges, 0);
		if (!exchange)
			return -ENOMEM;
		exchange->request.ended = true;
	}
	head->stream = exchange->stream;
	r = aa_exchange_head(&talk->exchanges, exchange, &exchange->response, head);
	if (r < 0)
		return r;
	if (head->status == 101 || (is_method(exchange, "CONNECT") && head->status / 100 == 2))
		return begin_tunnel(talk, exchange);
	return is_method(exchange, "HEAD") ? AA_HTTP_NO_BODY : AA_HTTP_BODY;
}

/* --- HTTP/2 --- */

static struct aa_talk_exchange *find_or_add(struct aa_talk *talk, uint64_t stream)
{
	struct aa_talk_exchange *exchange = aa_exchanges_find(&talk->exchanges, stream);

	return exchange ? exchange : aa_exchanges_add(&talk->exchanges, stream);
}

static int take_head2(struct aa_talk *talk, struct aa_http_head *head)
{
	struct aa_talk_exchange *exchange;
	struct aa_talk_message *message;
	int r;

	if (was_recent(talk, head->stream))
		return tell_note(talk, head->direction, head->stream, "headers behind the end of a stream");
	exchange = find_or_add(talk, head->stream);
	if (!exchange)
		return -ENOMEM;
	if (head->pushed) {
		exchange->pushed = true;
		r = aa_exchange_head(&talk->exchanges, exchange, &exchange->request, head);
		return r < 0 ? r : end_message(talk, exchange, &exchange->request, NULL);
	}
	message = message_of(talk, exchange, head->direction);
	/* Undecoded, a second head is one of trailers, or of the response proper. */
	if (message->seen && (!head->decoded || message->status == 0 || message->status >= 200))
		return head->decoded
			       ? tell_note(talk, head->direction, head->stream, "malformed: a second head")
			       : 0;
	return aa_exchange_head(&talk->exchanges, exchange, message, head);
}

/* --- What the decoders tell --- */

static int on_head(void *context, struct aa_http_head *head)
{
	struct aa_talk *talk = context;

	if (talk->protocol == HTTP2)
		return take_head2(talk, head);
	return head->response ? take_response(talk, head) : take_request(talk, head);
}

/* The exchange that more comes of; one whose beginning is missing is made. NULL with *ret 0: it is of no interest. */
static struct aa_talk_exchange *find_for_more(struct aa_talk *talk, unsigned direction, uint64_t stream,
					      int *ret)
{
	struct aa_talk_exchange *exchange = aa_exchanges_find(&talk->exchanges, stream);
	struct aa_talk_message *message;

	*ret = 0;
	if (!exchange && (talk->protocol == HTTP1 || was_recent(talk, stream)))
		return NULL;
	if (!exchange)
		exchange = aa_exchanges_add(&talk->exchanges, stream);
	if (!exchange) {
		*ret = -ENOMEM;
		return NULL;
	}
	message = message_of(talk, exchange, direction);
	if (message->ended)
		return NULL;
	if (!message->seen) {
		message->seen = true;
		message->direction = direction;
		message->version = "2";
		message->time_ns = talk->exchanges.now_ns;
		message->end_ns = talk->exchanges.now_ns;
	}
	return exchange;
}

static int on_data(void *context, unsigned direction, uint64_t stream, const void *bytes, size_t size)
{
	struct aa_talk *talk = context;
	int r;
	struct aa_talk_exchange *exchange = find_for_more(talk, direction, stream, &r);

	return exchange ? aa_exchange_data(&talk->exchanges, exchange, message_of(talk, exchange, direction),
					   bytes, size)
			: r;
}

static int on_missing(void *context, unsigned direction, uint64_t stream, uint64_t bytes)
{
	struct aa_talk *talk = context;
	int r;
	struct aa_talk_exchange *exchange = find_for_more(talk, direction, stream, &r);

	return exchange ? aa_exchange_missing(&talk->exchanges, exchange,
					      message_of(talk, exchange, direction), bytes)
			: r;
}

static int on_trailers(void *context, unsigned direction, uint64_t stream, struct aa_fields *fields)
{
	struct aa_talk *talk = context;
	int r;
	struct aa_talk_exchange *exchange = find_for_more(talk, direction, stream, &r);

	return exchange ? aa_exchange_trailers(&talk->exchanges, exchange,
					       message_of(talk, exchange, direction), fields)
			: r;
}

static int on_end(void *context, unsigned direction, uint64_t stream, const char *trouble)
{
	struct aa_talk *talk = context;
	struct aa_talk_exchange *exchange = aa_exchanges_find(&talk->exchanges, stream);
	struct aa_talk_message *message;

	if (!exchange)
		return 0;
	message = message_of(talk, exchange, direction);
	/* Joined late: the request was before. */
	if (message == &exchange->response && !exchange->request.seen)
		exchange->request.ended = true;
	return end_message(talk, exchange, message, trouble);
}

/* --- Tunnels --- */

static int on_websocket(void *context, const struct aa_websocket_message *message)
{
	struct aa_talk *talk = context;
	struct aa_told told = { .kind = AA_TOLD_WEBSOCKET,
				.direction = talk->websocket_direction,
				.stream = talk->tunnel->stream,
				.exchange = talk->tunnel,
				.websocket = message };
	size_t at = 0;

	talk->tunnel->response.events++;
	talk->tunnel->response.end_ns = talk->exchanges.now_ns;
	if (talk->exchanges.options.search && !talk->tunnel->found)
		talk->tunnel->found =
			aa_search_feed(talk->exchanges.options.search, &at, message->bytes, message->size);
	return aa_exchanges_tell(&talk->exchanges, &told);
}

static int end_websocket(struct aa_talk *talk, unsigned direction)
{
	aa_websocket_free(talk->websocket[direction]);
	talk->websocket[direction] = NULL;
	return tell_note(talk, direction, 0, "malformed: no WebSocket any more");
}

static int feed_tunnel(struct aa_talk *talk, unsigned direction, const void *bytes, size_t size)
{
	struct aa_talk_message *message = message_of(talk, talk->tunnel, direction);
	int r;

	message->bytes += size;
	message->end_ns = talk->exchanges.now_ns;
	if (!talk->websocket[direction])
		return tell_data(talk, direction, bytes, size);
	talk->websocket_direction = direction;
	r = aa_websocket_feed(talk->websocket[direction], bytes, size, on_websocket, talk);
	return r == AA_WEBSOCKET_MALFORMED ? end_websocket(talk, direction) : r;
}

static int skip_tunnel(struct aa_talk *talk, unsigned direction, uint64_t bytes)
{
	struct aa_talk_message *message = message_of(talk, talk->tunnel, direction);
	int r;

	message->bytes += bytes;
	message->missing_bytes += bytes;
	if (!talk->websocket[direction])
		return 0;
	talk->websocket_direction = direction;
	r = aa_websocket_skip(talk->websocket[direction], bytes, on_websocket, talk);
	return r == AA_WEBSOCKET_MALFORMED ? end_websocket(talk, direction) : r;
}

/* --- The bytes --- */

static int begin_http1(struct aa_talk *talk, unsigned client, bool lost)
{
	talk->protocol = HTTP1;
	talk->client = client;
	talk->unsure = lost;
	for (unsigned i = 0; i < AA_DIRECTIONS; i++)
		aa_http1_begin(&talk->http1[i], &talk->sink, i, i != client, lost);
	return 0;
}

static int begin_http2(struct aa_talk *talk, unsigned client)
{
	talk->protocol = HTTP2;
	talk->client = client;
	talk->http2 = aa_http2_new(&talk->sink, talk->exchanges.options.late);
	return talk->http2 ? 0 : -ENOMEM;
}

struct aa_talk *aa_talk_new(const struct aa_talk_options *options, aa_talk_fn *tell, void *context)
{
	struct aa_talk *talk = calloc(1, sizeof(*talk));
	const char *alpn = options->alpn ? options->alpn : "";
	int r = 0;

	if (!talk)
		return NULL;
	talk->exchanges = (struct aa_exchanges){ .options = *options, .tell = tell, .context = context };
	talk->sink = (struct aa_http_sink){
		.context = talk,
		.head = on_head,
		.data = on_data,
		.missing = on_missing,
		.trailers = on_trailers,
		.end = on_end,
		.note = tell_note,
	};
	talk->role_known = options->role != NULL;
	talk->client = options->role && strcmp(options->role, "server") == 0 ? AA_RECEIVED : AA_SENT;
	/* What is known to be HTTP is looked for also behind a beginning that is missing. */
	if (strcmp(alpn, "h2") == 0 && talk->role_known)
		r = begin_http2(talk, talk->client);
	else if (strncmp(alpn, "http/1.", 7) == 0 && options->late)
		r = begin_http1(talk, talk->client, true);
	if (r < 0) {
		aa_talk_free(talk);
		return NULL;
	}
	return talk;
}

void aa_talk_free(struct aa_talk *talk)
{
	if (!talk)
		return;
	for (unsigned i = 0; i < AA_DIRECTIONS; i++) {
		aa_text_release(&talk->pending[i]);
		aa_http1_release(&talk->http1[i]);
		aa_websocket_free(talk->websocket[i]);
	}
	aa_http2_free(talk->http2);
	aa_exchanges_release(&talk->exchanges);
	free(talk);
}

static int feed_http1(struct aa_talk *talk, unsigned direction, const void *bytes, size_t size)
{
	size_t taken = size;
	int r = aa_http1_feed(&talk->http1[direction], bytes, size, &taken);

	talk->unsure |= talk->http1[direction].state == AA_HTTP1_LOST;
	if (r < 0 || taken == size || !talk->tunnel)
		return r;
	return feed_tunnel(talk, direction, (const char *)bytes + taken, size - taken);
}

static int feed_decoder(struct aa_talk *talk, unsigned direction, const void *bytes, size_t size)
{
	if (size == 0)
		return 0;
	if (talk->protocol == HTTP2)
		return aa_http2_feed(talk->http2, direction, bytes, size);
	return feed_http1(talk, direction, bytes, size);
}

/* 1: begun; 0: too short to say; -1: it is something else; or another negative errno. */
enum { BEGUN = 1, TOO_SHORT = 0, NOTHING_KNOWN = 2 };

static int recognise(struct aa_talk *talk, unsigned direction, const void *bytes, size_t size)
{
	enum aa_http2_looks looks2 = aa_http2_looks(bytes, size);
	enum aa_http1_looks looks1 = aa_http1_looks(bytes, size);
	const char *alpn = talk->exchanges.options.alpn;
	int r = 0;

	if (looks2 == AA_HTTP2_LOOKS_CLIENT)
		r = begin_http2(talk, direction);
	else if (looks2 == AA_HTTP2_LOOKS_SERVER)
		r = begin_http2(talk, !direction);
	else if (looks1 == AA_HTTP1_LOOKS_REQUEST && looks2 != AA_HTTP2_LOOKS_MORE)
		r = begin_http1(talk, direction, false);
	else if (looks1 == AA_HTTP1_LOOKS_RESPONSE)
		r = begin_http1(talk, !direction, false);
	else if (looks1 == AA_HTTP1_LOOKS_MORE || looks2 == AA_HTTP2_LOOKS_MORE)
		return TOO_SHORT;
	else if (alpn && strcmp(alpn, "h2") == 0)
		r = begin_http2(talk, talk->client);
	else
		return NOTHING_KNOWN;
	return r < 0 ? r : BEGUN;
}

/* What waits in the other direction came before. */
static int feed_pending(struct aa_talk *talk, unsigned direction)
{
	struct aa_text_buffer *pending = &talk->pending[direction];
	int r = talk->protocol == UNKNOWN ? tell_data(talk, direction, pending->data, pending->size)
					  : feed_decoder(talk, direction, pending->data, pending->size);

	aa_text_clear(pending);
	return r;
}

static int feed_unknown(struct aa_talk *talk, unsigned direction, const void *bytes, size_t size)
{
	struct aa_text_buffer *pending = &talk->pending[direction];
	int r;

	aa_text_add(pending, bytes, size);
	if (pending->failed)
		return -ENOMEM;
	r = recognise(talk, direction, pending->data, pending->size);
	if (r < 0 || r == TOO_SHORT)
		return r;
	if (r == BEGUN)
		r = feed_pending(talk, !direction);
	return r < 0 ? r : feed_pending(talk, direction);
}

int aa_talk_feed(struct aa_talk *talk, unsigned direction, int64_t time_ns, const void *bytes, size_t size)
{
	talk->exchanges.now_ns = time_ns;
	if (size == 0)
		return 0;
	if (talk->tunnel && talk->http1[direction].state == AA_HTTP1_TUNNEL)
		return feed_tunnel(talk, direction, bytes, size);
	if (talk->protocol == UNKNOWN)
		return feed_unknown(talk, direction, bytes, size);
	return feed_decoder(talk, direction, bytes, size);
}

int aa_talk_skip(struct aa_talk *talk, unsigned direction, int64_t time_ns, uint64_t bytes, const char *why)
{
	struct aa_told told = { .kind = AA_TOLD_GAP, .direction = direction, .missing = bytes, .text = why };
	int r;

	talk->exchanges.now_ns = time_ns;
	if (bytes == 0)
		return 0;
	r = talk->protocol == UNKNOWN ? feed_pending(talk, direction) : 0;
	if (r == 0)
		r = aa_exchanges_tell(&talk->exchanges, &told);
	if (r < 0)
		return r;
	if (talk->protocol == UNKNOWN) {
		talk->exchanges.options.late = true;
		return 0;
	}
	if (talk->tunnel)
		return skip_tunnel(talk, direction, bytes);
	if (talk->protocol == HTTP2)
		return aa_http2_skip(talk->http2, direction, bytes);
	r = aa_http1_skip(&talk->http1[direction], bytes);
	talk->unsure |= talk->http1[direction].state == AA_HTTP1_LOST;
	return r;
}

int aa_talk_end(struct aa_talk *talk)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < AA_DIRECTIONS; i++) {
		if (talk->protocol == UNKNOWN)
			r = feed_pending(talk, i);
		else if (talk->protocol == HTTP2)
			r = aa_http2_end(talk->http2, i);
		else
			r = aa_http1_end(&talk->http1[i]);
	}
	while (r == 0 && talk->exchanges.count > 0) {
		struct aa_talk_exchange *exchange = talk->exchanges.items[0];

		if (exchange->tunnel)
			exchange->response.ended = true;
		r = aa_exchange_finish(&talk->exchanges, exchange, "cut off");
	}
	return r;
}

const char *aa_talk_protocol(const struct aa_talk *talk)
{
	if (talk->protocol == UNKNOWN)
		return NULL;
	if (talk->protocol == HTTP2)
		return "h2";
	return talk->websocket[0] || talk->websocket[1] ? "websocket" : "http/1.1";
}
