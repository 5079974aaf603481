// SPDX-License-Identifier: Apache-2.0
/* See linker.h. */
#include "linker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

#define OLD_MAGIC     "ld.so-1.7.0"
#define NEW_MAGIC     "glibc-ld.so.cache1.1"
#define MAX_BYTES     (64u << 20)
#define ENDIAN_MASK   3u
#define ENDIAN_LITTLE 2u
#define ENDIAN_BIG    3u
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ENDIAN_OURS ENDIAN_LITTLE
#else
#define ENDIAN_OURS ENDIAN_BIG
#endif

/* Up to glibc 2.31 ldconfig wrote this one first, for programs of the nineties. */
struct old_header {
	char magic[sizeof(OLD_MAGIC) - 1];
	uint8_t padding;
	uint32_t count;
};
#define OLD_ENTRY_SIZE 12u

struct new_header {
	char magic[sizeof(NEW_MAGIC) - 1];
	uint32_t count;
	uint32_t strings_size;
	uint8_t flags;
	uint8_t padding[3];
	uint32_t extension_offset;
	uint32_t unused[3];
};

/* Offsets count from the new header. */
struct new_entry {
	uint32_t flags;
	uint32_t soname;
	uint32_t path;
	uint32_t os_version;
	uint64_t hwcap;
};

_Static_assert(sizeof(struct old_header) == 16 && sizeof(struct new_header) == 48 &&
		       sizeof(struct new_entry) == 24,
	       "sysdeps/generic/dl-cache.h");

static bool is_likely(const char *soname)
{
	static const char *const begins[] = { "libssl", "libgnutls", "libcrypto", "libboringssl" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(soname, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* NULL if there is no terminated string. */
static const char *string_at(const char *bytes, size_t size, uint32_t offset)
{
	return offset < size && memchr(bytes + offset, '\0', size - offset) ? bytes + offset : NULL;
}

static int compare(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/* Sorts the strings, and drops those that are there twice: a library has an entry per name. */
static size_t unique(char **paths, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(paths, count, sizeof(*paths), compare);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && strcmp(paths[kept - 1], paths[i]) == 0)
			free(paths[i]);
		else
			paths[kept++] = paths[i];
	}
	return kept;
}

static int take(const char *bytes, size_t size, const struct new_header *header,
		struct aa_linker_paths *paths)
{
	for (uint32_t i = 0; i < header->count; i++) {
		struct new_entry entry;
		const char *soname, *path;

		memcpy(&entry, bytes + sizeof(*header) + i * sizeof(entry), sizeof(entry));
		soname = string_at(bytes, size, entry.soname);
		path = string_at(bytes, size, entry.path);
		if (!soname || !path || *path != '/' || !is_likely(soname))
			continue;
		paths->paths[paths->count] = strdup(path);
		if (!paths->paths[paths->count])
			return -ENOMEM;
		paths->count++;
	}
	paths->count = unique(paths->paths, paths->count);
	return 0;
}

int aa_linker_parse(const void *bytes, size_t size, struct aa_linker_paths *ret_paths)
{
	const char *begin = bytes;
	struct aa_linker_paths paths = { 0 };
	struct old_header old;
	struct new_header header;
	int r;

	if (size >= sizeof(old) && memcmp(begin, OLD_MAGIC, sizeof(old.magic)) == 0) {
		uint64_t skip;

		memcpy(&old, begin, sizeof(old));
		skip = (sizeof(old) + (uint64_t)old.count * OLD_ENTRY_SIZE + 7) & ~7ull;
		if (skip > size)
			return -EINVAL;
		begin += skip;
		size -= skip;
	}
	if (size < sizeof(header) || memcmp(begin, NEW_MAGIC, sizeof(header.magic)) != 0)
		return -EINVAL;
	memcpy(&header, begin, sizeof(header));
	if (((header.flags & ENDIAN_MASK) != 0 && (header.flags & ENDIAN_MASK) != ENDIAN_OURS) ||
	    header.count > (size - sizeof(header)) / sizeof(struct new_entry))
		return -EINVAL;
	paths.paths = calloc((size_t)header.count + 1, sizeof(*paths.paths));
	if (!paths.paths)
		return -ENOMEM;
	r = take(begin, size, &header, &paths);
	if (r < 0) {
		aa_linker_release(&paths);
		return r;
	}
	*ret_paths = paths;
	return 0;
}

static ssize_t read_all(int fd, char *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, bytes + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int aa_linker_read(const char *path, struct aa_linker_paths *ret_paths)
{
	aa_cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *bytes;
	struct stat st;
	ssize_t size;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_BYTES)
		return -EINVAL;
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	size = read_all(fd, bytes, (size_t)st.st_size);
	r = size >= 0 ? aa_linker_parse(bytes, (size_t)size, ret_paths) : (int)size;
	free(bytes);
	return r;
}

void aa_linker_release(struct aa_linker_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->paths[i]);
	free(paths->paths);
	*paths = (struct aa_linker_paths){ 0 };
}
