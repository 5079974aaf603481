// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Names, by the functions that do it: unlink(2), unlinkat(2), their 32-bit forms and io_uring's call do_unlinkat(), and so
 * on; fs/namei.c, 5.10 to 6.18. 7.x names them filename_*. They fetch the name themselves, or get the error of that, so
 * every failure but that of unknown flags (EINVAL) is seen.
 */
#include "vfs.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Also forgets what was noted of the call. */
static __always_inline int aa_vfs_names_ended(int result)
{
	__u64 thread = bpf_get_current_pid_tgid(), second = thread | AA_NOTE_SECOND;

	if (aa_vfs_call_now(AA_SYSCALL_NAMES).call == AA_CALL_NONE)
		return 0;
	aa_vfs_call_ended(result);
	bpf_map_delete_elem(&aa_notes, &thread);
	bpf_map_delete_elem(&aa_note_paths, &thread);
	bpf_map_delete_elem(&aa_note_paths, &second);
	return 0;
}

SEC("fexit/do_unlinkat")
int BPF_PROG(aa_unlink_fexit, int dfd, const void *name, long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/filename_unlinkat")
int BPF_PROG(aa_unlink7_fexit, int dfd, const void *name, long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/do_rmdir")
int BPF_PROG(aa_rmdir_fexit, int dfd, const void *name, long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/filename_rmdir")
int BPF_PROG(aa_rmdir7_fexit, int dfd, const void *name, long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/do_renameat2")
int BPF_PROG(aa_move_fexit, int dfd, const void *from, int new_dfd, const void *to, unsigned int flags,
	     long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/filename_renameat2")
int BPF_PROG(aa_move7_fexit, int dfd, const void *from, int new_dfd, const void *to, unsigned int flags,
	     long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/do_linkat")
int BPF_PROG(aa_link_fexit, int dfd, const void *from, int new_dfd, const void *to, int flags, long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/filename_linkat")
int BPF_PROG(aa_link7_fexit, int dfd, const void *from, int new_dfd, const void *to, int flags, long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/do_symlinkat")
int BPF_PROG(aa_symlink_fexit, const void *from, int dfd, const void *to, long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/filename_symlinkat")
int BPF_PROG(aa_symlink7_fexit, const void *from, int dfd, const void *to, long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/do_mkdirat")
int BPF_PROG(aa_mkdir_fexit, int dfd, const void *name, int mode, long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/filename_mkdirat")
int BPF_PROG(aa_mkdir7_fexit, int dfd, const void *name, int mode, long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/do_mknodat")
int BPF_PROG(aa_mknod_fexit, int dfd, const void *name, int mode, unsigned int device, long result)
{
	return aa_vfs_names_ended((int)result);
}

SEC("fexit/filename_mknodat")
int BPF_PROG(aa_mknod7_fexit, int dfd, const void *name, int mode, unsigned int device, long result)
{
	return aa_vfs_names_ended((int)result);
}
