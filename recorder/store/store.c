/* SPDX-License-Identifier: Apache-2.0 */
/* The store itself: one database, and the sessions that are written to it. */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "store_private.h"
#include "tls_post_private.h"

/* As journal_size_limit: what a WAL may keep between two checkpoints. */
#define WAL_LIMIT_BYTES (64 << 20)

int aa_store_open(const char *path, struct aa_store **ret_store, struct aa_error *error)
{
	aa_cleanup(aa_store_closep) struct aa_store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return aa_error_set(error, -ENOMEM, "out of memory");
	store->clock = aa_store_read_clock;
	store->wal_limit_bytes = store->wal_try_bytes = WAL_LIMIT_BYTES;
	for (int lane = 0; lane < AA_LANE_COUNT; lane++)
		store->stuck[lane] = UINT64_MAX;
	aa_siphash_new_key(&store->key);
	store->posts = aa_tls_posts_new();
	if (!store->posts)
		return aa_error_set(error, -ENOMEM, "out of memory");
	r = aa_db_open_write(path, &store->db, error);
	if (r < 0)
		return r;
	*ret_store = AA_STEAL(store);
	return 0;
}

void aa_session_finalize(struct aa_session *session)
{
	for (int i = 0; i < AA_STATEMENT_COUNT; i++) {
		sqlite3_finalize(session->statements[i]);
		session->statements[i] = NULL;
	}
}

static void free_strings(char **strings)
{
	for (char **string = strings; string && *string; string++)
		free(*string);
	free(strings);
}

void aa_session_free(struct aa_session *session)
{
	if (!session)
		return;
	aa_session_finalize(session);
	aa_process_table_release(&session->processes);
	aa_file_table_release(&session->files);
	aa_tls_table_release(&session->tls);
	free(session->tls_library_rows);
	free(session->tls_mapped);
	aa_redactor_free(session->redactor);
	explicit_bzero(session->redact_key, sizeof(session->redact_key));
	aa_intern_free(session->strings);
	free_strings(session->env_names);
	free_strings(session->excludes);
	free(session);
}

void aa_store_close(struct aa_store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < store->session_count; i++)
		aa_session_free(store->sessions[i]);
	free(store->sessions);
	sqlite3_finalize(store->cursor);
	aa_contents_free(store->contents);
	aa_tls_posts_free(store->posts);
	free(store->tls_libraries.items);
	aa_tls_packer_release(&store->packer);
	for (size_t i = 0; i < sizeof(store->tls_texts) / sizeof(store->tls_texts[0]); i++)
		aa_text_release(&store->tls_texts[i]);
	aa_scan_release(&store->scan);
	free(store->order);
	for (size_t i = 0; i < sizeof(store->scratch) / sizeof(store->scratch[0]); i++)
		aa_text_release(&store->scratch[i]);
	for (size_t i = 0; i < sizeof(store->file_texts) / sizeof(store->file_texts[0]); i++)
		aa_text_release(&store->file_texts[i]);
	for (size_t i = 0; i < sizeof(store->file_joined) / sizeof(store->file_joined[0]); i++)
		aa_text_release(&store->file_joined[i]);
	aa_db_close(store->db);
	free(store);
}

void aa_store_closep(struct aa_store **store)
{
	aa_store_close(*store);
}

void aa_store_set_peek(struct aa_store *store, aa_store_peek_fn *peek, void *context)
{
	store->peek = peek;
	store->peek_context = context;
}

struct aa_db *aa_store_db(struct aa_store *store)
{
	return store->db;
}

struct aa_text_buffer *aa_store_scratch(struct aa_store *store, int which)
{
	aa_text_clear(&store->scratch[which]);
	return &store->scratch[which];
}

/* The few sessions of one recorder: the latest is asked for most. */
static struct aa_session *find_any(const struct aa_store *store, int64_t id)
{
	for (size_t i = store->session_count; i > 0; i--)
		if (store->sessions[i - 1]->id == id)
			return store->sessions[i - 1];
	return NULL;
}

struct aa_session *aa_store_session(const struct aa_store *store, int64_t id)
{
	struct aa_session *session = find_any(store, id);

	return session && !session->ended ? session : NULL;
}

void aa_store_totals(const struct aa_store *store, int64_t session_id, struct aa_session_totals *ret_totals)
{
	const struct aa_session *session = find_any(store, session_id);

	*ret_totals = session ? session->now.totals : (struct aa_session_totals){ 0 };
	if (session)
		ret_totals->live = session->processes.live;
}

int aa_store_add_probe(struct aa_store *store, int64_t session_id, const char *capability, const char *tier,
		       const char *program, bool attached, int error_number, const char *reason,
		       struct aa_error *error)
{
	sqlite3_stmt *statement = NULL;
	sqlite3 *handle = aa_db_handle(store->db);
	int r = 0;

	if (sqlite3_prepare_v2(
		    handle,
		    "INSERT INTO probe (session_id, capability, tier, program, attached, error, reason)"
		    " VALUES (?, ?, ?, ?, ?, ?, ?)",
		    -1, &statement, NULL) != SQLITE_OK)
		return aa_db_error(store->db, error, "write the database");
	(void)sqlite3_bind_int64(statement, 1, session_id);
	(void)sqlite3_bind_text(statement, 2, capability, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(statement, 3, tier, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(statement, 4, program, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int(statement, 5, attached);
	(void)sqlite3_bind_int(statement, 6, error_number);
	(void)sqlite3_bind_text(statement, 7, reason, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) != SQLITE_DONE)
		r = aa_db_error(store->db, error, "write the database");
	sqlite3_finalize(statement);
	return r;
}
