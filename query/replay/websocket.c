/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket; see websocket.h. */
#include "replay/websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define HEADER_MAX  14
#define CONTROL_MAX 125
#define STEP_BYTES  16384

struct aa_websocket {
	uint8_t header[HEADER_MAX];
	size_t header_size;
	bool in_frame;
	bool masked;
	uint8_t mask[4];
	uint64_t at; /* in the payload, for the mask */
	uint64_t left;
	unsigned opcode; /* of the frame */
	bool final;
	bool failed;
	/* The message, which control frames may stand in the middle of. */
	bool in_message;
	bool compressed;
	unsigned message_opcode;
	uint64_t wire_bytes;
	const char *trouble;
	struct aa_text_buffer message;
	struct aa_text_buffer control;
	bool deflate;
	bool takeover;
	bool stale; /* the dictionary has missed something */
	z_stream zlib;
};

struct aa_websocket *aa_websocket_new(bool deflate, bool takeover)
{
	struct aa_websocket *websocket = calloc(1, sizeof(*websocket));

	if (!websocket)
		return NULL;
	if (deflate && inflateInit2(&websocket->zlib, -15) != Z_OK) {
		free(websocket);
		return NULL;
	}
	websocket->deflate = deflate;
	websocket->takeover = takeover;
	return websocket;
}

void aa_websocket_free(struct aa_websocket *websocket)
{
	if (!websocket)
		return;
	if (websocket->deflate)
		(void)inflateEnd(&websocket->zlib);
	aa_text_release(&websocket->message);
	aa_text_release(&websocket->control);
	free(websocket);
}

const char *aa_websocket_name(unsigned opcode)
{
	switch (opcode) {
	case AA_WEBSOCKET_TEXT:
		return "text";
	case AA_WEBSOCKET_BINARY:
		return "binary";
	case AA_WEBSOCKET_CLOSE:
		return "close";
	case AA_WEBSOCKET_PING:
		return "ping";
	case AA_WEBSOCKET_PONG:
		return "pong";
	default:
		return "opcode";
	}
}

/* What fits of some bytes. */
static void add(struct aa_websocket *websocket, struct aa_text_buffer *buffer, const void *bytes, size_t size)
{
	if (buffer->size + size > AA_WEBSOCKET_MESSAGE_MAX) {
		size = AA_WEBSOCKET_MESSAGE_MAX - buffer->size;
		websocket->trouble = "too long to be shown whole";
	}
	aa_text_add(buffer, bytes, size);
}

static int inflate_part(struct aa_websocket *websocket, const uint8_t *bytes, size_t size)
{
	z_stream *zlib = &websocket->zlib;
	uint8_t step[STEP_BYTES];
	uint64_t total = 0;

	zlib->next_in = (Bytef *)(uintptr_t)bytes;
	zlib->avail_in = (uInt)size;
	do {
		int result;

		zlib->next_out = step;
		zlib->avail_out = sizeof(step);
		result = inflate(zlib, Z_SYNC_FLUSH);
		total += sizeof(step) - zlib->avail_out;
		add(websocket, &websocket->message, step, sizeof(step) - zlib->avail_out);
		if (result == Z_MEM_ERROR)
			return -ENOMEM;
		/* A bomb: what is not kept need not be made, but the dictionary is lost with it. */
		if (total > AA_WEBSOCKET_MESSAGE_MAX * 4)
			result = Z_DATA_ERROR;
		if (result == Z_STREAM_END)
			(void)inflateReset(zlib);
		else if (result != Z_OK && result != Z_BUF_ERROR) {
			websocket->trouble = "its compression is damaged, or a bomb";
			websocket->stale = true;
			return 0;
		}
	} while (zlib->avail_in > 0 || zlib->avail_out == 0);
	return 0;
}

static int end_message(struct aa_websocket *websocket, aa_websocket_fn *out, void *context)
{
	static const uint8_t tail[] = { 0, 0, 0xff, 0xff };
	struct aa_websocket_message message = {
		.opcode = websocket->message_opcode,
		.wire_bytes = websocket->wire_bytes,
	};
	int r = 0;

	if (websocket->compressed && !websocket->stale)
		r = inflate_part(websocket, tail, sizeof(tail));
	if (websocket->compressed && !websocket->takeover) {
		(void)inflateReset(&websocket->zlib);
		websocket->stale = false;
	}
	if (r < 0 || websocket->message.failed)
		return -ENOMEM;
	message.trouble = websocket->trouble;
	message.bytes = websocket->message.data ? websocket->message.data : "";
	message.size = websocket->message.size;
	r = out(context, &message);
	websocket->in_message = false;
	websocket->trouble = NULL;
	aa_text_clear(&websocket->message);
	return r;
}

static int end_frame(struct aa_websocket *websocket, aa_websocket_fn *out, void *context)
{
	struct aa_websocket_message message = {
		.opcode = websocket->opcode,
		.wire_bytes = websocket->control.size,
		.size = websocket->control.size,
	};

	websocket->in_frame = false;
	websocket->header_size = 0;
	if (websocket->opcode < AA_WEBSOCKET_CLOSE)
		return websocket->final ? end_message(websocket, out, context) : 0;
	if (websocket->control.failed)
		return -ENOMEM;
	message.bytes = websocket->control.data ? websocket->control.data : "";
	return out(context, &message);
}

static size_t header_wanted(const struct aa_websocket *websocket)
{
	size_t wanted = 2;

	if (websocket->header_size < 2)
		return 2;
	if ((websocket->header[1] & 0x7f) >= 126)
		wanted += (websocket->header[1] & 0x7f) == 126 ? 2 : 8;
	return wanted + (websocket->header[1] & 0x80 ? 4 : 0);
}

/* False: malformed. */
static bool begin_frame(struct aa_websocket *websocket)
{
	const uint8_t *header = websocket->header;
	unsigned length = header[1] & 0x7f;
	size_t length_bytes = length < 126 ? 0 : length == 126 ? 2 : 8;
	bool compressed = header[0] & 0x40;

	websocket->final = header[0] & 0x80;
	websocket->opcode = header[0] & 15;
	websocket->masked = header[1] & 0x80;
	websocket->left = length_bytes == 0 ? length : 0;
	for (size_t i = 0; i < length_bytes; i++)
		websocket->left = websocket->left << 8 | header[2 + i];
	if (websocket->masked)
		memcpy(websocket->mask, header + 2 + length_bytes, 4);
	if (header[0] & 0x30 || websocket->left >> 63 || (compressed && !websocket->deflate))
		return false;
	websocket->at = 0;
	websocket->in_frame = true;
	aa_text_clear(&websocket->control);
	if (websocket->opcode >= AA_WEBSOCKET_CLOSE)
		return websocket->final && !compressed && websocket->opcode <= AA_WEBSOCKET_PONG &&
		       websocket->left <= CONTROL_MAX;
	if (websocket->opcode == AA_WEBSOCKET_CONTINUATION)
		return websocket->in_message && !compressed;
	if (websocket->in_message || websocket->opcode > AA_WEBSOCKET_BINARY)
		return false;
	websocket->in_message = true;
	websocket->compressed = compressed;
	websocket->message_opcode = websocket->opcode;
	websocket->wire_bytes = 0;
	if (compressed && websocket->stale)
		websocket->trouble = "its compression needs what is missing";
	return true;
}

static int take_payload(struct aa_websocket *websocket, const uint8_t *bytes, size_t size)
{
	uint8_t clear[4096];

	if (websocket->opcode < AA_WEBSOCKET_CLOSE)
		websocket->wire_bytes += size;
	while (size > 0) {
		size_t part = size < sizeof(clear) ? size : sizeof(clear);

		for (size_t i = 0; i < part; i++)
			clear[i] = websocket->masked ? bytes[i] ^ websocket->mask[(websocket->at + i) % 4]
						     : bytes[i];
		if (websocket->opcode >= AA_WEBSOCKET_CLOSE)
			aa_text_add(&websocket->control, clear, part);
		else if (!websocket->compressed)
			add(websocket, &websocket->message, clear, part);
		else if (!websocket->stale && inflate_part(websocket, clear, part) < 0)
			return -ENOMEM;
		websocket->at += part;
		websocket->left -= part;
		bytes += part;
		size -= part;
	}
	return 0;
}

int aa_websocket_feed(struct aa_websocket *websocket, const void *bytes, size_t size, aa_websocket_fn *out,
		      void *context)
{
	const uint8_t *at = bytes;
	int r = 0;

	while (r == 0 && size > 0 && !websocket->failed) {
		size_t taken = 1;

		if (websocket->in_frame) {
			taken = size < websocket->left ? size : (size_t)websocket->left;
			r = take_payload(websocket, at, taken);
		} else {
			websocket->header[websocket->header_size++] = *at;
			if (websocket->header_size >= 2 &&
			    websocket->header_size == header_wanted(websocket) && !begin_frame(websocket))
				websocket->failed = true;
		}
		if (r == 0 && !websocket->failed && websocket->in_frame && websocket->left == 0)
			r = end_frame(websocket, out, context);
		at += taken;
		size -= taken;
	}
	return r < 0 ? r : websocket->failed ? AA_WEBSOCKET_MALFORMED : 0;
}

int aa_websocket_skip(struct aa_websocket *websocket, uint64_t bytes, aa_websocket_fn *out, void *context)
{
	int r = 0;

	if (websocket->failed || !websocket->in_frame || bytes > websocket->left) {
		websocket->failed = true;
		return AA_WEBSOCKET_MALFORMED;
	}
	websocket->at += bytes;
	websocket->left -= bytes;
	if (websocket->opcode < AA_WEBSOCKET_CLOSE) {
		websocket->wire_bytes += bytes;
		websocket->trouble = "bytes of it are missing";
		websocket->stale |= websocket->compressed;
	}
	if (websocket->left == 0)
		r = end_frame(websocket, out, context);
	return r;
}
