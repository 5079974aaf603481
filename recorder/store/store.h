/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans to rows: decodes records where they lie in ring memory, inserts them into their session's tables, and
 * moves the ring cursors, all in one transaction. Knows the ABI and the schema; nothing of libbpf or libuv. Runs
 * on one thread at a time (the store job).
 */
#ifndef AA_STORE_STORE_H
#define AA_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "db.h"
#include "error.h"
#include "event.h"
#include "ring.h"

struct aa_store;

/* An option that says what a recording leaves out, or keeps: a row of session_option. Bytes; escaped by the store. */
struct aa_session_setting {
	const char *name;
	const char *value;
};

/* What a session is; strings are borrowed during the call. Becomes its catalogue row. */
struct aa_session_options {
	const char *agent;	/* bytes as given; escaped by the store */
	const char *name;	/* NULL: agent-YYYYMMDD-HHMMSS-id */
	const char *mode;	/* "run" or "attach" */
	char *const *argv;	/* of run, NULL for attach */
	char *const *env_names; /* NULL-terminated; values to keep */
	char *const *excludes;	/* NULL-terminated, or NULL: globs of paths that are left out */
	const struct aa_session_setting *settings; /* ended by a NULL name, or NULL */
	char *const *redact_headers; /* NULL-terminated, or NULL: whose values are secrets, too (redact.h) */
	bool no_redact;		     /* secrets are stored as they are */
	uint64_t max_open_files;     /* as the kernel side's table; 0: its default */
	const char *recorder;	     /* version */
	uint64_t generation;	     /* of the rings */
	uint32_t slot;		     /* of the loss counters */
};

struct aa_session_result {
	bool has_status; /* run's command has ended with this wait(2) status */
	int status;
};

/* Something that did not reach a ring: becomes a gap row in the next transaction. */
struct aa_gap {
	int64_t session_id;
	uint64_t begin_boot_ns;
	uint64_t end_boot_ns;
	uint64_t count;
	enum aa_lane lane;
	const char *kind;   /* "fork", "exec", ..., "any" */
	const char *reason; /* as in s0_gap.reason */
	const char *detail; /* NULL or words; borrowed */
};

struct aa_batch {
	struct aa_span spans[AA_LANE_COUNT]; /* in: what to store. begin == end: nothing */
	uint64_t stored
		[AA_LANE_COUNT]; /* out: positions up to which all is committed; may be before span.end */
	const struct aa_gap *gaps;
	unsigned gap_count;
	bool final; /* nothing more will come: store incomplete groups too */
};

/* Counted since the session began, for the summary. */
struct aa_session_totals {
	uint64_t records[AA_KIND_SLOTS]; /* by kind */
	uint64_t lost;			 /* events that are only gap rows */
	uint64_t partial;		 /* events, or parts of them, that are missing from what is there */
	uint64_t truncated_bytes;
	uint64_t malformed;
	uint64_t tls_connections;    /* rows of them */
	uint64_t tls_bytes[2];	     /* of plaintext, sent and received, lost ones included */
	uint64_t tls_gap_bytes;	     /* of those, what is not stored */
	uint64_t tls_without;	     /* connections without plaintext */
	uint64_t tls_libraries;	     /* files with TLS code that are not attached to */
	uint64_t tls_libraries_late; /* that were attached to when somebody may have used them already */
	uint64_t redactions;	     /* secrets that were replaced, wherever */
	uint32_t live;		     /* processes that have not ended */
};

/*
 * Bytes of a running process's arguments or environment (AA_TEXT_ARGS, AA_TEXT_ENV), for snapshots: the kernel
 * side can only read its own. arg_start tells whether it is still the same image. Returns a malloc'ed buffer in
 * *ret_bytes, 0; or -ESRCH / -ESTALE if the process is gone or runs something else now.
 */
typedef int aa_store_peek_fn(void *context, uint32_t tgid, uint64_t start_ns, uint64_t arg_start,
			     enum aa_text_field field, char **ret_bytes, size_t *ret_size);

/* Opens the database for writing (aa_db_open_write). Closes it with aa_store_close. */
int aa_store_open(const char *path, struct aa_store **ret_store, struct aa_error *error);
void aa_store_close(struct aa_store *store); /* NULL is fine */
void aa_store_closep(struct aa_store **store);
struct aa_db *aa_store_db(struct aa_store *store); /* owned by store */
void aa_store_set_peek(struct aa_store *store, aa_store_peek_fn *peek, void *context);

/* Makes the session and its first tables in one transaction; marks sessions of dead recorders 'interrupted'. */
int aa_store_begin_session(struct aa_store *store, const struct aa_session_options *options,
			   int64_t *ret_session_id, struct aa_error *error);

/* Adds a probe row. */
int aa_store_add_probe(struct aa_store *store, int64_t session_id, const char *capability, const char *tier,
		       const char *program, bool attached, int error_number, const char *reason,
		       struct aa_error *error);

/*
 * One transaction: the batch's records in the order lifecycle, activity, payload, its gaps and its cursors.
 * Returns 0 with batch->stored set; on a negative errno (-ENOSPC, -EBUSY, -EIO ...) nothing was stored, the
 * store's memory is as before the call, and the same records can be offered again.
 */
int aa_store_commit(struct aa_store *store, struct aa_batch *batch, struct aa_error *error);

void aa_store_totals(const struct aa_store *store, int64_t session_id, struct aa_session_totals *ret_totals);

/* Ends the session: catalogue row, indexes, sealed = 1, its cursors gone. */
int aa_store_end_session(struct aa_store *store, int64_t session_id, const struct aa_session_result *result,
			 struct aa_error *error);

/* Removes the session, as if it had never begun: for one that could not be started. */
int aa_store_drop_session(struct aa_store *store, int64_t session_id, struct aa_error *error);

#endif
