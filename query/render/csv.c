/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSV as RFC 4180 has it: a header, CRLF, quotes where needed. NULL is an empty field and an empty text is "".
 * Blobs are X'hex', arguments one shell-quoted command line. Newlines and tabs stay; other control characters,
 * which a raw file shown on a terminal would let loose, are escaped.
 */
#include "render.h"

#include <string.h>

#include "safe.h"
#include "show.h"

static void add_field(struct aa_text_buffer *out, const char *bytes, size_t size)
{
	struct aa_text_buffer safe = { 0 };
	const char *text;

	aa_safe_lines(&safe, bytes, size);
	text = safe.data ? safe.data : "";
	if (safe.size > 0 && !strpbrk(text, ",\"\n\r")) {
		aa_text_add(out, text, safe.size);
	} else {
		aa_text_add(out, "\"", 1);
		for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
			aa_text_add(out, text, (size_t)(quote - text));
			aa_text_add(out, "\"\"", 2);
		}
		aa_text_add_string(out, text);
		aa_text_add(out, "\"", 1);
	}
	out->failed |= safe.failed;
	aa_text_release(&safe);
}

static void add_args(struct aa_text_buffer *out, const char *bytes, size_t size)
{
	struct aa_text_buffer line = { 0 };

	(void)aa_text_quote_args(&line, bytes, size);
	add_field(out, line.data ? line.data : "", line.size);
	out->failed |= line.failed;
	aa_text_release(&line);
}

static void add_cell(struct aa_text_buffer *out, enum aa_show show, const struct aa_cell *cell)
{
	switch (cell->type) {
	case AA_CELL_NULL:
	case AA_CELL_TABLE:
		break;
	case AA_CELL_INTEGER:
		if (show == AA_SHOW_ISO)
			aa_show_iso(out, cell->integer);
		else
			aa_text_printf(out, "%lld", (long long)cell->integer);
		break;
	case AA_CELL_REAL:
		aa_show_real(out, cell->real);
		break;
	case AA_CELL_TEXT:
		add_field(out, cell->bytes, cell->size);
		break;
	case AA_CELL_BYTES:
		aa_text_add_string(out, "X'");
		aa_safe_hex(out, cell->bytes, cell->size);
		aa_text_add_string(out, "'");
		break;
	case AA_CELL_ARGS:
		add_args(out, cell->bytes, cell->size);
		break;
	}
}

static void csv_begin(struct aa_render *render, const struct aa_listing *table)
{
	const char *separator = "";

	if (render->table_count > 0)
		aa_text_add_string(&render->text, "\r\n");
	for (unsigned i = 0; i < table->count; i++) {
		const struct aa_column *column = &table->columns[i];

		if (!column->name || column->nested)
			continue;
		aa_text_add_string(&render->text, separator);
		add_field(&render->text, column->name, strlen(column->name));
		separator = ",";
	}
	aa_text_add_string(&render->text, "\r\n");
}

static void csv_row(struct aa_render *render, const struct aa_cell *cells)
{
	const char *separator = "";

	for (unsigned i = 0; i < render->table->count; i++) {
		const struct aa_column *column = &render->table->columns[i];

		if (!column->name || column->nested)
			continue;
		aa_text_add_string(&render->text, separator);
		add_cell(&render->text, column->show, &cells[i]);
		separator = ",";
	}
	aa_text_add_string(&render->text, "\r\n");
}

static void csv_nothing(struct aa_render *render)
{
	(void)render;
}

const struct aa_format aa_format_csv = {
	.name = "csv",
	.begin = csv_begin,
	.row = csv_row,
	.end = csv_nothing,
	.finish = csv_nothing,
};
