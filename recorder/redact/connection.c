/* SPDX-License-Identifier: Apache-2.0 */
/* Both directions of a connection. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "search.h"

struct aa_redact_connection {
	struct direction {
		uint64_t offset;
		struct aa_searcher searcher;
	} directions[2];
};

struct aa_redact_connection *aa_redact_connection_new(const struct aa_redactor *redactor, bool late)
{
	struct aa_redact_connection *connection = calloc(1, sizeof(*connection));

	(void)late;
	for (size_t i = 0; connection && i < 2; i++)
		aa_searcher_init(&connection->directions[i].searcher, redactor);
	return connection;
}

void aa_redact_connection_free(struct aa_redact_connection *connection)
{
	free(connection);
}

void aa_redact_set_protocol(struct aa_redact_connection *connection, const char *alpn)
{
	(void)connection;
	(void)alpn;
}

int aa_redact_feed(struct aa_redact_connection *connection, unsigned direction, const void *bytes,
		   size_t size, struct aa_text_buffer *out, struct aa_redacted *ret_redacted,
		   aa_redaction_fn *found, void *context)
{
	struct direction *way = &connection->directions[direction];
	struct aa_pass pass = { .offset = way->offset, .size = size, .found = found, .context = context };
	size_t before = out->size;
	int r;

	*ret_redacted = (struct aa_redacted){ .begin = way->offset };
	aa_text_add(out, bytes, size);
	if (out->failed)
		return -ENOMEM;
	pass.bytes = (uint8_t *)out->data + before;
	r = size ? aa_search(&way->searcher, &pass) : 0;
	way->offset += size;
	ret_redacted->bytes = ret_redacted->used = size;
	ret_redacted->count = pass.count;
	return r;
}

int aa_redact_skip(struct aa_redact_connection *connection, unsigned direction, uint64_t bytes,
		   struct aa_text_buffer *out, struct aa_redacted *ret_redacted, aa_redaction_fn *found,
		   void *context)
{
	struct direction *way = &connection->directions[direction];

	(void)out;
	(void)found;
	(void)context;
	*ret_redacted = (struct aa_redacted){ .begin = way->offset };
	aa_search_skip(&way->searcher);
	way->offset += bytes;
	return 0;
}

int aa_redact_end(struct aa_redact_connection *connection, unsigned direction, struct aa_text_buffer *out,
		  struct aa_redacted *ret_redacted, aa_redaction_fn *found, void *context)
{
	struct direction *way = &connection->directions[direction];
	uint8_t none = 0;
	struct aa_pass pass = {
		.bytes = &none, .offset = way->offset, .last = true, .found = found, .context = context
	};
	int r;

	(void)out;
	r = aa_search(&way->searcher, &pass);
	*ret_redacted = (struct aa_redacted){ .begin = way->offset, .count = pass.count };
	return r;
}
