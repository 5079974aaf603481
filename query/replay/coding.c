/* SPDX-License-Identifier: Apache-2.0 */
/* Content codings; see coding.h. */
#include "replay/coding.h"

#include <brotli/decode.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define STEP_BYTES 16384

enum kind {
	GZIP,
	DEFLATE,
	BROTLI,
};

struct aa_coding {
	enum kind kind;
	z_stream zlib;
	BrotliDecoderState *brotli;
	uint8_t begin[2]; /* of deflate, to tell its two forms apart */
	unsigned begin_size;
	bool ready; /* zlib is set up */
	bool ended;
	int failed;
	uint64_t in_bytes;
	uint64_t out_bytes;
};

static const struct {
	const char *name;
	enum kind kind;
} kinds[] = {
	{ "gzip", GZIP },
	{ "x-gzip", GZIP },
	{ "deflate", DEFLATE },
	{ "br", BROTLI },
};

static bool set_up(struct aa_coding *coding)
{
	/* 16: a gzip header; 15: the largest window; negative: no header. */
	int bits = coding->kind == GZIP ? 15 + 16 : 15;

	if (coding->kind == DEFLATE &&
	    ((coding->begin[0] & 15) != 8 || (coding->begin[0] << 8 | coding->begin[1]) % 31 != 0))
		bits = -15;
	coding->ready = inflateInit2(&coding->zlib, bits) == Z_OK;
	return coding->ready;
}

struct aa_coding *aa_coding_new(const char *name, size_t size, bool *ret_known)
{
	struct aa_coding *coding;
	size_t i = 0;

	while (i < sizeof(kinds) / sizeof(kinds[0]) &&
	       (strlen(kinds[i].name) != size || strncasecmp(kinds[i].name, name, size) != 0))
		i++;
	*ret_known = i < sizeof(kinds) / sizeof(kinds[0]);
	if (!*ret_known)
		return NULL;
	coding = calloc(1, sizeof(*coding));
	if (!coding)
		return NULL;
	coding->kind = kinds[i].kind;
	if (coding->kind == BROTLI)
		coding->brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	if (coding->kind == BROTLI ? !coding->brotli : coding->kind == GZIP && !set_up(coding)) {
		aa_coding_free(coding);
		return NULL;
	}
	return coding;
}

void aa_coding_free(struct aa_coding *coding)
{
	if (!coding)
		return;
	if (coding->ready)
		(void)inflateEnd(&coding->zlib);
	BrotliDecoderDestroyInstance(coding->brotli);
	free(coding);
}

static int put(struct aa_coding *coding, const uint8_t *bytes, size_t size, aa_coding_fn *out, void *context)
{
	coding->out_bytes += size;
	if (coding->out_bytes > AA_CODING_OUTPUT_MAX ||
	    (coding->out_bytes > AA_CODING_RATIO_FROM &&
	     coding->out_bytes / AA_CODING_RATIO_MAX > coding->in_bytes))
		return AA_CODING_BOMB;
	return size > 0 ? out(context, bytes, size) : 0;
}

static int feed_brotli(struct aa_coding *coding, const uint8_t *bytes, size_t size, aa_coding_fn *out,
		       void *context)
{
	uint8_t step[STEP_BYTES];
	BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;

	while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && !coding->ended) {
		uint8_t *next = step;
		size_t room = sizeof(step);
		int r;

		result = BrotliDecoderDecompressStream(coding->brotli, &size, &bytes, &room, &next, NULL);
		r = put(coding, step, sizeof(step) - room, out, context);
		if (r != 0)
			return r;
		if (result == BROTLI_DECODER_RESULT_ERROR)
			return AA_CODING_DAMAGED;
		coding->ended = result == BROTLI_DECODER_RESULT_SUCCESS;
	}
	return 0;
}

/* One gzip member may follow the other (RFC 1952, 2.2); what follows otherwise is of no use. */
static bool begins_again(struct aa_coding *coding)
{
	return coding->kind == GZIP && coding->zlib.avail_in > 0 && coding->zlib.next_in[0] == 0x1f &&
	       inflateReset(&coding->zlib) == Z_OK;
}

static int feed_zlib(struct aa_coding *coding, const uint8_t *bytes, size_t size, aa_coding_fn *out,
		     void *context)
{
	uint8_t step[STEP_BYTES];
	int result = Z_OK;

	if (coding->ended && size > 0 && coding->kind == GZIP && *bytes == 0x1f) {
		coding->ended = false;
		(void)inflateReset(&coding->zlib);
	}
	coding->zlib.next_in = (Bytef *)(uintptr_t)bytes;
	coding->zlib.avail_in = (uInt)size;
	coding->zlib.avail_out = 0;
	while (!coding->ended && (coding->zlib.avail_in > 0 || coding->zlib.avail_out == 0)) {
		int r;

		coding->zlib.next_out = step;
		coding->zlib.avail_out = sizeof(step);
		result = inflate(&coding->zlib, Z_NO_FLUSH);
		r = put(coding, step, sizeof(step) - coding->zlib.avail_out, out, context);
		if (r != 0)
			return r;
		if (result == Z_MEM_ERROR)
			return -ENOMEM;
		if (result == Z_BUF_ERROR)
			break;
		if (result != Z_OK && result != Z_STREAM_END)
			return AA_CODING_DAMAGED;
		coding->ended = result == Z_STREAM_END && !begins_again(coding);
	}
	return 0;
}

static int feed(struct aa_coding *coding, const uint8_t *bytes, size_t size, aa_coding_fn *out, void *context)
{
	int r = 0;

	if (coding->kind == BROTLI)
		return feed_brotli(coding, bytes, size, out, context);
	while (!coding->ready && size > 0) {
		coding->begin[coding->begin_size++] = *bytes++;
		size--;
		if (coding->begin_size < sizeof(coding->begin))
			continue;
		if (!set_up(coding))
			return -ENOMEM;
		r = feed_zlib(coding, coding->begin, sizeof(coding->begin), out, context);
	}
	return r == 0 && size > 0 ? feed_zlib(coding, bytes, size, out, context) : r;
}

int aa_coding_feed(struct aa_coding *coding, const void *bytes, size_t size, aa_coding_fn *out, void *context)
{
	const uint8_t *at = bytes;

	while (coding->failed == 0 && size > 0) {
		size_t part = size < (1u << 20) ? size : 1u << 20;

		coding->in_bytes += part;
		coding->failed = feed(coding, at, part, out, context);
		at += part;
		size -= part;
	}
	return coding->failed;
}

bool aa_coding_is_whole(const struct aa_coding *coding)
{
	return coding->failed == 0 && (coding->ended || coding->in_bytes == 0);
}
