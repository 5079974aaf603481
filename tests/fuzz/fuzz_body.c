/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: bodies by themselves. The first byte picks JSON, events, a WebSocket, a coding, or a stored piece, the second one the size of the
 * parts that it is cut into.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "replay/body.h"
#include "replay/coding.h"
#include "replay/pretty.h"
#include "replay/sse.h"
#include "replay/stream.h"
#include "replay/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

static void fuzz_json(const char *bytes, size_t size)
{
	struct aa_text_buffer out = { 0 }, again = { 0 };

	/* What was laid out once is laid out the same way. */
	if (aa_pretty_json(&out, bytes, size)) {
		REQUIRE(aa_pretty_json(&again, out.data, out.size));
		REQUIRE(again.size == out.size && memcmp(again.data, out.data, out.size) == 0);
	}
	aa_text_clear(&out);
	(void)aa_body_show(&out, "", 0, bytes, size, false);
	aa_text_release(&out);
	aa_text_release(&again);
}

static int add_event(void *context, const struct aa_sse_event *event)
{
	aa_text_add(context, event->event, event->event_size);
	aa_text_add(context, "|", 1);
	aa_text_add(context, event->data, event->data_size);
	aa_text_add(context, "\n", 1);
	return 0;
}

/* Cut or not, the events are the same. */
static void fuzz_events(const char *bytes, size_t size, size_t part)
{
	struct aa_text_buffer outs[2] = { 0 };

	for (int turn = 0; turn < 2; turn++) {
		struct aa_sse sse = { 0 };
		size_t step = turn == 0 ? size : part;

		for (size_t at = 0; at < size; at += step)
			REQUIRE(aa_sse_feed(&sse, bytes + at, size - at < step ? size - at : step, add_event,
					    &outs[turn]) == 0);
		REQUIRE(aa_sse_end(&sse, add_event, &outs[turn]) == 0);
		aa_sse_release(&sse);
	}
	REQUIRE(outs[0].size == outs[1].size);
	REQUIRE(outs[0].size == 0 || memcmp(outs[0].data, outs[1].data, outs[0].size) == 0);
	aa_text_release(&outs[0]);
	aa_text_release(&outs[1]);
}

static int check_message(void *context, const struct aa_websocket_message *message)
{
	(void)context;
	REQUIRE(message->size <= AA_WEBSOCKET_MESSAGE_MAX);
	return 0;
}

static void fuzz_websocket(const char *bytes, size_t size, size_t part)
{
	struct aa_websocket *websocket = aa_websocket_new(part & 1, part & 2);

	REQUIRE(websocket);
	for (size_t at = 0; at < size; at += part) {
		REQUIRE(aa_websocket_feed(websocket, bytes + at, size - at < part ? size - at : part,
					  check_message, NULL) >= 0);
		if (part % 7 == 3)
			REQUIRE(aa_websocket_skip(websocket, 2, check_message, NULL) >= 0);
	}
	aa_websocket_free(websocket);
}

static int count(void *context, const void *bytes, size_t size)
{
	(void)bytes;
	*(uint64_t *)context += size;
	return 0;
}

static void fuzz_coding(const char *bytes, size_t size, size_t part)
{
	static const char *const names[] = { "gzip", "deflate", "br" };

	for (size_t i = 0; i < 3; i++) {
		bool known;
		struct aa_coding *coding = aa_coding_new(names[i], strlen(names[i]), &known);
		uint64_t total = 0;

		REQUIRE(coding);
		for (size_t at = 0; at < size; at += part)
			REQUIRE(aa_coding_feed(coding, bytes + at, size - at < part ? size - at : part, count,
					       &total) >= 0);
		REQUIRE(total <= AA_CODING_OUTPUT_MAX);
		aa_coding_free(coding);
	}
}

static void fuzz_piece(const char *bytes, size_t size)
{
	void *unpacked = NULL;
	int64_t claimed = 0;

	if (size < sizeof(claimed))
		return;
	memcpy(&claimed, bytes, sizeof(claimed));
	(void)aa_stream_unpack(bytes + sizeof(claimed), size - sizeof(claimed), claimed, &unpacked);
	free(unpacked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 2;
	size_t part;

	if (size < 2)
		return 0;
	part = data[1] ? data[1] : 1;
	switch (data[0] % 5) {
	case 0:
		fuzz_json(bytes, size - 2);
		break;
	case 1:
		fuzz_events(bytes, size - 2, part);
		break;
	case 2:
		fuzz_websocket(bytes, size - 2, part);
		break;
	case 3:
		fuzz_coding(bytes, size - 2, part);
		break;
	default:
		fuzz_piece(bytes, size - 2);
		break;
	}
	return 0;
}
