/* SPDX-License-Identifier: Apache-2.0 */
/* See peek.h. */
#include "peek.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

/* Numbers of the fields in proc(5). */
enum {
	STAT_STATE = 3,
	STAT_FLAGS = 9,
	STAT_START = 22,
	STAT_ARG_START = 48,
};

int aa_peek_parse_stat(const char *text, struct aa_peek_stat *ret_stat)
{
	/* The name is in parentheses and may hold spaces and parentheses: the last one ends it. */
	const char *at = strrchr(text, ')');
	struct aa_peek_stat stat = { 0 };

	if (at == NULL || at[1] != ' ' || at[2] == '\0')
		return -EINVAL;
	at += 2;
	stat.state = *at;
	for (unsigned field = STAT_STATE; field < STAT_ARG_START;) {
		char *end;
		unsigned long long value;

		at = strchr(at, ' ');
		if (at == NULL)
			return -EINVAL;
		field++;
		errno = 0;
		value = strtoull(++at, &end, 10); /* negative ones wrap and are none of ours */
		if (end == at || errno != 0)
			return -EINVAL;
		if (field == STAT_FLAGS)
			stat.flags = (uint32_t)value;
		else if (field == STAT_START)
			stat.start_ticks = value;
		else if (field == STAT_ARG_START)
			stat.arg_start = value;
	}
	*ret_stat = stat;
	return 0;
}

static int open_of(uint32_t pid, const char *name)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

int aa_peek_stat(uint32_t pid, struct aa_peek_stat *ret_stat)
{
	aa_cleanup_close int fd = open_of(pid, "stat");
	char text[2048];
	ssize_t size;

	if (fd < 0)
		return fd;
	size = read(fd, text, sizeof(text) - 1);
	if (size < 0)
		return -errno;
	text[size] = '\0';
	return aa_peek_parse_stat(text, ret_stat);
}

/* Offset of the boot-time clock in our time namespace, which /proc applies to start times. 0 without one. */
static int64_t time_namespace_offset(void)
{
	aa_cleanup_close int fd = open("/proc/self/timens_offsets", O_RDONLY | O_CLOEXEC);
	char text[256];
	const char *line;
	char *end;
	int64_t seconds;
	ssize_t size;

	if (fd < 0)
		return 0;
	size = read(fd, text, sizeof(text) - 1);
	if (size <= 0)
		return 0;
	text[size] = '\0';
	line = strstr(text, "boottime");
	if (line == NULL)
		return 0;
	seconds = strtoll(line + strlen("boottime"), &end, 10);
	return seconds * 1000000000 + strtoll(end, NULL, 10);
}

void aa_peek_init(struct aa_peek *peek, uint64_t max_bytes)
{
	long ticks = sysconf(_SC_CLK_TCK);

	peek->max_bytes = max_bytes;
	peek->tick_ns = 1000000000u / (uint64_t)(ticks > 0 ? ticks : 100);
	peek->offset_ns = time_namespace_offset();
}

static bool is_start(const struct aa_peek *peek, const struct aa_peek_stat *stat, uint64_t start_ns)
{
	return stat->start_ticks == (start_ns + (uint64_t)peek->offset_ns) / peek->tick_ns;
}

bool aa_peek_is_process(const void *context, uint32_t tgid, uint64_t start_ns)
{
	struct aa_peek_stat stat = { 0 };

	return aa_peek_stat(tgid, &stat) == 0 && is_start(context, &stat, start_ns);
}

static int is_same(const struct aa_peek *peek, uint32_t tgid, uint64_t start_ns, uint64_t arg_start)
{
	struct aa_peek_stat stat = { 0 };
	int r = aa_peek_stat(tgid, &stat);

	if (r < 0)
		return r;
	if (!is_start(peek, &stat, start_ns))
		return -ESRCH;
	if (stat.arg_start != arg_start) /* 0 for a zombie: its memory is gone */
		return -ESTALE;
	return 0;
}

static int read_all(int fd, size_t limit, char **ret_bytes, size_t *ret_size)
{
	aa_cleanup_free char *bytes = NULL;
	size_t size = 0, capacity = 0;

	while (size < limit) {
		ssize_t n;

		if (size == capacity) {
			char *grown;

			capacity = capacity == 0 ? 4096 : capacity * 2;
			if (capacity > limit)
				capacity = limit;
			grown = realloc(bytes, capacity);
			if (grown == NULL)
				return -ENOMEM;
			bytes = grown;
		}
		n = read(fd, bytes + size, capacity - size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += (size_t)n;
	}
	*ret_bytes = AA_STEAL(bytes);
	*ret_size = size;
	return 0;
}

int aa_peek(void *context, uint32_t tgid, uint64_t start_ns, uint64_t arg_start, enum aa_text_field field,
	    char **ret_bytes, size_t *ret_size)
{
	const struct aa_peek *peek = context;
	aa_cleanup_close int fd = -1;
	aa_cleanup_free char *bytes = NULL;
	size_t size = 0;
	int r;

	if (field != AA_TEXT_ARGS && field != AA_TEXT_ENV)
		return -EINVAL;
	r = is_same(peek, tgid, start_ns, arg_start);
	if (r < 0)
		return r;
	fd = open_of(tgid, field == AA_TEXT_ARGS ? "cmdline" : "environ");
	if (fd < 0)
		return fd;
	r = read_all(fd, peek->max_bytes, &bytes, &size);
	if (r < 0)
		return r;
	r = is_same(peek, tgid, start_ns, arg_start); /* it may have been replaced meanwhile */
	if (r < 0)
		return r;
	if (bytes == NULL) { /* an empty text is a text */
		bytes = malloc(1);
		if (bytes == NULL)
			return -ENOMEM;
	}
	*ret_bytes = AA_STEAL(bytes);
	*ret_size = size;
	return 0;
}
