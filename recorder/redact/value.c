/* SPDX-License-Identifier: Apache-2.0 */
/* Headers: from the end of a name that is known to the end of its value. */
#include <string.h>

#include "search.h"

static bool is_quote(uint8_t byte)
{
	return byte == '"' || byte == '\'' || byte == '`';
}

static bool is_space(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

static size_t give_up(struct aa_searcher *searcher, size_t at)
{
	uint8_t last = searcher->last[0];
	uint16_t backslashes = searcher->backslashes;

	aa_search_to_idle(searcher, last);
	searcher->backslashes = backslashes;
	return at;
}

static void begin_value(struct aa_searcher *searcher, enum aa_value_context context)
{
	static const enum aa_value_state first[] = {
		[AA_HEADER_WHOLE] = AA_VALUE_SECRET,	[AA_HEADER_FIELD] = AA_VALUE_SECRET,
		[AA_HEADER_SCHEME] = AA_VALUE_SCHEME,	[AA_HEADER_COOKIE] = AA_VALUE_NAME,
		[AA_HEADER_SET_COOKIE] = AA_VALUE_NAME,
	};

	searcher->mode = AA_SEARCH_VALUE;
	searcher->context = (uint8_t)context;
	searcher->state = (uint8_t)first[searcher->rule->kind];
	searcher->head_size = searcher->head_before = 0;
	searcher->equals = searcher->inner = false;
	searcher->backslashes = 0;
	searcher->secret.open = false;
}

/* The first byte of a value that is no space decides how it ends. */
static size_t choose_context(struct aa_searcher *searcher, size_t at, uint8_t byte)
{
	if (searcher->rule->kind == AA_HEADER_FIELD && !(searcher->closed && is_quote(byte)))
		return give_up(searcher, at);
	if (byte == '\r' || byte == '\n' || (searcher->backslashes && (byte == 'n' || byte == 'r'))) {
		if (searcher->begins && !searcher->quote && !searcher->backslashes) {
			begin_value(searcher, AA_VALUE_RAW);
			return at;
		}
		return give_up(searcher, at);
	}
	if (is_quote(byte) && (searcher->closed || !searcher->begins)) {
		searcher->quote = byte;
		searcher->depth = searcher->backslashes;
		begin_value(searcher, AA_VALUE_QUOTED);
		return at + 1;
	}
	if (searcher->closed)
		begin_value(searcher, AA_VALUE_BARE);
	else if (searcher->quote)
		begin_value(searcher, AA_VALUE_QUOTED);
	else
		begin_value(searcher, searcher->begins_line ? AA_VALUE_RAW : AA_VALUE_LINE);
	return at;
}

static bool continues_pair(struct aa_searcher *searcher, uint8_t byte)
{
	static const char value[] = "\"value\"";

	if (byte == '\\' || (is_space(byte) && (searcher->pair == 1 || searcher->pair == sizeof(value))))
		return true;
	if (searcher->pair < sizeof(value) && byte == (uint8_t)value[searcher->pair - 1]) {
		searcher->pair++;
		return true;
	}
	return false;
}

/* A byte between name and value. False: there is no value. */
static bool separates(struct aa_searcher *searcher, uint8_t byte)
{
	if (searcher->pair) {
		if (searcher->pair == sizeof("\"value\"") && byte == ':')
			return searcher->colon = true;
		return continues_pair(searcher, byte);
	}
	if (byte == ':' || (byte == '=' && searcher->closed))
		return searcher->colon = true;
	if (searcher->quote && byte == searcher->quote && !searcher->closed)
		return searcher->closed = true;
	if (byte == ',' && searcher->closed) {
		searcher->pair = 1;
		return true;
	}
	return is_space(byte) || byte == '\\' || (byte == ']' && searcher->closed);
}

static void note(struct aa_searcher *searcher, uint8_t byte)
{
	searcher->last[0] = byte;
	searcher->backslashes = byte == '\\' ? (uint16_t)(searcher->backslashes + 1) : 0;
}

/* What may stand between the colon and the quote: of a list, "=>", or the letter of f"..." and b"..." in Python. */
static bool opens_value(struct aa_searcher *searcher, uint8_t byte)
{
	if (!searcher->closed)
		return false;
	if (byte == '[' || byte == '(' || byte == '>')
		return true;
	if (searcher->letter || (byte != 'f' && byte != 'b' && byte != 'r'))
		return false;
	searcher->letter = true;
	return true;
}

size_t aa_search_separator(struct aa_searcher *searcher, struct aa_pass *pass, size_t at)
{
	for (; at < pass->size; at++) {
		uint8_t byte = pass->bytes[at];

		if (!searcher->colon) {
			if (!separates(searcher, byte))
				return give_up(searcher, at);
		} else if (!is_space(byte) && byte != '\\' && !opens_value(searcher, byte)) {
			return choose_context(searcher, at, byte);
		}
		note(searcher, byte);
	}
	return at;
}

/* Whether the value ends before this byte. */
static bool ends(struct aa_searcher *searcher, uint8_t byte)
{
	bool line_end = searcher->backslashes && (byte == 'n' || byte == 'r');

	switch (searcher->context) {
	case AA_VALUE_ALL:
		return false;
	case AA_VALUE_RAW:
		return byte == '\r' || byte == '\n';
	case AA_VALUE_QUOTED:
		return byte == '\r' || byte == '\n' ||
		       (byte == searcher->quote && searcher->backslashes <= searcher->depth) ||
		       (line_end && searcher->backslashes <= searcher->depth + 1u);
	case AA_VALUE_BARE:
		if (byte == ',' || byte == ']' || byte == '}' || byte == ')' || byte == ';')
			return true;
		break;
	default:
		break;
	}
	if (line_end || (byte < ' ' && byte != '\t') || byte == 0x7f)
		return true;
	if (!is_quote(byte))
		return false;
	/* A parameter, as Digest has them: response="..." */
	if (searcher->inner) {
		searcher->inner = false;
		return false;
	}
	searcher->inner = searcher->equals;
	return !searcher->inner;
}

static size_t end_value(struct aa_searcher *searcher, struct aa_pass *pass, size_t at)
{
	uint8_t byte = pass->bytes[at];
	uint16_t backslashes = searcher->backslashes;

	if (searcher->secret.open)
		aa_secret_end(searcher, pass, at - pass->tail, true);
	if (searcher->context == AA_VALUE_RAW && searcher->begins && (byte == '\r' || byte == '\n')) {
		searcher->mode = AA_SEARCH_FOLD;
		searcher->fold = 0;
		return at;
	}
	aa_search_to_idle(searcher, 0);
	searcher->backslashes = backslashes;
	return at;
}

/* head: bytes that went by as they might be a scheme. */
static void open_secret(struct aa_searcher *searcher, struct aa_pass *pass, size_t at, size_t head)
{
	aa_secret_begin(searcher, pass, searcher->rule->name, at, searcher->head, head);
	searcher->state = AA_VALUE_SECRET;
}

static void take_scheme(struct aa_searcher *searcher, struct aa_pass *pass, size_t at, uint8_t byte)
{
	size_t here = (size_t)(searcher->head_size - searcher->head_before);
	bool whole, begins;

	if (is_space(byte) && aa_rule_scheme(searcher->head, searcher->head_size, &whole) && whole) {
		searcher->state = AA_VALUE_GAP;
		return;
	}
	if (searcher->head_size < sizeof(searcher->head)) {
		searcher->head[searcher->head_size] = (char)byte;
		begins = aa_rule_scheme(searcher->head, searcher->head_size + 1u, &whole);
		if (begins) {
			searcher->head_size++;
			return;
		}
	}
	open_secret(searcher, pass, at - here, searcher->head_before);
}

static void take_secret(struct aa_searcher *searcher, struct aa_pass *pass, size_t at, uint8_t byte)
{
	if (!searcher->secret.open) {
		if (is_space(byte))
			return;
		aa_secret_begin(searcher, pass, searcher->rule->name, at, NULL, 0);
	}
	pass->tail = is_space(byte) || byte == '\\' ? pass->tail + 1 : 0;
}

/*
 * A cookie may have no name (a cookie-pair that is only a value, as browsers take it): in a header it is a secret until there
 * is a '='. Of a name that a piece ended in, the beginning is replaced already.
 */
static void take_name(struct aa_searcher *searcher, struct aa_pass *pass, size_t at, uint8_t byte)
{
	bool is_header = searcher->context == AA_VALUE_RAW || searcher->context == AA_VALUE_ALL;

	if (byte != '=' && byte != ';') {
		if (is_header)
			take_secret(searcher, pass, at, byte);
		return;
	}
	if (searcher->secret.open && byte == ';')
		aa_secret_end(searcher, pass, at - pass->tail, true);
	searcher->secret.open = false;
	searcher->tail_size = 0;
	pass->tail = 0;
	if (byte == '=')
		searcher->state = AA_VALUE_COOKIE;
	else if (searcher->rule->kind == AA_HEADER_SET_COOKIE)
		searcher->state = AA_VALUE_ATTRIBUTES;
}

static void take_byte(struct aa_searcher *searcher, struct aa_pass *pass, size_t at, uint8_t byte)
{
	bool sets = searcher->rule->kind == AA_HEADER_SET_COOKIE;

	switch (searcher->state) {
	case AA_VALUE_SCHEME:
		take_scheme(searcher, pass, at, byte);
		break;
	case AA_VALUE_GAP:
		if (!is_space(byte)) {
			open_secret(searcher, pass, at, 0);
			take_secret(searcher, pass, at, byte);
		}
		break;
	case AA_VALUE_NAME:
		take_name(searcher, pass, at, byte);
		break;
	case AA_VALUE_NEXT_NAME:
		if (byte == '=')
			searcher->state = AA_VALUE_COOKIE;
		else if (byte == ';')
			searcher->state = AA_VALUE_ATTRIBUTES;
		break;
	case AA_VALUE_COOKIE:
		if (byte != ';') {
			take_secret(searcher, pass, at, byte);
			break;
		}
		if (searcher->secret.open)
			aa_secret_end(searcher, pass, at - pass->tail, true);
		pass->tail = 0;
		searcher->state = sets ? AA_VALUE_ATTRIBUTES : AA_VALUE_NAME;
		break;
	case AA_VALUE_ATTRIBUTES: /* several in one: those of a log, or of RFC 2109 */
		if (byte == ',')
			searcher->state = AA_VALUE_NEXT_NAME;
		break;
	default:
		take_secret(searcher, pass, at, byte);
	}
}

size_t aa_search_value_bytes(struct aa_searcher *searcher, struct aa_pass *pass, size_t at)
{
	for (; at < pass->size; at++) {
		uint8_t byte = pass->bytes[at];

		if (ends(searcher, byte))
			return end_value(searcher, pass, at);
		take_byte(searcher, pass, at, byte);
		if (byte == '\\') {
			if (searcher->backslashes < UINT16_MAX)
				searcher->backslashes++;
		} else {
			searcher->backslashes = 0;
			searcher->equals = byte == '=';
		}
	}
	return at;
}

/* RFC 9112, 5.2: a line that begins with a space belongs to the header before it. */
size_t aa_search_fold(struct aa_searcher *searcher, struct aa_pass *pass, size_t at)
{
	for (; at < pass->size; at++) {
		uint8_t byte = pass->bytes[at];

		if (searcher->fold == 0 && byte == '\r') {
			searcher->fold = 1;
		} else if (searcher->fold < 2 && byte == '\n') {
			searcher->fold = 2;
		} else if (searcher->fold == 2 && is_space(byte)) {
			uint8_t state = searcher->state;

			begin_value(searcher, AA_VALUE_RAW);
			if (state == AA_VALUE_SECRET)
				searcher->state = state;
			return at + 1;
		} else {
			aa_search_to_idle(searcher, '\n');
			return at;
		}
	}
	return at;
}

int aa_search_value(const struct aa_redactor *redactor, const struct aa_header_rule *rule,
		    struct aa_pass *pass)
{
	struct aa_searcher searcher;

	aa_searcher_init(&searcher, redactor);
	searcher.rule = rule;
	begin_value(&searcher, AA_VALUE_ALL);
	return aa_search(&searcher, pass);
}
