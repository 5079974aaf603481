/* SPDX-License-Identifier: Apache-2.0 */
/* See doctor_page.h. */
#include "doctor_page.h"

#include <string.h>

#define GAP 2 /* between the columns of a table */

void aa_page_pad(struct aa_page *page, size_t count)
{
	for (size_t i = 0; i < count; i++)
		aa_text_add(page->out, " ", 1);
}

void aa_page_end_line(struct aa_page *page)
{
	aa_text_add(page->out, "\n", 1);
}

/* Begins to paint, or ends it. */
static void set_style(struct aa_page *page, enum aa_page_style style, bool begin)
{
	static const char *const codes[] = { "", "\x1b[2m", "\x1b[1m", "\x1b[32m", "\x1b[33m", "\x1b[31m" };

	if (page->color && style != AA_PAGE_PLAIN)
		aa_text_add_string(page->out, begin ? codes[style] : "\x1b[0m");
}

void aa_page_paint(struct aa_page *page, enum aa_page_style style, const char *text, size_t size)
{
	set_style(page, style, true);
	aa_text_add(page->out, text, size);
	set_style(page, style, false);
}

/* Characters, not bytes: what is here is sanitized UTF-8 of single width. */
static size_t columns(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

void aa_page_wrap(struct aa_page *page, enum aa_page_style style, const char *text, size_t at, size_t indent)
{
	struct aa_text_buffer safe = { 0 };
	const char *word;
	bool first = true;

	(void)aa_text_sanitize(&safe, text, strlen(text));
	page->out->failed |= safe.failed;
	set_style(page, style, true);
	for (word = safe.data != NULL ? safe.data : ""; *word != '\0';) {
		size_t size = strcspn(word, " ");
		size_t wide = columns(word, size);

		if (!first && at + 1 + wide > page->width) {
			set_style(page, style, false);
			aa_page_end_line(page);
			aa_page_pad(page, indent);
			set_style(page, style, true);
			at = indent;
			first = true;
		}
		if (!first) {
			aa_text_add(page->out, " ", 1);
			at++;
		}
		aa_text_add(page->out, word, size);
		at += wide;
		first = false;
		word += size;
		word += strspn(word, " ");
	}
	set_style(page, style, false);
	aa_page_end_line(page);
	aa_text_release(&safe);
}

void aa_page_heading(struct aa_page *page, const char *text)
{
	aa_page_end_line(page);
	aa_page_wrap(page, AA_PAGE_TITLE, text, 0, 0);
}

/* Text of one field, valid until the next call with the same buffer. */
static const char *field_text(const struct aa_page_table *table, size_t row, unsigned column,
			      struct aa_text_buffer *buffer, enum aa_page_style *ret_style)
{
	aa_text_clear(buffer);
	*ret_style = table->field(table->context, row, column, buffer);
	return buffer->data != NULL && buffer->size > 0 ? buffer->data : "";
}

static size_t measure(const struct aa_page_table *table, struct aa_text_buffer *buffer, size_t *ret_widths)
{
	size_t total = AA_PAGE_INDENT;

	for (unsigned i = 0; i < table->column_count; i++) {
		ret_widths[i] = strlen(table->titles[i]);
		for (size_t row = 0; row < table->row_count; row++) {
			enum aa_page_style style;
			const char *text = field_text(table, row, i, buffer, &style);
			size_t wide = columns(text, strlen(text));

			if (wide > ret_widths[i])
				ret_widths[i] = wide;
		}
		total += ret_widths[i] + (i > 0 ? GAP : 0);
	}
	return total;
}

static void put_field(struct aa_page *page, const struct aa_page_table *table, unsigned column,
		      enum aa_page_style style, const char *text, size_t width)
{
	size_t size = strlen(text), wide = columns(text, size);
	bool last = column + 1 == table->column_count, right = (table->right >> column & 1) != 0;

	aa_page_pad(page, column == 0 ? AA_PAGE_INDENT : GAP);
	if (right && wide < width)
		aa_page_pad(page, width - wide);
	aa_page_paint(page, style, text, size);
	if (!right && !last && wide < width)
		aa_page_pad(page, width - wide);
}

/* For a narrow page: the first field, and below it each other one behind its title. */
static void put_rows_as_lists(struct aa_page *page, const struct aa_page_table *table,
			      struct aa_text_buffer *buffer)
{
	struct aa_text_buffer line = { 0 };

	for (size_t row = 0; row < table->row_count; row++) {
		for (unsigned i = 0; i < table->column_count; i++) {
			size_t indent = i == 0 ? AA_PAGE_INDENT : 2 * AA_PAGE_INDENT;
			enum aa_page_style style;
			const char *text = field_text(table, row, i, buffer, &style);

			if (*text == '\0')
				continue;
			aa_text_clear(&line);
			aa_text_printf(&line, "%s%s%s", i == 0 ? "" : table->titles[i], i == 0 ? "" : " ",
				       text);
			aa_page_pad(page, indent);
			aa_page_wrap(page, style, line.data != NULL ? line.data : "", indent,
				     indent + AA_PAGE_INDENT);
		}
	}
	page->out->failed |= line.failed;
	aa_text_release(&line);
}

void aa_page_put_table(struct aa_page *page, const struct aa_page_table *table)
{
	struct aa_text_buffer buffer = { 0 };
	size_t widths[AA_PAGE_COLUMNS];

	if (measure(table, &buffer, widths) > page->width) {
		put_rows_as_lists(page, table, &buffer);
		aa_text_release(&buffer);
		return;
	}
	for (unsigned i = 0; i < table->column_count; i++)
		put_field(page, table, i, AA_PAGE_DIM, table->titles[i], widths[i]);
	aa_page_end_line(page);
	for (size_t row = 0; row < table->row_count; row++) {
		for (unsigned i = 0; i < table->column_count; i++) {
			enum aa_page_style style;
			const char *text = field_text(table, row, i, &buffer, &style);

			put_field(page, table, i, style, text, widths[i]);
		}
		aa_page_end_line(page);
	}
	page->out->failed |= buffer.failed;
	aa_text_release(&buffer);
}
