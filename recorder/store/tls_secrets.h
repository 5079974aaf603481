/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a connection on their way through redaction (redact.h), which cannot be undone: what became of them is
 * kept until the transaction is committed. If that fails, the same bytes come again, and get the same answer from here.
 */
#ifndef AA_STORE_TLS_SECRETS_H
#define AA_STORE_TLS_SECRETS_H

#include <stdbool.h>
#include <stdint.h>

#include "redact.h"

struct aa_tls_secrets;

/* What became of a piece. */
struct aa_tls_redacted {
	struct aa_redacted what;
	struct aa_text_buffer out;
	struct aa_redaction *found; /* what.count of them, at most; their names are kept, too */
	char (*names)[64];
	size_t found_count, found_capacity;
	/* The question. */
	uint64_t offset, size;
	uint32_t direction;
	int kind;
};

/* NULL: out of memory. redactor is borrowed. */
struct aa_tls_secrets *aa_tls_secrets_new(const struct aa_redactor *redactor, bool late);
void aa_tls_secrets_free(struct aa_tls_secrets *secrets); /* NULL is fine */

void aa_tls_secrets_set_protocol(struct aa_tls_secrets *secrets, const char *alpn);

/* As aa_redact_feed, aa_redact_skip, aa_redact_end. The answer is valid until the next call. */
int aa_tls_secrets_feed(struct aa_tls_secrets *secrets, unsigned direction, uint64_t offset,
			const void *bytes, size_t size, const struct aa_tls_redacted **ret_answer);
int aa_tls_secrets_skip(struct aa_tls_secrets *secrets, unsigned direction, uint64_t offset, uint64_t bytes,
			const struct aa_tls_redacted **ret_answer);
int aa_tls_secrets_end(struct aa_tls_secrets *secrets, unsigned direction,
		       const struct aa_tls_redacted **ret_answer);

void aa_tls_secrets_commit(struct aa_tls_secrets *secrets);
void aa_tls_secrets_rollback(struct aa_tls_secrets *secrets);

#endif
