/* SPDX-License-Identifier: Apache-2.0 */
/* What a session did with each path, summed over its rows, for the parts of aa-query files. */
#ifndef AA_QUERY_FILES_H
#define AA_QUERY_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trail.h"

/* What happened to a path, besides opens, reads and writes. */
#define AA_FILES_CREATED   0x0001u
#define AA_FILES_TRUNCATED 0x0002u
#define AA_FILES_REPLACED  0x0004u /* another file was renamed over it */
#define AA_FILES_RENAMED   0x0008u /* to another name */
#define AA_FILES_ARRIVED   0x0010u /* from another name */
#define AA_FILES_LINKED	   0x0020u /* is one more name of a file */
#define AA_FILES_DELETED   0x0040u
#define AA_FILES_MODE	   0x0080u
#define AA_FILES_OWNER	   0x0100u
#define AA_FILES_TIMES	   0x0200u
#define AA_FILES_XATTR	   0x0400u
#define AA_FILES_MAPPED	   0x0800u /* shared and writable: what is written so is in no sum */
#define AA_FILES_COPIED	   0x1000u /* to or from another file */
#define AA_FILES_MOUNTED   0x2000u
#define AA_FILES_FAILED	   0x4000u
#define AA_FILES_MISSED	   0x8000u /* only looked for: ENOENT, ENOTDIR */
#define AA_FILES_ENTERED   0x10000u
#define AA_FILES_WRITTEN   0x20000u
#define AA_FILES_UNCOUNTED 0x40000u /* not all bytes are in the sums */
#define AA_FILES_MAY_WRITE 0x80000u /* nor would they tell that it was written */
#define AA_FILES_CHANGES   (~(AA_FILES_FAILED | AA_FILES_MISSED | AA_FILES_ENTERED | AA_FILES_UNCOUNTED))

/* Processes that are named: the first ones. */
#define AA_FILES_NAMED 3

struct aa_files_by {
	uint32_t process[AA_FILES_NAMED];
	uint32_t count;
};

struct aa_files_sum {
	uint32_t path; /* in the trail's */
	unsigned what; /* AA_FILES_* */
	char type;     /* as in aa_trail_row */
	int64_t opens;
	int64_t read_bytes;
	int64_t write_bytes;
	int64_t failed;
	int64_t error;	    /* the last one */
	uint32_t from_path; /* of the last rename or link; AA_TRAIL_NONE */
	uint32_t to_path;
	int64_t first_ns;
	int64_t last_ns;
	struct aa_files_by by;
};

/* A path and an error. */
struct aa_files_failure {
	uint32_t path;
	int64_t error;
	uint32_t kinds; /* bits of enum aa_trail_kind */
	int64_t count;
	int64_t first_ns;
	int64_t last_ns;
	struct aa_files_by by;
};

struct aa_files {
	struct aa_trail trail;
	struct aa_files_sum *sums;
	size_t sum_count, sum_capacity;
	struct aa_files_failure *failures;
	size_t failure_count, failure_capacity;
	struct aa_map by_path;	  /* sums */
	struct aa_map by_failure; /* failures, by path and error */
	struct aa_map processes;  /* pairs of a sum or failure and a process that are counted and not named */
};

/* Sums up the rows that the filters let pass. 0, or a negative errno with query->error set; aa_files_release then too. */
int aa_files_load(struct aa_files *files, struct aa_query *query, const struct aa_session *session);
void aa_files_release(struct aa_files *files);

/* "101 make, 102 gcc and 3 more" */
void aa_files_add_by(struct aa_text_buffer *out, const struct aa_trail *trail, const struct aa_files_by *by);

/* "file" for 'f', as the database has it; NULL if not known. */
const char *aa_files_type(char type);

/* The name of an errno; NULL if the database knows none. Valid until the next call. */
const char *aa_files_error(struct aa_query *query, int64_t error);

/* The parts of aa-query files, for one session each. */
int aa_files_show_failed(struct aa_query *query, struct aa_files *files);
int aa_files_show_left(struct aa_query *query, const struct aa_session *session);
int aa_files_show_tree(struct aa_query *query, const struct aa_files *files,
		       bool (*wanted)(const struct aa_query *query, const struct aa_files_sum *sum));

/* Begin their tables. all: rows of several sessions. */
void aa_files_begin_failed(struct aa_query *query, bool all);
void aa_files_begin_left(struct aa_query *query, bool all);
void aa_files_begin_tree(struct aa_query *query, bool all);

#endif
