/* SPDX-License-Identifier: Apache-2.0 */
/* See security.h. */
#include "security.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "memory.h"
#include "mount.h"
#include "text.h"

#define SECURITY_PATH  "/sys/kernel/security"
#define SECURITY_MAGIC 0x73636673 /* include/uapi/linux/magic.h */

int aa_security_read(const char *name, char *ret_text, size_t size)
{
	aa_cleanup_close int directory = open(SECURITY_PATH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs status;
	int fd;

	ret_text[0] = '\0';
	if (directory >= 0 && fstatfs(directory, &status) == 0 && status.f_type == SECURITY_MAGIC)
		return aa_text_read_at(directory, name, ret_text, size);
	/* Containers and small systems often don't mount it. */
	fd = aa_mount_private("securityfs");
	if (fd < 0)
		return fd;
	if (directory >= 0)
		(void)close(directory);
	directory = fd;
	return aa_text_read_at(directory, name, ret_text, size);
}
