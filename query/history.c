/* SPDX-License-Identifier: Apache-2.0 */
/* Which files had a path, and what was done with them; see history.h. */
#include "history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/array.h"

static int out_of_memory(struct aa_history *history)
{
	(void)aa_error_set(&history->trail.query->error, -ENOMEM, "out of memory");
	return -ENOMEM;
}

/* Zeroed room up to count. */
static void *room(void *array, size_t *capacity, size_t count, size_t size)
{
	size_t larger = count * 2 + 64;

	if (array && count <= *capacity)
		return array;
	array = reallocarray(array, larger, size);
	if (array) {
		memset((char *)array + *capacity * size, 0, (larger - *capacity) * size);
		*capacity = larger;
	}
	return array;
}

static int make_room(struct aa_history *history)
{
	int64_t *writes = room(history->last_writes, &history->last_write_capacity, history->names.file_count,
			       sizeof(*writes));
	bool *wanted;

	if (!writes)
		return out_of_memory(history);
	history->last_writes = writes;
	wanted = room(history->wanted, &history->wanted_capacity, history->names.file_count, sizeof(*wanted));
	if (!wanted)
		return out_of_memory(history);
	history->wanted = wanted;
	return 0;
}

static int want(struct aa_history *history, uint32_t file)
{
	uint32_t *files;

	if (file == AA_NAMES_NONE)
		return 0;
	history->last_file = file;
	if (history->wanted[file])
		return 0;
	files = aa_array_grow(history->files, history->file_count, &history->file_capacity, sizeof(*files));
	if (!files)
		return out_of_memory(history);
	history->files = files;
	files[history->file_count++] = file;
	history->wanted[file] = true;
	return 0;
}

static int keep(struct aa_history *history, int64_t id, uint32_t file, uint32_t file2)
{
	struct aa_history_row *rows =
		aa_array_grow(history->rows, history->row_count, &history->row_capacity, sizeof(*rows));

	if (!rows)
		return out_of_memory(history);
	history->rows = rows;
	rows[history->row_count++] = (struct aa_history_row){ .id = id, .file = file, .file2 = file2 };
	return 0;
}

/* An act on the slot that the path leads to is about its file, also if that has no name afterwards. */
static int want_acted_on(struct aa_history *history, const struct aa_trail_row *row,
			 const struct aa_names_result *result, uint32_t slot)
{
	int r = 0;

	if (result->slot == slot) {
		r = want(history, result->file);
		if (r == 0 && row->exchange)
			r = want(history, result->file2);
	}
	if (r == 0 && result->slot2 == slot) {
		r = want(history, result->file2);
		if (r == 0 && row->kind != AA_TRAIL_COPY)
			r = want(history, result->file);
	}
	return r;
}

static int follow(struct aa_history *history, const struct aa_trail_row *row, struct aa_names_place *place)
{
	const char *path = aa_trail_path(&history->trail, row->path);
	bool named = path && strcmp(path, place->path) == 0;
	bool done = row->error == 0 || row->kind == AA_TRAIL_CLOSE || row->kind == AA_TRAIL_IO;
	struct aa_names_result result = { AA_NAMES_NONE, AA_NAMES_NONE, AA_NAMES_NONE, AA_NAMES_NONE };
	uint32_t before = 0, after = 0;
	int r = aa_names_resolve(&history->names, place, &before);

	if (r == 0)
		r = aa_trail_apply(&history->trail, &history->names, row, &result);
	if (r == 0)
		r = aa_names_resolve(&history->names, place, &after);
	if (r == 0)
		r = make_room(history);
	if (r < 0)
		return out_of_memory(history);
	if (done)
		r = want_acted_on(history, row, &result, before);
	if (r == 0 && done && named && !row->is_place)
		r = want(history, result.file);
	if (r == 0)
		r = want(history, history->names.slots[after].file);
	if (r < 0)
		return r;
	if (result.file != AA_NAMES_NONE && aa_trail_writes(row))
		history->last_writes[result.file] = row->id;
	if (result.file2 != AA_NAMES_NONE && row->kind == AA_TRAIL_COPY && row->error == 0)
		history->last_writes[result.file2] = row->id;
	if (result.file == AA_NAMES_NONE && result.file2 == AA_NAMES_NONE && !named)
		return 0;
	return keep(history, row->id, result.file, result.file2);
}

static bool is_wanted(const struct aa_history *history, const struct aa_history_row *row)
{
	return (row->file == AA_NAMES_NONE && row->file2 == AA_NAMES_NONE) ||
	       (row->file != AA_NAMES_NONE && history->wanted[row->file]) ||
	       (row->file2 != AA_NAMES_NONE && history->wanted[row->file2]);
}

int aa_history_load(struct aa_history *history, struct aa_query *query, const struct aa_session *session,
		    const char *path)
{
	struct aa_names_place place = { .path = path };
	struct aa_trail_row row;
	size_t count = 0;
	uint32_t first;
	int r;

	*history = (struct aa_history){ .last_file = AA_NAMES_NONE };
	r = aa_trail_open(&history->trail, query, session, true);
	while (r == 0 && (r = aa_trail_next(&history->trail, &row)) > 0)
		r = follow(history, &row, &place);
	if (history->trail.query)
		aa_trail_end(&history->trail);
	if (r < 0)
		return r;
	/* What was there first may have shown only after its directory had another name. */
	first = aa_names_first_file(&history->names, path);
	if (first != AA_NAMES_NONE && !history->wanted[first]) {
		uint32_t last_file = history->last_file;

		r = want(history, first);
		if (last_file != AA_NAMES_NONE)
			history->last_file = last_file;
	}
	for (size_t i = 0; r == 0 && i < history->row_count; i++)
		if (is_wanted(history, &history->rows[i]))
			history->rows[count++] = history->rows[i];
	history->row_count = count;
	return r;
}

void aa_history_release(struct aa_history *history)
{
	aa_trail_close(&history->trail);
	aa_names_release(&history->names);
	free(history->files);
	free(history->rows);
	free(history->last_writes);
	free(history->wanted);
	*history = (struct aa_history){ 0 };
}
