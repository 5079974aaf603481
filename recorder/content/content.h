/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads files whose contents were asked for, on a thread of its own: hashes them, and packs their bytes if they are to be
 * kept. Knows nothing of rows (store/contents.h decides what is read and stores the answers) and nothing of libuv.
 *
 * Agents choose the names and may change the files meanwhile. So: a file is opened only if it is the very inode that was
 * recorded, without following any symlink; only regular files are opened at all; never more than max_bytes are read.
 * What can still block is a file system that does (FUSE, a dead NFS server): it blocks this thread alone, and the
 * end of the session only as long as aa_content_reader.drain waits.
 */
#ifndef AA_CONTENT_CONTENT_H
#define AA_CONTENT_CONTENT_H

#include "contents.h"
#include "error.h"

#define AA_CONTENT_DEFAULT_MAX_BYTES (1u << 20)

struct aa_content_options {
	uint64_t max_bytes; /* larger files are not read; 0: the default */
	bool keep;	    /* the bytes, too */
	size_t held_bytes; /* that were read and wait for the store: beyond it, reading waits too; 0: 64 MiB */
	uint64_t drain_ms;	      /* how long the end may wait in all; 0: ten seconds */
	void (*ready)(void *context); /* an answer is there; called on the reader's thread */
	void *context;
};

struct aa_content;

/* For aa_store_set_contents, with the struct aa_content as context. */
extern const struct aa_content_reader aa_content_reader;

/* Without its thread, which is made by aa_content_start: a process that is about to fork should have only one. */
int aa_content_new(const struct aa_content_options *options, struct aa_content **ret_content,
		   struct aa_error *error);
int aa_content_start(struct aa_content *content, struct aa_error *error);

/* Stops the thread after the file that it reads now. One that is stuck in a file system is left behind. NULL is fine. */
void aa_content_free(struct aa_content *content);

#endif
