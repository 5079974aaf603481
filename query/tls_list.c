/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query tls, and tls libraries: connections, and the files that hold the code of TLS. */
#include <errno.h>
#include <string.h>

#include "memory.h"
#include "statement.h"
#include "tls.h"

/* An answer is kept in memory up to this rather than hold a transaction open for a reader who waits. */
#define HOLD_BYTES ((size_t)64 * 1024 * 1024)

static const struct aa_column connection_columns[] = {
	{ .name = "session_id", .title = "SESSION" },
	{ .name = "id", .title = "ID" },
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "time", .show = AA_SHOW_ISO },
	{ .name = "process_id" },
	{ .name = "pid", .title = "PID" },
	{ .name = "comm", .title = "COMM" },
	{ .name = "host", .title = "HOST" },
	{ .title = "PEER" },
	{ .name = "sni" },
	{ .name = "peer_address" },
	{ .name = "peer_port" },
	{ .name = "local_address" },
	{ .name = "local_port" },
	{ .name = "role" },
	{ .name = "transport" },
	{ .name = "implementation" },
	{ .name = "library" },
	{ .name = "version", .title = "VERSION" },
	{ .name = "version_offered" },
	{ .name = "cipher" },
	{ .name = "alpn", .title = "ALPN" },
	{ .name = "alpn_offered" },
	{ .name = "handshake" },
	{ .name = "handshake_ns" },
	{ .title = "SENT", .show = AA_SHOW_SIZE },
	{ .title = "RECEIVED", .show = AA_SHOW_SIZE },
	{ .name = "sent_bytes" },
	{ .name = "received_bytes" },
	{ .name = "sent_calls" },
	{ .name = "received_calls" },
	{ .name = "sent_gap_bytes" },
	{ .name = "received_gap_bytes" },
	{ .name = "wire_sent_bytes" },
	{ .name = "wire_received_bytes" },
	{ .name = "end_ns" },
	{ .name = "end_reason" },
	{ .name = "duration_ns", .title = "DURATION", .show = AA_SHOW_DURATION },
	{ .name = "method" },
	{ .name = "socket_inode" },
	{ .name = "netns" },
	{ .name = "redactions" },
	{ .name = "parent_id" },
	{ .name = "plaintext" },
	{ .name = "reason" },
	{ .title = "PLAINTEXT" },
};

/* Where there is no plaintext, text shows what went over the socket. */
static const char connection_sql[] =
	"SELECT :session, c.id, c.time_ns, c.time_ns, c.process_id, p.pid, p.comm, coalesce(c.sni, "
	"c.peer_address)," AA_SQL_TLS_PEER ", c.sni, c.peer_address, c.peer_port, c.local_address, "
	"c.local_port, c.role, c.transport, c.implementation,"
	" LIBRARY, c.version, c.version_offered, c.cipher, c.alpn, c.alpn_offered, c.handshake, "
	"c.handshake_ns,"
	" CASE WHEN c.plaintext = 'no' AND c.sent_bytes = 0 THEN c.wire_sent_bytes ELSE c.sent_bytes END,"
	" CASE WHEN c.plaintext = 'no' AND c.received_bytes = 0 THEN c.wire_received_bytes ELSE "
	"c.received_bytes END,"
	" c.sent_bytes, c.received_bytes, c.sent_calls, c.received_calls, c.sent_gap_bytes, "
	"c.received_gap_bytes,"
	" c.wire_sent_bytes, c.wire_received_bytes, c.end_ns, c.end_reason, c.end_ns - c.time_ns, c.method,"
	" c.socket_inode, c.netns, c.redactions, c.parent_id, c.plaintext, c.reason,"
	" c.plaintext || coalesce(': ' || c.reason, '')"
	" FROM s0_tls_connection AS c LEFT JOIN s0_process AS p ON p.id = c.process_id JOINED"
	" WHERE c.time_ns <= :until AND (c.end_ns IS NULL OR c.end_ns >= :since)";

static const struct aa_column library_columns[] = {
	{ .name = "session_id", .title = "SESSION" },
	{ .name = "id", .title = "ID" },
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "time", .show = AA_SHOW_ISO },
	{ .name = "attached", .title = "ATTACHED", .show = AA_SHOW_FLAG },
	{ .name = "implementation", .title = "CODE" },
	{ .name = "version", .title = "VERSION" },
	{ .name = "how", .title = "FOUND BY" },
	{ .name = "hooks" },
	{ .name = "late", .title = "LATE", .show = AA_SHOW_FLAG },
	{ .name = "held_ns", .title = "HELD", .show = AA_SHOW_DURATION },
	{ .name = "process_id" },
	{ .name = "pid", .title = "PID" },
	{ .name = "comm" },
	{ .name = "path", .title = "PATH" },
	{ .name = "path_raw" },
	{ .name = "device" },
	{ .name = "inode" },
	{ .name = "size_bytes" },
	{ .name = "build_id" },
	{ .name = "reason", .title = "REASON" },
};

static const char library_sql[] = "SELECT :session, l.id, l.time_ns, l.time_ns, l.attached, "
				  "l.implementation, l.version, l.how, l.hooks, l.late,"
				  " l.held_ns, l.process_id, p.pid, p.comm, l.path, l.path_raw, l.device, "
				  "l.inode, l.size_bytes, l.build_id, l.reason"
				  " FROM s0_tls_library AS l LEFT JOIN s0_process AS p ON p.id = l.process_id"
				  " WHERE l.time_ns <= :until AND l.time_ns >= :since";

#define CONNECTION_COLUMNS (sizeof(connection_columns) / sizeof(connection_columns[0]))
#define LIBRARY_COLUMNS	   (sizeof(library_columns) / sizeof(library_columns[0]))

enum {
	SESSION = 0,
	TIME = 2,
	ATTACHED = 4,
	PLAINTEXT = CONNECTION_COLUMNS - 3, /* and, for text, the last */
};

/* Replaces a word of the statement. */
static void add_sql(struct aa_text_buffer *out, const char *sql, const char *word, const char *by)
{
	const char *at = strstr(sql, word);

	aa_text_add(out, sql, at ? (size_t)(at - sql) : strlen(sql));
	if (!at)
		return;
	aa_text_add_string(out, by);
	aa_text_add_string(out, at + strlen(word));
}

/* Libraries may be in a table that is not there yet. */
static void add_connection_sql(struct aa_query *query, const struct aa_session *session,
			       struct aa_text_buffer *sql)
{
	const struct aa_settings *settings = &query->settings;
	aa_cleanup(aa_text_release) struct aa_text_buffer half = { 0 };
	bool has_libraries = aa_session_has_table(query->db, session->id, AA_TABLE_TLS_LIBRARY);

	add_sql(&half, connection_sql, "LIBRARY", has_libraries ? "l.path" : "NULL");
	add_sql(sql, half.data ? half.data : "", "JOINED",
		has_libraries ? "LEFT JOIN s0_tls_library AS l ON l.id = c.library_id" : "");
	if (settings->host)
		aa_text_add_string(sql, " AND " AA_SQL_TLS_HOST);
	if (settings->plaintext)
		aa_text_add_string(sql, " AND c.plaintext <> 'no'");
}

static enum aa_style style_of(const char *plaintext)
{
	if (strcmp(plaintext, "yes") == 0)
		return AA_STYLE_PLAIN;
	return strcmp(plaintext, "partial") == 0 ? AA_STYLE_WARN : AA_STYLE_BAD;
}

static int show_rows(struct aa_query *query, sqlite3_stmt *statement, unsigned columns)
{
	const struct aa_number *limit = &query->settings.filter.limit;
	struct aa_cell cells[CONNECTION_COLUMNS];
	int r = 0;

	while (query->render.failed == 0 &&
	       (!limit->set || query->render.row_count < (uint64_t)limit->value) &&
	       (r = aa_statement_step(query, statement)) > 0) {
		for (unsigned i = 0; i < columns; i++)
			cells[i] = aa_statement_cell(statement, (int)i);
		if (columns == CONNECTION_COLUMNS)
			cells[columns - 1].style = style_of(aa_statement_text(statement, PLAINTEXT));
		else if (cells[ATTACHED].integer == 0)
			cells[ATTACHED].style = AA_STYLE_BAD;
		aa_render_row(&query->render, cells);
	}
	return r < 0 ? r : 0;
}

static int list_session(struct aa_query *query, const struct aa_session *session, bool libraries)
{
	const struct aa_settings *settings = &query->settings;
	aa_cleanup(aa_text_release) struct aa_text_buffer sql = { 0 };
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	struct aa_window window = aa_session_window(query, session);
	int r;

	if (!aa_session_has_table(query->db, session->id,
				  libraries ? AA_TABLE_TLS_LIBRARY : AA_TABLE_TLS_CONNECTION))
		return 0;
	if (libraries)
		aa_text_add_string(&sql, library_sql);
	else
		add_connection_sql(query, session, &sql);
	if (settings->filter.pid.set)
		aa_text_add_string(&sql, " AND p.pid = :pid");
	if (settings->filter.comm)
		aa_text_add_string(&sql, " AND p.comm = :comm");
	aa_text_add_string(&sql, libraries ? " ORDER BY l.time_ns, l.id" : " ORDER BY c.time_ns, c.id");
	if (sql.failed)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	r = aa_statement_open_session(query, &statement, session->id, sql.data);
	if (r < 0)
		return r;
	(void)aa_filter_bind(statement, &settings->filter, &window);
	aa_statement_bind_integer(statement, ":session", session->id);
	aa_statement_bind_text(statement, ":host", settings->host);
	return show_rows(query, statement, libraries ? LIBRARY_COLUMNS : CONNECTION_COLUMNS);
}

static enum aa_status list(struct aa_query *query, const struct aa_sessions *sessions, bool libraries)
{
	struct aa_column shown[CONNECTION_COLUMNS];
	const struct aa_listing listing = {
		.columns = shown,
		.count = libraries ? LIBRARY_COLUMNS : CONNECTION_COLUMNS,
	};
	int r = 0;

	memcpy(shown, libraries ? library_columns : connection_columns, sizeof(shown[0]) * listing.count);
	if (sessions->all) {
		shown[TIME].show = AA_SHOW_TIME;
	} else {
		shown[SESSION].title = NULL;
		aa_session_line(query, &sessions->items[0]);
	}
	query->out.hold_bytes = HOLD_BYTES;
	aa_render_begin(&query->render, &listing);
	for (size_t i = 0; r == 0 && i < sessions->count; i++)
		r = list_session(query, &sessions->items[i], libraries);
	aa_render_end(&query->render);
	query->out.hold_bytes = 0;
	if (r < 0)
		return AA_UNREADABLE;
	return query->render.total_count > 0 ? AA_ANSWERED : aa_tls_nothing(query, sessions, libraries);
}

enum aa_status aa_tls_list(struct aa_query *query, const struct aa_sessions *sessions)
{
	return list(query, sessions, false);
}

enum aa_status aa_tls_libraries(struct aa_query *query, const struct aa_sessions *sessions)
{
	return list(query, sessions, true);
}
