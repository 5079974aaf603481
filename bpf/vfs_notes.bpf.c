// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which inodes lose and get names: noted where the kernel asks the security modules, with the directory locked, just
 * before it acts (fs/namei.c: vfs_unlink() and its kin, 5.10 to 7.2, the same arguments everywhere), for the record at the
 * end of the call (vfs_names.bpf.c). An overlay file system asks again for the layer below: the first note counts, that of
 * the file that the program means.
 */
#include "vfs.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline bool aa_notes_wanted(void)
{
	return aa_vfs_call_now(AA_SYSCALL_NAMES).call != AA_CALL_NONE;
}

/* The inodes of the two dentries, if they have any. */
AA_SUBPROGRAM int aa_note_send(const struct dentry *from, const struct dentry *to, const struct dentry *made)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct aa_note note = { .made = (__u64)made };
	struct inode *inode;

	inode = from ? BPF_CORE_READ(from, d_inode) : NULL;
	if (inode)
		aa_node_read(&note.node, inode);
	inode = to ? BPF_CORE_READ(to, d_inode) : NULL;
	if (inode)
		aa_node_read(&note.node2, inode);
	bpf_map_update_elem(&aa_notes, &thread, &note, BPF_NOEXIST);
	return 0;
}

SEC("fentry/security_inode_unlink")
int BPF_PROG(aa_unlink_node, const void *directory, const struct dentry *dentry)
{
	return aa_notes_wanted() ? aa_note_send(dentry, NULL, NULL) : 0;
}

SEC("fentry/security_inode_rmdir")
int BPF_PROG(aa_rmdir_node, const void *directory, const struct dentry *dentry)
{
	return aa_notes_wanted() ? aa_note_send(dentry, NULL, NULL) : 0;
}

SEC("fentry/security_inode_rename")
int BPF_PROG(aa_move_node, const void *from_directory, const struct dentry *from, const void *to_directory,
	     const struct dentry *to)
{
	return aa_notes_wanted() ? aa_note_send(from, to, NULL) : 0;
}

SEC("fentry/security_inode_link")
int BPF_PROG(aa_link_node, const struct dentry *from, const void *directory, const struct dentry *to)
{
	return aa_notes_wanted() ? aa_note_send(from, NULL, NULL) : 0;
}

SEC("fentry/security_inode_symlink")
int BPF_PROG(aa_symlink_node, const void *directory, const struct dentry *dentry)
{
	return aa_notes_wanted() ? aa_note_send(NULL, NULL, dentry) : 0;
}

SEC("fentry/security_inode_mkdir")
int BPF_PROG(aa_mkdir_node, const void *directory, const struct dentry *dentry)
{
	return aa_notes_wanted() ? aa_note_send(NULL, NULL, dentry) : 0;
}

SEC("fentry/security_inode_mknod")
int BPF_PROG(aa_mknod_node, const void *directory, const struct dentry *dentry)
{
	return aa_notes_wanted() ? aa_note_send(NULL, NULL, dentry) : 0;
}
