/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_pack.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

/* Below, the header and the trailer eat what is saved; and at least an eighth is to be saved. */
#define LEAST_BYTES 256
#define SAVE_SHIFT  3
#define LEVEL	    1 /* twice as fast as 6 and more, and a few percent larger on text */

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

const void *aa_tls_pack(struct aa_tls_packer *packer, const void *bytes, size_t size, size_t *ret_size)
{
	size_t most = size - (size >> SAVE_SHIFT); /* no more room: it ends there if it does not pay */
	z_stream *stream;

	if (size < LEAST_BYTES || size > UINT_MAX || prepare(packer, most) < 0)
		return NULL;
	stream = packer->stream;
	stream->next_in = (z_const Bytef *)bytes;
	stream->avail_in = (uInt)size;
	stream->next_out = packer->out;
	stream->avail_out = (uInt)most;
	if (deflate(stream, Z_FINISH) != Z_STREAM_END)
		return NULL;
	*ret_size = most - stream->avail_out;
	return packer->out;
}
