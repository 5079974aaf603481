/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Calls on files that are done by name or descriptor: the kind of their record, and which argument is what. Numbers of
 * arguments begin at 1 here, so that 0 says that there is none.
 */
#ifndef AA_BPF_SHAPES_H
#define AA_BPF_SHAPES_H

#include "calls.h"
#include "event.h"

#define AA_HOW_NULL_IS_FD	 0x01u /* without a name it is done to dirfd's file */
#define AA_HOW_WORKING_DIRECTORY 0x02u /* on success the file is the working directory */
#define AA_HOW_ROOT_DIRECTORY	 0x04u /* or the root directory */
#define AA_HOW_IDS_16		 0x08u
#define AA_HOW_REMOVEDIR	 0x10u /* with AT_REMOVEDIR it is an rmdir */
#define AA_HOW_XATTR_ARGS	 0x20u /* length is a struct xattr_args, which has the flags, too */
#define AA_HOW_NOFOLLOW		 0x40u /* as with AT_SYMLINK_NOFOLLOW */
#define AA_HOW_MOVE_MOUNT	 0x80u

#define AA_RENAME_EXCHANGE 2u /* include/uapi/linux/fs.h */

struct aa_change_shape {
	__u8 kind;
	__u8 how; /* AA_HOW_* */
	__u8 fd;
	__u8 dirfd; /* 0: relative names begin at the working directory */
	__u8 name;
	__u8 dirfd2;
	__u8 name2;
	__u8 target;
	__u8 fstype;
	__u8 flags;    /* of the record */
	__u8 at_flags; /* that may have AT_EMPTY_PATH */
	__u8 mode;
	__u8 uid; /* gid is the next */
	__u8 device;
	__u8 offset;
	__u8 offset_high; /* 32-bit: the other half */
	__u8 length;
	__u8 length_high;
};

/* ARM passes 64-bit numbers in an even register and the next. */
#if defined(__TARGET_ARCH_x86)
#define AA_LENGTH64 .length = 2, .length_high = 3
#else
#define AA_LENGTH64 .length = 3, .length_high = 4
#endif

#define AA_SHAPE(call, event) [AA_CALL_##call - AA_CALL_NAMES_FIRST] = { .kind = AA_EVENT_##event,

/* clang-format off */
static const struct aa_change_shape aa_change_shapes[] = {
	AA_SHAPE(UNLINK, UNLINK) .name = 1 },
	AA_SHAPE(UNLINKAT, UNLINK) .dirfd = 1, .name = 2, .flags = 3, .how = AA_HOW_REMOVEDIR },
	AA_SHAPE(RMDIR, RMDIR) .name = 1 },
	AA_SHAPE(RENAME, RENAME) .name = 1, .name2 = 2 },
	AA_SHAPE(RENAMEAT, RENAME) .dirfd = 1, .name = 2, .dirfd2 = 3, .name2 = 4 },
	AA_SHAPE(RENAMEAT2, RENAME) .dirfd = 1, .name = 2, .dirfd2 = 3, .name2 = 4, .flags = 5 },
	AA_SHAPE(LINK, LINK) .name = 1, .name2 = 2 },
	AA_SHAPE(LINKAT, LINK) .dirfd = 1, .name = 2, .dirfd2 = 3, .name2 = 4, .flags = 5, .at_flags = 5 },
	AA_SHAPE(SYMLINK, SYMLINK) .target = 1, .name = 2 },
	AA_SHAPE(SYMLINKAT, SYMLINK) .target = 1, .dirfd = 2, .name = 3 },
	AA_SHAPE(MKDIR, MKDIR) .name = 1, .mode = 2 },
	AA_SHAPE(MKDIRAT, MKDIR) .dirfd = 1, .name = 2, .mode = 3 },
	AA_SHAPE(MKNOD, MKNOD) .name = 1, .mode = 2, .device = 3 },
	AA_SHAPE(MKNODAT, MKNOD) .dirfd = 1, .name = 2, .mode = 3, .device = 4 },

	AA_SHAPE(CHMOD, CHMOD) .name = 1, .mode = 2 },
	AA_SHAPE(FCHMOD, CHMOD) .fd = 1, .mode = 2 },
	AA_SHAPE(FCHMODAT, CHMOD) .dirfd = 1, .name = 2, .mode = 3 },
	AA_SHAPE(FCHMODAT2, CHMOD) .dirfd = 1, .name = 2, .mode = 3, .flags = 4, .at_flags = 4 },
	AA_SHAPE(CHOWN, CHOWN) .name = 1, .uid = 2 },
	AA_SHAPE(LCHOWN, CHOWN) .name = 1, .uid = 2, .how = AA_HOW_NOFOLLOW },
	AA_SHAPE(FCHOWN, CHOWN) .fd = 1, .uid = 2 },
	AA_SHAPE(FCHOWNAT, CHOWN) .dirfd = 1, .name = 2, .uid = 3, .flags = 5, .at_flags = 5 },
	AA_SHAPE(CHOWN16, CHOWN) .name = 1, .uid = 2, .how = AA_HOW_IDS_16 },
	AA_SHAPE(LCHOWN16, CHOWN) .name = 1, .uid = 2, .how = AA_HOW_IDS_16 | AA_HOW_NOFOLLOW },
	AA_SHAPE(FCHOWN16, CHOWN) .fd = 1, .uid = 2, .how = AA_HOW_IDS_16 },
	AA_SHAPE(UTIME, UTIMES) .name = 1 },
	AA_SHAPE(FUTIMESAT, UTIMES) .dirfd = 1, .name = 2, .how = AA_HOW_NULL_IS_FD },
	AA_SHAPE(UTIMENSAT, UTIMES) .dirfd = 1, .name = 2, .flags = 4, .at_flags = 4, .how = AA_HOW_NULL_IS_FD },
	AA_SHAPE(TRUNCATE, TRUNCATE) .name = 1, .length = 2 },
	AA_SHAPE(FTRUNCATE, TRUNCATE) .fd = 1, .length = 2 },
	AA_SHAPE(TRUNCATE64, TRUNCATE) .name = 1, AA_LENGTH64 },
	AA_SHAPE(FTRUNCATE64, TRUNCATE) .fd = 1, AA_LENGTH64 },
	AA_SHAPE(FALLOCATE, FALLOCATE) .fd = 1, .flags = 2, .offset = 3, .length = 4 },
	AA_SHAPE(FALLOCATE64, FALLOCATE) .fd = 1, .flags = 2, .offset = 3, .offset_high = 4, .length = 5,
					 .length_high = 6 },
	AA_SHAPE(SETXATTR, SETXATTR) .name = 1, .target = 2, .length = 4, .flags = 5 },
	AA_SHAPE(LSETXATTR, SETXATTR) .name = 1, .target = 2, .length = 4, .flags = 5, .how = AA_HOW_NOFOLLOW },
	AA_SHAPE(FSETXATTR, SETXATTR) .fd = 1, .target = 2, .length = 4, .flags = 5 },
	AA_SHAPE(SETXATTRAT, SETXATTR) .dirfd = 1, .name = 2, .at_flags = 3, .target = 4, .length = 5,
				       .how = AA_HOW_XATTR_ARGS },
	AA_SHAPE(REMOVEXATTR, REMOVEXATTR) .name = 1, .target = 2 },
	AA_SHAPE(LREMOVEXATTR, REMOVEXATTR) .name = 1, .target = 2, .how = AA_HOW_NOFOLLOW },
	AA_SHAPE(FREMOVEXATTR, REMOVEXATTR) .fd = 1, .target = 2 },
	AA_SHAPE(REMOVEXATTRAT, REMOVEXATTR) .dirfd = 1, .name = 2, .at_flags = 3, .flags = 3, .target = 4 },

	AA_SHAPE(CHDIR, CHDIR) .name = 1, .how = AA_HOW_WORKING_DIRECTORY },
	AA_SHAPE(FCHDIR, CHDIR) .fd = 1 },
	AA_SHAPE(CHROOT, CHROOT) .name = 1, .how = AA_HOW_ROOT_DIRECTORY },
	AA_SHAPE(MOUNT, MOUNT) .target = 1, .name = 2, .fstype = 3, .flags = 4 },
	AA_SHAPE(UMOUNT, UMOUNT) .name = 1, .flags = 2 },
	AA_SHAPE(UMOUNT_OLD, UMOUNT) .name = 1 },
	AA_SHAPE(MOVE_MOUNT, MOUNT) .target = 2, .dirfd = 3, .name = 4, .flags = 5, .at_flags = 5,
				    .how = AA_HOW_MOVE_MOUNT },
	AA_SHAPE(PIVOT_ROOT, PIVOT_ROOT) .name = 1, .name2 = 2 },
};
/* clang-format on */

#define AA_CHANGE_SHAPES (AA_CALL_COUNT - AA_CALL_NAMES_FIRST)

_Static_assert(sizeof(aa_change_shapes) / sizeof(aa_change_shapes[0]) == AA_CHANGE_SHAPES,
	       "a shape for each call from AA_CALL_NAMES_FIRST on");

#endif
