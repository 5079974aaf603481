/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations for tests of the decoders: a script of pieces, told as lines of text. */
#ifndef AA_TESTS_TALK_TEST_H
#define AA_TESTS_TALK_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/body.h"
#include "replay/talk.h"
#include "text.h"

/* A piece, or a hole where bytes is NULL. */
struct said {
	unsigned direction;
	const char *bytes;
	size_t size;
};

#define SENT(text) \
	{ \
		AA_SENT, (text), sizeof(text) - 1 \
	}
#define RECEIVED(text) \
	{ \
		AA_RECEIVED, (text), sizeof(text) - 1 \
	}
#define MISSING(direction, count) \
	{ \
		(direction), NULL, (count) \
	}

static void add_fields(struct aa_text_buffer *out, const struct aa_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		aa_text_add_string(out, " ");
		(void)aa_text_escape(out, aa_field_name(fields, i), fields->items[i].name_size);
		aa_text_add_string(out, "=");
		(void)aa_text_escape(out, aa_field_value(fields, i), fields->items[i].value_size);
	}
}

static void add_told(struct aa_text_buffer *out, const struct aa_told *told)
{
	const struct aa_talk_message *message = told->message;

	switch (told->kind) {
	case AA_TOLD_HEAD:
		aa_text_printf(out, "%s %d%s", message == &told->exchange->request ? "request" : "response",
			       message->status, message->decoded ? "" : " undecoded");
		add_fields(out, &message->line);
		add_fields(out, &message->fields);
		break;
	case AA_TOLD_BODY:
		aa_text_printf(out, "body %llu-%llu/%llu ", (unsigned long long)message->bytes,
			       (unsigned long long)message->missing_bytes,
			       (unsigned long long)message->decoded_bytes);
		(void)aa_text_escape(out, message->body.data ? message->body.data : "", message->body.size);
		if (message->trouble)
			aa_text_printf(out, " !%s", message->trouble);
		break;
	case AA_TOLD_EVENT:
		aa_text_add_string(out, "event ");
		(void)aa_text_escape(out, told->event->event, told->event->event_size);
		aa_text_add_string(out, ":");
		(void)aa_text_escape(out, told->event->data, told->event->data_size);
		break;
	case AA_TOLD_WEBSOCKET:
		aa_text_printf(out, "websocket %u ", told->websocket->opcode);
		(void)aa_text_escape(out, told->websocket->bytes, told->websocket->size);
		if (told->websocket->trouble)
			aa_text_printf(out, " !%s", told->websocket->trouble);
		break;
	case AA_TOLD_TRAILERS:
		aa_text_add_string(out, "trailers");
		add_fields(out, &message->trailers);
		break;
	case AA_TOLD_EXCHANGE:
		aa_text_printf(out, "exchange%s", told->exchange->found ? " found" : "");
		break;
	case AA_TOLD_DATA:
		aa_text_add_string(out, "data ");
		(void)aa_text_escape(out, told->bytes, told->size);
		break;
	case AA_TOLD_GAP:
		aa_text_printf(out, "gap %llu %s", (unsigned long long)told->missing, told->text);
		break;
	case AA_TOLD_NOTE:
		aa_text_printf(out, "note %s", told->text);
		break;
	}
}

static int write_down(void *context, const struct aa_told *told)
{
	struct aa_text_buffer *out = context;

	aa_text_printf(out, "%c%llu ", told->direction == AA_SENT ? '>' : '<',
		       (unsigned long long)told->stream);
	add_told(out, told);
	aa_text_add_string(out, "\n");
	return 0;
}

/* What is told of a conversation whose pieces are cut into parts of so many bytes (0: not at all). To be freed. */
static char *tell_talk(const struct aa_talk_options *options, const struct said *said, size_t count,
		       size_t part, size_t first)
{
	struct aa_text_buffer out = { 0 };
	struct aa_talk *talk = aa_talk_new(options, write_down, &out);
	int64_t now = 1000;

	assert_non_null(talk);
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		if (!said[i].bytes)
			assert_int_equal(aa_talk_skip(talk, said[i].direction, now++, said[i].size, "test"),
					 0);
		while (said[i].bytes && at < said[i].size) {
			size_t length = at == 0 && first > 0 ? first : part > 0 ? part : said[i].size;

			if (length > said[i].size - at)
				length = said[i].size - at;
			assert_int_equal(
				aa_talk_feed(talk, said[i].direction, now++, said[i].bytes + at, length), 0);
			at += length;
		}
	}
	assert_int_equal(aa_talk_end(talk), 0);
	aa_talk_free(talk);
	aa_text_add_string(&out, "");
	assert_false(out.failed);
	return out.data;
}

/* Demands these lines, whole, byte by byte, and with each piece cut in two at every position. */
static void expect_talk(const struct aa_talk_options *options, const struct said *said, size_t count,
			const char *expected)
{
	char *told = tell_talk(options, said, count, 0, 0);
	size_t longest = 0;

	assert_string_equal(told, expected);
	free(told);
	for (size_t i = 0; i < count; i++)
		if (said[i].bytes && said[i].size > longest)
			longest = said[i].size;
	for (size_t first = 1; first < longest; first++) {
		told = tell_talk(options, said, count, 0, first);
		assert_string_equal(told, expected);
		free(told);
	}
	for (size_t part = 1; part < 20; part++) {
		told = tell_talk(options, said, count, part, 0);
		assert_string_equal(told, expected);
		free(told);
	}
}

#define COUNT(array)			(sizeof(array) / sizeof((array)[0]))
#define EXPECT(options, said, expected) expect_talk((options), (said), COUNT(said), (expected))

#endif
