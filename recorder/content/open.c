/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the very file that was recorded, whatever has its name now, and opens it without side effects. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "memory.h"
#include "read.h"

/* A root directory to look in, and the mounts that are seen from there. */
struct place {
	char root[32];
	char mounts[40];
};

/*
 * One component after the other, no symlink anywhere: a walked path has none. So its length does not matter, and
 * openat2(2), which seccomp filters may not know, is not needed. Takes over directory.
 */
static int open_below(int directory, const char *path)
{
	aa_cleanup_close int at = directory;

	for (;;) {
		char name[NAME_MAX + 1];
		size_t size;
		bool last;
		int next;

		path += strspn(path, "/");
		size = strcspn(path, "/");
		if (size == 0 || size > NAME_MAX) {
			errno = size ? ENAMETOOLONG : EISDIR;
			return -1;
		}
		memcpy(name, path, size);
		name[size] = '\0';
		path += size;
		last = path[strspn(path, "/")] == '\0';
		next = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | (last ? 0 : O_DIRECTORY));
		if (next < 0 || last)
			return next;
		(void)close(at);
		at = next;
	}
}

/* "N" of the line "mnt_id: N", or -1. */
static long mount_of(int fd)
{
	char path[64], line[128];
	FILE *file;
	long id = -1;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && id < 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, "mnt_id:", 7) == 0)
			id = strtol(line + 7, NULL, 10);
	if (file)
		(void)fclose(file);
	return id;
}

/*
 * btrfs and overlayfs show another device in stat(2) than the kernel's super block has; mountinfo has that one.
 * (btrfs_getattr: stat->dev = root's anonymous device; ovl_map_dev_ino: the layer's.)
 */
static bool is_device_of_mount(const struct place *place, int fd, uint32_t device)
{
	char *line = NULL;
	size_t size = 0;
	long id = mount_of(fd);
	FILE *file = id >= 0 ? fopen(place->mounts, "re") : NULL;
	bool same = false;

	while (file && !same && getline(&line, &size, file) > 0) {
		char *end;

		/* "mount parent major:minor ..." */
		if (strtol(line, &end, 10) != id)
			continue;
		(void)strtol(end, &end, 10);
		same = strtoul(end, &end, 10) << 20 == (device & ~0xfffffu) && *end == ':' &&
		       strtoul(end + 1, NULL, 10) == (device & 0xfffff);
	}
	free(line);
	if (file)
		(void)fclose(file);
	return same;
}

/* File systems whose files are made by being read: that may wait, or take away what others wait for (trace_pipe, kmsg). */
static bool is_made_up(int fd)
{
	static const uint32_t magics[] = {
		0x9fa0 /* proc */,	  0x62656572 /* sysfs */,      0x64626720 /* debugfs */,
		0x74726163 /* tracefs */, 0x27e0eb /* cgroup */,       0x63677270 /* cgroup2 */,
		0xcafe4a11 /* bpf */,	  0x73636673 /* securityfs */, 0x62656570 /* configfs */,
		0x6165676c /* pstore */,  0xde5e81e4 /* efivarfs */,   0xf97cff8c /* selinuxfs */,
		0x42494e4d /* binfmt */,  0x65735543 /* fusectl */,    0x6e736673 /* nsfs */,
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return true;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if ((uint32_t)fs.f_type == magics[i])
			return true;
	return false;
}

/* Through the descriptor, so that it is the file that was looked at. Its access time stays as it is, where we may. */
static int reopen(int fd)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	char path[64];
	int opened;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	opened = open(path, flags | O_NOATIME);
	return opened >= 0 || errno != EPERM ? opened : open(path, flags);
}

static enum aa_content_reason reason_of(int number)
{
	switch (number) {
	case ENOENT:
		return AA_CONTENT_GONE;
	case ENOTDIR: /* a directory of its path is a symlink now, or a file */
	case EISDIR:
		return AA_CONTENT_REPLACED;
	default:
		return AA_CONTENT_UNREADABLE;
	}
}

/* A file that got the number of one that is gone. Where the file system does not say, ENOTTY: then it is not known. */
static bool is_generation(int fd, uint32_t generation)
{
	uint32_t now[2] = { 0 }; /* the request is declared with a long, and writes an int */

	return generation == 0 || ioctl(fd, FS_IOC_GETVERSION, now) < 0 || now[0] == generation;
}

static int open_in(const struct place *place, const char *path, const struct aa_content_job *job,
		   enum aa_content_reason *ret_reason)
{
	int root = open(place->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	aa_cleanup_close int fd = -1;
	struct stat st;
	int opened;

	*ret_reason = AA_CONTENT_GONE;
	if (root < 0) /* that process is gone */
		return -1;
	fd = open_below(root, path);
	if (fd < 0 || fstat(fd, &st) < 0) {
		*ret_reason = reason_of(errno);
		return -1;
	}
	if (st.st_ino != job->file.inode ||
	    ((major(st.st_dev) << 20 | minor(st.st_dev)) != job->file.device &&
	     !is_device_of_mount(place, fd, job->file.device))) {
		*ret_reason = AA_CONTENT_REPLACED;
		return -1;
	}
	if (!S_ISREG(st.st_mode)) { /* what was recorded was a regular file: it only has its number */
		*ret_reason = AA_CONTENT_REPLACED;
		return -1;
	}
	if (is_made_up(fd)) {
		*ret_reason = AA_CONTENT_NOT_REGULAR;
		return -1;
	}
	opened = reopen(fd);
	*ret_reason = opened < 0 ? AA_CONTENT_UNREADABLE : AA_CONTENT_READ;
	if (opened >= 0 && !is_generation(opened, job->file.generation)) {
		(void)close(opened);
		*ret_reason = AA_CONTENT_REPLACED;
		return -1;
	}
	return opened;
}

/* Paths begin at the root of the mount namespace; seen from a chroot below it, only their end is there. */
static const char *below_root(const struct place *place, const char *path)
{
	char root[4096];
	ssize_t size = readlink(place->root, root, sizeof(root));

	if (size <= 1 || (size_t)size >= sizeof(root) || strncmp(path, root, (size_t)size) != 0 ||
	    path[size] != '/')
		return NULL;
	return path + size;
}

/* The one that says most: a file of that name that is another one, rather than no file in some other root. */
static enum aa_content_reason worse(enum aa_content_reason a, enum aa_content_reason b)
{
	return a == AA_CONTENT_GONE ? b : a;
}

int aa_content_open(const struct aa_content_job *job, enum aa_content_reason *ret_reason)
{
	struct place place = { .root = "/", .mounts = "/proc/self/mountinfo" };
	enum aa_content_reason reason;
	int fd = open_in(&place, job->path, job, ret_reason);

	for (unsigned i = 0; i < AA_CONTENT_PIDS && job->pids[i] && fd < 0; i++) {
		const char *below;

		if (*ret_reason == AA_CONTENT_NOT_REGULAR || *ret_reason == AA_CONTENT_UNREADABLE)
			return -1;
		(void)snprintf(place.root, sizeof(place.root), "/proc/%" PRIu32 "/root", job->pids[i]);
		(void)snprintf(place.mounts, sizeof(place.mounts), "/proc/%" PRIu32 "/mountinfo",
			       job->pids[i]);
		fd = open_in(&place, job->path, job, &reason);
		below = fd < 0 ? below_root(&place, job->path) : NULL;
		if (below) {
			*ret_reason = worse(*ret_reason, reason);
			fd = open_in(&place, below, job, &reason);
		}
		*ret_reason = fd >= 0 ? reason : worse(*ret_reason, reason);
	}
	return fd;
}
