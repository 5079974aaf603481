/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/pretty.h"

#include <string.h>

struct reader {
	const char *at;
	const char *end;
	struct aa_text_buffer *out;
	char open[AA_PRETTY_DEPTH_MAX]; /* what is to be closed: '}' or ']' */
	unsigned depth;
};

static void skip_blanks(struct reader *reader)
{
	while (reader->at < reader->end && *reader->at && strchr(" \t\r\n", *reader->at))
		reader->at++;
}

static bool next_is(struct reader *reader, char c)
{
	skip_blanks(reader);
	return reader->at < reader->end && *reader->at == c;
}

static void add_newline(struct reader *reader)
{
	aa_text_add(reader->out, "\n", 1);
	for (unsigned i = 0; i < reader->depth; i++)
		aa_text_add(reader->out, "  ", 2);
}

static bool copy_string(struct reader *reader)
{
	const char *begin;

	if (!next_is(reader, '"'))
		return false;
	begin = reader->at++;
	while (reader->at < reader->end && *reader->at != '"') {
		if ((unsigned char)*reader->at < 0x20)
			return false;
		reader->at += *reader->at == '\\' ? 2 : 1;
	}
	if (reader->at >= reader->end)
		return false;
	reader->at++;
	aa_text_add(reader->out, begin, (size_t)(reader->at - begin));
	return true;
}

static size_t digits(const char *at, const char *end)
{
	size_t count = 0;

	while (at + count < end && at[count] >= '0' && at[count] <= '9')
		count++;
	return count;
}

static bool copy_number(struct reader *reader)
{
	const char *begin = reader->at;
	size_t count;

	reader->at += *reader->at == '-';
	count = digits(reader->at, reader->end);
	if (count == 0 || (count > 1 && *reader->at == '0'))
		return false;
	reader->at += count;
	if (reader->at < reader->end && *reader->at == '.') {
		count = digits(++reader->at, reader->end);
		if (count == 0)
			return false;
		reader->at += count;
	}
	if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E')) {
		reader->at++;
		reader->at += reader->at < reader->end && (*reader->at == '+' || *reader->at == '-');
		count = digits(reader->at, reader->end);
		if (count == 0)
			return false;
		reader->at += count;
	}
	aa_text_add(reader->out, begin, (size_t)(reader->at - begin));
	return true;
}

static bool copy_word(struct reader *reader)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < 3; i++) {
		size_t length = strlen(words[i]);

		if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, words[i], length) != 0)
			continue;
		aa_text_add(reader->out, words[i], length);
		reader->at += length;
		return true;
	}
	return copy_number(reader);
}

/* Before a member or an element: its name, if it is a member. */
static bool begin_item(struct reader *reader)
{
	add_newline(reader);
	if (reader->open[reader->depth - 1] == ']')
		return true;
	if (!copy_string(reader) || !next_is(reader, ':'))
		return false;
	reader->at++;
	aa_text_add(reader->out, ": ", 2);
	return true;
}

/* Opens what begins here. 1: it has items; 0: it is empty, and closed again; -1: malformed or too deep. */
static int open_container(struct reader *reader)
{
	char close = *reader->at == '{' ? '}' : ']';

	aa_text_add(reader->out, reader->at, 1);
	reader->at++;
	if (next_is(reader, close)) {
		reader->at++;
		aa_text_add(reader->out, &close, 1);
		return 0;
	}
	if (reader->depth == AA_PRETTY_DEPTH_MAX)
		return -1;
	reader->open[reader->depth++] = close;
	return begin_item(reader) ? 1 : -1;
}

/* Behind a value: closes what ends here. 1: another item begins; 0: all is closed; -1: malformed. */
static int close_containers(struct reader *reader)
{
	while (reader->depth > 0) {
		char close = reader->open[reader->depth - 1];

		if (next_is(reader, ',')) {
			reader->at++;
			aa_text_add(reader->out, ",", 1);
			return begin_item(reader) ? 1 : -1;
		}
		if (!next_is(reader, close))
			return -1;
		reader->at++;
		reader->depth--;
		add_newline(reader);
		aa_text_add(reader->out, &close, 1);
	}
	return 0;
}

static bool copy_value(struct reader *reader)
{
	int r = 1;

	while (r > 0) {
		if (reader->out->size > AA_PRETTY_BYTES_MAX)
			return false;
		skip_blanks(reader);
		if (reader->at == reader->end)
			return false;
		if (*reader->at == '{' || *reader->at == '[') {
			r = open_container(reader);
			if (r > 0)
				continue;
			if (r < 0)
				return false;
		} else if (*reader->at == '"' ? !copy_string(reader) : !copy_word(reader)) {
			return false;
		}
		r = close_containers(reader);
	}
	return r == 0;
}

bool aa_pretty_json(struct aa_text_buffer *out, const char *bytes, size_t size)
{
	struct aa_text_buffer made = { 0 };
	struct reader reader = { .at = bytes, .end = bytes + size, .out = &made };
	bool good = true;

	skip_blanks(&reader);
	if (reader.at == reader.end)
		return false;
	while (good && reader.at < reader.end) {
		if (made.size > 0)
			aa_text_add(&made, "\n", 1);
		good = copy_value(&reader);
		skip_blanks(&reader);
	}
	if (good && !made.failed)
		aa_text_add(out, made.data, made.size);
	good = good && !made.failed;
	aa_text_release(&made);
	return good;
}
