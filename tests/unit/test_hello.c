/* SPDX-License-Identifier: Apache-2.0 */
/* Hellos of TLS and QUIC: what is whole, what is cut, and what is neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hello.h"
#include "quic.h"
#include "quic_vectors.h"

/* In two records. GREASE among the versions and the protocols. */
static const char client[] = "\x16\x03\x01\x00\x10\x01\x00\x00\x6b\x03\x03"
			     "abcdefghij"
			     "\x16\x03\x01\x00\x5f"
			     "klmnopqrstuvwxyz012345\x01s\x00\x04\x13\x01\xc0\x2f\x01\x00\x00\x3d"
			     "\x00\x00\x00\x12\x00\x10\x07\x00\x01x\x00\x00\x09"
			     "a.example"
			     "\x00\x10\x00\x11\x00\x0f\x02\x0a\x0a\x02h2\x08http/1.1"
			     "\x00\x2b\x00\x07\x06\x1a\x1a\x03\x03\x03\x04"
			     "\x00\x17\x00\x00";
static const char server12[] = "\x16\x03\x03\x00\x3d\x02\x00\x00\x39\x03\x03"
			       "abcdefghijklmnopqrstuvwxyz012345\x00\xc0\x2f\x00\x00\x11"
			       "\x00\x10\x00\x0b\x00\x09\x08http/1.1\x00\x17\x00\x00\x16";

static int parse(const void *bytes, size_t size, struct aa_hello *ret_hello, bool quic)
{
	void *copy = malloc(size ? size : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	r = quic ? aa_quic_parse(copy, size, ret_hello) : aa_hello_parse_records(copy, size, ret_hello);
	free(copy);
	return r;
}

static void expect(const char *got, size_t size, const char *expected)
{
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(got, expected, size);
}

static void test_client(void **state)
{
	struct aa_hello hello;

	(void)state;
	assert_int_equal(parse(client, sizeof(client) - 1, &hello, false), 0);
	assert_false(hello.server);
	assert_int_equal(hello.version, 0x0304);
	expect(hello.sni, hello.sni_size, "a.example");
	expect(hello.alpn, hello.alpn_size, "h2,http/1.1");
	expect((const char *)hello.random, 32, "abcdefghijklmnopqrstuvwxyz012345");
}

static void test_server(void **state)
{
	struct aa_hello hello;

	(void)state;
	assert_int_equal(parse(server12, sizeof(server12) - 1, &hello, false), 0);
	assert_true(hello.server);
	assert_false(hello.retry);
	assert_string_equal(aa_tls_version_name(hello.version), "TLSv1.2");
	assert_string_equal(aa_tls_cipher_name(hello.cipher), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	expect(hello.alpn, hello.alpn_size, "http/1.1");
	assert_null(aa_tls_version_name(0x0a0a));
	assert_null(aa_tls_cipher_name(0xfefe));
}

/* What is there of one that is cut is taken; nothing beyond its end is read, which a sanitizer would see. */
static void test_cut(void **state)
{
	struct aa_hello hello;

	(void)state;
	for (size_t size = 0; size < sizeof(client) - 1; size++) {
		int r = parse(client, size, &hello, false);

		/* Two records' headers, the message's, the version and the random. */
		assert_int_equal(r, size < 5 + 5 + 4 + 2 + 32 ? -22 : 0);
	}
	assert_int_equal(parse(client, 95, &hello, false), 0);
	expect(hello.sni, hello.sni_size, "a.example");
	for (size_t size = 0; size < sizeof(server12) - 1; size++)
		(void)parse(server12, size, &hello, false);
}

static void test_damaged(void **state)
{
	struct aa_hello hello;
	char bytes[sizeof(client) - 1];

	(void)state;
	for (size_t at = 0; at < sizeof(bytes); at++) {
		for (unsigned value = 0; value < 256; value++) {
			memcpy(bytes, client, sizeof(bytes));
			bytes[at] = (char)value;
			if (parse(bytes, sizeof(bytes), &hello, false) < 0)
				continue;
			assert_true(hello.sni_size <= sizeof(hello.sni));
			assert_true(hello.alpn_size <= sizeof(hello.alpn));
		}
	}
	assert_int_equal(parse("GET / HTTP/1.1", 14, &hello, false), -22);
	assert_int_equal(parse("\x16\x03\x01\x00\x04\x0b\x00\x00\x00", 9, &hello, false), -22);
}

/* Names longer than what is kept. */
static void test_long(void **state)
{
	static const uint8_t start[] = { 0x01, 0x00, 0x0f, 0x00, 0x03, 0x03 };
	static const uint8_t nothing[] = { 0, 0, 0, 0, 0x0f, 0 }; /* no session, ciphers, compressions */
	static const uint8_t alpn[] = { 0x00, 0x10, 0x04, 0x00, 0x03, 0xfe };
	static uint8_t bytes[4096];
	struct aa_hello hello;
	size_t at = 0;

	(void)state;
	memcpy(bytes, start, sizeof(start));
	at = 6 + 32;
	memcpy(bytes + at, nothing, sizeof(nothing));
	at += 6;
	memcpy(bytes + at, alpn, sizeof(alpn));
	at += 6;
	for (unsigned i = 0; i < 4; i++, at += 256) {
		bytes[at] = 255;
		memset(bytes + at + 1, 'p', 255);
	}
	assert_int_equal(aa_hello_parse(bytes, sizeof(bytes), &hello), 0);
	assert_true(hello.alpn_size <= sizeof(hello.alpn));
}

static void test_quic(void **state)
{
	struct aa_hello hello;

	(void)state;
	assert_int_equal(parse(quic_v1_datagram, sizeof(quic_v1_datagram), &hello, true), 0);
	expect(hello.sni, hello.sni_size, "example.com");
	expect(hello.alpn, hello.alpn_size, "alpn");
	assert_int_equal(hello.version, 0x0304);
	memset(&hello, 0, sizeof(hello));
	assert_int_equal(parse(quic_v2_datagram, sizeof(quic_v2_datagram), &hello, true), 0);
	expect(hello.sni, hello.sni_size, "example.com");
}

/* Each byte is authenticated. */
static void test_damaged_quic(void **state)
{
	uint8_t bytes[sizeof(quic_v1_datagram)];
	struct aa_hello hello;

	(void)state;
	for (size_t at = 0; at < sizeof(bytes); at++) {
		memcpy(bytes, quic_v1_datagram, sizeof(bytes));
		bytes[at] ^= 0x10;
		assert_true(parse(bytes, sizeof(bytes), &hello, true) < 0);
	}
	for (size_t size = 0; size < sizeof(bytes); size++)
		assert_true(parse(quic_v1_datagram, size, &hello, true) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client),	     cmocka_unit_test(test_server),
		cmocka_unit_test(test_cut),	     cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_long),	     cmocka_unit_test(test_quic),
		cmocka_unit_test(test_damaged_quic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
