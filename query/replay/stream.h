/* SPDX-License-Identifier: Apache-2.0 */
/* Where stored pieces stand in a direction's stream; a forged database may say anything of them. */
#ifndef AA_QUERY_STREAM_H
#define AA_QUERY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stored piece is a call's, or a block of headers that was held: more than that is not believed. */
#define AA_STREAM_PIECE_MAX ((size_t)64 * 1024 * 1024)

/* Zero-initialise. */
struct aa_stream {
	uint64_t position; /* bytes that came before */
};

/* What a piece, told to stand for bytes at offset, means. */
struct aa_stream_place {
	uint64_t hole;	/* bytes before it that nothing is known of */
	uint64_t skip;	/* bytes at its beginning that are known already */
	uint64_t bytes; /* of it that are new */
};

/* Advances the stream over a piece. False: its numbers make no sense, and nothing is done. */
bool aa_stream_take(struct aa_stream *stream, int64_t offset, int64_t bytes,
		    struct aa_stream_place *ret_place);

/*
 * Unpacks zlib data of so many bytes, by what the row says (size). Returns 0 with memory to be freed, -EBADMSG if it is not so,
 * or -ENOMEM.
 */
int aa_stream_unpack(const void *data, size_t data_size, int64_t size, void **ret_bytes);

#endif
