/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes in, printable text out. Everything that an agent controls (paths, arguments, names) is bytes that
 * may hold terminal escapes, newlines, bidirectional overrides or invalid UTF-8. Two reversible forms:
 *
 * escaped  printable UTF-8 stays, except backslash. Backslash is "\\", control characters are "\n", "\t",
 *          "\r" or "\xHH", bytes that are not valid UTF-8 are "\xHH", and characters that do not print or that
 *          reorder text (C1 controls, bidirectional and other format characters, line separators, tags,
 *          noncharacters: see utf8.c) are "\u{HEX}".
 * quoted   a shell word: plain where it needs no quoting, else 'single quotes', else $'...' with the
 *          escapes of bash (\n, \t, \r, \xHH, \', \\): paste it into bash to get the exact bytes. Empty is ''.
 */
#ifndef AA_SCHEMA_TEXT_H
#define AA_SCHEMA_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Growing byte buffer; always NUL-terminated once something was added. Zero-initialise; free with aa_text_release. */
struct aa_text_buffer {
	char *data;
	size_t size; /* without the NUL */
	size_t capacity;
	bool failed; /* memory ran out: everything added since is missing */
};

void aa_text_release(struct aa_text_buffer *buffer);
void aa_text_clear(struct aa_text_buffer *buffer);
void aa_text_add(struct aa_text_buffer *buffer, const void *bytes, size_t size);
void aa_text_add_string(struct aa_text_buffer *buffer, const char *string);
void aa_text_printf(struct aa_text_buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends the escaped form. Returns true if it differs from the bytes. */
bool aa_text_escape(struct aa_text_buffer *buffer, const void *bytes, size_t size);

/*
 * Appends text for people: as escaped, but a backslash stays one, so it cannot be undone. For what is printed and
 * may have been escaped before.
 */
bool aa_text_sanitize(struct aa_text_buffer *buffer, const void *bytes, size_t size);

/* Appends the bytes that an escaped text stands for. Returns 0, or -EINVAL at a malformed escape. */
int aa_text_unescape(struct aa_text_buffer *buffer, const char *text, size_t size);

/* Appends one shell word. Returns true if it differs from the bytes. */
bool aa_text_quote(struct aa_text_buffer *buffer, const void *bytes, size_t size);

/*
 * Appends a command line: NUL-terminated arguments, quoted, joined by single spaces (a last one without a NUL
 * counts). Returns true if splitting the result at its spaces does not give the exact arguments, so that the
 * bytes must be kept beside it.
 */
bool aa_text_quote_args(struct aa_text_buffer *buffer, const void *args, size_t size);

/*
 * Appends a JSON string with its quotes: exact for valid UTF-8, with \uXXXX for what does not print; a byte that
 * is not valid UTF-8 is the text \xHH.
 */
void aa_text_json(struct aa_text_buffer *out, const char *bytes, size_t size);

/*
 * Reads the start of a small file of /proc or /sys, at most size - 1 bytes, without a newline at its end. Never waits.
 * Returns 0 or a negative errno; ret_text is terminated in any case, and empty on failure.
 */
int aa_text_read(const char *path, char *ret_text, size_t size);
int aa_text_read_at(int directory, const char *path, char *ret_text, size_t size); /* as openat(2) */

#endif
