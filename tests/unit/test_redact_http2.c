/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in HTTP/2, made by nghttp2's encoder and read again by its decoder. */
#include "redact_test.h"

#include <nghttp2/nghttp2.h>

#define SECRET	"Zq8fK2mVw7Lr3XcY9tBn5HsD1gJpQ4aE"
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static const char bearer[] = "Bearer " SECRET;
static const char cookie[] = "a=" SECRET;
static const char github[] = "ghp_" SECRET "abcd";
static const char set_cookie[] = "id=" SECRET "; Path=/";

struct encoder {
	nghttp2_hd_deflater *deflater;
	struct aa_text_buffer bytes;
};

static void add_frame(struct encoder *encoder, size_t length, int type, int flags, uint32_t stream,
		      const void *payload)
{
	const uint8_t header[9] = {
		(uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length,
		(uint8_t)type,		 (uint8_t)flags,	 (uint8_t)(stream >> 24),
		(uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream,
	};

	aa_text_add(&encoder->bytes, header, sizeof(header));
	aa_text_add(&encoder->bytes, payload, length);
}

static void begin(struct encoder *encoder, bool client, uint32_t table)
{
	const uint8_t settings[6] = {
		0, 1, (uint8_t)(table >> 24), (uint8_t)(table >> 16), (uint8_t)(table >> 8), (uint8_t)table
	};

	memset(encoder, 0, sizeof(*encoder));
	assert_int_equal(nghttp2_hd_deflate_new(&encoder->deflater, table), 0);
	if (client)
		aa_text_add_string(&encoder->bytes, PREFACE);
	add_frame(encoder, 6, 4, 0, 0, settings);
}

static void end(struct encoder *encoder)
{
	nghttp2_hd_deflate_del(encoder->deflater);
	aa_text_release(&encoder->bytes);
}

/* pairs: name, value, ..., NULL. part: bytes of the block that HEADERS has, the rest is in CONTINUATION; 0: all. */
static void add_headers(struct encoder *encoder, uint32_t stream, int flags, size_t part, size_t padding,
			const char *const *pairs)
{
	static uint8_t block[65536], payload[65536];
	nghttp2_nv nv[32];
	size_t count = 0, size, at = 0, first;
	ssize_t n;

	for (; pairs[2 * count]; count++)
		nv[count] = (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)pairs[2 * count],
					  .value = (uint8_t *)(uintptr_t)pairs[2 * count + 1],
					  .namelen = strlen(pairs[2 * count]),
					  .valuelen = strlen(pairs[2 * count + 1]) };
	n = nghttp2_hd_deflate_hd(encoder->deflater, block, sizeof(block), nv, count);
	assert_true(n > 0);
	size = (size_t)n;
	first = part && part < size ? part : size;
	if (flags & 0x8)
		payload[at++] = (uint8_t)padding;
	if (flags & 0x20) {
		static const uint8_t priority[] = { 0, 0, 0, 0, 16 };

		memcpy(payload + at, priority, sizeof(priority));
		at += sizeof(priority);
	}
	memcpy(payload + at, block, first);
	at += first;
	if (flags & 0x8) {
		memset(payload + at, 0, padding);
		at += padding;
	}
	add_frame(encoder, at, 1, flags | (first == size ? 0x4 : 0), stream, payload);
	if (first < size)
		add_frame(encoder, size - first, 9, 0x4, stream, block + first);
}

/* What a reader of the stored bytes sees: headers as lines, and the bytes of streams. */
static void decode(const struct aa_text_buffer *stored, bool client, struct aa_text_buffer *headers,
		   struct aa_text_buffer *data)
{
	const uint8_t *bytes = (const uint8_t *)stored->data;
	size_t at = client ? strlen(PREFACE) : 0;
	struct aa_text_buffer block = { 0 };
	nghttp2_hd_inflater *inflater;

	if (client)
		assert_memory_equal(bytes, PREFACE, strlen(PREFACE));
	assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
	assert_int_equal(nghttp2_hd_inflate_change_table_size(inflater, 65536), 0);
	while (at < stored->size) {
		size_t length = (size_t)bytes[at] << 16 | (size_t)bytes[at + 1] << 8 | bytes[at + 2];
		uint8_t type = bytes[at + 3], flags = bytes[at + 4];
		const uint8_t *payload = bytes + at + 9;
		size_t skip = 0, padding = 0;

		assert_true(at + 9 + length <= stored->size);
		at += 9 + length;
		if (type != 9 && flags & 0x8 && (type == 0 || type == 1)) {
			padding = payload[0];
			skip = 1;
		}
		if (type == 1 && flags & 0x20)
			skip += 5;
		if (type == 0)
			aa_text_add(data, payload + skip, length - skip - padding);
		if (type != 1 && type != 9)
			continue;
		aa_text_add(&block, payload + skip, length - skip - padding);
		if (!(flags & 0x4))
			continue;
		for (size_t used = 0;;) {
			int inflated = 0;
			nghttp2_nv nv;
			ssize_t n = nghttp2_hd_inflate_hd2(
				inflater, &nv, &inflated, (uint8_t *)block.data + used, block.size - used, 1);

			assert_true(n >= 0);
			used += (size_t)n;
			if (inflated & NGHTTP2_HD_INFLATE_EMIT)
				aa_text_printf(headers, "%.*s: %.*s\n", (int)nv.namelen, (char *)nv.name,
					       (int)nv.valuelen, (char *)nv.value);
			if (inflated & NGHTTP2_HD_INFLATE_FINAL)
				break;
		}
		assert_int_equal(nghttp2_hd_inflate_end_headers(inflater), 0);
		aa_text_clear(&block);
	}
	nghttp2_hd_inflate_del(inflater);
	aa_text_release(&block);
}

static const char *const request[] = { ":method",    "GET",	    ":scheme", "https",
				       ":authority", "api.example", ":path",   "/v1/messages",
				       "user-agent", "agent/1.0",   NULL };
static const char *const secret_request[] = { ":method",       "POST",	      ":scheme", "https",
					      ":authority",    "api.example", ":path",	 "/v1/messages",
					      "authorization", bearer,	      "cookie",	 cookie,
					      "x-custom",      github,	      NULL };

/* Several requests: the second one has secrets, and the third repeats it from the dynamic table. */
static void make_conversation(struct encoder *encoder, size_t part, int flags)
{
	begin(encoder, true, 4096);
	add_headers(encoder, 1, 0x1, 0, 0, request);
	add_headers(encoder, 3, flags, part, 7, secret_request);
	add_frame(encoder, 5, 0, 0x1, 3, "hello");
	add_headers(encoder, 5, 0x1, 0, 0, secret_request);
	add_headers(encoder, 7, 0x1, 0, 0, request);
}

static void check_conversation(const struct flow *flow)
{
	struct aa_text_buffer headers = { 0 }, data = { 0 };
	char expected[256];
	uint8_t fingerprint[AA_REDACT_FINGERPRINT_SIZE];

	assert_int_equal(flow->withheld, 0);
	assert_true(flow->rewritten);
	decode(&flow->out, true, &headers, &data);
	assert_false(leaks(headers.data, headers.size, SECRET, strlen(SECRET)));
	assert_false(leaks(flow->out.data, flow->out.size, SECRET, strlen(SECRET)));
	assert_string_equal(data.data, "hello");
	assert_int_equal(flow->found.count, 6);
	aa_redact_fingerprint(redact_key, SECRET, strlen(SECRET), fingerprint);
	assert_true(flow->found.items[0].has_fingerprint);
	assert_memory_equal(flow->found.items[0].fingerprint, fingerprint, sizeof(fingerprint));
	assert_string_equal(flow->found.what[0], "authorization");
	assert_string_equal(flow->found.what[2], "token: github");
	(void)snprintf(expected, sizeof(expected), "authorization: Bearer [redacted sha256:%02x%02x",
		       fingerprint[0], fingerprint[1]);
	assert_non_null(strstr(headers.data, expected));
	assert_non_null(strstr(headers.data, ":method: GET\n:scheme: https\n:authority: api.example\n"
					     ":path: /v1/messages\nuser-agent: agent/1.0\n:method: POST\n"));
	assert_non_null(strstr(headers.data, "cookie: a=[redacted sha256:"));
	aa_text_release(&headers);
	aa_text_release(&data);
}

static void converse(const struct aa_redactor *redactor, const struct encoder *encoder, size_t first,
		     bool alpn)
{
	struct aa_redact_connection *connection = aa_redact_connection_new(redactor, false);
	struct flow flow = { 0 };

	if (alpn)
		aa_redact_set_protocol(connection, "h2");
	flow_feed(connection, 0, &flow, encoder->bytes.data, first);
	flow_feed(connection, 0, &flow, encoder->bytes.data + first, encoder->bytes.size - first);
	flow_end(connection, 0, &flow);
	check_conversation(&flow);
	flow_release(&flow);
	aa_redact_connection_free(connection);
}

static void test_headers_at_every_cut(void **state)
{
	struct aa_redactor *redactor = new_redactor(NULL);
	static const struct {
		size_t part;
		int flags;
	} shapes[] = { { 0, 0 }, { 20, 0 }, { 0, 0x8 }, { 0, 0x20 }, { 11, 0x28 } };

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct encoder encoder;

		make_conversation(&encoder, shapes[i].part, shapes[i].flags);
		for (size_t cut = 0; cut <= encoder.bytes.size; cut++)
			converse(redactor, &encoder, cut, cut % 2);
		end(&encoder);
	}
	aa_redactor_free(redactor);
}

static void test_no_secrets_no_change(void **state)
{
	static const char *const response[] = { ":status", "200", "content-type", "text/plain", NULL };
	struct aa_redactor *redactor = new_redactor(NULL);
	struct aa_redact_connection *connection = aa_redact_connection_new(redactor, false);
	struct flow sent = { 0 }, received = { 0 };
	struct encoder client, server;

	(void)state;
	begin(&client, true, 4096);
	begin(&server, false, 4096);
	for (uint32_t i = 0; i < 20; i++) {
		add_headers(&client, 2 * i + 1, 0x1 | (i % 2 ? 0x8 : 0), i, 3, request);
		add_headers(&server, 2 * i + 1, 0, 0, 0, response);
		add_frame(&server, 9, 0, 0x1 | 0x8, 2 * i + 1, "\3text.\0\0\0");
	}
	for (size_t i = 0; i < client.bytes.size; i++)
		flow_feed(connection, 0, &sent, client.bytes.data + i, 1);
	for (size_t i = 0; i < server.bytes.size; i++)
		flow_feed(connection, 1, &received, server.bytes.data + i, 1);
	flow_end(connection, 0, &sent);
	flow_end(connection, 1, &received);
	assert_int_equal(sent.out.size, client.bytes.size);
	assert_memory_equal(sent.out.data, client.bytes.data, client.bytes.size);
	assert_int_equal(received.out.size, server.bytes.size);
	assert_memory_equal(received.out.data, server.bytes.data, server.bytes.size);
	assert_false(sent.rewritten || received.rewritten);
	end(&client);
	end(&server);
	flow_release(&sent);
	flow_release(&received);
	aa_redact_connection_free(connection);
	aa_redactor_free(redactor);
}

/* The server may use the table that the client has allowed. */
static void test_larger_table(void **state)
{
	static const char *const response[] = { ":status", "200", "set-cookie", set_cookie, NULL };
	struct aa_redactor *redactor = new_redactor(NULL);
	struct aa_redact_connection *connection = aa_redact_connection_new(redactor, false);
	struct flow sent = { 0 }, received = { 0 };
	struct aa_text_buffer headers = { 0 }, data = { 0 };
	struct encoder client, server;

	(void)state;
	begin(&client, true, 65536);
	begin(&server, false, 65536);
	add_headers(&server, 1, 0, 0, 0, response);
	add_headers(&server, 3, 0, 0, 0, response);
	flow_feed(connection, 0, &sent, client.bytes.data, client.bytes.size);
	flow_feed(connection, 1, &received, server.bytes.data, server.bytes.size);
	flow_end(connection, 1, &received);
	assert_int_equal(received.withheld, 0);
	decode(&received.out, false, &headers, &data);
	assert_false(leaks(headers.data, headers.size, SECRET, strlen(SECRET)));
	assert_true(headers.data && strstr(headers.data, "; Path=/"));
	assert_int_equal(received.found.count, 2);
	end(&client);
	end(&server);
	aa_text_release(&headers);
	aa_text_release(&data);
	flow_release(&sent);
	flow_release(&received);
	aa_redact_connection_free(connection);
	aa_redactor_free(redactor);
}

/* A token in the bytes of two streams, in frames that alternate. */
static void test_interleaved_data(void **state)
{
	static const char text[] = "token ghp_" SECRET "abcd, and more";
	struct aa_redactor *redactor = new_redactor(NULL);

	(void)state;
	for (size_t part = 1; part < sizeof(text); part++) {
		struct aa_redact_connection *connection = aa_redact_connection_new(redactor, false);
		struct flow flow = { 0 };
		struct aa_text_buffer headers = { 0 }, data = { 0 };
		struct encoder encoder;

		begin(&encoder, true, 4096);
		for (size_t at = 0; at < sizeof(text) - 1; at += part) {
			size_t n = sizeof(text) - 1 - at < part ? sizeof(text) - 1 - at : part;

			add_frame(&encoder, n, 0, 0, 1, text + at);
			add_frame(&encoder, n, 0, 0, 3, text + at);
			add_frame(&encoder, 8, 6, 0, 0, "pingping");
		}
		flow_feed(connection, 0, &flow, encoder.bytes.data, encoder.bytes.size);
		flow_end(connection, 0, &flow);
		assert_int_equal(flow.out.size, encoder.bytes.size);
		decode(&flow.out, true, &headers, &data);
		assert_false(leaks(data.data, data.size, SECRET, strlen(SECRET)));
		assert_int_equal(flow.found.count, 2);
		assert_true(flow.found.items[0].has_fingerprint && flow.found.items[1].has_fingerprint);
		assert_memory_equal(flow.found.items[0].fingerprint, flow.found.items[1].fingerprint,
				    AA_REDACT_FINGERPRINT_SIZE);
		end(&encoder);
		aa_text_release(&headers);
		aa_text_release(&data);
		flow_release(&flow);
		aa_redact_connection_free(connection);
	}
	aa_redactor_free(redactor);
}

/* Whatever is there before: no header goes out that could not be decoded. */
static void test_joined_late_or_after_a_hole(void **state)
{
	struct aa_redactor *redactor = new_redactor(NULL);
	struct encoder encoder;

	(void)state;
	make_conversation(&encoder, 0, 0);
	for (size_t hole = 1; hole < encoder.bytes.size; hole++) {
		struct aa_redact_connection *connection = aa_redact_connection_new(redactor, false);
		struct flow flow = { 0 };
		size_t before;

		flow_feed(connection, 0, &flow, encoder.bytes.data, hole / 2);
		flow_skip(connection, 0, &flow, hole - hole / 2);
		before = flow.out.size;
		flow_feed(connection, 0, &flow, encoder.bytes.data + hole, encoder.bytes.size - hole);
		flow_end(connection, 0, &flow);
		assert_false(leaks(flow.out.data, flow.out.size, SECRET, strlen(SECRET)));
		/* Only frames of data and settings are stored behind the hole. */
		for (size_t at = before; at < flow.out.size;) {
			const uint8_t *frame = (const uint8_t *)flow.out.data + at;

			assert_true(frame[3] != 1 && frame[3] != 9);
			at += 9 + ((size_t)frame[1] << 8 | frame[2]);
		}
		flow_release(&flow);
		aa_redact_connection_free(connection);
	}
	end(&encoder);
	aa_redactor_free(redactor);
}

static void test_late_frames_go_on(void **state)
{
	struct aa_redactor *redactor = new_redactor(NULL);
	struct aa_redact_connection *connection = aa_redact_connection_new(redactor, true);
	struct flow flow = { 0 };
	struct encoder encoder = { 0 };

	(void)state;
	assert_int_equal(nghttp2_hd_deflate_new(&encoder.deflater, 4096), 0);
	add_headers(&encoder, 9, 0, 0, 0, secret_request);
	add_frame(&encoder, 5, 0, 0x1, 9, "hello");
	flow_feed(connection, 0, &flow, encoder.bytes.data, encoder.bytes.size);
	flow_end(connection, 0, &flow);
	assert_int_equal(flow.withheld, encoder.bytes.size - 14);
	assert_int_equal(flow.out.size, 14);
	assert_memory_equal(flow.out.data + 9, "hello", 5);
	end(&encoder);
	flow_release(&flow);
	aa_redact_connection_free(connection);
	aa_redactor_free(redactor);
}

/* Blocks that never end, and references that become a thousand times their size. */
static void test_bombs(void **state)
{
	struct aa_redactor *redactor = new_redactor(NULL);
	struct aa_redact_connection *connection = aa_redact_connection_new(redactor, false);
	struct flow flow = { 0 };
	struct encoder encoder;
	static char value[2900], block[16384]; /* the encoder puts nothing larger into the table */
	const char *const big[] = { "x", value, NULL };

	(void)state;
	memset(value, 'v', sizeof(value) - 1);
	memset(block, (char)0xbe, sizeof(block)); /* the newest entry of the dynamic table */
	begin(&encoder, true, 4096);
	add_headers(&encoder, 1, 0x1, 0, 0, big);
	add_frame(&encoder, sizeof(block), 1, 0x5, 3, block);
	add_headers(&encoder, 5, 0x1, 0, 0, request);
	add_frame(&encoder, sizeof(block), 1, 0x1, 7, block);
	for (int i = 0; i < 100; i++)
		add_frame(&encoder, sizeof(block), 9, 0, 7, block);
	flow_feed(connection, 0, &flow, encoder.bytes.data, encoder.bytes.size);
	flow_end(connection, 0, &flow);
	assert_int_equal(flow.withheld, 102 * (9 + sizeof(block)));
	end(&encoder);
	flow_release(&flow);
	aa_redact_connection_free(connection);
	aa_redactor_free(redactor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_at_every_cut),
		cmocka_unit_test(test_no_secrets_no_change),
		cmocka_unit_test(test_larger_table),
		cmocka_unit_test(test_interleaved_data),
		cmocka_unit_test(test_joined_late_or_after_a_hole),
		cmocka_unit_test(test_late_frames_go_on),
		cmocka_unit_test(test_bombs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
