/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays; see array.h. */
#include "replay/array.h"

#include <stdlib.h>

void *aa_array_make(size_t count, size_t size)
{
	/* calloc of nothing may return NULL. */
	return calloc(count > 0 ? count : 1, size);
}

void *aa_array_grow(void *array, size_t count, size_t *capacity, size_t size)
{
	size_t larger = *capacity * 2 + 16;

	if (count < *capacity)
		return array;
	array = reallocarray(array, larger, size);
	if (array)
		*capacity = larger;
	return array;
}
