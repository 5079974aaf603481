/* SPDX-License-Identifier: Apache-2.0 */
/* See security.h. */
#include "security.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "memory.h"

#define SECURITY_PATH  "/sys/kernel/security"
#define SECURITY_MAGIC 0x73636673 /* include/uapi/linux/magic.h */

/* include/uapi/linux/mount.h, since 5.2; the libc of 2021 has no names for them. */
#define OPEN_CLOEXEC  1
#define MOUNT_CLOEXEC 1
#define CONFIG_CREATE 6

static int read_at(int directory, const char *name, char *text, size_t size)
{
	aa_cleanup_close int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	if (length < 0)
		return -errno;
	if (length > 0 && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	return 0;
}

/*
 * Containers and small systems often don't mount securityfs. A mount of our own that stands in no tree shows the same
 * files, and is gone with its descriptor.
 */
static int open_private(void)
{
	aa_cleanup_close int context = (int)syscall(SYS_fsopen, "securityfs", OPEN_CLOEXEC);
	int fd;

	if (context < 0)
		return errno == ENODEV ? -ENODEV : -EPERM;
	if (syscall(SYS_fsconfig, context, CONFIG_CREATE, NULL, NULL, 0) < 0)
		return -EPERM;
	fd = (int)syscall(SYS_fsmount, context, MOUNT_CLOEXEC, 0);
	return fd < 0 ? -EPERM : fd;
}

int aa_security_read(const char *name, char *ret_text, size_t size)
{
	aa_cleanup_close int directory = open(SECURITY_PATH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs status;
	int fd;

	ret_text[0] = '\0';
	if (directory >= 0 && fstatfs(directory, &status) == 0 && status.f_type == SECURITY_MAGIC)
		return read_at(directory, name, ret_text, size);
	fd = open_private();
	if (fd < 0)
		return fd;
	if (directory >= 0)
		(void)close(directory);
	directory = fd;
	return read_at(directory, name, ret_text, size);
}
