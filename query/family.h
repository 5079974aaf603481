/* SPDX-License-Identifier: Apache-2.0 */
/* A session's processes as replay/ wants them, read in one short transaction. */
#ifndef AA_QUERY_FAMILY_H
#define AA_QUERY_FAMILY_H

#include "query.h"
#include "replay/image.h"
#include "replay/tree.h"
#include "session.h"

struct aa_family {
	struct aa_tree_row *rows;
	size_t row_count;
	struct aa_tree_move *moves;
	size_t move_count;
	struct aa_image_exec *execs;
	size_t exec_count;
	struct aa_image *images; /* one per row, once built */
	int64_t *
		renames; /* one per row: the latest row of comm that counts, or AA_IMAGE_NONE; only with at_ns */
	bool *matches;	   /* one per row: --comm, --path, --since, --until; NULL if none was asked */
	bool *pid_matches; /* one per row: --pid; NULL if not asked */
	struct aa_tree tree;
};

/*
 * Reads and builds: the tree as born, or with at_ns as it stood then, without what the filters leave out. Returns
 * 0 or a negative errno, with query->error set.
 */
int aa_family_load(struct aa_query *query, const struct aa_session *session, const int64_t *at_ns,
		   struct aa_family *family);
void aa_family_release(struct aa_family *family);

#endif
