/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events (text/event-stream, as the HTML standard has it), from pieces of any size. */
#ifndef AA_QUERY_SSE_H
#define AA_QUERY_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* More of an event's data, or of a line, is left out. */
#define AA_SSE_DATA_MAX ((size_t)1024 * 1024)

struct aa_sse_event {
	const char *event; /* its type; empty: none was given */
	size_t event_size;
	const char *id;
	size_t id_size;
	const char *data; /* lines joined by newlines */
	size_t data_size;
	bool cut; /* there was more data */
};

/* Zero-initialise. */
struct aa_sse {
	struct aa_text_buffer line;
	struct aa_text_buffer event;
	struct aa_text_buffer id;
	struct aa_text_buffer data;
	bool has_data;
	bool cut;
	bool line_cut;
	bool after_cr; /* a newline that follows belongs to it */
	bool begun;    /* past where a byte order mark may be */
};

/* 0 or a negative errno, which is forwarded. */
typedef int aa_sse_fn(void *context, const struct aa_sse_event *event);

/* Calls out for each event that a blank line ends. */
int aa_sse_feed(struct aa_sse *sse, const void *bytes, size_t size, aa_sse_fn *out, void *context);

/* The stream ends: an event without its blank line is told, too, as it was sent. */
int aa_sse_end(struct aa_sse *sse, aa_sse_fn *out, void *context);
void aa_sse_release(struct aa_sse *sse);

#endif
