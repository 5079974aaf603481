/* SPDX-License-Identifier: Apache-2.0 */
/* The quoted form: shell words that bash turns back into the exact bytes. */
#include <string.h>

#include "text.h"
#include "utf8.h"

enum form {
	FORM_PLAIN,  /* word */
	FORM_SINGLE, /* 'w o r d' */
	FORM_ESCAPE, /* $'wo\nrd' */
};

/* What bash takes literally wherever in a word it stands. A tilde, a brace or a # do not belong here. */
static bool is_plain(uint32_t character)
{
	return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
	       (character >= '0' && character <= '9') ||
	       (character && character < 0x80 && strchr("_@%+=:,./-", (int)character));
}

static enum form choose(const unsigned char *at, size_t size)
{
	const unsigned char *end = at + size;
	enum form form = size ? FORM_PLAIN : FORM_SINGLE;

	while (at < end) {
		uint32_t character;

		at += aa_utf8_decode(at, (size_t)(end - at), &character);
		if (is_plain(character))
			continue;
		if (character == '\'' || !aa_utf8_is_printable(character))
			return FORM_ESCAPE;
		form = FORM_SINGLE;
	}
	return form;
}

static void add_escaped(struct aa_text_buffer *buffer, const unsigned char *at, size_t size)
{
	const unsigned char *end = at + size;

	aa_text_add_string(buffer, "$'");
	while (at < end) {
		uint32_t character;
		size_t length = aa_utf8_decode(at, (size_t)(end - at), &character);

		if (character == '\n')
			aa_text_add_string(buffer, "\\n");
		else if (character == '\t')
			aa_text_add_string(buffer, "\\t");
		else if (character == '\r')
			aa_text_add_string(buffer, "\\r");
		else if (character == '\'' || character == '\\')
			aa_text_printf(buffer, "\\%c", (int)character);
		else if (character != '!' && aa_utf8_is_printable(character))
			aa_text_add(buffer, at, length);
		else /* "!" too: an interactive bash looks for it before it understands \' */
			for (size_t i = 0; i < length; i++)
				aa_text_printf(buffer, "\\x%02X", at[i]);
		at += length;
	}
	aa_text_add_string(buffer, "'");
}

static bool quote(struct aa_text_buffer *buffer, const void *bytes, size_t size, bool never_plain)
{
	enum form form = choose(bytes, size);

	if (form == FORM_ESCAPE) {
		add_escaped(buffer, bytes, size);
	} else if (form == FORM_SINGLE || never_plain) {
		aa_text_add_string(buffer, "'");
		aa_text_add(buffer, bytes, size);
		aa_text_add_string(buffer, "'");
	} else {
		aa_text_add(buffer, bytes, size);
		return false;
	}
	return true;
}

bool aa_text_quote(struct aa_text_buffer *buffer, const void *bytes, size_t size)
{
	return quote(buffer, bytes, size, false);
}

/* As a first word, bash would take it for an assignment or for its own grammar. */
static bool is_special_first_word(const char *word, size_t size)
{
	static const char *const reserved[] = {
		"case",	    "coproc", "do", "done",   "elif", "else", "esac",  "fi",	"for",
		"function", "if",     "in", "select", "then", "time", "until", "while",
	};

	if (memchr(word, '=', size))
		return true;
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strlen(reserved[i]) == size && memcmp(reserved[i], word, size) == 0)
			return true;
	return false;
}

bool aa_text_quote_args(struct aa_text_buffer *buffer, const void *args, size_t size)
{
	const char *at = args;
	const char *end = at + size;
	bool differs = false;

	if (size == 0)
		aa_text_add(buffer, "", 0);
	while (at < end) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));
		size_t length = (size_t)((nul ? nul : end) - at);
		bool first = at == (const char *)args;

		if (!first)
			aa_text_add(buffer, " ", 1);
		if (quote(buffer, at, length, first && is_special_first_word(at, length)))
			differs = true;
		at += length + (nul ? 1 : 0);
	}
	return differs;
}
