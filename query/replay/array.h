/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of as many elements as there are rows. */
#ifndef AA_QUERY_ARRAY_H
#define AA_QUERY_ARRAY_H

#include <stddef.h>

/* A zeroed array, to be freed; NULL only when memory ran out, also for no elements. */
void *aa_array_make(size_t count, size_t size);

/*
 * Room for one more element behind count. Returns the array, which may have moved, and raises *capacity; NULL when
 * memory ran out, the array being as it was.
 */
void *aa_array_grow(void *array, size_t count, size_t *capacity, size_t size);

#endif
