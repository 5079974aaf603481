/* SPDX-License-Identifier: Apache-2.0 */
/* Files with TLS code: their rows, what is known of them in all sessions, and who mapped them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "store_private.h"
#include "tls_post_private.h"

/* Mappings that are remembered of a session; the first ones are forgotten. */
#define MAX_MAPPED 65536u

const struct aa_tls_library *aa_tls_library(const struct aa_session *session, uint64_t number)
{
	const struct aa_tls_libraries *libraries = &session->store->tls_libraries;

	for (size_t i = libraries->count; number && i > 0; i--)
		if (libraries->items[i - 1].number == number)
			return &libraries->items[i - 1];
	return NULL;
}

int64_t aa_tls_library_row(const struct aa_session *session, uint64_t number)
{
	for (size_t i = session->tls_library_row_count; number && i > 0; i--)
		if (session->tls_library_rows[i - 1].number == number)
			return session->tls_library_rows[i - 1].row_id;
	return 0;
}

uint64_t aa_tls_mapped(const struct aa_session *session, uint32_t tgid, uint64_t start_ns, size_t *at)
{
	size_t count =
		session->tls_mapped_count < MAX_MAPPED ? (size_t)session->tls_mapped_count : MAX_MAPPED;

	while (*at < count) {
		const struct aa_tls_mapped *mapped = &session->tls_mapped[(*at)++];

		if (mapped->tgid == tgid && mapped->start_ns == start_ns)
			return mapped->number;
	}
	return 0;
}

/* Not undone if the transaction fails: it comes again, and says the same. */
static int learn_library(struct aa_tls_libraries *libraries, const struct aa_library_post *post)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer text = { 0 };
	struct aa_tls_library *library = NULL;

	for (size_t i = 0; i < libraries->count; i++)
		if (libraries->items[i].number == post->number)
			library = &libraries->items[i];
	if (!library && libraries->count == libraries->capacity) {
		size_t bigger = libraries->capacity ? libraries->capacity * 2 : 16;
		struct aa_tls_library *moved = reallocarray(libraries->items, bigger, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		libraries->items = moved;
		libraries->capacity = bigger;
	}
	if (!library)
		library = &libraries->items[libraries->count++];
	*library = (struct aa_tls_library){
		.number = post->number,
		.time_ns = post->time_boot_ns,
		.attached = post->attached,
		.late = post->late,
	};
	(void)snprintf(library->implementation, sizeof(library->implementation), "%s",
		       post->implementation ? post->implementation : "unknown");
	if (post->reason)
		(void)aa_text_escape(&text, post->reason, strlen(post->reason));
	(void)snprintf(library->reason, sizeof(library->reason), "%s", text.data ? text.data : "");
	return text.failed ? -ENOMEM : 0;
}

static int remember_row(struct aa_session *session, uint64_t number, int64_t row_id)
{
	size_t count = session->tls_library_row_count;
	struct aa_tls_library_row *moved;

	/* A power of two: full. */
	if ((count & (count - 1)) == 0) {
		moved = reallocarray(session->tls_library_rows, count ? count * 2 : 1, sizeof(*moved));
		if (!moved)
			return -ENOMEM;
		session->tls_library_rows = moved;
	}
	session->tls_library_rows[session->tls_library_row_count++] =
		(struct aa_tls_library_row){ .number = number, .row_id = row_id };
	return 0;
}

static void bind_escaped(struct aa_row *row, struct aa_text_buffer *buffer, const char *bytes)
{
	aa_text_clear(buffer);
	if (!bytes) {
		aa_row_null(row);
		return;
	}
	(void)aa_text_escape(buffer, bytes, strlen(bytes));
	aa_row_buffer(row, buffer);
}

static int insert_library(struct aa_session *session, const struct aa_library_post *library,
			  int64_t process_id, int64_t *ret_id, struct aa_error *error)
{
	struct aa_text_buffer *texts = session->store->tls_texts;
	const char *path = library->path;
	struct aa_row row;
	bool inexact;

	aa_row_begin(
		&row, session, AA_STATEMENT_TLS_LIBRARY, AA_TABLE_TLS_LIBRARY,
		"INSERT INTO s0_tls_library (time_ns, number, process_id, path, path_raw, device, inode,"
		" size_bytes, build_id, implementation, version, attached, hooks, how, reason, late, held_ns)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		error);
	aa_row_int(&row, aa_session_time(session, library->time_boot_ns));
	aa_row_uint(&row, library->number);
	aa_row_id(&row, process_id);
	aa_text_clear(&texts[0]);
	inexact = aa_text_escape(&texts[0], path, strlen(path));
	aa_row_buffer(&row, &texts[0]);
	if (inexact)
		aa_row_blob(&row, path, strlen(path));
	else
		aa_row_null(&row);
	aa_row_int(&row, library->device);
	aa_row_uint(&row, library->inode);
	aa_row_uint(&row, library->size_bytes);
	bind_escaped(&row, &texts[1], library->build_id);
	bind_escaped(&row, &texts[2], library->implementation);
	bind_escaped(&row, &texts[3], library->version);
	aa_row_int(&row, library->attached);
	bind_escaped(&row, &texts[4], library->hooks);
	bind_escaped(&row, &texts[5], library->how);
	bind_escaped(&row, &texts[6], library->reason);
	aa_row_int(&row, library->late);
	if (library->held_ns)
		aa_row_uint(&row, library->held_ns);
	else
		aa_row_null(&row);
	return aa_row_step(&row, ret_id);
}

int aa_tls_add_mapped(struct aa_session *session, uint32_t tgid, uint64_t start_ns, uint64_t library)
{
	const struct aa_tls_mapped mapped = { .start_ns = start_ns, .number = library, .tgid = tgid };
	uint64_t count = session->tls_mapped_count;
	uint64_t number;
	size_t at = 0;

	while ((number = aa_tls_mapped(session, mapped.tgid, mapped.start_ns, &at)) != 0)
		if (number == mapped.number)
			return 0;
	if (count < MAX_MAPPED && (count & (count - 1)) == 0) {
		struct aa_tls_mapped *moved =
			reallocarray(session->tls_mapped, count ? (size_t)count * 2 : 1, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		session->tls_mapped = moved;
	}
	session->tls_mapped[session->tls_mapped_count++ % MAX_MAPPED] = mapped;
	return 0;
}

int aa_tls_library_store(struct aa_session *session, const struct aa_library_post *library,
			 struct aa_error *error)
{
	int64_t process_id = 0, row_id;
	uint32_t process;
	int r = learn_library(&session->store->tls_libraries, library);

	if (r == 0 && library->start_ns)
		r = aa_tls_add_mapped(session, library->tgid, library->start_ns, library->number);
	if (r < 0)
		return aa_error_set(error, r, "out of memory");
	if (library->start_ns) {
		r = aa_session_process(session, library->tgid, library->start_ns, &process, error);
		if (r < 0)
			return r;
		process_id = session->processes.entries[process].row_id;
	}
	/* Without one it is not known to have TLS code: it was gone before it could be examined. */
	session->now.totals.tls_libraries += !library->attached && library->implementation != NULL;
	session->now.totals.tls_libraries_late += library->attached && library->late;
	r = insert_library(session, library, process_id, &row_id, error);
	if (r == 0 && remember_row(session, library->number, row_id) < 0)
		r = aa_error_set(error, -ENOMEM, "out of memory");
	return r;
}
