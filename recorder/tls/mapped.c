// SPDX-License-Identifier: Apache-2.0
/* See mapped.h. */
#include "mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "memory.h"

#define DEVICE(major, minor) ((uint32_t)(major) << 20 | (uint32_t)(minor))

/* A number that after stands behind; *at moves on behind that. */
static bool take_number(const char **at, int base, char after, uint64_t *ret_value)
{
	char *end;

	errno = 0;
	*ret_value = strtoull(*at, &end, base);
	if (end == *at || *end != after || errno != 0)
		return false;
	*at = end + 1;
	return true;
}

/* begin-end perms offset major:minor inode path; fs/proc/task_mmu.c, show_map_vma(). */
int aa_mapping_parse(const char *line, struct aa_mapping *ret_mapping)
{
	uint64_t device_major, device_minor, offset;
	const char *at = line;

	*ret_mapping = (struct aa_mapping){ 0 };
	if (!take_number(&at, 16, '-', &ret_mapping->begin) ||
	    !take_number(&at, 16, ' ', &ret_mapping->end) || strcspn(at, " ") != 4)
		return -EINVAL;
	ret_mapping->executable = at[2] == 'x';
	at += strlen("r-xp");
	if (!take_number(&at, 16, ' ', &offset) || !take_number(&at, 16, ':', &device_major) ||
	    !take_number(&at, 16, ' ', &device_minor))
		return -EINVAL;
	ret_mapping->device = DEVICE(device_major, device_minor);
	if (!take_number(&at, 10, ' ', &ret_mapping->inode)) /* the last one, if there is no file */
		return ret_mapping->inode == 0 ? 0 : -EINVAL;
	at += strspn(at, " ");
	(void)snprintf(ret_mapping->path, sizeof(ret_mapping->path), "%.*s", (int)strcspn(at, "\n"), at);
	return 0;
}

static int walk_lines(FILE *file, struct aa_mapping *mapping, aa_mapping_fn *each, void *context)
{
	char *line = NULL;
	size_t size = 0;
	int r = 0;

	while (r == 0 && getline(&line, &size, file) > 0)
		if (aa_mapping_parse(line, mapping) == 0 && mapping->executable && mapping->inode != 0)
			r = each(context, mapping);
	free(line);
	return r;
}

int aa_mappings_walk(uint32_t tgid, aa_mapping_fn *each, void *context)
{
	struct aa_mapping *mapping;
	char path[32];
	FILE *file;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%" PRIu32 "/maps", tgid);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	mapping = malloc(sizeof(*mapping));
	r = mapping ? walk_lines(file, mapping, each, context) : -ENOMEM;
	free(mapping);
	(void)fclose(file);
	return r;
}

/* First without opening it: opening a device or a pipe does something. */
int aa_mapped_open_path(const char *path, struct aa_mapped *ret_mapped)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	aa_cleanup_close int found = open(path, O_PATH | O_CLOEXEC);
	char link[64];
	struct statfs fs;
	struct stat st;
	ssize_t size;
	int fd;

	if (found < 0 || fstat(found, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", found);
	fd = open(link, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = open(link, flags);
	if (fd < 0)
		return -errno;
	size = readlink(link, ret_mapped->path, sizeof(ret_mapped->path) - 1);
	ret_mapped->path[size > 0 ? size : 0] = '\0';
	ret_mapped->fd = fd;
	ret_mapped->device = st.st_dev;
	ret_mapped->inode = st.st_ino;
	ret_mapped->size_bytes = (uint64_t)st.st_size;
	ret_mapped->changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	ret_mapped->status_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	ret_mapped->is_overlay = fstatfs(fd, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC;
	return 0;
}

void aa_mapped_close(struct aa_mapped *mapped)
{
	if (mapped->fd >= 0)
		(void)close(mapped->fd);
	mapped->fd = -1;
}

uint32_t aa_mapped_generation(int fd)
{
	uint32_t generation[2] = { 0 }; /* the request is declared with a long, and writes an int */

	return ioctl(fd, FS_IOC_GETVERSION, generation) < 0 ? 0 : generation[0];
}

static int open_map_file(uint32_t tgid, uint64_t begin, uint64_t end, struct aa_mapped *ret_mapped)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "/proc/%" PRIu32 "/map_files/%" PRIx64 "-%" PRIx64, tgid, begin,
		       end);
	return aa_mapped_open_path(path, ret_mapped);
}

uint32_t aa_mapped_device(uint64_t device)
{
	return DEVICE(major(device), minor(device));
}

static bool is_inode(const struct aa_mapped *mapped, uint64_t inode, uint32_t device)
{
	return mapped->inode == inode && aa_mapped_device(mapped->device) == device;
}

/* By its name, where map_files asks for a capability that is not there: only if the number is right. */
static int open_name(uint32_t tgid, const struct aa_mapping *mapping, struct aa_mapped *ret_mapped)
{
	char path[sizeof(mapping->path) + 32];
	int r;

	if (mapping->path[0] != '/')
		return -ENOENT;
	(void)snprintf(path, sizeof(path), "/proc/%" PRIu32 "/root%s", tgid, mapping->path);
	r = aa_mapped_open_path(path, ret_mapped);
	if (r == 0 && ret_mapped->inode != mapping->inode) {
		aa_mapped_close(ret_mapped);
		return -ENOENT;
	}
	return r;
}

int aa_mapped_open_mapping(uint32_t tgid, const struct aa_mapping *mapping, struct aa_mapped *ret_mapped)
{
	int r = open_map_file(tgid, mapping->begin, mapping->end, ret_mapped);

	return r == -EPERM || r == -EACCES ? open_name(tgid, mapping, ret_mapped) : r;
}

struct search {
	const struct aa_request *request;
	struct aa_mapped *mapped;
	int error;
};

/*
 * What maps says is what the kernel side has seen, on every file system; stat(2) may say something else. The range may
 * have grown, or been split, since.
 */
static int try_mapping(void *context, const struct aa_mapping *mapping)
{
	struct search *search = context;
	const struct aa_request *request = search->request;

	if (mapping->inode != request->inode || mapping->device != request->device)
		return 0;
	search->error = aa_mapped_open_mapping(request->tgid, mapping, search->mapped);
	return search->error == 0 ? 1 : 0;
}

int aa_mapped_open(const struct aa_request *request, struct aa_mapped *ret_mapped)
{
	struct search search = { .request = request, .mapped = ret_mapped, .error = -ENOENT };
	char path[32];
	int r;

	*ret_mapped = (struct aa_mapped){ .fd = -1 };
	if ((request->flags & AA_REQUEST_EXEC) != 0) {
		(void)snprintf(path, sizeof(path), "/proc/%" PRIu32 "/exe", request->tgid);
		r = aa_mapped_open_path(path, ret_mapped);
	} else {
		r = open_map_file(request->tgid, request->begin, request->end, ret_mapped);
	}
	if (r == 0 && is_inode(ret_mapped, request->inode, request->device))
		return 0;
	aa_mapped_close(ret_mapped);
	r = aa_mappings_walk(request->tgid, try_mapping, &search);
	if (r < 0)
		return r;
	return r == 0 ? search.error : 0;
}
