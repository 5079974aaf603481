/* SPDX-License-Identifier: Apache-2.0 */
/* Content codings undone as a stream: gzip, deflate (with and without zlib's header), br. What comes out is bounded. */
#ifndef AA_QUERY_CODING_H
#define AA_QUERY_CODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one body may become: beyond that it is taken for a bomb. */
#define AA_CODING_OUTPUT_MAX ((uint64_t)256 * 1024 * 1024)

/* A small input that becomes so much larger is one, too; deflate reaches 1032, brotli far more on blanks. */
#define AA_CODING_RATIO_MAX  2000
#define AA_CODING_RATIO_FROM ((uint64_t)16 * 1024 * 1024)

struct aa_coding;

/* Its name as in Content-Encoding. NULL with *ret_known false: not a coding that can be undone; true: out of memory. */
struct aa_coding *aa_coding_new(const char *name, size_t size, bool *ret_known);
void aa_coding_free(struct aa_coding *coding); /* NULL is fine */

/* Called with what comes out. 0 or a negative errno. */
typedef int aa_coding_fn(void *context, const void *bytes, size_t size);

/*
 * Returns 0, a negative errno, or, once it cannot go on: AA_CODING_DAMAGED, AA_CODING_BOMB; from then on always.
 */
enum {
	AA_CODING_DAMAGED = 1,
	AA_CODING_BOMB = 2,
};
int aa_coding_feed(struct aa_coding *coding, const void *bytes, size_t size, aa_coding_fn *out,
		   void *context);

/* True if it stands at an end that the coding knows. */
bool aa_coding_is_whole(const struct aa_coding *coding);

#endif
