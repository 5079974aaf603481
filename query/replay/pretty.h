/* SPDX-License-Identifier: Apache-2.0 */
/* JSON laid out for people, word by word: numbers, strings and the order of members stay as they are. */
#ifndef AA_QUERY_PRETTY_H
#define AA_QUERY_PRETTY_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* Deeper is not laid out, nor what becomes longer: indentation grows with the square of the depth. */
#define AA_PRETTY_DEPTH_MAX 200
#define AA_PRETTY_BYTES_MAX ((size_t)32 * 1024 * 1024)

/*
 * Appends the values of a text, one after the other (one is JSON, more is what JSON lines are). Returns false, with out as
 * it was, if any of it is no JSON. Does not look into strings beyond finding their ends.
 */
bool aa_pretty_json(struct aa_text_buffer *out, const char *bytes, size_t size);

#endif
