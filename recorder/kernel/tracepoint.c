// SPDX-License-Identifier: Apache-2.0
/* See tracepoint.h. libbpf looks for tracefs at its usual places only, and old ones at the oldest. */
#include "tracepoint.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"
#include "mount.h"

/* Returns the number in a small file below a directory, -1 if there is none. */
static int read_number(int directory, const char *path)
{
	char text[16] = "";
	aa_cleanup_close int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	return (int)strtol(text, NULL, 10);
}

int aa_tracepoint_id(const char *name)
{
	static const char *const places[] = { "/sys/kernel/tracing/", "/sys/kernel/debug/tracing/" };
	aa_cleanup_close int tracefs = -1;
	char path[128];
	int id = -1;

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]) && id < 0; i++) {
		(void)snprintf(path, sizeof(path), "%sevents/%s/id", places[i], name);
		id = read_number(AT_FDCWD, path);
	}
	if (id < 0) {
		tracefs = aa_mount_private("tracefs");
		(void)snprintf(path, sizeof(path), "events/%s/id", name);
		id = tracefs >= 0 ? read_number(tracefs, path) : -1;
	}
	return id >= 0 ? id : -ENOENT;
}

int aa_tracepoint_open(const char *name, pid_t pid, int program)
{
	struct perf_event_attr attr;
	int id = aa_tracepoint_id(name), fd;

	if (id < 0)
		return id;
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = (uint32_t)id;
	/* On one processor: the program hangs at the tracepoint itself, and runs on all. */
	fd = (int)syscall(SYS_perf_event_open, &attr, pid, pid < 0 ? 0 : -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (program >= 0 && ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) != 0) {
		int error = errno;

		(void)close(fd);
		return -error;
	}
	return fd;
}
