/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to io_uring, one at a time, by bare system calls. */
#include "acts.h"
#include "workload.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	int fd; /* 0: not set up */
	char *rings;
	struct io_uring_sqe *entries;
	struct io_uring_params params;
} ring;

/* Numbers as the ABI has them: the build's header may be older than the kernel. */
static const struct operation {
	const char *name;
	uint8_t code;
	bool is_fd;
} operations[] = {
	{ "nop", 0, false },	    { "readv", 1, false },	{ "writev", 2, false },
	{ "fallocate", 17, false }, { "openat", 18, true },	{ "close", 19, false },
	{ "read", 22, false },	    { "write", 23, false },	{ "openat2", 28, true },
	{ "splice", 30, false },    { "renameat", 35, false },	{ "unlinkat", 36, false },
	{ "mkdirat", 37, false },   { "symlinkat", 38, false }, { "linkat", 39, false },
	{ "fsetxattr", 41, false }, { "setxattr", 42, false },	{ "ftruncate", 55, false },
};

static int set_up(void)
{
	size_t size, completions;

	ring.params.flags = 0;
	long fd = syscall(SYS_io_uring_setup, 8, &ring.params);

	if (fd < 0)
		return -errno;
	size = ring.params.sq_off.array + ring.params.sq_entries * sizeof(uint32_t);
	completions = ring.params.cq_off.cqes + ring.params.cq_entries * sizeof(struct io_uring_cqe);
	if (completions > size)
		size = completions;
	ring.rings = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, (int)fd,
			  IORING_OFF_SQ_RING);
	ring.entries = mmap(NULL, ring.params.sq_entries * sizeof *ring.entries, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_POPULATE, (int)fd, IORING_OFF_SQES);
	if (ring.rings == MAP_FAILED || ring.entries == MAP_FAILED)
		die("mmap of io_uring");
	ring.fd = (int)fd;
	return 0;
}

static uint32_t *ring_word(uint32_t offset)
{
	return (uint32_t *)(void *)(ring.rings + offset);
}

static int submit(const struct io_uring_sqe *request)
{
	uint32_t *tail = ring_word(ring.params.sq_off.tail);
	uint32_t *head = ring_word(ring.params.cq_off.head);
	uint32_t at = *tail & *ring_word(ring.params.sq_off.ring_mask);
	struct io_uring_cqe *done;

	ring.entries[at] = *request;
	ring_word(ring.params.sq_off.array)[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(ring_word(ring.params.cq_off.tail), __ATOMIC_ACQUIRE) == *head)
		if (syscall(SYS_io_uring_enter, ring.fd,
			    ring_word(ring.params.sq_off.head)[0] != *tail ? 1 : 0, 1, IORING_ENTER_GETEVENTS,
			    NULL, 0) < 0 &&
		    errno != EINTR)
			die("io_uring_enter");
	done = (struct io_uring_cqe *)(void *)(ring.rings + ring.params.cq_off.cqes);
	int result = done[*head & *ring_word(ring.params.cq_off.ring_mask)].res;

	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

long act_uring(const struct act *act, bool *ret_is_fd)
{
	struct io_uring_sqe request;
	int r;

	memset(&request, 0, sizeof request);
	for (size_t i = 0; act->count > 0 && i < sizeof operations / sizeof *operations; i++) {
		if (strcmp(operations[i].name, act->words[0]) != 0)
			continue;
		r = ring.fd ? 0 : set_up();
		if (r < 0)
			return r;
		request.opcode = operations[i].code;
		request.fd = (int)act_value(act->words[1]);
		request.addr = act->count > 2 ? (uint64_t)act_value(act->words[2]) : 0;
		request.len = act->count > 3 ? (uint32_t)act_value(act->words[3]) : 0;
		request.off = act->count > 4 ? (uint64_t)act_value(act->words[4]) : 0;
		request.open_flags = act->count > 5 ? (uint32_t)act_value(act->words[5]) : 0;
		/* Slot of a fixed file, counted from 1. */
		request.file_index = act->count > 6 ? (uint32_t)act_value(act->words[6]) : 0;
		*ret_is_fd = operations[i].is_fd && request.file_index == 0;
		return submit(&request);
	}
	errno = EINVAL;
	die("uring: no such operation");
}
