/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/search.h"

#include <errno.h>
#include <stdlib.h>

#include "replay/array.h"

int aa_search_begin(struct aa_search *search, const char *text, size_t size)
{
	*search =
		(struct aa_search){ .text = text, .size = size, .back = aa_array_make(size, sizeof(size_t)) };
	if (!search->back)
		return -ENOMEM;
	for (size_t i = 1, at = 0; i < size; i++) {
		while (at > 0 && text[i] != text[at])
			at = search->back[at - 1];
		at += text[i] == text[at];
		search->back[i] = at;
	}
	return 0;
}

bool aa_search_feed(const struct aa_search *search, size_t *at, const void *bytes, size_t size)
{
	const char *b = bytes;
	size_t matched = *at;

	for (size_t i = 0; i < size; i++) {
		while (matched > 0 && b[i] != search->text[matched])
			matched = search->back[matched - 1];
		matched += b[i] == search->text[matched];
		if (matched == search->size) {
			*at = search->back[matched - 1];
			return true;
		}
	}
	*at = matched;
	return false;
}

void aa_search_release(struct aa_search *search)
{
	free(search->back);
	*search = (struct aa_search){ 0 };
}
