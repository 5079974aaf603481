/* SPDX-License-Identifier: Apache-2.0 */
/* See cache.h. An entry is one file, written at once under another name; only our own files are believed. */
#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "siphash.h"

#define MAGIC	    "AATLS002" /* what the search finds has changed: a new number */
#define ENTRIES_MAX 1024       /* agents can make files; they shall not fill the disk by it */
#define CODE_BYTES  16	       /* at each point */
#define NAME_BYTES  32

struct entry {
	char magic[8];
	uint64_t entry_size;
	uint64_t file_size;
	uint64_t code; /* hash of what stands at the points */
	char name[NAME_BYTES];
	char how[NAME_BYTES];
	int64_t result;
	struct aa_found found; /* without its pointers */
	uint64_t checksum;     /* of what is before it */
};

/* Against damage, not against forgery: who can write there is us. */
static uint64_t hash(const void *bytes, size_t size)
{
	static const struct aa_siphash_key key = { .k0 = 0x5dbdd7f94db8ab5au, .k1 = 0x1f5c0c4bd2dd7ee1u };

	return aa_siphash(&key, bytes, size);
}

/* Strings of struct aa_found that are constants. */
static const char *constant(const char *text)
{
	static const char *const constants[] = {
		"openssl", "boringssl", "gnutls", "go",	    "rustls",	"java", "nss",	   "mbedtls",
		"wolfssl", "s2n",	"dynsym", "symtab", "internal", "xref", "pclntab",
	};

	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		if (strcmp(constants[i], text) == 0)
			return constants[i];
	return NULL;
}

static bool is_ours(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int open_ours(int directory, const char *path)
{
	int fd = openat(directory, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && !is_ours(fd, S_IFDIR)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* Of this user; made if make is set. -1: there is none to be used. */
static int open_directory(bool make)
{
	const char *cache = secure_getenv("XDG_CACHE_HOME"), *home = secure_getenv("HOME");
	aa_cleanup_close int parent = -1;
	char path[4096];

	if (cache && cache[0] == '/')
		parent = open_ours(AT_FDCWD, cache);
	if (parent < 0 && geteuid() == 0)
		parent = open_ours(AT_FDCWD, "/var/cache");
	if (parent < 0 && geteuid() != 0 && home && home[0] == '/' &&
	    snprintf(path, sizeof(path), "%s/.cache", home) < (int)sizeof(path))
		parent = open_ours(AT_FDCWD, path);
	if (parent < 0)
		return -1;
	if (make && mkdirat(parent, "aa-record", 0700) < 0 && errno != EEXIST)
		return -1;
	return open_ours(parent, "aa-record");
}

/* By build id, or by the very file. False: it has no build id. */
static bool entry_name(const struct aa_elf *elf, const char *build_id, bool by_build_id, char *ret_name,
		       size_t size)
{
	struct stat st;

	if (by_build_id) {
		(void)snprintf(ret_name, size, "b-%s-%" PRIx64, build_id, elf->size);
		return build_id[0] != '\0';
	}
	if (fstat(elf->fd, &st) < 0)
		return false;
	(void)snprintf(ret_name, size, "i-%jx-%jx-%" PRIx64 "-%jx.%lx-%jx.%lx", (uintmax_t)st.st_dev,
		       (uintmax_t)st.st_ino, elf->size, (uintmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
		       (uintmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	return true;
}

/* False: some of it cannot be read. */
static bool hash_code(const struct aa_elf *elf, const struct aa_found *found, uint64_t *ret_hash)
{
	uint8_t code[(AA_FOUND_POINTS + 1) * CODE_BYTES];
	size_t used = 0;

	for (unsigned i = 0; i <= found->point_count; i++) {
		const struct aa_uprobe_point *point =
			i < found->point_count ? &found->points[i] : &found->bio_write;
		uint64_t left = elf->size > point->offset ? elf->size - point->offset : 0;
		size_t size = left < CODE_BYTES ? (size_t)left : CODE_BYTES;

		memset(code + used, 0, CODE_BYTES);
		if (aa_elf_read(elf, point->offset, code + used, size) < 0)
			return false;
		used += CODE_BYTES;
	}
	*ret_hash = hash(code, used);
	return true;
}

static bool has_end(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool is_sound(const struct aa_elf *elf, const struct entry *entry, const char *build_id)
{
	const struct aa_found *found = &entry->found;

	if (memcmp(entry->magic, MAGIC, sizeof(entry->magic)) != 0 || entry->entry_size != sizeof(*entry) ||
	    entry->checksum != hash(entry, offsetof(struct entry, checksum)))
		return false;
	if (!has_end(entry->name, sizeof(entry->name)) || !has_end(entry->how, sizeof(entry->how)) ||
	    !has_end(found->version, sizeof(found->version)) ||
	    !has_end(found->build_id, sizeof(found->build_id)) ||
	    !has_end(found->hooks, sizeof(found->hooks)) || !has_end(found->reason, sizeof(found->reason)))
		return false;
	if (entry->file_size != elf->size || strcmp(found->build_id, build_id) != 0 ||
	    found->point_count > AA_FOUND_POINTS || (entry->name[0] != '\0' && !constant(entry->name)) ||
	    (entry->how[0] != '\0' && !constant(entry->how)))
		return false;
	for (unsigned i = 0; i < found->point_count; i++)
		if (found->points[i].function == 0 || found->points[i].function >= AA_TLS_FN_COUNT)
			return false;
	return entry->result == 0 || entry->result == AA_FIND_NOTHING;
}

static bool read_entry(int directory, const char *name, struct entry *ret_entry)
{
	aa_cleanup_close int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && is_ours(fd, S_IFREG) &&
	       pread(fd, ret_entry, sizeof(*ret_entry), 0) == (ssize_t)sizeof(*ret_entry);
}

static int search(int directory, const struct aa_elf *elf, struct entry *entry, struct aa_found *found)
{
	for (int by_build_id = 1; by_build_id >= 0; by_build_id--) {
		char name[256];
		uint64_t code;

		if (!entry_name(elf, found->build_id, by_build_id, name, sizeof(name)) ||
		    !read_entry(directory, name, entry) || !is_sound(elf, entry, found->build_id) ||
		    !hash_code(elf, &entry->found, &code) || code != entry->code)
			continue;
		*found = entry->found;
		found->name = entry->name[0] != '\0' ? constant(entry->name) : NULL;
		found->how = entry->how[0] != '\0' ? constant(entry->how) : NULL;
		return (int)entry->result;
	}
	return AA_CACHE_MISS;
}

int aa_find_cache_read(const struct aa_elf *elf, struct aa_found *found)
{
	aa_cleanup_close int directory = open_directory(false);
	struct entry *entry = directory >= 0 ? malloc(sizeof(*entry)) : NULL;
	int r = entry ? search(directory, elf, entry, found) : AA_CACHE_MISS;

	free(entry);
	return r;
}

/* Not more than ENTRIES_MAX, whatever they are. */
static bool has_room(int directory)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
	unsigned count = 0;

	if (!entries) {
		if (copy >= 0)
			(void)close(copy);
		return false;
	}
	while (count < ENTRIES_MAX && readdir(entries))
		count++;
	(void)closedir(entries);
	return count < ENTRIES_MAX;
}

static void write_entry(int directory, const char *name, const struct entry *entry)
{
	char temporary[64];
	int fd;
	bool done;

	(void)snprintf(temporary, sizeof(temporary), ".new-%d-%d", (int)getpid(), (int)gettid());
	(void)unlinkat(directory, temporary, 0);
	fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	done = write(fd, entry, sizeof(*entry)) == (ssize_t)sizeof(*entry);
	done = close(fd) == 0 && done;
	if (!done || renameat(directory, temporary, directory, name) < 0)
		(void)unlinkat(directory, temporary, 0);
}

static void fill(struct entry *entry, const struct aa_elf *elf, int result, const struct aa_found *found)
{
	memcpy(entry->magic, MAGIC, sizeof(entry->magic));
	entry->entry_size = sizeof(*entry);
	entry->file_size = elf->size;
	entry->result = result;
	(void)snprintf(entry->name, sizeof(entry->name), "%s", found->name ? found->name : "");
	(void)snprintf(entry->how, sizeof(entry->how), "%s", found->how ? found->how : "");
	entry->found = *found;
	entry->found.name = NULL;
	entry->found.how = NULL;
	entry->checksum = hash(entry, offsetof(struct entry, checksum));
}

void aa_find_cache_write(const struct aa_elf *elf, int result, const struct aa_found *found)
{
	aa_cleanup_close int directory = open_directory(true);
	bool by_build_id = found->point_count > 0 && found->build_id[0] != '\0';
	struct entry *entry;
	char name[256];

	if (directory < 0 || !has_room(directory) ||
	    !entry_name(elf, found->build_id, by_build_id, name, sizeof(name)))
		return;
	entry = calloc(1, sizeof(*entry));
	if (entry && hash_code(elf, found, &entry->code)) {
		fill(entry, elf, result, found);
		write_entry(directory, name, entry);
	}
	free(entry);
}
