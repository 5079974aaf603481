/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is a secret: headers that carry credentials, schemes of Authorization, shapes of tokens; and the automata that find
 * all of them in one pass (Aho and Corasick, 1975).
 */
#ifndef AA_REDACT_RULES_H
#define AA_REDACT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nettle/hmac.h>

#include "redact.h"

/* Classes of bytes. */
enum {
	AA_CHAR_ALNUM = 0x01,
	AA_CHAR_WORD = 0x02,  /* alphanumerics, '_' and '-': base64url */
	AA_CHAR_DOTS = 0x04,  /* those and '.' */
	AA_CHAR_BASE = 0x08,  /* token68 of RFC 9110: those and '~', '+', '/', '=' */
	AA_CHAR_UPPER = 0x10, /* base32: upper case and digits */
	AA_CHAR_PEM = 0x20,   /* RFC 7468 and the headers of RFC 1421, also with escaped line ends */
	AA_CHAR_USER = 0x40,  /* userinfo of a URL (RFC 3986), and what people write there */
	AA_CHAR_LEAD =
		0x80, /* what may stand before a header at the start of a line: "> Cookie: a=b" of curl -v */
};
extern const uint8_t *const aa_chars; /* 256 */

/* How the value of a header is a secret. */
enum aa_header_kind {
	AA_HEADER_WHOLE,
	AA_HEADER_FIELD, /* no header: a member of JSON, whose name is in quotes; elsewhere the word means nothing */
	AA_HEADER_SCHEME,     /* behind the scheme, if it is a known one */
	AA_HEADER_COOKIE,     /* each value behind '=' */
	AA_HEADER_SET_COOKIE, /* the same, without the attributes */
};

struct aa_header_rule {
	const char *name; /* lower case */
	enum aa_header_kind kind;
};

/* How a token ends, beside at the first byte that is not of its charset. */
enum aa_shape_form {
	AA_FORM_PLAIN,
	AA_FORM_JWT, /* two dots, and JSON behind the first one */
	AA_FORM_PEM, /* "-----END" */
	AA_FORM_URL, /* '@' */
};

struct aa_shape {
	const char *what;
	const char *prefix; /* no secret; stays */
	uint8_t charset;    /* AA_CHAR_* of what follows it */
	uint8_t run;	    /* of it so many alphanumerics first */
	uint16_t min;	    /* bytes that follow it */
	uint16_t max;	    /* 0: any number */
	bool digit;	    /* at least one of them is a digit: no word of a text */
	bool apart;	    /* the prefix is no part of the secret, as its owner knows it */
	enum aa_shape_form form;
};

extern const struct aa_shape aa_shape_url; /* its prefix is not in the automaton */

/* Words found in a stream. Patterns are numbered from 1. */
struct aa_automaton {
	uint8_t class_of[256]; /* 0: in no pattern */
	unsigned classes;
	unsigned states;
	uint16_t *next; /* [state * classes + class] */
	uint16_t *hit;	/* [state]: longest pattern that ends there */
	uint16_t *fail; /* [state]: the longest of its suffixes that is a state */
	uint8_t *depth; /* [state]: bytes of the pattern so far */
	uint16_t *also; /* [state]: the next state with a hit among its suffixes; 0: none */
};

struct aa_redactor {
	struct hmac_sha256_ctx hmac; /* with the key */
	struct aa_automaton names;
	struct aa_automaton tokens;
	bool dull[256]; /* bytes that begin nothing, and say nothing about what begins behind them */
	struct aa_header_rule *headers;
	size_t header_count;
	char *extra; /* names that were given */
};

const struct aa_header_rule *aa_rule_header(const struct aa_redactor *redactor, unsigned pattern);
const struct aa_shape *aa_rule_shape(unsigned pattern);

/* The rule for a header's name in any case, or NULL. */
const struct aa_header_rule *aa_rule_find(const struct aa_redactor *redactor, const void *name, size_t size);

/* Whether bytes begin a known scheme; is_whole: they are one. Any case. */
bool aa_rule_scheme(const char *bytes, size_t size, bool *ret_is_whole);
#define AA_SCHEME_MAX 24

static inline unsigned aa_automaton_step(const struct aa_automaton *automaton, unsigned state, uint8_t byte)
{
	return automaton->next[state * automaton->classes + automaton->class_of[byte]];
}

#endif
