/* SPDX-License-Identifier: Apache-2.0 */
/* A conversation for people; see tls_words.h. Everything here was said by somebody: each line goes out escaped as a whole. */
#include "tls_words.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "memory.h"
#include "render/show.h"
#include "replay/body.h"

#define TAB 8

/* Digits in groups: 4,096. */
static void add_count(struct aa_text_buffer *out, uint64_t count)
{
	char digits[32];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			aa_text_add(out, ",", 1);
		aa_text_add(out, digits + i, 1);
	}
}

/* A NUL would end the line for what escapes it. */
static void show_line(struct aa_query *query, enum aa_style style, struct aa_text_buffer *line)
{
	if (line->failed)
		return;
	for (size_t i = 0; i < line->size; i++)
		if (line->data[i] == '\0')
			line->data[i] = ' ';
	aa_render_line(&query->render, style, line->size > 0 ? line->data : "");
}

/* One line without its end, below a head; tabs are blanks. */
static void say_line(struct aa_query *query, const char *line, size_t size)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer text = { 0 };
	size_t column = 0;

	aa_text_add(&text, "  ", 2);
	if (size > 0 && line[size - 1] == '\r')
		size--;
	while (size > 0) {
		const char *tab = memchr(line, '\t', size);
		size_t length = tab ? (size_t)(tab - line) : size;

		aa_text_add(&text, line, length);
		column += length;
		for (size_t blanks = tab ? TAB - column % TAB : 0; blanks > 0; blanks--, column++)
			aa_text_add(&text, " ", 1);
		length += tab != NULL;
		line += length;
		size -= length;
	}
	show_line(query, AA_STYLE_PLAIN, &text);
}

static void say_lines(struct aa_query *query, const char *bytes, size_t size)
{
	while (size > 0) {
		const char *newline = memchr(bytes, '\n', size);
		size_t length = newline ? (size_t)(newline - bytes) : size;

		say_line(query, bytes, length);
		length += newline != NULL;
		bytes += length;
		size -= length;
	}
}

/* "+0.123456 > " and "(stream 3)" */
static void begin(const struct aa_query *query, const struct aa_told *told, struct aa_text_buffer *line)
{
	aa_show_elapsed(line, told->time_ns, query->render.origin_ns);
	aa_text_add_string(line, told->direction == AA_SENT ? " > " : " < ");
}

static void end(struct aa_query *query, const struct aa_told *told, enum aa_style style,
		struct aa_text_buffer *line)
{
	if (told->stream > 0)
		aa_text_printf(line, "  (stream %" PRIu64 ")", told->stream);
	show_line(query, style, line);
}

static void say_fields(struct aa_query *query, const struct aa_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };

		aa_text_add(&line, aa_field_name(fields, i), fields->items[i].name_size);
		aa_text_add_string(&line, ": ");
		aa_text_add(&line, aa_field_value(fields, i), fields->items[i].value_size);
		if (!line.failed)
			say_line(query, line.data, line.size);
	}
	if (fields->cut)
		aa_render_line(&query->render, AA_STYLE_WARN, "  ... more headers are not shown");
}

static void add_value(struct aa_text_buffer *line, const struct aa_fields *fields, const char *name)
{
	size_t size;
	const char *value = aa_fields_find(fields, name, &size);

	aa_text_add(line, value ? value : "?", value ? size : 1);
}

static void say_head(struct aa_query *query, const struct aa_told *told)
{
	const struct aa_talk_message *message = told->message;
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };
	enum aa_style style = AA_STYLE_NAME;
	bool request = message == &told->exchange->request;

	aa_render_line(&query->render, AA_STYLE_PLAIN, "");
	begin(query, told, &line);
	if (!message->decoded) {
		aa_text_add_string(&line, request ? "a request whose headers cannot be decoded"
						  : "a response whose headers cannot be decoded");
		style = AA_STYLE_WARN;
	} else if (request) {
		add_value(&line, &message->line, ":method");
		aa_text_add(&line, " ", 1);
		add_value(&line, &message->line, ":path");
	} else {
		aa_text_printf(&line, "%d", message->status);
		style = message->status >= 400 ? AA_STYLE_BAD : AA_STYLE_GOOD;
	}
	aa_text_printf(&line, " HTTP/%s", message->version ? message->version : "?");
	if (told->exchange->pushed)
		aa_text_add_string(&line, " pushed");
	end(query, told, style, &line);
	for (size_t i = 0; i < message->line.count; i++) {
		aa_cleanup(aa_text_release) struct aa_text_buffer authority = { 0 };

		if (message->line.items[i].name_size != 10 ||
		    memcmp(aa_field_name(&message->line, i), ":authority", 10) != 0)
			continue;
		aa_text_add_string(&authority, ":authority: ");
		aa_text_add(&authority, aa_field_value(&message->line, i), message->line.items[i].value_size);
		say_line(query, authority.data, authority.failed ? 0 : authority.size);
	}
	say_fields(query, &message->fields);
}

static void say_trouble(struct aa_query *query, const char *trouble)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };

	if (!trouble)
		return;
	aa_text_printf(&line, "  ... %s", trouble);
	if (!line.failed)
		aa_render_line(&query->render, AA_STYLE_WARN, line.data);
}

static void say_binary(struct aa_query *query, const char *type, size_t type_size, uint64_t bytes)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };

	aa_text_add_string(&line, "[");
	aa_text_add(&line, type_size > 0 ? type : "binary", type_size > 0 ? type_size : 6);
	aa_text_add_string(&line, ", ");
	add_count(&line, bytes);
	aa_text_add_string(&line, " bytes]");
	if (!line.failed)
		say_line(query, line.data, line.size);
}

/* A body, or data without a protocol. all: bytes in the whole of it. */
static int say_bytes(struct aa_query *query, const char *type, size_t type_size, const char *bytes,
		     size_t size, bool cut, uint64_t all)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer text = { 0 };

	if (size == 0)
		return 0;
	if (aa_body_show(&text, type, type_size, bytes, size, cut) == AA_BODY_BINARY)
		say_binary(query, type, type_size, all);
	else
		say_lines(query, text.data ? text.data : "", text.size);
	return text.failed ? -ENOMEM : 0;
}

/* With what is missing where it is. */
static int say_body_bytes(struct aa_query *query, const struct aa_talk_message *message, const char *type,
			  size_t type_size)
{
	size_t at = 0;
	int r = 0;

	if (!aa_body_is_text(message->body.data, message->body.size)) {
		say_binary(query, type, type_size, message->decoded_bytes);
		return 0;
	}
	for (unsigned i = 0; r == 0 && i < message->hole_count; i++) {
		aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };

		r = say_bytes(query, type, type_size, message->body.data + at, message->holes[i].at - at,
			      true, 0);
		at = message->holes[i].at;
		aa_text_add_string(&line, "  ... ");
		add_count(&line, message->holes[i].bytes);
		aa_text_add_string(&line, " bytes missing ...");
		show_line(query, AA_STYLE_BAD, &line);
	}
	return r < 0 ? r
		     : say_bytes(query, type, type_size, message->body.data ? message->body.data + at : "",
				 message->body.size - at, message->body_cut, message->decoded_bytes);
}

static int say_body(struct aa_query *query, const struct aa_told *told)
{
	const struct aa_talk_message *message = told->message;
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };
	size_t type_size;
	const char *type = aa_fields_find(&message->fields, "content-type", &type_size);
	int r = 0;

	aa_render_line(&query->render, AA_STYLE_PLAIN, "");
	begin(query, told, &line);
	aa_text_printf(&line, "body of the %s, ",
		       message == &told->exchange->request ? "request" : "response");
	add_count(&line, message->bytes);
	aa_text_add_string(&line, " bytes");
	if (message->coding) {
		aa_text_add_string(&line, ", unpacked ");
		add_count(&line, message->decoded_bytes);
	}
	if (message->events > 0) {
		aa_text_add_string(&line, ", events: ");
		add_count(&line, message->events);
	}
	end(query, told, AA_STYLE_DIM, &line);
	if (message->raw && message->body.size == 0)
		say_binary(query, type ? type : "", type_size, message->bytes);
	else
		r = say_body_bytes(query, message, type ? type : "", type_size);
	if (message->body_cut && message->hole_count == 0 && !message->trouble)
		say_trouble(query, "only its beginning is shown (--raw has all)");
	say_trouble(query, message->trouble);
	return r;
}

static int say_event(struct aa_query *query, const struct aa_told *told)
{
	const struct aa_sse_event *event = told->event;
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };
	int r;

	begin(query, told, &line);
	aa_text_add_string(&line, "event");
	if (event->event_size > 0) {
		aa_text_add(&line, " ", 1);
		aa_text_add(&line, event->event, event->event_size);
	}
	if (event->id_size > 0) {
		aa_text_add_string(&line, ", id ");
		aa_text_add(&line, event->id, event->id_size);
	}
	end(query, told, AA_STYLE_NAME, &line);
	r = say_bytes(query, "", 0, event->data, event->data_size, event->cut, event->data_size);
	if (event->cut)
		say_trouble(query, "only its beginning is shown");
	return r;
}

static int say_websocket(struct aa_query *query, const struct aa_told *told)
{
	const struct aa_websocket_message *message = told->websocket;
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };
	int r = 0;

	begin(query, told, &line);
	aa_text_printf(&line, "websocket %s, ", aa_websocket_name(message->opcode));
	add_count(&line, message->size);
	aa_text_add_string(&line, " bytes");
	if (message->opcode == AA_WEBSOCKET_CLOSE && message->size >= 2)
		aa_text_printf(
			&line, ", code %u",
			(unsigned)((unsigned char)message->bytes[0] << 8 | (unsigned char)message->bytes[1]));
	end(query, told, AA_STYLE_NAME, &line);
	if (message->opcode != AA_WEBSOCKET_CLOSE)
		r = say_bytes(query, "", 0, message->bytes, message->size, message->trouble != NULL,
			      message->size);
	say_trouble(query, message->trouble);
	return r;
}

static int say_data(struct aa_query *query, const struct aa_told *told)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };

	begin(query, told, &line);
	add_count(&line, told->size);
	aa_text_add_string(&line, " bytes");
	end(query, told, AA_STYLE_DIM, &line);
	return say_bytes(query, "binary", 6, told->bytes, told->size, true, told->size);
}

/* "... 4,096 bytes missing: ring-full" */
static void say_gap(struct aa_query *query, const struct aa_told *told)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };

	begin(query, told, &line);
	aa_text_add_string(&line, "... ");
	add_count(&line, told->missing);
	aa_text_printf(&line, " bytes missing: %s", told->text);
	end(query, told, AA_STYLE_BAD, &line);
}

static void say_note(struct aa_query *query, const struct aa_told *told)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };

	begin(query, told, &line);
	aa_text_printf(&line, "... %s", told->text);
	end(query, told, AA_STYLE_WARN, &line);
}

static void say_trailers(struct aa_query *query, const struct aa_told *told)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };

	begin(query, told, &line);
	aa_text_add_string(&line, "trailers");
	end(query, told, AA_STYLE_DIM, &line);
	say_fields(query, &told->message->trailers);
}

int aa_tls_say(struct aa_query *query, const struct aa_told *told)
{
	int r = 0;

	switch (told->kind) {
	case AA_TOLD_HEAD:
		say_head(query, told);
		break;
	case AA_TOLD_BODY:
		r = say_body(query, told);
		break;
	case AA_TOLD_EVENT:
		r = say_event(query, told);
		break;
	case AA_TOLD_WEBSOCKET:
		r = say_websocket(query, told);
		break;
	case AA_TOLD_TRAILERS:
		say_trailers(query, told);
		break;
	case AA_TOLD_DATA:
		r = say_data(query, told);
		break;
	case AA_TOLD_GAP:
		say_gap(query, told);
		break;
	case AA_TOLD_NOTE:
		say_note(query, told);
		break;
	case AA_TOLD_EXCHANGE:
		break;
	}
	aa_render_flush(&query->render);
	return r < 0 ? r : query->render.failed;
}
