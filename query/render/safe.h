/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes any bytes harmless for a terminal and for CSV, with the same idea of what prints as
 * aa_text_escape has. Text from the database is escaped already, so a backslash stays as it is here: only what a
 * forged database could smuggle in is changed.
 */
#ifndef AA_QUERY_SAFE_H
#define AA_QUERY_SAFE_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* Appends text in which everything that does not print is \n, \xHH or \u{HEX}; with ascii also all but ASCII. */
void aa_safe_text(struct aa_text_buffer *out, const char *bytes, size_t size, bool ascii);

/* As aa_safe_text, but newlines and tabs stay. */
void aa_safe_lines(struct aa_text_buffer *out, const char *bytes, size_t size);

/* Appends lower-case hexadecimal. */
void aa_safe_hex(struct aa_text_buffer *out, const void *bytes, size_t size);

/* True if all is valid UTF-8. */
bool aa_safe_is_utf8(const char *bytes, size_t size);

/* Columns that a terminal needs for printable UTF-8. */
size_t aa_safe_width(const char *text, size_t size);

/* Bytes at the start of text that fit into limit columns. */
size_t aa_safe_fit(const char *text, size_t size, size_t limit);

#endif
