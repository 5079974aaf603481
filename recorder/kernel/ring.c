// SPDX-License-Identifier: Apache-2.0
/*
 * Ring buffer reader that acknowledges late; see ring.h. Compiler atomics, because the memory is also the
 * kernel's.
 */
#include "ring.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * kernel/bpf/ringbuf.c: u32 length with two flags, u32 page offset, then the record, rounded up to 8 bytes.
 */
#define HEADER_BYTES 8u
#define BUSY_BIT     0x80000000u
#define DISCARD_BIT  0x40000000u

enum aa_ring_result aa_span_next(const struct aa_span *span, uint64_t position, struct aa_record *ret_record)
{
	const uint8_t *header;
	uint64_t size, step;
	uint32_t word;

	if (position < span->begin || position >= span->end)
		return AA_RING_END;
	if (position % 8 != 0 || span->end - position < HEADER_BYTES)
		return AA_RING_BROKEN;
	header = span->data + (position & span->mask);
	/* Acquire: the bytes of a record are complete once its busy bit is seen to be off. */
	word = __atomic_load_n((const uint32_t *)(const void *)header, __ATOMIC_ACQUIRE);
	if (word & BUSY_BIT)
		return AA_RING_END;
	size = word & ~(BUSY_BIT | DISCARD_BIT);
	step = (size + HEADER_BYTES + 7) & ~7ull;
	if (step > span->mask + 1 || step > span->end - position)
		return AA_RING_BROKEN;
	*ret_record = (struct aa_record){
		.bytes = header + HEADER_BYTES,
		.size = (uint32_t)size,
		.position = position,
		.next = position + step,
	};
	return word & DISCARD_BIT ? AA_RING_DISCARDED : AA_RING_RECORD;
}

int aa_ring_open(struct aa_ring *ring, int fd, enum aa_lane lane, uint64_t size_bytes,
		 volatile uint64_t *wake_at)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t producer_size = page + 2 * (size_t)size_bytes;
	void *consumer, *producer;

	if (size_bytes < page || (size_bytes & (size_bytes - 1)) != 0)
		return -EINVAL;
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	/* The producer's page, then the data twice in a row. */
	producer = mmap(NULL, producer_size, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (producer == MAP_FAILED) {
		int error = errno;

		(void)munmap(consumer, page);
		return -error;
	}
	*ring = (struct aa_ring){
		.lane = lane,
		.fd = fd,
		.size = size_bytes,
		.consumer = consumer,
		.producer = producer,
		.data = (const uint8_t *)producer + page,
		.wake_at = wake_at,
		.map_consumer = consumer,
		.map_producer = producer,
		.map_producer_size = producer_size,
	};
	return 0;
}

void aa_ring_close(struct aa_ring *ring)
{
	if (ring->map_consumer)
		(void)munmap(ring->map_consumer, (size_t)sysconf(_SC_PAGESIZE));
	if (ring->map_producer)
		(void)munmap(ring->map_producer, ring->map_producer_size);
	*ring = (struct aa_ring){ .lane = ring->lane, .fd = -1 };
}

uint64_t aa_ring_producer(const struct aa_ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}

uint64_t aa_ring_consumer(const struct aa_ring *ring)
{
	return __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
}

struct aa_span aa_ring_snapshot(const struct aa_ring *ring)
{
	struct aa_span span = {
		.lane = ring->lane,
		.data = ring->data,
		.mask = ring->size - 1,
		.begin = aa_ring_consumer(ring),
	};
	struct aa_record record;
	uint64_t position = span.begin;

	span.end = aa_ring_producer(ring);
	while (position < span.end) {
		enum aa_ring_result result = aa_span_next(&span, position, &record);

		/* What cannot be a record is left in the span for the store pass to report. */
		if (result == AA_RING_BROKEN)
			return span;
		if (result == AA_RING_END)
			break;
		position = record.next;
	}
	span.end = position;
	return span;
}

void aa_ring_release(struct aa_ring *ring, uint64_t position)
{
	/* Release: all reads of the records come before the kernel may overwrite them. */
	__atomic_store_n(ring->consumer, position, __ATOMIC_RELEASE);
}

uint64_t aa_ring_arm(struct aa_ring *ring, uint64_t position)
{
	__atomic_store_n(ring->wake_at, position, __ATOMIC_SEQ_CST);
	/*
	 * The mark must be visible before the position is read, or a record in between wakes nobody
	 * (emit.h).
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return aa_ring_producer(ring);
}

void aa_ring_disarm(struct aa_ring *ring)
{
	__atomic_store_n(ring->wake_at, ~0ull, __ATOMIC_RELAXED);
}
