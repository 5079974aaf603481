/* SPDX-License-Identifier: Apache-2.0 */
/* Header blocks of one direction (RFC 7541): decoded, searched, and encoded anew once one had a secret. */
#ifndef AA_REDACT_HPACK_H
#define AA_REDACT_HPACK_H

#include "search.h"
#include "text.h"

struct nghttp2_hd_inflater;
struct nghttp2_hd_deflater;

struct aa_hpack {
	struct nghttp2_hd_inflater *inflater;
	struct nghttp2_hd_deflater *deflater; /* NULL: nothing was rewritten yet */
	size_t table_size;		      /* largest that the other side has allowed */
	bool lost;			      /* the dynamic table is not known any more */
	struct aa_text_buffer text;	      /* names and values of a block */
};

int aa_hpack_init(struct aa_hpack *hpack); /* 0 or -ENOMEM */
void aa_hpack_release(struct aa_hpack *hpack);

/* SETTINGS_HEADER_TABLE_SIZE as the other direction has it. */
void aa_hpack_allow(struct aa_hpack *hpack, uint32_t table_size);

/*
 * A whole block. AA_HPACK_SAME: it can be stored as it is. AA_HPACK_NEW: ret_block is to be stored in its place.
 * AA_HPACK_WITHHELD: it cannot be searched. pass: found, context, offset and count as in a search. Or a negative errno.
 */
enum { AA_HPACK_SAME, AA_HPACK_NEW, AA_HPACK_WITHHELD };
int aa_hpack_block(struct aa_hpack *hpack, const struct aa_redactor *redactor, const uint8_t *block,
		   size_t size, struct aa_pass *pass, struct aa_text_buffer *ret_block);

#endif
