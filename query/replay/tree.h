/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows to a process tree, as it was born or as it stood at one moment. Pure: takes rows, returns nodes in the order
 * in which a tree is printed. Near-linear in the number of rows, no recursion: chains of 10,000 and families of
 * 100,000 are fine, and so are parents that a forged database puts in a circle.
 */
#ifndef AA_QUERY_TREE_H
#define AA_QUERY_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/index.h"
#include "text.h"

#define AA_TREE_NONE AA_INDEX_NONE

/* A process. ids are the database's. */
struct aa_tree_row {
	int64_t id;
	int64_t parent_id; /* when it was born */
	bool has_parent;   /* false: its parent is outside the session */
	int64_t pid;
	int64_t begin_ns;
	int64_t end_ns; /* INT64_MAX: not seen to end */
};

/* A process got another parent. */
struct aa_tree_move {
	int64_t id; /* whose */
	int64_t time_ns;
	int64_t parent_id;
	bool has_parent;
	int64_t parent_pid;
};

struct aa_tree_node {
	size_t row;    /* index into the rows */
	size_t parent; /* index into the nodes, or AA_TREE_NONE */
	size_t move;   /* index of the latest move that counts, or AA_TREE_NONE */
	size_t depth;
	bool last;     /* of its siblings */
	bool orphan;   /* should have a parent in the session, but that one is not there (then) */
	bool circular; /* was its own ancestor; is shown as a root */
};

struct aa_tree {
	struct aa_tree_node *nodes; /* parents before children, siblings by time */
	size_t count;
};

/*
 * at_ns NULL: all processes, each below the parent that it was born to. Else: those alive at that time, each
 * below the parent that it had then. Returns 0 or -ENOMEM.
 */
int aa_tree_build(const struct aa_tree_row *rows, size_t row_count, const struct aa_tree_move *moves,
		  size_t move_count, const int64_t *at_ns, struct aa_tree *ret_tree);
void aa_tree_release(struct aa_tree *tree);

/* Keeps the nodes of wanted rows and all below them; the topmost become roots. Returns 0 or -ENOMEM. */
int aa_tree_keep_below(struct aa_tree *tree, const bool *wanted_rows);

/* Keeps the nodes of wanted rows and those above them. Returns 0 or -ENOMEM. */
int aa_tree_keep_above(struct aa_tree *tree, const bool *wanted_rows);

/* Draws the lines to the left of each node; to be called for all nodes in order. Zero-initialise. */
struct aa_tree_lines {
	bool *last; /* of the current ancestors, by depth */
	size_t capacity;
};

/* Appends what stands left of the node. utf8: box-drawing characters, else ASCII. Returns 0 or -ENOMEM. */
int aa_tree_lines_add(struct aa_tree_lines *lines, const struct aa_tree_node *node, bool utf8,
		      struct aa_text_buffer *out);
void aa_tree_lines_release(struct aa_tree_lines *lines);

#endif
