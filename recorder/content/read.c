/* SPDX-License-Identifier: Apache-2.0 */
/* See read.h. SHA-256 is nettle's, which uses the processor's instructions for it where there are any. */
#include "read.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <nettle/version.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "memory.h"

#define CHUNK_BYTES (128u << 10)
/* Text packs to a third at any level; 3 is three times as fast as 6. */
#define PACK_LEVEL 3

/* A file while it is read. */
struct reading {
	int fd;
	uint64_t max_bytes;
	const atomic_bool *stop;
	struct sha256_ctx hash;
	unsigned char *chunk;
	unsigned char *kept; /* NULL: not wanted, or too large */
	size_t kept_capacity;
	bool keep;
	struct aa_content_answer *answer;
};

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t stamp_ns(const struct timespec *stamp)
{
	return (int64_t)stamp->tv_sec * 1000000000 + stamp->tv_nsec;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && stamp_ns(&a->st_mtim) == stamp_ns(&b->st_mtim) &&
	       stamp_ns(&a->st_ctim) == stamp_ns(&b->st_ctim);
}

/*
 * Whether the file is still as the row left it. Renaming and chmod change only ctime, so mtime counts; one that is later
 * than ctime was set by somebody, and then ctime does. Stamps are of the last tick: what is done to the file within the
 * same one is not seen here but by the store, if a recorded process does it.
 */
static bool is_later(const struct aa_content_job *job, const struct stat *st)
{
	int64_t mtime = stamp_ns(&st->st_mtim), ctime = stamp_ns(&st->st_ctim);
	int64_t offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);

	return (mtime <= ctime ? mtime : ctime) > (int64_t)job->boot_ns + offset ||
	       (job->size != UINT64_MAX && job->size != (uint64_t)st->st_size);
}

/* Too many to keep, or no memory: the hash is worth having without the bytes. */
static void stop_keeping(struct reading *reading)
{
	if (reading->kept)
		explicit_bzero(reading->kept, reading->kept_capacity);
	free(reading->kept);
	reading->kept = NULL;
	reading->keep = false;
	reading->answer->reason = AA_CONTENT_TOO_LARGE;
}

static void keep(struct reading *reading, size_t size)
{
	uint64_t total = reading->answer->size_bytes + size;

	if (!reading->keep)
		return;
	if (total > AA_CONTENT_KEEP_BYTES) {
		stop_keeping(reading);
		return;
	}
	if (total > reading->kept_capacity) {
		size_t capacity = (size_t)total * 2;
		unsigned char *grown = malloc(capacity);

		if (!grown) {
			stop_keeping(reading);
			return;
		}
		if (reading->kept) {
			memcpy(grown, reading->kept, (size_t)reading->answer->size_bytes);
			explicit_bzero(reading->kept, reading->kept_capacity);
		}
		free(reading->kept);
		reading->kept = grown;
		reading->kept_capacity = capacity;
	}
	memcpy(reading->kept + reading->answer->size_bytes, reading->chunk, size);
}

/* All bytes up to the end, or up to max_bytes: a file that grows while it is read has no end. */
static enum aa_content_reason read_all(struct reading *reading)
{
	for (;;) {
		ssize_t size = read(reading->fd, reading->chunk, CHUNK_BYTES);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return AA_CONTENT_UNREADABLE;
		if (size == 0)
			return AA_CONTENT_READ;
		if (reading->answer->size_bytes + (uint64_t)size > reading->max_bytes)
			return AA_CONTENT_TOO_LARGE;
		if (atomic_load_explicit(reading->stop, memory_order_relaxed))
			return AA_CONTENT_SKIPPED;
		sha256_update(&reading->hash, (size_t)size, reading->chunk);
		keep(reading, (size_t)size);
		reading->answer->size_bytes += (uint64_t)size;
	}
}

/* Packed, if that saves an eighth; else as it is. Takes over the bytes. */
static void pack(struct reading *reading)
{
	struct aa_content_answer *answer = reading->answer;
	size_t size = (size_t)answer->size_bytes;
	uLongf packed_size = compressBound(size);
	unsigned char *packed, *fitting;

	if (!reading->kept) { /* an empty file */
		answer->data = calloc(1, 1);
		return;
	}
	packed = malloc(packed_size);
	if (packed && compress2(packed, &packed_size, reading->kept, size, PACK_LEVEL) == Z_OK &&
	    packed_size < size - size / 8) {
		answer->deflated = true;
		explicit_bzero(reading->kept, size);
		free(reading->kept);
	} else {
		free(packed);
		packed = reading->kept;
		packed_size = size;
	}
	reading->kept = NULL;
	fitting = realloc(packed, packed_size);
	answer->data = fitting ? fitting : packed;
	answer->data_size = packed_size;
}

static void finish_hash(struct reading *reading)
{
#if NETTLE_VERSION_MAJOR >= 4 /* its digests are always whole */
	sha256_digest(&reading->hash, reading->answer->sha256);
#else
	sha256_digest(&reading->hash, AA_CONTENT_SHA256_SIZE, reading->answer->sha256);
#endif
	reading->answer->hashed = true;
}

static void read_open(struct reading *reading, const struct aa_content_job *job)
{
	struct aa_content_answer *answer = reading->answer;
	struct stat before, after;
	enum aa_content_reason reason = AA_CONTENT_UNREADABLE;

	if (fstat(reading->fd, &before) == 0)
		reason = (uint64_t)before.st_size > reading->max_bytes ? AA_CONTENT_TOO_LARGE
								       : read_all(reading);
	answer->end_boot_ns = (uint64_t)clock_ns(CLOCK_BOOTTIME);
	if (reason != AA_CONTENT_READ || fstat(reading->fd, &after) < 0) {
		answer->reason = reason != AA_CONTENT_READ ? reason : AA_CONTENT_UNREADABLE;
		answer->size_bytes = 0;
		return;
	}
	answer->changed = !is_same(&before, &after) || is_later(job, &after);
	finish_hash(reading);
	if (reading->keep)
		pack(reading);
}

void aa_content_read(const struct aa_content_job *job, uint64_t max_bytes, bool keep_bytes,
		     const atomic_bool *stop, struct aa_content_answer *ret_answer)
{
	struct reading reading = {
		.fd = -1,
		.max_bytes = max_bytes,
		.stop = stop,
		.keep = keep_bytes,
		.answer = ret_answer,
	};

	*ret_answer = (struct aa_content_answer){ 0 };
	reading.fd = aa_content_open(job, &ret_answer->reason);
	if (reading.fd < 0) {
		ret_answer->end_boot_ns = (uint64_t)clock_ns(CLOCK_BOOTTIME);
		return;
	}
	sha256_init(&reading.hash);
	reading.chunk = malloc(CHUNK_BYTES);
	if (reading.chunk)
		read_open(&reading, job);
	else
		ret_answer->reason = AA_CONTENT_SKIPPED;
	if (reading.kept)
		explicit_bzero(reading.kept, reading.kept_capacity);
	free(reading.kept);
	if (reading.chunk)
		explicit_bzero(reading.chunk, CHUNK_BYTES);
	free(reading.chunk);
	(void)close(reading.fd);
}
