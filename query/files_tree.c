/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query files --tree: directories with the totals of all that is below them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "memory.h"
#include "replay/array.h"
#include "replay/tree.h"

#define NONE SIZE_MAX

static const struct aa_column columns[] = {
	{ .name = "session_id", .title = "SESSION" },
	{ .name = "depth" },
	{ .name = "files", .title = "FILES" },
	{ .name = "read_bytes", .title = "READ", .show = AA_SHOW_SIZE },
	{ .name = "write_bytes", .title = "WRITTEN", .show = AA_SHOW_SIZE },
	{ .name = "created", .title = "CREATED" },
	{ .name = "deleted", .title = "DELETED" },
	{ .name = "failed", .title = "FAILED" },
	{ .name = "path" },
	{ .title = "DIRECTORY" },
};

enum {
	SESSION,
	DEPTH,
	FILES,
	READ,
	WRITTEN,
	CREATED,
	DELETED,
	FAILED,
	PATH,
	LABEL,
	COLUMNS,
};

struct directory {
	const char *path; /* of something in it; its own is so many bytes of that */
	size_t size;
	size_t parent;
	size_t entries;	  /* that are directly in it */
	size_t children;  /* directories */
	size_t last;	  /* child */
	size_t base_size; /* of the directory above it that is shown */
	size_t depth;	  /* among those shown */
	bool is_last;
	int64_t files;
	int64_t read_bytes;
	int64_t write_bytes;
	int64_t created;
	int64_t deleted;
	int64_t failed;
};

struct directories {
	struct directory *items; /* parents before children */
	size_t count, capacity;
};

void aa_files_begin_tree(struct aa_query *query, bool all)
{
	static struct aa_column shown[COLUMNS];
	static const struct aa_listing listing = { .columns = shown, .count = COLUMNS };

	memcpy(shown, columns, sizeof(columns));
	if (!all)
		shown[SESSION].title = NULL;
	aa_render_begin(&query->render, &listing);
}

/* '/' before all other bytes, so that what is in a directory stands together. */
static int compare_paths(const void *a, const void *b)
{
	const unsigned char *x = *(const unsigned char *const *)a;
	const unsigned char *y = *(const unsigned char *const *)b;

	while (*x == *y && *x != '\0') {
		x++;
		y++;
	}
	if (*x == *y || *x == '\0' || *y == '\0')
		return (*x > *y) - (*x < *y);
	return *x == '/' ? -1 : *y == '/' ? 1 : (*x > *y) - (*x < *y);
}

static int add_directory(struct directories *list, const char *path, size_t size, size_t parent)
{
	struct directory *items = aa_array_grow(list->items, list->count, &list->capacity, sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->count] = (struct directory){ .path = path, .size = size, .parent = parent, .last = NONE };
	if (parent != NONE) {
		items[parent].children++;
		items[parent].last = list->count;
	}
	list->count++;
	return 0;
}

static bool is_below(const char *path, const struct directory *directory)
{
	return strncmp(path, directory->path, directory->size) == 0 && path[directory->size] == '/';
}

/* The directory that a path is in; it and those above it are added if they are new. Paths come sorted. */
static int find_directory(struct directories *list, const char *path, size_t *current)
{
	const char *end = strrchr(path, '/');

	while (list->items[*current].parent != NONE && !is_below(path, &list->items[*current]))
		*current = list->items[*current].parent;
	while (list->items[*current].size < (size_t)(end - path)) {
		size_t size = list->items[*current].size + 1;

		size += strcspn(path + size, "/");
		if (add_directory(list, path, size, *current) < 0)
			return -ENOMEM;
		*current = list->count - 1;
	}
	return 0;
}

static int64_t plus(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static void add_sum(struct directory *directory, const struct aa_files_sum *sum)
{
	directory->entries++;
	directory->files += sum->type != 'd';
	directory->read_bytes = plus(directory->read_bytes, sum->read_bytes);
	directory->write_bytes = plus(directory->write_bytes, sum->write_bytes);
	directory->created += (sum->what & AA_FILES_CREATED) != 0;
	directory->deleted += (sum->what & AA_FILES_DELETED) != 0;
	directory->failed = plus(directory->failed, sum->failed);
}

static void add_totals(struct directories *list)
{
	for (size_t i = list->count; i-- > 1;) {
		const struct directory *from = &list->items[i];
		struct directory *to = &list->items[from->parent];

		to->files += from->files;
		to->read_bytes = plus(to->read_bytes, from->read_bytes);
		to->write_bytes = plus(to->write_bytes, from->write_bytes);
		to->created += from->created;
		to->deleted += from->deleted;
		to->failed = plus(to->failed, from->failed);
	}
}

/* What stands between two others without anything of its own is shown as part of the path below it. */
static bool is_passed_over(const struct directory *directory)
{
	return directory->entries == 0 && directory->children == 1;
}

static int show_directory(struct aa_query *query, const struct aa_session *session,
			  const struct directory *item, const char *lead)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer path = { 0 };
	struct aa_cell cells[COLUMNS] = { 0 };

	aa_text_add(&path, item->path, item->size > 0 ? item->size : 1);
	if (path.failed)
		return -ENOMEM;
	cells[SESSION] = aa_cell_integer(session->id);
	cells[DEPTH] = aa_cell_integer((int64_t)item->depth);
	cells[FILES] = aa_cell_integer(item->files);
	cells[READ] = aa_cell_integer(item->read_bytes);
	cells[WRITTEN] = aa_cell_integer(item->write_bytes);
	cells[CREATED] = aa_cell_integer(item->created);
	cells[DELETED] = aa_cell_integer(item->deleted);
	cells[FAILED] = aa_cell_integer(item->failed);
	cells[PATH] = aa_cell_text(path.data);
	cells[LABEL] = aa_cell_text(path.data + (item->depth > 0 ? item->base_size + 1 : 0));
	cells[LABEL].lead = lead;
	aa_render_row(&query->render, cells);
	return 0;
}

static int show_all(struct aa_query *query, const struct aa_session *session, struct directories *list)
{
	const struct aa_number *limit = &query->settings.filter.limit;
	aa_cleanup(aa_text_release) struct aa_text_buffer lead = { 0 };
	struct aa_tree_lines lines = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->count && query->render.failed == 0; i++) {
		struct directory *item = &list->items[i];
		const struct directory *parent = item->parent == NONE ? NULL : &list->items[item->parent];

		item->is_last = !parent || parent->last == i;
		if (parent && is_passed_over(parent)) {
			item->base_size = parent->base_size;
			item->depth = parent->depth;
			item->is_last = parent->is_last;
		} else if (parent) {
			item->base_size = parent->size;
			item->depth = parent->depth + 1;
		}
		if (is_passed_over(item))
			continue;
		if (limit->set && query->render.row_count >= (uint64_t)limit->value)
			break;
		aa_text_clear(&lead);
		r = aa_tree_lines_add(&lines,
				      &(struct aa_tree_node){ .depth = item->depth, .last = item->is_last },
				      query->render.utf8, &lead);
		if (r == 0)
			r = show_directory(query, session, item, lead.data);
	}
	aa_tree_lines_release(&lines);
	return r;
}

/* Pointers to the sums' paths, sorted; the sums are found again by their path's number. */
struct entry {
	const char *path; /* first: compare_paths() */
	const struct aa_files_sum *sum;
};

int aa_files_show_tree(struct aa_query *query, const struct aa_files *files,
		       bool (*wanted)(const struct aa_query *query, const struct aa_files_sum *sum))
{
	aa_cleanup_free struct entry *entries = aa_array_make(files->sum_count, sizeof(*entries));
	struct directories list = { 0 };
	size_t count = 0, current = 0;
	int r = entries ? add_directory(&list, "/", 0, NONE) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < files->sum_count; i++) {
		const char *path = aa_trail_path(&files->trail, files->sums[i].path);

		if (path[0] == '/' && wanted(query, &files->sums[i]))
			entries[count++] = (struct entry){ path, &files->sums[i] };
	}
	if (r == 0 && count > 0)
		qsort(entries, count, sizeof(*entries), compare_paths);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = find_directory(&list, entries[i].path, &current);
		if (r == 0)
			add_sum(&list.items[current], entries[i].sum);
	}
	if (r == 0 && count > 0) {
		add_totals(&list);
		r = show_all(query, files->trail.session, &list);
	}
	free(list.items);
	return r < 0 ? aa_error_set(&query->error, r, "out of memory") : 0;
}
