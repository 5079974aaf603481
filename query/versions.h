/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of one file, as --content recorded them: what its contents were, in order. A row of content with the same
 * hash as the one before it is no version of its own; one without a hash has no number.
 */
#ifndef AA_QUERY_VERSIONS_H
#define AA_QUERY_VERSIONS_H

#include "query.h"

#define AA_VERSION_HEX_SIZE 65

struct aa_version {
	int64_t number;	 /* from 1; 0: contents are not known, see reason */
	int64_t file_id; /* row of file after which it was read; the first of those with these contents */
	int64_t time_ns; /* when it was read */
	int64_t blob_id; /* 0: bytes were not kept */
	int64_t size_bytes;
	bool changed; /* may be no version that ever was */
	char sha256[AA_VERSION_HEX_SIZE];
	char reason[24]; /* why not whole; "" */
};

struct aa_versions {
	int64_t session_id;
	struct aa_version *items;
	size_t count;
	size_t capacity;
};

/*
 * The versions that belong to rows of file, which are given in their order. None if the session has no contents. Returns 0
 * or a negative errno with query->error set.
 */
int aa_versions_load(struct aa_query *query, int64_t session_id, const int64_t *file_ids, size_t file_count,
		     struct aa_versions *ret_versions);
void aa_versions_release(struct aa_versions *versions);

/* The version of that number; NULL if there is none. */
const struct aa_version *aa_versions_find(const struct aa_versions *versions, int64_t number);

/*
 * The body of history --diff: which is "N" (with the one before), "N:M", or "" (the last two). Lines go to query->out
 * as text. Sets query->error if not AA_ANSWERED.
 */
enum aa_status aa_versions_diff(struct aa_query *query, const struct aa_versions *versions,
				const char *which);

/* The body of history --content N: its exact bytes, but not to a terminal. number 0: the last one. */
enum aa_status aa_versions_write(struct aa_query *query, const struct aa_versions *versions, int64_t number);

#endif
