/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query files --left: what is there at the session's end and was not at its start. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "memory.h"
#include "replay/array.h"
#include "replay/names.h"

static const struct aa_column columns[] = {
	{ .name = "session_id", .title = "SESSION" },
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "time", .show = AA_SHOW_ISO },
	{ .name = "size_bytes", .title = "SIZE", .show = AA_SHOW_SIZE },
	{ .name = "what", .title = "WHAT" },
	{ .name = "certain" },
	{ .name = "pid", .title = "PID" },
	{ .name = "comm", .title = "COMM" },
	{ .name = "type", .title = "TYPE" },
	{ .name = "renamed_from" },
	{ .name = "path", .title = "PATH" },
};

enum {
	SESSION,
	TIME,
	TIME_ISO,
	SIZE,
	WHAT,
	CERTAIN,
	PID,
	COMM,
	TYPE,
	FROM,
	PATH,
	COLUMNS,
};

/* How a name came to be where it is. */
enum how {
	HOW_UNKNOWN,
	HOW_CREATED,
	HOW_RENAMED,
	HOW_LINKED,
};

/* By slot. */
struct origin {
	enum how how;
	bool matches; /* the filters */
	uint32_t process;
	uint32_t from; /* path, for a rename or link */
	int64_t time_ns;
};

/* By file. */
struct size {
	bool known;
	int64_t bytes;
};

struct left {
	struct aa_query *query;
	const struct aa_session *session;
	struct aa_trail trail;
	struct aa_names names;
	struct origin *origins;
	size_t origin_capacity;
	struct size *sizes;
	size_t size_capacity;
};

/* A name that is left. */
struct found {
	char *path;
	uint32_t slot;
};

void aa_files_begin_left(struct aa_query *query, bool all)
{
	static struct aa_column shown[COLUMNS];
	static const struct aa_listing listing = { .columns = shown, .count = COLUMNS };

	memcpy(shown, columns, sizeof(columns));
	if (all)
		shown[TIME].show = AA_SHOW_TIME;
	else
		shown[SESSION].title = NULL;
	aa_render_begin(&query->render, &listing);
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

static int make_room(struct left *left)
{
	struct origin *origins =
		room(left->origins, &left->origin_capacity, left->names.slot_count, sizeof(*origins));
	struct size *sizes;

	if (!origins)
		return -ENOMEM;
	left->origins = origins;
	sizes = room(left->sizes, &left->size_capacity, left->names.file_count, sizeof(*sizes));
	if (!sizes)
		return -ENOMEM;
	left->sizes = sizes;
	return 0;
}

static void note_origin(struct left *left, const struct aa_trail_row *row, uint32_t slot, enum how how,
			uint32_t from, bool matches)
{
	if (slot == AA_NAMES_NONE)
		return;
	left->origins[slot] = (struct origin){
		.how = how,
		.matches = matches,
		.process = row->process,
		.from = from,
		.time_ns = row->time_ns,
	};
}

static void note_row(struct left *left, const struct aa_trail_row *row, const struct aa_names_result *result,
		     bool matches)
{
	bool sums = row->kind == AA_TRAIL_CLOSE || row->kind == AA_TRAIL_IO;

	if (row->has_size && result->file != AA_NAMES_NONE)
		left->sizes[result->file] = (struct size){ !aa_trail_may_write(row), row->size_bytes };
	if (row->error != 0 || sums)
		return;
	if (row->kind == AA_TRAIL_RENAME) {
		note_origin(left, row, result->slot2, HOW_RENAMED, row->path, matches);
		if (row->exchange)
			note_origin(left, row, result->slot, HOW_RENAMED, row->path2, matches);
	} else if (row->kind == AA_TRAIL_LINK) {
		note_origin(left, row, result->slot2, HOW_LINKED, row->path, matches);
	} else if (row->created || row->kind == AA_TRAIL_MKDIR || row->kind == AA_TRAIL_MKNOD ||
		   row->kind == AA_TRAIL_SYMLINK) {
		note_origin(left, row, result->slot, HOW_CREATED, AA_TRAIL_NONE, matches);
	}
}

static int replay(struct left *left)
{
	struct aa_window window = aa_session_window(left->query, left->session);
	struct aa_names_result result;
	struct aa_trail_row row;
	int r = aa_trail_open(&left->trail, left->query, left->session, true);

	while (r == 0 && (r = aa_trail_next(&left->trail, &row)) > 0) {
		r = aa_trail_apply(&left->trail, &left->names, &row, &result);
		if (r == 0 && make_room(left) < 0)
			r = aa_error_set(&left->query->error, -ENOMEM, "out of memory");
		if (r == 0)
			note_row(left, &row, &result, aa_trail_matches(&left->trail, &row, &window));
	}
	if (left->trail.query)
		aa_trail_end(&left->trail);
	return r;
}

/* What brought a name to its place: its own act, or that on a directory above it. Owned by left; NULL: not known. */
static const struct origin *find_origin(const struct left *left, uint32_t slot)
{
	const struct aa_names *names = &left->names;

	for (int level = 0; slot != 0 && level < 4096; level++) {
		if (left->origins[slot].how != HOW_UNKNOWN)
			return &left->origins[slot];
		slot = names->containers[names->slots[slot].container].owner;
	}
	return NULL;
}

static bool is_left(const struct left *left, uint32_t slot)
{
	const struct aa_names_slot *place = &left->names.slots[slot];
	const struct aa_filter *filter = &left->query->settings.filter;
	const struct origin *origin;

	if (place->file == AA_NAMES_NONE || !place->touched ||
	    aa_names_was_before(&left->names, slot) == AA_BEFORE_YES)
		return false;
	origin = find_origin(left, slot);
	/* Of what nobody here made or moved is only known that it was used. */
	if (!origin)
		return false;
	return origin->matches || (!filter->pid.set && !filter->comm && filter->since.base == AA_MOMENT_NONE);
}

static int show_found(struct left *left, const struct found *found)
{
	static const char *const words[] = { "in new directory", "created", "renamed", "linked" };
	aa_cleanup(aa_text_release) struct aa_text_buffer from = { 0 };
	aa_cleanup(aa_text_release) struct aa_text_buffer note = { 0 };
	const struct origin *origin = find_origin(left, found->slot);
	enum how how = left->origins[found->slot].how;
	uint32_t file = left->names.slots[found->slot].file;
	bool certain = aa_names_was_before(&left->names, found->slot) == AA_BEFORE_NO;
	const struct aa_trail_process *process = &left->trail.processes[origin->process];
	struct aa_cell cells[COLUMNS] = { 0 };
	const char *what = words[how];

	if (how == HOW_UNKNOWN && origin->how == HOW_RENAMED) {
		what = "in renamed directory";
		(void)aa_names_first_path(&left->names, found->slot, &from);
	} else if (how != HOW_UNKNOWN && origin->from != AA_TRAIL_NONE) {
		aa_text_add_string(&from, aa_trail_path(&left->trail, origin->from));
	}
	if (from.size > 0)
		aa_text_printf(&note, "  (from %s)", from.data);
	if (!certain)
		aa_text_add_string(&note, "  (it may have been there before)");
	if (from.failed || note.failed)
		return aa_error_set(&left->query->error, -ENOMEM, "out of memory");
	cells[SESSION] = aa_cell_integer(left->session->id);
	cells[TIME] = cells[TIME_ISO] = aa_cell_integer(origin->time_ns);
	if (left->sizes[file].known)
		cells[SIZE] = aa_cell_integer(left->sizes[file].bytes);
	cells[WHAT] = aa_cell_text(what);
	cells[CERTAIN] = aa_cell_integer(certain);
	cells[PID] = process->has_pid ? aa_cell_integer(process->pid) : aa_cell_null();
	cells[COMM] = aa_cell_text(aa_trail_comm(&left->trail, origin->process));
	cells[TYPE] = aa_cell_text(aa_files_type(left->names.files[file].type));
	cells[FROM] = aa_cell_text(from.data);
	cells[PATH] = aa_cell_text(found->path);
	cells[PATH].note = note.data;
	aa_render_row(&left->query->render, cells);
	return 0;
}

static int compare_found(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->path, ((const struct found *)b)->path);
}

/* Adds the slot if it is left, and its path is wanted. */
static int look_at(struct left *left, uint32_t slot, struct found **found, size_t *count, size_t *capacity)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer path = { 0 };
	const char *glob = left->query->settings.filter.path;
	struct found *larger;

	if (!is_left(left, slot) || !aa_names_path(&left->names, slot, &path))
		return 0;
	if (path.failed)
		return -ENOMEM;
	if (glob && sqlite3_strglob(glob, path.data) != 0)
		return 0;
	larger = aa_array_grow(*found, *count, capacity, sizeof(**found));
	if (!larger)
		return -ENOMEM;
	*found = larger;
	larger[*count] = (struct found){ strdup(path.data), slot };
	return larger[*count].path ? (*count)++, 0 : -ENOMEM;
}

static int show(struct left *left)
{
	const struct aa_number *limit = &left->query->settings.filter.limit;
	struct aa_render *render = &left->query->render;
	struct found *found = NULL;
	size_t count = 0, capacity = 0;
	int r = 0;

	for (uint32_t slot = 1; r == 0 && slot < left->names.slot_count; slot++)
		r = look_at(left, slot, &found, &count, &capacity);
	if (r < 0)
		(void)aa_error_set(&left->query->error, r, "out of memory");
	if (count > 0)
		qsort(found, count, sizeof(*found), compare_found);
	for (size_t i = 0; r == 0 && i < count && render->failed == 0; i++) {
		if (limit->set && render->row_count >= (uint64_t)limit->value)
			break;
		r = show_found(left, &found[i]);
	}
	for (size_t i = 0; i < count; i++)
		free(found[i].path);
	free(found);
	return r;
}

int aa_files_show_left(struct aa_query *query, const struct aa_session *session)
{
	struct left left = { .query = query, .session = session };
	int r = replay(&left);

	if (r == 0)
		r = show(&left);
	aa_trail_close(&left.trail);
	aa_names_release(&left.names);
	free(left.origins);
	free(left.sizes);
	return r;
}
