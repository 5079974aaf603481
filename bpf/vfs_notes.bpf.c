// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which files lose and get names: noted where the kernel asks the security modules, with the directory locked, just
 * before it acts (fs/namei.c: vfs_unlink() and its kin, 5.10 to 7.2, the same arguments everywhere), for the record at the
 * end of the call (vfs_names.bpf.c). An overlay file system asks again for the layer below: the first note counts, that of
 * the file that the program means.
 *
 * That gives the inodes. A path takes the mount, too. Each of these calls asks it for write access before it locks the
 * directory, and has one mount only, also for two names (EXDEV else): fs/namei.c, mnt_want_write() in do_unlinkat(),
 * do_rmdir(), do_renameat2(), and in filename_create() for what is made.
 */
#include "change.h"
#include "vfs.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline bool aa_notes_wanted(void)
{
	return aa_vfs_call_now(AA_SYSCALL_NAMES).call != AA_CALL_NONE;
}

/* The note of the current thread, made if it has none. Without more than that: who wants it looks it up. */
AA_SUBPROGRAM int aa_note_begin(void)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct aa_note note = {};

	bpf_map_update_elem(&aa_notes, &thread, &note, BPF_NOEXIST);
	return 0;
}

/*
 * The last one before the act counts: a call that begins anew (ESTALE) may meet another. Not a mount of no namespace that
 * an overlay has of the layers below (MNT_NS_INTERNAL, clone_private_mount()): it may want to write there while it looks a
 * name up (ovl_fix_origin()).
 */
AA_SUBPROGRAM int aa_note_mount(const struct vfsmount *vfsmount)
{
	__u64 thread = bpf_get_current_pid_tgid(), address = aa_address_of(vfsmount);
	struct mount *mount = (struct mount *)(address - AA_OFFSET(mount, mnt));
	struct aa_note *note;

	if ((__u64)BPF_CORE_READ(mount, mnt_ns) >= (__u64)-4095)
		return 0;
	aa_note_begin();
	note = bpf_map_lookup_elem(&aa_notes, &thread);
	if (note && !note->met)
		note->mount = address;
	return 0;
}

/* The path of a dentry, unless it belongs to another file system than the mount, which then is not its. */
AA_SUBPROGRAM int aa_note_path(const struct aa_note *note, const struct dentry *dentry, __u64 second,
			       __u32 options)
{
	__u64 key = bpf_get_current_pid_tgid() | second;
	const struct vfsmount *vfsmount = (const struct vfsmount *)note->mount;

	if (!vfsmount || !dentry || BPF_CORE_READ(vfsmount, mnt_sb) != BPF_CORE_READ(dentry, d_sb))
		return 0;
	aa_path_note(aa_address_of(dentry), note->mount, key, options);
	return 0; /* all that a fentry program may return */
}

static __always_inline void aa_note_node(struct aa_node *node, const struct dentry *dentry)
{
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);

	if (inode)
		aa_node_read(node, inode);
}

/* The current thread's note, if it is the first time in this call that a file is met. */
static __always_inline struct aa_note *aa_note_first(void)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct aa_note *note;

	aa_note_begin();
	note = bpf_map_lookup_elem(&aa_notes, &thread);
	if (!note || note->met)
		return NULL;
	note->met = 1;
	return note;
}

/* One file, which has its inode. */
AA_SUBPROGRAM int aa_note_one(const struct dentry *dentry)
{
	struct aa_note *note = aa_note_first();

	if (!note)
		return 0;
	aa_note_node(&note->node, dentry);
	return aa_note_path(note, dentry, 0, 0);
}

/* One file that will have its inode. */
AA_SUBPROGRAM int aa_note_made(const struct dentry *dentry)
{
	struct aa_note *note = aa_note_first();

	if (!note)
		return 0;
	note->made = aa_address_of(dentry);
	return aa_note_path(note, dentry, 0, 0);
}

/* Two names. options are those of the first; the second may have an inode or not. */
AA_SUBPROGRAM int aa_note_two(const struct dentry *from, const struct dentry *to, __u32 options)
{
	struct aa_note *note = aa_note_first();

	if (!note)
		return 0;
	aa_note_node(&note->node, from);
	aa_note_node(&note->node2, to);
	aa_note_path(note, from, 0, options);
	return aa_note_path(note, to, AA_NOTE_SECOND, 0);
}

SEC("fentry/mnt_want_write")
int BPF_PROG(aa_mount_node, const struct vfsmount *vfsmount)
{
	return aa_notes_wanted() ? aa_note_mount(vfsmount) : 0;
}

SEC("fentry/security_inode_unlink")
int BPF_PROG(aa_unlink_node, const void *directory, const struct dentry *dentry)
{
	return aa_notes_wanted() ? aa_note_one(dentry) : 0;
}

SEC("fentry/security_inode_rmdir")
int BPF_PROG(aa_rmdir_node, const void *directory, const struct dentry *dentry)
{
	return aa_notes_wanted() ? aa_note_one(dentry) : 0;
}

SEC("fentry/security_inode_rename")
int BPF_PROG(aa_move_node, const void *from_directory, const struct dentry *from, const void *to_directory,
	     const struct dentry *to)
{
	return aa_notes_wanted() ? aa_note_two(from, to, 0) : 0;
}

/* Also of a file without a name (O_TMPFILE). */
SEC("fentry/security_inode_link")
int BPF_PROG(aa_link_node, const struct dentry *from, const void *directory, const struct dentry *to)
{
	return aa_notes_wanted() ? aa_note_two(from, to, AA_NOTE_MAYBE_UNLINKED) : 0;
}

SEC("fentry/security_inode_symlink")
int BPF_PROG(aa_symlink_node, const void *directory, const struct dentry *dentry)
{
	return aa_notes_wanted() ? aa_note_made(dentry) : 0;
}

SEC("fentry/security_inode_mkdir")
int BPF_PROG(aa_mkdir_node, const void *directory, const struct dentry *dentry)
{
	return aa_notes_wanted() ? aa_note_made(dentry) : 0;
}

SEC("fentry/security_inode_mknod")
int BPF_PROG(aa_mknod_node, const void *directory, const struct dentry *dentry)
{
	return aa_notes_wanted() ? aa_note_made(dentry) : 0;
}

/* mknod(2) of a regular file */
SEC("fentry/security_inode_create")
int BPF_PROG(aa_create_node, const void *directory, const struct dentry *dentry)
{
	return aa_notes_wanted() ? aa_note_made(dentry) : 0;
}
