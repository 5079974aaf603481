/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: an array of objects, one per row, or (jsonl) one object a line. Names are the SQL column names, 64-bit
 * integers are numbers, blobs are {"hex":"..."}; an argument that is not UTF-8 is {"text":"escaped","hex":"..."}.
 */
#include "render.h"

#include <math.h>
#include <string.h>

#include "safe.h"
#include "show.h"

static void add_object(struct aa_text_buffer *out, const struct aa_listing *table,
		       const struct aa_cell *cells);

static void add_hex(struct aa_text_buffer *out, const char *bytes, size_t size)
{
	aa_text_add_string(out, "\"hex\":\"");
	aa_safe_hex(out, bytes, size);
	aa_text_add_string(out, "\"}");
}

/* JSON has no word for infinity, but its grammar allows a number that is too large. */
static void add_real(struct aa_text_buffer *out, double real)
{
	if (isnan(real))
		aa_text_add_string(out, "null");
	else if (isinf(real))
		aa_text_add_string(out, real < 0 ? "-1e999" : "1e999");
	else
		aa_show_real(out, real);
}

static void add_args(struct aa_text_buffer *out, const char *bytes, size_t size)
{
	const char *separator = "";

	aa_text_add_string(out, "[");
	while (size > 0) {
		size_t length = strnlen(bytes, size);

		aa_text_add_string(out, separator);
		if (aa_safe_is_utf8(bytes, length)) {
			aa_text_json(out, bytes, length);
		} else {
			struct aa_text_buffer escaped = { 0 };

			(void)aa_text_escape(&escaped, bytes, length);
			aa_text_add_string(out, "{\"text\":");
			aa_text_json(out, escaped.data ? escaped.data : "", escaped.size);
			aa_text_add_string(out, ",");
			add_hex(out, bytes, length);
			aa_text_release(&escaped);
		}
		length += length < size;
		bytes += length;
		size -= length;
		separator = ",";
	}
	aa_text_add_string(out, "]");
}

static void add_rows(struct aa_text_buffer *out, const struct aa_rows *rows)
{
	aa_text_add_string(out, "[");
	for (unsigned i = 0; i < rows->count; i++) {
		if (i > 0)
			aa_text_add_string(out, ",");
		add_object(out, rows->listing, rows->cells + (size_t)i * rows->listing->count);
	}
	aa_text_add_string(out, "]");
}

static void add_integer(struct aa_text_buffer *out, enum aa_show show, int64_t integer)
{
	if (show != AA_SHOW_ISO) {
		aa_text_printf(out, "%lld", (long long)integer);
		return;
	}
	aa_text_add(out, "\"", 1);
	aa_show_iso(out, integer);
	aa_text_add(out, "\"", 1);
}

static void add_cell(struct aa_text_buffer *out, enum aa_show show, const struct aa_cell *cell)
{
	switch (cell->type) {
	case AA_CELL_NULL:
		aa_text_add_string(out, "null");
		break;
	case AA_CELL_INTEGER:
		add_integer(out, show, cell->integer);
		break;
	case AA_CELL_REAL:
		add_real(out, cell->real);
		break;
	case AA_CELL_TEXT:
		aa_text_json(out, cell->bytes, cell->size);
		break;
	case AA_CELL_BYTES:
		aa_text_add_string(out, "{");
		add_hex(out, cell->bytes, cell->size);
		break;
	case AA_CELL_ARGS:
		add_args(out, cell->bytes, cell->size);
		break;
	case AA_CELL_TABLE:
		add_rows(out, cell->rows);
		break;
	}
}

static void add_object(struct aa_text_buffer *out, const struct aa_listing *table,
		       const struct aa_cell *cells)
{
	const char *separator = "{";

	for (unsigned i = 0; i < table->count; i++) {
		const char *name = table->columns[i].name;

		if (!name)
			continue;
		aa_text_add_string(out, separator);
		aa_text_json(out, name, strlen(name));
		aa_text_add_string(out, ":");
		add_cell(out, table->columns[i].show, &cells[i]);
		separator = ",";
	}
	aa_text_add_string(out, *separator == '{' ? "{}" : "}");
}

static void json_begin(struct aa_render *render, const struct aa_listing *table)
{
	(void)render;
	(void)table;
}

static void json_row(struct aa_render *render, const struct aa_cell *cells)
{
	aa_text_add_string(&render->text, render->total_count == 0 ? "[\n" : ",\n");
	add_object(&render->text, render->table, cells);
}

static void json_end(struct aa_render *render)
{
	(void)render;
}

static void json_finish(struct aa_render *render)
{
	aa_text_add_string(&render->text, render->total_count == 0 ? "[]\n" : "\n]\n");
}

static void jsonl_row(struct aa_render *render, const struct aa_cell *cells)
{
	add_object(&render->text, render->table, cells);
	aa_text_add_string(&render->text, "\n");
}

const struct aa_format aa_format_json = {
	.name = "json",
	.begin = json_begin,
	.row = json_row,
	.end = json_end,
	.finish = json_finish,
};

const struct aa_format aa_format_jsonl = {
	.name = "jsonl",
	.begin = json_begin,
	.row = jsonl_row,
	.end = json_end,
	.finish = json_end,
};
