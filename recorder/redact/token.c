/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of known shapes: how far one goes, and whether it is one. */
#include <string.h>

#include "search.h"

#define JWT_HEADER_MAX 2048 /* without a dot: other base64 of JSON, maybe a large one */
#define PORT_DIGITS    5    /* http://host:65535 */
#define EXTEND_MAX     24   /* a longer prefix may begin with this one: sk-, sk-ant- */

static void use_shape(struct aa_searcher *searcher, const struct aa_shape *shape)
{
	searcher->shape = shape;
	searcher->body = 0;
	searcher->segment = 0;
	searcher->dots = searcher->dashes = 0;
	searcher->digit = searcher->second = false;
	searcher->inner_shape = NULL;
	searcher->secret.what = shape->what;
}

void aa_search_begin_token(struct aa_searcher *searcher, struct aa_pass *pass, const struct aa_shape *shape,
			   size_t at)
{
	searcher->mode = AA_SEARCH_TOKEN;
	aa_secret_begin(searcher, pass, shape->what, at, shape->prefix,
			shape->apart ? 0 : strlen(shape->prefix));
	use_shape(searcher, shape);
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* Whether the bytes so far, body of them, are a token if they end here. */
static bool matches(const struct aa_searcher *searcher, size_t body, bool closed)
{
	const struct aa_shape *shape = searcher->shape;

	if (body < shape->min || (shape->max && body > shape->max) || (shape->digit && !searcher->digit))
		return false;
	if (shape->form == AA_FORM_URL)
		return closed;
	if (shape->form == AA_FORM_JWT)
		return (searcher->dots == 2 && searcher->second) || searcher->dots == 4;
	return true;
}

/*
 * The token ends before bytes[at]; closed: by the byte that its form demands. If it is none, what is behind its prefix is
 * searched again; but what was cut by the end of a piece is replaced already, and so is the rest.
 */
size_t aa_search_end_token(struct aa_searcher *searcher, struct aa_pass *pass, size_t at, bool closed)
{
	size_t end = at - pass->tail;
	size_t body = searcher->body + (end - pass->from);
	const char *prefix = searcher->shape->prefix;
	size_t from = pass->from;
	bool whole;

	if (searcher->shape->form == AA_FORM_PLAIN)
		while (end > pass->from && pass->bytes[end - 1] == '.') {
			end--;
			body--;
		}
	whole = matches(searcher, body, closed);
	if (whole || searcher->secret.cut) {
		aa_secret_end(searcher, pass, end, whole);
		searcher->mode = AA_SEARCH_IDLE;
		return at;
	}
	searcher->secret.open = false;
	if (searcher->shape->form == AA_FORM_JWT) {
		searcher->mode = AA_SEARCH_IDLE;
		return at;
	}
	aa_search_to_idle(searcher, *prefix ? (uint8_t)prefix[strlen(prefix) - 1] : ':');
	pass->tail = 0;
	return from;
}

/*
 * A prefix that begins with the one that was found: the rest of it is no secret either. Returns whether bytes[at] may
 * belong to one.
 */
static bool extend(struct aa_searcher *searcher, struct aa_pass *pass, size_t at, size_t body)
{
	const struct aa_automaton *tokens = &searcher->redactor->tokens;
	unsigned state = aa_automaton_step(tokens, searcher->tokens, pass->bytes[at]);
	const struct aa_shape *shape;

	if (tokens->depth[state] != strlen(searcher->shape->prefix) + body + 1)
		return false;
	if (!tokens->hit[state])
		return true;
	shape = aa_rule_shape(tokens->hit[state]);
	if (searcher->secret.cut) {
		aa_secret_hash(searcher, pass->bytes + pass->from, at + 1 - pass->from);
	} else {
		searcher->secret.prefix = shape->prefix;
		searcher->secret.prefix_size = (uint8_t)strlen(shape->prefix);
	}
	pass->from = at + 1;
	use_shape(searcher, shape);
	return true;
}

/* Whether a JWT may go on with this byte. */
static bool jwt_goes_on(struct aa_searcher *searcher, uint8_t byte)
{
	static const char payload[] = "ey";

	if (byte == '.') {
		searcher->dots++;
		searcher->segment = 0;
		return searcher->dots <= 4;
	}
	if (searcher->dots == 1 && searcher->segment < 2) {
		searcher->second = byte == (uint8_t)payload[searcher->segment] &&
				   (searcher->segment == 0 || searcher->second);
	}
	if (searcher->segment < UINT16_MAX)
		searcher->segment++;
	return searcher->dots > 0 || searcher->segment <= JWT_HEADER_MAX;
}

/* Whether the token goes on with bytes[at], the body-th behind its prefix. */
static bool goes_on(struct aa_searcher *searcher, struct aa_pass *pass, size_t at, size_t body)
{
	const struct aa_shape *shape = searcher->shape;
	uint8_t byte = pass->bytes[at];

	if (!(aa_chars[byte] & shape->charset))
		return false;
	if (body < shape->run && !(aa_chars[byte] & AA_CHAR_ALNUM))
		return false;
	if (shape->max && body > shape->max && !searcher->secret.cut)
		return false; /* one more than it may have: it is none */
	if (is_digit(byte))
		searcher->digit = true;
	if (shape->form == AA_FORM_JWT)
		return jwt_goes_on(searcher, byte);
	if (shape->form == AA_FORM_PEM) {
		searcher->dashes = byte == '-' ? (uint8_t)(searcher->dashes + 1) : 0;
		pass->tail = searcher->dashes ? pass->tail + 1 : 0;
		return searcher->dashes < 5;
	}
	if (shape->form == AA_FORM_URL) /* a port, until there is more */
		pass->tail = body < PORT_DIGITS && is_digit(byte) && pass->tail + searcher->tail_size == body
				     ? pass->tail + 1
				     : 0;
	return true;
}

/*
 * What was cut by the end of a piece, and so is replaced to its end, may be no token: then a header, or the prefix of a
 * token, in it begins a secret that goes on beyond it.
 */
static bool gives_way(const struct aa_searcher *searcher, uint8_t byte)
{
	return searcher->secret.cut && searcher->name && byte == ':';
}

static void note_inner(struct aa_searcher *searcher, uint8_t byte)
{
	const struct aa_shape *shape = aa_search_hit(searcher);

	if (shape)
		searcher->inner_shape = shape;
	else if (searcher->inner_shape && !(aa_chars[byte] & searcher->inner_shape->charset))
		searcher->inner_shape = NULL;
}

/* Whether another goes on with bytes[at], where this one ends. */
static bool goes_on_inside(struct aa_searcher *searcher, struct aa_pass *pass, size_t at)
{
	const struct aa_shape *shape = searcher->secret.cut ? searcher->inner_shape : NULL;

	if (!shape || !(aa_chars[pass->bytes[at]] & shape->charset))
		return false;
	aa_secret_end(searcher, pass, at - pass->tail, false);
	aa_search_begin_token(searcher, pass, shape, at);
	searcher->body = shape->run;
	searcher->secret.cut = true;
	searcher->secret.broken = true;
	return true;
}

size_t aa_search_token(struct aa_searcher *searcher, struct aa_pass *pass, size_t at)
{
	for (; at < pass->size; at++) {
		size_t body = searcher->body + (at - pass->from);
		const struct aa_shape *shape = searcher->shape;

		if (gives_way(searcher, pass->bytes[at]))
			return aa_search_end_token(searcher, pass, at, false);
		if (shape->form == AA_FORM_PLAIN && body < EXTEND_MAX && extend(searcher, pass, at, body)) {
			aa_search_note(searcher, pass->bytes[at]);
			continue;
		}
		if (!goes_on(searcher, pass, at, body)) {
			bool closed = shape->form == AA_FORM_URL && pass->bytes[at] == '@';

			if (shape->form == AA_FORM_PEM && searcher->dashes == 5) {
				aa_search_note(searcher, pass->bytes[at]);
				return aa_search_end_token(searcher, pass, at + 1, true);
			}
			if (closed)
				pass->tail = 0;
			else if (goes_on_inside(searcher, pass, at))
				return at;
			return aa_search_end_token(searcher, pass, at, closed);
		}
		aa_search_note(searcher, pass->bytes[at]);
		if (searcher->secret.cut)
			note_inner(searcher, pass->bytes[at]);
	}
	return at;
}
