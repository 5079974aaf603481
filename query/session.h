/* SPDX-License-Identifier: Apache-2.0 */
/* Which sessions a question is about: --session, resolved against the catalogue. */
#ifndef AA_QUERY_SESSION_H
#define AA_QUERY_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query.h"

struct aa_session {
	int64_t id;
	char *name;
	const char *state; /* 'recording', 'complete' or 'interrupted', as it is now */
	int64_t start_ns;
	int64_t end_ns; /* INT64_MAX: not ended */
};

struct aa_sessions {
	struct aa_session *items; /* by start */
	size_t count;
	bool all; /* several were asked for, so rows carry their session */
};

/*
 * The sessions that --session names, and of all only those that overlap the time window. AA_ANSWERED if there is
 * one at least; AA_NOTHING with query->error set if not; AA_USAGE if the command does not take all.
 */
enum aa_status aa_sessions_find(struct aa_query *query, const struct aa_command *command,
				struct aa_sessions *ret_sessions);
void aa_sessions_release(struct aa_sessions *sessions);

/* What a process without an end is called in a session: "running", or "not seen to end". */
const char *aa_session_alive(const struct aa_session *session);

/* 1 if the database says with which options sessions were recorded; 0: it is of version 1. Or a negative errno. */
int aa_session_has_options(struct aa_query *query);

/*
 * Appends the value of an option that a session was recorded with to an empty buffer: the first one of an option that may be
 * given more than once. Returns 1, 0 if it has none, or a negative errno.
 */
int aa_session_option(struct aa_query *query, int64_t session_id, const char *name,
		      struct aa_text_buffer *ret_value);

/* The time window of the filters, for this session. */
struct aa_window aa_session_window(const struct aa_query *query, const struct aa_session *session);

/* One line that names the session, before a text answer. */
void aa_session_line(struct aa_query *query, const struct aa_session *session);

#endif
