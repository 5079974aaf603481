/* SPDX-License-Identifier: Apache-2.0 */
/* See secret.h. The recorder's side is aa_redact_fingerprint(); HMAC-SHA-256 (RFC 2104), first 128 bits. */
#include "secret.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <nettle/hmac.h>

#define KEY_BYTES	  32
#define FINGERPRINT_BYTES 16
#define MAX_SECRET	  65536

int aa_secret_read(int fd, struct aa_text_buffer *ret_secret, struct aa_error *error)
{
	char bytes[4096];
	ssize_t n;

	aa_text_clear(ret_secret);
	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return aa_error_set(error, -errno, "cannot read the secret: %s", strerror(errno));
		aa_text_add(ret_secret, bytes, (size_t)n);
		if (ret_secret->failed)
			return aa_error_set(error, -ENOMEM, "out of memory");
		if (ret_secret->size > MAX_SECRET)
			return aa_error_set(error, -EMSGSIZE, "the secret is longer than %d bytes",
					    MAX_SECRET);
	}
	explicit_bzero(bytes, sizeof(bytes));
	if (ret_secret->size && ret_secret->data[ret_secret->size - 1] == '\n')
		ret_secret->size--;
	if (ret_secret->size && ret_secret->data[ret_secret->size - 1] == '\r')
		ret_secret->size--;
	if (!ret_secret->size)
		return aa_error_set(error, -ENODATA, "no secret on standard input");
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int aa_secret_fingerprint(const char *key, const struct aa_text_buffer *secret,
			  char ret_fingerprint[AA_SECRET_FINGERPRINT_TEXT])
{
	uint8_t bytes[KEY_BYTES], digest[FINGERPRINT_BYTES];
	struct hmac_sha256_ctx hmac;

	if (!key || strlen(key) != (size_t)2 * KEY_BYTES)
		return -EINVAL;
	for (size_t i = 0; i < KEY_BYTES; i++) {
		int high = digit(key[2 * i]), low = digit(key[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	hmac_sha256_set_key(&hmac, sizeof(bytes), bytes);
	hmac_sha256_update(&hmac, secret->size, (const uint8_t *)(secret->data ? secret->data : ""));
	hmac_sha256_digest(&hmac, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(ret_fingerprint + 2 * i, 3, "%02x", digest[i]);
	explicit_bzero(&hmac, sizeof(hmac));
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

void aa_secret_release(struct aa_text_buffer *secret)
{
	if (secret->data)
		explicit_bzero(secret->data, secret->capacity);
	aa_text_release(secret);
}
