/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the store share: a session in memory, and its way into its tables. */
#ifndef AA_STORE_PRIVATE_H
#define AA_STORE_PRIVATE_H

#include "contents.h"
#include "decode.h"
#include "file_table.h"
#include "intern.h"
#include "process_table.h"
#include "redact.h"
#include "scan.h"
#include "siphash.h"
#include "store.h"
#include "text.h"
#include "tls_pack.h"
#include "tls_secrets.h"
#include "tls_table.h"

/* Prepared statements of a session; each stands beside its only user. */
enum aa_statement {
	AA_STATEMENT_STRING,
	AA_STATEMENT_PROCESS_IMPLIED,
	AA_STATEMENT_PROCESS_NEW,
	AA_STATEMENT_PROCESS_KNOWN,
	AA_STATEMENT_PROCESS_FIND,
	AA_STATEMENT_PROCESS_COMM,
	AA_STATEMENT_EXIT,
	AA_STATEMENT_ROOT,
	AA_STATEMENT_EXEC,
	AA_STATEMENT_ENV,
	AA_STATEMENT_CGROUP,
	AA_STATEMENT_CRED,
	AA_STATEMENT_COMM,
	AA_STATEMENT_SETSID,
	AA_STATEMENT_REPARENT,
	AA_STATEMENT_FILE,
	AA_STATEMENT_GAP,
	AA_STATEMENT_TOTALS,
	AA_STATEMENT_CLOCK,
	AA_STATEMENT_CONTENT,
	AA_STATEMENT_CONTENT_PATH,
	AA_STATEMENT_CONTENT_OPEN,
	AA_STATEMENT_CONTENT_PIDS,
	AA_STATEMENT_BLOB,
	AA_STATEMENT_BLOB_FIND,
	AA_STATEMENT_REDACTION,
	AA_STATEMENT_TLS_CONNECTION,
	AA_STATEMENT_TLS_CONNECTION_UPDATE,
	AA_STATEMENT_TLS_CONNECTION_DELETE,
	AA_STATEMENT_TLS,
	AA_STATEMENT_TLS_LIBRARY,
	AA_STATEMENT_COUNT,
};

/* What a transaction changes besides the process table and the strings; copied before it, copied back if it fails. */
struct aa_session_state {
	struct aa_session_totals totals;
	bool tables[AA_TABLE_COUNT]; /* made already */
	bool has_root;
	int64_t clock_offset_ns; /* of the last clock row */
	uint64_t clock_boot_ns;
	struct aa_excluded {
		uint64_t count, first_ns, last_ns;
	} excluded[AA_KIND_SLOTS]; /* left out on request, and in no gap row yet */
};

struct aa_session {
	struct aa_store *store;
	int64_t id;
	int64_t boot_offset_ns; /* time_ns of its rows minus CLOCK_BOOTTIME */
	char **env_names;
	char **excludes; /* globs as of GLOB in SQL */
	struct aa_intern *strings;
	struct aa_process_table processes;
	struct aa_file_table files;   /* that are open */
	struct aa_redactor *redactor; /* NULL: secrets are stored as they are */
	uint8_t redact_key[AA_REDACT_KEY_SIZE];
	struct aa_tls_table tls; /* connections */
	struct aa_tls_library_row {
		uint64_t number;
		int64_t row_id;
	} * tls_library_rows;
	size_t tls_library_row_count, tls_library_rows_before;
	struct aa_tls_mapped { /* a ring: who mapped which library */
		uint64_t start_ns, number;
		uint32_t tgid;
	} * tls_mapped;
	uint64_t tls_mapped_count;
	bool tls_metadata; /* no plaintext is wanted */
	sqlite3_stmt *statements[AA_STATEMENT_COUNT];
	struct aa_session_state now, before;
	bool ended;
};

/* CLOCK_BOOTTIME and CLOCK_REALTIME - CLOCK_BOOTTIME. */
typedef void aa_store_clock_fn(uint64_t *ret_boot_ns, int64_t *ret_offset_ns);

struct aa_store {
	struct aa_db *db;
	struct aa_session **sessions;
	size_t session_count;
	struct aa_siphash_key key;
	aa_store_peek_fn *peek;
	void *peek_context;
	aa_store_clock_fn *clock; /* tests set their own */
	uint64_t generation;	  /* of the rings */
	int64_t owner_id;	  /* session that began first with them */
	sqlite3_stmt *cursor;
	uint64_t stuck[AA_LANE_COUNT]; /* where a commit got no further; ~0: nowhere */
	int64_t wal_limit_bytes;       /* beyond it, a checkpoint that empties the WAL is tried */
	int64_t wal_try_bytes;	       /* size at which it is tried next */
	struct aa_contents *contents;  /* NULL: none are wanted */
	struct aa_tls_posts *posts;
	struct aa_tls_libraries {
		struct aa_tls_library *items;
		size_t count, capacity;
	} tls_libraries; /* in all sessions */
	struct aa_tls_packer packer;
	struct aa_text_buffer tls_texts[7]; /* of one row */
	struct aa_scan scan;
	uint32_t *order; /* entries of the scan, sorted by session */
	uint32_t order_capacity;
	struct aa_text_buffer scratch[4]; /* for whoever builds a row; sizes are kept */
	struct aa_text_buffer file_texts[AA_TEXT_LAST + 1 - AA_TEXT_PATH]; /* of texts that came in pieces */
	struct aa_text_buffer file_joined[2];				   /* paths from directory and name */
};

/* Scratch buffers, by use: a row needs several at once. */
enum { AA_SCRATCH_BYTES, AA_SCRATCH_TEXT, AA_SCRATCH_MARKS, AA_SCRATCH_SHORT };

struct aa_text_buffer *aa_store_scratch(struct aa_store *store, int which); /* emptied */

/* The session of that id, or NULL if there is none that records. */
struct aa_session *aa_store_session(const struct aa_store *store, int64_t id);

void aa_session_free(struct aa_session *session);
void aa_session_finalize(struct aa_session *session); /* its statements */

/* Time of a row. */
int64_t aa_session_time(const struct aa_session *session, uint64_t boot_ns);

/*
 * A row being built: the statement, the next parameter, and the first error. Values are borrowed until aa_row_step.
 * "s0_" in sql becomes the session's prefix; the table is made if the session does not have it.
 */
struct aa_row {
	struct aa_session *session;
	sqlite3_stmt *statement;
	int parameter;
	int code;
	struct aa_error *error;
};

void aa_row_begin(struct aa_row *row, struct aa_session *session, enum aa_statement which,
		  enum aa_table table, const char *sql, struct aa_error *error);
void aa_row_null(struct aa_row *row);
void aa_row_int(struct aa_row *row, int64_t value);
void aa_row_uint(struct aa_row *row, uint64_t value);	/* beyond 2^63 it wraps: SQLite has no more */
void aa_row_id(struct aa_row *row, int64_t id);		/* NULL if 0 */
void aa_row_text(struct aa_row *row, const char *text); /* NULL is fine */
void aa_row_buffer(struct aa_row *row, const struct aa_text_buffer *text);
void aa_row_blob(struct aa_row *row, const void *bytes, size_t size);
int aa_row_step(struct aa_row *row, int64_t *ret_id); /* 0 or a negative errno; ret_id may be NULL */

/* Makes a table that no row is added to now. */
int aa_session_require_table(struct aa_session *session, enum aa_table table, struct aa_error *error);

/* Row id of a string, made if the session does not have it. */
int aa_session_intern(struct aa_session *session, const void *bytes, size_t size, int64_t *ret_id,
		      struct aa_error *error);

/* A gap row, times in CLOCK_BOOTTIME. Counts it in the totals. */
struct aa_gap_row {
	uint64_t begin_ns, end_ns;
	uint64_t count;
	enum aa_lane lane;
	const char *kind, *reason, *detail;
	int64_t process_id; /* 0: not known */
};
int aa_session_gap(struct aa_session *session, const struct aa_gap_row *gap, struct aa_error *error);

/* Rules and key of the session, in memory. Returns 0 or a negative errno. */
int aa_session_make_redactor(struct aa_session *session, const struct aa_session_options *options,
			     struct aa_error *error);

/* Where a secret was replaced: a row of s<N>_redaction. */
struct aa_redaction_row {
	int64_t time_ns;       /* as in rows */
	int64_t process_id;    /* 0: none */
	const char *table;     /* row_table */
	int64_t row_id;	       /* 0: none */
	const char *direction; /* NULL: none */
};
int aa_session_redaction(struct aa_session *session, const struct aa_redaction_row *where,
			 const struct aa_redaction *redaction, struct aa_error *error);

/* Secrets that were replaced before there was a row that they are in. */
struct aa_found_secrets {
	struct aa_redaction *items;
	size_t count, capacity;
};
void aa_found_release(struct aa_found_secrets *secrets);

/* Replaces secrets in arguments, each with its NUL, and in the value of a variable; nothing if the session keeps them. */
int aa_session_redact_arguments(struct aa_session *session, struct aa_text_buffer *arguments,
				struct aa_found_secrets *secrets, struct aa_error *error);
int aa_session_redact_variable(struct aa_session *session, const char *name, char *value, size_t size,
			       struct aa_found_secrets *secrets, struct aa_error *error);

/* Their rows. */
int aa_session_redactions(struct aa_session *session, const struct aa_redaction_row *where,
			  const struct aa_found_secrets *secrets, struct aa_error *error);

/*
 * The table's entry for a process. One whose fork record did not come gets a row with source 'implied', which says
 * no more than what the reference says.
 */
int aa_session_process(struct aa_session *session, uint32_t tgid, uint64_t start_ns, uint32_t *ret_process,
		       struct aa_error *error);

/* Makes the name of a process its current one. */
int aa_session_set_comm(struct aa_session *session, uint32_t process, const char comm[AA_COMM_SIZE],
			struct aa_error *error);

/* What a record of a kind becomes. texts: entry of the first text of its group, or AA_SCAN_NONE. */
typedef int aa_sink_fn(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		       struct aa_error *error);
aa_sink_fn aa_sink_fork, aa_sink_exit;							 /* sink_process.c */
aa_sink_fn aa_sink_exec, aa_sink_exec_failed;						 /* sink_exec.c */
aa_sink_fn aa_sink_cred, aa_sink_comm, aa_sink_setsid, aa_sink_cgroup;			 /* sink_change.c */
aa_sink_fn aa_sink_open, aa_sink_io, aa_sink_change;					 /* sink_file.c */
aa_sink_fn aa_sink_tls_open, aa_sink_tls_handshake, aa_sink_tls_name, aa_sink_tls_close; /* sink_tls.c */
aa_sink_fn aa_sink_tls_socket, aa_sink_tls_hello, aa_sink_tls_socket_end; /* sink_tls_socket.c */
aa_sink_fn aa_sink_tls_data;						  /* sink_tls_data.c */

/* The TLS connections of a session through a transaction. sink_tls.c */
void aa_session_begin_tls(struct aa_session *session);
int aa_session_finish_tls(struct aa_session *session, bool all_payload, struct aa_error *error);
int aa_session_end_tls(struct aa_session *session, struct aa_error *error);
void aa_session_commit_tls(struct aa_session *session);
void aa_session_rollback_tls(struct aa_session *session);

/* Whether the gap is one of what the kernel side left out on request. If so it is counted for a row in a while. */
bool aa_session_exclude_gap(struct aa_session *session, const struct aa_gap *gap);

/* Gap rows for what was left out on request and is due, or all of it. */
int aa_session_report_excluded(struct aa_session *session, bool all, struct aa_error *error);

/* Most bytes of one text: more than the kernel side captures. The rest counts as truncated. */
#define AA_MAX_TEXT_BYTES (8u << 20)

/* Rows for those variables of an environment ("NAME=value", each with its NUL) that the session wants. */
int aa_session_store_env(struct aa_session *session, int64_t exec_id, struct aa_redaction_row *where,
			 struct aa_text_buffer *bytes, struct aa_error *error);

/* Texts whose record is missing become a gap row that says what they were. */
int aa_sink_orphan(struct aa_session *session, const struct aa_scan_orphan *orphan, struct aa_error *error);

/* A clock row if the wall clock was stepped since the last one. */
int aa_session_check_clock(struct aa_session *session, struct aa_error *error);

/* After a commit: empties a WAL that has grown large. */
void aa_store_checkpoint(struct aa_store *store);

/* Reads both clocks. */
void aa_store_read_clock(uint64_t *ret_boot_ns, int64_t *ret_offset_ns);

#endif
