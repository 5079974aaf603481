/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds secrets in a stream of bytes that comes in pieces, and replaces them where they lie. Knows no protocol: a header is
 * a header in a request as in a log, in JSON, or in JSON within JSON.
 */
#ifndef AA_REDACT_SEARCH_H
#define AA_REDACT_SEARCH_H

#include <sys/types.h>

#include "rules.h"

/* Bytes that are not replaced until it is known whether they belong to the secret: spaces, backslashes, dashes. */
#define AA_TAIL_MAX 32

/* A secret that is being read. */
struct aa_secret {
	const char *what;
	uint64_t offset;    /* of its first byte */
	uint64_t hashed;    /* bytes that hmac has had */
	const char *prefix; /* its first bytes, which are not replaced or have gone by */
	uint8_t prefix_size;
	bool open;
	bool cut;		     /* a part of it was replaced in an earlier piece */
	bool broken;		     /* a part was not seen */
	struct hmac_sha256_ctx hmac; /* once hashed > 0 */
};

enum aa_search_mode {
	AA_SEARCH_IDLE,
	AA_SEARCH_SEPARATOR, /* between a header's name and its value */
	AA_SEARCH_VALUE,
	AA_SEARCH_FOLD, /* behind a header: whether it goes on in the next line */
	AA_SEARCH_TOKEN,
};

/* What ends the value of a header. */
enum aa_value_context {
	AA_VALUE_ALL,	 /* nothing */
	AA_VALUE_RAW,	 /* the line's end: the name is the first thing in its line */
	AA_VALUE_QUOTED, /* the quote, as deep as it was opened */
	AA_VALUE_LINE,	 /* the line's end, also an escaped one, or a quote */
	AA_VALUE_BARE,	 /* those, or the end of a member: in JSON or a program's text */
};

enum aa_value_state {
	AA_VALUE_SCHEME,
	AA_VALUE_GAP,	 /* behind the scheme */
	AA_VALUE_SECRET, /* all that follows */
	AA_VALUE_NAME,	 /* of a cookie */
	AA_VALUE_COOKIE, /* its value */
	AA_VALUE_ATTRIBUTES,
	AA_VALUE_NEXT_NAME, /* or part of a date */
};

struct aa_searcher {
	const struct aa_redactor *redactor;
	uint8_t mode;
	/* idle */
	uint16_t names, tokens; /* states of the automata */
	uint16_t name;		/* a header's name ended with the last byte */
	uint64_t history;	/* a bit for each of the last bytes, newest lowest: it is part of a word */
	uint16_t backslashes;	/* before the next byte */
	uint16_t url;		/* characters since "://", 0: not there */
	uint8_t last[2];	/* the last bytes, newest first */
	uint8_t escape;		/* hexadecimal digits that may belong to an escape */
	bool lead;		/* nothing but AA_CHAR_LEAD in this line so far */
	bool in_name;
	/* where the name began that may be one of a header */
	uint8_t quote; /* right before it; 0: none */
	uint16_t depth;
	bool begins_line; /* nothing before it but AA_CHAR_LEAD */
	bool begins;	  /* nothing at all before it in its line */
	/* separator */
	bool closed, colon, letter;
	uint8_t pair; /* in ', "value"' as HAR has it: bytes of it so far */
	/* value */
	const struct aa_header_rule *rule;
	uint8_t context, state, fold;
	bool equals, inner;
	char head[AA_SCHEME_MAX];	/* what may be a scheme */
	uint8_t head_size, head_before; /* of them in earlier pieces */
	/* token */
	const struct aa_shape *shape;
	const struct aa_shape *inner_shape; /* that may have begun in this one */
	uint32_t body;			    /* bytes behind the prefix in earlier pieces */
	uint16_t segment;
	uint8_t dots, dashes;
	bool digit, second;
	/* both */
	struct aa_secret secret;
	uint8_t tail[AA_TAIL_MAX]; /* of earlier pieces */
	uint8_t tail_size;
};

/* A piece that is being searched. */
struct aa_pass {
	uint8_t *bytes;
	size_t size;
	uint64_t offset; /* of bytes[0] in the stream */
	bool last;
	bool fixed;		/* offset is what is told of all secrets: there is no stream behind bytes */
	aa_redaction_fn *found; /* NULL: nobody wants to know */
	void *context;
	unsigned count;
	int error;   /* of found */
	size_t from; /* where the open secret goes on in this piece */
	size_t tail; /* bytes before the next that are its tail */
};

void aa_searcher_init(struct aa_searcher *searcher, const struct aa_redactor *redactor);

/* Replaces what is a secret in the piece. Returns 0 or what found returned; pass->count grows. */
int aa_search(struct aa_searcher *searcher, struct aa_pass *pass);

/* Bytes are missing now. */
void aa_search_skip(struct aa_searcher *searcher);

/* The whole value of a header. */
int aa_search_value(const struct aa_redactor *redactor, const struct aa_header_rule *rule,
		    struct aa_pass *pass);

/* A text that is there as a whole. */
int aa_search_text(const struct aa_redactor *redactor, struct aa_pass *pass);

/* The parts. Each takes the index of the next byte and returns the one after what it used. */
size_t aa_search_idle(struct aa_searcher *searcher, struct aa_pass *pass, size_t at);
size_t aa_search_separator(struct aa_searcher *searcher, struct aa_pass *pass, size_t at);
size_t aa_search_value_bytes(struct aa_searcher *searcher, struct aa_pass *pass, size_t at);
size_t aa_search_fold(struct aa_searcher *searcher, struct aa_pass *pass, size_t at);
size_t aa_search_token(struct aa_searcher *searcher, struct aa_pass *pass, size_t at);
void aa_search_begin_token(struct aa_searcher *searcher, struct aa_pass *pass, const struct aa_shape *shape,
			   size_t at);
size_t aa_search_end_token(struct aa_searcher *searcher, struct aa_pass *pass, size_t at, bool closed);
void aa_search_to_idle(struct aa_searcher *searcher, uint8_t last);

/* The byte becomes the one before the next. */
void aa_search_note(struct aa_searcher *searcher, uint8_t byte);

/* The token whose prefix ended with the last byte, or NULL. */
const struct aa_shape *aa_search_hit(const struct aa_searcher *searcher);

/* secret.c */
void aa_secret_begin(struct aa_searcher *searcher, struct aa_pass *pass, const char *what, size_t at,
		     const char *prefix, size_t prefix_size);
void aa_secret_cut(struct aa_searcher *searcher, struct aa_pass *pass); /* the piece ends in it */
void aa_secret_hash(struct aa_searcher *searcher, const uint8_t *bytes, size_t size);
/* It ended before bytes[end]; whole: it is all there. */
void aa_secret_end(struct aa_searcher *searcher, struct aa_pass *pass, size_t end, bool whole);

/* Writes what stands for a secret of size bytes; fingerprint: NULL if it has none. */
void aa_secret_placeholder(uint8_t *out, size_t size, const uint8_t *fingerprint);

#endif
