/* SPDX-License-Identifier: Apache-2.0 */
/* A session begins: what it is, on which machine, and who records it; those of dead recorders are closed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "store_private.h"
#include "text.h"

/* Of each session, in memory: strings that need no second row, and dead processes that records may still name. */
#define STRING_PLACES	   65536
#define STRING_BYTES	   (16u << 20)
#define MAX_DEAD_PROCESSES 65536
#define MIN_OPEN_FILES	   65536

/* Tables that every session has; the others come with their first row. The views need them. */
static const enum aa_table first_tables[] = {
	AA_TABLE_STRING, AA_TABLE_CGROUP, AA_TABLE_PROCESS, AA_TABLE_EXEC, AA_TABLE_GAP,
};

/* Field 22 of /proc/PID/stat; a name in field 2 may hold anything, so it is counted from its last parenthesis. */
static int64_t start_ticks(int64_t pid)
{
	char path[64], text[1024];
	const char *at;
	char *end;
	long long ticks;

	(void)snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
	if (aa_text_read(path, text, sizeof(text)) < 0)
		return -1;
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	if (!at)
		return -1;
	ticks = strtoll(at, &end, 10);
	return end == at ? -1 : ticks;
}

/* Sessions that say 'recording' although their recorder is gone. */
static int mark_interrupted(struct aa_store *store, const char *boot_id, struct aa_error *error)
{
	sqlite3 *handle = aa_db_handle(store->db);
	sqlite3_stmt *find = NULL, *update = NULL;
	int result = SQLITE_DONE, r = 0;

	if (sqlite3_prepare_v2(handle,
			       "SELECT id, boot_id, recorder_pid, recorder_start_ticks FROM session WHERE "
			       "state = 'recording'",
			       -1, &find, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(handle, "UPDATE session SET state = 'interrupted' WHERE id = ?", -1, &update,
			       NULL) != SQLITE_OK)
		r = aa_db_error(store->db, error, "write the database");
	while (r == 0 && (result = sqlite3_step(find)) == SQLITE_ROW) {
		const char *boot = (const char *)sqlite3_column_text(find, 1);

		if (boot && strcmp(boot, boot_id) == 0 &&
		    start_ticks(sqlite3_column_int64(find, 2)) == sqlite3_column_int64(find, 3))
			continue;
		(void)sqlite3_bind_int64(update, 1, sqlite3_column_int64(find, 0));
		if (sqlite3_step(update) != SQLITE_DONE)
			r = aa_db_error(store->db, error, "write the database");
		(void)sqlite3_reset(update);
	}
	if (r == 0 && result != SQLITE_DONE)
		r = aa_db_error(store->db, error, "read the database");
	sqlite3_finalize(find);
	sqlite3_finalize(update);
	return r;
}

/* The agent's row, made when it is new. */
static int find_agent(struct aa_store *store, const char *escaped, int64_t now_ns, int64_t *ret_id,
		      struct aa_error *error)
{
	sqlite3_stmt *statement = NULL;
	int r = 0;

	/* The update changes nothing; it makes RETURNING give the row that was there. */
	if (sqlite3_prepare_v2(aa_db_handle(store->db),
			       "INSERT INTO agent (name, first_ns) VALUES (?, ?)"
			       " ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id",
			       -1, &statement, NULL) != SQLITE_OK)
		return aa_db_error(store->db, error, "write the database");
	(void)sqlite3_bind_text(statement, 1, escaped, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(statement, 2, now_ns);
	if (sqlite3_step(statement) != SQLITE_ROW)
		r = aa_db_error(store->db, error, "write the database");
	else
		*ret_id = sqlite3_column_int64(statement, 0);
	if (r == 0 && sqlite3_step(statement) != SQLITE_DONE)
		r = aa_db_error(store->db, error, "write the database");
	sqlite3_finalize(statement);
	return r;
}

struct description {
	struct aa_text_buffer agent, name, host, command, argv;
	struct aa_found_secrets secrets; /* in argv */
	bool inexact;
	char boot_id[64];
	struct utsname system;
};

static void release_description(struct description *description)
{
	aa_text_release(&description->agent);
	aa_text_release(&description->name);
	aa_text_release(&description->host);
	aa_text_release(&description->command);
	aa_text_release(&description->argv);
	aa_found_release(&description->secrets);
}

static int describe(struct aa_session *session, const struct aa_session_options *options,
		    struct description *ret_description, struct aa_error *error)
{
	struct description *d = ret_description;
	int r;

	r = aa_text_read("/proc/sys/kernel/random/boot_id", d->boot_id, sizeof(d->boot_id));
	if (r < 0)
		return aa_error_set(error, r, "cannot read /proc/sys/kernel/random/boot_id: %s",
				    strerror(-r));
	if (uname(&d->system) < 0)
		return aa_error_set(error, -errno, "cannot ask for the system's name: %s", strerror(errno));
	(void)aa_text_escape(&d->host, d->system.nodename, strlen(d->system.nodename));
	(void)aa_text_escape(&d->agent, options->agent, strlen(options->agent));
	if (options->name)
		(void)aa_text_escape(&d->name, options->name, strlen(options->name));
	for (char *const *argument = options->argv; argument && *argument; argument++)
		aa_text_add(&d->argv, *argument, strlen(*argument) + 1);
	r = aa_session_redact_arguments(session, &d->argv, &d->secrets, error);
	if (r < 0)
		return r;
	d->inexact = aa_text_quote_args(&d->command, d->argv.data ? d->argv.data : "", d->argv.size);
	if (d->host.failed || d->agent.failed || d->name.failed || d->argv.failed || d->command.failed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

static int insert_session(struct aa_session *session, const struct aa_session_options *options,
			  const struct description *d, int64_t agent_id, int64_t now_ns,
			  struct aa_error *error)
{
	struct aa_db *db = session->store->db;
	sqlite3_stmt *s = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(aa_db_handle(db),
			       "INSERT INTO session (agent_id, name, mode, state, command, argv, start_ns, "
			       "boot_offset_ns, boot_id,"
			       " host, kernel, machine, recorder, recorder_pid, recorder_start_ticks)"
			       " VALUES (?, ?, ?, 'recording', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			       -1, &s, NULL) != SQLITE_OK)
		return aa_db_error(db, error, "write the database");
	(void)sqlite3_bind_int64(s, 1, agent_id);
	(void)sqlite3_bind_text(s, 2, d->name.data ? d->name.data : "", -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 3, options->mode, -1, SQLITE_STATIC);
	if (options->argv)
		(void)sqlite3_bind_text(s, 4, d->command.data, -1, SQLITE_STATIC);
	if (d->inexact)
		(void)sqlite3_bind_blob64(s, 5, d->argv.data, d->argv.size, SQLITE_STATIC);
	(void)sqlite3_bind_int64(s, 6, now_ns);
	(void)sqlite3_bind_int64(s, 7, session->boot_offset_ns);
	(void)sqlite3_bind_text(s, 8, d->boot_id, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 9, d->host.data ? d->host.data : "", -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 10, d->system.release, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 11, d->system.machine, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 12, options->recorder, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(s, 13, getpid());
	(void)sqlite3_bind_int64(s, 14, start_ticks(getpid()));
	if (sqlite3_step(s) != SQLITE_DONE)
		r = aa_db_error(db, error, "write the database");
	sqlite3_finalize(s);
	session->id = sqlite3_last_insert_rowid(aa_db_handle(db));
	return r;
}

/* agent-YYYYMMDD-HHMMSS-id, in UTC. */
static int name_session(struct aa_session *session, const struct description *d, int64_t now_ns,
			struct aa_error *error)
{
	struct aa_db *db = session->store->db;
	time_t seconds = (time_t)(now_ns / 1000000000);
	char date[32] = "", name[64];
	sqlite3_stmt *s = NULL;
	struct tm parts;
	int r = 0;

	if (gmtime_r(&seconds, &parts))
		(void)strftime(date, sizeof(date), "%Y%m%d-%H%M%S", &parts);
	(void)snprintf(name, sizeof(name), "-%s-%" PRId64, date, session->id);
	if (sqlite3_prepare_v2(aa_db_handle(db), "UPDATE session SET name = ? || ? WHERE id = ?", -1, &s,
			       NULL) != SQLITE_OK)
		return aa_db_error(db, error, "write the database");
	(void)sqlite3_bind_text(s, 1, d->agent.data ? d->agent.data : "", -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(s, 3, session->id);
	if (sqlite3_step(s) != SQLITE_DONE)
		r = aa_db_error(db, error, "write the database");
	sqlite3_finalize(s);
	return r;
}

static int write_settings(struct aa_session *session, const struct aa_session_setting *settings,
			  struct aa_error *error)
{
	struct aa_store *store = session->store;
	struct aa_text_buffer *name = aa_store_scratch(store, AA_SCRATCH_SHORT);
	struct aa_text_buffer *value = aa_store_scratch(store, AA_SCRATCH_TEXT);
	sqlite3_stmt *s = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(aa_db_handle(store->db),
			       "INSERT INTO session_option (session_id, name, value) VALUES (?, ?, ?)", -1,
			       &s, NULL) != SQLITE_OK)
		return aa_db_error(store->db, error, "write the database");
	for (; settings && settings->name && r == 0; settings++) {
		aa_text_clear(name);
		aa_text_clear(value);
		(void)aa_text_escape(name, settings->name, strlen(settings->name));
		(void)aa_text_escape(value, settings->value, strlen(settings->value));
		(void)sqlite3_bind_int64(s, 1, session->id);
		(void)sqlite3_bind_text(s, 2, name->data ? name->data : "", -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(s, 3, value->data ? value->data : "", -1, SQLITE_STATIC);
		if (name->failed || value->failed)
			r = aa_error_set(error, -ENOMEM, "out of memory");
		else if (sqlite3_step(s) != SQLITE_DONE)
			r = aa_db_error(store->db, error, "write the database");
		(void)sqlite3_reset(s);
	}
	sqlite3_finalize(s);
	return r;
}

static bool has_setting(const struct aa_session_setting *settings, const char *name)
{
	for (; settings && settings->name; settings++)
		if (strcmp(settings->name, name) == 0)
			return true;
	return false;
}

static int write_redaction(struct aa_session *session, const struct aa_session_options *options,
			   struct aa_error *error)
{
	char key[2 * AA_REDACT_KEY_SIZE + 1] = "";
	struct aa_session_setting settings[3] = { { NULL, NULL } };
	unsigned count = 0;

	if (!has_setting(options->settings, "redact"))
		settings[count++] = (struct aa_session_setting){ "redact", session->redactor ? "on" : "off" };
	if (session->redactor)
		settings[count] = (struct aa_session_setting){ "redact-key", key };

	for (size_t i = 0; i < AA_REDACT_KEY_SIZE; i++)
		(void)snprintf(key + 2 * i, 3, "%02x", session->redact_key[i]);
	return write_settings(session, settings, error);
}

static int write_session(struct aa_session *session, const struct aa_session_options *options,
			 const struct description *d, struct aa_error *error)
{
	struct aa_store *store = session->store;
	uint64_t boot_ns;
	int64_t agent_id = 0, now_ns;
	struct aa_redaction_row where = { .table = "session" };
	int r;

	store->clock(&boot_ns, &session->boot_offset_ns);
	now_ns = aa_session_time(session, boot_ns);
	where.time_ns = now_ns;
	r = mark_interrupted(store, d->boot_id, error);
	if (r == 0)
		r = find_agent(store, d->agent.data ? d->agent.data : "", now_ns, &agent_id, error);
	if (r == 0)
		r = insert_session(session, options, d, agent_id, now_ns, error);
	if (r == 0 && !options->name)
		r = name_session(session, d, now_ns, error);
	if (r == 0)
		r = write_settings(session, options->settings, error);
	if (r == 0)
		r = write_redaction(session, options, error);
	for (size_t i = 0; i < sizeof(first_tables) / sizeof(first_tables[0]) && r == 0; i++) {
		r = aa_session_create_table(store->db, session->id, first_tables[i], error);
		session->now.tables[first_tables[i]] = true;
	}
	if (r == 0)
		r = aa_session_redactions(session, &where, &d->secrets, error);
	return r == 0 ? aa_session_check_clock(session, error) : r;
}

static int copy_strings(char *const *strings, char ***ret_copy)
{
	size_t count = 0;

	while (strings && strings[count])
		count++;
	*ret_copy = calloc(count + 1, sizeof(**ret_copy));
	for (size_t i = 0; *ret_copy && i < count; i++) {
		(*ret_copy)[i] = strdup(strings[i]);
		if (!(*ret_copy)[i])
			return -ENOMEM;
	}
	return *ret_copy ? 0 : -ENOMEM;
}

static void free_session(struct aa_session **session)
{
	aa_session_free(*session);
}

/*
 * More than the kernel side has, as a file whose close was lost stays here; and never so few that a file that is used
 * has to be forgotten.
 */
static uint32_t max_open_files(const struct aa_session_options *options)
{
	if (options->max_open_files > UINT32_MAX / 8)
		return UINT32_MAX / 4;
	return options->max_open_files < MIN_OPEN_FILES / 2 ? MIN_OPEN_FILES
							    : (uint32_t)options->max_open_files * 2;
}

static int new_session(struct aa_store *store, const struct aa_session_options *options,
		       struct aa_session **ret_session)
{
	aa_cleanup(free_session) struct aa_session *session = calloc(1, sizeof(*session));
	struct aa_session **grown;

	if (!session)
		return -ENOMEM;
	session->store = store;
	aa_process_table_init(&session->processes, &store->key, MAX_DEAD_PROCESSES);
	session->strings = aa_intern_new(&store->key, STRING_PLACES, STRING_BYTES);
	aa_file_table_init(&session->files, max_open_files(options));
	session->tls.release_secrets = aa_tls_secrets_free;
	for (const struct aa_session_setting *s = options->settings; s && s->name; s++)
		if (strcmp(s->name, "tls") == 0)
			session->tls_metadata = strcmp(s->value, "metadata") == 0;
	if (!session->strings || copy_strings(options->env_names, &session->env_names) < 0 ||
	    copy_strings(options->excludes, &session->excludes) < 0)
		return -ENOMEM;
	grown = reallocarray(store->sessions, store->session_count + 1, sizeof(struct aa_session *));
	if (!grown)
		return -ENOMEM;
	store->sessions = grown;
	*ret_session = AA_STEAL(session);
	return 0;
}

int aa_store_begin_session(struct aa_store *store, const struct aa_session_options *options,
			   int64_t *ret_session_id, struct aa_error *error)
{
	aa_cleanup(release_description) struct description description = { 0 };
	aa_cleanup(free_session) struct aa_session *session = NULL;
	int r;

	r = new_session(store, options, &session);
	if (r < 0)
		return aa_error_set(error, r, "out of memory");
	r = aa_session_make_redactor(session, options, error);
	if (r == 0)
		r = describe(session, options, &description, error);
	if (r < 0)
		return r;
	r = aa_db_exec(store->db, "BEGIN IMMEDIATE", error);
	if (r < 0)
		return r;
	r = write_session(session, options, &description, error);
	aa_session_finalize(session);
	if (r == 0)
		r = aa_db_exec(store->db, "COMMIT", error);
	if (!sqlite3_get_autocommit(aa_db_handle(store->db)))
		(void)sqlite3_exec(aa_db_handle(store->db), "ROLLBACK", NULL, NULL, NULL);
	if (r < 0)
		return r;
	if (!store->owner_id) {
		store->owner_id = session->id;
		store->generation = options->generation;
	}
	*ret_session_id = session->id;
	store->sessions[store->session_count++] = AA_STEAL(session);
	return 0;
}
