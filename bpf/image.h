/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a process runs and where: the parts of an EXEC record that an exec and a snapshot share. */
#ifndef AA_BPF_IMAGE_H
#define AA_BPF_IMAGE_H

#include "path.h"
#include "task.h"

#define TMPFS_MAGIC	0x01021994 /* include/uapi/linux/magic.h: memfd_create(2) */
#define HUGETLBFS_MAGIC 0x958458f6 /* MFD_HUGETLB */

/* True for the name that memfd_create(2) gives its files. */
static __always_inline bool aa_is_memfd(struct file *file, __u64 magic)
{
	char name[8] = {};

	if (magic != TMPFS_MAGIC && magic != HUGETLBFS_MAGIC)
		return false;
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && name[3] == 'f' && name[4] == 'd' &&
	       name[5] == ':';
}

static __always_inline __u32 aa_exe_origin_of(struct file *file, __u32 path_flags, __u32 nlink, __u64 magic)
{
	if (path_flags & AA_TEXT_PSEUDO)
		return aa_is_memfd(file, magic) ? AA_EXE_MEMFD : AA_EXE_OTHER;
	if (path_flags & AA_TEXT_UNLINKED || nlink == 0)
		return AA_EXE_UNLINKED;
	return AA_EXE_FILE;
}

/* Sends EXE, CWD, and ROOT if it is not the root of the mount namespace. Returns the flags of EXE. */
static __always_inline __u32 aa_image_paths(const struct aa_header *base, struct task_struct *task,
					    struct file *file)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	__u32 exe_flags = aa_path_text(base, &file->f_path, AA_TEXT_EXE, 0);

	aa_path_text(base, &fs->pwd, AA_TEXT_CWD, 0);
	aa_path_text(base, &fs->root, AA_TEXT_ROOT, AA_PATH_ONLY_CHROOT);
	return exe_flags;
}

/* Everything but cred, argc, envc, old_tid and interp_flags. */
AA_SUBPROGRAM int aa_image_fill(struct aa_exec *exec, struct task_struct *task, struct file *file,
				__u32 exe_flags)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct super_block *super = BPF_CORE_READ(inode, i_sb);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	aa_task_namespaces(&exec->ns, task);
	exec->exe_inode = BPF_CORE_READ(inode, i_ino);
	exec->exe_size = (__u64)BPF_CORE_READ(inode, i_size);
	exec->exe_magic = BPF_CORE_READ(super, s_magic);
	exec->exe_device = BPF_CORE_READ(super, s_dev);
	exec->exe_mode = BPF_CORE_READ(inode, i_mode);
	exec->exe_nlink = BPF_CORE_READ(inode, i_nlink);
	exec->exe_origin = aa_exe_origin_of(file, exe_flags, exec->exe_nlink, exec->exe_magic);
	exec->cgroup_id = aa_cgroup_id(task);
	exec->arg_start = BPF_CORE_READ(mm, arg_start);
	exec->arg_size = BPF_CORE_READ(mm, arg_end) - exec->arg_start;
	exec->env_size = BPF_CORE_READ(mm, env_end) - BPF_CORE_READ(mm, env_start);
	exec->ns_pid = aa_task_ns_pid(task);
	exec->sid = aa_task_signal_pid(task, AA_PIDTYPE_SID);
	exec->pgid = aa_task_signal_pid(task, AA_PIDTYPE_PGID);
	exec->tty_device = aa_task_tty(task);
	aa_task_comm(exec->comm, task);
	return 0;
}

#endif
