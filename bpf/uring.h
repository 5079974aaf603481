/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is read of io_uring's requests. */
#ifndef AA_BPF_URING_H
#define AA_BPF_URING_H

#include "emit.h"

/* include/uapi/linux/io_uring.h */
enum aa_uring_op {
	AA_URING_READV = 1,
	AA_URING_WRITEV = 2,
	AA_URING_READ_FIXED = 4,
	AA_URING_WRITE_FIXED = 5,
	AA_URING_FALLOCATE = 17,
	AA_URING_OPENAT = 18,
	AA_URING_READ = 22,
	AA_URING_WRITE = 23,
	AA_URING_OPENAT2 = 28,
	AA_URING_SPLICE = 30,
	AA_URING_TEE = 33,
	AA_URING_RENAMEAT = 35,
	AA_URING_UNLINKAT = 36,
	AA_URING_MKDIRAT = 37,
	AA_URING_SYMLINKAT = 38,
	AA_URING_LINKAT = 39,
	AA_URING_FSETXATTR = 41,
	AA_URING_SETXATTR = 42,
	AA_URING_FTRUNCATE = 55,
	AA_URING_READV_FIXED = 60,
	AA_URING_WRITEV_FIXED = 61,
};

#define AA_SPLICE_F_FD_IN_FIXED (1u << 31)
#define AA_AT_REMOVEDIR		0x200u /* include/uapi/linux/fcntl.h */
#define AA_RENAME_EXCHANGE	2u     /* include/uapi/linux/fs.h */

/*
 * Each operation has a struct of its own at the beginning of struct io_kiocb, which it begins with the same member: up to
 * 5.19 they are a union there, since 6.0 io_kiocb_to_cmd() casts. So a pointer to the request is one to each of them.
 */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct filename {
	const char *name;
};

struct io_kiocb {
	struct file *file;
	__u8 opcode;
};

/* To 5.18; then the tracepoint of the completion names the request. */
struct io_kiocb___before_5_19 {
	__u64 user_data;
};

struct io_uring_cqe {
	__s32 res;
};

struct open_how {
	__u64 flags;
	__u64 mode;
	__u64 resolve;
};

struct io_open {
	int dfd;
	__u32 file_slot; /* 5.15 */
	struct filename *filename;
	struct open_how how;
};

/*
 * Since 7.2 the names are of type struct delayed_filename, whose one member is the pointer. (A type without bytes would do
 * for CO-RE, but clang 19 crashes on records of nothing else.)
 */
struct io_open___delayed {
	struct {
		void *name;
	} filename;
};

struct io_unlink {
	int dfd;
	int flags;
	struct filename *filename;
};

struct io_unlink___delayed {
	struct {
		void *name;
	} filename;
};

struct io_rename {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
	int flags;
};

struct io_rename___delayed {
	struct {
		void *name;
	} oldpath, newpath;
};

struct io_mkdir {
	int dfd;
	unsigned short mode;
	struct filename *filename;
};

struct io_mkdir___delayed {
	struct {
		void *name;
	} filename;
};

/* Of symlinkat too: oldpath is what the link says. */
struct io_link {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
	int flags;
};

struct io_link___delayed {
	struct {
		void *name;
	} oldpath, newpath;
};

struct io_sync {
	long long len;
	long long off;
	int mode;
};

struct io_ftrunc {
	long long len;
};

struct io_splice {
	int splice_fd_in; /* 6.0; before, the file */
	unsigned int flags;
};

struct io_splice___before_6_0 {
	struct file *file_in;
};

#pragma clang attribute pop

/* Address of a name of a request: see delayed_filename above. */
#define AA_URING_NAME_AT(request, type, field) \
	aa_uring_name_at((request), bpf_core_field_exists(((struct type *)0)->field) \
					    ? AA_OFFSET(type, field) \
					    : AA_OFFSET(type##___delayed, field))

static __always_inline __u64 aa_uring_name_at(const struct io_kiocb *request, __u64 offset)
{
	struct filename *name = NULL;

	bpf_probe_read_kernel(&name, sizeof(name), (const char *)request + offset);
	return (__u64)BPF_CORE_READ(name, name);
}

#endif
