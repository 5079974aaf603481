/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a session's file table, in order, in numbers: kinds as an enum, paths and processes as places in tables
 * that are filled as rows need them. So a million rows need no more memory than the different paths in them.
 */
#ifndef AA_QUERY_TRAIL_H
#define AA_QUERY_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query.h"
#include "replay/map.h"
#include "replay/names.h"
#include "session.h"
#include "text.h"

#define AA_TRAIL_NONE UINT32_MAX

/* Kinds of rows; their names in the database are in aa_trail_kinds. */
enum aa_trail_kind {
	AA_TRAIL_OPEN,
	AA_TRAIL_CLOSE,
	AA_TRAIL_IO,
	AA_TRAIL_UNLINK,
	AA_TRAIL_RENAME,
	AA_TRAIL_MKDIR,
	AA_TRAIL_RMDIR,
	AA_TRAIL_LINK,
	AA_TRAIL_SYMLINK,
	AA_TRAIL_TRUNCATE,
	AA_TRAIL_FALLOCATE,
	AA_TRAIL_MKNOD,
	AA_TRAIL_CHMOD,
	AA_TRAIL_CHOWN,
	AA_TRAIL_UTIMES,
	AA_TRAIL_SETXATTR,
	AA_TRAIL_REMOVEXATTR,
	AA_TRAIL_MMAP,
	AA_TRAIL_COPY,
	AA_TRAIL_CHDIR,
	AA_TRAIL_CHROOT,
	AA_TRAIL_MOUNT,
	AA_TRAIL_UMOUNT,
	AA_TRAIL_PIVOT_ROOT,
	AA_TRAIL_OTHER, /* of a newer recorder, or forged */
	AA_TRAIL_KINDS,
};

extern const char *const aa_trail_kinds[AA_TRAIL_KINDS];

struct aa_trail_row {
	int64_t id;
	int64_t time_ns;
	enum aa_trail_kind kind;
	int64_t error;
	uint32_t process; /* in the trail's */
	uint32_t path;	  /* in the trail's, or AA_TRAIL_NONE */
	uint32_t path2;
	bool is_place;	/* path leads to the file, from the root */
	bool is_place2; /* likewise */
	bool created;
	bool exchange;
	bool uncounted; /* no room for this open file: its bytes are in no sum, and its close is missing */
	bool is_free;	/* of a rename: there was nothing at path2, if node2 is not known */
	char type;	/* first letter of its type in the database, 'p' for fifo, 0: not known */
	bool by_descriptor;
	bool has_size;
	int64_t flags;
	int64_t size_bytes;
	int64_t read_bytes;
	int64_t write_bytes;
	struct aa_names_node node;
	struct aa_names_node node2;
};

struct aa_trail_process {
	int64_t id;
	bool has_pid;
	int64_t pid;
	size_t comm; /* offset in the trail's bytes */
};

struct aa_trail_path {
	size_t text; /* offset in the trail's bytes */
	uint64_t hash;
	struct aa_names_place place; /* for replay/names; its path is set where it is used */
};

struct aa_trail {
	struct aa_query *query;
	const struct aa_session *session;
	sqlite3_stmt *rows;
	sqlite3_stmt *string;
	struct aa_trail_path *paths; /* different texts */
	size_t path_count, path_capacity;
	struct aa_trail_process *processes;
	size_t process_count, process_capacity;
	struct aa_map path_ids;	   /* paths by row of string */
	struct aa_map process_ids; /* processes by row of process */
	uint32_t *table;	   /* paths by text */
	size_t table_capacity;
	struct aa_text_buffer bytes;
};

/*
 * Begins with the first row up to the end of the time window; of the window's beginning too unless from_start. Opens a
 * transaction. 0, or a negative errno with query->error set; aa_trail_close in both cases.
 */
int aa_trail_open(struct aa_trail *trail, struct aa_query *query, const struct aa_session *session,
		  bool from_start);

/* 1: a row; 0: no more; or a negative errno, with query->error set. */
int aa_trail_next(struct aa_trail *trail, struct aa_trail_row *ret_row);

/* Ends the transaction; the tables stay. */
void aa_trail_end(struct aa_trail *trail);
void aa_trail_close(struct aa_trail *trail);

/* The strings, until the next row is read. */
const char *aa_trail_path(const struct aa_trail *trail, uint32_t path);	   /* NULL for AA_TRAIL_NONE */
const char *aa_trail_comm(const struct aa_trail *trail, uint32_t process); /* "" if not known */

/* True if --pid, --comm and --path let the row pass, and the time window. */
bool aa_trail_matches(const struct aa_trail *trail, const struct aa_trail_row *row,
		      const struct aa_window *window);
bool aa_trail_path_matches(const struct aa_trail *trail, uint32_t path);

/* Replays one row. 0, or a negative errno with query->error set. */
int aa_trail_apply(struct aa_trail *trail, struct aa_names *names, const struct aa_trail_row *row,
		   struct aa_names_result *ret_result);

/* True if the row changes what is in a file: bytes written, a truncation, an open that truncates, a mapping ... */
bool aa_trail_writes(const struct aa_trail_row *row);

/* An open for writing of a file whose bytes nobody counted. */
bool aa_trail_may_write(const struct aa_trail_row *row);

/* False, with the answer's text set, if the session has no file table. */
bool aa_trail_has_files(struct aa_query *query, const struct aa_sessions *sessions);

#endif
