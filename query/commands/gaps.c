/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query gaps: what is not in the database, or not whole, and which hooks were refused. */
#include <stddef.h>
#include <string.h>

#include "complete.h"
#include "memory.h"
#include "query.h"
#include "session.h"
#include "statement.h"

static const struct aa_column columns[] = {
	{ .name = "session_id", .title = "SESSION" },
	{ .name = "type", .title = "TYPE" },
	{ .name = "time_ns", .title = "FROM", .show = AA_SHOW_ELAPSED },
	{ .name = "time", .show = AA_SHOW_ISO },
	{ .name = "end_ns", .title = "TO", .show = AA_SHOW_ELAPSED },
	{ .name = "lane" },
	{ .name = "kind", .title = "KIND" },
	{ .name = "reason", .title = "REASON" },
	{ .name = "count", .title = "COUNT" },
	{ .name = "process_id" },
	{ .name = "pid", .title = "PID" },
	{ .name = "comm", .title = "COMM" },
	{ .name = "program" },
	{ .name = "error" },
	{ .name = "detail", .title = "DETAIL" },
};

enum {
	SESSION = 0,
	TYPE = 1,
	FROM = 2,
	TO = 4,
	COLUMNS = sizeof(columns) / sizeof(columns[0]),
};

/* Tables that may not be there: each gives rows of the same columns. */
static const struct {
	enum aa_table table;
	const char *sql;
} sources[] = {
	{ AA_TABLE_GAP,
	  "SELECT g.id, " AA_SQL_GAP_TYPE " AS type, g.time_ns, g.end_ns, g.lane, g.kind, g.reason, g.count,"
	  " g.process_id, g.detail FROM s0_gap AS g" },
	/* What nobody could attach to says nothing from then on. */
	{ AA_TABLE_TLS_LIBRARY, "SELECT l.id, 'refused', l.time_ns, :open_end, 'payload', 'tls_library', "
				"coalesce(l.reason, 'not attached'),"
				" NULL, l.process_id, l.path FROM s0_tls_library AS l WHERE l.attached = 0" },
	{ AA_TABLE_TLS_CONNECTION,
	  "SELECT c.id, CASE c.plaintext WHEN 'no' THEN 'unheard' ELSE 'partial' END, c.time_ns, "
	  "coalesce(c.end_ns, :open_end),"
	  " 'payload', 'tls_connect', coalesce(c.reason, 'unknown'), NULL, c.process_id,"
	  " 'TLS connection ' || c.id || coalesce(' with ' || coalesce(c.sni, c.peer_address), '')"
	  " FROM s0_tls_connection AS c WHERE " AA_SQL_TLS_UNHEARD " OR " AA_SQL_TLS_LATE },
};

static void add_sources(struct aa_query *query, const struct aa_session *session, struct aa_text_buffer *sql)
{
	const char *separator = "";

	aa_text_add_string(
		sql,
		"SELECT :session, g.type, g.time_ns, g.time_ns, g.end_ns, g.lane, g.kind, g.reason, g.count,"
		" g.process_id, p.pid, p.comm, NULL, NULL, g.detail FROM (");
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (!aa_session_has_table(query->db, session->id, sources[i].table))
			continue;
		aa_text_printf(sql, "%s%s", separator, sources[i].sql);
		separator = " UNION ALL ";
	}
	aa_text_add_string(sql, ") AS g LEFT JOIN s0_process AS p ON p.id = g.process_id"
				" WHERE g.time_ns <= :until AND (g.end_ns IS NULL OR g.end_ns >= :since)");
}

/*
 * A hook that was refused is a gap of the whole session, unless another program does its work: most kernels refuse the one or
 * other, and nothing is missing for it.
 */
static const char probe_sql[] =
	"SELECT :session, CASE WHEN o.program IS NULL THEN 'refused' ELSE 'replaced' END,"
	" NULL, NULL, NULL, NULL, b.capability, coalesce(n.name, 'error ' || b.error), NULL, NULL, NULL, "
	"NULL,"
	" b.program, b.error,"
	" b.program || CASE b.tier WHEN 'none' THEN '' ELSE ' (' || b.tier || ')' END"
	" || coalesce(': ' || b.reason, '')"
	" || coalesce('; in its place ' || o.program || ' (' || o.tier || ')', '')"
	" FROM probe AS b LEFT JOIN errno_name AS n ON n.error = b.error"
	" LEFT JOIN (SELECT capability, min(tier) AS tier, program FROM probe"
	" WHERE session_id = :session AND attached = 1 GROUP BY capability) AS o"
	" ON o.capability = b.capability"
	" WHERE b.session_id = :session AND b.attached = 0 AND (:hooks OR o.program IS NULL) ORDER BY b.id";

/* Another hook does its work; or it was asked for. */
static bool is_harmless(const char *type)
{
	return strcmp(type, "replaced") == 0 || strcmp(type, "excluded") == 0;
}

/* excluded: how many rows were only left out on request. */
static int show_rows(struct aa_query *query, sqlite3_stmt *statement, const struct aa_session *session,
		     uint64_t *excluded)
{
	const struct aa_filter *filter = &query->settings.filter;
	struct aa_window window = aa_session_window(query, session);
	struct aa_cell cells[COLUMNS];
	int r;

	(void)aa_filter_bind(statement, filter, &window);
	aa_statement_bind_integer(statement, ":session", session->id);
	aa_statement_bind_integer(statement, ":hooks", query->settings.hooks);
	/* NULL where it has not ended. */
	if (session->end_ns != INT64_MAX)
		aa_statement_bind_integer(statement, ":open_end", session->end_ns);
	while ((r = aa_statement_step(query, statement)) > 0 && query->render.failed == 0) {
		if (filter->limit.set && query->render.row_count >= (uint64_t)filter->limit.value)
			return 0;
		for (int i = 0; i < COLUMNS; i++)
			cells[i] = aa_statement_cell(statement, i);
		cells[TYPE].style =
			is_harmless(aa_statement_text(statement, TYPE)) ? AA_STYLE_DIM : AA_STYLE_BAD;
		*excluded += strcmp(aa_statement_text(statement, TYPE), "excluded") == 0;
		aa_render_row(&query->render, cells);
	}
	return r;
}

static bool has_sources(struct aa_query *query, const struct aa_session *session)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (aa_session_has_table(query->db, session->id, sources[i].table))
			return true;
	return false;
}

static int show_gaps(struct aa_query *query, const struct aa_session *session, uint64_t *excluded)
{
	const struct aa_filter *filter = &query->settings.filter;
	aa_cleanup(aa_text_release) struct aa_text_buffer sql = { 0 };
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r;

	if (!has_sources(query, session))
		return 0;
	add_sources(query, session, &sql);
	if (filter->pid.set)
		aa_text_add_string(&sql, " AND p.pid = :pid");
	if (filter->comm)
		aa_text_add_string(&sql, " AND p.comm = :comm");
	if (filter->kinds) {
		aa_text_add_string(&sql, " AND g.kind IN ");
		aa_filter_add_kinds(filter, &sql);
	}
	aa_text_add_string(&sql, " ORDER BY g.time_ns, g.id");
	r = aa_statement_open_session(query, &statement, session->id, sql.data);
	return r < 0 ? r : show_rows(query, statement, session, excluded);
}

static int show_probes(struct aa_query *query, const struct aa_session *session)
{
	uint64_t excluded = 0;
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r = aa_statement_open(query, &statement, probe_sql);

	return r < 0 ? r : show_rows(query, statement, session, &excluded);
}

static int show(struct aa_query *query, const struct aa_sessions *sessions, uint64_t *excluded)
{
	const struct aa_filter *filter = &query->settings.filter;
	struct aa_column shown[COLUMNS];
	const struct aa_listing listing = { .columns = shown, .count = COLUMNS };
	int r = 0;

	memcpy(shown, columns, sizeof(columns));
	if (sessions->all) {
		shown[FROM].show = AA_SHOW_TIME;
		shown[TO].show = AA_SHOW_TIME;
	} else {
		shown[SESSION].title = NULL;
		aa_session_line(query, &sessions->items[0]);
	}
	aa_render_begin(&query->render, &listing);
	for (size_t i = 0; r == 0 && i < sessions->count; i++) {
		r = show_gaps(query, &sessions->items[i], excluded);
		if (r == 0 && !filter->pid.set && !filter->comm && !filter->kinds)
			r = show_probes(query, &sessions->items[i]);
	}
	aa_render_end(&query->render);
	return r;
}

static bool is_filtered(const struct aa_filter *filter)
{
	return filter->since.base != AA_MOMENT_NONE || filter->until.base != AA_MOMENT_NONE ||
	       filter->pid.set || filter->comm || filter->kinds;
}

/* What a recorder that died, or still runs, has not told yet nobody knows. */
static bool all_ended(const struct aa_sessions *sessions)
{
	for (size_t i = 0; i < sessions->count; i++)
		if (strcmp(sessions->items[i].state, "complete") != 0)
			return false;
	return true;
}

static enum aa_status run(struct aa_query *query)
{
	aa_cleanup(aa_sessions_release) struct aa_sessions sessions = { 0 };
	enum aa_status status = aa_sessions_find(query, &aa_command_gaps, &sessions);
	uint64_t excluded = 0;
	int r;

	if (status != AA_ANSWERED)
		return status;
	r = show(query, &sessions, &excluded);
	if (r == 0)
		r = aa_complete_note(query, &sessions);
	if (r < 0)
		return AA_UNREADABLE;
	if (query->render.total_count > excluded)
		return AA_ANSWERED;
	if (is_filtered(&query->settings.filter) || !all_ended(&sessions))
		aa_render_line(&query->render, AA_STYLE_PLAIN, "no gaps found");
	else
		aa_render_line(&query->render, AA_STYLE_GOOD,
			       "nothing lost, nothing truncated, no hook missing");
	query->told = true;
	return excluded > 0 ? AA_ANSWERED : AA_NOTHING;
}

static const struct aa_option options[] = {
	{ .name = "hooks",
	  .offset = offsetof(struct aa_settings, hooks),
	  .help = "also hooks that were refused or passed over, and in whose place another one serves" },
	{ 0 },
};

const struct aa_command aa_command_gaps = {
	.name = "gaps",
	.usage = "",
	.summary = "show what was lost, truncated or refused",
	.options = options,
	.filters = AA_FILTER_TIME | AA_FILTER_PID | AA_FILTER_COMM | AA_FILTER_KIND | AA_FILTER_LIMIT,
	.flags = AA_COMMAND_ALL,
	.run = run,
};
