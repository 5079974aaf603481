/* SPDX-License-Identifier: Apache-2.0 */
/* A page for a terminal: text that is wrapped, tables that become lists where they don't fit, colours on demand. */
#ifndef AA_RECORDER_DOCTOR_PAGE_H
#define AA_RECORDER_DOCTOR_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

enum aa_page_style {
	AA_PAGE_PLAIN,
	AA_PAGE_DIM,
	AA_PAGE_TITLE,
	AA_PAGE_GOOD,
	AA_PAGE_WARN,
	AA_PAGE_BAD,
};

#define AA_PAGE_INDENT	2
#define AA_PAGE_COLUMNS 8 /* most that a table may have */

struct aa_page {
	struct aa_text_buffer *out;
	unsigned width;
	bool color;
};

void aa_page_pad(struct aa_page *page, size_t count);
void aa_page_end_line(struct aa_page *page);

/* Text that is safe for a terminal. */
void aa_page_paint(struct aa_page *page, enum aa_page_style style, const char *text, size_t size);

/*
 * Any text, made safe and broken at blanks, from column `at` on; later lines begin at column indent. A word that is longer
 * than a line stays whole, as it may be a path that is copied. Ends its last line.
 */
void aa_page_wrap(struct aa_page *page, enum aa_page_style style, const char *text, size_t at, size_t indent);

/* An empty line and a title. */
void aa_page_heading(struct aa_page *page, const char *text);

struct aa_page_table {
	const void *context;
	const char *const *titles;
	unsigned right; /* bit per column: numbers */
	unsigned column_count;
	size_t row_count;
	/* Appends the text of a field, safe for a terminal; returns its style. Is called more than once for each. */
	enum aa_page_style (*field)(const void *context, size_t row, unsigned column,
				    struct aa_text_buffer *out);
};

/* In aligned columns; where the page is too narrow for them, each row as a list. */
void aa_page_put_table(struct aa_page *page, const struct aa_page_table *table);

#endif
