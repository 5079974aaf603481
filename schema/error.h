/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong, in words for the person at the terminal. Library code never logs: it returns a negative
 * errno and, where the caller passed an error, says what was tried, on what, what the system answered and
 * what to do next. Text from outside (paths, SQLite messages) is escaped when it is put in.
 */
#ifndef AA_SCHEMA_ERROR_H
#define AA_SCHEMA_ERROR_H

struct aa_error {
	int code;	 /* negative errno, 0 while nothing is wrong */
	char text[1024]; /* one line, no full stop, terminal-safe */
};

/*
 * Sets *error (which may be NULL) and returns code, so that a caller writes
 *     return aa_error_set(error, -ENOENT, "cannot open %s", path);
 * The first cause wins: an error that is set already keeps its text. code must be negative.
 */
int aa_error_set(struct aa_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
