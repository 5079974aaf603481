/* SPDX-License-Identifier: Apache-2.0 */
/* One secret: its fingerprint, which is computed as its bytes go by, and what stands in its place. */
#include <string.h>

#include "search.h"

#define PLACEHOLDER	 "[redacted sha256:"
#define PLACEHOLDER_SIZE (sizeof(PLACEHOLDER) - 1)
#define FINGERPRINT_MIN	 8 /* a shorter secret could be guessed from its fingerprint by who has the key */

void aa_secret_placeholder(uint8_t *out, size_t size, const uint8_t *fingerprint)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = PLACEHOLDER_SIZE;

	if (!fingerprint || size < PLACEHOLDER_SIZE + 1) {
		memset(out, '*', size);
		return;
	}
	memcpy(out, PLACEHOLDER, PLACEHOLDER_SIZE);
	for (size_t i = 0; i < 2 * AA_REDACT_FINGERPRINT_SIZE && at < size - 1; i++)
		out[at++] = (uint8_t)digits[fingerprint[i / 2] >> (i % 2 ? 0 : 4) & 15];
	memset(out + at, '.', size - 1 - at);
	out[size - 1] = ']';
}

void aa_redact_fingerprint(const uint8_t *key, const void *secret, size_t size,
			   uint8_t ret_fingerprint[AA_REDACT_FINGERPRINT_SIZE])
{
	struct hmac_sha256_ctx hmac;

	hmac_sha256_set_key(&hmac, AA_REDACT_KEY_SIZE, key);
	hmac_sha256_update(&hmac, size, secret);
	hmac_sha256_digest(&hmac, AA_REDACT_FINGERPRINT_SIZE, ret_fingerprint);
	explicit_bzero(&hmac, sizeof(hmac));
}

/* at: index of its first byte in this piece; the prefix is before it. */
void aa_secret_begin(struct aa_searcher *searcher, struct aa_pass *pass, const char *what, size_t at,
		     const char *prefix, size_t prefix_size)
{
	struct aa_secret *secret = &searcher->secret;

	secret->what = what;
	secret->offset = pass->fixed ? pass->offset : pass->offset + at - prefix_size;
	secret->hashed = 0;
	secret->prefix = prefix;
	secret->prefix_size = (uint8_t)prefix_size;
	secret->open = true;
	secret->cut = false;
	secret->broken = false;
	searcher->tail_size = 0;
	pass->from = at;
	pass->tail = 0;
}

static void update(struct aa_secret *secret, const struct aa_redactor *redactor, const void *bytes,
		   size_t size)
{
	if (!secret->hashed) {
		secret->hmac = redactor->hmac;
		hmac_sha256_update(&secret->hmac, secret->prefix_size, (const uint8_t *)secret->prefix);
		secret->hashed = secret->prefix_size;
	}
	hmac_sha256_update(&secret->hmac, size, bytes);
	secret->hashed += size;
}

void aa_secret_hash(struct aa_searcher *searcher, const uint8_t *bytes, size_t size)
{
	if (!size)
		return;
	if (searcher->tail_size)
		update(&searcher->secret, searcher->redactor, searcher->tail, searcher->tail_size);
	searcher->tail_size = 0;
	update(&searcher->secret, searcher->redactor, bytes, size);
}

/* What may not belong to it stays, as it tells nothing: it is remembered for the fingerprint. */
void aa_secret_cut(struct aa_searcher *searcher, struct aa_pass *pass)
{
	size_t end = pass->size - pass->tail;

	if (end > pass->from) {
		aa_secret_hash(searcher, pass->bytes + pass->from, end - pass->from);
		aa_secret_placeholder(pass->bytes + pass->from, end - pass->from, NULL);
		searcher->secret.cut = true;
	}
	if (pass->tail > AA_TAIL_MAX - (size_t)searcher->tail_size) {
		aa_secret_hash(searcher, pass->bytes + end, pass->tail);
	} else {
		memcpy(searcher->tail + searcher->tail_size, pass->bytes + end, pass->tail);
		searcher->tail_size = (uint8_t)(searcher->tail_size + pass->tail);
	}
	pass->tail = 0;
}

void aa_secret_end(struct aa_searcher *searcher, struct aa_pass *pass, size_t end, bool whole)
{
	struct aa_secret *secret = &searcher->secret;
	struct aa_redaction redaction = { .offset = secret->offset, .what = secret->what };
	size_t here = end > pass->from ? end - pass->from : 0;

	secret->open = false;
	aa_secret_hash(searcher, pass->bytes + pass->from, here);
	searcher->tail_size = 0;
	if (secret->hashed <= secret->prefix_size)
		return; /* nothing was replaced */
	redaction.length = secret->hashed;
	redaction.has_fingerprint = whole && !secret->broken && secret->hashed >= FINGERPRINT_MIN;
	if (redaction.has_fingerprint)
		hmac_sha256_digest(&secret->hmac, AA_REDACT_FINGERPRINT_SIZE, redaction.fingerprint);
	aa_secret_placeholder(pass->bytes + pass->from, here,
			      redaction.has_fingerprint && !secret->cut ? redaction.fingerprint : NULL);
	pass->count++;
	if (pass->found && pass->error == 0)
		pass->error = pass->found(pass->context, &redaction);
}
