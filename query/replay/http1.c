/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1; see http1.h. */
#include "replay/http1.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum {
	NONE = -1,
	NONSENSE = -2,
};

static bool is_token(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

void aa_http1_begin(struct aa_http1 *http1, const struct aa_http_sink *sink, unsigned direction,
		    bool response, bool lost)
{
	*http1 = (struct aa_http1){
		.sink = sink,
		.direction = direction,
		.response = response,
		.state = lost ? AA_HTTP1_LOST : AA_HTTP1_START,
	};
}

static void clear_line(struct aa_http1 *http1)
{
	aa_text_clear(&http1->line);
	http1->line_cut = false;
	http1->piece = 0;
}

static int end_message(struct aa_http1 *http1, const char *trouble)
{
	http1->state = AA_HTTP1_START;
	clear_line(http1);
	return http1->sink->end(http1->sink->context, http1->direction, http1->stream, trouble);
}

static bool is_inside(const struct aa_http1 *http1)
{
	return http1->state >= AA_HTTP1_LENGTH && http1->state <= AA_HTTP1_CLOSE;
}

/* Where the stream stands is not known any more. */
static int lose(struct aa_http1 *http1, const char *why)
{
	int r = is_inside(http1) ? end_message(http1, why)
				 : http1->sink->note(http1->sink->context, http1->direction, 0, why);

	http1->state = AA_HTTP1_LOST;
	clear_line(http1);
	return r;
}

/* "HTTP/1.1 200 OK" */
static bool parse_status_line(struct aa_http1 *http1, const char *line, size_t size)
{
	if (size < 12 || memcmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') ||
	    line[8] != ' ' || (size > 12 && line[12] != ' '))
		return false;
	http1->status = 0;
	for (size_t i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9')
			return false;
		http1->status = http1->status * 10 + line[i] - '0';
	}
	http1->version = line[7] == '0' ? "1.0" : "1.1";
	return http1->status >= 100;
}

/* "GET /path HTTP/1.1" */
static int parse_request_line(struct aa_http1 *http1, const char *line, size_t size)
{
	size_t method = 0, target;
	int r;

	while (method < size && is_token((unsigned char)line[method]))
		method++;
	if (method == 0 || size < method + 11 || line[method] != ' ')
		return 0;
	target = size - 9 - method - 1;
	if (target == 0 || memcmp(line + size - 9, " HTTP/1.", 8) != 0 ||
	    (line[size - 1] != '0' && line[size - 1] != '1') || memchr(line + method + 1, ' ', target))
		return 0;
	http1->version = line[size - 1] == '0' ? "1.0" : "1.1";
	r = aa_fields_add(&http1->first, ":method", 7, line, method);
	if (r == 0)
		r = aa_fields_add(&http1->first, ":path", 5, line + method + 1, target);
	return r < 0 ? r : 1;
}

/* 1: a message begins; 0: that is no such line; or a negative errno. */
static int parse_first(struct aa_http1 *http1, const char *line, size_t size)
{
	int r;

	aa_fields_clear(&http1->first);
	aa_fields_clear(&http1->fields);
	http1->status = 0;
	r = http1->response ? (int)parse_status_line(http1, line, size)
			    : parse_request_line(http1, line, size);
	if (r <= 0)
		return r;
	if (!http1->response)
		http1->stream++;
	http1->head_size = size;
	http1->state = AA_HTTP1_FIELDS;
	return 1;
}

static int take_first(struct aa_http1 *http1, const char *line, size_t size)
{
	bool lost = http1->state == AA_HTTP1_LOST;
	int r;

	if (size == 0)
		return 0;
	r = parse_first(http1, line, size);
	if (r == 0 && lost && http1->piece > 0 && http1->piece < size)
		r = parse_first(http1, line + http1->piece, size - http1->piece);
	if (r != 0 || lost)
		return r < 0 ? r : 0;
	return lose(http1, http1->response ? "malformed: no status line" : "malformed: no request line");
}

static void trim(const char **at, size_t *size)
{
	while (*size > 0 && (**at == ' ' || **at == '\t')) {
		(*at)++;
		(*size)--;
	}
	while (*size > 0 && ((*at)[*size - 1] == ' ' || (*at)[*size - 1] == '\t'))
		(*size)--;
}

/* 1: taken; 0: malformed; or a negative errno. */
static int take_field(struct aa_http1 *http1, const char *line, size_t size)
{
	const char *value = memchr(line, ':', size);
	size_t name_size = value ? (size_t)(value - line) : 0, value_size;
	int r;

	if (*line == ' ' || *line == '\t') {
		trim(&line, &size);
		r = aa_fields_fold(&http1->fields, line, size);
		return r < 0 ? r : 1;
	}
	for (size_t i = 0; i < name_size; i++)
		if (!is_token((unsigned char)line[i]))
			return 0;
	if (name_size == 0)
		return 0;
	value++;
	value_size = size - name_size - 1;
	trim(&value, &value_size);
	r = aa_fields_add(&http1->fields, line, name_size, value, value_size);
	return r < 0 ? r : 1;
}

/* Negative: there is none, or it is malformed. All of several have to be the same. */
static int64_t content_length(const struct aa_fields *fields)
{
	int64_t found = NONE;

	for (size_t i = 0; i < fields->count; i++) {
		const char *value = aa_field_value(fields, i);
		int64_t length = 0;

		if (fields->items[i].name_size != 14 ||
		    strncasecmp(aa_field_name(fields, i), "content-length", 14) != 0)
			continue;
		if (fields->items[i].value_size == 0)
			return NONSENSE;
		for (size_t j = 0; j < fields->items[i].value_size; j++)
			if (value[j] < '0' || value[j] > '9' ||
			    __builtin_mul_overflow(length, (int64_t)10, &length) ||
			    __builtin_add_overflow(length, (int64_t)(value[j] - '0'), &length))
				return NONSENSE;
		if (found >= 0 && found != length)
			return NONSENSE;
		found = length;
	}
	return found;
}

/* What the head says of the body. Its reader may take the fields over. */
static void measure_body(struct aa_http1 *http1)
{
	size_t size;

	http1->length = content_length(&http1->fields);
	http1->chunked = aa_fields_have(&http1->fields, "transfer-encoding", "chunked");
	http1->coded = !http1->chunked && aa_fields_find(&http1->fields, "transfer-encoding", &size);
}

/* RFC 9112, 6.3. */
static int begin_body(struct aa_http1 *http1)
{
	if (http1->chunked) {
		http1->state = AA_HTTP1_CHUNK_SIZE;
		return 0;
	}
	if (http1->coded) {
		http1->state = AA_HTTP1_CLOSE;
		return http1->response ? 0 : lose(http1, "malformed: Transfer-Encoding without chunked");
	}
	if (http1->length == NONSENSE) {
		http1->state = AA_HTTP1_CLOSE;
		return lose(http1, "malformed: Content-Length");
	}
	if (http1->length > 0) {
		http1->state = AA_HTTP1_LENGTH;
		http1->left = (uint64_t)http1->length;
		return 0;
	}
	if (http1->length == 0 || !http1->response)
		return end_message(http1, NULL);
	http1->state = AA_HTTP1_CLOSE;
	return 0;
}

static int end_head(struct aa_http1 *http1)
{
	struct aa_http_head head = {
		.direction = http1->direction,
		.stream = http1->stream,
		.response = http1->response,
		.decoded = true,
		.version = http1->version,
		.status = http1->status,
		.line = &http1->first,
		.fields = &http1->fields,
	};
	int follows;

	measure_body(http1);
	follows = http1->sink->head(http1->sink->context, &head);
	if (follows < 0)
		return follows;
	http1->stream = head.stream;
	if (follows == AA_HTTP_TUNNEL) {
		http1->state = AA_HTTP1_TUNNEL;
		return 0;
	}
	if (http1->response && http1->status < 200) { /* the response proper follows */
		http1->state = AA_HTTP1_START;
		return 0;
	}
	if (follows == AA_HTTP_NO_BODY || (http1->response && (http1->status == 204 || http1->status == 304)))
		return end_message(http1, NULL);
	return begin_body(http1);
}

static int take_head_line(struct aa_http1 *http1, const char *line, size_t size)
{
	int r;

	if (size == 0)
		return end_head(http1);
	http1->head_size += size;
	r = http1->head_size <= AA_HTTP1_HEAD_MAX ? take_field(http1, line, size) : 0;
	if (r != 0)
		return r < 0 ? r : 0;
	return lose(http1, http1->head_size > AA_HTTP1_HEAD_MAX ? "the head is too long"
								: "malformed: a header line");
}

/* 16: it is none. */
static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* "1a;name=value" */
static int take_chunk_size(struct aa_http1 *http1, const char *line, size_t size)
{
	uint64_t length = 0;
	size_t i = 0;

	for (; i < size; i++) {
		unsigned digit = hex_digit(line[i]);

		if (digit == 16)
			break;
		if (length >> 59)
			return lose(http1, "malformed: the size of a chunk");
		length = length << 4 | digit;
	}
	if (i == 0 || (i < size && line[i] != ';' && line[i] != ' ' && line[i] != '\t'))
		return lose(http1, "malformed: the size of a chunk");
	http1->left = length;
	http1->head_size = 0;
	aa_fields_clear(&http1->fields);
	http1->state = length > 0 ? AA_HTTP1_CHUNK : AA_HTTP1_TRAILERS;
	return 0;
}

static int take_trailer(struct aa_http1 *http1, const char *line, size_t size)
{
	int r = 0;

	if (size == 0) {
		if (http1->fields.count > 0)
			r = http1->sink->trailers(http1->sink->context, http1->direction, http1->stream,
						  &http1->fields);
		return r < 0 ? r : end_message(http1, NULL);
	}
	http1->head_size += size;
	r = http1->head_size <= AA_HTTP1_HEAD_MAX ? take_field(http1, line, size) : 0;
	if (r != 0)
		return r < 0 ? r : 0;
	return lose(http1, "malformed: a trailer");
}

static int take_line(struct aa_http1 *http1)
{
	const char *line = http1->line.data ? http1->line.data : "";
	size_t size = http1->line.size;

	if (size > 0 && line[size - 1] == '\r')
		size--;
	if (http1->line_cut)
		return http1->state == AA_HTTP1_LOST ? 0 : lose(http1, "a line is too long");
	switch (http1->state) {
	case AA_HTTP1_START:
	case AA_HTTP1_LOST:
		return take_first(http1, line, size);
	case AA_HTTP1_FIELDS:
		return take_head_line(http1, line, size);
	case AA_HTTP1_CHUNK_SIZE:
		return take_chunk_size(http1, line, size);
	case AA_HTTP1_CHUNK_END:
		http1->state = AA_HTTP1_CHUNK_SIZE;
		return size == 0 ? 0 : lose(http1, "malformed: the end of a chunk");
	default:
		return take_trailer(http1, line, size);
	}
}

/* Bytes of a body. */
static int take_data(struct aa_http1 *http1, const void *bytes, size_t size)
{
	int r = http1->sink->data(http1->sink->context, http1->direction, http1->stream, bytes, size);

	if (r < 0 || http1->state == AA_HTTP1_CLOSE)
		return r;
	http1->left -= size;
	if (http1->left > 0)
		return 0;
	if (http1->state == AA_HTTP1_LENGTH)
		return end_message(http1, NULL);
	http1->state = AA_HTTP1_CHUNK_END;
	return 0;
}

static bool takes_data(const struct aa_http1 *http1)
{
	return http1->state == AA_HTTP1_LENGTH || http1->state == AA_HTTP1_CHUNK ||
	       http1->state == AA_HTTP1_CLOSE;
}

/* Adds to the line, up to and with its newline. */
static int gather(struct aa_http1 *http1, const char *bytes, size_t size, size_t *ret_taken)
{
	const char *newline = memchr(bytes, '\n', size);
	size_t length = newline ? (size_t)(newline - bytes) : size;
	int r;

	if (length > AA_HTTP1_LINE_MAX || http1->line.size + length > AA_HTTP1_LINE_MAX) {
		http1->line_cut = true;
		aa_text_clear(&http1->line);
		http1->piece = 0;
	} else if (!http1->line_cut) {
		aa_text_add(&http1->line, bytes, length);
	}
	if (http1->line.failed)
		return -ENOMEM;
	*ret_taken = length + (newline != NULL);
	/* A line without an end is not waited for. */
	if (!newline)
		return http1->line_cut && http1->state != AA_HTTP1_LOST ? lose(http1, "a line is too long")
									: 0;
	r = take_line(http1);
	clear_line(http1);
	return r;
}

int aa_http1_feed(struct aa_http1 *http1, const void *bytes, size_t size, size_t *ret_taken)
{
	const char *at = bytes;
	size_t total = size;
	int r = 0;

	if (http1->state == AA_HTTP1_LOST)
		http1->piece = http1->line.size;
	while (r == 0 && size > 0 && http1->state != AA_HTTP1_TUNNEL) {
		size_t taken = size;

		if (takes_data(http1)) {
			if (http1->state != AA_HTTP1_CLOSE && taken > http1->left)
				taken = (size_t)http1->left;
			r = take_data(http1, at, taken);
		} else {
			r = gather(http1, at, size, &taken);
		}
		at += taken;
		size -= taken;
	}
	*ret_taken = total - size;
	return r;
}

int aa_http1_skip(struct aa_http1 *http1, uint64_t bytes)
{
	bool close = http1->state == AA_HTTP1_CLOSE;
	uint64_t missing = close || bytes < http1->left ? bytes : http1->left;
	int r;

	if (http1->state == AA_HTTP1_TUNNEL || bytes == 0)
		return 0;
	if (!takes_data(http1))
		return lose(http1, "the middle of a message is missing");
	r = http1->sink->missing(http1->sink->context, http1->direction, http1->stream, missing);
	if (r < 0 || close)
		return r;
	http1->left -= missing;
	if (http1->left > 0)
		return 0;
	if (http1->state == AA_HTTP1_CHUNK) {
		http1->state = AA_HTTP1_CHUNK_END;
		return bytes == missing ? 0 : lose(http1, "the middle of a message is missing");
	}
	r = end_message(http1, NULL);
	if (r < 0 || bytes == missing)
		return r;
	return lose(http1, "what follows a message is missing");
}

int aa_http1_end(struct aa_http1 *http1)
{
	if (http1->state == AA_HTTP1_CLOSE)
		return end_message(http1, http1->response ? NULL : "cut off");
	if (is_inside(http1))
		return end_message(http1, "cut off");
	if (http1->state == AA_HTTP1_FIELDS || (http1->state == AA_HTTP1_START && http1->line.size > 0))
		return http1->sink->note(http1->sink->context, http1->direction, 0,
					 "it ends in the middle of a head");
	return 0;
}

void aa_http1_tunnel(struct aa_http1 *http1)
{
	http1->state = AA_HTTP1_TUNNEL;
}

void aa_http1_release(struct aa_http1 *http1)
{
	aa_text_release(&http1->line);
	aa_fields_release(&http1->first);
	aa_fields_release(&http1->fields);
}

enum aa_http1_looks aa_http1_looks(const void *bytes, size_t size)
{
	static const char version[] = "HTTP/1.";
	const unsigned char *b = bytes;
	size_t compared = size < 7 ? size : 7, method = 0;

	if (memcmp(b, version, compared) == 0)
		return size < 7 ? AA_HTTP1_LOOKS_MORE : AA_HTTP1_LOOKS_RESPONSE;
	while (method < size && method < 24 && ((b[method] >= 'A' && b[method] <= 'Z') || b[method] == '-'))
		method++;
	if (method == size)
		return AA_HTTP1_LOOKS_MORE;
	if (method == 0 || b[method] != ' ')
		return AA_HTTP1_LOOKS_OTHER;
	if (method + 1 == size)
		return AA_HTTP1_LOOKS_MORE;
	if (b[method + 1] == '/' || b[method + 1] == '*' || (method == 7 && memcmp(b, "CONNECT", 7) == 0))
		return AA_HTTP1_LOOKS_REQUEST;
	/* A proxy is asked for http://...; other protocols have words with a blank, too. */
	compared = size - method - 1 < 4 ? size - method - 1 : 4;
	if (strncasecmp((const char *)b + method + 1, "http", compared) != 0)
		return AA_HTTP1_LOOKS_OTHER;
	return compared < 4 ? AA_HTTP1_LOOKS_MORE : AA_HTTP1_LOOKS_REQUEST;
}
