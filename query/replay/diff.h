/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The difference of two texts by lines, as diff -u shows it. Myers' algorithm in linear space ("An O(ND) Difference
 * Algorithm and Its Variations", 1986), with a bound on its work: texts that are more different than that are said to be,
 * rather than make the reader wait. Takes bytes; a NUL makes them binary.
 */
#ifndef AA_QUERY_DIFF_H
#define AA_QUERY_DIFF_H

#include <stddef.h>

#include "text.h"

/* Positive results. */
enum aa_diff_result {
	AA_DIFF_DIFFERS = 0,
	AA_DIFF_SAME = 1,
	AA_DIFF_BINARY = 2,	   /* they differ, but are no texts */
	AA_DIFF_TOO_DIFFERENT = 3, /* ... and finding out where would take too long */
};

struct aa_diff_side {
	const char *bytes;
	size_t size;
	const char *label; /* of the line "--- LABEL" or "+++ LABEL"; printed as it is */
};

/*
 * Appends the unified diff with context lines around each change. Lines are appended as they are (the caller makes them
 * safe for a terminal) with their first character " ", "-" or "+". Returns an aa_diff_result or -ENOMEM.
 */
int aa_diff(const struct aa_diff_side *old_side, const struct aa_diff_side *new_side, unsigned context,
	    struct aa_text_buffer *out);

#endif
