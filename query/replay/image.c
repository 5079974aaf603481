/* SPDX-License-Identifier: Apache-2.0 */
/* Which program a process ran at a time; see image.h. */
#include "replay/image.h"

#include <errno.h>
#include <stdlib.h>

#include "memory.h"
#include "replay/array.h"
#include "replay/index.h"

#define NO_EXEC SIZE_MAX

/* Execs in order of process and time. */
struct history {
	const struct aa_image_exec *execs;
	size_t count;
	const size_t *success; /* the latest successful one of the same process up to this one, or NO_EXEC */
};

static int compare_execs(const void *a, const void *b)
{
	const struct aa_image_exec *x = a;
	const struct aa_image_exec *y = b;
	int r = aa_index_compare(x->process_id, y->process_id);

	if (!r)
		r = aa_index_compare(x->time_ns, y->time_ns);
	return r ? r : aa_index_compare(x->id, y->id);
}

static void sort_history(struct aa_image_exec *execs, size_t count, size_t *success)
{
	if (count > 0)
		qsort(execs, count, sizeof(*execs), compare_execs);
	for (size_t i = 0; i < count; i++) {
		bool same = i > 0 && execs[i - 1].process_id == execs[i].process_id;

		success[i] = execs[i].error == 0 ? i : same ? success[i - 1] : NO_EXEC;
	}
}

/* How many execs there are up to a process and time, in their order. */
static size_t count_until(const struct history *history, int64_t process_id, int64_t time_ns)
{
	size_t low = 0;
	size_t high = history->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct aa_image_exec *exec = &history->execs[middle];
		int r = aa_index_compare(exec->process_id, process_id);

		if (r < 0 || (r == 0 && exec->time_ns <= time_ns))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void count_execs(struct aa_image *image, const struct history *history, int64_t process_id,
			int64_t until_ns)
{
	for (size_t i = count_until(history, process_id, until_ns); i-- > 0;) {
		const struct aa_image_exec *exec = &history->execs[i];

		if (exec->process_id != process_id)
			break;
		if (exec->error == 0) {
			if (image->exec_count++ == 0)
				image->exec_id = exec->id;
		} else if (image->exec_count == 0 && image->failed_count++ == 0) {
			image->failed_id = exec->id;
			image->failed_error = exec->error;
		}
	}
}

/* The exec whose program the process ran at a time, failing that the inherited one. */
static int64_t program_at(const struct history *history, int64_t process_id, int64_t time_ns,
			  int64_t inherited_id)
{
	size_t count = count_until(history, process_id, time_ns);

	if (count == 0 || history->execs[count - 1].process_id != process_id ||
	    history->success[count - 1] == NO_EXEC)
		return inherited_id;
	return history->execs[history->success[count - 1]].id;
}

int aa_image_resolve(const struct aa_tree_row *rows, size_t row_count, struct aa_image_exec *execs,
		     size_t exec_count, int64_t until_ns, struct aa_image **ret_images)
{
	aa_cleanup_free struct aa_image *images = aa_array_make(row_count, sizeof(*images));
	aa_cleanup_free struct aa_index_entry *by_id = aa_array_make(row_count, sizeof(*by_id));
	aa_cleanup_free struct aa_index_entry *by_time = aa_array_make(row_count, sizeof(*by_time));
	aa_cleanup_free size_t *success = aa_array_make(exec_count, sizeof(*success));
	const struct history history = { .execs = execs, .count = exec_count, .success = success };

	if (!images || !by_id || !by_time || !success)
		return -ENOMEM;
	sort_history(execs, exec_count, success);
	for (size_t i = 0; i < row_count; i++) {
		by_id[i] = (struct aa_index_entry){ rows[i].id, i };
		by_time[i] = (struct aa_index_entry){ rows[i].begin_ns, i };
		images[i] = (struct aa_image){
			.exec_id = AA_IMAGE_NONE,
			.inherited_id = AA_IMAGE_NONE,
			.failed_id = AA_IMAGE_NONE,
		};
	}
	aa_index_sort(by_id, row_count);
	aa_index_sort(by_time, row_count);
	/* Oldest first: what a parent has inherited is known when its children ask for it. */
	for (size_t i = 0; i < row_count; i++) {
		const struct aa_tree_row *row = &rows[by_time[i].place];
		struct aa_image *image = &images[by_time[i].place];
		size_t parent =
			row->has_parent ? aa_index_find(by_id, row_count, row->parent_id) : AA_INDEX_NONE;

		count_execs(image, &history, row->id, until_ns);
		if (parent != AA_INDEX_NONE)
			image->inherited_id = program_at(&history, rows[parent].id, row->begin_ns,
							 images[parent].inherited_id);
	}
	*ret_images = AA_STEAL(images);
	return 0;
}
