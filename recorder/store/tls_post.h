/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the recorder itself finds out about TLS while it records, on other threads than the store's: handed over here,
 * stored with the next commit. Copies everything; what there is no memory for (-ENOMEM) becomes a gap row. Any thread.
 */
#ifndef AA_STORE_TLS_POST_H
#define AA_STORE_TLS_POST_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "event.h"
#include "store.h"

/* A row of s<N>_tls_library. Strings are bytes as found; NULL where not known. */
struct aa_library_post {
	uint64_t time_boot_ns;
	uint64_t number;   /* as in AA_EVENT_TLS_OPEN; 1 and up */
	uint64_t start_ns; /* identity of who mapped it; 0: nobody yet */
	uint32_t tgid;
	uint32_t device;
	uint64_t inode;
	uint64_t size_bytes;
	uint64_t held_ns; /* 0: not held */
	const char *path;
	const char *build_id;
	const char *implementation;
	const char *version;
	const char *hooks;
	const char *how;
	const char *reason;
	bool attached;
	bool late;
};

int aa_store_post_library(struct aa_store *store, int64_t session_id, const struct aa_library_post *post);

/*
 * That a process has mapped a library: a connection of it without plaintext then says why. number: of a post before, in
 * any session of this store.
 */
int aa_store_post_mapped(struct aa_store *store, int64_t session_id, uint32_t tgid, uint64_t start_ns,
			 uint64_t number);

/* A connection that the sweep found ended: as AA_EVENT_TLS_CLOSE. */
int aa_store_post_tls_end(struct aa_store *store, int64_t session_id, uint64_t time_boot_ns,
			  uint64_t connection, const struct aa_tls_sums *sums,
			  enum aa_tls_close_reason reason);

/* Something is posted and not stored: a commit is due. Any thread. */
bool aa_store_posts_pending(struct aa_store *store);

#endif
