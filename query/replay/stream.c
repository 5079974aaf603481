/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

bool aa_stream_take(struct aa_stream *stream, int64_t offset, int64_t bytes,
		    struct aa_stream_place *ret_place)
{
	uint64_t begin = (uint64_t)offset, end;

	*ret_place = (struct aa_stream_place){ 0 };
	if (offset < 0 || bytes < 0 || __builtin_add_overflow(begin, (uint64_t)bytes, &end) ||
	    end > INT64_MAX)
		return false;
	if (begin > stream->position)
		ret_place->hole = begin - stream->position;
	else
		ret_place->skip = end < stream->position ? (uint64_t)bytes : stream->position - begin;
	ret_place->bytes = (uint64_t)bytes - ret_place->skip;
	if (end > stream->position)
		stream->position = end;
	return true;
}

int aa_stream_unpack(const void *data, size_t data_size, int64_t size, void **ret_bytes)
{
	uLongf unpacked = (uLongf)size;
	void *bytes;
	int result;

	*ret_bytes = NULL;
	/* Deflate makes at most 1032 bytes of one: what claims more is not given the memory. */
	if (size < 0 || (uint64_t)size > AA_STREAM_PIECE_MAX || (uint64_t)size / 1032 > data_size)
		return -EBADMSG;
	bytes = malloc(size > 0 ? (size_t)size : 1);
	if (!bytes)
		return -ENOMEM;
	result = uncompress(bytes, &unpacked, data, (uLong)data_size);
	if (result == Z_OK && unpacked == (uLongf)size) {
		*ret_bytes = bytes;
		return 0;
	}
	free(bytes);
	return result == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}
