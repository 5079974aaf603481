// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Bytes, by the functions that all forms of read(2), write(2), sendfile(2), splice(2) ... come together in. A descriptor
 * that is none (EBADF) does not get there, and counts nowhere. io_uring has ways of its own to the file systems.
 */
#include "vfs.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("fexit/vfs_read")
int BPF_PROG(aa_read_fexit, struct file *file, const void *buffer, __u64 count, const void *position,
	     long result)
{
	return aa_vfs_file_ended(AA_SYSCALL_TRANSFER, file, (int)result);
}

SEC("fexit/vfs_write")
int BPF_PROG(aa_write_fexit, struct file *file, const void *buffer, __u64 count, const void *position,
	     long result)
{
	return aa_vfs_file_ended(AA_SYSCALL_TRANSFER, file, (int)result);
}

SEC("fexit/vfs_readv")
int BPF_PROG(aa_readv_fexit, struct file *file, const void *vector, __u64 length, const void *position,
	     int flags, long result)
{
	return aa_vfs_file_ended(AA_SYSCALL_TRANSFER, file, (int)result);
}

SEC("fexit/vfs_writev")
int BPF_PROG(aa_writev_fexit, struct file *file, const void *vector, __u64 length, const void *position,
	     int flags, long result)
{
	return aa_vfs_file_ended(AA_SYSCALL_TRANSFER, file, (int)result);
}

/* getdents(2) and its kin; what is read is names, not content, so the bytes are no matter. */
SEC("fexit/iterate_dir")
int BPF_PROG(aa_list_fexit, struct file *file, const void *context, long result)
{
	return aa_vfs_file_ended(AA_SYSCALL_TRANSFER, file, (int)result);
}

SEC("fexit/do_sendfile")
int BPF_PROG(aa_sendfile_fexit, int out, int in, const void *position, __u64 count, __u64 max, long result)
{
	return aa_vfs_ended(AA_SYSCALL_TRANSFER, (int)result);
}

SEC("fexit/do_splice")
int BPF_PROG(aa_splice_fexit, struct file *in, const void *in_offset, struct file *out,
	     const void *out_offset, __u64 length, unsigned int flags, long result)
{
	return aa_vfs_file_ended(AA_SYSCALL_TRANSFER, in, (int)result);
}

SEC("fexit/do_tee")
int BPF_PROG(aa_tee_fexit, struct file *in, struct file *out, __u64 length, unsigned int flags, long result)
{
	return aa_vfs_file_ended(AA_SYSCALL_TRANSFER, in, (int)result);
}

SEC("fexit/vfs_copy_file_range")
int BPF_PROG(aa_copy_fexit, struct file *in, __u64 in_position, struct file *out, __u64 out_position,
	     __u64 length, unsigned int flags, long result)
{
	return aa_vfs_file_ended(AA_SYSCALL_TRANSFER, in, (int)result);
}

/* FICLONE and FICLONERANGE */
SEC("fexit/ioctl_file_clone")
int BPF_PROG(aa_clone_fexit, struct file *to, unsigned long from, __u64 offset, __u64 length, __u64 to_offset,
	     long result)
{
	return aa_vfs_file_ended(AA_SYSCALL_TRANSFER, to, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(vmsplice))
int BPF_PROG(aa_vmsplice_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_TRANSFER, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(vmsplice))
int BPF_PROG(aa_vmsplice32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_TRANSFER, (int)result);
}
