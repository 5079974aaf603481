/* SPDX-License-Identifier: Apache-2.0 */
/* See mount.h. */
#include "mount.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

/* include/uapi/linux/mount.h, since 5.2; the libc of 2021 has no names for them. */
#define OPEN_CLOEXEC  1
#define MOUNT_CLOEXEC 1
#define CONFIG_CREATE 6

int aa_mount_private(const char *type)
{
	aa_cleanup_close int context = (int)syscall(SYS_fsopen, type, OPEN_CLOEXEC);
	int fd;

	if (context < 0)
		return errno == ENODEV ? -ENODEV : -EPERM;
	if (syscall(SYS_fsconfig, context, CONFIG_CREATE, NULL, NULL, 0) < 0)
		return -EPERM;
	fd = (int)syscall(SYS_fsmount, context, MOUNT_CLOEXEC, 0);
	return fd < 0 ? -EPERM : fd;
}
