/* SPDX-License-Identifier: Apache-2.0 */
/* Rows to a process tree; see tree.h. */
#include "replay/tree.h"

#include <errno.h>
#include <stdlib.h>

#include "memory.h"
#include "replay/array.h"
#include "replay/index.h"

/* A row in its family, sorted by parent, then by time. */
struct member {
	size_t parent; /* row, or AA_TREE_NONE */
	int64_t begin_ns;
	int64_t id;
	size_t row;
};

/* What is found out about a row before it becomes a node. */
struct kin {
	size_t parent; /* row, or AA_TREE_NONE */
	size_t move;
	size_t first; /* its children: members[first .. first + count) */
	size_t count;
	size_t walk; /* in which upward walk it was met; 0: not yet */
	bool alive;
	bool orphan;
	bool circular;
};

struct builder {
	const struct aa_tree_row *rows;
	size_t row_count;
	struct aa_index_entry *places; /* rows by id */
	struct kin *kin;
	struct member *members;
	size_t member_count;
};

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a;
	const struct member *y = b;
	int r = (x->parent > y->parent) - (x->parent < y->parent);

	if (!r)
		r = aa_index_compare(x->begin_ns, y->begin_ns);
	if (!r)
		r = aa_index_compare(x->id, y->id);
	return r ? r : (x->row > y->row) - (x->row < y->row);
}

/* The row of an id, or AA_TREE_NONE. */
static size_t find(const struct builder *builder, int64_t id)
{
	return aa_index_find(builder->places, builder->row_count, id);
}

/* Remembers each row's latest move up to at_ns; of equal times the later in the list. */
static void apply_moves(struct builder *builder, const struct aa_tree_move *moves, size_t count,
			int64_t at_ns)
{
	for (size_t i = 0; i < count; i++) {
		size_t row = moves[i].time_ns <= at_ns ? find(builder, moves[i].id) : AA_TREE_NONE;
		struct kin *kin;

		if (row == AA_TREE_NONE)
			continue;
		kin = &builder->kin[row];
		if (kin->move == AA_TREE_NONE || moves[i].time_ns >= moves[kin->move].time_ns)
			kin->move = i;
	}
}

static void find_parents(struct builder *builder, const struct aa_tree_move *moves, bool moved)
{
	for (size_t i = 0; i < builder->row_count; i++) {
		const struct aa_tree_row *row = &builder->rows[i];
		struct kin *kin = &builder->kin[i];
		bool has_parent = row->has_parent;
		int64_t parent_id = row->parent_id;

		if (moved && kin->move != AA_TREE_NONE) {
			has_parent = moves[kin->move].has_parent;
			parent_id = moves[kin->move].parent_id;
		}
		kin->parent = has_parent ? find(builder, parent_id) : AA_TREE_NONE;
		if (kin->parent != AA_TREE_NONE && !builder->kin[kin->parent].alive)
			kin->parent = AA_TREE_NONE;
		kin->orphan = has_parent && kin->parent == AA_TREE_NONE;
	}
}

/* Walks up from each row to where an earlier walk has been; meeting its own steps, it cuts the circle there. */
static void cut_circles(struct builder *builder)
{
	for (size_t i = 0; i < builder->row_count; i++) {
		size_t row = i;

		while (builder->kin[row].walk == 0) {
			struct kin *kin = &builder->kin[row];

			kin->walk = i + 1;
			if (kin->parent == AA_TREE_NONE)
				break;
			if (builder->kin[kin->parent].walk == i + 1) {
				kin->parent = AA_TREE_NONE;
				kin->circular = true;
				break;
			}
			row = kin->parent;
		}
	}
}

/* Sorts the living into families. Returns where the roots begin. */
static size_t gather_families(struct builder *builder)
{
	size_t roots;

	for (size_t i = 0; i < builder->row_count; i++) {
		if (builder->kin[i].alive)
			builder->members[builder->member_count++] = (struct member){
				.parent = builder->kin[i].parent,
				.begin_ns = builder->rows[i].begin_ns,
				.id = builder->rows[i].id,
				.row = i,
			};
	}
	if (builder->member_count > 0)
		qsort(builder->members, builder->member_count, sizeof(*builder->members), compare_members);
	roots = builder->member_count;
	for (size_t i = builder->member_count; i-- > 0;) {
		size_t parent = builder->members[i].parent;

		if (parent == AA_TREE_NONE) {
			roots = i;
		} else {
			builder->kin[parent].first = i;
			builder->kin[parent].count++;
		}
	}
	return roots;
}

/* Depth first with a stack of our own: one entry per level, the siblings that are still to come. */
static int list_nodes(const struct builder *builder, size_t roots, struct aa_tree *tree)
{
	struct level {
		size_t next, end; /* members */
		size_t parent;	  /* node */
	};
	aa_cleanup_free struct level *stack = aa_array_make(builder->member_count + 1, sizeof(*stack));
	size_t depth = 0;

	if (!stack)
		return -ENOMEM;
	stack[0] = (struct level){ roots, builder->member_count, AA_TREE_NONE };
	for (;;) {
		struct level *level = &stack[depth];
		const struct kin *kin;
		size_t row;

		if (level->next == level->end) {
			if (depth-- == 0)
				return 0;
			continue;
		}
		row = builder->members[level->next++].row;
		kin = &builder->kin[row];
		tree->nodes[tree->count] = (struct aa_tree_node){
			.row = row,
			.parent = level->parent,
			.move = kin->move,
			.depth = depth,
			.last = level->next == level->end,
			.orphan = kin->orphan,
			.circular = kin->circular,
		};
		stack[++depth] = (struct level){ kin->first, kin->first + kin->count, tree->count++ };
	}
}

int aa_tree_build(const struct aa_tree_row *rows, size_t row_count, const struct aa_tree_move *moves,
		  size_t move_count, const int64_t *at_ns, struct aa_tree *ret_tree)
{
	aa_cleanup_free struct aa_index_entry *places = aa_array_make(row_count, sizeof(*places));
	aa_cleanup_free struct kin *kin = aa_array_make(row_count, sizeof(*kin));
	aa_cleanup_free struct member *members = aa_array_make(row_count, sizeof(*members));
	struct builder builder = {
		.rows = rows,
		.row_count = row_count,
		.places = places,
		.kin = kin,
		.members = members,
	};
	struct aa_tree tree = { .nodes = aa_array_make(row_count, sizeof(*tree.nodes)) };
	int r;

	if (!places || !kin || !members || !tree.nodes) {
		aa_tree_release(&tree);
		return -ENOMEM;
	}
	for (size_t i = 0; i < row_count; i++) {
		places[i] = (struct aa_index_entry){ rows[i].id, i };
		kin[i].move = AA_TREE_NONE;
		kin[i].alive = !at_ns || (rows[i].begin_ns <= *at_ns && rows[i].end_ns > *at_ns);
	}
	aa_index_sort(places, row_count);
	apply_moves(&builder, moves, move_count, at_ns ? *at_ns : INT64_MAX);
	find_parents(&builder, moves, at_ns != NULL);
	cut_circles(&builder);
	r = list_nodes(&builder, gather_families(&builder), &tree);
	if (r < 0) {
		aa_tree_release(&tree);
		return r;
	}
	*ret_tree = tree;
	return 0;
}

void aa_tree_release(struct aa_tree *tree)
{
	free(tree->nodes);
	*tree = (struct aa_tree){ 0 };
}

/* Drops the nodes that are not kept; a node whose parent goes becomes a root. */
static int compact(struct aa_tree *tree, const bool *keep)
{
	aa_cleanup_free size_t *moved = aa_array_make(tree->count, sizeof(*moved));
	aa_cleanup_free bool *has_later = aa_array_make(tree->count, sizeof(*has_later));
	bool root_later = false;
	size_t count = 0;

	if (!moved || !has_later)
		return -ENOMEM;
	for (size_t i = 0; i < tree->count; i++) {
		struct aa_tree_node node = tree->nodes[i];

		moved[i] = AA_TREE_NONE;
		if (!keep[i])
			continue;
		if (node.parent != AA_TREE_NONE)
			node.parent = moved[node.parent];
		node.depth = node.parent == AA_TREE_NONE ? 0 : tree->nodes[node.parent].depth + 1;
		moved[i] = count;
		tree->nodes[count++] = node;
	}
	tree->count = count;
	for (size_t i = count; i-- > 0;) {
		struct aa_tree_node *node = &tree->nodes[i];
		bool *later = node->parent == AA_TREE_NONE ? &root_later : &has_later[node->parent];

		node->last = !*later;
		*later = true;
	}
	return 0;
}

int aa_tree_keep_below(struct aa_tree *tree, const bool *wanted_rows)
{
	aa_cleanup_free bool *keep = aa_array_make(tree->count, sizeof(*keep));

	if (!keep)
		return -ENOMEM;
	for (size_t i = 0; i < tree->count; i++) {
		const struct aa_tree_node *node = &tree->nodes[i];

		keep[i] = wanted_rows[node->row] || (node->parent != AA_TREE_NONE && keep[node->parent]);
	}
	return compact(tree, keep);
}

int aa_tree_keep_above(struct aa_tree *tree, const bool *wanted_rows)
{
	aa_cleanup_free bool *keep = aa_array_make(tree->count, sizeof(*keep));

	if (!keep)
		return -ENOMEM;
	for (size_t i = tree->count; i-- > 0;) {
		const struct aa_tree_node *node = &tree->nodes[i];

		keep[i] |= wanted_rows[node->row];
		if (keep[i] && node->parent != AA_TREE_NONE)
			keep[node->parent] = true;
	}
	return compact(tree, keep);
}
