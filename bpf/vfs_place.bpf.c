// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where a process is and what is mounted there, by the functions of the calls themselves: they are rare, and nothing else
 * of theirs is the same from 5.10 to 7.2. 32-bit calls have their own functions, where the kernel was built with them (on
 * arm64 they share the others).
 */
#include "vfs.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("fexit/" AA_SYSCALL_FUNCTION(chdir))
int BPF_PROG(aa_chdir_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(fchdir))
int BPF_PROG(aa_fchdir_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(chroot))
int BPF_PROG(aa_chroot_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(mount))
int BPF_PROG(aa_mount_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(umount))
int BPF_PROG(aa_umount_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(move_mount))
int BPF_PROG(aa_move_mount_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(pivot_root))
int BPF_PROG(aa_pivot_root_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(chdir))
int BPF_PROG(aa_chdir32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(fchdir))
int BPF_PROG(aa_fchdir32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(chroot))
int BPF_PROG(aa_chroot32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(mount))
int BPF_PROG(aa_mount32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(umount))
int BPF_PROG(aa_umount32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(oldumount))
int BPF_PROG(aa_oldumount32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(move_mount))
int BPF_PROG(aa_move_mount32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(pivot_root))
int BPF_PROG(aa_pivot_root32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_PLACE, (int)result);
}
