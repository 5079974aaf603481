/* SPDX-License-Identifier: Apache-2.0 */
/* Look-up by id; see index.h. */
#include "replay/index.h"

#include <stdlib.h>

static int compare_entries(const void *a, const void *b)
{
	const struct aa_index_entry *x = a;
	const struct aa_index_entry *y = b;
	int r = aa_index_compare(x->key, y->key);

	return r ? r : (x->place > y->place) - (x->place < y->place);
}

void aa_index_sort(struct aa_index_entry *entries, size_t count)
{
	if (count > 0)
		qsort(entries, count, sizeof(*entries), compare_entries);
}

size_t aa_index_find(const struct aa_index_entry *entries, size_t count, int64_t key)
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (entries[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && entries[low].key == key ? entries[low].place : AA_INDEX_NONE;
}
