/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and their bodies; see exchange.h. */
#include "replay/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/array.h"
#include "replay/body.h"

int aa_exchanges_tell(const struct aa_exchanges *exchanges, struct aa_told *told)
{
	told->time_ns = exchanges->now_ns;
	return exchanges->tell(exchanges->context, told);
}

struct aa_talk_exchange *aa_exchanges_find(const struct aa_exchanges *exchanges, uint64_t stream)
{
	for (size_t i = exchanges->count; i > 0; i--)
		if (exchanges->items[i - 1]->stream == stream)
			return exchanges->items[i - 1];
	return NULL;
}

static void free_message(struct aa_exchanges *exchanges, struct aa_talk_message *message)
{
	exchanges->kept -= message->body.size;
	aa_fields_release(&message->line);
	aa_fields_release(&message->fields);
	aa_fields_release(&message->trailers);
	aa_text_release(&message->body);
	aa_coding_free(message->coding);
	if (message->sse)
		aa_sse_release(message->sse);
	free(message->sse);
}

static void free_exchange(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange)
{
	free_message(exchanges, &exchange->request);
	free_message(exchanges, &exchange->response);
	free(exchange);
}

void aa_exchanges_release(struct aa_exchanges *exchanges)
{
	for (size_t i = 0; i < exchanges->count; i++)
		free_exchange(exchanges, exchanges->items[i]);
	free(exchanges->items);
	exchanges->items = NULL;
	exchanges->count = 0;
}

struct aa_talk_exchange *aa_exchanges_add(struct aa_exchanges *exchanges, uint64_t stream)
{
	struct aa_talk_exchange **grown, *exchange;

	if (exchanges->count >= AA_TALK_EXCHANGES_MAX &&
	    aa_exchange_finish(exchanges, exchanges->items[0], "too many others are under way") < 0)
		return NULL;
	grown = aa_array_grow(exchanges->items, exchanges->count, &exchanges->capacity,
			      sizeof(struct aa_talk_exchange *));
	if (!grown)
		return NULL;
	exchanges->items = grown;
	exchange = calloc(1, sizeof(*exchange));
	if (!exchange)
		return NULL;
	exchange->stream = stream;
	exchange->response.response = true;
	exchanges->items[exchanges->count++] = exchange;
	return exchange;
}

static void look_for(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange, size_t *at,
		     const void *bytes, size_t size)
{
	if (exchanges->options.search && !exchange->found)
		exchange->found = aa_search_feed(exchanges->options.search, at, bytes, size);
}

static void look_into_fields(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
			     const struct aa_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		size_t at = 0;

		look_for(exchanges, exchange, &at, aa_field_name(fields, i), fields->items[i].name_size);
		look_for(exchanges, exchange, &at, ": ", 2);
		look_for(exchanges, exchange, &at, aa_field_value(fields, i), fields->items[i].value_size);
	}
}

/* The decoder goes on with empty fields of ours. */
static void take_over(struct aa_fields *mine, struct aa_fields *others)
{
	struct aa_fields empty = *mine;

	aa_fields_clear(&empty);
	*mine = *others;
	*others = empty;
}

static int prepare_body(struct aa_talk_message *message)
{
	size_t size;
	const char *coding = aa_fields_find(&message->fields, "content-encoding", &size);
	bool known = true;

	if (coding && size > 0 && !(size == 8 && memcmp(coding, "identity", 8) == 0)) {
		message->coding = aa_coding_new(coding, size, &known);
		if (!message->coding && known)
			return -ENOMEM;
		message->raw = !known;
		if (!known)
			message->trouble = "its coding is not known here";
	}
	coding = aa_fields_find(&message->fields, "content-type", &size);
	if (message->response && !message->raw && coding &&
	    aa_body_has_type(coding, size, "text/event-stream")) {
		message->sse = calloc(1, sizeof(*message->sse));
		if (!message->sse)
			return -ENOMEM;
	}
	return 0;
}

/* Informational responses come before the one that counts. */
static void forget_informational(struct aa_exchanges *exchanges, struct aa_talk_message *message)
{
	if (!message->seen || message->status < 100 || message->status >= 200)
		return;
	free_message(exchanges, message);
	*message = (struct aa_talk_message){ .response = true };
}

int aa_exchange_head(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
		     struct aa_talk_message *message, const struct aa_http_head *head)
{
	struct aa_told told = { .kind = AA_TOLD_HEAD,
				.direction = head->direction,
				.stream = exchange->stream,
				.exchange = exchange,
				.message = message };
	int r = 0;

	forget_informational(exchanges, message);
	message->seen = true;
	message->direction = head->direction;
	message->decoded = head->decoded;
	message->time_ns = exchanges->now_ns;
	message->end_ns = exchanges->now_ns;
	message->status = head->status;
	message->version = head->version;
	take_over(&message->line, head->line);
	take_over(&message->fields, head->fields);
	look_into_fields(exchanges, exchange, &message->line);
	look_into_fields(exchanges, exchange, &message->fields);
	if (head->decoded)
		r = prepare_body(message);
	return r < 0 ? r : aa_exchanges_tell(exchanges, &told);
}

static int tell_event(void *context, const struct aa_sse_event *event)
{
	struct aa_exchanges *exchanges = context;
	struct aa_told told = { .kind = AA_TOLD_EVENT,
				.direction = exchanges->message->direction,
				.stream = exchanges->current->stream,
				.exchange = exchanges->current,
				.message = exchanges->message,
				.event = event };

	exchanges->message->events++;
	return aa_exchanges_tell(exchanges, &told);
}

static int take_decoded(void *context, const void *bytes, size_t size)
{
	struct aa_exchanges *exchanges = context;
	struct aa_talk_message *message = exchanges->message;
	size_t keep = size;

	message->decoded_bytes += size;
	look_for(exchanges, exchanges->current, &message->search_at, bytes, size);
	if (message->sse)
		return aa_sse_feed(message->sse, bytes, size, tell_event, exchanges);
	if (!exchanges->options.keep)
		return 0;
	if (keep > AA_TALK_BODY_MAX - message->body.size)
		keep = AA_TALK_BODY_MAX - message->body.size;
	if (keep > AA_TALK_KEPT_MAX - exchanges->kept)
		keep = AA_TALK_KEPT_MAX - exchanges->kept;
	if (keep < size)
		message->body_cut = true;
	aa_text_add(&message->body, bytes, keep);
	if (message->body.failed)
		return -ENOMEM;
	exchanges->kept += keep;
	return 0;
}

/* Bytes as they were transferred. */
int aa_exchange_data(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
		     struct aa_talk_message *message, const void *bytes, size_t size)
{
	int r;

	message->bytes += size;
	message->end_ns = exchanges->now_ns;
	exchanges->current = exchange;
	exchanges->message = message;
	if (message->raw)
		return 0;
	if (!message->coding)
		return take_decoded(exchanges, bytes, size);
	r = aa_coding_feed(message->coding, bytes, size, take_decoded, exchanges);
	if (r <= 0)
		return r;
	message->raw = true;
	message->body_cut = true;
	message->trouble =
		r == AA_CODING_BOMB ? "unpacking stopped: it becomes too much" : "its compression is damaged";
	return 0;
}

static void add_hole(struct aa_talk_message *message, uint64_t bytes)
{
	unsigned last = message->hole_count - (message->hole_count > 0);

	if (message->hole_count == AA_TALK_HOLES_MAX ||
	    (message->hole_count > 0 && message->holes[last].at == message->body.size)) {
		message->holes[last].bytes += bytes;
		return;
	}
	message->holes[message->hole_count++] =
		(struct aa_talk_hole){ .at = message->body.size, .bytes = bytes };
}

int aa_exchange_missing(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
			struct aa_talk_message *message, uint64_t bytes)
{
	(void)exchange;
	message->bytes += bytes;
	message->missing_bytes += bytes;
	message->end_ns = exchanges->now_ns;
	message->search_at = 0;
	message->body_cut = true;
	add_hole(message, bytes);
	if (message->coding && !message->raw) {
		message->raw = true;
		message->trouble = "its compression needs what is missing";
	}
	return 0;
}

int aa_exchange_trailers(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
			 struct aa_talk_message *message, struct aa_fields *fields)
{
	struct aa_told told = { .kind = AA_TOLD_TRAILERS,
				.direction = message->direction,
				.stream = exchange->stream,
				.exchange = exchange,
				.message = message };

	take_over(&message->trailers, fields);
	look_into_fields(exchanges, exchange, &message->trailers);
	message->end_ns = exchanges->now_ns;
	return aa_exchanges_tell(exchanges, &told);
}

static int end_body(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
		    struct aa_talk_message *message)
{
	struct aa_told told = { .kind = AA_TOLD_BODY,
				.direction = message->direction,
				.stream = exchange->stream,
				.exchange = exchange,
				.message = message };

	exchanges->current = exchange;
	exchanges->message = message;
	if (message->coding && !message->raw && !message->trouble && !aa_coding_is_whole(message->coding))
		message->trouble = "its compression is cut off";
	if (message->sse) {
		int r = aa_sse_end(message->sse, tell_event, exchanges);

		if (r < 0)
			return r;
	}
	return message->bytes > 0 || message->trouble ? aa_exchanges_tell(exchanges, &told) : 0;
}

int aa_exchange_end(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange,
		    struct aa_talk_message *message, const char *trouble)
{
	int r;

	if (message->ended)
		return 0;
	message->ended = true;
	message->end_ns = exchanges->now_ns;
	if (trouble && !message->trouble)
		message->trouble = trouble;
	if (message->missing_bytes > 0 && !message->trouble)
		message->trouble = "bytes of it are missing";
	r = message->seen ? end_body(exchanges, exchange, message) : 0;
	if (r < 0 || !exchange->request.ended || !exchange->response.ended)
		return r;
	return aa_exchange_finish(exchanges, exchange, NULL);
}

int aa_exchange_finish(struct aa_exchanges *exchanges, struct aa_talk_exchange *exchange, const char *trouble)
{
	struct aa_told told = { .kind = AA_TOLD_EXCHANGE, .stream = exchange->stream, .exchange = exchange };
	struct aa_talk_message *messages[] = { &exchange->request, &exchange->response };
	size_t i = 0;
	int r = 0;

	for (size_t m = 0; r == 0 && m < 2; m++) {
		struct aa_talk_message *message = messages[m];

		if (message->ended)
			continue;
		message->ended = true;
		if (!message->trouble && message->seen)
			message->trouble = trouble;
		if (message->seen)
			r = end_body(exchanges, exchange, message);
	}
	if (r == 0)
		r = aa_exchanges_tell(exchanges, &told);
	while (i < exchanges->count && exchanges->items[i] != exchange)
		i++;
	if (i < exchanges->count) {
		exchanges->count--;
		memmove(exchanges->items + i, exchanges->items + i + 1,
			(exchanges->count - i) * sizeof(struct aa_talk_exchange *));
		free_exchange(exchanges, exchange);
	}
	return r;
}
