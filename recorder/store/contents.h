/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents of files, on request: which rows of file ask for one, and how the answers become rows. The store decides
 * what is wanted while it stores, asks after the commit, and stores the answers in a later transaction; who reads the
 * files (recorder/content/) does so on a thread of its own and knows nothing of rows.
 *
 * An answer is only stored in a transaction whose records were taken from the rings after the reading had ended: so all
 * that was done to the file meanwhile, by who is recorded, is known by then, and is said of it ("changed").
 */
#ifndef AA_STORE_CONTENTS_H
#define AA_STORE_CONTENTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode.h"
#include "error.h"

#define AA_CONTENT_PIDS	       4
#define AA_CONTENT_SHA256_SIZE 32

/* Why there is no hash, or no bytes though they were asked for: s0_content.reason. */
enum aa_content_reason {
	AA_CONTENT_READ,     /* nothing is missing */
	AA_CONTENT_GONE,     /* no file has that path */
	AA_CONTENT_REPLACED, /* another file has it */
	AA_CONTENT_REWRITTEN, /* was written once more before it could be read: see the next row of that file */
	AA_CONTENT_TOO_LARGE,	/* --content-max */
	AA_CONTENT_UNREADABLE,	/* open or read failed */
	AA_CONTENT_NOT_REGULAR, /* its contents are made when they are read: proc, sysfs and the like */
	AA_CONTENT_SKIPPED,	/* too many at once, or no time left when the session ended */
};

struct aa_content_answer {
	uint64_t end_boot_ns; /* when reading ended */
	enum aa_content_reason reason;
	bool hashed;
	bool changed;
	bool deflated;	     /* data is zlib's */
	uint64_t size_bytes; /* that were hashed */
	uint8_t sha256[AA_CONTENT_SHA256_SIZE];
	void *data; /* malloc'ed; NULL: not kept */
	size_t data_size;
};

/* Which file; inode 0: not known. */
struct aa_content_file {
	uint64_t inode;
	uint32_t device;     /* kernel's dev_t: major << 20 | minor */
	uint32_t generation; /* of the inode number, which is used again at once on ext4; 0: none */
};

/* One file to read. Both sides hold a reference; what the reader writes is the store's once done is set. */
struct aa_content_job {
	struct aa_content_job *next; /* the store's */
	struct aa_content_job *next_of_file,
		**link_of_file;		     /* likewise: those with the same hash of the inode */
	struct aa_content_job *next_waiting; /* the reader's */
	int64_t session_id, file_id, path_id;
	uint64_t boot_ns; /* of the row: what is changed after it is another version */
	uint64_t size;	  /* bytes at that time; ~0: not known */
	struct aa_content_file file;
	uint32_t pids[AA_CONTENT_PIDS]; /* in whose root the path may be found, else; 0: no more */
	atomic_uint references;
	atomic_bool superseded; /* there is a later job for the same file */
	atomic_bool done;
	bool touched;  /* the store's: somebody wrote to it, or may have */
	bool seen;     /* the store's: was done before the batch was taken */
	bool answered; /* the store's: is a row in the transaction under way */
	struct aa_content_answer answer;
	size_t bytes; /* of all this */
	char path[];
};

void aa_content_job_release(struct aa_content_job *job); /* NULL is fine */

/* Who reads. All are called on the store's thread. */
struct aa_content_reader {
	void (*submit)(void *context, struct aa_content_job *job); /* takes one reference; never fails */
	void (*stored)(void *context, const struct aa_content_job *job); /* its bytes are in the database */
	void (*drain)(
		void *context); /* waits, within bounds, until all are done or there is no more room for bytes */
};

struct aa_contents;
struct aa_session;
struct aa_store;

/* globs: NULL-terminated, borrowed as long as the store lives. To be called before the first commit. Returns 0 or -ENOMEM. */
int aa_store_set_contents(struct aa_store *store, char *const *globs, const struct aa_content_reader *reader,
			  void *context);

/*
 * True if answers wait to be stored. To be called right before the spans of a batch are taken, and while no commit runs:
 * the commit stores what was ready then.
 */
bool aa_store_contents_ready(struct aa_store *store);

/* Waits for what is still being read, as long as the reader allows; for the last batches of a recorder. */
void aa_store_contents_drain(struct aa_store *store);

/* True if files are still to be read, or answers to be stored. */
bool aa_store_contents_pending(const struct aa_store *store);

/* A row that was just added to s0_file. */
struct aa_contents_row {
	const struct aa_event *event;
	int64_t path_id; /* as in the row; 0: NULL */
	int64_t path2_id;
	int64_t open_id;	     /* row of the open, 0: NULL */
	struct aa_content_file file; /* as in the row */
};

/* To be called for every row of s0_file, where contents are wanted (store->contents). Returns 0 or a negative errno. */
int aa_contents_row(struct aa_session *session, const struct aa_contents_row *row, int64_t file_id,
		    struct aa_error *error);

/* The transaction's side: commit.c. */
bool aa_contents_have_rows(const struct aa_contents *contents); /* the next commit has something to do */
int aa_contents_store(struct aa_store *store, struct aa_error *error);
void aa_contents_commit(struct aa_store *store);
void aa_contents_rollback(struct aa_store *store);
void aa_contents_free(struct aa_contents *contents);

#endif
