/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: conversations over TLS into the decoders of aa-query. The first byte says how the connection is to be read; then
 * pieces: a byte for direction, holes and HTTP/2's preface, two for the length, and the bytes. Demands that what is told stays in proportion to
 * the bounds. With --seed DIRECTORY as its only arguments it writes a corpus and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/http2.h"
#include "replay/talk.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

enum {
	LATE = 1,
	KEEP = 2,
	SEARCH = 4,
	ALPN_H2 = 8,
	ALPN_HTTP1 = 16,
	CLIENT = 32,
	SERVER = 64,
	/* Of a piece. */
	RECEIVED = 1,
	HOLE = 2,
	PREFACE = 4,
};

static int count_told(void *context, const struct aa_told *told)
{
	uint64_t *count = context;

	(*count)++;
	REQUIRE(told->direction < AA_DIRECTIONS);
	REQUIRE(!told->message || told->message->body.size <= AA_TALK_BODY_MAX);
	REQUIRE(!told->event || told->event->data_size <= AA_SSE_DATA_MAX);
	REQUIRE(!told->websocket || told->websocket->size <= AA_WEBSOCKET_MESSAGE_MAX);
	REQUIRE(!told->message || told->message->missing_bytes <= told->message->bytes);
	return 0;
}

static int feed(struct aa_talk *talk, unsigned control, const uint8_t *bytes, size_t size, int64_t now)
{
	unsigned direction = control & RECEIVED;

	if (control & HOLE)
		return aa_talk_skip(talk, direction, now, size * 3, "fuzz");
	if (control & PREFACE && aa_talk_feed(talk, direction, now, AA_HTTP2_PREFACE, 24) < 0)
		return -ENOMEM;
	return aa_talk_feed(talk, direction, now, bytes, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aa_search search;
	struct aa_talk_options options = { 0 };
	struct aa_talk *talk;
	uint64_t told = 0;
	int64_t now = 0;
	size_t total = size;

	if (size < 1)
		return 0;
	REQUIRE(aa_search_begin(&search, "aab", 3) == 0);
	options.late = data[0] & LATE;
	options.keep = data[0] & KEEP;
	options.search = data[0] & SEARCH ? &search : NULL;
	options.alpn = data[0] & ALPN_H2 ? "h2" : data[0] & ALPN_HTTP1 ? "http/1.1" : NULL;
	options.role = data[0] & CLIENT ? "client" : data[0] & SERVER ? "server" : NULL;
	talk = aa_talk_new(&options, count_told, &told);
	REQUIRE(talk);
	data++;
	size--;
	while (size >= 3) {
		size_t length = (size_t)data[1] << 8 | data[2];

		if (length > size - 3)
			length = size - 3;
		REQUIRE(feed(talk, data[0], data + 3, length, now++) == 0);
		data += 3 + length;
		size -= 3 + length;
	}
	REQUIRE(aa_talk_end(talk) == 0);
	aa_talk_free(talk);
	aa_search_release(&search);
	/* Each byte can begin or end a few things; compressed, a few hundred. */
	REQUIRE(told <= 64 + (uint64_t)total * 2048);
	return 0;
}

static const struct {
	uint8_t control;
	const char *request;
	size_t request_size;
	const char *response;
	size_t response_size;
} seeds[] = {
#define SEED(control, request, response) \
	{ \
		control, request, sizeof(request) - 1, response, sizeof(response) - 1 \
	}
	SEED(KEEP, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloHEAD /x HTTP/1.0\r\n\r\n",
	     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n"
	     "b\r\ndata: aab\n\n\r\n0\r\nT: v\r\n\r\nHTTP/1.1 304 No\r\n\r\n"),
	SEED(KEEP | SEARCH,
	     "GET /s HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\x81\x83"
	     "abcd"
	     "\x29\x07\x0f",
	     "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
	     "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x88\x02\x03\xe8"),
	SEED(KEEP, "GET / HTTP/1.1\r\n\r\n",
	     "HTTP/1.1 200 OK\r\nContent-Encoding: "
	     "gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\x02\x03\x4b\x04\x00\x43\xbe\xb7\xe8\x01\0\0\0"),
	SEED(KEEP, "GET / HTTP/1.1\r\n\r\n",
	     "HTTP/1.1 200 OK\r\nContent-Encoding: "
	     "br\r\n\r\n\x1b\x26\x00\xf8\x1d\xa9\x53\x9f\xbb\x70\x09\x22\x26\x97\x21\x2c\x74\x99\xc6"
	     "\xf6\x56\x8a\xf4\x13\x0e\x84\xfe\x04"),
	SEED(KEEP,
	     AA_HTTP2_PREFACE "\0\0\x06\4\0\0\0\0\0\0\1\0\1\0\0"
			      "\0\0\4\1\5\0\0\0\1\x82\x84\x87\x41"
			      "\0\0\2\x09\4\0\0\0\1\1h"
			      "\0\0\6\0\x09\0\0\0\3\1hell\0",
	     "\0\0\0\4\0\0\0\0\0"
	     "\0\0\1\1\4\0\0\0\1\x88"
	     "\0\0\2\0\1\0\0\0\1ok"
	     "\0\0\4\3\0\0\0\0\1\0\0\0\x08"),
	SEED(KEEP | LATE | ALPN_H2 | CLIENT, "\0\0\1\1\5\0\0\0\1\x82", "rest\0\0\1\1\5\0\0\0\1\x88"),
	SEED(0, "EHLO host\r\n", "250 ok\r\n"),
};

static void write_piece(int fd, uint8_t control, const char *bytes, size_t size)
{
	const uint8_t head[] = { control, (uint8_t)(size >> 8), (uint8_t)size };

	REQUIRE(write(fd, head, sizeof(head)) == (ssize_t)sizeof(head));
	REQUIRE(write(fd, bytes, size) == (ssize_t)size);
}

static void write_corpus(const char *directory)
{
	REQUIRE(mkdir(directory, 0700) == 0 || errno == EEXIST);
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		char path[512];
		int fd;

		(void)snprintf(path, sizeof(path), "%s/seed-%zu", directory, i);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		REQUIRE(fd >= 0 && write(fd, &seeds[i].control, 1) == 1);
		write_piece(fd, 0, seeds[i].request, seeds[i].request_size);
		write_piece(fd, RECEIVED, seeds[i].response, seeds[i].response_size);
		(void)close(fd);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (*argc == 3 && strcmp((*argv)[1], "--seed") == 0) {
		write_corpus((*argv)[2]);
		exit(0);
	}
	return 0;
}
