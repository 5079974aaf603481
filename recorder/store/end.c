/* SPDX-License-Identifier: Apache-2.0 */
/* A session ends: how its command ended, then the indexes that would have slowed recording down. */
#include <errno.h>
#include <sys/wait.h>

#include "memory.h"
#include "store_private.h"

static int update(struct aa_store *store, struct aa_session *session, const struct aa_session_result *result,
		  struct aa_error *error)
{
	sqlite3_stmt *s = NULL;
	uint64_t boot_ns;
	int64_t offset_ns;
	int r = 0;

	if (sqlite3_prepare_v2(aa_db_handle(store->db),
			       "UPDATE session SET state = 'complete', end_ns = ?, exit_code = ?, "
			       "exit_signal = ? WHERE id = ?",
			       -1, &s, NULL) != SQLITE_OK)
		return aa_db_error(store->db, error, "write the database");
	store->clock(&boot_ns, &offset_ns);
	(void)sqlite3_bind_int64(s, 1, aa_session_time(session, boot_ns));
	if (result && result->has_status && WIFEXITED(result->status))
		(void)sqlite3_bind_int(s, 2, WEXITSTATUS(result->status));
	if (result && result->has_status && WIFSIGNALED(result->status))
		(void)sqlite3_bind_int(s, 3, WTERMSIG(result->status));
	(void)sqlite3_bind_int64(s, 4, session->id);
	if (sqlite3_step(s) != SQLITE_DONE)
		r = aa_db_error(store->db, error, "write the database");
	sqlite3_finalize(s);
	return r;
}

static int run_for(struct aa_store *store, const char *sql, int64_t id, struct aa_error *error)
{
	sqlite3_stmt *s = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(aa_db_handle(store->db), sql, -1, &s, NULL) != SQLITE_OK)
		return aa_db_error(store->db, error, "write the database");
	(void)sqlite3_bind_int64(s, 1, id);
	if (sqlite3_step(s) != SQLITE_DONE)
		r = aa_db_error(store->db, error, "write the database");
	sqlite3_finalize(s);
	return r;
}

static int finish(struct aa_store *store, int r, struct aa_error *error)
{
	if (r == 0)
		r = aa_db_exec(store->db, "COMMIT", error);
	if (!sqlite3_get_autocommit(aa_db_handle(store->db)))
		(void)sqlite3_exec(aa_db_handle(store->db), "ROLLBACK", NULL, NULL, NULL);
	return r;
}

int aa_store_end_session(struct aa_store *store, int64_t session_id, const struct aa_session_result *result,
			 struct aa_error *error)
{
	struct aa_session *session = aa_store_session(store, session_id);
	struct aa_session_state before;
	int r;

	if (!session)
		return aa_error_set(error, -ENOENT, "session %lld is not being recorded",
				    (long long)session_id);
	r = aa_db_exec(store->db, "BEGIN IMMEDIATE", error);
	if (r < 0)
		return r;
	before = session->now;
	aa_session_begin_tls(session);
	r = aa_session_end_tls(session, error);
	if (r == 0)
		r = update(store, session, result, error);
	if (r == 0)
		r = aa_session_report_excluded(session, true, error);
	if (r == 0)
		r = run_for(store, "DELETE FROM ring_cursor WHERE session_id = ?", session_id, error);
	r = finish(store, r, error);
	if (r < 0) {
		session->now = before;
		aa_session_rollback_tls(session);
		return r;
	}
	aa_session_commit_tls(session);
	/* In a transaction of its own: without room for indexes the session is still complete. */
	r = aa_db_exec(store->db, "BEGIN IMMEDIATE", error);
	if (r < 0)
		return r;
	r = aa_session_create_indexes(store->db, session_id, error);
	if (r == 0)
		r = run_for(store, "UPDATE session SET sealed = 1 WHERE id = ?", session_id, error);
	r = finish(store, r, error);
	if (r < 0)
		return r;
	/* Its totals stay, for the summary. */
	session->now.totals.live = session->processes.live;
	aa_session_finalize(session);
	session->ended = true;
	return 0;
}

/* Statements that drop the session's tables and views, the latter first, as they need the former. */
static int drop_objects(struct aa_store *store, int64_t id, struct aa_error *error)
{
	static const char sql[] =
		"SELECT group_concat(line, '') FROM (SELECT printf('DROP %s \"%w\";', type, name) AS line"
		" FROM sqlite_master WHERE type IN ('table', 'view') AND name GLOB printf('s%d_*', ?)"
		" ORDER BY type DESC)";
	aa_cleanup(aa_text_release) struct aa_text_buffer drops = { 0 };
	sqlite3_stmt *s = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(aa_db_handle(store->db), sql, -1, &s, NULL) != SQLITE_OK)
		return aa_db_error(store->db, error, "read the database");
	(void)sqlite3_bind_int64(s, 1, id);
	if (sqlite3_step(s) != SQLITE_ROW)
		r = aa_db_error(store->db, error, "read the database");
	else if (sqlite3_column_text(s, 0))
		aa_text_add_string(&drops, (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	if (drops.failed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	return r == 0 && drops.data ? aa_db_exec(store->db, drops.data, error) : r;
}

int aa_store_drop_session(struct aa_store *store, int64_t session_id, struct aa_error *error)
{
	static const char *const statements[] = {
		"DELETE FROM session_object WHERE session_id = ?",
		"DELETE FROM probe WHERE session_id = ?",
		"DELETE FROM session_option WHERE session_id = ?",
		"DELETE FROM ring_cursor WHERE session_id = ?",
		"DELETE FROM clock WHERE session_id = ?",
		/* Its agent, if that had no other session. */
		("DELETE FROM agent WHERE id = (SELECT agent_id FROM session WHERE id = ?1)"
		 " AND NOT EXISTS (SELECT 1 FROM session WHERE agent_id = agent.id AND session.id <> ?1)"),
		"DELETE FROM session WHERE id = ?",
	};
	struct aa_session *session = aa_store_session(store, session_id);
	int r;

	if (!session)
		return aa_error_set(error, -ENOENT, "session %lld is not being recorded",
				    (long long)session_id);
	aa_session_finalize(session);
	r = aa_db_exec(store->db, "BEGIN IMMEDIATE", error);
	if (r < 0)
		return r;
	r = drop_objects(store, session_id, error);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && r == 0; i++)
		r = run_for(store, statements[i], session_id, error);
	r = finish(store, r, error);
	if (r < 0)
		return r;
	session->ended = true;
	if (store->owner_id == session_id)
		store->owner_id = 0;
	return 0;
}
