/* SPDX-License-Identifier: Apache-2.0 */
/* TLS connections as their library shows them: what they are, and when they end. */
#include <errno.h>
#include <string.h>

#include "sink_tls.h"

int aa_tls_changed(struct aa_session *session, struct aa_tls_entry *entry, struct aa_error *error)
{
	if (aa_tls_change(&session->tls, entry) < 0)
		return aa_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

int aa_tls_new(struct aa_session *session, const struct aa_header *header, uint64_t number,
	       struct aa_tls_entry **ret_entry, struct aa_error *error)
{
	struct aa_tls_entry *entry;
	uint32_t process;
	int r = aa_session_process(session, header->tgid, header->start_ns, &process, error);

	if (r < 0)
		return r;
	entry = aa_tls_add(&session->tls, number);
	if (!entry)
		return aa_error_set(error, -ENOMEM, "out of memory");
	entry->now.process_id = session->processes.entries[process].row_id;
	entry->now.tgid = header->tgid;
	entry->now.start_ns = header->start_ns;
	entry->now.time_ns = header->time_ns;
	*ret_entry = entry;
	return aa_tls_row_insert(session, entry, error);
}

int aa_tls_touch(struct aa_session *session, const struct aa_header *header, uint64_t number,
		 struct aa_tls_entry **ret_entry, struct aa_error *error)
{
	*ret_entry = aa_tls_find(&session->tls, number);
	if (!*ret_entry)
		return aa_tls_new(session, header, number, ret_entry, error);
	return aa_tls_changed(session, *ret_entry, error);
}

void aa_tls_set_text(struct aa_tls_text *text, const void *bytes, size_t size)
{
	if (size > sizeof(text->bytes))
		size = sizeof(text->bytes);
	text->length = (uint16_t)size;
	memcpy(text->bytes, bytes, size);
}

/* The copy of a connection, made by fork, speaks on with what was agreed on before. */
static void take_handshake(struct aa_tls_facts *to, const struct aa_tls_facts *from)
{
	to->sni = from->sni;
	to->alpn = from->alpn;
	to->alpn_offered = from->alpn_offered;
	to->version = from->version;
	to->version_offered = from->version_offered;
	to->cipher = from->cipher;
	to->role = from->role;
	to->parent_id = from->row_id;
}

int aa_sink_tls_open(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		     struct aa_error *error)
{
	const struct aa_tls_open *open = event->tls_open;
	struct aa_tls_entry *entry, *from;
	int r = aa_tls_touch(session, event->header, open->connection, &entry, error);

	(void)texts;
	if (r < 0)
		return r;
	from = aa_tls_find(&session->tls, open->from);
	entry->now.library = open->library;
	entry->now.implementation =
		open->implementation <= AA_TLS_GO ? (uint8_t)open->implementation : AA_TLS_UNKNOWN;
	entry->now.late = open->marks & AA_TLS_LATE;
	if (from && from != entry)
		take_handshake(&entry->now, &from->now);
	return 0;
}

int aa_sink_tls_handshake(struct aa_session *session, const struct aa_event *event, uint32_t texts,
			  struct aa_error *error)
{
	const struct aa_tls_handshake *handshake = event->tls_handshake;
	struct aa_tls_entry *entry;
	int r = aa_tls_touch(session, event->header, handshake->connection, &entry, error);

	(void)texts;
	if (r < 0)
		return r;
	entry->now.handshake_seen = true;
	entry->now.handshake_done = entry->now.handshake_done || handshake->done;
	entry->now.handshake_ns = handshake->duration_ns;
	return 0;
}

int aa_sink_tls_name(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		     struct aa_error *error)
{
	const struct aa_tls_name *name = event->tls_name;
	struct aa_tls_entry *entry;
	int r = aa_tls_touch(session, event->header, name->connection, &entry, error);

	(void)texts;
	if (r < 0)
		return r;
	if (name->kind == AA_TLS_NAME_SNI)
		aa_tls_set_text(&entry->now.sni, name->name, name->length);
	else if (name->kind == AA_TLS_NAME_ALPN)
		aa_tls_set_text(&entry->now.alpn, name->name, name->length);
	return 0;
}

void aa_tls_end(struct aa_session *session, struct aa_tls_entry *entry, uint64_t time_ns,
		const struct aa_tls_sums *sums, unsigned reason)
{
	if (entry->now.ending)
		return;
	entry->now.ending = session->tls.pass;
	entry->now.end_reason = (uint8_t)reason;
	entry->now.end_ns = reason == AA_TLS_CLOSE_SESSION ? 0 : time_ns;
	if (sums) {
		entry->now.told = *sums;
		entry->now.told_sums = true;
	}
}

int aa_sink_tls_close(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		      struct aa_error *error)
{
	const struct aa_tls_close *close = event->tls_close;
	struct aa_tls_entry *entry;
	int r = aa_tls_touch(session, event->header, close->connection, &entry, error);

	(void)texts;
	if (r == 0)
		aa_tls_end(session, entry, event->header->time_ns, &close->sums, close->reason);
	return r;
}

/* With the last of a batch: what waits for more becomes rows, and connections end whose bytes are all here. */
int aa_session_finish_tls(struct aa_session *session, bool all_payload, struct aa_error *error)
{
	struct aa_tls_table *table = &session->tls;
	int r = 0;

	if (table->ending > 0 && all_payload) {
		for (size_t i = 0; i < table->count && r == 0; i++) {
			struct aa_tls_entry *entry = table->entries[i];

			if (!entry->gone && entry->now.ending && !entry->now.finished &&
			    entry->now.ending < table->pass)
				r = aa_tls_finish(session, entry, error);
		}
	}
	for (size_t i = 0; i < table->touched_count && r == 0; i++) {
		if (table->touched[i]->gone)
			continue;
		r = aa_tls_flush(session, table->touched[i], error);
		if (r == 0)
			r = aa_tls_report_holes(session, table->touched[i], error);
		if (r == 0)
			r = aa_tls_row_update(session, table->touched[i], error);
	}
	return r;
}

/* The recording ends: so do those that are still there. */
int aa_session_end_tls(struct aa_session *session, struct aa_error *error)
{
	struct aa_tls_table *table = &session->tls;
	int r = 0;

	for (size_t i = 0; i < table->count && r == 0; i++) {
		struct aa_tls_entry *entry = table->entries[i];

		if (entry->now.finished)
			continue;
		r = aa_tls_changed(session, entry, error);
		if (r < 0)
			break;
		aa_tls_end(session, entry, 0, NULL, AA_TLS_CLOSE_SESSION);
		r = aa_tls_finish(session, entry, error);
	}
	return r == 0 ? aa_session_finish_tls(session, false, error) : r;
}

void aa_session_begin_tls(struct aa_session *session)
{
	aa_tls_table_begin(&session->tls);
	session->tls_library_rows_before = session->tls_library_row_count;
}

void aa_session_commit_tls(struct aa_session *session)
{
	for (size_t i = 0; i < session->tls.touched_count; i++) {
		struct aa_tls_entry *entry = session->tls.touched[i];

		if (!entry->secrets)
			continue;
		aa_tls_secrets_commit(entry->secrets);
		if (entry->now.finished) { /* it may hold much */
			aa_tls_secrets_free(entry->secrets);
			entry->secrets = NULL;
		}
	}
	aa_tls_table_commit(&session->tls);
}

void aa_session_rollback_tls(struct aa_session *session)
{
	for (size_t i = 0; i < session->tls.touched_count; i++) {
		struct aa_tls_entry *entry = session->tls.touched[i];

		if (entry->secrets)
			aa_tls_secrets_rollback(entry->secrets);
		entry->piece.active = false;
		aa_text_clear(&entry->piece.data);
	}
	aa_tls_table_rollback(&session->tls);
	session->tls_library_row_count = session->tls_library_rows_before;
}
