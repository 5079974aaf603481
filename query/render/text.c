/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for people: aligned columns (LIST) or one value a line (RECORD), colours if wanted. The first rows wait
 * until the widths are known; later ones are written as they come, in the same widths. Where the reader has a
 * terminal, the last column is cut at its edge; anywhere else nothing is ever cut.
 */
#include "render.h"

#include <stdlib.h>
#include <string.h>

#include "safe.h"
#include "show.h"
#include "table.h"

/* One cell's value as text. Returns true if it is a number, to be right-aligned. */
static bool add_value(struct aa_text_buffer *out, const struct aa_render *render,
		      const struct aa_column *column, const struct aa_cell *cell)
{
	bool ascii = !render->utf8;
	struct aa_text_buffer line = { 0 };

	switch (cell->type) {
	case AA_CELL_NULL:
		aa_text_add_string(out, render->table && render->table->null_text ? render->table->null_text
										  : "-");
		break;
	case AA_CELL_INTEGER:
		return aa_text_add_integer(out, render, column->show, cell->integer);
	case AA_CELL_REAL:
		aa_show_real(out, cell->real);
		return true;
	case AA_CELL_TEXT:
		aa_safe_text(out, cell->bytes, cell->size, ascii);
		break;
	case AA_CELL_BYTES:
		aa_text_add_string(out, "X'");
		aa_safe_hex(out, cell->bytes, cell->size);
		aa_text_add_string(out, "'");
		break;
	case AA_CELL_ARGS:
		(void)aa_text_quote_args(&line, cell->bytes, cell->size);
		aa_safe_text(out, line.data ? line.data : "", line.size, ascii);
		out->failed |= line.failed;
		aa_text_release(&line);
		break;
	case AA_CELL_TABLE:
		aa_text_printf(out, "%u", cell->rows->count);
		return true;
	}
	return false;
}

bool aa_text_add_integer(struct aa_text_buffer *out, const struct aa_render *render, enum aa_show show,
			 int64_t integer)
{
	switch (show) {
	case AA_SHOW_NUMBER:
		aa_text_printf(out, "%lld", (long long)integer);
		break;
	case AA_SHOW_TIME:
		aa_show_time(out, integer, render->utc);
		return false;
	case AA_SHOW_ISO:
		aa_show_iso(out, integer);
		return false;
	case AA_SHOW_ELAPSED:
		aa_show_elapsed(out, integer, render->origin_ns);
		break;
	case AA_SHOW_DURATION:
		aa_show_duration(out, integer);
		break;
	case AA_SHOW_SIZE:
		aa_show_size(out, integer);
		break;
	case AA_SHOW_MASK:
		aa_text_printf(out, "0x%llx", (unsigned long long)integer);
		return false;
	case AA_SHOW_FLAG:
		aa_text_add_string(out, integer ? "yes" : "no");
		return false;
	}
	return true;
}

static void add_row(struct aa_text_table *lines, const struct aa_render *render,
		    const struct aa_listing *table, const struct aa_cell *cells)
{
	for (unsigned i = 0; i < table->count; i++) {
		const struct aa_cell *cell = &cells[i];
		struct aa_text_cell *text;

		if (!table->columns[i].title)
			continue;
		text = aa_text_table_add(lines, cell->style);
		if (!text)
			return;
		if (cell->lead)
			aa_text_add_string(&lines->bytes, cell->lead);
		text->lead_size = lines->bytes.size - text->offset;
		text->number = add_value(&lines->bytes, render, &table->columns[i], cell);
		text->null = cell->type == AA_CELL_NULL;
		text->text_size = lines->bytes.size - text->offset - text->lead_size;
		if (cell->note)
			aa_safe_text(&lines->bytes, cell->note, strlen(cell->note), !render->utf8);
		text->note_size = lines->bytes.size - text->offset - text->lead_size - text->text_size;
	}
}

static struct aa_text_table *new_lines(const struct aa_listing *table)
{
	struct aa_text_table *lines = calloc(1, sizeof(*lines));

	if (!lines)
		return NULL;
	for (unsigned i = 0; i < table->count; i++) {
		if (table->columns[i].title && !aa_text_table_column(lines, table->columns[i].title)) {
			aa_text_table_free(lines);
			return NULL;
		}
	}
	return lines;
}

static void text_begin(struct aa_render *render, const struct aa_listing *table)
{
	if (render->table_count > 0)
		aa_text_add(&render->text, "\n", 1);
	aa_text_table_free(render->pending);
	render->pending = NULL;
	if (table->layout == AA_LAYOUT_LIST) {
		render->pending = new_lines(table);
		render->text.failed |= !render->pending;
	}
}

/* A nested table below its record. */
static void write_nested(struct aa_render *render, const char *title, const struct aa_rows *rows)
{
	struct aa_text_table *lines;

	if (rows->count == 0)
		return;
	lines = new_lines(rows->listing);
	if (!lines) {
		render->text.failed = true;
		return;
	}
	aa_text_table_paint(&render->text, render, AA_STYLE_NAME, title, strlen(title));
	aa_text_add(&render->text, "\n", 1);
	lines->indent = 2;
	for (unsigned i = 0; i < rows->count; i++)
		add_row(lines, render, rows->listing, rows->cells + (size_t)i * rows->listing->count);
	aa_text_table_write(lines, render, &render->text);
	aa_text_table_free(lines);
}

static void write_record(struct aa_render *render, const struct aa_cell *cells)
{
	const struct aa_listing *table = render->table;
	size_t width = 0;

	for (unsigned i = 0; i < table->count; i++) {
		const struct aa_column *column = &table->columns[i];

		if (column->title && !column->nested && cells[i].type != AA_CELL_NULL &&
		    strlen(column->title) > width)
			width = strlen(column->title);
	}
	for (unsigned i = 0; i < table->count; i++) {
		const struct aa_column *column = &table->columns[i];
		struct aa_text_buffer value = { 0 };

		if (!column->title || cells[i].type == AA_CELL_NULL)
			continue;
		if (column->nested) {
			write_nested(render, column->title, cells[i].rows);
			continue;
		}
		(void)add_value(&value, render, column, &cells[i]);
		aa_text_printf(&render->text, "%-*s  ", (int)width, column->title);
		aa_text_table_paint(&render->text, render, cells[i].style, value.data ? value.data : "",
				    value.size);
		aa_text_add(&render->text, "\n", 1);
		render->text.failed |= value.failed;
		aa_text_release(&value);
	}
}

static void text_row(struct aa_render *render, const struct aa_cell *cells)
{
	if (render->table->layout == AA_LAYOUT_RECORD) {
		if (render->row_count > 0)
			aa_text_add(&render->text, "\n", 1);
		write_record(render, cells);
		return;
	}
	if (!render->pending)
		return;
	add_row(render->pending, render, render->table, cells);
	if (aa_text_table_is_full(render->pending))
		aa_text_table_write(render->pending, render, &render->text);
}

static void text_end(struct aa_render *render)
{
	if (render->pending)
		aa_text_table_write(render->pending, render, &render->text);
	aa_text_table_free(render->pending);
	render->pending = NULL;
}

static void text_finish(struct aa_render *render)
{
	(void)render;
}

void aa_render_line(struct aa_render *render, enum aa_style style, const char *line)
{
	struct aa_text_buffer safe = { 0 };

	if (!aa_render_is_text(render))
		return;
	aa_safe_text(&safe, line, strlen(line), !render->utf8);
	if (safe.size > 0)
		aa_text_table_paint(&render->text, render, style, safe.data, safe.size);
	aa_text_add(&render->text, "\n", 1);
	render->text.failed |= safe.failed;
	aa_text_release(&safe);
}

void aa_render_heading(struct aa_render *render, enum aa_style style, const char *line)
{
	if (!aa_render_is_text(render))
		return;
	if (render->table_count > 0)
		aa_text_add(&render->text, "\n", 1);
	render->table_count = 0;
	aa_render_line(render, style, line);
}

void aa_render_release(struct aa_render *render)
{
	aa_text_table_free(render->pending);
	render->pending = NULL;
	aa_text_release(&render->text);
}

const struct aa_format aa_format_text = {
	.name = "text",
	.begin = text_begin,
	.row = text_row,
	.end = text_end,
	.finish = text_finish,
};
