/* SPDX-License-Identifier: Apache-2.0 */
/* Errors in words: formatted once, made safe for a terminal, never overwritten by a later one. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "text.h"

int aa_error_set(struct aa_error *error, int code, const char *format, ...)
{
	char raw[sizeof(error->text)];
	struct aa_text_buffer safe = { 0 };
	va_list arguments;
	size_t size;
	int n;

	if (!error || error->code)
		return code;
	error->code = code;
	va_start(arguments, format);
	n = vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	size = n < 0 ? 0 : (size_t)n;
	if (size >= sizeof(raw))
		size = sizeof(raw) - 1;

	/* Backslashes stay: the text is for people, and may hold names that were escaped before. */
	aa_text_sanitize(&safe, raw, size);
	size = safe.size < sizeof(error->text) ? safe.size : sizeof(error->text) - 1;
	/* Cutting must not leave half a character behind. */
	while (size < safe.size && size > 0 && ((unsigned char)safe.data[size] & 0xc0) == 0x80)
		size--;
	if (safe.data)
		memcpy(error->text, safe.data, size);
	error->text[size] = '\0';
	aa_text_release(&safe);
	return code;
}
