/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a secret that somebody has was in a recording: secrets are replaced by fingerprints under a key of the session
 * (its option redact-key), so the same can be computed of one that is at hand.
 */
#ifndef AA_QUERY_SECRET_H
#define AA_QUERY_SECRET_H

#include "error.h"
#include "text.h"

#define AA_SECRET_FINGERPRINT_TEXT \
	33 /* 128 bits, hexadecimal, with a NUL: as in s<N>_redaction.fingerprint */

/*
 * Reads a secret from a file, standard input as a rule and never an argument, as those are seen by everybody: without the
 * newline at its end, at most 64 KiB. Returns 0, -EMSGSIZE, -ENODATA if it is empty, or the errno of reading.
 */
int aa_secret_read(int fd, struct aa_text_buffer *ret_secret, struct aa_error *error);

/*
 * The secret's fingerprint in a session. key: value of the session's option redact-key. Returns 0, or -EINVAL if that is
 * no key.
 */
int aa_secret_fingerprint(const char *key, const struct aa_text_buffer *secret,
			  char ret_fingerprint[AA_SECRET_FINGERPRINT_TEXT]);

/* Forgets it. */
void aa_secret_release(struct aa_text_buffer *secret);

#endif
