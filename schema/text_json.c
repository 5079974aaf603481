/* SPDX-License-Identifier: Apache-2.0 */
/* JSON strings from any bytes; see text.h. */
#include "text.h"

#include <stdint.h>

#include "utf8.h"

/* Most text is plain ASCII: how much of it can be taken as it is. */
static size_t plain_run(const char *bytes, size_t size)
{
	size_t i = 0;

	while (i < size && bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\\' && bytes[i] != '"')
		i++;
	return i;
}

static void add_json_character(struct aa_text_buffer *out, const char *bytes, size_t length,
			       uint32_t character)
{
	switch (character) {
	case '"':
	case '\\':
		aa_text_add(out, "\\", 1);
		aa_text_add(out, bytes, 1);
		break;
	case '\n':
		aa_text_add_string(out, "\\n");
		break;
	case '\t':
		aa_text_add_string(out, "\\t");
		break;
	case '\r':
		aa_text_add_string(out, "\\r");
		break;
	case AA_UTF8_INVALID:
		aa_text_printf(out, "\\\\x%02X", (unsigned char)bytes[0]);
		break;
	default:
		if (aa_utf8_is_printable(character))
			aa_text_add(out, bytes, length);
		else if (character < 0x10000)
			aa_text_printf(out, "\\u%04x", (unsigned)character);
		else
			aa_text_printf(out, "\\u%04x\\u%04x",
				       (unsigned)(0xd800 + ((character - 0x10000) >> 10)),
				       (unsigned)(0xdc00 + ((character - 0x10000) & 0x3ff)));
		break;
	}
}

void aa_text_json(struct aa_text_buffer *out, const char *bytes, size_t size)
{
	aa_text_add(out, "\"", 1);
	while (size > 0) {
		size_t length = plain_run(bytes, size);
		uint32_t character;

		if (length > 0) {
			aa_text_add(out, bytes, length);
		} else {
			length = aa_utf8_decode((const unsigned char *)bytes, size, &character);
			add_json_character(out, bytes, length, character);
		}
		bytes += length;
		size -= length;
	}
	aa_text_add(out, "\"", 1);
}
