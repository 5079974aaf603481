// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Paths as the kernel has them: up the dentries, across the mounts, to the root of the mount namespace.
 * bpf_d_path() may be called from few hooks only, and from none of ours.
 *
 * The components are written from the leaf backwards straight into the reserved record, so that nothing is
 * copied or reversed and no scratch memory is shared with whoever preempts. A path that does not fit is
 * begun again in a larger record.
 *
 * A rename between reading a name's address and its bytes can give a path that never was; the kernel's own
 * walk takes rename_lock. What is written stays inside the record in any case.
 */
#include "path.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * Components and mounts, for each size of record. A short path that is deeper than most goes into a larger one; the
 * verifier walks every turn (110 instructions), in each program that sends a path.
 */
#define AA_PATH_DEPTH_96   32
#define AA_PATH_DEPTH_512  48
#define AA_PATH_DEPTH_4096 136

#define AA_ROOT_MOUNTS 8 /* mounted on top of each other at / */

/*
 * Where a walk is. Only helpers write here, never a store of the program: so the verifier knows nothing of
 * the values and finds each turn of the loop to be the same as the last.
 */
struct aa_walk {
	/*
	 * As d_parent and d_name of struct dentry lie: one read of 24 bytes for a level, 55 ns against 80
	 * for three.
	 */
	__u64 dentry; /* the next one, parent of what name is of */
	__u32 hash;
	__u32 length; /* of name */
	__u64 name;
	__u64 mount;
	__u64 root; /* dentry at which this mount ends */
	/* The root directory of the current task. */
	__u64 inside_dentry;
	__u64 inside_mount;
};

static __always_inline void aa_walk_begin(struct aa_walk *walk, const struct path *path)
{
	struct vfsmount *vfsmount = BPF_CORE_READ(path, mnt);
	__u64 mount = (__u64)vfsmount - AA_OFFSET(mount, mnt);

	bpf_probe_read_kernel(&walk->mount, 8, &mount);
	bpf_core_read(&walk->dentry, 8, &path->dentry);
	bpf_core_read(&walk->root, 8, &vfsmount->mnt_root);
}

static __always_inline void aa_walk_begin_inside(struct aa_walk *walk)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	__u64 mount = (__u64)BPF_CORE_READ(fs, root.mnt) - AA_OFFSET(mount, mnt);

	bpf_core_read(&walk->inside_dentry, 8, &fs->root.dentry);
	bpf_probe_read_kernel(&walk->inside_mount, 8, &mount);
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
static __always_inline bool aa_leaf_is_unlinked(const struct dentry *leaf)
{
	return !BPF_CORE_READ(leaf, d_hash.pprev) && (__u64)BPF_CORE_READ(leaf, d_parent) != (__u64)leaf;
}

static __always_inline bool aa_is_unlinked(const struct path *path)
{
	return aa_leaf_is_unlinked(BPF_CORE_READ(path, dentry));
}

/*
 * Writes the name that the walk has just read, and a slash before it, so that it ends at text->start, which
 * it moves. The bytes that one name can take are `slack` more than `room`, because the verifier does not
 * know that start + length stays below room. False if it does not fit.
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

/* How a walk ended. */
enum aa_walk_end {
	AA_WALK_TOO_DEEP,
	AA_WALK_ROOT,	   /* at the root of the last mount */
	AA_WALK_ANONYMOUS, /* at once: the file has a name but no place */
	AA_WALK_ABOVE,	   /* at the root of a file system, above the mount: a bind mount that was left */
	AA_WALK_NO_ROOM,
};

/*
 * Notes how the walk ended, in the record: so the verifier forgets it, and goes through what comes after the loop once
 * and not once for each turn.
 */
static __always_inline void aa_walk_ends(struct aa_text *text, enum aa_walk_end end)
{
	*(volatile __u16 *)&text->flags = (__u16)end;
}

/*
 * Notes in the record, for the same reason, that the walk stands at the root directory: total is written later, and is 0
 * from then on. Without a branch, of which the verifier would follow both ways in each turn.
 */
static __always_inline void aa_walk_look(struct aa_text *text, const struct aa_walk *walk)
{
	__u64 differ = (walk->dentry ^ walk->inside_dentry) | (walk->mount ^ walk->inside_mount);
	__u64 negative = -differ;

	AA_OPAQUE(negative); /* or clang finds that this is a comparison, and makes a branch of it */
	*(volatile __u64 *)&text->total &= (differ | negative) >> 63;
}

static __always_inline int aa_path_fill(struct aa_text *text, __u32 room, __u32 slack, __u32 depth,
					struct aa_walk *walk)
{
	*(volatile __u64 *)&text->total = 1;
	aa_walk_ends(text, AA_WALK_TOO_DEEP);
	for (__u32 i = 0; i < depth; i++) {
		__u64 dentry = walk->dentry;

		aa_walk_look(text, walk);
		if (dentry == walk->root) {
			if (aa_walk_leave_mount(walk))
				continue;
			aa_walk_ends(text, AA_WALK_ROOT);
			return 0;
		}
		aa_walk_up(walk);
		if (walk->dentry == dentry) {
			if (i != 0)
				aa_walk_ends(text, AA_WALK_ABOVE);
			else if (walk->length == 0 ||
				 aa_path_prepend(text, room, slack, walk, 0)) /* pipes: no name */
				aa_walk_ends(text, AA_WALK_ANONYMOUS);
			else
				aa_walk_ends(text, AA_WALK_NO_ROOM);
			return 0;
		}
		if (!aa_path_prepend(text, room, slack, walk, 1)) {
			aa_walk_ends(text, AA_WALK_NO_ROOM);
			return 0;
		}
	}
	return 0;
}

/* One for each size: with constants they need a third of the stack less, of which a whole chain of calls has 512 bytes. */
AA_SUBPROGRAM int aa_path_fill_96(struct aa_text *text, struct aa_walk *walk)
{
	return aa_path_fill(text, 96, 64, AA_PATH_DEPTH_96, walk);
}

AA_SUBPROGRAM int aa_path_fill_512(struct aa_text *text, struct aa_walk *walk)
{
	return aa_path_fill(text, 512, 256, AA_PATH_DEPTH_512, walk);
}

AA_SUBPROGRAM int aa_path_fill_4096(struct aa_text *text, struct aa_walk *walk)
{
	return aa_path_fill(text, 4096, 256, AA_PATH_DEPTH_4096, walk);
}

static __always_inline __u32 aa_walk_flags(__u32 end, const struct aa_walk *walk, bool outside_root)
{
	__u32 outside = outside_root ? AA_TEXT_OUTSIDE : 0;

	switch (end) {
	case AA_WALK_ROOT:
		return outside | (aa_walk_attached(walk) ? 0 : AA_TEXT_DETACHED);
	case AA_WALK_ANONYMOUS:
		return AA_TEXT_PSEUDO;
	case AA_WALK_ABOVE:
		return outside | AA_TEXT_DETACHED;
	default:
		return AA_TEXT_TRUNCATED;
	}
}

/* All bits of each byte that is not 0. */
static __always_inline __u64 aa_nonzero_bytes(__u64 word)
{
	word |= word >> 4;
	word |= word >> 2;
	word |= word >> 1;
	return (word & 0x0101010101010101ull) * 0xff;
}

/*
 * True if what stands at an address of the kernel's begins with one of the first `count` prefixes. A global function: so the
 * verifier goes through it once, and not for each size of record. Without branches on what is compared, which it would
 * follow each. A prefix is filled up with zeros; behind the end of a short path the record goes on.
 */
__attribute__((noinline)) int aa_path_begins_packed(__u64 address, __u32 count)
{
	__u64 differs = 0;

#pragma clang loop unroll(disable)
	for (__u32 at = 0; at < AA_EXCLUDE_LENGTH; at += 8) {
		__u64 word = 0;

		bpf_probe_read_kernel(&word, sizeof(word), (const void *)(address + at));
#pragma clang loop unroll(disable)
		for (__u32 i = 0; i < AA_EXCLUDES; i++) {
			__u32 key = i;
			struct aa_exclude *exclude = bpf_map_lookup_elem(&aa_excludes, &key);
			__u64 prefix, unequal, negative;

			if (!exclude)
				return 0;
			prefix = *(const __u64 *)(exclude->prefix + at);
			unequal = (word ^ prefix) & aa_nonzero_bytes(prefix);
			negative = -unequal;
			AA_OPAQUE(negative);
			differs |= (unequal | negative) >> 63 << i;
		}
	}
	return ~differs & ((1ull << (count & 31)) - 1) ? 1 : 0;
}

/* True if the path of a file is left out on request. What was cut at its beginning cannot be judged. */
AA_SUBPROGRAM int aa_path_excluded(const struct aa_text *text, __u32 room)
{
	__u32 zero = 0, start = *(const volatile __u32 *)&text->start;
	struct aa_config *config = bpf_map_lookup_elem(&aa_config, &zero);
	const char *volatile begin;
	__u64 address = 0;

	AA_OPAQUE(start);
	if (!config || config->exclude_count == 0 || start >= room ||
	    *(const volatile __u16 *)&text->flags & (AA_TEXT_TRUNCATED | AA_TEXT_PSEUDO))
		return 0;
	begin = text->data + start;
	bpf_probe_read_kernel(&address, sizeof(address), (const void *)&begin);
	return aa_path_begins_packed(address, config->exclude_count);
}

#define AA_PATH_TOO_LONG (-1)
#define AA_PATH_LOST	 (-2)

/* The arguments of aa_path_text_packed(). */
struct aa_path_order {
	const struct path *path;
	__u64 time_ns;
	__u64 start_ns;
	__u64 ids;
	__u64 where;
};

/* Sends the path in a record with room for `room` bytes. Returns AA_TEXT_* flags or one of the above. */
static __always_inline int aa_path_try(const struct aa_path_order *order, __u32 room, __u32 slack, bool last)
{
	const struct path *path = order->path;
	__u64 ids = order->ids, where = order->where;
	struct aa_header base;
	struct aa_walk walk;
	struct aa_text *text;
	__u32 flags, end;

	/* Unpacked for each size anew: kept, it would take more of the stack than there is. */
	AA_OPAQUE(ids);
	AA_OPAQUE(where);
	base = aa_unpack(order->time_ns, order->start_ns, ids, where);
	aa_walk_begin(&walk, path);
	aa_walk_begin_inside(&walk);
	text = aa_reserve(&base, AA_EVENT_TEXT, sizeof(*text) + room + slack);
	if (!text)
		return AA_PATH_LOST;
	aa_zero(text->data, room + slack);
	text->start = room;
	if (room == 96)
		aa_path_fill_96(text, &walk);
	else if (room == 512)
		aa_path_fill_512(text, &walk);
	else
		aa_path_fill_4096(text, &walk);
	end = *(volatile __u16 *)&text->flags;
	if (!last && (end == AA_WALK_NO_ROOM || end == AA_WALK_TOO_DEEP)) {
		aa_discard(text);
		return AA_PATH_TOO_LONG;
	}
	flags = aa_walk_flags(end, &walk, *(volatile __u64 *)&text->total) |
		(aa_is_unlinked(path) ? AA_TEXT_UNLINKED : 0);
	if (!(text->header.flags & AA_FLAG_ACTIVITY))
		flags &= ~AA_TEXT_OUTSIDE;
	if (text->start == room && end != AA_WALK_ANONYMOUS) {
		text->start = room - 1;
		text->data[room - 1] = '/';
	}
	*(volatile __u16 *)&text->flags = (__u16)flags;
	if (!(aa_packed_options(where) & AA_PATH_KEEP) && aa_path_excluded(text, room)) {
		aa_discard(text);
		return AA_PATH_EXCLUDED;
	}
	text->length = room - text->start;
	text->total = text->length;
	text->offset = 0;
	text->field = (__u16)aa_packed_field(where);
	flags = *(volatile __u16 *)&text->flags;
	aa_submit(text);
	return (int)flags;
}

/* True for the root of the mount namespace: only mounts are above it, no names. */
static __always_inline bool aa_path_is_root(const struct path *path)
{
	struct aa_walk walk;

	aa_walk_begin(&walk, path);
	for (__u32 i = 0; i < AA_ROOT_MOUNTS; i++) {
		if (walk.dentry != walk.root)
			return false;
		if (!aa_walk_leave_mount(&walk))
			return aa_walk_attached(&walk);
	}
	return false;
}

/*
 * See path.h. The ring's bytes are what a flood of files is bounded by, so the first size is for what most paths are
 * (30 to 90 bytes).
 */
int aa_path_text_packed(__u64 path_address, __u64 time_ns, __u64 start_ns, __u64 ids, __u64 where)
{
	struct aa_path_order order = { (const struct path *)path_address, time_ns, start_ns, ids, where };
	int r;

	if (aa_packed_options(where) & AA_PATH_ONLY_CHROOT && aa_path_is_root(order.path))
		return 0;
	r = aa_path_try(&order, 96, 64, false);
	if (r == AA_PATH_TOO_LONG)
		r = aa_path_try(&order, 512, 256, false);
	if (r == AA_PATH_TOO_LONG)
		r = aa_path_try(&order, 4096, 256, true);
	return r == AA_PATH_LOST ? 0 : r;
}

static __always_inline void aa_walk_begin_at(struct aa_walk *walk, __u64 dentry, __u64 vfsmount)
{
	__u64 mount = vfsmount - AA_OFFSET(mount, mnt);

	bpf_probe_read_kernel(&walk->mount, 8, &mount);
	bpf_probe_read_kernel(&walk->dentry, 8, &dentry);
	bpf_core_read(&walk->root, 8, &((struct vfsmount *)vfsmount)->mnt_root);
}

/* See path.h. In one size: it is copied to where it is sent, and that in a size that fits. */
int aa_path_note(__u64 dentry, __u64 vfsmount, __u64 key, __u32 options)
{
	struct aa_text *text;
	struct aa_walk walk;
	__u32 zero = 0, flags, end;

	text = bpf_map_lookup_elem(&aa_note_empty, &zero);
	if (!text || bpf_map_update_elem(&aa_note_paths, &key, text, BPF_ANY) != 0)
		return 0;
	text = bpf_map_lookup_elem(&aa_note_paths, &key);
	if (!text)
		return 0;
	aa_walk_begin_at(&walk, dentry, vfsmount);
	aa_walk_begin_inside(&walk);
	text->start = AA_NOTE_ROOM;
	aa_path_fill_4096(text, &walk);
	end = *(volatile __u16 *)&text->flags;
	flags = aa_walk_flags(end, &walk, *(volatile __u64 *)&text->total);
	if (options & AA_NOTE_MAYBE_UNLINKED && aa_leaf_is_unlinked((const struct dentry *)dentry))
		flags |= AA_TEXT_UNLINKED;
	if (text->start == AA_NOTE_ROOM) {
		text->start = AA_NOTE_ROOM - 1;
		text->data[AA_NOTE_ROOM - 1] = '/';
	}
	*(volatile __u16 *)&text->flags = (__u16)flags;
	return 0;
}
