/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8.h"

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

size_t aa_utf8_decode(const unsigned char *bytes, size_t size, uint32_t *ret_character)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = bytes[0];
	uint32_t character;
	size_t length;

	if (first < 0x80) {
		*ret_character = first;
		return 1;
	}
	if ((first & 0xe0) == 0xc0) {
		length = 2;
		character = first & 0x1fu;
	} else if ((first & 0xf0) == 0xe0) {
		length = 3;
		character = first & 0x0fu;
	} else if ((first & 0xf8) == 0xf0) {
		length = 4;
		character = first & 0x07u;
	} else {
		*ret_character = AA_UTF8_INVALID;
		return 1;
	}
	*ret_character = AA_UTF8_INVALID;
	if (size < length)
		return 1;
	for (size_t i = 1; i < length; i++) {
		if (!is_continuation(bytes[i]))
			return 1;
		character = character << 6 | (bytes[i] & 0x3fu);
	}
	if (character < smallest[length] || character > 0x10ffff ||
	    (character >= 0xd800 && character < 0xe000))
		return 1;
	*ret_character = character;
	return length;
}

size_t aa_utf8_encode(uint32_t character, unsigned char *bytes)
{
	if (character < 0x80) {
		bytes[0] = (unsigned char)character;
		return 1;
	}
	if (character < 0x800) {
		bytes[0] = (unsigned char)(0xc0 | character >> 6);
		bytes[1] = (unsigned char)(0x80 | (character & 0x3f));
		return 2;
	}
	if (character < 0x10000) {
		bytes[0] = (unsigned char)(0xe0 | character >> 12);
		bytes[1] = (unsigned char)(0x80 | (character >> 6 & 0x3f));
		bytes[2] = (unsigned char)(0x80 | (character & 0x3f));
		return 3;
	}
	bytes[0] = (unsigned char)(0xf0 | (character >> 18 & 0x07));
	bytes[1] = (unsigned char)(0x80 | (character >> 12 & 0x3f));
	bytes[2] = (unsigned char)(0x80 | (character >> 6 & 0x3f));
	bytes[3] = (unsigned char)(0x80 | (character & 0x3f));
	return 4;
}

bool aa_utf8_is_printable(uint32_t character)
{
	/*
	 * Default_Ignorable_Code_Point of Unicode 15 without the variation selectors that emoji need, the bidirectional
	 * controls (CVE-2021-42574), line and paragraph separators, interlinear annotation, and tags.
	 */
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x00, 0x1f },	      { 0x7f, 0x9f },	    { 0xad, 0xad },	  { 0x34f, 0x34f },
		{ 0x61c, 0x61c },     { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },	  { 0x180b, 0x180f },
		{ 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f },	  { 0x3164, 0x3164 },
		{ 0xfdd0, 0xfdef },   { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },	  { 0xfff0, 0xfffb },
		{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	};

	if (character >= 0x20 && character < 0x7f)
		return true;
	if (character > 0x10ffff || (character & 0xfffe) == 0xfffe)
		return false;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (character <= hidden[i].last)
			return character < hidden[i].first;
	}
	return true;
}
