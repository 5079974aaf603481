/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2: frames by hand, headers by libnghttp2's other half. */
#include "talk_test.h"

#include <nghttp2/nghttp2.h>

#include "replay/http2.h"

static const struct aa_talk_options keep = { .keep = true };

/* Bytes of one direction, and what encodes its headers. */
struct writer {
	struct aa_text_buffer bytes;
	nghttp2_hd_deflater *deflater;
};

static void writer_open(struct writer *writer)
{
	*writer = (struct writer){ 0 };
	assert_int_equal(nghttp2_hd_deflate_new(&writer->deflater, 4096), 0);
}

static void writer_close(struct writer *writer)
{
	nghttp2_hd_deflate_del(writer->deflater);
	aa_text_release(&writer->bytes);
}

static void add_frame(struct writer *writer, int type, int flags, uint32_t stream, const void *payload,
		      size_t size)
{
	const unsigned char header[] = {
		(unsigned char)(size >> 16),   (unsigned char)(size >> 8),   (unsigned char)size,
		(unsigned char)type,	       (unsigned char)flags,	     (unsigned char)(stream >> 24),
		(unsigned char)(stream >> 16), (unsigned char)(stream >> 8), (unsigned char)stream,
	};

	aa_text_add(&writer->bytes, header, sizeof(header));
	aa_text_add(&writer->bytes, payload, size);
}

/* "name=value name=value" in a frame, or in several of at most split bytes. */
static void add_headers(struct writer *writer, int flags, uint32_t stream, const char *fields, size_t split)
{
	nghttp2_nv pairs[16];
	size_t count = 0, size, at = 0;
	char *text = strdup(fields), *rest = text, *word;
	uint8_t block[1000];

	while ((word = strtok_r(rest, " ", &rest)) != NULL) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		pairs[count++] = (nghttp2_nv){ .name = (uint8_t *)word,
					       .namelen = strlen(word),
					       .value = (uint8_t *)value,
					       .valuelen = strlen(value) };
	}
	size = (size_t)nghttp2_hd_deflate_hd(writer->deflater, block, sizeof(block), pairs, count);
	for (int type = 1; at < size || at == 0; type = 9) {
		size_t length = split > 0 && split < size - at ? split : size - at;
		int end = at + length == size ? 4 : 0;

		add_frame(writer, type, type == 1 ? flags | end : end, stream, block + at, length);
		at += length;
	}
	free(text);
}

static void begin_client(struct writer *writer)
{
	writer_open(writer);
	aa_text_add_string(&writer->bytes, AA_HTTP2_PREFACE);
	add_frame(writer, 4, 0, 0, "\0\1\0\1\0\0", 6);
}

#define PIECE(d, w) \
	{ \
		(d), (w).bytes.data, (w).bytes.size \
	}

static void test_streams(void **state)
{
	struct writer client, server;

	(void)state;
	begin_client(&client);
	writer_open(&server);
	add_headers(&client, 0, 1, ":method=POST :path=/a :authority=h x=1", 3);
	add_headers(&client, 1, 3, ":method=GET :path=/b :authority=h x=1", 0);
	add_frame(&client, 0, 8, 1,
		  "\x02"
		  "he"
		  "\0\0",
		  5);
	add_frame(&client, 6, 0, 0, "12345678", 8);
	add_frame(&client, 0, 1, 1, "llo", 3);
	add_frame(&server, 4, 0, 0, "", 0);
	add_headers(&server, 0, 3, ":status=103 link=x", 0);
	add_headers(&server, 0, 3, ":status=200 server=s", 0);
	add_headers(&server, 0, 1, ":status=404 server=s", 1);
	add_frame(&server, 0, 0, 3, "bb", 2);
	add_frame(&server, 0, 0, 1, "a", 1);
	add_headers(&server, 1, 3, "grpc-status=0", 0);
	add_frame(&server, 77, 0xff, 5, "unknown", 7);
	add_frame(&server, 0, 9, 1, "\0a", 2);
	EXPECT(&keep, ((struct said[]){ PIECE(AA_SENT, client), PIECE(AA_RECEIVED, server) }),
	       ">1 request 0 :method=POST :path=/a :authority=h x=1\n"
	       ">3 request 0 :method=GET :path=/b :authority=h x=1\n"
	       ">1 body 5-0/5 hello\n"
	       "<3 response 103 :status=103 link=x\n"
	       "<3 response 200 :status=200 server=s\n"
	       "<1 response 404 :status=404 server=s\n"
	       "<3 trailers grpc-status=0\n"
	       "<3 body 2-0/2 bb\n"
	       ">3 exchange\n"
	       "<1 body 2-0/2 aa\n"
	       ">1 exchange\n");
	writer_close(&client);
	writer_close(&server);
}

static void test_resets_and_pushes(void **state)
{
	struct writer client, server;
	unsigned char block[200] = { 0, 0, 0, 2, 0x82, 0x84, 0x87, 0x41, 1, 'h' };

	(void)state;
	begin_client(&client);
	writer_open(&server);
	add_headers(&client, 1, 1, ":method=GET :path=/", 0);
	add_frame(&server, 4, 0, 0, "", 0);
	add_frame(&server, 5, 4, 1, block, 10);
	add_headers(&server, 0, 2, ":status=200", 0);
	add_frame(&server, 0, 1, 2, "pushed", 6);
	add_headers(&server, 0, 1, ":status=200", 0);
	add_frame(&server, 0, 0, 1, "part", 4);
	add_frame(&server, 3, 0, 1, "\0\0\0\x08", 4);
	add_frame(&server, 0, 0, 1, "too late", 8);
	add_frame(&server, 7, 0, 0, "\0\0\0\1\0\0\0\2", 8);
	EXPECT(&keep, ((struct said[]){ PIECE(AA_SENT, client), PIECE(AA_RECEIVED, server) }),
	       ">1 request 0 :method=GET :path=/\n"
	       "<2 request 0 :method=GET :path=/ :scheme=https :authority=h\n"
	       "<2 response 200 :status=200\n"
	       "<2 body 6-0/6 pushed\n"
	       ">2 exchange\n"
	       "<1 response 200 :status=200\n"
	       "<1 body 4-0/4 part !reset: CANCEL\n"
	       ">1 exchange\n"
	       "<0 note GOAWAY with an error\n");
	writer_close(&client);
	writer_close(&server);
}

/* A hole in data keeps all; one in headers ends their decoding and nothing else. */
static void test_holes(void **state)
{
	struct writer client, server, rest;
	char data[1000];
	struct said said[6];
	char *told;

	(void)state;
	memset(data, 'd', sizeof(data));
	begin_client(&client);
	writer_open(&server);
	writer_open(&rest);
	add_headers(&client, 1, 1, ":method=GET :path=/", 0);
	add_frame(&server, 4, 0, 0, "", 0);
	add_headers(&server, 0, 1, ":status=200 x=y", 0);
	add_frame(&server, 0, 0, 1, data, sizeof(data));
	add_frame(&rest, 0, 0, 1, "end", 3);
	add_headers(&rest, 1, 1, ":status=200 x=y", 0);
	said[0] = (struct said)PIECE(AA_SENT, client);
	said[1] = (struct said)PIECE(AA_RECEIVED, server);
	said[1].size -= 990;
	said[2] = (struct said)MISSING(AA_RECEIVED, 980);
	said[3] = (struct said){ AA_RECEIVED, data, 10 };
	said[4] = (struct said)MISSING(AA_RECEIVED, 50);
	said[5] = (struct said)PIECE(AA_RECEIVED, rest);
	told = tell_talk(&keep, said, 6, 0, 0);
	assert_string_equal(
		told, ">1 request 0 :method=GET :path=/\n"
		      "<1 response 200 :status=200 x=y\n"
		      "<0 gap 980 test\n"
		      "<0 gap 50 test\n"
		      "<0 note frames are missing\n"
		      "<0 note hpack_unsynced: headers of this direction cannot be decoded from here on\n"
		      "<1 body 1003-980/23 ddddddddddddddddddddend !bytes of it are missing\n"
		      ">1 exchange\n");
	free(told);
	writer_close(&client);
	writer_close(&server);
	writer_close(&rest);
}

static void test_late(void **state)
{
	const struct aa_talk_options late = { .keep = true, .late = true, .alpn = "h2", .role = "client" };
	struct writer client, server;
	char *told;

	(void)state;
	writer_open(&client);
	writer_open(&server);
	add_headers(&client, 1, 5, ":method=GET :path=/secret", 0);
	add_headers(&server, 0, 5, ":status=200", 0);
	add_frame(&server, 0, 1, 5, "body", 4);
	told = tell_talk(&late,
			 ((struct said[]){ RECEIVED("rest of a frame"), PIECE(AA_SENT, client),
					   PIECE(AA_RECEIVED, server) }),
			 3, 0, 0);
	assert_string_equal(
		told, "<0 note what begins in the middle of a frame is passed over\n"
		      ">0 note hpack_unsynced: headers of this direction cannot be decoded from here on\n"
		      ">5 request 0 undecoded\n"
		      "<0 note hpack_unsynced: headers of this direction cannot be decoded from here on\n"
		      "<5 response 0 undecoded\n"
		      "<5 body 4-0/4 body\n"
		      ">5 exchange\n");
	free(told);
	writer_close(&client);
	writer_close(&server);
}

/* A server that has the table grow, and a client that uses it. */
static void test_table_size(void **state)
{
	struct writer client, server;
	char fields[200];
	char *told;

	(void)state;
	writer_open(&server);
	add_frame(&server, 4, 0, 0, "\0\1\0\1\0\0", 6);
	begin_client(&client);
	assert_int_equal(nghttp2_hd_deflate_change_table_size(client.deflater, 65536), 0);
	for (uint32_t i = 0; i < 100; i++) {
		(void)snprintf(fields, sizeof(fields), ":method=GET x%u=%060u", i, i);
		add_headers(&client, 1, 2 * i + 1, fields, 0);
	}
	for (uint32_t i = 0; i < 100; i++) {
		(void)snprintf(fields, sizeof(fields), ":method=GET x%u=%060u", i, i);
		add_headers(&client, 1, 2 * i + 1001, fields, 0);
	}
	told = tell_talk(&keep, ((struct said[]){ PIECE(AA_RECEIVED, server), PIECE(AA_SENT, client) }), 2, 0,
			 0);
	assert_null(strstr(told, "hpack"));
	assert_non_null(strstr(told, ">1199 request 0 :method=GET x99=0000"));
	free(told);
	writer_close(&client);
	writer_close(&server);
}

static void test_malformed(void **state)
{
	static const struct {
		int type, flags;
		uint32_t stream;
		const char *payload;
		size_t size;
		const char *note;
	} frames[] = {
		{ 0, 0, 0, "x", 1, "a frame of no stream" },
		{ 0, 8, 1, "", 0, "padding" },
		{ 0, 8, 1, "\x09x", 2, "padding" },
		{ 1, 0x2c, 1, "\xff", 1, "a frame of headers" },
		{ 9, 4, 1, "", 0, "a block of headers" },
		{ 1, 4, 1, "\xff\xff\xff\xff\xff\xff", 6, "hpack_unsynced" },
		{ 1, 4, 1, "\xc0", 1, "hpack_unsynced" },
		{ 1, 4, 1, "", 0, "" },
		{ 5, 4, 1, "\0\0\0", 3, "a frame of headers" },
		{ 3, 0, 1, "", 0, "" },
		{ 4, 0, 0, "123", 3, "" },
		{ 7, 0, 0, "", 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(frames); i++) {
		struct writer client;
		char *told;

		begin_client(&client);
		add_frame(&client, frames[i].type, frames[i].flags, frames[i].stream, frames[i].payload,
			  frames[i].size);
		told = tell_talk(&keep, &(struct said)PIECE(AA_SENT, client), 1, 0, 0);
		assert_non_null(strstr(told, frames[i].note));
		free(told);
		writer_close(&client);
	}
}

/* One byte that stands for a header of four thousand, many times: the table's bomb. */
static void test_bomb(void **state)
{
	static const unsigned char head[] = { 0x40, 1, 'x', 0x7f, 0x81, 0x1e };
	struct writer client;
	char *block = malloc(260000), *told;
	size_t size = 0;

	(void)state;
	begin_client(&client);
	memcpy(block, head, sizeof(head));
	size = sizeof(head);
	memset(block + size, 'v', 4000);
	size += 4000;
	memset(block + size, 0xbe, 200000);
	size += 200000;
	for (size_t at = 0; at < size; at += 16000)
		add_frame(&client, at == 0 ? 1 : 9, at + 16000 >= size ? 4 : 0, 1, block + at,
			  size - at < 16000 ? size - at : 16000);
	told = tell_talk(&keep, &(struct said)PIECE(AA_SENT, client), 1, 0, 0);
	assert_true(strlen(told) < 1000000);
	free(told);
	free(block);
	writer_close(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),	   cmocka_unit_test(test_resets_and_pushes),
		cmocka_unit_test(test_holes),	   cmocka_unit_test(test_late),
		cmocka_unit_test(test_table_size), cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
