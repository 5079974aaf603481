/* SPDX-License-Identifier: Apache-2.0 */
#include "quic.h"

#include <errno.h>
#include <string.h>

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>

#define VERSION_1 0x00000001u
#define VERSION_2 0x6b3343cfu

#define CONNECTION_ID_BYTES 20
#define DATAGRAM_BYTES	    4096u /* as much as the kernel side takes */
#define HELLO_BYTES	    8192u /* more than a datagram brings */
#define TAG_BYTES	    16
#define SAMPLE_BYTES	    16
#define LONG_HEADER	    0x80u

/* What differs between versions. */
static const struct quic_version {
	uint32_t number;
	uint8_t initial_type; /* bits 4 and 5 of the first byte */
	uint8_t salt[20];
	const char *key, *iv, *hp; /* labels */
} versions[] = {
	{ VERSION_1,
	  0,
	  { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	    0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a },
	  "quic key",
	  "quic iv",
	  "quic hp" },
	{ VERSION_2,
	  1,
	  { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
	    0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 },
	  "quicv2 key",
	  "quicv2 iv",
	  "quicv2 hp" },
};

struct keys {
	uint8_t key[16], iv[12], hp[16];
};

struct input {
	const uint8_t *at;
	size_t left;
};

static bool skip(struct input *in, size_t bytes)
{
	if (in->left < bytes)
		return false;
	in->at += bytes;
	in->left -= bytes;
	return true;
}

/* RFC 9000 16 */
static bool take_varint(struct input *in, uint64_t *ret_value)
{
	uint64_t value;
	size_t size;

	if (in->left < 1)
		return false;
	size = (size_t)1 << (in->at[0] >> 6);
	if (in->left < size)
		return false;
	value = in->at[0] & 0x3f;
	for (size_t i = 1; i < size; i++)
		value = value << 8 | in->at[i];
	*ret_value = value;
	return skip(in, size);
}

/* HKDF-Expand-Label of RFC 8446 7.1, without a context. */
static void expand(const uint8_t secret[32], const char *label, size_t size, uint8_t *ret_key)
{
	struct hmac_sha256_ctx hmac;
	uint8_t info[64];
	size_t length = strlen(label), at = 0;

	info[at++] = (uint8_t)(size >> 8);
	info[at++] = (uint8_t)size;
	info[at++] = (uint8_t)(6 + length);
	memcpy(info + at, "tls13 ", 6);
	memcpy(info + at + 6, label, length);
	at += 6 + length;
	info[at++] = 0;
	hmac_sha256_set_key(&hmac, 32, secret);
	(void)hkdf_expand(&hmac, (nettle_hash_update_func *)hmac_sha256_update,
			  (nettle_hash_digest_func *)hmac_sha256_digest, 32, at, info, size, ret_key);
}

static void make_keys(const struct quic_version *version, const uint8_t *id, size_t id_size,
		      struct keys *ret_keys)
{
	struct hmac_sha256_ctx hmac;
	uint8_t initial[32], client[32];

	hmac_sha256_set_key(&hmac, sizeof(version->salt), version->salt);
	hkdf_extract(&hmac, (nettle_hash_update_func *)hmac_sha256_update,
		     (nettle_hash_digest_func *)hmac_sha256_digest, 32, id_size, id, initial);
	expand(initial, "client in", sizeof(client), client);
	expand(client, version->key, sizeof(ret_keys->key), ret_keys->key);
	expand(client, version->iv, sizeof(ret_keys->iv), ret_keys->iv);
	expand(client, version->hp, sizeof(ret_keys->hp), ret_keys->hp);
}

/* An initial packet; its length holds for the number of the packet and all behind it. */
struct packet {
	const uint8_t *begin, *number;
	size_t length;
	struct keys keys;
};

static int read_header(const uint8_t *bytes, size_t size, struct packet *ret_packet)
{
	const struct quic_version *version = NULL;
	struct input in = { .at = bytes, .left = size };
	uint32_t number;
	uint64_t value;
	uint8_t id_size;

	if (size < 7 || !(bytes[0] & LONG_HEADER))
		return -EINVAL;
	number = (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 8 | bytes[4];
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i].number == number)
			version = &versions[i];
	if (!version || (bytes[0] >> 4 & 3) != version->initial_type)
		return -EINVAL;
	id_size = bytes[5];
	(void)skip(&in, 6);
	if (id_size > CONNECTION_ID_BYTES || in.left < id_size)
		return -EINVAL;
	make_keys(version, in.at, id_size, &ret_packet->keys);
	(void)skip(&in, id_size);
	if (in.left < 1 || in.at[0] > CONNECTION_ID_BYTES || !skip(&in, (size_t)in.at[0] + 1))
		return -EINVAL;
	if (!take_varint(&in, &value) || value > in.left || !skip(&in, (size_t)value)) /* token */
		return -EBADMSG;
	if (!take_varint(&in, &value) || value > in.left || value < 4 + SAMPLE_BYTES)
		return -EBADMSG;
	ret_packet->begin = bytes;
	ret_packet->number = in.at;
	ret_packet->length = (size_t)value;
	return 0;
}

/* RFC 9001 5.4 and 5.3. plain has room for length. */
static int decrypt(const struct packet *packet, uint8_t *plain, size_t *ret_size)
{
	struct aes128_ctx aes;
	struct gcm_aes128_ctx gcm;
	uint8_t mask[AES_BLOCK_SIZE], header[2048], tag[TAG_BYTES], nonce[12];
	size_t header_size = (size_t)(packet->number - packet->begin), number_size, size;
	unsigned different = 0;

	aes128_set_encrypt_key(&aes, packet->keys.hp);
	aes128_encrypt(&aes, sizeof(mask), mask, packet->number + 4);
	number_size = ((packet->begin[0] ^ mask[0]) & 3) + 1u;
	if (header_size + number_size > sizeof(header) || packet->length < number_size + TAG_BYTES)
		return -EBADMSG;
	memcpy(header, packet->begin, header_size + number_size);
	header[0] ^= mask[0] & 0x0f;
	memcpy(nonce, packet->keys.iv, sizeof(nonce));
	for (size_t i = 0; i < number_size; i++) {
		header[header_size + i] ^= mask[1 + i];
		nonce[sizeof(nonce) - number_size + i] ^= header[header_size + i];
	}
	size = packet->length - number_size - TAG_BYTES;
	gcm_aes128_set_key(&gcm, packet->keys.key);
	gcm_aes128_set_iv(&gcm, sizeof(nonce), nonce);
	gcm_aes128_update(&gcm, header_size + number_size, header);
	gcm_aes128_decrypt(&gcm, size, plain, packet->number + number_size);
	gcm_aes128_digest(&gcm, sizeof(tag), tag);
	for (size_t i = 0; i < sizeof(tag); i++)
		different |= (unsigned)tag[i] ^ packet->number[number_size + size + i];
	*ret_size = size;
	return different ? -EBADMSG : 0;
}

/* The handshake's bytes, put together from pieces in any order. */
struct crypto {
	uint8_t bytes[HELLO_BYTES];
	uint8_t known[HELLO_BYTES];
};

static void put(struct crypto *crypto, uint64_t offset, const uint8_t *bytes, size_t size)
{
	if (offset >= HELLO_BYTES)
		return;
	if (size > HELLO_BYTES - offset)
		size = HELLO_BYTES - (size_t)offset;
	memcpy(crypto->bytes + offset, bytes, size);
	memset(crypto->known + offset, 1, size);
}

static bool skip_varints(struct input *in, uint64_t count)
{
	uint64_t value;

	while (count > 0 && take_varint(in, &value))
		count--;
	return count == 0;
}

/* RFC 9000 12.4: what an initial packet may hold. */
static void read_frames(struct input *in, struct crypto *crypto)
{
	uint64_t type, offset, size, count;

	while (take_varint(in, &type)) {
		switch (type) {
		case 0x00: /* PADDING */
		case 0x01: /* PING */
			break;
		case 0x02: /* ACK */
		case 0x03:
			/* Largest, delay, number of ranges, the first of them; ranges; ECN. */
			if (!skip_varints(in, 2) || !take_varint(in, &count) || count > in->left ||
			    !skip_varints(in, 1 + 2 * count + (type == 0x03 ? 3 : 0)))
				return;
			break;
		case 0x06: /* CRYPTO */
			if (!take_varint(in, &offset) || !take_varint(in, &size) || size > in->left)
				return;
			put(crypto, offset, in->at, (size_t)size);
			(void)skip(in, (size_t)size);
			break;
		default: /* CONNECTION_CLOSE, or one that must not be here */
			return;
		}
	}
}

int aa_quic_parse(const void *bytes, size_t size, struct aa_hello *ret_hello)
{
	struct crypto crypto = { .known = { 0 } };
	uint8_t plain[DATAGRAM_BYTES];
	const uint8_t *at = bytes;
	size_t left = size, known = 0;
	int r = -EINVAL;

	/* A datagram may bring several packets. */
	while (left > 0) {
		struct packet packet;
		struct input frames = { .at = plain };
		int failed = read_header(at, left, &packet);

		if (failed == 0 && packet.length > sizeof(plain))
			failed = -EBADMSG;
		if (failed == 0)
			failed = decrypt(&packet, plain, &frames.left);
		if (failed < 0) {
			r = r == 0 ? 0 : failed;
			break;
		}
		r = 0;
		read_frames(&frames, &crypto);
		left -= (size_t)(packet.number - at) + packet.length;
		at = packet.number + packet.length;
	}
	if (r < 0)
		return r;
	while (known < HELLO_BYTES && crypto.known[known])
		known++;
	r = aa_hello_parse(crypto.bytes, known, ret_hello);
	return r < 0 || ret_hello->server ? -EBADMSG : 0;
}
