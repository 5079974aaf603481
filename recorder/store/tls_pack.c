/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_pack.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

/* Below, the header and the trailer eat what is saved; and at least an eighth is to be saved. */
#define LEAST_BYTES 256
#define SAVE_SHIFT  3
#define LEVEL	    1 /* twice as fast as 6 and more, and a few percent larger on text */
/* Tried first of what is larger: images and archives do not pack, and to find that out takes long (55 MiB/s). */
#define SAMPLE_BYTES 4096

void aa_tls_packer_release(struct aa_tls_packer *packer)
{
	if (packer->stream)
		(void)deflateEnd(packer->stream);
	free(packer->stream);
	free(packer->out);
	*packer = (struct aa_tls_packer){ 0 };
}

static int prepare(struct aa_tls_packer *packer, size_t size)
{
	if (!packer->stream) {
		packer->stream = calloc(1, sizeof(*packer->stream));
		if (!packer->stream)
			return -1;
		if (deflateInit(packer->stream, LEVEL) != Z_OK) {
			free(packer->stream);
			packer->stream = NULL;
			return -1;
		}
	}
	if (packer->capacity < size) {
		free(packer->out);
		packer->out = malloc(size);
		packer->capacity = packer->out ? size : 0;
	}
	return packer->out && deflateReset(packer->stream) == Z_OK ? 0 : -1;
}

static bool pack(struct aa_tls_packer *packer, const void *bytes, size_t size, size_t *ret_size)
{
	size_t most = size - (size >> SAVE_SHIFT); /* no more room: it ends there if it does not pay */
	z_stream *stream;

	if (prepare(packer, most) < 0)
		return false;
	stream = packer->stream;
	stream->next_in = (z_const Bytef *)bytes;
	stream->avail_in = (uInt)size;
	stream->next_out = packer->out;
	stream->avail_out = (uInt)most;
	if (deflate(stream, Z_FINISH) != Z_STREAM_END)
		return false;
	*ret_size = most - stream->avail_out;
	return true;
}

const void *aa_tls_pack(struct aa_tls_packer *packer, const void *bytes, size_t size, size_t *ret_size)
{
	if (size < LEAST_BYTES || size > UINT_MAX)
		return NULL;
	if (size > 2 * SAMPLE_BYTES && !pack(packer, bytes, SAMPLE_BYTES, ret_size))
		return NULL;
	return pack(packer, bytes, size, ret_size) ? packer->out : NULL;
}
