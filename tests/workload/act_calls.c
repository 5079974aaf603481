/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of system calls by name, and calls by int $0x80. */
#include "acts.h"

#include <string.h>
#include <sys/syscall.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#endif
#ifndef SYS_removexattrat
#define SYS_removexattrat 466
#endif

struct call {
	const char *name;
	int native;
	int i386; /* 0: not used by a test */
	bool is_fd;
};

static const struct call calls[] = {
#ifdef SYS_open
	{ "open", SYS_open, 5, true },
	{ "creat", SYS_creat, 8, true },
	{ "unlink", SYS_unlink, 10, false },
	{ "rmdir", SYS_rmdir, 40, false },
	{ "mkdir", SYS_mkdir, 39, false },
	{ "mknod", SYS_mknod, 14, false },
	{ "rename", SYS_rename, 38, false },
	{ "link", SYS_link, 9, false },
	{ "symlink", SYS_symlink, 83, false },
	{ "chmod", SYS_chmod, 15, false },
	{ "chown", SYS_chown, 212, false },
	{ "lchown", SYS_lchown, 198, false },
	{ "utime", SYS_utime, 30, false },
	{ "utimes", SYS_utimes, 271, false },
	{ "futimesat", SYS_futimesat, 299, false },
	{ "dup2", SYS_dup2, 63, false },
	/* forms that only 32-bit programs have: ids of 16 bits, lengths in two registers, umount without flags */
	{ "chown16", -1, 182, false },
	{ "lchown16", -1, 16, false },
	{ "fchown16", -1, 95, false },
	{ "truncate64", -1, 193, false },
	{ "ftruncate64", -1, 194, false },
	{ "umount", -1, 22, false },
#endif
	{ "openat", SYS_openat, 295, true },
	{ "openat2", SYS_openat2, 437, true },
	{ "close", SYS_close, 6, false },
	{ "read", SYS_read, 3, false },
	{ "write", SYS_write, 4, false },
	{ "pread64", SYS_pread64, 180, false },
	{ "pwrite64", SYS_pwrite64, 181, false },
	{ "readv", SYS_readv, 0, false },
	{ "writev", SYS_writev, 0, false },
	{ "preadv", SYS_preadv, 0, false },
	{ "pwritev", SYS_pwritev, 0, false },
	{ "preadv2", SYS_preadv2, 0, false },
	{ "pwritev2", SYS_pwritev2, 0, false },
	{ "sendfile", SYS_sendfile, 0, false },
	{ "copy_file_range", SYS_copy_file_range, 0, false },
	{ "splice", SYS_splice, 0, false },
	{ "tee", SYS_tee, 0, false },
	{ "vmsplice", SYS_vmsplice, 0, false },
	{ "lseek", SYS_lseek, 0, false },
	{ "getdents64", SYS_getdents64, 220, false },
	{ "ioctl", SYS_ioctl, 0, false },
	{ "fsync", SYS_fsync, 0, false },
	{ "truncate", SYS_truncate, 92, false },
	{ "ftruncate", SYS_ftruncate, 93, false },
	{ "fallocate", SYS_fallocate, 324, false },
	{ "unlinkat", SYS_unlinkat, 301, false },
	{ "renameat", SYS_renameat, 302, false },
	{ "renameat2", SYS_renameat2, 353, false },
	{ "linkat", SYS_linkat, 303, false },
	{ "symlinkat", SYS_symlinkat, 304, false },
	{ "mkdirat", SYS_mkdirat, 296, false },
	{ "mknodat", SYS_mknodat, 297, false },
	{ "fchmod", SYS_fchmod, 94, false },
	{ "fchmodat", SYS_fchmodat, 306, false },
	{ "fchmodat2", SYS_fchmodat2, 452, false },
	{ "fchown", SYS_fchown, 207, false },
	{ "fchownat", SYS_fchownat, 298, false },
	{ "utimensat", SYS_utimensat, 320, false },
	{ "setxattr", SYS_setxattr, 226, false },
	{ "lsetxattr", SYS_lsetxattr, 227, false },
	{ "fsetxattr", SYS_fsetxattr, 228, false },
	{ "setxattrat", SYS_setxattrat, 463, false },
	{ "removexattr", SYS_removexattr, 235, false },
	{ "lremovexattr", SYS_lremovexattr, 236, false },
	{ "fremovexattr", SYS_fremovexattr, 237, false },
	{ "removexattrat", SYS_removexattrat, 466, false },
	{ "chdir", SYS_chdir, 12, false },
	{ "fchdir", SYS_fchdir, 133, false },
	{ "chroot", SYS_chroot, 61, false },
	{ "mount", SYS_mount, 21, false },
	{ "umount2", SYS_umount2, 52, false },
	{ "pivot_root", SYS_pivot_root, 217, false },
	{ "unshare", SYS_unshare, 0, false },
	{ "setgid", SYS_setgid, 0, false },
	{ "setuid", SYS_setuid, 0, false },
	{ "umask", SYS_umask, 0, false },
	{ "dup", SYS_dup, 0, true },
	{ "dup3", SYS_dup3, 0, true },
	{ "fcntl", SYS_fcntl, 0, false },
	{ "memfd_create", SYS_memfd_create, 0, true },
	{ "pidfd_open", SYS_pidfd_open, 0, false },
	{ "pidfd_getfd", SYS_pidfd_getfd, 0, true },
	{ "close_range", SYS_close_range, 0, false },
	{ "mmap", SYS_mmap, 0, false },
	{ "munmap", SYS_munmap, 0, false },
	{ "getppid", SYS_getppid, 0, false },
	{ "eventfd2", SYS_eventfd2, 0, false },
};

long act_syscall_number(const char *name, bool compat, bool *ret_is_fd)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (strcmp(calls[i].name, name) == 0) {
			*ret_is_fd = calls[i].is_fd;
			if (compat)
				return calls[i].i386 ? calls[i].i386 : -1;
			return calls[i].native;
		}
	return -1;
}

long act_syscall_i386(long number, const long *values)
{
#ifdef __x86_64__
	register long sixth __asm__("r12") = values[5];
	long result;

	/* The sixth argument goes into the frame pointer, which a compiler may be using; below the stack is the red zone. */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpush %%rbp\n\tmov %%r12, %%rbp\n\tint $0x80\n\t"
			 "pop %%rbp\n\tlea 128(%%rsp), %%rsp"
			 : "=a"(result)
			 : "a"(number), "b"(values[0]), "c"(values[1]), "d"(values[2]), "S"(values[3]),
			   "D"(values[4]), "r"(sixth)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
#else
	(void)number;
	(void)values;
	return -38;
#endif
}
