/* SPDX-License-Identifier: Apache-2.0 */
/* Where in an array a database id is: a sorted list, built once, searched by halves. */
#ifndef AA_QUERY_INDEX_H
#define AA_QUERY_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define AA_INDEX_NONE SIZE_MAX

struct aa_index_entry {
	int64_t key;
	size_t place;
};

/* Three-way comparison without overflow. */
static inline int aa_index_compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Sorts by key, equal keys by place. */
void aa_index_sort(struct aa_index_entry *entries, size_t count);

/* The first place with that key, or AA_INDEX_NONE. */
size_t aa_index_find(const struct aa_index_entry *entries, size_t count, int64_t key);

#endif
