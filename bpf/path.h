/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Paths as the kernel has them: up the dentries, across the mounts, to the root of the mount namespace.
 * bpf_d_path() may be called from few hooks only, and from none of ours.
 *
 * Twice over the same way: the first walk measures, so that the record can be as small as the path; the second
 * writes the components from the leaf backwards into the record, so that nothing is copied or reversed. Everything that
 * a step changes lies in memory that a helper has written: the verifier then sees the same unknown value in each
 * turn and needs one pass a level instead of exploring combinations.
 *
 * A rename between both walks, or between reading a name's address and its bytes, can give a path that never was; the
 * kernel's own walk takes rename_lock. What is written stays inside the record in any case, and a path that
 * outgrew it is marked truncated.
 */
#ifndef AA_BPF_PATH_H
#define AA_BPF_PATH_H

#include "emit.h"

#define AA_PATH_DEPTH 192  /* components and mounts */
#define AA_NAME_BYTES 255u /* NAME_MAX */
#define AA_PATH_BYTES 4096u

/* struct dentry's d_parent and d_name as they lie beside each other: one read instead of three, 55 ns a level against 80. */
struct aa_component {
	__u64 parent;
	__u32 hash;
	__u32 length;
	__u64 name;
};

struct aa_walk {
	__u64 dentry;
	__u64 mount;
	__u64 root; /* dentry at which this mount ends */
};

struct aa_path {
	__u32 length; /* bytes with all slashes */
	__u32 flags;  /* AA_TEXT_* */
};

static __always_inline bool aa_component_in_order(void)
{
	return AA_OFFSET(dentry, d_name) == AA_OFFSET(dentry, d_parent) + 8 && AA_OFFSET(qstr, len) == 4 &&
	       AA_OFFSET(qstr, name) == 8;
}

static __always_inline void aa_component_read(struct aa_component *component, __u64 address)
{
	struct dentry *dentry = (struct dentry *)address;

	if (aa_component_in_order()) {
		bpf_core_read(component, sizeof(*component), &dentry->d_parent);
		return;
	}
	bpf_core_read(&component->parent, 8, &dentry->d_parent);
	bpf_core_read(&component->length, 4, &dentry->d_name.len);
	bpf_core_read(&component->name, 8, &dentry->d_name.name);
}

static __always_inline void aa_walk_begin(struct aa_walk *walk, const struct path *path)
{
	struct vfsmount *vfsmount = BPF_CORE_READ(path, mnt);

	walk->mount = (__u64)vfsmount - AA_OFFSET(mount, mnt);
	bpf_core_read(&walk->dentry, 8, &path->dentry);
	bpf_core_read(&walk->root, 8, &vfsmount->mnt_root);
}

/* From the root of a mount to where it is mounted. False at the last one. */
static __always_inline bool aa_walk_leave_mount(struct aa_walk *walk)
{
	struct mount *mount = (struct mount *)walk->mount;
	__u64 parent = 0;

	bpf_core_read(&parent, 8, &mount->mnt_parent);
	if (parent == walk->mount || !parent)
		return false;
	bpf_core_read(&walk->dentry, 8, &mount->mnt_mountpoint);
	walk->mount = parent;
	bpf_core_read(&walk->root, 8, &((struct mount *)parent)->mnt.mnt_root);
	return true;
}

/* True if the mount that the walk ended at is attached to a namespace; a lazily unmounted one is not. */
static __always_inline bool aa_walk_attached(const struct aa_walk *walk)
{
	struct mount *mount = (struct mount *)walk->mount;
	__u64 ns = (__u64)BPF_CORE_READ(mount, mnt_ns);

	return ns != 0 && ns < (__u64)-4095; /* MNT_NS_INTERNAL is an error pointer */
}

AA_SUBPROGRAM int aa_path_measure(const struct path *path, struct aa_path *result)
{
	struct aa_component component = {};
	struct aa_walk walk;
	struct dentry *leaf = BPF_CORE_READ(path, dentry);
	__u32 length = 0, flags = 0;
	bool complete = false;

	aa_walk_begin(&walk, path);
	/* d_unhashed(), and not the root of a file system, which is never hashed */
	if (!BPF_CORE_READ(leaf, d_hash.pprev) && (__u64)BPF_CORE_READ(leaf, d_parent) != (__u64)leaf)
		flags |= AA_TEXT_UNLINKED;
	for (__u32 i = 0; i < AA_PATH_DEPTH; i++) {
		if (walk.dentry == walk.root) {
			if (aa_walk_leave_mount(&walk))
				continue;
			complete = true;
			break;
		}
		aa_component_read(&component, walk.dentry);
		if (component.parent == walk.dentry) {
			/* Its own parent but not the root of the mount: an anonymous file, or above a bind mount. */
			flags |= i == 0 ? AA_TEXT_PSEUDO : AA_TEXT_DETACHED;
			if (i == 0)
				length = component.length;
			complete = true;
			break;
		}
		length += component.length + 1;
		walk.dentry = component.parent;
	}
	if (!complete)
		flags |= AA_TEXT_TRUNCATED;
	else if (!(flags & AA_TEXT_PSEUDO) && !aa_walk_attached(&walk))
		flags |= AA_TEXT_DETACHED;
	if (length == 0)
		length = 1; /* "/" */
	result->length = length;
	result->flags = flags;
	return 0;
}

/*
 * Writes `name` of `length` bytes, and a slash before it, so that it ends at text->start, which it moves. The bytes that
 * one name can take are `slack` more than `room`, because the verifier does not know that start + length stays below
 * room. False if it does not fit.
 */
static __always_inline bool aa_path_prepend(struct aa_text *text, __u32 room, __u32 slack,
					    const struct aa_component *component, __u32 slash)
{
	__u32 length = component->length, start = *(volatile __u32 *)&text->start;

	if (length > slack - 1)
		length = slack - 1;
	AA_OPAQUE(length);
	if (start > room || length + slash > start)
		return false;
	start -= length + slash;
	AA_OPAQUE(start);
	if (start >= room || length > slack - 1)
		return false;
	if (slash)
		text->data[start] = '/';
	*(volatile __u32 *)&text->start = start;
	bpf_probe_read_kernel(text->data + start + slash, length, (const void *)component->name);
	return true;
}

/* The second walk. Returns false if it ran out of room. */
static __always_inline bool aa_path_fill(struct aa_text *text, __u32 room, __u32 slack,
					 const struct path *path)
{
	struct aa_component component = {};
	struct aa_walk walk;

	aa_walk_begin(&walk, path);
	for (__u32 i = 0; i < AA_PATH_DEPTH; i++) {
		if (walk.dentry == walk.root) {
			if (aa_walk_leave_mount(&walk))
				continue;
			return true;
		}
		aa_component_read(&component, walk.dentry);
		if (component.parent == walk.dentry)
			return i != 0 || aa_path_prepend(text, room, slack, &component, 0);
		if (!aa_path_prepend(text, room, slack, &component, 1))
			return false;
		walk.dentry = component.parent;
	}
	return true;
}

static __always_inline int aa_path_emit(const struct aa_header *base, const struct path *path, __u32 field,
					const struct aa_path *measured, __u32 room, __u32 slack)
{
	struct aa_text *text = aa_reserve(base, AA_EVENT_TEXT, sizeof(*text) + room + slack);
	__u32 flags = measured->flags;

	if (!text)
		return -1;
	aa_zero(text->data, room + slack);
	text->offset = 0;
	text->start = room;
	if (!aa_path_fill(text, room, slack, path))
		flags |= AA_TEXT_TRUNCATED;
	if (text->start == room && !(flags & AA_TEXT_PSEUDO)) {
		text->start = room - 1;
		text->data[room - 1] = '/';
	}
	text->length = room - text->start;
	text->total = measured->length > text->length ? measured->length : text->length;
	text->field = (__u16)field;
	text->flags = (__u16)flags;
	aa_submit(text);
	return 0;
}

/* Sends a path as one text. measured comes from aa_path_measure(). */
AA_SUBPROGRAM int aa_path_send(const struct aa_header *base, const struct path *path, __u32 field,
			       const struct aa_path *measured)
{
	if (measured->length <= 128)
		return aa_path_emit(base, path, field, measured, 128, 128);
	if (measured->length <= 512)
		return aa_path_emit(base, path, field, measured, 512, AA_NAME_BYTES + 1);
	return aa_path_emit(base, path, field, measured, AA_PATH_BYTES, AA_NAME_BYTES + 1);
}

#endif
