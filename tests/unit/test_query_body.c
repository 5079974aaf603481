/* SPDX-License-Identifier: Apache-2.0 */
/* Codings and their bombs, JSON, what is text, where pieces stand, and looking for a text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "replay/body.h"
#include "replay/coding.h"
#include "replay/pretty.h"
#include "replay/search.h"
#include "replay/sse.h"
#include "replay/stream.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* "brotli, brotli, brotli, brotli, brotli!" */
static const unsigned char brotli[] = { 0x1b, 0x26, 0x00, 0xf8, 0x1d, 0xa9, 0x53, 0x9f, 0xbb, 0x70,
					0x09, 0x22, 0x26, 0x97, 0x21, 0x2c, 0x74, 0x99, 0xc6, 0xf6,
					0x56, 0x8a, 0xf4, 0x13, 0x0e, 0x84, 0xfe, 0x04 };

static int collect(void *context, const void *bytes, size_t size)
{
	aa_text_add(context, bytes, size);
	return 0;
}

static size_t pack(const char *bytes, size_t size, int bits, unsigned char *packed, size_t room)
{
	z_stream zlib = { .next_in = (Bytef *)(uintptr_t)bytes,
			  .avail_in = (uInt)size,
			  .next_out = packed,
			  .avail_out = (uInt)room };

	assert_int_equal(deflateInit2(&zlib, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
	(void)deflateEnd(&zlib);
	return zlib.total_out;
}

static void expect_coding(const char *name, const unsigned char *packed, size_t size, const char *expected)
{
	for (size_t part = 1; part <= size; part++) {
		struct aa_text_buffer out = { 0 };
		bool known;
		struct aa_coding *coding = aa_coding_new(name, strlen(name), &known);

		assert_non_null(coding);
		for (size_t at = 0; at < size; at += part)
			assert_int_equal(aa_coding_feed(coding, packed + at,
							size - at < part ? size - at : part, collect, &out),
					 0);
		assert_true(aa_coding_is_whole(coding));
		assert_string_equal(out.data, expected);
		aa_coding_free(coding);
		aa_text_release(&out);
	}
}

static void test_codings(void **state)
{
	static const char text[] = "so so so so so it goes";
	unsigned char packed[500];
	size_t size;
	bool known;

	(void)state;
	size = pack(text, sizeof(text) - 1, 31, packed, sizeof(packed));
	expect_coding("gzip", packed, size, text);
	expect_coding("X-GZIP", packed, size, text);
	size += pack(", on", 4, 31, packed + size, sizeof(packed) - size);
	expect_coding("gzip", packed, size, "so so so so so it goes, on");
	size = pack(text, sizeof(text) - 1, 15, packed, sizeof(packed));
	expect_coding("deflate", packed, size, text);
	size = pack(text, sizeof(text) - 1, -15, packed, sizeof(packed));
	expect_coding("deflate", packed, size, text);
	expect_coding("br", brotli, sizeof(brotli), "brotli, brotli, brotli, brotli, brotli!");
	assert_null(aa_coding_new("zstd", 4, &known));
	assert_false(known);
}

static void test_damaged_codings(void **state)
{
	static const char *const names[] = { "gzip", "deflate", "br" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct aa_text_buffer out = { 0 };
		bool known;
		struct aa_coding *coding = aa_coding_new(names[i], strlen(names[i]), &known);

		assert_int_equal(aa_coding_feed(coding, "\xff\xff\xff\xff no such thing", 18, collect, &out),
				 AA_CODING_DAMAGED);
		assert_int_equal(aa_coding_feed(coding, "x", 1, collect, &out), AA_CODING_DAMAGED);
		assert_false(aa_coding_is_whole(coding));
		aa_coding_free(coding);
		aa_text_release(&out);
	}
}

static int count(void *context, const void *bytes, size_t size)
{
	(void)bytes;
	*(uint64_t *)context += size;
	return 0;
}

/* gzip in gzip is not undone, so a bomb is one layer: 1032 bytes of one at most, and AA_CODING_OUTPUT_MAX in all. */
static void test_a_bomb_stops(void **state)
{
	const size_t zeros_size = (size_t)64 << 20;
	char *zeros = calloc(1, zeros_size);
	unsigned char *packed = malloc(zeros_size / 500);
	size_t size = pack(zeros, zeros_size, 31, packed, zeros_size / 500);
	uint64_t total = 0;
	bool known;
	struct aa_coding *coding = aa_coding_new("gzip", 4, &known);
	int r = 0, turns = 0;

	(void)state;
	while (r == 0 && turns++ < 100)
		r = aa_coding_feed(coding, packed, size, count, &total);
	assert_int_equal(r, AA_CODING_BOMB);
	assert_true(total <= AA_CODING_OUTPUT_MAX);
	aa_coding_free(coding);
	free(packed);
	free(zeros);
}

static void expect_pretty(const char *json, const char *expected)
{
	struct aa_text_buffer out = { 0 };

	assert_true(aa_pretty_json(&out, json, strlen(json)) == (expected != NULL));
	if (expected)
		assert_string_equal(out.data, expected);
	else
		assert_int_equal(out.size, 0);
	aa_text_release(&out);
}

static void test_pretty(void **state)
{
	static const char *const malformed[] = { "",	"{",	  "[1,]", "{\"a\"}", "{a:1}",
						 "01",	"1.",	  "-",	  "1e",	     "+1",
						 "nul", "\"a",	  "\"\\", "[1 2]",   "{\"a\":1,}",
						 "]",	"\"\n\"", "[1}",  ".5",	     "truefalse x" };

	(void)state;
	expect_pretty(" {\"b\": 1.50, \"a\":[true ,null,-0.5e+10, \"x\\\"\\u0000\"],\"c\":{},\"d\":[ ]}\n",
		      "{\n  \"b\": 1.50,\n  \"a\": [\n    true,\n    null,\n    -0.5e+10,\n    "
		      "\"x\\\"\\u0000\"\n  ],\n"
		      "  \"c\": {},\n  \"d\": []\n}");
	expect_pretty("{\"a\":1}\n{\"a\":2}\n", "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}");
	expect_pretty("12345678901234567890.000", "12345678901234567890.000");
	for (size_t i = 0; i < COUNT(malformed); i++)
		expect_pretty(malformed[i], NULL);
}

static void test_pretty_is_bounded(void **state)
{
	char *deep = malloc(100001);

	(void)state;
	memset(deep, '[', 100000);
	deep[100000] = '\0';
	expect_pretty(deep, NULL);
	for (size_t i = 0; i < 100000; i++)
		deep[i] = i < 199 ? '[' : i % 2 == 0 ? ',' : '1';
	expect_pretty(deep, NULL);
	free(deep);
}

static void test_bodies(void **state)
{
	static const struct {
		const char *type, *bytes;
		size_t size;
		enum aa_body_form form;
	} bodies[] = {
		{ "application/json; charset=utf-8", "{\"a\":1}", 7, AA_BODY_JSON },
		{ "application/problem+json", "[]", 2, AA_BODY_JSON },
		{ "application/json", "{oops", 5, AA_BODY_TEXT },
		{ "text/html", "{}", 2, AA_BODY_TEXT },
		{ "", "{}", 2, AA_BODY_JSON },
		{ "", "caf\xc3\xa9", 5, AA_BODY_TEXT },
		{ "", "caf\xc3", 4, AA_BODY_TEXT }, /* cut off */
		{ "text/plain", "a\0b", 3, AA_BODY_BINARY },
		{ "text/plain", "\xff\xfe and more", 11, AA_BODY_BINARY },
		{ "image/png", "\x89PNG\r\n", 6, AA_BODY_BINARY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct aa_text_buffer out = { 0 };

		assert_int_equal(aa_body_show(&out, bodies[i].type, strlen(bodies[i].type), bodies[i].bytes,
					      bodies[i].size, false),
				 bodies[i].form);
		aa_text_release(&out);
	}
	assert_true(aa_body_has_type("Text/Event-Stream ;charset=x", 28, "text/event-stream"));
	assert_false(aa_body_has_type("text/event-streams", 18, "text/event-stream"));
}

static void test_streams(void **state)
{
	struct aa_stream stream = { 0 };
	struct aa_stream_place place;
	void *bytes;

	(void)state;
	assert_true(aa_stream_take(&stream, 0, 10, &place));
	assert_int_equal(place.bytes, 10);
	assert_true(aa_stream_take(&stream, 15, 5, &place)); /* a hole of 5 */
	assert_int_equal(place.hole, 5);
	assert_true(aa_stream_take(&stream, 18, 5, &place)); /* 2 of them again */
	assert_int_equal(place.skip, 2);
	assert_int_equal(place.bytes, 3);
	assert_true(aa_stream_take(&stream, 3, 4, &place)); /* all again */
	assert_int_equal(place.bytes, 0);
	assert_false(aa_stream_take(&stream, -1, 4, &place));
	assert_false(aa_stream_take(&stream, 4, -1, &place));
	assert_false(aa_stream_take(&stream, INT64_MAX, INT64_MAX, &place));
	assert_int_equal(stream.position, 23);
	assert_int_equal(aa_stream_unpack("x", 1, -1, &bytes), -EBADMSG);
	assert_int_equal(aa_stream_unpack("x", 1, (int64_t)2 << 30, &bytes), -EBADMSG);
	assert_int_equal(aa_stream_unpack("no zlib at all", 14, 100, &bytes), -EBADMSG);
}

static int add_event(void *context, const struct aa_sse_event *event)
{
	struct aa_text_buffer *out = context;

	aa_text_printf(out, "[%.*s|%.*s|%.*s]", (int)event->event_size, event->event, (int)event->id_size,
		       event->id, (int)event->data_size, event->data);
	return 0;
}

static void test_events(void **state)
{
	static const char text[] = "\xef\xbb\xbf: comment\rdata: a\r\ndata:b\rdata\n\nevent: e\nid: "
				   "1\nretry: 5\n\n\n\ndata:x: y\n\n"
				   "data: unended";

	(void)state;
	for (size_t part = 1; part < sizeof(text); part++) {
		struct aa_sse sse = { 0 };
		struct aa_text_buffer out = { 0 };

		for (size_t at = 0; at < sizeof(text) - 1; at += part)
			assert_int_equal(
				aa_sse_feed(&sse, text + at,
					    sizeof(text) - 1 - at < part ? sizeof(text) - 1 - at : part,
					    add_event, &out),
				0);
		assert_int_equal(aa_sse_end(&sse, add_event, &out), 0);
		assert_string_equal(out.data, "[||a\nb\n][e|1|][||x: y][||unended]");
		aa_sse_release(&sse);
		aa_text_release(&out);
	}
}

static void test_search(void **state)
{
	static const char text[] = "aabaabaaaabaabaab", needle[] = "aaabaabaa";
	struct aa_search search;

	(void)state;
	assert_int_equal(aa_search_begin(&search, needle, sizeof(needle) - 1), 0);
	for (size_t part = 1; part < sizeof(text); part++) {
		size_t matched = 0;
		bool found = false;

		for (size_t at = 0; at < sizeof(text) - 1; at += part)
			found |= aa_search_feed(&search, &matched, text + at,
						sizeof(text) - 1 - at < part ? sizeof(text) - 1 - at : part);
		assert_true(found);
	}
	aa_search_release(&search);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_damaged_codings),
		cmocka_unit_test(test_a_bomb_stops),
		cmocka_unit_test(test_pretty),
		cmocka_unit_test(test_pretty_is_bounded),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
