/* SPDX-License-Identifier: Apache-2.0 */
/* Which program a process ran at a time; see image.h. */
#include "replay/image.h"

#include <errno.h>
#include <stdlib.h>

#include "memory.h"

/* A row in order of id, for look-up, or of its beginning, as parents come before their children then. */
struct order {
	int64_t key;
	size_t row;
};

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_orders(const void *a, const void *b)
{
	const struct order *x = a;
	const struct order *y = b;
	int r = compare(x->key, y->key);

	return r ? r : (x->row > y->row) - (x->row < y->row);
}

static int compare_execs(const void *a, const void *b)
{
	const struct aa_image_exec *x = a;
	const struct aa_image_exec *y = b;
	int r = compare(x->process_id, y->process_id);

	if (!r)
		r = compare(x->time_ns, y->time_ns);
	return r ? r : compare(x->id, y->id);
}

static size_t find_row(const struct order *by_id, size_t count, int64_t id)
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_id[middle].key < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && by_id[low].key == id ? by_id[low].row : AA_TREE_NONE;
}

/* How many execs there are up to a process and time, in their order. */
static size_t count_until(const struct aa_image_exec *execs, size_t count, int64_t process_id,
			  int64_t time_ns)
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = compare(execs[middle].process_id, process_id);

		if (r < 0 || (r == 0 && execs[middle].time_ns <= time_ns))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void count_execs(struct aa_image *image, const struct aa_image_exec *execs, size_t count,
			int64_t process_id, int64_t until_ns)
{
	for (size_t i = count_until(execs, count, process_id, until_ns); i-- > 0;) {
		if (execs[i].process_id != process_id)
			break;
		if (execs[i].error == 0) {
			if (image->exec_count++ == 0)
				image->exec_id = execs[i].id;
		} else if (image->exec_count == 0) {
			if (image->failed_count++ == 0) {
				image->failed_id = execs[i].id;
				image->failed_error = execs[i].error;
			}
		}
	}
}

/* The exec whose program the process ran at a time, failing that the inherited one. */
static int64_t program_at(const struct aa_image_exec *execs, size_t count, int64_t process_id,
			  int64_t time_ns, int64_t inherited_id)
{
	for (size_t i = count_until(execs, count, process_id, time_ns); i-- > 0;) {
		if (execs[i].process_id != process_id)
			break;
		if (execs[i].error == 0)
			return execs[i].id;
	}
	return inherited_id;
}

int aa_image_resolve(const struct aa_tree_row *rows, size_t row_count, struct aa_image_exec *execs,
		     size_t exec_count, int64_t until_ns, struct aa_image **ret_images)
{
	aa_cleanup_free struct aa_image *images = calloc(row_count + 1, sizeof(*images));
	aa_cleanup_free struct order *by_id = calloc(row_count + 1, sizeof(*by_id));
	aa_cleanup_free struct order *by_time = calloc(row_count + 1, sizeof(*by_time));

	if (!images || !by_id || !by_time)
		return -ENOMEM;
	for (size_t i = 0; i < row_count; i++) {
		by_id[i] = (struct order){ rows[i].id, i };
		by_time[i] = (struct order){ rows[i].begin_ns, i };
		images[i] = (struct aa_image){
			.exec_id = AA_IMAGE_NONE,
			.inherited_id = AA_IMAGE_NONE,
			.failed_id = AA_IMAGE_NONE,
		};
	}
	if (exec_count > 0)
		qsort(execs, exec_count, sizeof(*execs), compare_execs);
	if (row_count > 0) {
		qsort(by_id, row_count, sizeof(*by_id), compare_orders);
		qsort(by_time, row_count, sizeof(*by_time), compare_orders);
	}
	/* Oldest first: what a parent has inherited is known when its children ask for it. */
	for (size_t i = 0; i < row_count; i++) {
		size_t row = by_time[i].row;
		size_t parent =
			rows[row].has_parent ? find_row(by_id, row_count, rows[row].parent_id) : AA_TREE_NONE;

		count_execs(&images[row], execs, exec_count, rows[row].id, until_ns);
		if (parent != AA_TREE_NONE)
			images[row].inherited_id =
				program_at(execs, exec_count, rows[parent].id, rows[row].begin_ns,
					   images[parent].inherited_id);
	}
	*ret_images = AA_STEAL(images);
	return 0;
}
