/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of text; see table.h. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "safe.h"

#define WAITING_ROWS  1000	    /* rows that the widths are taken from */
#define WAITING_BYTES (1024 * 1024) /* or fewer, if they are large */
#define WIDEST_COLUMN 64	    /* a wider value moves only its own line */
#define NARROWEST_CUT 8		    /* so much of a value is shown even if the line gets too long */

bool aa_text_table_column(struct aa_text_table *lines, const char *title)
{
	struct aa_text_column *columns;

	columns = reallocarray(lines->columns, lines->column_count + 1, sizeof(*columns));
	if (!columns)
		return false;
	lines->columns = columns;
	columns[lines->column_count++] = (struct aa_text_column){ .title = title };
	return true;
}

struct aa_text_cell *aa_text_table_add(struct aa_text_table *lines, enum aa_style style)
{
	struct aa_text_cell *cell;

	if (lines->cell_count == lines->cell_capacity) {
		size_t capacity = lines->cell_capacity ? lines->cell_capacity * 2 : 64;
		struct aa_text_cell *cells = reallocarray(lines->cells, capacity, sizeof(*cells));

		if (!cells) {
			lines->bytes.failed = true;
			return NULL;
		}
		lines->cells = cells;
		lines->cell_capacity = capacity;
	}
	cell = &lines->cells[lines->cell_count++];
	*cell = (struct aa_text_cell){ .offset = lines->bytes.size, .style = style };
	return cell;
}

bool aa_text_table_is_full(const struct aa_text_table *lines)
{
	return lines->measured || lines->bytes.size >= WAITING_BYTES ||
	       lines->cell_count >= lines->column_count * (size_t)WAITING_ROWS;
}

void aa_text_table_free(struct aa_text_table *lines)
{
	if (!lines)
		return;
	free(lines->columns);
	free(lines->cells);
	aa_text_release(&lines->bytes);
	free(lines);
}

static const char *sgr(enum aa_style style)
{
	switch (style) {
	case AA_STYLE_PLAIN:
		return NULL;
	case AA_STYLE_DIM:
		return "\x1b[2m";
	case AA_STYLE_NAME:
		return "\x1b[1m";
	case AA_STYLE_GOOD:
		return "\x1b[32m";
	case AA_STYLE_BAD:
		return "\x1b[31m";
	case AA_STYLE_WARN:
		return "\x1b[33m";
	}
	return NULL;
}

void aa_text_table_paint(struct aa_text_buffer *out, const struct aa_render *render, enum aa_style style,
			 const char *text, size_t size)
{
	const char *start = render->color && size > 0 ? sgr(style) : NULL;

	if (start)
		aa_text_add_string(out, start);
	aa_text_add(out, text, size);
	if (start)
		aa_text_add_string(out, "\x1b[0m");
}

static void pad(struct aa_text_buffer *out, size_t count)
{
	static const char spaces[] = "                                                                ";

	while (count > 0) {
		size_t size = count < sizeof(spaces) - 1 ? count : sizeof(spaces) - 1;

		aa_text_add(out, spaces, size);
		count -= size;
	}
}

static const char *cell_bytes(const struct aa_text_table *lines, const struct aa_text_cell *cell)
{
	return lines->bytes.data ? lines->bytes.data + cell->offset : "";
}

static size_t cell_width(const struct aa_text_table *lines, const struct aa_text_cell *cell)
{
	return aa_safe_width(cell_bytes(lines, cell), cell->lead_size + cell->text_size + cell->note_size);
}

static void measure(struct aa_text_table *lines)
{
	for (size_t i = 0; i < lines->column_count; i++) {
		struct aa_text_column *column = &lines->columns[i];
		bool numbers = false;
		bool words = false;

		column->width = aa_safe_width(column->title, strlen(column->title));
		for (size_t j = i; j < lines->cell_count; j += lines->column_count) {
			const struct aa_text_cell *cell = &lines->cells[j];
			size_t width = cell_width(lines, cell);

			if (width > column->width)
				column->width = width;
			numbers |= cell->number;
			words |= !cell->number && !cell->null;
		}
		column->number = numbers && !words;
		if (column->width > WIDEST_COLUMN)
			column->width = WIDEST_COLUMN;
	}
}

/* Appends safe text, cut to limit columns (0: not cut). Returns the columns that it took. */
static size_t paint_cut(struct aa_text_buffer *out, const struct aa_render *render, enum aa_style style,
			const char *text, size_t size, size_t limit)
{
	size_t width = aa_safe_width(text, size);
	size_t fit;

	if (limit == 0 || width <= limit) {
		aa_text_table_paint(out, render, style, text, size);
		return width;
	}
	fit = aa_safe_fit(text, size, limit - 1);
	aa_text_table_paint(out, render, style, text, fit);
	aa_text_add_string(out, render->utf8 ? "\xe2\x80\xa6" : ">");
	return limit;
}

/* How many columns the value may take when the line ends at the terminal's edge; its note goes first. */
static size_t value_limit(const struct aa_render *render, size_t used, size_t lead, size_t note)
{
	size_t taken = used + lead + note;

	if (render->width == 0)
		return 0;
	return taken + NARROWEST_CUT > render->width ? NARROWEST_CUT : render->width - taken;
}

static void write_cell(const struct aa_text_table *lines, size_t index, const struct aa_render *render,
		       struct aa_text_buffer *out, size_t *used)
{
	const struct aa_text_column *column = &lines->columns[index % lines->column_count];
	const struct aa_text_cell *cell = &lines->cells[index];
	const char *lead = cell_bytes(lines, cell);
	const char *text = lead + cell->lead_size;
	const char *note = text + cell->text_size;
	bool last = index % lines->column_count == lines->column_count - 1;
	size_t lead_width = aa_safe_width(lead, cell->lead_size);
	size_t note_width = aa_safe_width(note, cell->note_size);
	size_t width = lead_width + aa_safe_width(text, cell->text_size) + note_width;
	size_t limit = 0;

	if (column->number && width < column->width) {
		pad(out, column->width - width);
		*used += column->width - width;
	}
	if (last)
		limit = value_limit(render, *used, lead_width, note_width);
	else if (render->width > 0)
		limit = WIDEST_COLUMN;
	aa_text_table_paint(out, render, AA_STYLE_DIM, lead, cell->lead_size);
	*used += lead_width;
	*used +=
		paint_cut(out, render, cell->null ? AA_STYLE_DIM : cell->style, text, cell->text_size, limit);
	aa_text_table_paint(out, render, AA_STYLE_WARN, note, cell->note_size);
	*used += note_width;
	if (!last && !column->number && width < column->width) {
		pad(out, column->width - width);
		*used += column->width - width;
	}
}

static void write_titles(const struct aa_text_table *lines, const struct aa_render *render,
			 struct aa_text_buffer *out)
{
	pad(out, lines->indent);
	for (size_t i = 0; i < lines->column_count; i++) {
		const struct aa_text_column *column = &lines->columns[i];
		struct aa_text_buffer title = { 0 };
		size_t width;

		aa_safe_text(&title, column->title, strlen(column->title), !render->utf8);
		width = title.data ? aa_safe_width(title.data, title.size) : 0;
		if (i > 0)
			pad(out, 2);
		if (column->number && width < column->width)
			pad(out, column->width - width);
		if (title.data)
			aa_text_table_paint(out, render, AA_STYLE_NAME, title.data, title.size);
		if (!column->number && i < lines->column_count - 1 && width < column->width)
			pad(out, column->width - width);
		aa_text_release(&title);
	}
	aa_text_add(out, "\n", 1);
}

void aa_text_table_write(struct aa_text_table *lines, const struct aa_render *render,
			 struct aa_text_buffer *out)
{
	size_t used = 0;

	/* A row that memory ran out in has no end: out fails with it, and the caller stops. */
	out->failed |= lines->bytes.failed;
	if (lines->cell_count == 0 || out->failed)
		return;
	if (!lines->measured) {
		measure(lines);
		lines->measured = true;
		write_titles(lines, render, out);
	}
	for (size_t i = 0; i < lines->cell_count; i++) {
		if (i % lines->column_count == 0) {
			pad(out, lines->indent);
			used = lines->indent;
		} else {
			pad(out, 2);
			used += 2;
		}
		write_cell(lines, i, render, out, &used);
		if (i % lines->column_count == lines->column_count - 1)
			aa_text_add(out, "\n", 1);
	}
	lines->cell_count = 0;
	aa_text_clear(&lines->bytes);
}
