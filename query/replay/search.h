/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for a text in a stream, piece by piece, without keeping any of it (Knuth, Morris and Pratt). Bytes, exactly. */
#ifndef AA_QUERY_SEARCH_H
#define AA_QUERY_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

struct aa_search {
	const char *text; /* borrowed */
	size_t size;	  /* more than 0 */
	size_t *back;	  /* how much of the text still fits where it stops to fit */
};

/* 0 or -ENOMEM. */
int aa_search_begin(struct aa_search *search, const char *text, size_t size);

/* *at: how much of the text the bytes so far end with; 0 at the beginning. True once the text was met. */
bool aa_search_feed(const struct aa_search *search, size_t *at, const void *bytes, size_t size);
void aa_search_release(struct aa_search *search);

#endif
