/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/sse.h"

#include <errno.h>
#include <string.h>

static void add(struct aa_sse *sse, struct aa_text_buffer *buffer, const char *bytes, size_t size)
{
	if (buffer->size + size > AA_SSE_DATA_MAX) {
		size = AA_SSE_DATA_MAX - buffer->size;
		sse->cut = true;
	}
	aa_text_add(buffer, bytes, size);
}

static int dispatch(struct aa_sse *sse, aa_sse_fn *out, void *context)
{
	struct aa_sse_event event = {
		.event = sse->event.data ? sse->event.data : "",
		.event_size = sse->event.size,
		.id = sse->id.data ? sse->id.data : "",
		.id_size = sse->id.size,
		.data = sse->data.data ? sse->data.data : "",
		.data_size = sse->data.size,
		.cut = sse->cut,
	};
	int r = 0;

	if (sse->event.failed || sse->id.failed || sse->data.failed)
		return -ENOMEM;
	if (sse->has_data || event.event_size > 0)
		r = out(context, &event);
	aa_text_clear(&sse->event);
	aa_text_clear(&sse->data);
	aa_text_clear(&sse->id);
	sse->has_data = false;
	sse->cut = false;
	return r;
}

static void set(struct aa_sse *sse, struct aa_text_buffer *buffer, const char *value, size_t size)
{
	aa_text_clear(buffer);
	add(sse, buffer, value, size);
}

static int take_line(struct aa_sse *sse, aa_sse_fn *out, void *context)
{
	const char *line = sse->line.data ? sse->line.data : "";
	size_t size = sse->line.size;
	const char *value = memchr(line, ':', size);
	size_t name_size = value ? (size_t)(value - line) : size;
	size_t value_size = value ? size - name_size - 1 : 0;

	sse->cut |= sse->line_cut;
	sse->line_cut = false;
	if (size == 0)
		return dispatch(sse, out, context);
	value = value ? value + 1 : line + size;
	if (value_size > 0 && *value == ' ') {
		value++;
		value_size--;
	}
	if (name_size == 4 && memcmp(line, "data", 4) == 0) {
		if (sse->has_data)
			add(sse, &sse->data, "\n", 1);
		sse->has_data = true;
		add(sse, &sse->data, value, value_size);
	} else if (name_size == 5 && memcmp(line, "event", 5) == 0) {
		set(sse, &sse->event, value, value_size);
	} else if (name_size == 2 && memcmp(line, "id", 2) == 0) {
		set(sse, &sse->id, value, value_size);
	}
	return 0;
}

static void gather(struct aa_sse *sse, const char *bytes, size_t size)
{
	if (sse->line.size + size > AA_SSE_DATA_MAX) {
		sse->line_cut = true;
		size = AA_SSE_DATA_MAX - sse->line.size;
	}
	aa_text_add(&sse->line, bytes, size);
}

static void drop_byte_order_mark(struct aa_sse *sse)
{
	if (!sse->begun && sse->line.size >= 3 && memcmp(sse->line.data, "\xef\xbb\xbf", 3) == 0) {
		sse->line.size -= 3;
		memmove(sse->line.data, sse->line.data + 3, sse->line.size + 1);
	}
	sse->begun = true;
}

static int end_line(struct aa_sse *sse, aa_sse_fn *out, void *context)
{
	int r;

	if (sse->line.failed)
		return -ENOMEM;
	drop_byte_order_mark(sse);
	r = take_line(sse, out, context);
	aa_text_clear(&sse->line);
	return r;
}

int aa_sse_feed(struct aa_sse *sse, const void *bytes, size_t size, aa_sse_fn *out, void *context)
{
	const char *at = bytes;
	int r = 0;

	while (r == 0 && size > 0) {
		size_t length = 0;

		if (sse->after_cr && *at == '\n') {
			sse->after_cr = false;
			at++;
			size--;
			continue;
		}
		sse->after_cr = false;
		while (length < size && at[length] != '\n' && at[length] != '\r')
			length++;
		gather(sse, at, length);
		if (length < size) {
			sse->after_cr = at[length] == '\r';
			r = end_line(sse, out, context);
			length++;
		}
		at += length;
		size -= length;
	}
	return r;
}

int aa_sse_end(struct aa_sse *sse, aa_sse_fn *out, void *context)
{
	int r = sse->line.size > 0 ? end_line(sse, out, context) : 0;

	return r < 0 ? r : dispatch(sse, out, context);
}

void aa_sse_release(struct aa_sse *sse)
{
	aa_text_release(&sse->line);
	aa_text_release(&sse->event);
	aa_text_release(&sse->id);
	aa_text_release(&sse->data);
}
