/* SPDX-License-Identifier: Apache-2.0 */
/* Terminal-safe text; see safe.h. */
#include "safe.h"

#include <stdint.h>
#include <wchar.h>

#include "utf8.h"

static size_t decode(const char *bytes, size_t size, uint32_t *ret_character)
{
	return aa_utf8_decode((const unsigned char *)bytes, size, ret_character);
}

/* Most text is plain ASCII: how much of it can be taken as it is. Backslash and quote are not counted. */
static size_t plain_run(const char *bytes, size_t size)
{
	size_t i = 0;

	while (i < size && bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\\' && bytes[i] != '"')
		i++;
	return i;
}

bool aa_safe_is_utf8(const char *bytes, size_t size)
{
	while (size > 0) {
		uint32_t character;
		size_t length = decode(bytes, size, &character);

		if (character == AA_UTF8_INVALID)
			return false;
		bytes += length;
		size -= length;
	}
	return true;
}

static void add_text(struct aa_text_buffer *out, const char *bytes, size_t size, bool ascii, bool lines)
{
	while (size > 0) {
		size_t length = plain_run(bytes, size);
		uint32_t character = ' ';

		if (length == 0) {
			length = decode(bytes, size, &character);
			if (lines && (character == '\n' || character == '\t'))
				character = ' ';
		}
		if (ascii && character > 0x7f && character != AA_UTF8_INVALID)
			aa_text_printf(out, "\\u{%X}", (unsigned)character);
		else if (aa_utf8_is_printable(character))
			aa_text_add(out, bytes, length);
		else
			(void)aa_text_escape(out, bytes, length);
		bytes += length;
		size -= length;
	}
}

void aa_safe_text(struct aa_text_buffer *out, const char *bytes, size_t size, bool ascii)
{
	add_text(out, bytes, size, ascii, false);
}

void aa_safe_lines(struct aa_text_buffer *out, const char *bytes, size_t size)
{
	add_text(out, bytes, size, false, true);
}

void aa_safe_hex(struct aa_text_buffer *out, const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = bytes;

	for (size_t i = 0; i < size; i++) {
		char pair[2] = { digits[b[i] >> 4], digits[b[i] & 15] };

		aa_text_add(out, pair, sizeof(pair));
	}
}

/* The character at text and its columns. wcwidth needs a UTF-8 locale; without one, -1 is taken as one column. */
static size_t next_width(const char *text, size_t size, size_t *ret_width)
{
	uint32_t character;
	size_t length = decode(text, size, &character);
	int width = length > 1 ? wcwidth((wchar_t)character) : 1;

	*ret_width = width < 0 ? 1 : (size_t)width;
	return length;
}

size_t aa_safe_width(const char *text, size_t size)
{
	size_t total = 0;
	size_t width;

	for (size_t taken = 0; taken < size; total += width)
		taken += next_width(text + taken, size - taken, &width);
	return total;
}

size_t aa_safe_fit(const char *text, size_t size, size_t limit)
{
	size_t taken = 0;

	while (taken < size) {
		size_t width;
		size_t length = next_width(text + taken, size - taken, &width);

		if (width > limit)
			break;
		limit -= width;
		taken += length;
	}
	return taken;
}
