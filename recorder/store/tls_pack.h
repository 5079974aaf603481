/* SPDX-License-Identifier: Apache-2.0 */
/* Payload is packed where that pays. */
#ifndef AA_STORE_TLS_PACK_H
#define AA_STORE_TLS_PACK_H

#include <stddef.h>

/* Memory that is used again for each piece. Zero-initialise. */
struct aa_tls_packer {
	struct z_stream_s *stream;
	unsigned char *out;
	size_t capacity;
};

void aa_tls_packer_release(struct aa_tls_packer *packer);

/* The bytes as zlib packs them, valid until the next call; NULL if that saves little, or memory ran out. */
const void *aa_tls_pack(struct aa_tls_packer *packer, const void *bytes, size_t size, size_t *ret_size);

#endif
