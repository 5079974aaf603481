/* SPDX-License-Identifier: Apache-2.0 */
/* What all formats share: the order of calls, flushing between rows, cells. */
#include "render.h"

#include <errno.h>
#include <string.h>

/* Enough for few system calls, small enough for a pipe's reader to see something soon. */
#define FLUSH_BYTES (32 * 1024)

const struct aa_format *aa_format_find(const char *name)
{
	static const struct aa_format *const formats[] = {
		&aa_format_text,
		&aa_format_json,
		&aa_format_jsonl,
		&aa_format_csv,
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	}
	return NULL;
}

static void flush(struct aa_render *render, size_t least)
{
	int r;

	if (render->text.failed && render->failed == 0)
		render->failed = -ENOMEM;
	if (!render->flush || render->failed < 0 || render->text.size < least)
		return;
	r = render->flush(render->context, &render->text);
	if (r < 0)
		render->failed = r;
}

void aa_render_begin(struct aa_render *render, const struct aa_listing *table)
{
	render->table = table;
	render->row_count = 0;
	render->format->begin(render, table);
	render->table_count++;
}

void aa_render_row(struct aa_render *render, const struct aa_cell *cells)
{
	render->format->row(render, cells);
	render->row_count++;
	render->total_count++;
	flush(render, FLUSH_BYTES);
}

void aa_render_end(struct aa_render *render)
{
	render->format->end(render);
	render->table = NULL;
	flush(render, FLUSH_BYTES);
}

void aa_render_flush(struct aa_render *render)
{
	flush(render, FLUSH_BYTES);
}

int aa_render_finish(struct aa_render *render)
{
	render->format->finish(render);
	flush(render, 1);
	return render->failed;
}

bool aa_render_is_text(const struct aa_render *render)
{
	return render->format == &aa_format_text;
}

struct aa_cell aa_cell_null(void)
{
	return (struct aa_cell){ .type = AA_CELL_NULL };
}

struct aa_cell aa_cell_integer(int64_t integer)
{
	return (struct aa_cell){ .type = AA_CELL_INTEGER, .integer = integer };
}

struct aa_cell aa_cell_text(const char *text)
{
	if (!text)
		return aa_cell_null();
	return (struct aa_cell){ .type = AA_CELL_TEXT, .bytes = text, .size = strlen(text) };
}

struct aa_cell aa_cell_bytes(const void *bytes, size_t size)
{
	return (struct aa_cell){ .type = AA_CELL_BYTES, .bytes = bytes, .size = size };
}

struct aa_cell aa_cell_styled(struct aa_cell cell, enum aa_style style)
{
	cell.style = style;
	return cell;
}
