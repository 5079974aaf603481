/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored plaintext of TLS connections, piece by piece: one connection after the other, each with both directions in the
 * order of time, every direction in the order of its bytes. Where bytes are not there, a piece says so. Holds one piece at a time.
 */
#ifndef AA_QUERY_TLS_READER_H
#define AA_QUERY_TLS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query.h"
#include "replay/stream.h"
#include "session.h"

struct aa_tls_piece {
	int64_t connection_id;
	int64_t time_ns;
	unsigned direction;  /* AA_SENT, AA_RECEIVED */
	uint64_t offset;     /* of the stream */
	uint64_t bytes;	     /* of the stream that it stands for */
	const char *missing; /* NULL, or why there are none; as the database says: not to be trusted */
	const void *data;    /* valid until the next piece */
	size_t size;	     /* other than bytes where headers were rewritten */
	bool redacted;
	bool rewritten;
};

struct aa_tls_cursor {
	sqlite3_stmt *statement;
	bool has_row;
	bool ended;
	/* Of the row, or of the last one. */
	int64_t connection_id;
	int64_t id;
	int64_t time_ns;
	int64_t offset;
	int64_t bytes;
	char gap[32]; /* empty: none */
	struct aa_stream stream;
};

/* Zero-initialise. */
struct aa_tls_reader {
	struct aa_query *query;
	const struct aa_session *session;
	int64_t connection_id; /* 0: all */
	struct aa_tls_cursor cursors[2];
	sqlite3_stmt *data_statement;
	void *data;
	struct aa_stream_place place;  /* of the row whose hole was told first */
	struct aa_tls_cursor *waiting; /* where it is; NULL: none */
	uint64_t damaged;	       /* rows that make no sense */
};

/* Sessions without plaintext have no pieces. 0 or a negative errno with query->error set. */
int aa_tls_reader_open(struct aa_tls_reader *reader, struct aa_query *query, const struct aa_session *session,
		       int64_t connection_id);

/* 1: a piece; 0: no more; or a negative errno with query->error set. */
int aa_tls_reader_next(struct aa_tls_reader *reader, struct aa_tls_piece *ret_piece);

/* Ends its transactions; it goes on later where it was. For aa_out.before_wait: a struct aa_tls_reader. */
void aa_tls_reader_let_go(void *reader);
void aa_tls_reader_close(struct aa_tls_reader *reader);

#endif
