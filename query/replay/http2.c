/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2; see http2.h. */
#include "replay/http2.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE  9
#define PREFACE_SIZE (sizeof(AA_HTTP2_PREFACE) - 1)

/* Larger frames have to be agreed on; looking for the next frame, they are not believed. */
#define FRAME_USUAL (16 * 1024)

enum {
	DATA = 0,
	HEADERS = 1,
	PRIORITY = 2,
	RST_STREAM = 3,
	SETTINGS = 4,
	PUSH_PROMISE = 5,
	PING = 6,
	GOAWAY = 7,
	WINDOW_UPDATE = 8,
	CONTINUATION = 9,
};

enum {
	FLAG_END_STREAM = 0x1, /* of SETTINGS and PING: ACK */
	FLAG_END_HEADERS = 0x4,
	FLAG_PADDED = 0x8,
	FLAG_PRIORITY = 0x20,
	SETTING_TABLE_SIZE = 1,
};

struct side {
	unsigned direction;
	bool begun; /* past the preface, or none is to be expected */
	bool lost;  /* looking for a frame */
	bool unsynced;
	bool told_unsynced;
	bool told_lost;		      /* that bytes are passed over */
	uint8_t header[PREFACE_SIZE]; /* of a frame; or the preface */
	size_t header_size;
	bool in_frame;
	uint32_t left; /* bytes of its payload that are to come */
	uint32_t pad;  /* of them, at the end */
	bool want_pad;
	uint8_t type;
	uint8_t flags;
	uint32_t stream;
	struct aa_text_buffer payload; /* of a frame that is no data */
	bool payload_cut;
	struct aa_text_buffer block; /* headers, also of several frames */
	bool in_block;
	bool block_cut;
	bool block_ends; /* the stream */
	uint32_t block_stream;
	uint32_t block_promised; /* 0: none */
	nghttp2_hd_inflater *inflater;
	struct aa_fields line;
	struct aa_fields fields;
};

struct aa_http2 {
	const struct aa_http_sink *sink;
	struct side sides[AA_DIRECTIONS];
};

struct aa_http2 *aa_http2_new(const struct aa_http_sink *sink, bool late)
{
	struct aa_http2 *http2 = calloc(1, sizeof(*http2));

	if (!http2)
		return NULL;
	http2->sink = sink;
	for (unsigned i = 0; i < AA_DIRECTIONS; i++) {
		struct side *side = &http2->sides[i];

		side->direction = i;
		side->unsynced = late;
		side->lost = late;
		if (nghttp2_hd_inflate_new(&side->inflater) != 0) {
			aa_http2_free(http2);
			return NULL;
		}
	}
	return http2;
}

void aa_http2_free(struct aa_http2 *http2)
{
	if (!http2)
		return;
	for (unsigned i = 0; i < AA_DIRECTIONS; i++) {
		struct side *side = &http2->sides[i];

		nghttp2_hd_inflate_del(side->inflater);
		aa_text_release(&side->payload);
		aa_text_release(&side->block);
		aa_fields_release(&side->line);
		aa_fields_release(&side->fields);
	}
	free(http2);
}

bool aa_http2_unsynced(const struct aa_http2 *http2, unsigned direction)
{
	return http2->sides[direction].unsynced;
}

static int note(struct aa_http2 *http2, const struct side *side, uint64_t stream, const char *text)
{
	return http2->sink->note(http2->sink->context, side->direction, stream, text);
}

static uint32_t get32(const void *bytes)
{
	const uint8_t *b = bytes;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Whether a frame may begin so, where nothing else tells. */
static bool is_frame(const uint8_t *header)
{
	uint32_t length = get32(header) >> 8, stream = get32(header + 5);
	uint8_t type = header[3];

	if (length > FRAME_USUAL || stream >> 31)
		return false;
	switch (type) {
	case DATA:
	case HEADERS:
	case PUSH_PROMISE:
	case CONTINUATION:
		return stream != 0 && (header[4] & ~0x2d) == 0;
	case PRIORITY:
		return stream != 0 && length == 5;
	case RST_STREAM:
		return stream != 0 && length == 4;
	case SETTINGS:
		return stream == 0 && length % 6 == 0 && header[4] <= 1;
	case PING:
		return stream == 0 && length == 8 && header[4] <= 1;
	case GOAWAY:
		return stream == 0 && length >= 8 && header[4] == 0;
	case WINDOW_UPDATE:
		return length == 4 && header[4] == 0;
	default:
		return false;
	}
}

static int lose(struct aa_http2 *http2, struct side *side, const char *why)
{
	/* Headers may be in what is passed over, and what they leave in the table is missing then. */
	side->unsynced = true;
	side->lost = true;
	side->in_frame = false;
	side->in_block = false;
	side->header_size = 0;
	aa_text_clear(&side->payload);
	aa_text_clear(&side->block);
	return note(http2, side, 0, why);
}

static int add_field(struct side *side, const nghttp2_nv *field)
{
	struct aa_fields *fields = field->namelen > 0 && field->name[0] == ':' ? &side->line : &side->fields;

	return aa_fields_add(fields, field->name, field->namelen, field->value, field->valuelen);
}

/* The whole block, into line and fields. 1: decoded; 0: it cannot be; or a negative errno. */
static int inflate_block(struct side *side)
{
	const uint8_t *at = (const uint8_t *)side->block.data;
	size_t left = side->block.size;
	int flags = 0;

	aa_fields_clear(&side->line);
	aa_fields_clear(&side->fields);
	while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
		nghttp2_nv field;
		ssize_t taken;
		int r = 0;

		flags = 0;
		taken = nghttp2_hd_inflate_hd2(side->inflater, &field, &flags, at, left, 1);
		if (taken < 0)
			return taken == NGHTTP2_ERR_NOMEM ? -ENOMEM : 0;
		at += taken;
		left -= (size_t)taken;
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			r = add_field(side, &field);
		if (r < 0)
			return r;
		if (left == 0 && taken == 0 &&
		    !(flags & (NGHTTP2_HD_INFLATE_FINAL | NGHTTP2_HD_INFLATE_EMIT)))
			return 0;
	}
	(void)nghttp2_hd_inflate_end_headers(side->inflater);
	return 1;
}

static int parse_status(const struct aa_fields *line)
{
	size_t size;
	const char *text = aa_fields_find(line, ":status", &size);

	if (!text || size != 3)
		return 0;
	for (size_t i = 0; i < 3; i++)
		if (text[i] < '0' || text[i] > '9')
			return 0;
	return (text[0] - '0') * 100 + (text[1] - '0') * 10 + text[2] - '0';
}

static int tell_head(struct aa_http2 *http2, struct side *side, bool decoded)
{
	size_t size;
	struct aa_http_head head = {
		.direction = side->direction,
		.stream = side->block_promised ? side->block_promised : side->block_stream,
		.pushed = side->block_promised != 0,
		.decoded = decoded,
		.version = "2",
		.line = &side->line,
		.fields = &side->fields,
	};
	int r;

	if (decoded && side->line.count == 0)
		return http2->sink->trailers(http2->sink->context, side->direction, head.stream,
					     &side->fields);
	head.response = decoded && aa_fields_find(&side->line, ":status", &size) != NULL;
	head.status = parse_status(&side->line);
	r = http2->sink->head(http2->sink->context, &head);
	return r < 0 ? r : 0;
}

static int end_block(struct aa_http2 *http2, struct side *side)
{
	int decoded = 0, r;

	if (side->block_cut)
		side->unsynced = true;
	if (!side->unsynced && side->block.size > 0) {
		decoded = inflate_block(side);
		if (decoded < 0)
			return decoded;
		if (decoded == 0)
			side->unsynced = true;
	}
	if (!decoded) {
		aa_fields_clear(&side->line);
		aa_fields_clear(&side->fields);
	}
	if (side->unsynced && !side->told_unsynced) {
		side->told_unsynced = true;
		r = note(http2, side, 0,
			 "hpack_unsynced: headers of this direction cannot be decoded from here on");
		if (r < 0)
			return r;
	}
	r = tell_head(http2, side, decoded > 0);
	if (r == 0 && side->block_ends && !side->block_promised)
		r = http2->sink->end(http2->sink->context, side->direction, side->block_stream, NULL);
	side->in_block = false;
	side->block_cut = false;
	aa_text_clear(&side->block);
	return r;
}

/* What of a HEADERS or PUSH_PROMISE frame's payload is headers. False: malformed. */
static bool find_fragment(const struct side *side, size_t *ret_begin, size_t *ret_size,
			  uint32_t *ret_promised)
{
	const uint8_t *payload = (const uint8_t *)side->payload.data;
	size_t size = side->payload.size, begin = 0, pad = 0;

	*ret_promised = 0;
	if (side->type != CONTINUATION && side->flags & FLAG_PADDED) {
		if (size < 1)
			return false;
		pad = payload[0];
		begin = 1;
	}
	if (side->type == HEADERS && side->flags & FLAG_PRIORITY)
		begin += 5;
	if (side->type == PUSH_PROMISE) {
		if (size < begin + 4)
			return false;
		*ret_promised = get32(payload + begin) & 0x7fffffff;
		begin += 4;
	}
	if (begin + pad > size)
		return false;
	*ret_begin = begin;
	*ret_size = size - begin - pad;
	return true;
}

static int take_headers(struct aa_http2 *http2, struct side *side)
{
	size_t begin = 0, size = 0;
	uint32_t promised;

	if (side->type != CONTINUATION) {
		side->in_block = true;
		side->block_stream = side->stream;
		side->block_ends = side->type == HEADERS && side->flags & FLAG_END_STREAM;
		aa_text_clear(&side->block);
		side->block_cut = false;
	}
	if (side->payload_cut) {
		side->block_cut = true;
		promised = 0;
	} else if (!find_fragment(side, &begin, &size, &promised)) {
		return lose(http2, side, "malformed: a frame of headers");
	}
	if (side->type != CONTINUATION)
		side->block_promised = promised;
	if (side->block.size + size > AA_HTTP2_BLOCK_MAX)
		side->block_cut = true;
	else if (size > 0)
		aa_text_add(&side->block, side->payload.data + begin, size);
	if (side->block.failed)
		return -ENOMEM;
	return side->flags & FLAG_END_HEADERS ? end_block(http2, side) : 0;
}

/*
 * The size of the table that the other side may use from now on. One that grows needs no word of it in the blocks, one that shrinks is
 * announced there; so only growth counts here.
 */
static void take_settings(struct aa_http2 *http2, struct side *side)
{
	const uint8_t *payload = (const uint8_t *)side->payload.data;
	nghttp2_hd_inflater *other = http2->sides[!side->direction].inflater;

	if (side->flags & FLAG_END_STREAM)
		return;
	for (size_t i = 0; i + 6 <= side->payload.size; i += 6) {
		uint32_t value = get32(payload + i + 2);

		if ((payload[i] << 8 | payload[i + 1]) == SETTING_TABLE_SIZE &&
		    value > NGHTTP2_DEFAULT_HEADER_TABLE_SIZE)
			(void)nghttp2_hd_inflate_change_table_size(
				other, value < AA_HTTP2_TABLE_MAX ? value : AA_HTTP2_TABLE_MAX);
	}
}

static const char *reset_text(const struct side *side)
{
	static const char *const texts[] = {
		"reset: NO_ERROR",
		"reset: PROTOCOL_ERROR",
		"reset: INTERNAL_ERROR",
		"reset: FLOW_CONTROL_ERROR",
		"reset: SETTINGS_TIMEOUT",
		"reset: STREAM_CLOSED",
		"reset: FRAME_SIZE_ERROR",
		"reset: REFUSED_STREAM",
		"reset: CANCEL",
		"reset: COMPRESSION_ERROR",
		"reset: CONNECT_ERROR",
		"reset: ENHANCE_YOUR_CALM",
		"reset: INADEQUATE_SECURITY",
		"reset: HTTP_1_1_REQUIRED",
	};
	uint32_t code = side->payload.size >= 4 ? get32(side->payload.data) : UINT32_MAX;

	return code < sizeof(texts) / sizeof(texts[0]) ? texts[code] : "reset: unknown error";
}

/* Both directions of the stream are over. */
static int take_reset(struct aa_http2 *http2, struct side *side)
{
	const char *text = reset_text(side);
	int r = http2->sink->end(http2->sink->context, side->direction, side->stream, text);

	return r < 0 ? r : http2->sink->end(http2->sink->context, !side->direction, side->stream, text);
}

static int end_frame(struct aa_http2 *http2, struct side *side)
{
	int r = 0;

	side->in_frame = false;
	switch (side->type) {
	case DATA:
		if (side->flags & FLAG_END_STREAM)
			r = http2->sink->end(http2->sink->context, side->direction, side->stream, NULL);
		break;
	case HEADERS:
	case PUSH_PROMISE:
	case CONTINUATION:
		r = take_headers(http2, side);
		break;
	case SETTINGS:
		take_settings(http2, side);
		break;
	case RST_STREAM:
		r = take_reset(http2, side);
		break;
	case GOAWAY:
		if (side->payload.size >= 8 && get32(side->payload.data + 4) != 0)
			r = note(http2, side, 0, "GOAWAY with an error");
		break;
	default:
		break;
	}
	aa_text_clear(&side->payload);
	side->payload_cut = false;
	return r;
}

static int begin_frame(struct aa_http2 *http2, struct side *side)
{
	bool continues;

	side->header_size = 0;
	side->left = get32(side->header) >> 8;
	side->type = side->header[3];
	side->flags = side->header[4];
	side->stream = get32(side->header + 5) & 0x7fffffff;
	side->pad = 0;
	side->want_pad = side->type == DATA && side->flags & FLAG_PADDED;
	continues = side->type == CONTINUATION;
	/* Nothing stands between a block's frames (RFC 9113, 6.10). */
	if (side->in_block != continues || (side->in_block && side->stream != side->block_stream))
		return lose(http2, side, "malformed: a block of headers is broken off");
	if (side->stream == 0 && (side->type <= RST_STREAM || side->type == PUSH_PROMISE))
		return lose(http2, side, "malformed: a frame of no stream");
	if (side->want_pad && side->left == 0)
		return lose(http2, side, "malformed: padding");
	side->in_frame = true;
	aa_text_clear(&side->payload);
	side->payload_cut = false;
	return side->left == 0 ? end_frame(http2, side) : 0;
}

static int take_data(struct aa_http2 *http2, struct side *side, const uint8_t *bytes, size_t size)
{
	size_t padding = 0;
	int r = 0;

	if (side->want_pad) {
		side->want_pad = false;
		side->pad = bytes[0];
		if (side->pad >= side->left)
			return lose(http2, side, "malformed: padding");
		bytes++;
		size--;
		side->left--;
	}
	if (size > side->left - (side->left < side->pad ? side->left : side->pad))
		padding = size - (side->left - (side->left < side->pad ? side->left : side->pad));
	if (size > padding)
		r = http2->sink->data(http2->sink->context, side->direction, side->stream, bytes,
				      size - padding);
	side->left -= (uint32_t)size;
	return r;
}

static int take_payload(struct aa_http2 *http2, struct side *side, const uint8_t *bytes, size_t size)
{
	int r = 0;

	if (side->type == DATA) {
		r = take_data(http2, side, bytes, size);
	} else {
		if (side->type > CONTINUATION || side->payload.size + size > AA_HTTP2_BLOCK_MAX)
			side->payload_cut = true;
		else
			aa_text_add(&side->payload, bytes, size);
		if (side->payload.failed)
			return -ENOMEM;
		side->left -= (uint32_t)size;
	}
	return r == 0 && side->in_frame && side->left == 0 ? end_frame(http2, side) : r;
}

/* Bytes of a frame's header, or of the preface. */
static int take_header(struct aa_http2 *http2, struct side *side, const uint8_t *bytes, size_t size,
		       size_t *ret_taken)
{
	size_t wanted = side->begun ? HEADER_SIZE : PREFACE_SIZE, taken = wanted - side->header_size;
	bool preface;

	if (taken > size)
		taken = size;
	memcpy(side->header + side->header_size, bytes, taken);
	side->header_size += taken;
	*ret_taken = taken;
	if (side->begun)
		return side->header_size == HEADER_SIZE ? begin_frame(http2, side) : 0;
	preface = memcmp(side->header, AA_HTTP2_PREFACE, side->header_size) == 0;
	if (preface && side->header_size < PREFACE_SIZE)
		return 0;
	side->begun = true;
	/* What is no preface begins a frame: that of a server. */
	if (!preface && side->header_size > taken)
		return lose(http2, side, "malformed: the preface");
	side->header_size = 0;
	if (preface)
		side->unsynced = false;
	else
		*ret_taken = 0;
	return 0;
}

/* In a piece that begins with a frame, it goes on. */
static bool find_frame(struct side *side, const uint8_t *bytes, size_t size)
{
	side->header_size = 0;
	if (size >= PREFACE_SIZE && memcmp(bytes, AA_HTTP2_PREFACE, PREFACE_SIZE) == 0) {
		side->begun = false;
		return true;
	}
	side->begun = true;
	return size >= HEADER_SIZE && is_frame(bytes) && bytes[3] != CONTINUATION;
}

int aa_http2_feed(struct aa_http2 *http2, unsigned direction, const void *bytes, size_t size)
{
	struct side *side = &http2->sides[direction];
	const uint8_t *at = bytes;
	int r = 0;

	if (side->lost && size > 0) {
		side->lost = !find_frame(side, at, size);
		if (side->lost && !side->told_lost)
			r = note(http2, side, 0, "what begins in the middle of a frame is passed over");
		side->told_lost = side->lost;
	}
	while (r == 0 && size > 0 && !side->lost) {
		size_t taken = size;

		if (side->in_frame) {
			if (taken > side->left)
				taken = side->left;
			r = take_payload(http2, side, at, taken);
		} else {
			r = take_header(http2, side, at, size, &taken);
		}
		at += taken;
		size -= taken;
	}
	return r;
}

int aa_http2_skip(struct aa_http2 *http2, unsigned direction, uint64_t bytes)
{
	struct side *side = &http2->sides[direction];
	int r;

	if (bytes == 0 || side->lost)
		return 0;
	side->begun = true;
	if (!side->in_frame || side->type != DATA || side->want_pad || side->left < side->pad ||
	    bytes > side->left - side->pad)
		return lose(http2, side, "frames are missing");
	r = http2->sink->missing(http2->sink->context, direction, side->stream, bytes);
	side->left -= (uint32_t)bytes;
	return r == 0 && side->left == 0 ? end_frame(http2, side) : r;
}

int aa_http2_end(struct aa_http2 *http2, unsigned direction)
{
	struct side *side = &http2->sides[direction];

	if (side->in_frame || side->in_block || (side->begun && side->header_size > 0))
		return note(http2, side, 0, "it ends in the middle of a frame");
	return 0;
}

enum aa_http2_looks aa_http2_looks(const void *bytes, size_t size)
{
	const uint8_t *b = bytes;

	if (memcmp(b, AA_HTTP2_PREFACE, size < PREFACE_SIZE ? size : PREFACE_SIZE) == 0)
		return size < PREFACE_SIZE ? AA_HTTP2_LOOKS_MORE : AA_HTTP2_LOOKS_CLIENT;
	/* The first frame of a server: SETTINGS, of stream 0, of a few settings. */
	for (size_t i = 0; i < size && i < HEADER_SIZE; i++)
		if (i == 3 ? b[i] != SETTINGS : i == 1 ? b[i] > 1 : i != 2 && b[i] != 0)
			return AA_HTTP2_LOOKS_OTHER;
	if (size < HEADER_SIZE)
		return AA_HTTP2_LOOKS_MORE;
	return (b[1] << 8 | b[2]) % 6 == 0 ? AA_HTTP2_LOOKS_SERVER : AA_HTTP2_LOOKS_OTHER;
}
