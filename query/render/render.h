/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers, as a person or a program reads them. A command describes its columns once and hands over rows; one
 * vtable per output format writes them. Pure: appends to a buffer; who made the render empties it (flush).
 *
 * Everything in a cell is untrusted, also what the recorder has escaped already: a database can be forged. So
 * each format makes its own output safe: no byte that a terminal would obey leaves this directory.
 */
#ifndef AA_QUERY_RENDER_H
#define AA_QUERY_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum aa_cell_type {
	AA_CELL_NULL,
	AA_CELL_INTEGER,
	AA_CELL_REAL,
	AA_CELL_TEXT,
	AA_CELL_BYTES, /* a blob */
	AA_CELL_ARGS,  /* NUL-terminated arguments: an array of strings in JSON */
	AA_CELL_TABLE, /* nested rows; not in CSV */
};

/* What a value means to the reader; a colour on a terminal. */
enum aa_style {
	AA_STYLE_PLAIN,
	AA_STYLE_DIM,
	AA_STYLE_NAME,
	AA_STYLE_GOOD,
	AA_STYLE_BAD,
	AA_STYLE_WARN,
};

/* How text shows an integer; JSON and CSV have the plain number. */
enum aa_show {
	AA_SHOW_NUMBER,
	AA_SHOW_TIME,	  /* ns since the epoch: date and time with offset */
	AA_SHOW_ELAPSED,  /* ns since the epoch: seconds since render.origin_ns */
	AA_SHOW_ISO,	  /* ns since the epoch: ISO 8601 in UTC, also in JSON and CSV */
	AA_SHOW_DURATION, /* ns */
	AA_SHOW_SIZE,	  /* bytes */
	AA_SHOW_MASK,	  /* hexadecimal */
	AA_SHOW_FLAG,	  /* yes, no */
};

struct aa_rows;

/* One value. bytes and the rest are borrowed until aa_render_row returns. */
struct aa_cell {
	enum aa_cell_type type;
	enum aa_style style;
	int64_t integer;
	double real;
	const char *bytes; /* TEXT, BYTES, ARGS */
	size_t size;
	const struct aa_rows *rows; /* TABLE */
	const char *lead; /* text only: tree lines before the value; ours, not escaped. NULL: none */
	const char *note; /* text only: remark after the value. NULL: none */
};

struct aa_column {
	const char *name;  /* in JSON and CSV; NULL: only in text */
	const char *title; /* in text; NULL: only in JSON and CSV */
	enum aa_show show;
	bool nested; /* its cells are tables: no column in CSV */
	bool args;   /* its cells are arguments */
};

enum aa_layout {
	AA_LAYOUT_LIST,	  /* text: a line per row */
	AA_LAYOUT_RECORD, /* text: a line per column, nested tables below */
};

struct aa_listing {
	const struct aa_column *columns;
	unsigned count;
	enum aa_layout layout;
	const char *null_text; /* text: shown for NULL; NULL means "-" */
};

/* A small table that is held in memory, for nesting. */
struct aa_rows {
	const struct aa_listing *listing;
	const struct aa_cell *cells; /* count * table->count */
	unsigned count;
};

struct aa_render;

struct aa_format {
	const char *name;
	void (*begin)(struct aa_render *render, const struct aa_listing *table);
	void (*row)(struct aa_render *render, const struct aa_cell *cells);
	void (*end)(struct aa_render *render);	  /* of a table */
	void (*finish)(struct aa_render *render); /* of the whole answer */
};

extern const struct aa_format aa_format_text;
extern const struct aa_format aa_format_json;
extern const struct aa_format aa_format_jsonl;
extern const struct aa_format aa_format_csv;

/* NULL if there is none of that name. */
const struct aa_format *aa_format_find(const char *name);

struct aa_text_table; /* rows that wait until the widths are known */

struct aa_render {
	const struct aa_format *format;
	struct aa_text_buffer text;				  /* what has been rendered and not flushed */
	int (*flush)(void *context, struct aa_text_buffer *text); /* called between rows; NULL: never */
	void *context;
	int failed; /* first negative result of flush: whoever makes rows should stop */

	bool color;
	bool utf8;	   /* the reader's locale; without it text is pure ASCII */
	bool utc;	   /* times in UTC instead of local time */
	unsigned width;	   /* cells of a line; 0: unlimited */
	int64_t origin_ns; /* of AA_SHOW_ELAPSED */

	/* Of the formats. */
	const struct aa_listing *table;
	uint64_t row_count;   /* in this table */
	uint64_t total_count; /* in all tables */
	unsigned table_count;
	struct aa_text_table *pending;
};

void aa_render_begin(struct aa_render *render, const struct aa_listing *table);
void aa_render_row(struct aa_render *render, const struct aa_cell *cells);
void aa_render_end(struct aa_render *render);

/* Between lines, as rows do it by themselves: hands over what has been rendered if it is enough. */
void aa_render_flush(struct aa_render *render);

/* Ends the answer and flushes. Returns 0 or what flush returned. */
int aa_render_finish(struct aa_render *render);
void aa_render_release(struct aa_render *render);

/* Text format only: one line before or after a table, escaped as a whole. */
bool aa_render_is_text(const struct aa_render *render);
void aa_render_line(struct aa_render *render, enum aa_style style, const char *line);

/* Likewise, a line that stands right above the next table. */
void aa_render_heading(struct aa_render *render, enum aa_style style, const char *line);

/* Cells. */
struct aa_cell aa_cell_null(void);
struct aa_cell aa_cell_integer(int64_t integer);
struct aa_cell aa_cell_text(const char *text); /* NULL becomes a null cell */
struct aa_cell aa_cell_bytes(const void *bytes, size_t size);
struct aa_cell aa_cell_styled(struct aa_cell cell, enum aa_style style);

#endif
