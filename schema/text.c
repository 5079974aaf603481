/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in, printable text out: a growing buffer, and the escaped form. The quoted form is in quote.c. */
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

void aa_text_release(struct aa_text_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct aa_text_buffer){ 0 };
}

void aa_text_clear(struct aa_text_buffer *buffer)
{
	buffer->size = 0;
	buffer->failed = false;
	if (buffer->data)
		buffer->data[0] = '\0';
}

static bool reserve(struct aa_text_buffer *buffer, size_t more)
{
	size_t need, capacity = buffer->capacity ? buffer->capacity : 64;
	char *data;

	if (buffer->failed)
		return false;
	if (__builtin_add_overflow(buffer->size, more, &need) ||
	    __builtin_add_overflow(need, (size_t)1, &need)) {
		buffer->failed = true;
		return false;
	}
	if (need <= buffer->capacity)
		return true;
	while (capacity < need)
		capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
	data = realloc(buffer->data, capacity);
	if (!data) {
		buffer->failed = true;
		return false;
	}
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

void aa_text_add(struct aa_text_buffer *buffer, const void *bytes, size_t size)
{
	if (!reserve(buffer, size))
		return;
	if (size)
		memcpy(buffer->data + buffer->size, bytes, size);
	buffer->size += size;
	buffer->data[buffer->size] = '\0';
}

void aa_text_add_string(struct aa_text_buffer *buffer, const char *string)
{
	aa_text_add(buffer, string, strlen(string));
}

void aa_text_printf(struct aa_text_buffer *buffer, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (n < 0) {
		buffer->failed = true;
		return;
	}
	if (!reserve(buffer, (size_t)n))
		return;
	va_start(arguments, format);
	(void)vsnprintf(buffer->data + buffer->size, (size_t)n + 1, format, arguments);
	va_end(arguments);
	buffer->size += (size_t)n;
}

static void add_hex(struct aa_text_buffer *buffer, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		aa_text_printf(buffer, "\\x%02X", bytes[i]);
}

/* One character that cannot stand as it is. */
static void add_escape(struct aa_text_buffer *buffer, const unsigned char *at, size_t size,
		       uint32_t character)
{
	switch (character) {
	case '\n':
		aa_text_add_string(buffer, "\\n");
		return;
	case '\t':
		aa_text_add_string(buffer, "\\t");
		return;
	case '\r':
		aa_text_add_string(buffer, "\\r");
		return;
	case '\\':
		aa_text_add_string(buffer, "\\\\");
		return;
	default:
		break;
	}
	if (character < 0x80 || character == AA_UTF8_INVALID)
		add_hex(buffer, at, size);
	else
		aa_text_printf(buffer, "\\u{%X}", (unsigned)character);
}

static bool escape(struct aa_text_buffer *buffer, const void *bytes, size_t size, bool keep_backslash)
{
	const unsigned char *at = bytes;
	const unsigned char *end = at + size;
	const unsigned char *plain = at; /* what can be copied as a whole */
	bool differs = false;

	while (at < end) {
		uint32_t character;
		size_t length = aa_utf8_decode(at, (size_t)(end - at), &character);

		if (aa_utf8_is_printable(character) && (character != '\\' || keep_backslash)) {
			at += length;
			continue;
		}
		aa_text_add(buffer, plain, (size_t)(at - plain));
		add_escape(buffer, at, length, character);
		differs = true;
		at += length;
		plain = at;
	}
	if (end != plain || size == 0)
		aa_text_add(buffer, size ? plain : (const void *)"", (size_t)(end - plain));
	return differs;
}

bool aa_text_escape(struct aa_text_buffer *buffer, const void *bytes, size_t size)
{
	return escape(buffer, bytes, size, false);
}

bool aa_text_sanitize(struct aa_text_buffer *buffer, const void *bytes, size_t size)
{
	return escape(buffer, bytes, size, true);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* \u{HEX}: text is just behind the u. Returns the bytes used, or -EINVAL. */
static int unescape_character(struct aa_text_buffer *buffer, const char *text, size_t size)
{
	uint32_t character = 0;
	unsigned char bytes[4];
	size_t i = 1;

	if (size < 3 || text[0] != '{')
		return -EINVAL;
	for (; i < size && text[i] != '}'; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0 || i > 6)
			return -EINVAL;
		character = character << 4 | (uint32_t)digit;
	}
	if (i == 1 || i == size || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
		return -EINVAL;
	aa_text_add(buffer, bytes, aa_utf8_encode(character, bytes));
	return (int)i + 1;
}

int aa_text_unescape(struct aa_text_buffer *buffer, const char *text, size_t size)
{
	size_t i = 0;

	while (i < size) {
		const char *backslash = memchr(text + i, '\\', size - i);
		size_t plain = backslash ? (size_t)(backslash - (text + i)) : size - i;
		int used, high, low;
		char byte;

		aa_text_add(buffer, text + i, plain);
		i += plain;
		if (!backslash)
			break;
		if (++i == size)
			return -EINVAL;
		switch (text[i++]) {
		case '\\':
			aa_text_add(buffer, "\\", 1);
			break;
		case 'n':
			aa_text_add(buffer, "\n", 1);
			break;
		case 't':
			aa_text_add(buffer, "\t", 1);
			break;
		case 'r':
			aa_text_add(buffer, "\r", 1);
			break;
		case 'x':
			high = size - i < 2 ? -1 : hex_digit(text[i]);
			low = high < 0 ? -1 : hex_digit(text[i + 1]);
			if (low < 0)
				return -EINVAL;
			byte = (char)(high * 16 + low);
			aa_text_add(buffer, &byte, 1);
			i += 2;
			break;
		case 'u':
			used = unescape_character(buffer, text + i, size - i);
			if (used < 0)
				return used;
			i += (size_t)used;
			break;
		default:
			return -EINVAL;
		}
	}
	return 0;
}
