/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that join a process to its parent. */
#include <errno.h>
#include <stdlib.h>

#include "replay/tree.h"

/* Levels that are drawn. A chain of 10,000 would otherwise print 300 MB of lines. */
#define DRAWN_LEVELS 40

int aa_tree_lines_add(struct aa_tree_lines *lines, const struct aa_tree_node *node, bool utf8,
		      struct aa_text_buffer *out)
{
	size_t level = 1;

	if (node->depth >= lines->capacity) {
		size_t capacity = node->depth * 2 + 16;
		bool *last = reallocarray(lines->last, capacity, sizeof(*last));

		if (!last)
			return -ENOMEM;
		for (size_t i = lines->capacity; i < capacity; i++)
			last[i] = true;
		lines->last = last;
		lines->capacity = capacity;
	}
	lines->last[node->depth] = node->last;
	if (node->depth > DRAWN_LEVELS) {
		level = node->depth - DRAWN_LEVELS + 1;
		aa_text_printf(out, "[+%zu] ", level - 1);
	}
	for (; level < node->depth; level++) {
		if (lines->last[level])
			aa_text_add_string(out, "   ");
		else
			aa_text_add_string(out, utf8 ? "\xe2\x94\x82  " : "|  ");
	}
	if (node->depth > 0 && node->last)
		aa_text_add_string(out, utf8 ? "\xe2\x94\x94\xe2\x94\x80 " : "`- ");
	else if (node->depth > 0)
		aa_text_add_string(out, utf8 ? "\xe2\x94\x9c\xe2\x94\x80 " : "|- ");
	return 0;
}

void aa_tree_lines_release(struct aa_tree_lines *lines)
{
	free(lines->last);
	*lines = (struct aa_tree_lines){ 0 };
}
