/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of redaction: a session's rules, a connection that is fed in pieces, and what came of it. */
#ifndef AA_TEST_REDACT_H
#define AA_TEST_REDACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "redact.h"

#define FOUND_MAX 256

struct found {
	struct aa_redaction items[FOUND_MAX];
	char what[FOUND_MAX][64];
	size_t count;
};

static const uint8_t redact_key[AA_REDACT_KEY_SIZE] = "0123456789abcdef0123456789abcde";

static struct aa_redactor *new_redactor(char *const *headers)
{
	struct aa_redactor *redactor = NULL;
	struct aa_error error = { 0 };

	assert_int_equal(aa_redactor_new(redact_key, headers, &redactor, &error), 0);
	return redactor;
}

static int note_found(void *context, const struct aa_redaction *redaction)
{
	struct found *found = context;

	assert_true(found->count < FOUND_MAX);
	found->items[found->count] = *redaction;
	(void)snprintf(found->what[found->count], sizeof(found->what[0]), "%s", redaction->what);
	found->count++;
	return 0;
}

/* A direction: what was fed, what may be stored, and what is withheld. */
struct flow {
	struct aa_text_buffer out;
	struct found found;
	uint64_t stored, withheld, next;
	bool rewritten;
};

static inline void flow_release(struct flow *flow)
{
	aa_text_release(&flow->out);
}

static inline void flow_note(struct flow *flow, const struct aa_redacted *what)
{
	assert_true(what->begin <= flow->next);
	assert_true(what->begin == flow->stored + flow->withheld);
	assert_true(what->withheld <= what->bytes);
	flow->stored += what->bytes - what->withheld;
	flow->withheld += what->withheld;
	flow->rewritten = flow->rewritten || what->rewritten;
}

static inline void flow_feed(struct aa_redact_connection *connection, unsigned direction, struct flow *flow,
			     const void *bytes, size_t size)
{
	struct aa_redacted what;

	for (size_t at = 0; at < size; at += what.used) {
		size_t found = flow->found.count;

		assert_int_equal(aa_redact_feed(connection, direction, (const char *)bytes + at, size - at,
						&flow->out, &what, note_found, &flow->found),
				 0);
		assert_true(what.used > 0 && what.used <= size - at);
		assert_int_equal(what.count, flow->found.count - found);
		flow->next += what.used;
		flow_note(flow, &what);
	}
}

static inline void flow_skip(struct aa_redact_connection *connection, unsigned direction, struct flow *flow,
			     uint64_t bytes)
{
	struct aa_redacted what;

	assert_int_equal(
		aa_redact_skip(connection, direction, bytes, &flow->out, &what, note_found, &flow->found), 0);
	flow_note(flow, &what);
	flow->next += bytes;
	flow->stored += bytes;
}

static inline void flow_end(struct aa_redact_connection *connection, unsigned direction, struct flow *flow)
{
	struct aa_redacted what;

	assert_int_equal(aa_redact_end(connection, direction, &flow->out, &what, note_found, &flow->found),
			 0);
	flow_note(flow, &what);
	assert_int_equal(flow->stored + flow->withheld, flow->next);
}

/* No 8 bytes of the secret are there. */
static inline bool leaks(const void *bytes, size_t size, const char *secret, size_t length)
{
	for (size_t i = 0; i + 8 <= length && size; i++)
		if (memmem(bytes, size, secret + i, 8))
			return true;
	return length && length < 8 && size && memmem(bytes, size, secret, length) != NULL;
}

#endif
