/* SPDX-License-Identifier: Apache-2.0 */
/* See http2.h. */
#include "http2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hpack.h"

#define MAX_HELD      ((size_t)256 << 10)
#define MAX_FRAME     16384u /* SETTINGS_MAX_FRAME_SIZE, unless agreed otherwise */
#define PRIORITY_SIZE 5
#define PROMISED_SIZE 4
#define SETTING_SIZE  6

#define SETTINGS_HEADER_TABLE_SIZE 1

enum {
	TYPE_DATA,
	TYPE_HEADERS,
	TYPE_PRIORITY,
	TYPE_RST_STREAM,
	TYPE_SETTINGS,
	TYPE_PUSH_PROMISE,
	TYPE_PING,
	TYPE_GOAWAY,
	TYPE_WINDOW_UPDATE,
	TYPE_CONTINUATION,
	TYPE_COUNT,
};

enum {
	FLAG_END_STREAM = 0x1,
	FLAG_ACK = 0x1,
	FLAG_END_HEADERS = 0x4,
	FLAG_PADDED = 0x8,
	FLAG_PRIORITY = 0x20
};

struct frame {
	uint32_t length, stream;
	uint8_t type, flags;
};

struct stream {
	uint32_t id;
	uint64_t used;
	struct aa_searcher *searcher;
};

struct aa_http2 {
	const struct aa_redactor *redactor;
	struct aa_hpack hpack;
	bool lost;		 /* where frames begin */
	bool in_block, withhold; /* header blocks; the second: this one is too large */
	uint8_t header[AA_FRAME_HEADER];
	uint8_t header_size;
	struct frame frame;
	uint32_t left; /* of the frame's payload */
	uint32_t padding;
	bool padding_known;
	uint8_t setting[SETTING_SIZE];
	uint8_t setting_size;
	uint32_t allowed; /* largest table that the other direction may use */
	uint32_t block_stream;
	uint64_t block_offset;
	struct aa_text_buffer held; /* frames of a block */
	struct aa_searcher control; /* for payloads that are none of these */
	struct stream streams[AA_STREAMS];
	size_t stream_count;
	uint64_t clock;
};

struct aa_http2 *aa_http2_new(const struct aa_redactor *redactor)
{
	struct aa_http2 *http2 = calloc(1, sizeof(*http2));

	if (!http2)
		return NULL;
	http2->redactor = redactor;
	if (aa_hpack_init(&http2->hpack) < 0) {
		free(http2);
		return NULL;
	}
	return http2;
}

static void forget_held(struct aa_http2 *http2)
{
	if (http2->held.data)
		explicit_bzero(http2->held.data, http2->held.capacity);
	aa_text_release(&http2->held);
}

void aa_http2_free(struct aa_http2 *http2)
{
	if (!http2)
		return;
	aa_hpack_release(&http2->hpack);
	forget_held(http2);
	for (size_t i = 0; i < http2->stream_count; i++)
		free(http2->streams[i].searcher);
	free(http2);
}

void aa_http2_allow(struct aa_http2 *http2, const struct aa_http2 *other)
{
	aa_hpack_allow(&http2->hpack, other->allowed);
}

void aa_http2_lose(struct aa_http2 *http2)
{
	http2->lost = true;
	http2->hpack.lost = true;
	http2->header_size = 0;
	http2->left = 0;
	http2->in_block = false;
	http2->withhold = false;
	forget_held(http2);
}

static uint32_t big_endian(const uint8_t *bytes, unsigned size)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value = value << 8 | bytes[i];
	return value;
}

static struct frame parse(const uint8_t header[AA_FRAME_HEADER])
{
	return (struct frame){
		.length = big_endian(header, 3),
		.type = header[3],
		.flags = header[4],
		.stream = big_endian(header + 5, 4) & 0x7fffffff,
	};
}

/* Whether a header is one that RFC 9113 allows without any extension: chance hardly makes one. */
static bool is_valid(const uint8_t header[AA_FRAME_HEADER])
{
	static const struct {
		uint8_t flags;	/* that there are */
		uint8_t stream; /* 0: none, 1: one, 2: either */
		uint8_t size;	/* 0: any */
	} types[TYPE_COUNT] = {
		[TYPE_DATA] = { FLAG_END_STREAM | FLAG_PADDED, 1, 0 },
		[TYPE_HEADERS] = { FLAG_END_STREAM | FLAG_END_HEADERS | FLAG_PADDED | FLAG_PRIORITY, 1, 0 },
		[TYPE_PRIORITY] = { 0, 1, 5 },
		[TYPE_RST_STREAM] = { 0, 1, 4 },
		[TYPE_SETTINGS] = { FLAG_ACK, 0, 0 },
		[TYPE_PUSH_PROMISE] = { FLAG_END_HEADERS | FLAG_PADDED, 1, 0 },
		[TYPE_PING] = { FLAG_ACK, 0, 8 },
		[TYPE_GOAWAY] = { 0, 0, 0 },
		[TYPE_WINDOW_UPDATE] = { 0, 2, 4 },
		[TYPE_CONTINUATION] = { FLAG_END_HEADERS, 1, 0 },
	};
	struct frame frame = parse(header);

	if (frame.type >= TYPE_COUNT || frame.length > MAX_FRAME || header[5] & 0x80)
		return false;
	if (frame.flags & ~types[frame.type].flags)
		return false;
	if (types[frame.type].size && frame.length != types[frame.type].size)
		return false;
	if (frame.type == TYPE_SETTINGS && frame.length % SETTING_SIZE)
		return false;
	return types[frame.type].stream == 2 || types[frame.type].stream == (frame.stream != 0);
}

bool aa_http2_is_frames(const uint8_t *bytes, size_t size)
{
	size_t at = 0;

	while (size - at >= AA_FRAME_HEADER && is_valid(bytes + at)) {
		at += AA_FRAME_HEADER + parse(bytes + at).length;
		if (at >= size)
			return at == size;
	}
	return false;
}

/* Bytes of the stream up to there are in out. */
static int emit(struct aa_http2_piece *piece, const void *bytes, size_t size, uint64_t upto)
{
	aa_text_add(piece->out, bytes, size);
	*piece->emitted = upto;
	return piece->out->failed ? -ENOMEM : 0;
}

static void withhold(struct aa_http2_piece *piece, uint64_t upto)
{
	piece->withheld += upto - *piece->emitted;
	*piece->emitted = upto;
}

static struct aa_pass new_pass(const struct aa_http2_piece *piece, uint64_t offset)
{
	return (struct aa_pass){ .offset = offset, .found = piece->found, .context = piece->context };
}

/* A stream ends, or its state is needed for another. */
static int end_stream(struct aa_http2 *http2, struct aa_http2_piece *piece, size_t index, uint64_t offset)
{
	struct aa_pass pass = new_pass(piece, offset);
	uint8_t none = 0;
	int r;

	pass.bytes = &none;
	pass.last = true;
	r = aa_search(http2->streams[index].searcher, &pass);
	piece->count += pass.count;
	explicit_bzero(http2->streams[index].searcher, sizeof(struct aa_searcher));
	free(http2->streams[index].searcher);
	http2->streams[index] = http2->streams[--http2->stream_count];
	return r;
}

static size_t find_stream(const struct aa_http2 *http2, uint32_t id)
{
	size_t i = 0;

	while (i < http2->stream_count && http2->streams[i].id != id)
		i++;
	return i;
}

static int end_stream_of(struct aa_http2 *http2, struct aa_http2_piece *piece, uint32_t id, uint64_t offset)
{
	size_t i = find_stream(http2, id);

	return i < http2->stream_count ? end_stream(http2, piece, i, offset) : 0;
}

static int open_stream(struct aa_http2 *http2, struct aa_http2_piece *piece, uint32_t id, uint64_t offset,
		       struct aa_searcher **ret_searcher)
{
	size_t i = find_stream(http2, id), oldest = 0;
	int r;

	if (i == AA_STREAMS) {
		for (size_t j = 1; j < AA_STREAMS; j++)
			if (http2->streams[j].used < http2->streams[oldest].used)
				oldest = j;
		r = end_stream(http2, piece, oldest, offset);
		if (r < 0)
			return r;
		i = http2->stream_count;
	}
	if (i == http2->stream_count) {
		http2->streams[i] =
			(struct stream){ .id = id, .searcher = malloc(sizeof(struct aa_searcher)) };
		if (!http2->streams[i].searcher)
			return -ENOMEM;
		aa_searcher_init(http2->streams[i].searcher, http2->redactor);
		http2->stream_count++;
	}
	http2->streams[i].used = ++http2->clock;
	*ret_searcher = http2->streams[i].searcher;
	return 0;
}

static int emit_searched(struct aa_http2_piece *piece, struct aa_searcher *searcher, const uint8_t *bytes,
			 size_t size, uint64_t offset)
{
	struct aa_pass pass = new_pass(piece, offset);
	size_t before = piece->out->size;
	int r = emit(piece, bytes, size, offset + size);

	if (r < 0 || !size)
		return r;
	pass.bytes = (uint8_t *)piece->out->data + before;
	pass.size = size;
	r = aa_search(searcher, &pass);
	piece->count += pass.count;
	return r;
}

static int take_data(struct aa_http2 *http2, struct aa_http2_piece *piece, const uint8_t *bytes, size_t size,
		     uint64_t offset)
{
	struct aa_searcher *searcher;
	size_t before, data;
	int r;

	if (!http2->padding_known && size) {
		http2->padding_known = true;
		http2->padding = bytes[0];
		r = emit(piece, bytes, 1, offset + 1);
		if (r < 0)
			return r;
		bytes++, size--, offset++;
		http2->left--;
	}
	before = http2->left;
	data = before > http2->padding ? before - http2->padding : 0;
	if (data > size)
		data = size;
	if (data) {
		r = open_stream(http2, piece, http2->frame.stream, offset, &searcher);
		if (r == 0)
			r = emit_searched(piece, searcher, bytes, data, offset);
		if (r < 0)
			return r;
	}
	http2->left -= (uint32_t)size;
	/* Padding is zeros, or what nobody may read: it is not kept. */
	for (size_t i = data; i < size; i++) {
		r = emit(piece, "", 1, offset + i + 1);
		if (r < 0)
			return r;
	}
	if (http2->left == 0 && http2->frame.flags & FLAG_END_STREAM)
		return end_stream_of(http2, piece, http2->frame.stream, offset + size);
	return 0;
}

static int take_settings(struct aa_http2 *http2, struct aa_http2_piece *piece, const uint8_t *bytes,
			 size_t size, uint64_t offset)
{
	for (size_t i = 0; i < size && !(http2->frame.flags & FLAG_ACK); i++) {
		http2->setting[http2->setting_size++] = bytes[i];
		if (http2->setting_size < SETTING_SIZE)
			continue;
		http2->setting_size = 0;
		if (big_endian(http2->setting, 2) != SETTINGS_HEADER_TABLE_SIZE)
			continue;
		if (big_endian(http2->setting + 2, 4) > http2->allowed)
			http2->allowed = big_endian(http2->setting + 2, 4);
		if (piece->other)
			aa_http2_allow(piece->other, http2);
	}
	http2->left -= (uint32_t)size;
	return emit(piece, bytes, size, offset + size);
}

/* The part of a frame of a block that is the block's: without padding, priority, and the promised stream. */
static bool strip(const uint8_t *bytes, struct frame frame, const uint8_t **ret_block, size_t *ret_size,
		  const uint8_t **ret_extra, size_t *ret_extra_size)
{
	size_t begin = 0, end = frame.length, extra = 0;

	if (frame.type != TYPE_CONTINUATION && frame.flags & FLAG_PADDED) {
		if (end < 1 || bytes[0] > end - 1)
			return false;
		end -= bytes[0];
		begin = 1;
	}
	if (frame.type == TYPE_PUSH_PROMISE)
		extra = PROMISED_SIZE;
	else if (frame.type == TYPE_HEADERS && frame.flags & FLAG_PRIORITY)
		extra = PRIORITY_SIZE;
	if (end - begin < extra)
		return false;
	*ret_extra = bytes + begin;
	*ret_extra_size = extra;
	*ret_block = bytes + begin + extra;
	*ret_size = end - begin - extra;
	return true;
}

static void add_frame(struct aa_text_buffer *out, size_t length, uint8_t type, uint8_t flags, uint32_t stream)
{
	const uint8_t header[AA_FRAME_HEADER] = {
		(uint8_t)(length >> 16),
		(uint8_t)(length >> 8),
		(uint8_t)length,
		type,
		flags,
		(uint8_t)(stream >> 24),
		(uint8_t)(stream >> 16),
		(uint8_t)(stream >> 8),
		(uint8_t)stream,
	};

	aa_text_add(out, header, sizeof(header));
}

/* The block as frames of the largest size that everybody has to take. */
static int emit_block(struct aa_http2_piece *piece, struct frame first, const uint8_t *extra,
		      size_t extra_size, const struct aa_text_buffer *block, uint64_t upto)
{
	size_t part = block->size < MAX_FRAME - extra_size ? block->size : MAX_FRAME - extra_size;
	uint8_t flags = first.flags & (uint8_t) ~(FLAG_PADDED | FLAG_END_HEADERS);

	add_frame(piece->out, extra_size + part, first.type,
		  flags | (part == block->size ? FLAG_END_HEADERS : 0), first.stream);
	aa_text_add(piece->out, extra, extra_size);
	aa_text_add(piece->out, block->data ? block->data : "", part);
	for (size_t at = part; at < block->size; at += part) {
		part = block->size - at < MAX_FRAME ? block->size - at : MAX_FRAME;
		add_frame(piece->out, part, TYPE_CONTINUATION,
			  at + part == block->size ? FLAG_END_HEADERS : 0, first.stream);
		aa_text_add(piece->out, block->data + at, part);
	}
	piece->rewritten = true;
	*piece->emitted = upto;
	return piece->out->failed ? -ENOMEM : 0;
}

/* Joins the frames that are held. False: they are malformed. */
static bool join(const struct aa_http2 *http2, struct aa_text_buffer *ret_block, const uint8_t **ret_extra,
		 size_t *ret_extra_size)
{
	const uint8_t *held = (const uint8_t *)http2->held.data;

	for (size_t at = 0; at < http2->held.size;) {
		struct frame frame = parse(held + at);
		const uint8_t *block, *extra;
		size_t size, extra_size;

		if (!strip(held + at + AA_FRAME_HEADER, frame, &block, &size, &extra, &extra_size))
			return false;
		if (at == 0) {
			*ret_extra = extra;
			*ret_extra_size = extra_size;
		}
		aa_text_add(ret_block, block, size);
		at += AA_FRAME_HEADER + frame.length;
	}
	return true;
}

static void wipe(struct aa_text_buffer *buffer)
{
	if (buffer->data)
		explicit_bzero(buffer->data, buffer->capacity);
	aa_text_release(buffer);
}

static int judge_block(struct aa_http2 *http2, struct aa_http2_piece *piece, uint64_t upto)
{
	struct frame first = parse((const uint8_t *)http2->held.data);
	struct aa_text_buffer block = { 0 }, renewed = { 0 };
	struct aa_pass pass = new_pass(piece, http2->block_offset);
	const uint8_t *extra = NULL;
	size_t extra_size = 0;
	int r = AA_HPACK_WITHHELD;

	pass.fixed = true;
	if (join(http2, &block, &extra, &extra_size))
		r = block.failed ? -ENOMEM
				 : aa_hpack_block(&http2->hpack, http2->redactor,
						  (const uint8_t *)(block.data ? block.data : ""), block.size,
						  &pass, &renewed);
	else
		http2->hpack.lost = true;
	piece->count += pass.count;
	if (r == AA_HPACK_SAME)
		r = emit(piece, http2->held.data, http2->held.size, upto);
	else if (r == AA_HPACK_NEW)
		r = emit_block(piece, first, extra, extra_size, &renewed, upto);
	else if (r == AA_HPACK_WITHHELD)
		withhold(piece, upto);
	wipe(&block);
	aa_text_release(&renewed);
	return r < 0 ? r : 0;
}

/* Bytes of the payload of a frame with headers; the frame's own header is held. */
static int take_block(struct aa_http2 *http2, struct aa_http2_piece *piece, const uint8_t *bytes, size_t size,
		      uint64_t offset)
{
	bool ends = http2->frame.flags & FLAG_END_HEADERS;
	int r = 0;

	http2->left -= (uint32_t)size;
	if (!http2->withhold && http2->held.size + size > MAX_HELD) {
		http2->withhold = true;
		http2->hpack.lost = true;
	}
	if (http2->withhold || http2->hpack.lost) {
		forget_held(http2);
		withhold(piece, offset + size);
	} else {
		aa_text_add(&http2->held, bytes, size);
		if (http2->held.failed)
			return -ENOMEM;
	}
	if (http2->left || !ends)
		return 0;
	if (http2->held.size)
		r = judge_block(http2, piece, offset + size);
	forget_held(http2);
	http2->in_block = false;
	http2->withhold = false;
	return r;
}

static bool has_headers(uint8_t type)
{
	return type == TYPE_HEADERS || type == TYPE_PUSH_PROMISE || type == TYPE_CONTINUATION;
}

void aa_http2_begin(struct aa_http2 *http2, const uint8_t header[AA_FRAME_HEADER])
{
	memcpy(http2->header, header, AA_FRAME_HEADER);
	http2->header_size = AA_FRAME_HEADER;
	http2->frame = parse(header);
	http2->left = http2->frame.length;
	http2->padding = 0;
	http2->padding_known = !(http2->frame.flags & FLAG_PADDED);
	http2->setting_size = 0;
	aa_searcher_init(&http2->control, http2->redactor);
}

/* The next byte belongs to a block that is withheld. */
static bool withholds(const struct aa_http2 *http2)
{
	return http2->in_block && (http2->withhold || http2->hpack.lost);
}

/* The header of a frame is there. offset: behind it. */
static int begin_frame(struct aa_http2 *http2, struct aa_http2_piece *piece, uint64_t offset)
{
	struct frame frame;

	aa_http2_begin(http2, http2->header);
	frame = http2->frame;
	if (http2->in_block ? frame.type != TYPE_CONTINUATION || frame.stream != http2->block_stream
			    : frame.type == TYPE_CONTINUATION) {
		aa_http2_lose(http2); /* RFC 9113, 6.10: an error of the connection */
		withhold(piece, offset);
		return 0;
	}
	if (!has_headers(frame.type)) {
		int r = emit(piece, http2->header, AA_FRAME_HEADER, offset);

		if (r == 0 && frame.type == TYPE_RST_STREAM)
			r = end_stream_of(http2, piece, frame.stream, offset);
		return r;
	}
	if (frame.type != TYPE_CONTINUATION) {
		http2->in_block = true;
		http2->block_stream = frame.stream;
		http2->block_offset = offset - AA_FRAME_HEADER;
	}
	if (withholds(http2)) {
		withhold(piece, offset);
		return 0;
	}
	aa_text_add(&http2->held, http2->header, AA_FRAME_HEADER);
	return http2->held.failed ? -ENOMEM : 0;
}

static int take_payload(struct aa_http2 *http2, struct aa_http2_piece *piece, const uint8_t *bytes,
			size_t size, uint64_t offset)
{
	if (has_headers(http2->frame.type))
		return take_block(http2, piece, bytes, size, offset);
	if (http2->frame.type == TYPE_DATA)
		return take_data(http2, piece, bytes, size, offset);
	if (http2->frame.type == TYPE_SETTINGS)
		return take_settings(http2, piece, bytes, size, offset);
	http2->left -= (uint32_t)size;
	return emit_searched(piece, &http2->control, bytes, size, offset);
}

static int take(struct aa_http2 *http2, struct aa_http2_piece *piece, size_t *at)
{
	size_t n = piece->size - *at;

	if (http2->header_size < AA_FRAME_HEADER) {
		http2->header[http2->header_size++] = piece->bytes[(*at)++];
		if (http2->header_size < AA_FRAME_HEADER)
			return 0;
		n = 0;
		if (begin_frame(http2, piece, piece->offset + *at) < 0)
			return -ENOMEM;
		if (http2->lost || http2->left)
			return 0;
	}
	if (n > http2->left)
		n = http2->left;
	*at += n;
	return take_payload(http2, piece, piece->bytes + *at - n, n, piece->offset + *at - n);
}

ssize_t aa_http2_feed(struct aa_http2 *http2, struct aa_http2_piece *piece)
{
	size_t at = 0;
	int r;

	if (http2->lost && aa_http2_is_frames(piece->bytes, piece->size))
		http2->lost = false;
	while (at < piece->size && !piece->rewritten && (!piece->withheld || withholds(http2))) {
		if (http2->lost) {
			at = piece->size;
			withhold(piece, piece->offset + at);
			break;
		}
		r = take(http2, piece, &at);
		if (r < 0)
			return r;
		if (http2->header_size == AA_FRAME_HEADER && !http2->left)
			http2->header_size = 0;
	}
	return (ssize_t)at;
}

int aa_http2_end(struct aa_http2 *http2, struct aa_http2_piece *piece, bool hole)
{
	int r = 0;

	withhold(piece, piece->offset);
	if (hole) {
		for (size_t i = 0; i < http2->stream_count; i++)
			aa_search_skip(http2->streams[i].searcher);
		aa_http2_lose(http2);
		return 0;
	}
	while (http2->stream_count && r == 0)
		r = end_stream(http2, piece, http2->stream_count - 1, piece->offset);
	forget_held(http2);
	return r;
}
