/* SPDX-License-Identifier: Apache-2.0 */
/* A ring in plain memory, filled with the records of many short processes, as the kernel would fill it. */
#ifndef AA_BENCH_RING_H
#define AA_BENCH_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

struct bench_ring {
	uint8_t *data; /* mapped twice in a row */
	uint64_t size;
	uint64_t producer;
	uint64_t consumer;
	uint64_t boot_ns;
	uint32_t session;
	uint32_t next_pid;
	uint32_t parent_pid; /* the root, made by the first call */
	uint32_t next_file;
	uint64_t records;
};

/* size is a power of two. Returns 0 or a negative errno. */
int bench_ring_open(struct bench_ring *ring, uint64_t size);
void bench_ring_close(struct bench_ring *ring);

/*
 * Adds one process that is forked, executes a program with some arguments, and exits: seven records. Returns
 * false if the ring has no room for it.
 */
bool bench_ring_add_process(struct bench_ring *ring);

/*
 * Adds what a file leaves that is made, written, renamed and deleted, as the portable tier sees it: four events, eleven
 * records. Every file has names of its own. Returns false if the ring has no room for it.
 */
bool bench_ring_add_file(struct bench_ring *ring);

/* All that is in it, and giving it back. */
struct aa_span bench_ring_span(const struct bench_ring *ring);

#endif
