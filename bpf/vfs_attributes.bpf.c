// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attributes, by the functions that all forms of chmod(2), chown(2) ... come together in, before the name is looked up: so
 * a name that is not there is seen, too. chmod(2), truncate(2), and all by descriptor, by the functions of the calls themselves. Looked up in 5.10 to
 * 7.2; where they differ each form has a program, and the table takes what fits.
 */
#include "vfs.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("fexit/" AA_SYSCALL_FUNCTION(chmod))
int BPF_PROG(aa_chmod_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(fchmodat))
int BPF_PROG(aa_fchmodat_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(fchmodat2))
int BPF_PROG(aa_fchmodat2_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(chmod))
int BPF_PROG(aa_chmod32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(fchmodat))
int BPF_PROG(aa_fchmodat32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(fchmodat2))
int BPF_PROG(aa_fchmodat2_32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/do_fchownat")
int BPF_PROG(aa_chown_fexit, int dfd, const void *name, unsigned int user, unsigned int group, int flags,
	     long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/do_utimes")
int BPF_PROG(aa_utimes_fexit, int dfd, const void *name, const void *times, int flags, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(truncate))
int BPF_PROG(aa_truncate_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_COMPAT(truncate))
int BPF_PROG(aa_truncate32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_WIDE(truncate64))
int BPF_PROG(aa_truncate64_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/path_setxattr")
int BPF_PROG(aa_setxattr_fexit, const void *path, const void *name, const void *value, __u64 size, int flags,
	     unsigned int lookup, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

/* Also fsetxattr(2); 6140be90ec70 ("fs/xattr: add *at family syscalls", 6.13). Seven arguments: 6.6 on x86_64. */
SEC("fexit/path_setxattrat")
int BPF_PROG(aa_setxattrat_fexit, int dfd, const void *path, unsigned int at_flags, const void *name,
	     const void *value, __u64 size, int flags, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/path_removexattr")
int BPF_PROG(aa_removexattr_fexit, const void *path, const void *name, unsigned int lookup, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/path_removexattrat")
int BPF_PROG(aa_removexattrat_fexit, int dfd, const void *path, unsigned int at_flags, const void *name,
	     long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

/*
 * By descriptor: compilers put the functions that look promising (ksys_fallocate(), do_sys_ftruncate() ...) into their
 * callers, where no hook is.
 */
SEC("fexit/" AA_SYSCALL_FUNCTION(fchmod))
int BPF_PROG(aa_fchmod_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(fchown))
int BPF_PROG(aa_fchown_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(ftruncate))
int BPF_PROG(aa_ftruncate_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(fallocate))
int BPF_PROG(aa_fallocate_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(fsetxattr))
int BPF_PROG(aa_fsetxattr_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION(fremovexattr))
int BPF_PROG(aa_fremovexattr_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(fchmod))
int BPF_PROG(aa_fchmod32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(fchown))
int BPF_PROG(aa_fchown32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(fchown16))
int BPF_PROG(aa_fchown16_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_COMPAT(ftruncate))
int BPF_PROG(aa_ftruncate32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_WIDE(ftruncate64))
int BPF_PROG(aa_ftruncate64_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_WIDE(fallocate))
int BPF_PROG(aa_fallocate32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(fsetxattr))
int BPF_PROG(aa_fsetxattr32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}

SEC("fexit/" AA_SYSCALL_FUNCTION_32(fremovexattr))
int BPF_PROG(aa_fremovexattr32_fexit, const void *unused, long result)
{
	return aa_vfs_ended(AA_SYSCALL_ATTRIBUTES, (int)result);
}
