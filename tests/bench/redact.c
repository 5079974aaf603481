/* SPDX-License-Identifier: Apache-2.0 */
/* How fast data is searched for secrets: one line for each kind of data that has none. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "redact.h"

#define BYTES  ((size_t)16 << 20)
#define PIECE  16384
#define ROUNDS 4

static uint64_t state = 88172645463325252u;

static uint8_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint8_t)(state >> 24);
}

static void fill_binary(char *bytes)
{
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (char)next_random();
	bytes[0] = 1; /* not HTTP/2 */
}

static void fill_base64(char *bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = digits[next_random() % 64];
}

static void fill_with(char *bytes, const char *text)
{
	size_t size = strlen(text);

	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = text[i % size];
}

static void fill_json(char *bytes)
{
	fill_with(bytes,
		  "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":"
		  "\"The function reads a file, and returns what\\nit has found: see src/main.c:120.\"}}\n");
}

static void fill_code(char *bytes)
{
	fill_with(bytes,
		  "static int take_data(struct session *session, const uint8_t *bytes, size_t size)\n{\n"
		  "\tif (!session->open && size > 0)\n\t\treturn -EINVAL; /* nobody asked */\n}\n");
}

static double seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double measure(const struct aa_redactor *redactor, const char *bytes)
{
	struct aa_redact_connection *connection = aa_redact_connection_new(redactor, false);
	struct aa_text_buffer out = { 0 };
	double begin = seconds(), end;

	for (int round = 0; round < ROUNDS; round++)
		for (size_t at = 0; at < BYTES; at += PIECE) {
			struct aa_redacted what;

			aa_text_clear(&out);
			if (aa_redact_feed(connection, 0, bytes + at, PIECE, &out, &what, NULL, NULL) < 0)
				abort();
		}
	end = seconds();
	aa_text_release(&out);
	aa_redact_connection_free(connection);
	return (double)BYTES * ROUNDS / (end - begin) / 1e9;
}

int main(void)
{
	static const struct {
		const char *name;
		void (*fill)(char *bytes);
	} kinds[] = { { "binary", fill_binary },
		      { "base64", fill_base64 },
		      { "json", fill_json },
		      { "code", fill_code } };
	static const uint8_t key[AA_REDACT_KEY_SIZE] = { 1 };
	struct aa_redactor *redactor;
	char *bytes = malloc(BYTES);

	if (!bytes || aa_redactor_new(key, NULL, &redactor, NULL) < 0) {
		free(bytes);
		return 1;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		kinds[i].fill(bytes);
		(void)printf("redact %-8s %6.2f GB/s\n", kinds[i].name, measure(redactor, bytes));
	}
	aa_redactor_free(redactor);
	free(bytes);
	return 0;
}
