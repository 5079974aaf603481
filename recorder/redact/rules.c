/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a session: built-in headers and those that were asked for, in one automaton. */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "automaton.h"
#include "memory.h"
#include "shapes.h"

#define MAX_NAME 60 /* bytes; the searcher remembers 64 before a match */

static bool is_name(const char *name)
{
	size_t size = strlen(name);

	/* token of RFC 9110, 5.6.2 */
	return size > 0 && size <= MAX_NAME &&
	       strspn(name,
		      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
		       size;
}

static void lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text + ('a' - 'A'));
}

/* Names that were given, behind the built-in ones. */
static int add_headers(struct aa_redactor *redactor, char *const *headers, struct aa_error *error)
{
	size_t count = 0, bytes = 1;
	char *at;

	for (; headers && headers[count]; count++) {
		if (!is_name(headers[count]))
			return aa_error_set(
				error, -EINVAL,
				"cannot redact a header: a name of 1 to %d letters, digits and '-' is needed",
				MAX_NAME);
		bytes += strlen(headers[count]) + 1;
	}
	redactor->headers = calloc(aa_header_count + count, sizeof(struct aa_header_rule));
	redactor->extra = calloc(1, bytes);
	if (!redactor->headers || !redactor->extra)
		return aa_error_set(error, -ENOMEM, "out of memory");
	memcpy(redactor->headers, aa_headers, aa_header_count * sizeof(struct aa_header_rule));
	redactor->header_count = aa_header_count;
	at = redactor->extra;
	for (size_t i = 0; i < count; i++) {
		memcpy(at, headers[i], strlen(headers[i]) + 1);
		lower(at);
		redactor->headers[redactor->header_count++] = (struct aa_header_rule){ .name = at };
		at += strlen(at) + 1;
	}
	return 0;
}

static const char *header_pattern(const void *context, size_t i)
{
	const struct aa_redactor *redactor = context;

	return redactor->headers[i].name;
}

static const char *shape_pattern(const void *context, size_t i)
{
	const struct aa_shape *shapes = context;

	return shapes[i].prefix;
}

static void find_dull(struct aa_redactor *redactor)
{
	for (unsigned byte = 0; byte < 256; byte++)
		redactor->dull[byte] = !(aa_chars[byte] & (AA_CHAR_WORD | AA_CHAR_ALNUM)) &&
				       !strchr("\\%\"'`/:\r\n", (int)byte) &&
				       !aa_automaton_step(&redactor->names, 0, (uint8_t)byte) &&
				       !aa_automaton_step(&redactor->tokens, 0, (uint8_t)byte);
	redactor->dull[0] = true; /* strchr() found the end of the string */
}

static void freep(struct aa_redactor **redactor)
{
	aa_redactor_free(*redactor);
}

int aa_redactor_new(const uint8_t *key, char *const *headers, struct aa_redactor **ret_redactor,
		    struct aa_error *error)
{
	aa_cleanup(freep) struct aa_redactor *redactor = calloc(1, sizeof(*redactor));
	int r;

	if (!redactor)
		return aa_error_set(error, -ENOMEM, "out of memory");
	hmac_sha256_set_key(&redactor->hmac, AA_REDACT_KEY_SIZE, key);
	r = add_headers(redactor, headers, error);
	if (r < 0)
		return r;
	r = aa_automaton_build(&redactor->names, header_pattern, redactor, redactor->header_count, true);
	if (r == 0)
		r = aa_automaton_build(&redactor->tokens, shape_pattern, aa_shapes, aa_shape_count, false);
	if (r == -E2BIG)
		return aa_error_set(error, -EINVAL, "cannot redact so many headers");
	if (r < 0)
		return aa_error_set(error, r, "out of memory");
	find_dull(redactor);
	*ret_redactor = AA_STEAL(redactor);
	return 0;
}

void aa_redactor_free(struct aa_redactor *redactor)
{
	if (!redactor)
		return;
	aa_automaton_release(&redactor->names);
	aa_automaton_release(&redactor->tokens);
	free(redactor->headers);
	free(redactor->extra);
	explicit_bzero(redactor, sizeof(*redactor)); /* the key */
	free(redactor);
}

const struct aa_header_rule *aa_rule_header(const struct aa_redactor *redactor, unsigned pattern)
{
	return &redactor->headers[pattern - 1];
}

const struct aa_shape *aa_rule_shape(unsigned pattern)
{
	return &aa_shapes[pattern - 1];
}

const struct aa_header_rule *aa_rule_find(const struct aa_redactor *redactor, const void *name, size_t size)
{
	for (size_t i = 0; i < redactor->header_count; i++)
		if (strlen(redactor->headers[i].name) == size &&
		    strncasecmp(redactor->headers[i].name, name, size) == 0)
			return &redactor->headers[i];
	return NULL;
}

bool aa_rule_scheme(const char *bytes, size_t size, bool *ret_is_whole)
{
	bool begins = false;

	*ret_is_whole = false;
	for (const char *const *scheme = aa_schemes; *scheme; scheme++) {
		size_t length = strlen(*scheme);

		if (size > length || strncasecmp(*scheme, bytes, size) != 0)
			continue;
		begins = true;
		if (size == length)
			*ret_is_whole = true;
	}
	return begins;
}
