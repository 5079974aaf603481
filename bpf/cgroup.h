/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which cgroup a process is in, and its path below the hierarchy's root. bpf_get_current_cgroup_id() is not
 * enough: on hosts that still mount version 1 every process is in the root of version 2.
 */
#ifndef AA_BPF_CGROUP_H
#define AA_BPF_CGROUP_H

#include "emit.h"

#define AA_CGROUP_DEPTH 48
#define AA_CGROUP_ROOM	512u
#define AA_CGROUP_ID_BITS \
	48 /* ids of different hierarchies overlap: a version 1 hierarchy's number goes above */

static __always_inline struct kernfs_node *aa_kernfs_parent(struct kernfs_node *node)
{
	if (bpf_core_field_exists(node->__parent))
		return BPF_CORE_READ(node, __parent);
	return BPF_CORE_READ((struct kernfs_node___before_6_15 *)node, parent);
}

static __always_inline struct kernfs_node *aa_cgroup_v1_node(struct css_set *set, __u64 index)
{
	struct cgroup_subsys_state *state = NULL;
	__u64 at = (__u64)set + AA_OFFSET(css_set, subsys) + index * sizeof(void *);

	bpf_probe_read_kernel(&state, sizeof(state), (const void *)at);
	return BPF_CORE_READ(state, cgroup, kn);
}

static __always_inline __u64 aa_cgroup_v1_hierarchy(struct css_set *set, __u64 index)
{
	struct cgroup_subsys_state *state = NULL;
	__u64 at = (__u64)set + AA_OFFSET(css_set, subsys) + index * sizeof(void *);

	bpf_probe_read_kernel(&state, sizeof(state), (const void *)at);
	return (__u64)(__u32)BPF_CORE_READ(state, cgroup, root, hierarchy_id);
}

/*
 * The version 2 cgroup if the process is below its root, else the one of the memory or pids controller of
 * version 1 if that says more. Returns the id and its node.
 */
static __always_inline __u64 aa_cgroup_of(struct task_struct *task, struct kernfs_node **ret_node)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct kernfs_node *unified = BPF_CORE_READ(set, dfl_cgrp, kn), *node;
	__u64 hierarchy = 0;

	*ret_node = unified;
	if (!aa_kernfs_parent(unified) && bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) {
		node = aa_cgroup_v1_node(set, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
		if (aa_kernfs_parent(node)) {
			*ret_node = node;
			hierarchy = aa_cgroup_v1_hierarchy(
				set, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
		}
	}
	if (!aa_kernfs_parent(*ret_node) && bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) {
		node = aa_cgroup_v1_node(set, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
		if (aa_kernfs_parent(node)) {
			*ret_node = node;
			hierarchy = aa_cgroup_v1_hierarchy(
				set, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
		}
	}
	return BPF_CORE_READ(*ret_node, id) | hierarchy << AA_CGROUP_ID_BITS;
}

static __always_inline __u64 aa_cgroup_id(struct task_struct *task)
{
	struct kernfs_node *node;

	return aa_cgroup_of(task, &node);
}

/* Prepends "/name". The name's length is not stored: it is read as a string of at most 255 bytes first. */
static __always_inline bool aa_cgroup_prepend(struct aa_text *text, struct kernfs_node *node)
{
	const char *name = BPF_CORE_READ(node, name);
	char *scratch = text->data + AA_CGROUP_ROOM;
	__u32 start = *(volatile __u32 *)&text->start;
	long r = bpf_probe_read_kernel_str(scratch, 256, name);
	__u32 length = r > 0 ? (__u32)r - 1 : 0;

	AA_OPAQUE(length);
	if (length > 255 || start > AA_CGROUP_ROOM || length + 1 > start)
		return false;
	start -= length + 1;
	AA_OPAQUE(start);
	if (start >= AA_CGROUP_ROOM || length > 255)
		return false;
	text->data[start] = '/';
	*(volatile __u32 *)&text->start = start;
	bpf_probe_read_kernel(text->data + start + 1, length, name);
	return true;
}

static __always_inline int aa_cgroup_send_path(const struct aa_header *base, struct kernfs_node *leaf)
{
	/*
	 * Room for the path, slack of one name for the verifier's sake (path.h), which also holds the name
	 * just read.
	 */
	struct aa_text *text = aa_reserve(base, AA_EVENT_TEXT, sizeof(*text) + AA_CGROUP_ROOM + 256);
	struct kernfs_node *node = leaf, *parent;
	__u32 flags = AA_TEXT_TRUNCATED;

	if (!text)
		return -1;
	aa_zero(text->data, AA_CGROUP_ROOM + 256);
	text->start = AA_CGROUP_ROOM;
	for (__u32 i = 0; i < AA_CGROUP_DEPTH; i++) {
		parent = aa_kernfs_parent(node);
		if (!parent) {
			flags = 0;
			break;
		}
		if (!aa_cgroup_prepend(text, node))
			break;
		node = parent;
	}
	if (text->start == AA_CGROUP_ROOM) {
		text->start = AA_CGROUP_ROOM - 1;
		text->data[AA_CGROUP_ROOM - 1] = '/';
	}
	aa_zero(text->data + AA_CGROUP_ROOM, 256);
	text->offset = 0;
	text->length = AA_CGROUP_ROOM - text->start;
	text->total = text->length;
	text->field = AA_TEXT_CGROUP;
	text->flags = (__u16)flags;
	aa_submit(text);
	return 0;
}

/* Sends the path of a task's cgroup if its session has not got it yet. */
AA_SUBPROGRAM int aa_cgroup_send(const struct aa_header *base, struct task_struct *task)
{
	struct kernfs_node *node;
	struct aa_cgroup_key key = { .session = base->session };
	struct aa_cgroup *cgroup;
	__u32 one = 1;

	key.cgroup_id = aa_cgroup_of(task, &node);
	if (bpf_map_lookup_elem(&aa_cgroup_sent, &key))
		return 0;
	if (aa_cgroup_send_path(base, node) != 0)
		return -1;
	cgroup = aa_reserve(base, AA_EVENT_CGROUP, sizeof(*cgroup));
	if (!cgroup)
		return -1;
	cgroup->cgroup_id = key.cgroup_id;
	aa_submit(cgroup);
	bpf_map_update_elem(&aa_cgroup_sent, &key, &one, BPF_ANY);
	return 0;
}

#endif
