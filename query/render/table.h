/* SPDX-License-Identifier: Apache-2.0 */
/* Cells that are text already, put into columns: widths, alignment, colour, cutting at a terminal's edge. */
#ifndef AA_QUERY_TABLE_H
#define AA_QUERY_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "render.h"

/* bytes[offset..]: lead, text, note. */
struct aa_text_cell {
	size_t offset;
	size_t lead_size;
	size_t text_size;
	size_t note_size;
	enum aa_style style;
	bool number;
	bool null;
};

struct aa_text_column {
	const char *title; /* borrowed; from an SQL result, so not to be trusted either */
	size_t width;
	bool number; /* right-aligned */
};

struct aa_text_table {
	struct aa_text_column *columns;
	size_t column_count;
	struct aa_text_cell *cells; /* of the rows that wait */
	size_t cell_count;
	size_t cell_capacity;
	struct aa_text_buffer bytes;
	unsigned indent;
	bool measured; /* the widths are fixed and the titles are written */
};

/* False when memory ran out. */
bool aa_text_table_column(struct aa_text_table *lines, const char *title);

/* The next cell, in row order; the caller appends to bytes and fills in the sizes. NULL when memory ran out. */
struct aa_text_cell *aa_text_table_add(struct aa_text_table *lines, enum aa_style style);

/* True when the waiting rows should be written: they are enough to know the widths. */
bool aa_text_table_is_full(const struct aa_text_table *lines);

/* Writes and forgets the waiting rows; with the titles the first time. */
void aa_text_table_write(struct aa_text_table *lines, const struct aa_render *render,
			 struct aa_text_buffer *out);
void aa_text_table_free(struct aa_text_table *lines); /* NULL is fine */

/* Appends safe text in its colour. */
void aa_text_table_paint(struct aa_text_buffer *out, const struct aa_render *render, enum aa_style style,
			 const char *text, size_t size);

/* Appends an integer in the way a column shows it. Returns true if it is to be right-aligned. */
bool aa_text_add_integer(struct aa_text_buffer *out, const struct aa_render *render, enum aa_show show,
			 int64_t integer);

#endif
