/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store pass: one transaction that takes spans of the rings into rows and moves their cursors. What it changes
 * in memory is undone when it fails, so that the same records can be offered again.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_private.h"
#include "tls_post.h"
#include "tls_post_private.h"

/* Records listed at a time: bounds memory, not the transaction. */
#define LIST_RECORDS 65536u

static aa_sink_fn *const sinks[] = {
	[AA_EVENT_FORK] = aa_sink_fork,
	[AA_EVENT_EXEC] = aa_sink_exec,
	[AA_EVENT_EXEC_FAILED] = aa_sink_exec_failed,
	[AA_EVENT_EXIT] = aa_sink_exit,
	[AA_EVENT_CRED] = aa_sink_cred,
	[AA_EVENT_COMM] = aa_sink_comm,
	[AA_EVENT_SETSID] = aa_sink_setsid,
	[AA_EVENT_CGROUP] = aa_sink_cgroup,
	[AA_EVENT_TEXT] = NULL, /* taken by the record that follows it */
	[AA_EVENT_OPEN] = aa_sink_open,
	[AA_EVENT_CLOSE] = aa_sink_io,
	[AA_EVENT_IO] = aa_sink_io,
	[AA_EVENT_TRUNCATE] = aa_sink_change,
	[AA_EVENT_FALLOCATE] = aa_sink_change,
	[AA_EVENT_UNLINK] = aa_sink_change,
	[AA_EVENT_RMDIR] = aa_sink_change,
	[AA_EVENT_RENAME] = aa_sink_change,
	[AA_EVENT_LINK] = aa_sink_change,
	[AA_EVENT_SYMLINK] = aa_sink_change,
	[AA_EVENT_MKDIR] = aa_sink_change,
	[AA_EVENT_MKNOD] = aa_sink_change,
	[AA_EVENT_CHMOD] = aa_sink_change,
	[AA_EVENT_CHOWN] = aa_sink_change,
	[AA_EVENT_UTIMES] = aa_sink_change,
	[AA_EVENT_SETXATTR] = aa_sink_change,
	[AA_EVENT_REMOVEXATTR] = aa_sink_change,
	[AA_EVENT_MMAP] = aa_sink_change,
	[AA_EVENT_COPY] = aa_sink_change,
	[AA_EVENT_CHDIR] = aa_sink_change,
	[AA_EVENT_CHROOT] = aa_sink_change,
	[AA_EVENT_MOUNT] = aa_sink_change,
	[AA_EVENT_UMOUNT] = aa_sink_change,
	[AA_EVENT_PIVOT_ROOT] = aa_sink_change,
	[AA_EVENT_TLS_OPEN] = aa_sink_tls_open,
	[AA_EVENT_TLS_HANDSHAKE] = aa_sink_tls_handshake,
	[AA_EVENT_TLS_NAME] = aa_sink_tls_name,
	[AA_EVENT_TLS_SOCKET] = aa_sink_tls_socket,
	[AA_EVENT_TLS_HELLO] = aa_sink_tls_hello,
	[AA_EVENT_TLS_SOCKET_END] = aa_sink_tls_socket_end,
	[AA_EVENT_TLS_CLOSE] = aa_sink_tls_close,
	[AA_EVENT_TLS_DATA] = aa_sink_tls_data,
};

/* Records of one session that could not be understood, in one span. */
struct malformed {
	uint64_t count;
	uint64_t first_ns, last_ns;
	char detail[160];
};

struct pass {
	struct aa_store *store;
	struct aa_batch *batch;
	enum aa_lane lane;
	struct malformed *malformed; /* one per session */
	struct aa_error *error;
};

/* Index of the session that a record belongs to; an unknown one counts against the oldest that records. */
static size_t session_index(const struct aa_store *store, const struct aa_scan_entry *entry, bool *ret_known)
{
	size_t fallback = store->session_count - 1;

	*ret_known = false;
	for (size_t i = store->session_count; i > 0; i--) {
		if (store->sessions[i - 1]->ended)
			continue;
		fallback = i - 1;
		if (entry->result == AA_EVENT_BROKEN ||
		    store->sessions[i - 1]->id != entry->event.header->session)
			continue;
		*ret_known = true;
		break;
	}
	return fallback;
}

static void note_malformed(struct malformed *malformed, const struct aa_scan_entry *entry, bool known)
{
	const struct aa_header *header = entry->event.header;
	uint64_t time_ns = header ? header->time_ns : 0;

	if (malformed->count++ == 0) {
		malformed->first_ns = time_ns;
		if (!header)
			(void)snprintf(malformed->detail, sizeof(malformed->detail), "a record of %u bytes",
				       entry->size);
		else
			(void)snprintf(malformed->detail, sizeof(malformed->detail),
				       "%s, the first of kind %u, %u bytes in %u, session %u",
				       !known ? "records of a session that is not recorded"
				       : entry->result == AA_EVENT_UNKNOWN
					       ? "records of an unknown kind"
					       : "records with sizes that cannot be",
				       header->kind, header->size, entry->size, header->session);
	}
	if (time_ns < malformed->first_ns)
		malformed->first_ns = time_ns;
	if (time_ns > malformed->last_ns)
		malformed->last_ns = time_ns;
}

static int report_malformed(struct pass *pass)
{
	int r = 0;

	for (size_t i = 0; i < pass->store->session_count && r == 0; i++) {
		struct malformed *malformed = &pass->malformed[i];
		const struct aa_gap_row gap = {
			.begin_ns = malformed->first_ns,
			.end_ns = malformed->last_ns,
			.count = malformed->count,
			.lane = pass->lane,
			.kind = "any",
			.reason = "malformed",
			.detail = malformed->detail,
		};

		if (malformed->count)
			r = aa_session_gap(pass->store->sessions[i], &gap, pass->error);
		*malformed = (struct malformed){ 0 };
	}
	return r;
}

static int store_record(struct pass *pass, struct aa_session *session, size_t index,
			const struct aa_scan_entry *entry, bool known)
{
	const struct aa_header *header = entry->event.header;
	aa_sink_fn *sink;

	if (!known || entry->result != AA_EVENT_OK) {
		note_malformed(&pass->malformed[index], entry, known);
		return 0;
	}
	session->now.totals.records[header->kind]++;
	sink = sinks[header->kind];
	return sink ? sink(session, &entry->event, entry->link, pass->error) : 0;
}

/*
 * The order in which the listed records are stored: by session, because runs of rows for the same tables are faster,
 * and within a session as they stand in the ring, because a process must be known before what it does. A counting sort.
 */
static int sort(struct aa_store *store)
{
	struct aa_scan *scan = &store->scan;
	uint32_t *starts;
	bool known;

	if (scan->count > store->order_capacity) {
		uint32_t *order = reallocarray(store->order, scan->capacity, sizeof(*order));

		if (!order)
			return -ENOMEM;
		store->order = order;
		store->order_capacity = scan->capacity;
	}
	if (store->session_count == 1) {
		for (uint32_t i = 0; i < scan->count; i++)
			store->order[i] = i;
		return 0;
	}
	starts = calloc(store->session_count + 1, sizeof(*starts));
	if (!starts)
		return -ENOMEM;
	for (uint32_t i = 0; i < scan->count; i++)
		starts[session_index(store, &scan->entries[i], &known) + 1]++;
	for (size_t i = 1; i <= store->session_count; i++)
		starts[i] += starts[i - 1];
	for (uint32_t i = 0; i < scan->count; i++)
		store->order[starts[session_index(store, &scan->entries[i], &known)]++] = i;
	free(starts);
	return 0;
}

static int store_listed(struct pass *pass)
{
	struct aa_store *store = pass->store;
	struct aa_scan *scan = &store->scan;
	bool known;
	int r = sort(store);

	if (r < 0)
		return aa_error_set(pass->error, r, "out of memory");
	for (uint32_t i = 0; i < scan->count && r == 0; i++) {
		const struct aa_scan_entry *entry = &scan->entries[store->order[i]];
		size_t index = session_index(store, entry, &known);

		r = store_record(pass, store->sessions[index], index, entry, known);
	}
	for (uint32_t i = 0; i < scan->orphan_count && r == 0; i++) {
		size_t index = session_index(store, &scan->entries[scan->orphans[i].first], &known);

		if (known)
			r = aa_sink_orphan(store->sessions[index], &scan->orphans[i], pass->error);
	}
	return r == 0 ? report_malformed(pass) : r;
}

/* What stands behind a damaged length cannot be read: say how much. */
static int report_broken(struct pass *pass, uint64_t bytes)
{
	struct aa_session *session = NULL;
	struct aa_gap_row gap = {
		.count = 1,
		.lane = pass->lane,
		.kind = "any",
		.reason = "malformed",
	};
	char detail[96];
	int64_t offset_ns;
	bool known;

	session = pass->store->sessions[session_index(
		pass->store, &(struct aa_scan_entry){ .result = AA_EVENT_BROKEN }, &known)];
	pass->store->clock(&gap.begin_ns, &offset_ns);
	gap.end_ns = gap.begin_ns;
	(void)snprintf(detail, sizeof(detail),
		       "the ring is damaged: up to %" PRIu64 " bytes of records are lost", bytes);
	gap.detail = detail;
	return aa_session_gap(session, &gap, pass->error);
}

static int store_lane(struct pass *pass, enum aa_lane lane)
{
	struct aa_store *store = pass->store;
	const struct aa_span *span = &pass->batch->spans[lane];
	bool force = pass->batch->final || store->stuck[lane] == span->begin;
	uint64_t position = span->begin;
	uint32_t limit = LIST_RECORDS;
	int r = 0;

	pass->lane = lane;
	while (r == 0 && position < span->end) {
		uint64_t next;

		r = aa_scan_span(&store->scan, span, position, limit, force);
		if (r < 0)
			return aa_error_set(pass->error, r, "out of memory");
		next = store->scan.end;
		if (next == position && !store->scan.full)
			break;
		if (next == position) { /* one group fills the whole list */
			limit *= 2;
			continue;
		}
		r = store_listed(pass);
		if (r == 0 && store->scan.broken)
			r = report_broken(pass, span->end - position);
		position = next;
		limit = LIST_RECORDS;
	}
	pass->batch->stored[lane] = position;
	return r;
}

static int store_cursor(struct pass *pass, enum aa_lane lane)
{
	struct aa_store *store = pass->store;
	uint64_t position = pass->batch->stored[lane];
	int r = 0;

	if (position == pass->batch->spans[lane].begin)
		return 0;
	if (!store->cursor &&
	    sqlite3_prepare_v3(aa_db_handle(store->db),
			       "INSERT OR REPLACE INTO ring_cursor (generation, lane, position, session_id)"
			       " VALUES (?, ?, ?, ?)",
			       -1, SQLITE_PREPARE_PERSISTENT, &store->cursor, NULL) != SQLITE_OK)
		return aa_db_error(store->db, pass->error, "write the database");
	(void)sqlite3_bind_int64(store->cursor, 1, (int64_t)store->generation);
	(void)sqlite3_bind_text(store->cursor, 2, aa_lane_name(lane), -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(store->cursor, 3, (int64_t)position);
	(void)sqlite3_bind_int64(store->cursor, 4, store->owner_id);
	if (sqlite3_step(store->cursor) != SQLITE_DONE)
		r = aa_db_error(store->db, pass->error, "write the database");
	(void)sqlite3_reset(store->cursor);
	return r;
}

static int store_gaps(struct pass *pass)
{
	int r = 0;

	for (unsigned i = 0; i < pass->batch->gap_count && r == 0; i++) {
		const struct aa_gap *gap = &pass->batch->gaps[i];
		struct aa_session *session = aa_store_session(pass->store, gap->session_id);
		const struct aa_gap_row row = {
			.begin_ns = gap->begin_boot_ns,
			.end_ns = gap->end_boot_ns,
			.count = gap->count,
			.lane = gap->lane,
			.kind = gap->kind,
			.reason = gap->reason,
			.detail = gap->detail,
		};

		if (!session)
			return aa_error_set(pass->error, -EINVAL,
					    "a gap of session %" PRId64 ", which is not being recorded",
					    gap->session_id);
		if (!aa_session_exclude_gap(session, gap))
			r = aa_session_gap(session, &row, pass->error);
	}
	return r;
}

static int store_totals(struct aa_session *session, struct aa_error *error)
{
	struct aa_row row;
	uint64_t events = 0, before = 0;

	for (int kind = 0; kind < AA_KIND_SLOTS; kind++) {
		if (kind == AA_EVENT_TEXT)
			continue;
		events += session->now.totals.records[kind];
		before += session->before.totals.records[kind];
	}
	if (events == before && session->now.totals.lost == session->before.totals.lost)
		return 0;
	aa_row_begin(&row, session, AA_STATEMENT_TOTALS, AA_TABLE_PROCESS,
		     "UPDATE session SET event_count = ?, lost_count = ? WHERE id = ?", error);
	aa_row_uint(&row, events);
	aa_row_uint(&row, session->now.totals.lost);
	aa_row_int(&row, session->id);
	return aa_row_step(&row, NULL);
}

/* Everything that came before the snapshot is stored: no record in the payload lane was still being written. */
static bool has_all_payload(const struct aa_batch *batch)
{
	return batch->final || batch->stored[AA_LANE_PAYLOAD] >= batch->spans[AA_LANE_PAYLOAD].end;
}

static int store_all(struct pass *pass)
{
	struct aa_store *store = pass->store;
	int r = store_lane(pass, AA_LANE_LIFECYCLE);

	if (r == 0)
		r = aa_tls_posts_store(store, pass->error);
	for (int lane = AA_LANE_ACTIVITY; lane < AA_LANE_COUNT && r == 0; lane++)
		r = store_lane(pass, (enum aa_lane)lane);
	if (r == 0)
		r = aa_tls_posts_store_ends(store, pass->error);
	if (r == 0)
		r = store_gaps(pass);
	for (int lane = 0; lane < AA_LANE_COUNT && r == 0; lane++)
		r = store_cursor(pass, (enum aa_lane)lane);
	if (r == 0)
		r = aa_contents_store(store, pass->error);
	for (size_t i = 0; i < store->session_count && r == 0; i++) {
		if (store->sessions[i]->ended)
			continue;
		r = aa_session_finish_tls(store->sessions[i], has_all_payload(pass->batch), pass->error);
		if (r == 0)
			r = aa_session_report_excluded(store->sessions[i], false, pass->error);
		if (r == 0)
			r = aa_session_check_clock(store->sessions[i], pass->error);
		if (r == 0)
			r = store_totals(store->sessions[i], pass->error);
	}
	return r;
}

static void begin_memory(struct aa_store *store)
{
	for (size_t i = 0; i < store->session_count; i++) {
		struct aa_session *session = store->sessions[i];

		session->before = session->now;
		aa_process_table_begin(&session->processes);
		aa_file_table_begin(&session->files);
		aa_intern_begin(session->strings);
		aa_session_begin_tls(session);
	}
}

static void roll_back_memory(struct aa_store *store)
{
	for (size_t i = 0; i < store->session_count; i++) {
		struct aa_session *session = store->sessions[i];

		session->now = session->before;
		aa_process_table_rollback(&session->processes);
		aa_file_table_rollback(&session->files);
		aa_intern_rollback(session->strings);
		aa_session_rollback_tls(session);
		aa_session_finalize(session); /* tables that they know may be gone */
	}
	aa_contents_rollback(store);
	aa_tls_posts_rollback(store);
}

static void finish_memory(struct aa_store *store, const struct aa_batch *batch)
{
	for (size_t i = 0; i < store->session_count; i++) {
		aa_process_table_commit(&store->sessions[i]->processes);
		aa_session_commit_tls(store->sessions[i]);
	}
	for (int lane = 0; lane < AA_LANE_COUNT; lane++) {
		const struct aa_span *span = &batch->spans[lane];
		bool stuck = span->begin < span->end && batch->stored[lane] == span->begin;

		store->stuck[lane] = stuck ? span->begin : UINT64_MAX;
	}
	aa_contents_commit(store);
	aa_tls_posts_commit(store);
}

int aa_store_commit(struct aa_store *store, struct aa_batch *batch, struct aa_error *error)
{
	struct pass pass = { .store = store, .batch = batch, .error = error };
	bool empty = batch->gap_count == 0 && !aa_contents_have_rows(store->contents) &&
		     !aa_store_posts_pending(store);
	int r;

	for (int lane = 0; lane < AA_LANE_COUNT; lane++) {
		batch->stored[lane] = batch->spans[lane].begin;
		empty = empty && batch->spans[lane].begin >= batch->spans[lane].end;
	}
	if (empty)
		return 0;
	if (store->session_count == 0)
		return aa_error_set(error, -EINVAL, "records, but no session");
	pass.malformed = calloc(store->session_count, sizeof(*pass.malformed));
	if (!pass.malformed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	r = aa_db_exec(store->db, "BEGIN IMMEDIATE", error);
	if (r == 0) {
		begin_memory(store);
		r = store_all(&pass);
		if (r == 0)
			r = aa_db_exec(store->db, "COMMIT", error);
		/* A full disk rolls back by itself, also at COMMIT; other errors leave that to us. */
		if (!sqlite3_get_autocommit(aa_db_handle(store->db)))
			(void)sqlite3_exec(aa_db_handle(store->db), "ROLLBACK", NULL, NULL, NULL);
		if (r < 0)
			roll_back_memory(store);
		else
			finish_memory(store, batch);
		if (r == 0)
			aa_store_checkpoint(store);
	}
	free(pass.malformed);
	for (int lane = 0; lane < AA_LANE_COUNT && r < 0; lane++)
		batch->stored[lane] = batch->spans[lane].begin;
	return r;
}
