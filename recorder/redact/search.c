/* SPDX-License-Identifier: Apache-2.0 */
/* see search.h: where nothing is found yet, and the parts put together. */
#include "search.h"

#include <string.h>

void aa_searcher_init(struct aa_searcher *searcher, const struct aa_redactor *redactor)
{
	memset(searcher, 0, sizeof(*searcher));
	searcher->redactor = redactor;
	searcher->lead = true;
	searcher->last[0] = '\n';
}

void aa_search_to_idle(struct aa_searcher *searcher, uint8_t last)
{
	searcher->mode = AA_SEARCH_IDLE;
	searcher->names = 0;
	searcher->tokens = 0;
	searcher->name = 0;
	searcher->history = (aa_chars[last] & AA_CHAR_ALNUM) != 0;
	searcher->last[1] = 0;
	searcher->last[0] = last;
	searcher->backslashes = 0;
	searcher->escape = 0;
	searcher->in_name = false;
	searcher->lead = last == '\n' || last == '\r';
}

/*
 * Whether the byte is part of a word: letters of an escape are not, so a word may begin right behind "\n" in JSON, "\u003d",
 * or "%3D" in a URL.
 */
static bool is_word(struct aa_searcher *searcher, uint8_t byte)
{
	bool hex;

	if (byte == '%') {
		searcher->escape = 2;
		return false;
	}
	if (!(aa_chars[byte] & AA_CHAR_ALNUM)) {
		searcher->escape = 0;
		return false;
	}
	if (searcher->backslashes) {
		if (byte == 'u' || byte == 'x')
			searcher->escape = byte == 'u' ? 4 : 2;
		return strchr("nrtbfvux0e", byte) == NULL;
	}
	hex = byte <= '9' || (byte | 0x20) <= 'f';
	if (searcher->escape && hex) {
		searcher->escape--;
		return false;
	}
	searcher->escape = 0;
	return true;
}

/* A name may begin with this byte: what is before it says how a value would end. */
static void begin_name(struct aa_searcher *searcher)
{
	uint8_t before = searcher->last[0];
	bool is_quote = before == '"' || before == '\'' || before == '`';

	searcher->quote = is_quote ? before : 0;
	searcher->begins_line = searcher->lead;
	searcher->begins = before == '\n' || before == '\r';
}

/* A pattern ends with the last byte, and its first byte begins a word. */
static bool starts_word(const struct aa_searcher *searcher, size_t size)
{
	return size > 63 || !(searcher->history >> size & 1);
}

const struct aa_shape *aa_search_hit(const struct aa_searcher *searcher)
{
	const struct aa_automaton *tokens = &searcher->redactor->tokens;

	for (unsigned state = searcher->tokens; state; state = tokens->also[state]) {
		const struct aa_shape *shape;

		if (!tokens->hit[state])
			continue;
		shape = aa_rule_shape(tokens->hit[state]);
		if (starts_word(searcher, strlen(shape->prefix)))
			return shape;
	}
	return NULL;
}

static uint16_t hit_name(const struct aa_searcher *searcher)
{
	const struct aa_automaton *names = &searcher->redactor->names;

	for (unsigned state = searcher->names; state; state = names->also[state])
		if (names->hit[state] &&
		    starts_word(searcher,
				strlen(aa_rule_header(searcher->redactor, names->hit[state])->name)))
			return names->hit[state];
	return 0;
}

static bool separates(uint8_t byte)
{
	return byte == ':' || byte == '"' || byte == '\'' || byte == '`' || byte == ' ' || byte == '\t' ||
	       byte == '\\';
}

static void note_url(struct aa_searcher *searcher, uint8_t byte)
{
	if (byte == '/' && searcher->last[0] == '/' && searcher->last[1] == ':')
		searcher->url = 1;
	else if (searcher->url && (!(aa_chars[byte] & AA_CHAR_USER) || searcher->url > 256))
		searcher->url = 0;
	else if (searcher->url)
		searcher->url++;
}

/* The byte becomes the one before the next. */
static void note(struct aa_searcher *searcher, uint8_t byte)
{
	bool line_end = byte == '\n' || byte == '\r';
	bool word = is_word(searcher, byte);
	bool names = word || (aa_chars[byte] & AA_CHAR_WORD && !(aa_chars[byte] & AA_CHAR_ALNUM));

	if (names && !searcher->in_name)
		begin_name(searcher);
	searcher->in_name = names;
	searcher->history = searcher->history << 1 | word;
	if (byte == '\\') {
		if (searcher->backslashes < UINT16_MAX)
			searcher->backslashes++;
	} else {
		if (byte == '"' || byte == '\'' || byte == '`')
			searcher->depth = searcher->backslashes;
		searcher->backslashes = 0;
	}
	searcher->lead = line_end || (searcher->lead && aa_chars[byte] & AA_CHAR_LEAD);
	note_url(searcher, byte);
	searcher->last[1] = searcher->last[0];
	searcher->last[0] = byte;
}

/* In the middle of a word nothing begins. */
static size_t skip_word(struct aa_searcher *searcher, const struct aa_pass *pass, size_t at)
{
	size_t begin = at;

	while (at < pass->size && aa_chars[pass->bytes[at]] & AA_CHAR_ALNUM)
		at++;
	if (at > begin) {
		searcher->history = UINT64_MAX;
		searcher->last[1] = at - begin > 1 ? pass->bytes[at - 2] : searcher->last[0];
		searcher->last[0] = pass->bytes[at - 1];
		if (searcher->url)
			searcher->url = (uint16_t)(at - begin > 256 ? 0 : searcher->url + (at - begin));
	}
	return at;
}

/* As note() of each of them; in the userinfo of a URL, and where a line begins, there is more to it. */
static size_t skip_dull(struct aa_searcher *searcher, const struct aa_pass *pass, size_t at)
{
	const bool *dull = searcher->redactor->dull;
	size_t begin = at;

	while (at < pass->size && dull[pass->bytes[at]])
		at++;
	if (at == begin)
		return at;
	searcher->history = 0;
	searcher->in_name = false;
	searcher->backslashes = 0;
	searcher->escape = 0;
	searcher->last[1] = at - begin > 1 ? pass->bytes[at - 2] : searcher->last[0];
	searcher->last[0] = pass->bytes[at - 1];
	return at;
}

/* The next state; one that began within a word leads to nothing. */
static uint16_t step(const struct aa_searcher *searcher, const struct aa_automaton *automaton, unsigned state,
		     uint8_t byte)
{
	state = aa_automaton_step(automaton, state, byte);
	while (state && !starts_word(searcher, automaton->depth[state]))
		state = automaton->fail[state];
	return (uint16_t)state;
}

void aa_search_note(struct aa_searcher *searcher, uint8_t byte)
{
	const struct aa_redactor *redactor = searcher->redactor;

	note(searcher, byte);
	searcher->names = step(searcher, &redactor->names, searcher->names, byte);
	searcher->tokens = step(searcher, &redactor->tokens, searcher->tokens, byte);
	searcher->name = 0;
	if (redactor->names.hit[searcher->names] || redactor->names.also[searcher->names])
		searcher->name = hit_name(searcher);
}

size_t aa_search_idle(struct aa_searcher *searcher, struct aa_pass *pass, size_t at)
{
	const struct aa_redactor *redactor = searcher->redactor;

	while (at < pass->size) {
		const struct aa_shape *shape;
		uint8_t byte = pass->bytes[at];

		if (searcher->name && separates(byte)) {
			searcher->mode = AA_SEARCH_SEPARATOR;
			searcher->rule = aa_rule_header(redactor, searcher->name);
			searcher->closed = searcher->colon = searcher->letter = false;
			searcher->pair = 0;
			return at;
		}
		searcher->name = 0;
		if (!searcher->names && !searcher->tokens && !searcher->escape && searcher->history & 1) {
			at = skip_word(searcher, pass, at);
			if (at == pass->size)
				break;
			byte = pass->bytes[at];
		}
		if (redactor->dull[byte] && !searcher->names && !searcher->tokens && !searcher->url &&
		    !searcher->lead) {
			at = skip_dull(searcher, pass, at);
			continue;
		}
		if (byte == ':' && searcher->url) {
			note(searcher, byte);
			searcher->url = 0;
			aa_search_begin_token(searcher, pass, &aa_shape_url, at + 1);
			return at + 1;
		}
		aa_search_note(searcher, byte);
		at++;
		if (!redactor->tokens.hit[searcher->tokens] && !redactor->tokens.also[searcher->tokens])
			continue;
		shape = aa_search_hit(searcher);
		if (shape) {
			aa_search_begin_token(searcher, pass, shape, at);
			return at;
		}
	}
	return at;
}

static void settle(struct aa_searcher *searcher, struct aa_pass *pass)
{
	if (pass->last && searcher->secret.open)
		aa_secret_end(searcher, pass, pass->size - pass->tail, true);
	else if (searcher->secret.open)
		aa_secret_cut(searcher, pass);
	if (searcher->mode == AA_SEARCH_TOKEN)
		searcher->body += (uint32_t)(pass->size - pass->from);
	searcher->head_before = searcher->head_size;
}

int aa_search(struct aa_searcher *searcher, struct aa_pass *pass)
{
	size_t at = 0;

	pass->from = 0;
	pass->tail = 0;
	while (pass->error == 0) {
		if (at >= pass->size) {
			/* What looked like a token may be none, and then others may be in it. */
			if (!pass->last || searcher->mode != AA_SEARCH_TOKEN)
				break;
			at = aa_search_end_token(searcher, pass, at, false);
			continue;
		}
		switch (searcher->mode) {
		case AA_SEARCH_SEPARATOR:
			at = aa_search_separator(searcher, pass, at);
			break;
		case AA_SEARCH_VALUE:
			at = aa_search_value_bytes(searcher, pass, at);
			break;
		case AA_SEARCH_FOLD:
			at = aa_search_fold(searcher, pass, at);
			break;
		case AA_SEARCH_TOKEN:
			at = aa_search_token(searcher, pass, at);
			break;
		default:
			at = aa_search_idle(searcher, pass, at);
		}
	}
	settle(searcher, pass);
	return pass->error;
}

/*
 * A secret goes on behind the hole, as far as anybody can tell: the rest of it is replaced, but its fingerprint is not
 * known. Anything else begins anew, in the middle of a line.
 */
void aa_search_skip(struct aa_searcher *searcher)
{
	if (searcher->secret.open) {
		searcher->secret.broken = true;
		searcher->secret.cut = true;
		return;
	}
	if (searcher->mode == AA_SEARCH_VALUE &&
	    (searcher->state == AA_VALUE_NAME || searcher->state == AA_VALUE_NEXT_NAME))
		searcher->state = AA_VALUE_COOKIE;
	else if (searcher->mode == AA_SEARCH_VALUE && searcher->state < AA_VALUE_SECRET)
		searcher->state = AA_VALUE_SECRET;
	else if (searcher->mode != AA_SEARCH_VALUE)
		aa_search_to_idle(searcher, 0);
	searcher->url = 0;
}
