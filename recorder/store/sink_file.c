/* SPDX-License-Identifier: Apache-2.0 */
/* Files: what a record and its texts say, together with what is remembered of the open file. */
#include <errno.h>

#include "sink_file.h"
#include "store_private.h"

/* What the path of an open file that is remembered says, for a row without one. */
static void take_from_open(struct aa_session *session, uint32_t open, struct aa_file_path *ret_path)
{
	const struct aa_file *entry;

	if (open == AA_FILE_NONE)
		return;
	entry = &session->files.entries[open];
	if (entry->path_id)
		*ret_path = (struct aa_file_path){ .id = entry->path_id, .flags = entry->path_flags };
}

static uint32_t find_open(const struct aa_session *session, uint64_t open)
{
	return open ? aa_file_find(&session->files, open) : AA_FILE_NONE;
}

static bool is_excluded_open(const struct aa_session *session, uint32_t open)
{
	return open != AA_FILE_NONE && session->files.entries[open].excluded;
}

/* Remembers an open file. One that is known is known by a mistake; what is new stands. */
static int remember(struct aa_session *session, const struct aa_file_open *open, int64_t row_id,
		    const struct aa_file_path *path, bool excluded, struct aa_error *error)
{
	uint32_t file = aa_file_find(&session->files, open->open);
	struct aa_file *entry;

	if (file == AA_FILE_NONE)
		file = aa_file_add(&session->files, open->open);
	else if (aa_file_change(&session->files, file) < 0)
		file = AA_FILE_NONE;
	if (file == AA_FILE_NONE)
		return aa_error_set(error, -ENOMEM, "out of memory");
	entry = &session->files.entries[file];
	entry->row_id = row_id;
	entry->path_id = path->id;
	entry->path_flags = path->flags;
	entry->sums = (struct aa_file_sums){ 0 };
	entry->excluded = excluded;
	return 0;
}

int aa_sink_open(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		 struct aa_error *error)
{
	const struct aa_file_open *open = event->open;
	struct aa_file_row file = {
		.header = event->header,
		.node = &open->node,
		.error = open->error > 0 ? (uint32_t)open->error : 0,
		.fd = open->fd,
		.marks = open->marks,
	};
	bool remembered = open->open && !file.error && !(open->marks & AA_FILE_NO_SUMS);
	int64_t id;
	int r = aa_file_paths(session, &file, texts, AA_FILE_WANTS_PATH, error);

	if (r < 0)
		return r;
	if (file.excluded) {
		aa_session_exclude(session, event->header);
		return remembered ? remember(session, open, 0, &file.path, true, error) : 0;
	}
	r = aa_file_row_store(session, &file, event, NULL, &id, error);
	return r == 0 && remembered ? remember(session, open, id, &file.path, false, error) : r;
}

/*
 * What has been added since the last row. Records of one file may overtake each other on their way into the ring, as
 * several processors write: a sum that is behind adds nothing, and the last record's is exact.
 */
static uint64_t advance(uint64_t *last, uint64_t now)
{
	uint64_t added = now > *last ? now - *last : 0;

	*last += added;
	return added;
}

static void difference(struct aa_file_sums *last, const struct aa_file_io *io, struct aa_file_sums *ret_added)
{
	ret_added->read_bytes = advance(&last->read_bytes, io->read_bytes);
	ret_added->read_calls = advance(&last->read_calls, io->read_calls);
	ret_added->write_bytes = advance(&last->write_bytes, io->write_bytes);
	ret_added->write_calls = advance(&last->write_calls, io->write_calls);
	ret_added->error_calls =
		io->error_calls > last->error_calls ? io->error_calls - last->error_calls : 0;
	last->error_calls += ret_added->error_calls;
}

/* The entry of the open file, made if its 'open' was lost. Changes to it are journaled. */
static int touch(struct aa_session *session, uint64_t open, uint32_t *ret_file, struct aa_error *error)
{
	*ret_file = aa_file_find(&session->files, open);
	if (*ret_file == AA_FILE_NONE)
		*ret_file = aa_file_add(&session->files, open);
	if (*ret_file == AA_FILE_NONE || aa_file_change(&session->files, *ret_file) < 0)
		return aa_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

int aa_sink_io(struct aa_session *session, const struct aa_event *event, uint32_t texts,
	       struct aa_error *error)
{
	const struct aa_file_io *io = event->io;
	/* Forgotten, not unknown: what was stored of it before is in no table. */
	bool no_sums = session->files.forgot && aa_file_find(&session->files, io->open) == AA_FILE_NONE;
	struct aa_file_row file = {
		.header = event->header,
		.node = &io->node,
		.fd = -1,
		.marks = io->marks | (no_sums ? AA_FILE_NO_SUMS : 0),
		.path.flags = AA_FILE_TEXT_MISSING,
	};
	struct aa_file_sums added;
	int64_t id;
	uint32_t open;
	int r = touch(session, io->open, &open, error);

	(void)texts;
	if (r < 0)
		return r;
	if (is_excluded_open(session, open)) {
		aa_session_exclude(session, event->header);
	} else {
		difference(&session->files.entries[open].sums, io, &added);
		file.error = added.error_calls ? io->last_error : 0;
		file.open_row = session->files.entries[open].row_id;
		take_from_open(session, open, &file.path);
		file.source = file.path.id ? "kernel" : NULL;
		r = aa_file_row_store(session, &file, event, no_sums ? NULL : &added, &id, error);
	}
	if (r == 0 && event->header->kind == AA_EVENT_CLOSE && aa_file_remove(&session->files, open) < 0)
		r = aa_error_set(error, -ENOMEM, "out of memory");
	return r;
}

int aa_sink_change(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		   struct aa_error *error)
{
	const struct aa_file_change *change = event->change;
	uint32_t open = find_open(session, change->open), open2 = find_open(session, change->open2);
	struct aa_file_row file = {
		.header = event->header,
		.node = &change->node,
		.node2 = &change->node2,
		.error = change->error > 0 ? (uint32_t)change->error : 0,
		.fd = change->fd,
		.marks = change->marks,
		.open_row = open != AA_FILE_NONE ? session->files.entries[open].row_id : 0,
	};
	int64_t id;
	int r;

	take_from_open(session, open, &file.path);
	take_from_open(session, open2, &file.path2);
	r = aa_file_paths(session, &file, texts, aa_file_wants(event->header->kind), error);
	if (r < 0)
		return r;
	if (file.excluded || (is_excluded_open(session, open) &&
			      (event->header->kind != AA_EVENT_COPY || is_excluded_open(session, open2)))) {
		aa_session_exclude(session, event->header);
		return 0;
	}
	return aa_file_row_store(session, &file, event, NULL, &id, error);
}
