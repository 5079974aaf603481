/* SPDX-License-Identifier: Apache-2.0 */
/* What is missing from an answer; see complete.h. */
#include "complete.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "render/safe.h"
#include "statement.h"

struct missing {
	int64_t recording;     /* sessions */
	int64_t interrupted;   /* sessions */
	int64_t lost;	       /* events */
	int64_t partial;       /* events of which a part is missing */
	int64_t truncated;     /* values */
	int64_t refused;       /* capabilities without any hook */
	int64_t excluded;      /* events left out on request: nothing is missing for it that was wanted */
	int64_t tls_bytes;     /* plaintext of TLS that is not there */
	int64_t tls_excluded;  /* likewise, on request */
	int64_t tls_unheard;   /* connections of TLS without plaintext that was wanted */
	int64_t tls_late;      /* those joined when they were under way */
	int64_t tls_libraries; /* that were found and could not be attached to */
};

static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* total() does not overflow, as sum() can with what a forged database says. */
static int count_gaps(struct aa_query *query, const struct aa_session *session, struct missing *missing)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	struct aa_window window = aa_session_window(query, session);
	int r;

	if (!aa_session_has_table(query->db, session->id, AA_TABLE_GAP))
		return 0;
	r = aa_statement_open_session(
		query, &statement, session->id,
		"SELECT CAST(total(CASE WHEN type = 'lost' AND NOT bytes THEN count END) AS INTEGER),"
		" CAST(total(CASE WHEN type = 'partial' AND NOT bytes THEN count END) AS INTEGER),"
		" CAST(total(type = 'truncated') AS INTEGER),"
		" CAST(total(CASE WHEN type = 'excluded' AND NOT bytes THEN count END) AS INTEGER),"
		" CAST(total(CASE WHEN type <> 'excluded' AND bytes THEN count END) AS INTEGER),"
		" CAST(total(CASE WHEN type = 'excluded' AND bytes THEN count END) AS INTEGER)"
		" FROM (SELECT g.count, g.kind = 'tls_data' AS bytes, " AA_SQL_GAP_TYPE
		" AS type FROM s0_gap AS g"
		" WHERE g.time_ns <= :until AND g.end_ns >= :since)");
	if (r < 0)
		return r;
	(void)aa_filter_bind(statement, &query->settings.filter, &window);
	r = aa_statement_step(query, statement);
	if (r <= 0)
		return r;
	missing->lost = add(missing->lost, sqlite3_column_int64(statement, 0));
	missing->partial = add(missing->partial, sqlite3_column_int64(statement, 1));
	missing->truncated = add(missing->truncated, sqlite3_column_int64(statement, 2));
	missing->excluded = add(missing->excluded, sqlite3_column_int64(statement, 3));
	missing->tls_bytes = add(missing->tls_bytes, sqlite3_column_int64(statement, 4));
	missing->tls_excluded = add(missing->tls_excluded, sqlite3_column_int64(statement, 5));
	return 0;
}

/* What TLS kept to itself; where it was asked for. */
static int count_tls(struct aa_query *query, const struct aa_session *session, enum aa_table table,
		     const char *sql, struct missing *missing)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	struct aa_window window = aa_session_window(query, session);
	int r;

	if (!aa_session_has_table(query->db, session->id, table))
		return 0;
	r = aa_statement_open_session(query, &statement, session->id, sql);
	if (r < 0)
		return r;
	(void)aa_filter_bind(statement, &query->settings.filter, &window);
	r = aa_statement_step(query, statement);
	if (r <= 0)
		return r;
	missing->tls_unheard = add(missing->tls_unheard, sqlite3_column_int64(statement, 0));
	missing->tls_late = add(missing->tls_late, sqlite3_column_int64(statement, 1));
	missing->tls_libraries = add(missing->tls_libraries, sqlite3_column_int64(statement, 2));
	return 0;
}

static const char tls_connections_sql[] =
	"SELECT count(CASE WHEN " AA_SQL_TLS_UNHEARD " THEN 1 END), count(CASE WHEN " AA_SQL_TLS_LATE
	" THEN 1 END), 0"
	" FROM s0_tls_connection AS c WHERE c.time_ns <= :until AND (c.end_ns IS NULL OR c.end_ns >= :since)";
static const char tls_libraries_sql[] = "SELECT 0, 0, count(*) FROM s0_tls_library AS l"
					" WHERE l.attached = 0 AND l.time_ns <= :until";

/* A program that was refused is nothing to tell if another one does its work. */
static int count_refused(struct aa_query *query, const struct aa_session *session, struct missing *missing)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r = aa_statement_open(
		query, &statement,
		"SELECT count(DISTINCT capability) FROM probe WHERE session_id = :id AND capability "
		"NOT IN (SELECT capability FROM probe WHERE session_id = :id AND attached = 1)");

	if (r < 0)
		return r;
	aa_statement_bind_integer(statement, ":id", session->id);
	r = aa_statement_step(query, statement);
	if (r <= 0)
		return r;
	missing->refused = add(missing->refused, sqlite3_column_int64(statement, 0));
	return 0;
}

static void add_count(struct aa_text_buffer *line, int64_t count, const char *one, const char *many)
{
	if (count == 0)
		return;
	aa_text_printf(line, "%s%" PRId64 " %s", line->size > 0 ? ", " : "", count, count == 1 ? one : many);
}

static void add_words(struct aa_text_buffer *line, const struct missing *missing, bool all)
{
	if (all) {
		add_count(line, missing->recording, "session still recording", "sessions still recording");
		add_count(line, missing->interrupted, "session interrupted", "sessions interrupted");
	} else if (missing->recording > 0) {
		aa_text_add_string(line, "still recording");
	} else if (missing->interrupted > 0) {
		aa_text_add_string(line, "interrupted (its recorder died)");
	}
	add_count(line, missing->lost, "event lost", "events lost");
	add_count(line, missing->partial, "event not whole", "events not whole");
	add_count(line, missing->truncated, "value truncated", "values truncated");
	add_count(line, missing->refused, "hook refused", "hooks refused");
	add_count(line, missing->tls_bytes, "byte of TLS not recorded", "bytes of TLS not recorded");
	add_count(line, missing->tls_unheard, "TLS connection without plaintext",
		  "TLS connections without plaintext");
	add_count(line, missing->tls_late, "TLS connection joined late", "TLS connections joined late");
	add_count(line, missing->tls_libraries, "TLS library not attached", "TLS libraries not attached");
}

static void say(struct aa_query *query, enum aa_style style, const char *line)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer safe = { 0 };

	if (aa_render_is_text(&query->render)) {
		aa_render_line(&query->render, style, line);
	} else if (!query->settings.quiet) {
		aa_safe_text(&safe, line, strlen(line), !query->render.utf8);
		(void)fprintf(stderr, "aa-query: %s\n", safe.data ? safe.data : "");
	}
}

/* What was not wanted is told by itself: it is no loss. */
static void say_excluded(struct aa_query *query, int64_t count)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };

	if (count == 0 || !query->about_files)
		return;
	aa_text_printf(&line, "left out on request: %" PRId64 " event%s (--files, --exclude)", count,
		       count == 1 ? "" : "s");
	if (!line.failed)
		say(query, AA_STYLE_DIM, line.data);
}

static void say_tls_excluded(struct aa_query *query, int64_t bytes)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };

	if (bytes == 0 || !query->about_tls)
		return;
	aa_text_printf(&line,
		       "left out on request: %" PRId64 " bytes of TLS (--tls-max-call, --tls-max-connection)",
		       bytes);
	if (!line.failed)
		say(query, AA_STYLE_DIM, line.data);
}

/* Of what gaps lists rows. */
static bool has_rows(const struct missing *missing)
{
	return missing->lost > 0 || missing->partial > 0 || missing->truncated > 0 || missing->refused > 0 ||
	       missing->tls_bytes > 0 || missing->tls_unheard > 0 || missing->tls_late > 0 ||
	       missing->tls_libraries > 0;
}

static int count_session(struct aa_query *query, const struct aa_session *session, struct missing *missing)
{
	int r = count_gaps(query, session, missing);

	if (r == 0)
		r = count_refused(query, session, missing);
	if (r == 0)
		r = count_tls(query, session, AA_TABLE_TLS_CONNECTION, tls_connections_sql, missing);
	if (r == 0)
		r = count_tls(query, session, AA_TABLE_TLS_LIBRARY, tls_libraries_sql, missing);
	return r;
}

int aa_complete_note(struct aa_query *query, const struct aa_sessions *sessions)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer words = { 0 };
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };
	struct missing missing = { 0 };

	for (size_t i = 0; i < sessions->count; i++) {
		const struct aa_session *session = &sessions->items[i];
		int r = count_session(query, session, &missing);

		if (r < 0)
			return r;
		missing.recording += strcmp(session->state, "recording") == 0;
		missing.interrupted += strcmp(session->state, "interrupted") == 0;
	}
	say_excluded(query, missing.excluded);
	say_tls_excluded(query, missing.tls_excluded);
	add_words(&words, &missing, sessions->all);
	if (words.size == 0)
		return 0;
	aa_text_printf(&line, "incomplete: %s", words.data);
	if (has_rows(&missing))
		aa_text_printf(&line, " (see aa-query %s%s%sgaps)",
			       query->settings.session ? "--session " : "",
			       query->settings.session ? query->settings.session : "",
			       query->settings.session ? " " : "");
	if (!line.failed)
		say(query, AA_STYLE_WARN, line.data);
	return 0;
}
