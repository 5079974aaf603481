/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an answer goes: standard output, or a pager before it. Nobody who reads slowly may keep a transaction of
 * ours open, because the recorder's WAL grows as long as one is (SQLITE.md): so before this waits for its reader it
 * asks whoever makes the rows to let go, or holds what it has got.
 */
#ifndef AA_QUERY_OUT_H
#define AA_QUERY_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <sqlite3.h>

#include "text.h"

struct aa_out {
	int fd;
	const char *pager; /* shell command to be started with the first byte; NULL: none */
	pid_t pager_pid;   /* 0: not started */
	size_t hold_bytes; /* keep up to so much instead of waiting */
	size_t sent;	   /* bytes at the start of the buffer that are written already */
	void (*before_wait)(
		void *context); /* the reader is slow: end the transaction. NULL: nothing to end */
	void *context;
};

/* Writes to standard output; through a pager if allowed, on a terminal, and there is one. */
void aa_out_open(struct aa_out *out, bool allow_pager);

/*
 * Writes text and clears it when all is written; the caller only appends meanwhile. Returns 0; -EPIPE the reader left; -EINTR ^C; another negative errno.
 */
int aa_out_flush(void *out, struct aa_text_buffer *text);

/* Ends the pager's input and waits for it. */
void aa_out_close(struct aa_out *out);

/* With a pager ^C is for both: it ends the query, not this process, which has to wait for the pager. */
void aa_out_interrupt(sqlite3 *handle);

#endif
