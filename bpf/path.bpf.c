// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
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
#include "path.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AA_PATH_DEPTH 136  /* components and mounts */
#define AA_NAME_BYTES 255u /* NAME_MAX */
#define AA_PATH_BYTES 4096u

/*
 * Where a walk is. Only helpers write here, never a store of the program: so the verifier knows nothing of the values and
 * finds each turn of the loop to be the same as the last.
 */
struct aa_walk {
	/* As d_parent and d_name of struct dentry lie: one read of 24 bytes for a level, 55 ns against 80 for three. */
	__u64 dentry; /* the next one, parent of what name is of */
	__u32 hash;
	__u32 length; /* of name */
	__u64 name;
	__u64 mount;
	__u64 root; /* dentry at which this mount ends */
};

struct aa_path {
	__u32 length; /* bytes with all slashes */
	__u32 flags;  /* AA_TEXT_* */
};

static __always_inline void aa_walk_begin(struct aa_walk *walk, const struct path *path)
{
	struct vfsmount *vfsmount = BPF_CORE_READ(path, mnt);
	__u64 mount = (__u64)vfsmount - AA_OFFSET(mount, mnt);

	bpf_probe_read_kernel(&walk->mount, 8, &mount);
	bpf_core_read(&walk->dentry, 8, &path->dentry);
	bpf_core_read(&walk->root, 8, &vfsmount->mnt_root);
}

/* One level up: name and length of the dentry that the walk is at, then its parent is the one it is at. */
static __always_inline void aa_walk_up(struct aa_walk *walk)
{
	struct dentry *dentry = (struct dentry *)walk->dentry;

	if (AA_OFFSET(dentry, d_name) == AA_OFFSET(dentry, d_parent) + 8 && AA_OFFSET(qstr, len) == 4 &&
	    AA_OFFSET(qstr, name) == 8) {
		bpf_core_read(&walk->dentry, 24, &dentry->d_parent);
		return;
	}
	bpf_core_read(&walk->dentry, 8, &dentry->d_parent);
	bpf_core_read(&walk->length, 4, &dentry->d_name.len);
	bpf_core_read(&walk->name, 8, &dentry->d_name.name);
}

/* From the root of a mount to where it is mounted. False at the last one. */
static __always_inline bool aa_walk_leave_mount(struct aa_walk *walk)
{
	struct mount *mount = (struct mount *)walk->mount, *parent;

	bpf_core_read(&walk->mount, 8, &mount->mnt_parent);
	parent = (struct mount *)walk->mount;
	if (parent == mount)
		return false;
	bpf_core_read(&walk->dentry, 8, &mount->mnt_mountpoint);
	bpf_core_read(&walk->root, 8, &parent->mnt.mnt_root);
	return true;
}

/* True if the mount that the walk ended at is attached to a namespace; a lazily unmounted one is not. */
static __always_inline bool aa_walk_attached(const struct aa_walk *walk)
{
	struct mount *mount = (struct mount *)walk->mount;
	__u64 ns = (__u64)BPF_CORE_READ(mount, mnt_ns);

	return ns != 0 && ns < (__u64)-4095; /* MNT_NS_INTERNAL is an error pointer */
}

/* d_unhashed(), and not the root of a file system, which is never hashed */
static __always_inline bool aa_is_unlinked(const struct path *path)
{
	struct dentry *leaf = BPF_CORE_READ(path, dentry);

	return !BPF_CORE_READ(leaf, d_hash.pprev) && (__u64)BPF_CORE_READ(leaf, d_parent) != (__u64)leaf;
}

AA_SUBPROGRAM int aa_path_measure(const struct path *path, struct aa_path *result)
{
	__u32 length = 0, flags = AA_TEXT_TRUNCATED;
	struct aa_walk walk;

	aa_walk_begin(&walk, path);
	for (__u32 i = 0; i < AA_PATH_DEPTH; i++) {
		__u64 dentry = walk.dentry;

		if (dentry == walk.root) {
			if (aa_walk_leave_mount(&walk))
				continue;
			flags = aa_walk_attached(&walk) ? 0 : AA_TEXT_DETACHED;
			break;
		}
		aa_walk_up(&walk);
		if (walk.dentry == dentry) {
			/* Its own parent but not the root of the mount: an anonymous file, or above a bind mount. */
			flags = i == 0 ? AA_TEXT_PSEUDO : AA_TEXT_DETACHED;
			if (i == 0)
				length = walk.length;
			break;
		}
		length += walk.length + 1;
	}
	if (aa_is_unlinked(path))
		flags |= AA_TEXT_UNLINKED;
	result->length = length != 0 ? length : 1; /* "/" */
	result->flags = flags;
	return 0;
}

/*
 * Writes the name that the walk has just read, and a slash before it, so that it ends at text->start, which it moves. The
 * bytes that one name can take are `slack` more than `room`, because the verifier does not know that start + length
 * stays below room. False if it does not fit.
 */
static __always_inline bool aa_path_prepend(struct aa_text *text, __u32 room, __u32 slack,
					    const struct aa_walk *walk, __u32 slash)
{
	__u32 length = walk->length, start = *(volatile __u32 *)&text->start;

	AA_OPAQUE(length);
	if (start > room || length >= slack || length + slash > start)
		return false;
	start -= length + slash;
	AA_OPAQUE(start);
	if (start >= room)
		return false;
	if (slash)
		text->data[start] = '/';
	*(volatile __u32 *)&text->start = start;
	bpf_probe_read_kernel(text->data + start + slash, length, (const void *)walk->name);
	return true;
}

/* The second walk. Returns false if it ran out of room. */
static __always_inline bool aa_path_fill(struct aa_text *text, __u32 room, __u32 slack,
					 const struct path *path)
{
	struct aa_walk walk;

	aa_walk_begin(&walk, path);
	for (__u32 i = 0; i < AA_PATH_DEPTH; i++) {
		__u64 dentry = walk.dentry;

		if (dentry == walk.root) {
			if (aa_walk_leave_mount(&walk))
				continue;
			return true;
		}
		aa_walk_up(&walk);
		if (walk.dentry == dentry)
			return i != 0 || aa_path_prepend(text, room, slack, &walk, 0);
		if (!aa_path_prepend(text, room, slack, &walk, 1))
			return false;
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

/* See path.h. */
int aa_path_text_packed(__u64 path_address, __u64 time_ns, __u64 start_ns, __u64 ids, __u64 where)
{
	const struct path *path = (const struct path *)path_address;
	struct aa_header base = aa_unpack(time_ns, start_ns, ids, where);
	__u32 field = aa_packed_field(where), options = aa_packed_options(where);
	struct aa_path measured = {};

	aa_path_measure(path, &measured);
	if (options & AA_PATH_ONLY_CHROOT && measured.length <= 1 && measured.flags == 0)
		return 0;
	if (measured.length <= 128)
		aa_path_emit(&base, path, field, &measured, 128, 128);
	else if (measured.length <= 512)
		aa_path_emit(&base, path, field, &measured, 512, 256);
	else
		aa_path_emit(&base, path, field, &measured, AA_PATH_BYTES, 256);
	return (int)measured.flags;
}
