/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces secrets before they are stored: values of headers that carry credentials, and tokens of known shapes. What is
 * replaced keeps its length; only HTTP/2 header blocks, which are compressed, are encoded anew. Pure: bytes in, bytes out;
 * no I/O. Never holds back a secret's bytes for later: what may be one is replaced at once.
 *
 * A secret of 18 bytes and more becomes "[redacted sha256:HEX]", cut or filled with dots to its length, if all of it came in
 * one piece; else, and if it is shorter, '*'. The prefix of a token (ghp_) and the scheme of a header (Bearer) stay. A piece
 * may end in what only looks like a token: that is replaced, too.
 *
 * Not found: secrets of no known shape outside of the headers; in compressed bodies (gzip, br, WebSocket's permessage-deflate),
 * in base64 and other encodings, and in names of files; tokens that HTTP/1 parts into chunks, or a program into events; what
 * begins in a hole, except by its shape; and a token cut between two frames of a stream of HTTP/2 when more than 128 others
 * were used between them.
 */
#ifndef AA_REDACT_REDACT_H
#define AA_REDACT_REDACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "text.h"

#define AA_REDACT_KEY_SIZE	   32
#define AA_REDACT_FINGERPRINT_SIZE 16

/* The rules of a session, and its key. */
struct aa_redactor;

/*
 * headers: NULL-terminated names beside the built-in ones (Authorization, Proxy-Authorization, Cookie, Set-Cookie, X-Api-Key ...), or
 * NULL. key: AA_REDACT_KEY_SIZE random bytes. Returns 0 or -ENOMEM, -EINVAL (a name that no header can have).
 */
int aa_redactor_new(const uint8_t *key, char *const *headers, struct aa_redactor **ret_redactor,
		    struct aa_error *error);
void aa_redactor_free(struct aa_redactor *redactor); /* NULL is fine */

/* A secret that was replaced. */
struct aa_redaction {
	uint64_t
		offset; /* of its first byte in the stream, or text; of the frame, if it was in HTTP/2 headers */
	uint64_t length; /* bytes */
	const char *
		what; /* "authorization", "token: github", a header's name in lower case; lives as long as the redactor */
	bool has_fingerprint; /* all of it was seen, and it has 8 bytes at least: a shorter one could be guessed */
	uint8_t fingerprint[AA_REDACT_FINGERPRINT_SIZE]; /* HMAC-SHA-256 under the key, first 128 bits */
};

/* Called for each, in order of their ends. Returns 0, or a negative errno that the caller forwards. */
typedef int aa_redaction_fn(void *context, const struct aa_redaction *redaction);

/* The fingerprint of a secret as an analyst has it (aa-query tls --matches-secret does the same). */
void aa_redact_fingerprint(const uint8_t *key, const void *secret, size_t size,
			   uint8_t ret_fingerprint[AA_REDACT_FINGERPRINT_SIZE]);

/*
 * A whole text of a process: an argument ("Authorization: Bearer x", "--header=..."), an environment value, a URL. Same length,
 * in place. Returns the number of secrets replaced, or a negative errno.
 */
int aa_redact_text(const struct aa_redactor *redactor, char *bytes, size_t size, aa_redaction_fn *found,
		   void *context);

/* Both directions of one TLS connection. Index: enum aa_tls_direction of event.h. */
struct aa_redact_connection;

/* redactor is borrowed. late: bytes came before the first that will be fed. NULL: out of memory. */
struct aa_redact_connection *aa_redact_connection_new(const struct aa_redactor *redactor, bool late);
void aa_redact_connection_free(struct aa_redact_connection *connection); /* NULL is fine */

/* The protocol that was agreed on ("h2"), where it is known before the bytes. */
void aa_redact_set_protocol(struct aa_redact_connection *connection, const char *alpn);

/* What a piece of a stream became. */
struct aa_redacted {
	uint64_t begin; /* offset in the stream of the first byte that out stands for */
	uint64_t bytes; /* of the stream that it stands for; 0: nothing yet, they come with a later piece */
	uint64_t withheld; /* of them, at the end: not in out, as they could not be searched */
	size_t used;	   /* of what was fed; less than all where something is withheld: feed the rest now */
	unsigned count;	   /* secrets replaced */
	bool rewritten;	   /* lengths differ: HTTP/2 headers were encoded anew */
};

/*
 * The next bytes of a direction: appends what may be stored to out. Only an HTTP/2 header block that is not whole is held
 * (at most 256 KiB; more is withheld). As what is withheld is at the end of what out stands for, the caller goes on with the
 * rest of its bytes until all are used. Returns 0 or a negative errno.
 */
int aa_redact_feed(struct aa_redact_connection *connection, unsigned direction, const void *bytes,
		   size_t size, struct aa_text_buffer *out, struct aa_redacted *ret_redacted,
		   aa_redaction_fn *found, void *context);

/* A hole of so many bytes in a direction; first what is held comes out, as with aa_redact_end. */
int aa_redact_skip(struct aa_redact_connection *connection, unsigned direction, uint64_t bytes,
		   struct aa_text_buffer *out, struct aa_redacted *ret_redacted, aa_redaction_fn *found,
		   void *context);

/* The direction ends: what is held comes out, searched as far as it goes, or is withheld. */
int aa_redact_end(struct aa_redact_connection *connection, unsigned direction, struct aa_text_buffer *out,
		  struct aa_redacted *ret_redacted, aa_redaction_fn *found, void *context);

#endif
