/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/body.h"

#include <string.h>
#include <strings.h>

#include "replay/pretty.h"
#include "utf8.h"

static size_t type_length(const char *type, size_t size)
{
	size_t length = 0;

	while (length < size && type[length] != ';' && type[length] != ' ' && type[length] != '\t' &&
	       type[length] != ',')
		length++;
	return length;
}

bool aa_body_has_type(const char *type, size_t type_size, const char *wanted)
{
	size_t length = type_length(type, type_size);

	return length == strlen(wanted) && strncasecmp(type, wanted, length) == 0;
}

static bool ends_with(const char *type, size_t length, const char *end)
{
	size_t wanted = strlen(end);

	return length >= wanted && strncasecmp(type + length - wanted, end, wanted) == 0;
}

bool aa_body_is_text(const char *bytes, size_t size)
{
	while (size > 0) {
		uint32_t character;
		size_t length = aa_utf8_decode((const unsigned char *)bytes, size, &character);

		if (character == AA_UTF8_INVALID)
			return size < 4 && (unsigned char)*bytes >= 0xc2;
		if (character < 0x20 && (character == 0 || !strchr("\a\b\t\n\v\f\r\x1b", (int)character)))
			return false;
		bytes += length;
		size -= length;
	}
	return true;
}

static bool may_be_json(const char *type, size_t size, const char *bytes, size_t body_size)
{
	static const char *const types[] = { "application/json", "text/json", "application/x-ndjson",
					     "application/jsonl" };
	size_t length = type_length(type, size);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (aa_body_has_type(type, size, types[i]))
			return true;
	if (ends_with(type, length, "+json"))
		return true;
	return length == 0 && body_size > 0 && (*bytes == '{' || *bytes == '[');
}

enum aa_body_form aa_body_show(struct aa_text_buffer *out, const char *type, size_t type_size,
			       const char *bytes, size_t size, bool cut)
{
	if (!aa_body_is_text(bytes, size))
		return AA_BODY_BINARY;
	if (!cut && may_be_json(type, type_size, bytes, size) && aa_pretty_json(out, bytes, size))
		return AA_BODY_JSON;
	aa_text_add(out, bytes, size);
	return AA_BODY_TEXT;
}
