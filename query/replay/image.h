/* SPDX-License-Identifier: Apache-2.0 */
/* Which program a process ran at a time: its own latest exec, or what it inherited at fork. Pure. */
#ifndef AA_QUERY_IMAGE_H
#define AA_QUERY_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "replay/tree.h"

#define AA_IMAGE_NONE INT64_MIN

struct aa_image_exec {
	int64_t id;
	int64_t process_id;
	int64_t time_ns;
	int64_t error; /* 0, or the errno of a failed exec */
};

struct aa_image {
	int64_t exec_id; /* latest successful exec, or AA_IMAGE_NONE */
	int64_t inherited_id; /* without one: the ancestor's exec whose program it was forked with, or AA_IMAGE_NONE */
	int64_t exec_count;   /* successful ones */
	int64_t failed_count; /* failed since the latest successful one */
	int64_t failed_id;    /* the last of those, or AA_IMAGE_NONE */
	int64_t failed_error; /* and its errno */
};

/*
 * One image per row, of the execs up to until_ns (INT64_MAX: all). Sorts execs. Returns 0 or -ENOMEM; the images
 * are for the caller to free.
 */
int aa_image_resolve(const struct aa_tree_row *rows, size_t row_count, struct aa_image_exec *execs,
		     size_t exec_count, int64_t until_ns, struct aa_image **ret_images);

#endif
