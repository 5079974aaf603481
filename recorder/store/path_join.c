/* SPDX-License-Identifier: Apache-2.0 */
#include "path_join.h"

#include <stdbool.h>
#include <string.h>

/* Takes away the last component, but nothing of the first floor bytes. */
static void pop(struct aa_text_buffer *out, size_t floor)
{
	while (out->size > floor && out->data[out->size - 1] != '/')
		out->size--;
	if (out->size > floor)
		out->size--;
}

static void add_components(struct aa_text_buffer *out, const char *name, size_t size, size_t floor)
{
	const char *end = name + size;

	for (const char *at = name; at < end;) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		size_t length = (size_t)((slash ? slash : end) - at);

		if (length == 2 && at[0] == '.' && at[1] == '.') {
			pop(out, floor);
		} else if (length > 0 && !(length == 1 && at[0] == '.')) {
			aa_text_add(out, "/", 1);
			aa_text_add(out, at, length);
		}
		at += length + 1;
	}
}

void aa_path_join(struct aa_text_buffer *out, const char *dir, size_t dir_size, const char *name,
		  size_t name_size)
{
	bool absolute = name_size > 0 && name[0] == '/';

	if (dir_size == 0 && !absolute) {
		aa_text_add(out, name, name_size);
		return;
	}
	while (dir_size > 0 && dir[dir_size - 1] == '/')
		dir_size--;
	aa_text_add(out, dir, dir_size);
	add_components(out, name, name_size, absolute ? dir_size : 0);
	if (out->size == 0)
		aa_text_add(out, "/", 1);
	else if (out->data) /* popping leaves what was there behind the end */
		out->data[out->size] = '\0';
}
