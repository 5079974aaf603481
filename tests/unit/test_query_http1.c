/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1, events and WebSockets: whatever the pieces are, the same is told. */
#include "talk_test.h"

#include <zlib.h>

static const struct aa_talk_options keep = { .keep = true };

static void test_requests_and_responses(void **state)
{
	const struct said said[] = {
		SENT("POST /a?b HTTP/1.1\r\nHost: h\r\nX:  folded \r\n\tmore\r\nContent-Length: "
		     "5\r\n\r\nhello"),
		RECEIVED("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, "
			 "chunked\r\n\r\n"
			 "3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n"),
	};

	(void)state;
	EXPECT(&keep, said,
	       ">1 request 0 :method=POST :path=/a?b Host=h X=folded more Content-Length=5\n"
	       ">1 body 5-0/5 hello\n"
	       "<1 response 100\n"
	       "<1 response 200 Transfer-Encoding=gzip, chunked\n"
	       "<1 trailers T=v\n"
	       "<1 body 13-0/13 abc0123456789\n"
	       ">1 exchange\n");
}

static void test_responses_without_bodies(void **state)
{
	const struct said said[] = {
		SENT("HEAD / HTTP/1.1\r\n\r\nGET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 "
		     "HTTP/1.0\n\n"),
		RECEIVED("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nHTTP/1.1 204 No\r\nContent-Length: "
			 "9\r\n\r\n"
			 "HTTP/1.1 304\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.0 200 OK\n\nto the end"),
	};

	(void)state;
	EXPECT(&keep, said,
	       ">1 request 0 :method=HEAD :path=/\n"
	       ">2 request 0 :method=GET :path=/1\n"
	       ">3 request 0 :method=GET :path=/2\n"
	       ">4 request 0 :method=GET :path=/3\n"
	       "<1 response 200 Content-Length=99\n"
	       ">1 exchange\n"
	       "<2 response 204 Content-Length=9\n"
	       ">2 exchange\n"
	       "<3 response 304 Transfer-Encoding=chunked\n"
	       ">3 exchange\n"
	       "<4 response 200\n"
	       "<4 body 10-0/10 to the end\n"
	       ">4 exchange\n");
}

/* The recorded process is the server. */
static void test_a_server(void **state)
{
	const struct said said[] = {
		RECEIVED("GET / HTTP/1.1\r\n\r\n"),
		SENT("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
	};

	(void)state;
	EXPECT(&keep, said,
	       "<1 request 0 :method=GET :path=/\n"
	       ">1 response 200 Content-Length=2\n"
	       ">1 body 2-0/2 ok\n"
	       ">1 exchange\n");
}

static void test_a_tunnel(void **state)
{
	const struct said said[] = {
		SENT("CONNECT host:443 HTTP/1.1\r\nContent-Length: 7\r\n\r\n"),
		RECEIVED("HTTP/1.1 200 Fine\r\n\r\n"),
	};
	const struct said more[] = { said[0], said[1], SENT("\x16\x03"), RECEIVED("\x16\x04") };
	char *told;

	(void)state;
	EXPECT(&keep, said,
	       ">1 request 0 :method=CONNECT :path=host:443 Content-Length=7\n<1 response 200\n>1 "
	       "exchange\n");
	told = tell_talk(&keep, more, COUNT(more), 0, 0);
	assert_non_null(strstr(told, "data \\x16\\x03\n<0 data \\x16\\x04\n"));
	free(told);
}

static void test_chunk_sizes(void **state)
{
	static const char *const sizes[] = { "ffffffffffffffff",
					     "fffffffffffffffff",
					     "-1",
					     "0x10",
					     "",
					     "g",
					     "10000000000000000000000000",
					     "1 1" };

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		char response[200];
		const struct said said[] = {
			SENT("GET / HTTP/1.1\r\n\r\n"),
			{ AA_RECEIVED, response,
			  (size_t)snprintf(response, sizeof(response),
					   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\nx",
					   sizes[i]) },
		};
		char *told = tell_talk(&keep, said, 2, 0, 0);

		assert_true(strstr(told, "malformed") || strstr(told, "cut off"));
		free(told);
	}
}

static void test_lengths(void **state)
{
	static const char *const lengths[] = { "99999999999999999999",	"-1", "1, 1", "0x1", "",
					       "1\r\nContent-Length: 2" };

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		char response[200];
		const struct said said[] = {
			SENT("GET / HTTP/1.1\r\n\r\n"),
			{ AA_RECEIVED, response,
			  (size_t)snprintf(response, sizeof(response),
					   "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\nx", lengths[i]) },
		};
		char *told = tell_talk(&keep, said, 2, 0, 0);

		assert_non_null(strstr(told, "malformed: Content-Length"));
		free(told);
	}
}

/* What is malformed is told, and it goes on with the next message. */
static void test_goes_on(void **state)
{
	const struct said said[] = {
		SENT("GET / HTTP/1.1\r\nno colon here\r\n\r\nGET /next HTTP/1.1\r\n\r\n"),
		RECEIVED("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
	};

	(void)state;
	EXPECT(&keep, said,
	       ">0 note malformed: a header line\n"
	       ">2 request 0 :method=GET :path=/next\n"
	       "<2 response 200 Content-Length=0\n"
	       ">2 exchange\n");
}

/* A hole in a body ends nothing; one in a head does, and responses are paired by what is sure then. */
static void test_holes(void **state)
{
	const struct said said[] = {
		SENT("GET /1 HTTP/1.1\r\n\r\n"),
		RECEIVED("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
		MISSING(AA_RECEIVED, 4),
		RECEIVED("xyz"),
		SENT("GET /2 HTTP/1.1\r\n\r\n"),
		MISSING(AA_RECEIVED, 100),
		SENT("GET /3 HTTP/1.1\r\n\r\n"),
		RECEIVED("rest of something\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
	};

	(void)state;
	EXPECT(&keep, said,
	       ">1 request 0 :method=GET :path=/1\n"
	       "<1 response 200 Content-Length=10\n"
	       "<0 gap 4 test\n"
	       "<1 body 10-4/6 abcxyz !bytes of it are missing\n"
	       ">1 exchange\n"
	       ">2 request 0 :method=GET :path=/2\n"
	       "<0 gap 100 test\n"
	       "<0 note the middle of a message is missing\n"
	       ">2 exchange\n"
	       ">3 request 0 :method=GET :path=/3\n"
	       "<3 response 404 Content-Length=0\n"
	       ">3 exchange\n");
}

/* Joined late: the middle of something, then a message. */
static void test_late(void **state)
{
	const struct aa_talk_options late = { .keep = true, .late = true, .alpn = "http/1.1" };
	const struct said said[] = {
		RECEIVED("end of a body"),
		SENT("GET /1 HTTP/1.1\r\n\r\n"),
		RECEIVED("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
	};
	char *told = tell_talk(&late, said, COUNT(said), 0, 0);

	(void)state;
	assert_string_equal(told, ">1 request 0 :method=GET :path=/1\n<1 response 200 Content-Length=2\n"
				  "<1 body 2-0/2 ok\n>1 exchange\n");
	free(told);
}

static void test_other_protocols(void **state)
{
	const struct said said[] = {
		RECEIVED("220 mail ready\r\n"),
		SENT("EHLO host\r\n"),
		RECEIVED("250 ok\r\n"),
		SENT("\0\1\2"),
	};
	char *told = tell_talk(&keep, said, COUNT(said), 0, 0);

	(void)state;
	assert_string_equal(told,
			    "<0 data 220 mail ready\\r\\n\n>0 data EHLO host\\r\\n\n<0 data 250 ok\\r\\n\n"
			    ">0 data \\x00\\x01\\x02\n");
	free(told);
}

static void test_events(void **state)
{
	const struct said said[] = {
		SENT("GET / HTTP/1.1\r\n\r\n"),
		RECEIVED("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
			 "chunked\r\n\r\n"
			 "12\r\n\xef\xbb\xbf"
			 "event: a\ndata: \r\n"
			 "F\r\n1\r\ndata:2\r\n\r\n:c\r\n"
			 "D\r\n\ndata: last\n\n\r\n"
			 "0\r\n\r\n"),
	};

	(void)state;
	EXPECT(&keep, said,
	       ">1 request 0 :method=GET :path=/\n"
	       "<1 response 200 Content-Type=text/event-stream Transfer-Encoding=chunked\n"
	       "<1 event a:1\\n2\n"
	       "<1 event :last\n"
	       "<1 body 46-0/46 \n"
	       ">1 exchange\n");
}

#define UPGRADE \
	SENT("GET /s HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), \
		RECEIVED("HTTP/1.1 101 Switching\r\nUpgrade: WebSocket\r\n\r\n\x81\x02hi")

static void test_websocket(void **state)
{
	const struct said said[] = {
		UPGRADE,
		SENT("\x01\x83"
		     "abcd"
		     "\x29\x07\x0f"
		     "\x89\x80"
		     "efgh"
		     "\x80\x81"
		     "\0\0\0\0"
		     "!"),
		RECEIVED("\x88\x02\x03\xe8\xf0\x01"),
		RECEIVED("more"),
	};
	char *told = tell_talk(&keep, said, COUNT(said), 0, 0);

	(void)state;
	EXPECT(&keep, ((struct said[]){ said[0], said[1], said[2] }),
	       ">1 request 0 :method=GET :path=/s Upgrade=websocket\n"
	       "<1 response 101 Upgrade=WebSocket\n"
	       "<1 websocket 1 hi\n"
	       ">1 websocket 9 \n"
	       ">1 websocket 1 Hel!\n"
	       ">1 exchange\n");
	assert_non_null(strstr(
		told, "<1 websocket 8 \\x03\\xE8\n<0 note malformed: no WebSocket any more\n<0 data more\n"));
	free(told);
}

/* permessage-deflate: the second message needs the first one as its dictionary. */
static void test_compressed_websocket(void **state)
{
	static const char head[] = "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: "
				   "permessage-deflate\r\n\r\n";
	z_stream zlib = { 0 };
	char response[1000];
	size_t size = sizeof(head) - 1;
	struct said said[] = { SENT("GET / HTTP/1.1\r\n\r\n"), { AA_RECEIVED, response, 0 } };

	(void)state;
	memcpy(response, head, size);
	assert_int_equal(deflateInit2(&zlib, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	for (int i = 0; i < 2; i++) {
		char packed[100];

		zlib.next_in = (Bytef *)(uintptr_t) "the same words, the same words";
		zlib.avail_in = 30;
		zlib.next_out = (Bytef *)packed;
		zlib.avail_out = sizeof(packed);
		assert_int_equal(deflate(&zlib, Z_SYNC_FLUSH), Z_OK);
		response[size++] = (char)0xc1;
		response[size++] = (char)(zlib.next_out - (Bytef *)packed - 4);
		memcpy(response + size, packed, (size_t)(zlib.next_out - (Bytef *)packed - 4));
		size += (size_t)(zlib.next_out - (Bytef *)packed - 4);
	}
	(void)deflateEnd(&zlib);
	said[1].size = size;
	EXPECT(&keep, said,
	       ">1 request 0 :method=GET :path=/\n"
	       "<1 response 101 Upgrade=websocket Sec-WebSocket-Extensions=permessage-deflate\n"
	       "<1 websocket 1 the same words, the same words\n"
	       "<1 websocket 1 the same words, the same words\n"
	       ">1 exchange\n");
}

static void test_search(void **state)
{
	const struct said said[] = {
		SENT("GET /1 HTTP/1.1\r\nX-Header: needle\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: "
		     "12\r\n\r\nneeneedlexyz"
		     "GET /3 HTTP/1.1\r\nX: needl\r\nY: e\r\n\r\n"),
	};
	struct aa_search search;
	struct aa_talk_options options = { .search = &search };

	(void)state;
	assert_int_equal(aa_search_begin(&search, "needle", 6), 0);
	EXPECT(&options, said,
	       ">1 request 0 :method=GET :path=/1 X-Header=needle\n"
	       ">2 request 0 :method=POST :path=/2 Content-Length=12\n"
	       ">2 body 12-0/12 \n"
	       ">3 request 0 :method=GET :path=/3 X=needl Y=e\n"
	       ">1 exchange found\n>2 exchange found\n>3 exchange\n");
	aa_search_release(&search);
}

/* A line, a head and requests without end cost no memory without end. */
static void test_bounds(void **state)
{
	static const char head[] = { 'G', 'E', 'T', ' ', '/', ' ',  'H',  'T', 'T',
				     'P', '/', '1', '.', '1', '\r', '\n', 'A', ':' };
	struct aa_text_buffer told = { 0 };
	struct aa_talk *talk = aa_talk_new(&keep, write_down, &told);
	char *line = malloc(1 << 20);

	(void)state;
	assert_non_null(line);
	memset(line, 'x', 1 << 20);
	memcpy(line, head, sizeof(head));
	for (int i = 0; i < 20; i++)
		assert_int_equal(aa_talk_feed(talk, AA_SENT, i, line, 1 << 20), 0);
	assert_non_null(strstr(told.data, "a line is too long"));
	assert_true(told.size < 1000);
	aa_talk_free(talk);
	talk = aa_talk_new(&keep, write_down, &told);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(aa_talk_feed(talk, AA_SENT, i, "GET / HTTP/1.1\r\n\r\n", 18), 0);
	assert_int_equal(aa_talk_end(talk), 0);
	aa_talk_free(talk);
	aa_text_release(&told);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_and_responses),
		cmocka_unit_test(test_responses_without_bodies),
		cmocka_unit_test(test_a_server),
		cmocka_unit_test(test_a_tunnel),
		cmocka_unit_test(test_chunk_sizes),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_other_protocols),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_websocket),
		cmocka_unit_test(test_compressed_websocket),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
