// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Opens, by the function that open(2), creat(2), openat(2), openat2(2) and their 32-bit forms end in, with the descriptor
 * installed (fs/open.c, 5.10 to 7.2); not by do_filp_open(), which serves exec and io_uring as well: those are recorded as
 * what they are. openat2(2) with a structure that makes no sense (EINVAL, E2BIG) does not get there.
 */
#include "vfs.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("fexit/do_sys_openat2")
int BPF_PROG(aa_open_fexit, int dfd, const void *name, const void *how, long result)
{
	return aa_vfs_ended(AA_SYSCALL_OPEN, (int)result);
}

SEC("fexit/do_handle_open")
int BPF_PROG(aa_open_handle_fexit, int mount_dfd, const void *handle, int flags, long result)
{
	return aa_vfs_ended(AA_SYSCALL_OPEN, (int)result);
}

/*
 * All of mmap(2)'s forms, but none of the kernel's own mappings (exec), come here; mm/mmap.c, 5.10 to 7.2. The address is
 * not of interest.
 */
SEC("fexit/ksys_mmap_pgoff")
int BPF_PROG(aa_mmap_fexit, unsigned long address, unsigned long length, unsigned long protection,
	     unsigned long flags, unsigned long fd, unsigned long offset, long result)
{
	return aa_vfs_ended(AA_SYSCALL_MMAP, result < 0 && result >= -AA_ERRNO_MAX ? (int)result : 0);
}
