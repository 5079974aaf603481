/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: both directions of a connection through redaction, in pieces and with holes. What came out accounts for
 * every byte, and has the same length unless it says otherwise. The first byte says how the connection begins; then
 * pieces: two bytes of size, of which the highest are the direction and whether it is a hole.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) \
	do { \
		if (!(condition)) { \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

struct way {
	struct aa_text_buffer out;
	uint64_t fed, told, withheld, holes;
	bool rewritten;
};

static int count(void *context, const struct aa_redaction *redaction)
{
	unsigned *found = context;

	REQUIRE(redaction->length > 0 && redaction->what);
	(*found)++;
	return 0;
}

static void note(struct way *way, const struct aa_redacted *what, unsigned found)
{
	REQUIRE(what->begin == way->told);
	REQUIRE(what->withheld <= what->bytes);
	REQUIRE(what->count == found);
	way->told += what->bytes;
	way->withheld += what->withheld;
	way->rewritten = way->rewritten || what->rewritten;
	REQUIRE(way->told <= way->fed);
	REQUIRE(way->rewritten || way->out.size == way->told - way->withheld - way->holes);
}

static void feed(struct aa_redact_connection *connection, unsigned direction, struct way *way,
		 const uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		struct aa_redacted what;
		unsigned found = 0;

		REQUIRE(aa_redact_feed(connection, direction, bytes + at, size - at, &way->out, &what, count,
				       &found) == 0);
		REQUIRE(what.used > 0 && what.used <= size - at);
		at += what.used;
		way->fed += what.used;
		note(way, &what, found);
	}
}

static void skip(struct aa_redact_connection *connection, unsigned direction, struct way *way, uint64_t bytes)
{
	struct aa_redacted what;
	unsigned found = 0;

	REQUIRE(aa_redact_skip(connection, direction, bytes, &way->out, &what, count, &found) == 0);
	note(way, &what, found);
	REQUIRE(way->told == way->fed);
	way->fed += bytes;
	way->told += bytes;
	way->holes += bytes;
}

static void end(struct aa_redact_connection *connection, unsigned direction, struct way *way)
{
	struct aa_redacted what;
	unsigned found = 0;

	REQUIRE(aa_redact_end(connection, direction, &way->out, &what, count, &found) == 0);
	note(way, &what, found);
	REQUIRE(way->told == way->fed);
	aa_text_release(&way->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[AA_REDACT_KEY_SIZE] = { 1, 2, 3 };
	static struct aa_redactor *redactor;
	struct aa_redact_connection *connection;
	struct way ways[2] = { 0 };

	if (!redactor)
		REQUIRE(aa_redactor_new(key, NULL, &redactor, NULL) == 0);
	if (size < 1)
		return 0;
	connection = aa_redact_connection_new(redactor, data[0] & 1);
	REQUIRE(connection);
	if (data[0] & 2)
		aa_redact_set_protocol(connection, data[0] & 4 ? "h2" : "http/1.1");
	for (size_t at = 1; at + 2 <= size;) {
		size_t n = (size_t)(data[at] & 0x3f) << 8 | data[at + 1];
		unsigned direction = data[at] >> 7;
		bool hole = data[at] & 0x40;

		at += 2;
		if (n > size - at)
			n = size - at;
		if (hole)
			skip(connection, direction, &ways[direction], n);
		else
			feed(connection, direction, &ways[direction], data + at, n);
		at += hole ? 0 : n;
	}
	end(connection, 0, &ways[0]);
	end(connection, 1, &ways[1]);
	aa_redact_connection_free(connection);
	return 0;
}
