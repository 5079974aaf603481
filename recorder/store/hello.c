/* SPDX-License-Identifier: Apache-2.0 */
#include "hello.h"

#include <errno.h>
#include <string.h>

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2 };
enum { EXTENSION_SNI = 0, EXTENSION_ALPN = 16, EXTENSION_VERSIONS = 43 };

#define RECORD_HANDSHAKE 22
#define RECORD_HEADER	 5
#define MESSAGE_BYTES	 16384u /* of one that comes in several records */

/* RFC 8446 4.1.3: the random of a HelloRetryRequest. */
static const uint8_t retry_random[32] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

/* Bytes that are left. Reading beyond them gives 0 and sets short. */
struct input {
	const uint8_t *at;
	size_t left;
	bool ended;
};

static uint32_t take(struct input *in, unsigned bytes)
{
	uint32_t value = 0;

	if (in->left < bytes) {
		in->ended = true;
		in->left = 0;
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		value = value << 8 | in->at[i];
	in->at += bytes;
	in->left -= bytes;
	return value;
}

/* The next size bytes, or as many of them as there are. */
static struct input part(struct input *in, size_t size)
{
	struct input inner = { .at = in->at, .left = size < in->left ? size : in->left };

	in->ended = in->ended || inner.left < size;
	in->at += inner.left;
	in->left -= inner.left;
	return inner;
}

/* GREASE (RFC 8701): values that mean nothing. */
static bool is_grease(uint32_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

static void read_versions(struct aa_hello *hello, struct input *in)
{
	struct input list;

	if (hello->server) {
		uint32_t version = take(in, 2);

		if (!in->ended)
			hello->version = (uint16_t)version;
		return;
	}
	list = part(in, take(in, 1));
	hello->version = 0;
	while (list.left >= 2) {
		uint32_t version = take(&list, 2);

		if (!is_grease(version) && aa_tls_version_name((uint16_t)version) && version > hello->version)
			hello->version = (uint16_t)version;
	}
}

static void read_sni(struct aa_hello *hello, struct input *in)
{
	struct input list = part(in, take(in, 2));

	while (list.left >= 3) {
		uint32_t type = take(&list, 1);
		uint32_t size = take(&list, 2);
		struct input name = part(&list, size);

		if (type != 0 || name.left != size || size == 0 || size > sizeof(hello->sni))
			continue;
		memcpy(hello->sni, name.at, size);
		hello->sni_size = size;
		return;
	}
}

static void read_alpn(struct aa_hello *hello, struct input *in)
{
	struct input list = part(in, take(in, 2));

	while (list.left >= 1) {
		uint32_t size = take(&list, 1);
		struct input name = part(&list, size);
		size_t comma = hello->alpn_size ? 1 : 0;

		if (name.left != size || size == 0 ||
		    (size == 2 && is_grease((uint32_t)name.at[0] << 8 | name.at[1])))
			continue;
		if (size + comma > sizeof(hello->alpn) - hello->alpn_size)
			return;
		if (comma)
			hello->alpn[hello->alpn_size++] = ',';
		memcpy(hello->alpn + hello->alpn_size, name.at, size);
		hello->alpn_size += size;
	}
}

static void read_extensions(struct aa_hello *hello, struct input *in)
{
	struct input list = part(in, take(in, 2));

	while (list.left >= 4) {
		uint32_t type = take(&list, 2);
		struct input body = part(&list, take(&list, 2));

		if (type == EXTENSION_SNI && !hello->server)
			read_sni(hello, &body);
		else if (type == EXTENSION_ALPN)
			read_alpn(hello, &body);
		else if (type == EXTENSION_VERSIONS)
			read_versions(hello, &body);
	}
}

int aa_hello_parse(const void *bytes, size_t size, struct aa_hello *ret_hello)
{
	struct input in = { .at = bytes, .left = size };
	struct aa_hello *hello = ret_hello;
	uint32_t type = take(&in, 1);
	struct input body;

	*hello = (struct aa_hello){ .server = type == SERVER_HELLO };
	if (in.ended || (type != CLIENT_HELLO && type != SERVER_HELLO))
		return -EINVAL;
	body = part(&in, take(&in, 3));
	hello->version = (uint16_t)take(&body, 2);
	if (body.left < sizeof(hello->random) || !aa_tls_version_name(hello->version))
		return -EINVAL;
	memcpy(hello->random, body.at, sizeof(hello->random));
	(void)part(&body, sizeof(hello->random));
	(void)part(&body, take(&body, 1)); /* session id */
	if (hello->server) {
		hello->retry = memcmp(hello->random, retry_random, sizeof(retry_random)) == 0;
		hello->cipher = (uint16_t)take(&body, 2);
		(void)take(&body, 1); /* compression */
	} else {
		(void)part(&body, take(&body, 2)); /* ciphers */
		(void)part(&body, take(&body, 1)); /* compressions */
	}
	if (body.left > 0)
		read_extensions(hello, &body);
	return 0;
}

int aa_hello_parse_records(const void *bytes, size_t size, struct aa_hello *ret_hello)
{
	uint8_t message[MESSAGE_BYTES];
	struct input in = { .at = bytes, .left = size };
	size_t gathered = 0;

	while (in.left >= RECORD_HEADER && in.at[0] == RECORD_HANDSHAKE && in.at[1] == 3) {
		struct input body;

		(void)take(&in, 3);
		body = part(&in, take(&in, 2));
		if (body.left > sizeof(message) - gathered)
			body.left = sizeof(message) - gathered;
		memcpy(message + gathered, body.at, body.left);
		gathered += body.left;
	}
	return aa_hello_parse(message, gathered, ret_hello);
}

const char *aa_tls_version_name(uint16_t version)
{
	switch (version) {
	case 0x0300:
		return "SSLv3";
	case 0x0301:
		return "TLSv1";
	case 0x0302:
		return "TLSv1.1";
	case 0x0303:
		return "TLSv1.2";
	case 0x0304:
		return "TLSv1.3";
	case 0xfeff:
		return "DTLSv1";
	case 0xfefd:
		return "DTLSv1.2";
	default:
		return NULL;
	}
}

/* Of IANA's registry "TLS Cipher Suites" those that are recommended, and those that are still met. */
static const struct {
	uint16_t number;
	const char *name;
} ciphers[] = {
	{ 0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA" },
	{ 0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA" },
	{ 0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA" },
	{ 0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA" },
	{ 0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA" },
	{ 0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256" },
	{ 0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256" },
	{ 0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0x1301, "TLS_AES_128_GCM_SHA256" },
	{ 0x1302, "TLS_AES_256_GCM_SHA384" },
	{ 0x1303, "TLS_CHACHA20_POLY1305_SHA256" },
	{ 0x1304, "TLS_AES_128_CCM_SHA256" },
	{ 0x1305, "TLS_AES_128_CCM_8_SHA256" },
	{ 0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA" },
	{ 0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA" },
	{ 0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" },
	{ 0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA" },
	{ 0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256" },
	{ 0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384" },
	{ 0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" },
	{ 0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384" },
	{ 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" },
	{ 0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" },
	{ 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" },
	{ 0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" },
	{ 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" },
	{ 0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256" },
};

const char *aa_tls_cipher_name(uint16_t cipher)
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (ciphers[i].number == cipher)
			return ciphers[i].name;
	return NULL;
}
