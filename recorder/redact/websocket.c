/* SPDX-License-Identifier: Apache-2.0 */
/* See websocket.h. */
#include "websocket.h"

#include <string.h>
#include <strings.h>

#define OPCODE_CONTROL 0x08
#define FLAG_RSV1      0x40 /* compressed, in the first frame of a message */
#define FLAG_RSV23     0x30
#define FLAG_MASKED    0x80

static bool begins_with(const struct aa_upgrade *upgrade, const char *words)
{
	size_t size = strlen(words);

	return upgrade->size >= size && strncasecmp(upgrade->line, words, size) == 0;
}

/* "Upgrade: websocket", RFC 6455, 4.1 */
static bool asks_for_websocket(const struct aa_upgrade *upgrade)
{
	size_t size = upgrade->size < sizeof(upgrade->line) ? upgrade->size : sizeof(upgrade->line);
	size_t at = sizeof("upgrade:") - 1;

	if (!begins_with(upgrade, "upgrade:"))
		return false;
	while (at < size && upgrade->line[at] == ' ')
		at++;
	return size - at >= 9 && strncasecmp(upgrade->line + at, "websocket", 9) == 0;
}

/* A line is whole. Returns whether it ends a head that agrees to WebSocket. */
static bool end_line(struct aa_upgrade *upgrade)
{
	bool agreed = false;

	if (upgrade->size == 0) {
		agreed = upgrade->response && upgrade->websocket;
		if (upgrade->request)
			upgrade->asked = upgrade->websocket;
		upgrade->request = upgrade->response = upgrade->websocket = false;
	} else if (upgrade->request || upgrade->response) {
		upgrade->websocket = upgrade->websocket || asks_for_websocket(upgrade);
	} else {
		upgrade->request = begins_with(upgrade, "GET ");
		upgrade->response = begins_with(upgrade, "HTTP/1.1 101");
	}
	upgrade->size = 0;
	return agreed;
}

size_t aa_upgrade_feed(struct aa_upgrade *upgrade, const uint8_t *bytes, size_t size, bool *ret_agreed)
{
	size_t at = 0;

	*ret_agreed = false;
	while (at < size) {
		const uint8_t *newline = memchr(bytes + at, '\n', size - at);
		size_t length = newline ? (size_t)(newline - (bytes + at)) : size - at;
		size_t room =
			upgrade->size < sizeof(upgrade->line) ? sizeof(upgrade->line) - upgrade->size : 0;
		size_t text = length;

		if (newline && text && bytes[at + text - 1] == '\r')
			text--;
		memcpy(upgrade->line + sizeof(upgrade->line) - room, bytes + at, text < room ? text : room);
		upgrade->size += text;
		at += length + (newline != NULL);
		if (newline && end_line(upgrade)) {
			*ret_agreed = true;
			return at;
		}
	}
	return at;
}

void aa_websocket_init(struct aa_websocket *websocket, const struct aa_redactor *redactor)
{
	memset(websocket, 0, sizeof(*websocket));
	aa_searcher_init(&websocket->searcher, redactor);
	websocket->need = 2;
}

static uint8_t header_size(const uint8_t header[2])
{
	uint8_t length = header[1] & 0x7f;

	return (uint8_t)(2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + (header[1] & FLAG_MASKED ? 4 : 0));
}

/* No frame, by RFC 6455, 5.2: the mask apart, as either side may be the client. */
static bool is_frame(const uint8_t header[2])
{
	uint8_t opcode = header[0] & 0x0f;

	if (header[0] & FLAG_RSV23 || (opcode > 2 && opcode < 8) || opcode > 10)
		return false;
	return !(opcode & OPCODE_CONTROL) || (header[0] & 0x80 && (header[1] & 0x7f) <= 125);
}

static uint64_t payload_size(const uint8_t *header)
{
	uint8_t length = header[1] & 0x7f;
	unsigned size = length == 126 ? 2 : length == 127 ? 8 : 0;
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value = value << 8 | header[2 + i];
	return size ? value : length;
}

static bool is_frames(const uint8_t *bytes, size_t size)
{
	size_t at = 0;

	while (size - at >= 2 && is_frame(bytes + at) && size - at >= header_size(bytes + at)) {
		uint64_t length = payload_size(bytes + at);

		at += header_size(bytes + at);
		if (length > size - at)
			return false;
		at += (size_t)length;
		if (at == size)
			return true;
	}
	return false;
}

/* A header is whole. */
static void begin_frame(struct aa_websocket *websocket)
{
	const uint8_t *header = websocket->header;
	uint8_t opcode = header[0] & 0x0f;

	websocket->left = payload_size(header);
	websocket->phase = 0;
	memset(websocket->mask, 0, sizeof(websocket->mask));
	if (header[1] & FLAG_MASKED)
		memcpy(websocket->mask, header + websocket->need - 4, 4);
	if (opcode & OPCODE_CONTROL)
		aa_searcher_init(&websocket->control, websocket->searcher.redactor);
	else if (opcode)
		websocket->compressed = header[0] & FLAG_RSV1;
}

static void apply_mask(const struct aa_websocket *websocket, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] ^= websocket->mask[(websocket->phase + i) & 3];
}

static int search_payload(struct aa_websocket *websocket, struct aa_pass *whole, size_t at, size_t size)
{
	bool control = websocket->header[0] & OPCODE_CONTROL;
	struct aa_pass pass = *whole;
	int r = 0;

	pass.bytes += at;
	pass.offset += at;
	pass.size = size;
	apply_mask(websocket, pass.bytes, size);
	if (control)
		pass.last = websocket->left == size;
	if (control || !websocket->compressed)
		r = aa_search(control ? &websocket->control : &websocket->searcher, &pass);
	apply_mask(websocket, pass.bytes, size);
	websocket->phase = (uint8_t)((websocket->phase + size) & 3);
	whole->count = pass.count;
	return r;
}

static void end_frame(struct aa_websocket *websocket)
{
	websocket->have = 0;
	websocket->need = 2;
}

int aa_websocket_search(struct aa_websocket *websocket, struct aa_pass *pass)
{
	size_t at = 0;
	int r;

	if (websocket->lost && is_frames(pass->bytes, pass->size)) {
		websocket->lost = false;
		end_frame(websocket);
	}
	while (at < pass->size && !websocket->lost) {
		if (websocket->have < websocket->need) {
			websocket->header[websocket->have++] = pass->bytes[at++];
			if (websocket->have == 2) {
				websocket->lost = !is_frame(websocket->header);
				websocket->need = header_size(websocket->header);
			}
			if (websocket->have == websocket->need && !websocket->lost)
				begin_frame(websocket);
		} else {
			size_t n =
				pass->size - at < websocket->left ? pass->size - at : (size_t)websocket->left;

			r = search_payload(websocket, pass, at, n);
			if (r < 0)
				return r;
			websocket->left -= n;
			at += n;
		}
		if (websocket->have == websocket->need && !websocket->left)
			end_frame(websocket);
	}
	return websocket->lost ? 1 : 0;
}

void aa_websocket_skip(struct aa_websocket *websocket)
{
	aa_search_skip(&websocket->searcher);
	websocket->lost = true;
}

int aa_websocket_end(struct aa_websocket *websocket, struct aa_pass *pass)
{
	pass->last = true;
	return aa_search(&websocket->searcher, pass);
}
