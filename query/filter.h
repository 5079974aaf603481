/* SPDX-License-Identifier: Apache-2.0 */
/* The common filters: the same meaning in every command, defined here once. Pure but for the local time zone. */
#ifndef AA_QUERY_FILTER_H
#define AA_QUERY_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "text.h"

/* Which filters a command takes. */
#define AA_FILTER_TIME	0x01u
#define AA_FILTER_PID	0x02u
#define AA_FILTER_COMM	0x04u
#define AA_FILTER_PATH	0x08u
#define AA_FILTER_KIND	0x10u
#define AA_FILTER_LIMIT 0x20u
#define AA_FILTER_ALL	0x3fu

/* A point in time, of which some parts may only be known later. */
struct aa_moment {
	enum {
		AA_MOMENT_NONE,
		AA_MOMENT_ABSOLUTE, /* ns since the epoch */
		AA_MOMENT_NOW,	    /* ns after now; negative before */
		AA_MOMENT_START,    /* ns after the session's start */
	} base;
	int64_t ns;
};

struct aa_number {
	bool set;
	int64_t value;
};

struct aa_filter {
	struct aa_moment since;
	struct aa_moment until;
	struct aa_number pid;
	const char *comm;
	const char *path;
	uint64_t kinds; /* bits of aa_kinds; 0: all */
	struct aa_number limit;
};

/* Kinds of rows in a timeline, and of events in gaps. Ended by NULL; at most 64. */
extern const char *const aa_kinds[];

/*
 * Reads a time: RFC 3339 (without an offset: local time; without a time: midnight), seconds or nanoseconds since
 * the epoch, "now", -5m and the like before now, +1.5 seconds after the session's start. 0 or -EINVAL.
 */
int aa_moment_parse(const char *text, struct aa_moment *ret_moment);

/* Nanoseconds since the epoch; saturates. The moment must not be NONE. */
int64_t aa_moment_resolve(const struct aa_moment *moment, int64_t now_ns, int64_t start_ns);

/* Reads "exec,exit". 0, or -EINVAL with the offending word in *ret_word (not terminated: up to a comma). */
int aa_kinds_parse(const char *text, uint64_t *ret_kinds, const char **ret_word);

/* The time window of a filter; open ends are the smallest and the largest integer. Both ends belong to it. */
struct aa_window {
	int64_t since_ns;
	int64_t until_ns;
};

struct aa_window aa_filter_window(const struct aa_filter *filter, int64_t now_ns, int64_t start_ns);

/* Appends "(:k0, :k1)" for kinds, to stand behind IN. */
void aa_filter_add_kinds(const struct aa_filter *filter, struct aa_text_buffer *sql);

/*
 * Appends a SELECT, in terms of s0_ (statement.h), of one column of the execs whose executable, given path or
 * interpreter matches :path.
 */
void aa_filter_add_path_execs(struct aa_text_buffer *sql, const char *column);

/* The same of the ids of file rows, one of whose paths matches. */
void aa_filter_add_path_files(struct aa_text_buffer *sql);

/* Binds those of :since, :until, :pid, :comm, :path, :limit, :kN that the statement has. 0 or an SQLite code. */
int aa_filter_bind(sqlite3_stmt *statement, const struct aa_filter *filter, const struct aa_window *window);

#endif
