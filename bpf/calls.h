/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls that matter, by what they are: one name for all numbers that a call has in the ABIs (numbers.h), and the
 * action that its end stands for.
 */
#ifndef AA_BPF_CALLS_H
#define AA_BPF_CALLS_H

#include "order.h"

/* Calls that differ only in the width of an argument (chown and chown32) are one where nothing else has to know. */
enum aa_call {
	AA_CALL_NONE = 0,
	AA_CALL_EXECVE,
	AA_CALL_EXECVEAT,
	AA_CALL_SETSID,
	AA_CALL_CRED, /* all that change credentials */

	AA_CALL_OPEN,
	AA_CALL_CREAT,
	AA_CALL_OPENAT,
	AA_CALL_OPENAT2,
	AA_CALL_OPEN_BY_HANDLE_AT,

	AA_CALL_READ,
	AA_CALL_WRITE,
	AA_CALL_PREAD,
	AA_CALL_PWRITE,
	AA_CALL_READV,
	AA_CALL_WRITEV,
	AA_CALL_PREADV,
	AA_CALL_PWRITEV,
	AA_CALL_PREADV2,
	AA_CALL_PWRITEV2,
	AA_CALL_SENDFILE, /* and sendfile64 */
	AA_CALL_SPLICE,
	AA_CALL_TEE,
	AA_CALL_VMSPLICE,
	AA_CALL_COPY_FILE_RANGE,
	AA_CALL_IOCTL,	  /* FICLONE, FICLONERANGE */
	AA_CALL_GETDENTS, /* and getdents64, readdir */

	AA_CALL_MMAP,
	AA_CALL_MMAP2,	  /* 32-bit: the offset counts 4096 bytes */
	AA_CALL_MMAP_OLD, /* i386: the argument points to the arguments */

	/* sockets */
	AA_CALL_CONNECT,
	AA_CALL_ACCEPT,	  /* and accept4 */
	AA_CALL_SENDTO,	  /* and send */
	AA_CALL_RECVFROM, /* and recv */
	AA_CALL_SENDMSG,
	AA_CALL_RECVMSG,
	AA_CALL_SENDMMSG,
	AA_CALL_RECVMMSG,
	AA_CALL_SOCKETCALL, /* i386: one of these, whose arguments the second one points to */

	/* files get and lose names; from here on see shapes.h */
	AA_CALL_UNLINK,
	AA_CALL_UNLINKAT,
	AA_CALL_RMDIR,
	AA_CALL_RENAME,
	AA_CALL_RENAMEAT,
	AA_CALL_RENAMEAT2,
	AA_CALL_LINK,
	AA_CALL_LINKAT,
	AA_CALL_SYMLINK,
	AA_CALL_SYMLINKAT,
	AA_CALL_MKDIR,
	AA_CALL_MKDIRAT,
	AA_CALL_MKNOD,
	AA_CALL_MKNODAT,

	/* what a file has besides its bytes and names */
	AA_CALL_CHMOD,
	AA_CALL_FCHMOD,
	AA_CALL_FCHMODAT,
	AA_CALL_FCHMODAT2,
	AA_CALL_CHOWN,
	AA_CALL_LCHOWN,
	AA_CALL_FCHOWN,
	AA_CALL_FCHOWNAT,
	AA_CALL_CHOWN16, /* 32-bit: ids of 16 bits */
	AA_CALL_LCHOWN16,
	AA_CALL_FCHOWN16,
	AA_CALL_UTIME, /* and utimes */
	AA_CALL_FUTIMESAT,
	AA_CALL_UTIMENSAT,
	AA_CALL_TRUNCATE,
	AA_CALL_FTRUNCATE,
	AA_CALL_TRUNCATE64, /* 32-bit: the length comes in two registers */
	AA_CALL_FTRUNCATE64,
	AA_CALL_FALLOCATE,
	AA_CALL_FALLOCATE64, /* 32-bit: likewise */
	AA_CALL_SETXATTR,
	AA_CALL_LSETXATTR,
	AA_CALL_FSETXATTR,
	AA_CALL_SETXATTRAT,
	AA_CALL_REMOVEXATTR,
	AA_CALL_LREMOVEXATTR,
	AA_CALL_FREMOVEXATTR,
	AA_CALL_REMOVEXATTRAT,

	/* where a process stands, and what is mounted where */
	AA_CALL_CHDIR,
	AA_CALL_FCHDIR,
	AA_CALL_CHROOT,
	AA_CALL_MOUNT,
	AA_CALL_UMOUNT, /* umount2, and i386's umount without flags */
	AA_CALL_UMOUNT_OLD,
	AA_CALL_MOVE_MOUNT,
	AA_CALL_PIVOT_ROOT,

	AA_CALL_COUNT,
};

/* Beside a call: that it is a 32-bit one; and what of it is wanted, where one call is about several things. */
#define AA_CALL_COMPAT	0x100u
#define AA_CALL_FILES	0x200u
#define AA_CALL_SOCKETS 0x400u
#define AA_CALL_MAPPING 0x800u
#define AA_CALL_NUMBER	0xffu

#define AA_CALL_NAMES_FIRST	 AA_CALL_UNLINK
#define AA_CALL_ATTRIBUTES_FIRST AA_CALL_CHMOD
#define AA_CALL_PLACE_FIRST	 AA_CALL_CHDIR

/* The groups above are ranges, so the action of a call is found without another table. */
static __always_inline __u32 aa_call_action(__u32 call)
{
	if (call >= AA_CALL_PLACE_FIRST)
		return AA_SYSCALL_PLACE;
	if (call >= AA_CALL_ATTRIBUTES_FIRST)
		return AA_SYSCALL_ATTRIBUTES;
	if (call >= AA_CALL_NAMES_FIRST)
		return AA_SYSCALL_NAMES;
	if (call >= AA_CALL_CONNECT)
		return AA_SYSCALL_SOCKET;
	if (call >= AA_CALL_MMAP)
		return AA_SYSCALL_MMAP;
	if (call >= AA_CALL_READ)
		return AA_SYSCALL_TRANSFER;
	if (call >= AA_CALL_OPEN)
		return AA_SYSCALL_OPEN;
	if (call == AA_CALL_CRED)
		return AA_SYSCALL_CRED;
	if (call == AA_CALL_SETSID)
		return AA_SYSCALL_SETSID;
	return call == AA_CALL_EXECVEAT ? AA_SYSCALL_EXECVEAT : AA_SYSCALL_EXECVE;
}

#endif
