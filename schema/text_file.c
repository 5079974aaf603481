/* SPDX-License-Identifier: Apache-2.0 */
/* Small files of the kernel's; see text.h. */
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "memory.h"

int aa_text_read_at(int directory, const char *path, char *ret_text, size_t size)
{
	aa_cleanup_close int fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length;

	ret_text[0] = '\0';
	if (fd < 0)
		return -errno;
	length = read(fd, ret_text, size - 1);
	if (length < 0)
		return -errno;
	if (length > 0 && ret_text[length - 1] == '\n')
		length--;
	ret_text[length] = '\0';
	return 0;
}

int aa_text_read(const char *path, char *ret_text, size_t size)
{
	return aa_text_read_at(AT_FDCWD, path, ret_text, size);
}
