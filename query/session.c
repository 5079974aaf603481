/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of the catalogue; see session.h. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "render/show.h"
#include "replay/array.h"
#include "statement.h"

#define SELECT_SESSION \
	"SELECT id, name, state, start_ns, end_ns, boot_id, recorder_pid, recorder_start_ticks FROM " \
	"session "

/* Reads a small file of /proc. Returns false if it cannot be. */
static bool read_proc(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return false;
	got = read(fd, text, size - 1);
	(void)close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

/* Field 22 of /proc/PID/stat, behind the name, which may hold spaces and parentheses. */
static bool read_start_ticks(int64_t pid, int64_t *ret_ticks)
{
	char path[64], stat[1024];
	const char *field;
	char *end;

	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
	if (!read_proc(path, stat, sizeof(stat)))
		return false;
	field = strrchr(stat, ')');
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	if (!field)
		return false;
	*ret_ticks = strtoll(field, &end, 10);
	return end != field;
}

/*
 * True if a recorder of this boot still lives under its pid and start. Where /proc hides other users' processes,
 * kill(2) still tells that there is one; then it is believed.
 */
static bool is_recording(const char *boot_id, int64_t pid, int64_t start_ticks)
{
	int64_t ticks;
	char boot[64];

	if (!read_proc("/proc/sys/kernel/random/boot_id", boot, sizeof(boot)) || strcmp(boot, boot_id) != 0)
		return false;
	if (pid <= 0 || pid > INT32_MAX || (kill((pid_t)pid, 0) < 0 && errno != EPERM))
		return false;
	return !read_start_ticks(pid, &ticks) || ticks == start_ticks;
}

static int read_session(sqlite3_stmt *statement, struct aa_session *session)
{
	const char *state = aa_statement_text(statement, 2);

	*session = (struct aa_session){
		.id = sqlite3_column_int64(statement, 0),
		.name = strdup(aa_statement_text(statement, 1)),
		.start_ns = sqlite3_column_int64(statement, 3),
		.end_ns = sqlite3_column_type(statement, 4) == SQLITE_NULL
				  ? INT64_MAX
				  : sqlite3_column_int64(statement, 4),
	};
	if (strcmp(state, "complete") == 0)
		session->state = "complete";
	else if (strcmp(state, "recording") == 0 &&
		 is_recording(aa_statement_text(statement, 5), sqlite3_column_int64(statement, 6),
			      sqlite3_column_int64(statement, 7)))
		session->state = "recording";
	else
		session->state = "interrupted";
	return session->name ? 0 : -ENOMEM;
}

/* Appends what the statement finds. Returns 0 or a negative errno. */
static int read_sessions(struct aa_query *query, sqlite3_stmt *statement, struct aa_sessions *sessions)
{
	size_t capacity = sessions->count;
	int r;

	while ((r = aa_statement_step(query, statement)) > 0) {
		struct aa_session *items =
			aa_array_grow(sessions->items, sessions->count, &capacity, sizeof(*items));

		if (!items)
			return aa_error_set(&query->error, -ENOMEM, "out of memory");
		sessions->items = items;
		if (read_session(statement, &sessions->items[sessions->count++]) < 0)
			return aa_error_set(&query->error, -ENOMEM, "out of memory");
	}
	return r;
}

static int find_all(struct aa_query *query, struct aa_sessions *sessions)
{
	/* A session that has not ended reaches up to now; moments after the start (+1) overlap with all. */
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	struct aa_filter filter = query->settings.filter;
	struct aa_window window;
	int r;

	if (filter.since.base == AA_MOMENT_START)
		filter.since.base = AA_MOMENT_NONE;
	if (filter.until.base == AA_MOMENT_START)
		filter.until.base = AA_MOMENT_NONE;
	window = aa_filter_window(&filter, query->now_ns, 0);
	r = aa_statement_open(query, &statement,
			      SELECT_SESSION
			      "WHERE start_ns <= :until AND (end_ns IS NULL OR end_ns >= :since) "
			      "ORDER BY start_ns, id");
	if (r < 0)
		return r;
	(void)aa_filter_bind(statement, &filter, &window);
	sessions->all = true;
	return read_sessions(query, statement, sessions);
}

/* By id, else the latest of that name. */
static int find_one(struct aa_query *query, const char *wanted, struct aa_sessions *sessions)
{
	bool latest = strcmp(wanted, "latest") == 0;
	bool number = *wanted != '\0' && wanted[strspn(wanted, "0123456789")] == '\0';

	for (int turn = number ? 0 : 1; turn < 2 && sessions->count == 0; turn++) {
		aa_cleanup_statement sqlite3_stmt *statement = NULL;
		int r = aa_statement_open(
			query, &statement,
			turn == 0 ? SELECT_SESSION "WHERE id = CAST(:wanted AS INTEGER)"
			: latest  ? SELECT_SESSION "ORDER BY start_ns DESC, id DESC LIMIT 1"
				  : SELECT_SESSION
				"WHERE name = :wanted ORDER BY start_ns DESC, id DESC LIMIT 1");

		if (r < 0)
			return r;
		aa_statement_bind_text(statement, ":wanted", wanted);
		r = read_sessions(query, statement, sessions);
		if (r < 0)
			return r;
	}
	return 0;
}

enum aa_status aa_sessions_find(struct aa_query *query, const struct aa_command *command,
				struct aa_sessions *ret_sessions)
{
	const char *wanted = query->settings.session;
	bool all, timed;
	int r;

	if (!wanted)
		wanted = command->flags & AA_COMMAND_LIST ? "all" : "latest";
	all = strcmp(wanted, "all") == 0;
	if (all && !(command->flags & AA_COMMAND_ALL)) {
		(void)aa_error_set(&query->error, -EINVAL,
				   "%s is about one session: --session all does not go with it",
				   command->name);
		return AA_USAGE;
	}
	r = all ? find_all(query, ret_sessions) : find_one(query, wanted, ret_sessions);
	if (r < 0)
		return AA_UNREADABLE;
	if (ret_sessions->count > 0)
		return AA_ANSWERED;
	timed = all && (query->settings.filter.since.base != AA_MOMENT_NONE ||
			query->settings.filter.until.base != AA_MOMENT_NONE);
	if (all || strcmp(wanted, "latest") == 0)
		(void)aa_error_set(&query->error, -ENOENT, "no session in %s%s", query->settings.db,
				   timed ? " at that time" : "");
	else
		(void)aa_error_set(&query->error, -ENOENT,
				   "no session %s in %s (aa-query sessions lists them)", wanted,
				   query->settings.db);
	return AA_NOTHING;
}

void aa_sessions_release(struct aa_sessions *sessions)
{
	for (size_t i = 0; i < sessions->count; i++)
		free(sessions->items[i].name);
	free(sessions->items);
	*sessions = (struct aa_sessions){ 0 };
}

const char *aa_session_alive(const struct aa_session *session)
{
	return strcmp(session->state, "recording") == 0 ? "running" : "not seen to end";
}

struct aa_window aa_session_window(const struct aa_query *query, const struct aa_session *session)
{
	return aa_filter_window(&query->settings.filter, query->now_ns, session->start_ns);
}

void aa_session_line(struct aa_query *query, const struct aa_session *session)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };

	query->render.origin_ns = session->start_ns;
	aa_text_printf(&line, "session %" PRId64 "  %s  %s  ", session->id, session->name, session->state);
	aa_show_time(&line, session->start_ns, query->settings.utc);
	if (session->end_ns != INT64_MAX) {
		aa_text_add_string(&line, "  ");
		aa_show_duration(&line, (int64_t)((uint64_t)session->end_ns - (uint64_t)session->start_ns));
	}
	if (!line.failed)
		aa_render_line(&query->render, AA_STYLE_NAME, line.data);
}

int aa_session_has_options(struct aa_query *query)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r = aa_statement_open(
		query, &statement,
		"SELECT 1 FROM sqlite_master WHERE name = 'session_option' AND type = 'table'");

	return r == 0 ? aa_statement_step(query, statement) : r;
}

int aa_session_option(struct aa_query *query, int64_t session_id, const char *name,
		      struct aa_text_buffer *ret_value)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r = aa_session_has_options(query);

	if (r <= 0)
		return r;
	r = aa_statement_open(
		query, &statement,
		"SELECT value FROM session_option WHERE session_id = :id AND name = :name ORDER BY id");
	if (r < 0)
		return r;
	aa_statement_bind_integer(statement, ":id", session_id);
	aa_statement_bind_text(statement, ":name", name);
	r = aa_statement_step(query, statement);
	if (r <= 0)
		return r;
	aa_text_add_string(ret_value, aa_statement_text(statement, 0));
	return ret_value->failed ? aa_error_set(&query->error, -ENOMEM, "out of memory") : 1;
}
