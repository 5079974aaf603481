/* SPDX-License-Identifier: Apache-2.0 */
/* Strict UTF-8 (RFC 3629), one character at a time, and which characters may reach a terminal. */
#ifndef AA_SCHEMA_UTF8_H
#define AA_SCHEMA_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AA_UTF8_INVALID UINT32_MAX

/*
 * Reads the character at bytes (size > 0). Returns its length, 1 to 4; *ret_character is AA_UTF8_INVALID, with
 * length 1, where the bytes are no character (overlong, surrogate, beyond U+10FFFF, cut off).
 */
size_t aa_utf8_decode(const unsigned char *bytes, size_t size, uint32_t *ret_character);

/* Writes up to 4 bytes. Returns how many. */
size_t aa_utf8_encode(uint32_t character, unsigned char *bytes);

/* False for control characters, what is invisible or reorders text, noncharacters, and AA_UTF8_INVALID. */
bool aa_utf8_is_printable(uint32_t character);

#endif
