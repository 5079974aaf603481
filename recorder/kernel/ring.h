/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of a BPF ring buffer that acknowledges late: records stay in the ring until they are in the database.
 * libbpf's reader moves the consumer position after each record, ours only in aa_ring_release(). Layout and
 * barriers: kernel/bpf/ringbuf.c, Documentation/bpf/ringbuf.rst. Knows nothing of what a record holds.
 */
#ifndef AA_KERNEL_RING_H
#define AA_KERNEL_RING_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"

/* A stretch of a ring: positions are monotonic bytes since the ring was made. */
struct aa_span {
	enum aa_lane lane;
	const uint8_t *data; /* mapped twice in a row, so no record wraps */
	uint64_t mask;	     /* size - 1 */
	uint64_t begin;
	uint64_t end;
};

struct aa_record {
	const void *bytes; /* in ring memory, 8-byte aligned */
	uint32_t size;
	uint64_t position; /* where it begins */
	uint64_t next;	   /* where the next one begins */
};

enum aa_ring_result {
	AA_RING_RECORD = 0,
	AA_RING_DISCARDED = 1, /* nothing to look at, go on at record.next */
	AA_RING_END = 2,       /* end of the span, or a record that is still being written */
	AA_RING_BROKEN = 3,    /* a length that cannot be: stop here (only in forged or damaged memory) */
};

/* The record at position. Never reads outside the span's ring. */
enum aa_ring_result aa_span_next(const struct aa_span *span, uint64_t position, struct aa_record *ret_record);

struct aa_ring {
	enum aa_lane lane;
	int fd;
	uint64_t size;
	uint64_t *consumer;	  /* its own page, writable */
	const uint64_t *producer; /* read-only */
	const uint8_t *data;
	volatile uint64_t *wake_at; /* event index in aa_control: a record beyond it wakes us */
	void *map_consumer;
	void *map_producer;
	size_t map_producer_size;
};

/* Maps the ring behind fd (borrowed). size_bytes is its max_entries. Returns 0 or a negative errno. */
int aa_ring_open(struct aa_ring *ring, int fd, enum aa_lane lane, uint64_t size_bytes,
		 volatile uint64_t *wake_at);
void aa_ring_close(struct aa_ring *ring);

uint64_t aa_ring_producer(const struct aa_ring *ring); /* acquire */
uint64_t aa_ring_consumer(const struct aa_ring *ring);

/* All that is complete now: from the consumer position to the first record still being written. */
struct aa_span aa_ring_snapshot(const struct aa_ring *ring);

/* Gives everything before position back to the kernel. Release store. */
void aa_ring_release(struct aa_ring *ring, uint64_t position);

/*
 * Asks for a wake-up at the first record that ends beyond position. Returns the producer position as read after
 * the mark was set: if it is beyond position already, the wake-up may never come and the caller must look again.
 * One more look a moment later is wise: on arm64 the kernel side has no barrier between its position and the mark
 * (emit.h). And the record that woke may not be the first one complete.
 */
uint64_t aa_ring_arm(struct aa_ring *ring, uint64_t position);
void aa_ring_disarm(struct aa_ring *ring);

#endif
