/* SPDX-License-Identifier: Apache-2.0 */
/* What contents.c and sink_content.c share. */
#ifndef AA_STORE_CONTENTS_PRIVATE_H
#define AA_STORE_CONTENTS_PRIVATE_H

#include "contents.h"

/* Beyond so much memory for files that wait to be read, they are rows with the reason 'skipped'. */
#define AA_CONTENT_WAITING_BYTES ((size_t)32 << 20)
#define AA_CONTENT_BUCKET_BITS	 10
#define AA_CONTENT_RECENT	 4096u

/* Which file was last closed under a path, for renames and links that do not say it (the portable tier). */
struct aa_content_recent {
	int64_t session_id, path_id;
	struct aa_content_file file;
};

struct aa_contents {
	char *const *globs;
	const struct aa_content_reader *reader;
	void *context;
	struct aa_content_job *wanted, **wanted_end; /* by the transaction under way */
	struct aa_content_job *asked, **asked_end;   /* the reader has or had them */
	struct aa_content_job
		*buckets[1u << AA_CONTENT_BUCKET_BITS]; /* of both, by inode, the latest first */
	size_t bytes;					/* of asked */
	size_t ready;					/* of asked: seen */
	/* Direct-mapped, so that they are bounded; an entry is right or absent. */
	struct aa_content_recent recent[AA_CONTENT_RECENT];
	uint64_t cut
		[AA_CONTENT_RECENT]; /* ids of open files that were truncated or allocated through a descriptor */
};

/* Adds a job, which is asked for when the transaction is committed; takes over the reference. */
void aa_contents_want(struct aa_contents *contents, struct aa_content_job *job);

/* Somebody wrote to that file at that time, or may have: what is being read of it may be no version that ever was. */
void aa_contents_touch(struct aa_contents *contents, const struct aa_content_file *file, uint64_t boot_ns);

/* A job that has been answered becomes a row. */
int aa_sink_content(struct aa_session *session, const struct aa_content_job *job, struct aa_error *error);

#endif
