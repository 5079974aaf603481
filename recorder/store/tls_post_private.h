/* SPDX-License-Identifier: Apache-2.0 */
/* What is posted (tls_post.h), inside the store. */
#ifndef AA_STORE_TLS_POST_PRIVATE_H
#define AA_STORE_TLS_POST_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "tls_post.h"

struct aa_session;

/* What is known of a library, in all sessions. */
struct aa_tls_library {
	uint64_t number;
	uint64_t time_ns; /* CLOCK_BOOTTIME: since when it is attached to */
	bool attached, late;
	char implementation[64];
	char reason[256]; /* escaped; "" if there is none */
};

/* A row for it, and all that is known from it. tls_library.c */
int aa_tls_library_store(struct aa_session *session, const struct aa_library_post *library,
			 struct aa_error *error);

/* Returns 0 or -ENOMEM. */
int aa_tls_add_mapped(struct aa_session *session, uint32_t tgid, uint64_t start_ns, uint64_t library);

struct aa_tls_posts;

/* NULL: out of memory. */
struct aa_tls_posts *aa_tls_posts_new(void);
void aa_tls_posts_free(struct aa_tls_posts *posts);

const struct aa_tls_library *aa_tls_library(const struct aa_session *session, uint64_t number);
int64_t aa_tls_library_row(const struct aa_session *session, uint64_t number); /* 0: it has none */
uint64_t aa_tls_mapped(const struct aa_session *session, uint32_t tgid, uint64_t start_ns, size_t *at);

/* The transaction's side: commit.c. */
int aa_tls_posts_store(struct aa_store *store, struct aa_error *error); /* before what names libraries */
int aa_tls_posts_store_ends(struct aa_store *store,
			    struct aa_error *error); /* after what tells of connections */
void aa_tls_posts_commit(struct aa_store *store);
void aa_tls_posts_rollback(struct aa_store *store);

#endif
