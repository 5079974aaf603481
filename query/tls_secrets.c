/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query tls --matches-secret: where a secret was that somebody has, though no database holds it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "memory.h"
#include "secret.h"
#include "statement.h"
#include "tls.h"

static const struct aa_column columns[] = {
	{ .name = "session_id", .title = "SESSION" },
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "time", .show = AA_SHOW_ISO },
	{ .name = "process_id" },
	{ .name = "pid", .title = "PID" },
	{ .name = "comm", .title = "COMM" },
	{ .name = "row_table" },
	{ .name = "row_id" },
	{ .name = "direction" },
	{ .title = "WHERE" },
	{ .name = "host", .title = "HOST" },
	{ .name = "offset", .title = "OFFSET" },
	{ .name = "length" },
	{ .name = "what", .title = "WHAT" },
};

enum {
	SESSION = 0,
	TIME = 1,
	COLUMNS = sizeof(columns) / sizeof(columns[0]),
};

/* Connections may be in a table that is not there. */
#define SECRETS_SQL(host, joined) \
	"SELECT :session, r.time_ns, r.time_ns, r.process_id, p.pid, p.comm, r.row_table, r.row_id, " \
	"r.direction," \
	" CASE r.row_table WHEN 'tls' THEN coalesce(r.direction, 'said') || ' in connection ' || " \
	"coalesce(r.row_id, '?')" \
	" WHEN 'exec' THEN 'arguments' WHEN 'env' THEN 'environment' WHEN 'session' THEN 'command line of " \
	"run'" \
	" ELSE r.row_table END, " host ", r.offset, r.length, r.what" \
	" FROM s0_redaction AS r LEFT JOIN s0_process AS p ON p.id = r.process_id" joined \
	" WHERE r.fingerprint = :fingerprint AND r.time_ns >= :since AND r.time_ns <= :until"

static const char secrets_sql[] = SECRETS_SQL("NULL", "");
static const char secrets_host_sql[] =
	SECRETS_SQL("coalesce(c.sni, c.peer_address)",
		    " LEFT JOIN s0_tls_connection AS c ON r.row_table = 'tls' AND c.id = r.row_id");

static struct termios saved;

/* Who interrupts gets a terminal back that shows what is typed. */
static void restore_and_end(int number)
{
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static int read_line(struct aa_text_buffer *ret_secret, struct aa_error *error)
{
	char c;
	ssize_t n;

	while ((n = read(STDIN_FILENO, &c, 1)) > 0 && c != '\n' && ret_secret->size < 65536)
		aa_text_add(ret_secret, &c, 1);
	if (n < 0)
		return aa_error_set(error, -errno, "cannot read the secret: %s", strerror(errno));
	if (ret_secret->failed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	return ret_secret->size > 0 ? 0 : aa_error_set(error, -ENODATA, "no secret was typed");
}

/* From a terminal one line, which it does not show. */
static int read_secret(struct aa_text_buffer *ret_secret, struct aa_error *error)
{
	struct sigaction action = { .sa_handler = restore_and_end }, before;
	struct termios quiet;
	int r;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved) < 0)
		return aa_secret_read(STDIN_FILENO, ret_secret, error);
	(void)fputs("secret: ", stderr);
	(void)sigaction(SIGINT, &action, &before);
	quiet = saved;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	r = read_line(ret_secret, error);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
	(void)sigaction(SIGINT, &before, NULL);
	(void)fputs("\n", stderr);
	return r;
}

static int show_rows(struct aa_query *query, sqlite3_stmt *statement)
{
	const struct aa_number *limit = &query->settings.filter.limit;
	struct aa_cell cells[COLUMNS];
	int r = 0;

	while (query->render.failed == 0 &&
	       (!limit->set || query->render.row_count < (uint64_t)limit->value) &&
	       (r = aa_statement_step(query, statement)) > 0) {
		for (int i = 0; i < COLUMNS; i++)
			cells[i] = aa_statement_cell(statement, i);
		aa_render_row(&query->render, cells);
	}
	return r < 0 ? r : 0;
}

static int show_session(struct aa_query *query, const struct aa_session *session,
			const struct aa_text_buffer *secret, size_t *searched)
{
	const struct aa_filter *filter = &query->settings.filter;
	struct aa_window window = aa_session_window(query, session);
	aa_cleanup(aa_text_release) struct aa_text_buffer key = { 0 }, sql = { 0 };
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	char fingerprint[AA_SECRET_FINGERPRINT_TEXT];
	int r = aa_session_option(query, session->id, "redact-key", &key);

	if (r < 0 || aa_secret_fingerprint(key.data, secret, fingerprint) < 0)
		return r;
	(*searched)++;
	if (!aa_session_has_table(query->db, session->id, AA_TABLE_REDACTION))
		return 0;
	aa_text_add_string(&sql, aa_session_has_table(query->db, session->id, AA_TABLE_TLS_CONNECTION)
					 ? secrets_host_sql
					 : secrets_sql);
	if (filter->pid.set)
		aa_text_add_string(&sql, " AND p.pid = :pid");
	if (filter->comm)
		aa_text_add_string(&sql, " AND p.comm = :comm");
	aa_text_add_string(&sql, " ORDER BY r.time_ns, r.id");
	if (sql.failed)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	r = aa_statement_open_session(query, &statement, session->id, sql.data);
	if (r < 0)
		return r;
	(void)aa_filter_bind(statement, filter, &window);
	aa_statement_bind_integer(statement, ":session", session->id);
	aa_statement_bind_text(statement, ":fingerprint", fingerprint);
	return show_rows(query, statement);
}

/* Nothing found means something only where secrets were replaced. */
static enum aa_status answer(struct aa_query *query, const struct aa_sessions *sessions, size_t searched)
{
	if (query->render.total_count > 0)
		return AA_ANSWERED;
	if (searched == 0)
		(void)aa_error_set(
			&query->error, -ENOENT,
			"no secrets were replaced in what was asked for: it is recorded as it was said "
			"(aa-query tls requests --grep)");
	else
		(void)aa_error_set(&query->error, -ENOENT, "not among the secrets that were replaced in %s",
				   sessions->count == 1 ? "that session" : "these sessions");
	return AA_NOTHING;
}

enum aa_status aa_tls_secrets(struct aa_query *query, const struct aa_sessions *sessions)
{
	aa_cleanup(aa_secret_release) struct aa_text_buffer secret = { 0 };
	struct aa_column shown[COLUMNS];
	const struct aa_listing listing = { .columns = shown, .count = COLUMNS };
	size_t searched = 0;
	int r = read_secret(&secret, &query->error);

	if (r < 0)
		return AA_USAGE;
	memcpy(shown, columns, sizeof(columns));
	if (sessions->all) {
		shown[TIME].show = AA_SHOW_TIME;
	} else {
		shown[SESSION].title = NULL;
		aa_session_line(query, &sessions->items[0]);
	}
	aa_render_begin(&query->render, &listing);
	for (size_t i = 0; r == 0 && i < sessions->count; i++)
		r = show_session(query, &sessions->items[i], &secret, &searched);
	aa_render_end(&query->render);
	return r < 0 ? AA_UNREADABLE : answer(query, sessions, searched);
}
