/* SPDX-License-Identifier: Apache-2.0 */
/* The ring reader on plain memory: positions, flags, wrapping, and lengths that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "records.h"

static int setup(void **state)
{
	static struct fake_ring ring;

	fake_ring_open(&ring, 4096);
	*state = &ring;
	return 0;
}

static int teardown(void **state)
{
	fake_ring_close(*state);
	return 0;
}

static void test_empty(void **state)
{
	struct aa_span span = fake_span(*state, AA_LANE_LIFECYCLE);
	struct aa_record record;

	assert_int_equal(aa_span_next(&span, 0, &record), AA_RING_END);
}

static void test_records_in_order(void **state)
{
	struct fake_ring *ring = *state;
	struct aa_record record = { .next = 0 };
	struct aa_span span;

	/* Sizes around the rounding to 8, and nothing at all. */
	for (uint32_t size = 0; size < 20; size++)
		memset(fake_reserve(ring, size), (int)size, size);
	span = fake_span(ring, AA_LANE_ACTIVITY);
	for (uint32_t size = 0; size < 20; size++) {
		uint64_t position = record.next;

		assert_int_equal(aa_span_next(&span, position, &record), AA_RING_RECORD);
		assert_int_equal(record.size, size);
		assert_int_equal(record.position, position);
		assert_int_equal(record.next, position + ((size + 15) & ~7u));
		assert_int_equal((uintptr_t)record.bytes % 8, 0);
		for (uint32_t i = 0; i < size; i++)
			assert_int_equal(((const uint8_t *)record.bytes)[i], size);
	}
	assert_int_equal(record.next, span.end);
	assert_int_equal(aa_span_next(&span, span.end, &record), AA_RING_END);
}

static void test_wraps_without_tearing(void **state)
{
	struct fake_ring *ring = *state;
	struct aa_record record;

	/* Far beyond 32 bits, as after days. */
	ring->producer = ring->consumer = (1ull << 40) - 4096 * 3 + 1024;
	for (int i = 0; i < 100; i++) {
		uint8_t *bytes = fake_reserve(ring, 1000);
		struct aa_span span;

		for (int at = 0; at < 1000; at++)
			bytes[at] = (uint8_t)(at + i);
		span = fake_span(ring, AA_LANE_LIFECYCLE);
		assert_int_equal(aa_span_next(&span, span.begin, &record), AA_RING_RECORD);
		for (int at = 0; at < 1000; at++)
			assert_int_equal(((const uint8_t *)record.bytes)[at], (uint8_t)(at + i));
		ring->consumer = record.next;
		assert_int_equal(ring->consumer, ring->producer);
	}
}

static void test_flags(void **state)
{
	struct fake_ring *ring = *state;
	void *discarded = fake_reserve(ring, 24);
	void *busy = fake_reserve(ring, 8);
	struct aa_span span = fake_span(ring, AA_LANE_LIFECYCLE);
	struct aa_record record;

	fake_set_bits(discarded, FAKE_DISCARD, 0);
	fake_set_bits(busy, FAKE_BUSY, 0);
	assert_int_equal(aa_span_next(&span, 0, &record), AA_RING_DISCARDED);
	assert_int_equal(record.next, 32);
	assert_int_equal(aa_span_next(&span, 32, &record), AA_RING_END);
	fake_set_bits(busy, 0, FAKE_BUSY);
	assert_int_equal(aa_span_next(&span, 32, &record), AA_RING_RECORD);
}

static void test_lengths_that_cannot_be(void **state)
{
	struct fake_ring *ring = *state;
	void *record_bytes = fake_reserve(ring, 40);
	struct aa_span span = fake_span(ring, AA_LANE_LIFECYCLE);
	struct aa_record record;

	for (uint32_t length = 41; length < 0x20000000; length = length * 3 / 2) {
		fake_set_bits(record_bytes, 0, 0x3fffffff);
		fake_set_bits(record_bytes, length, 0);
		assert_int_equal(aa_span_next(&span, 0, &record), AA_RING_BROKEN);
	}
	fake_set_bits(record_bytes, 0x3fffffff, 0);
	assert_int_equal(aa_span_next(&span, 0, &record), AA_RING_BROKEN);
	/* Positions that are none. */
	assert_int_equal(aa_span_next(&span, 4, &record), AA_RING_BROKEN);
	assert_int_equal(aa_span_next(&span, UINT64_MAX, &record), AA_RING_END);
	span.begin = 8;
	assert_int_equal(aa_span_next(&span, 0, &record), AA_RING_END);
}

/* The reader's own side: variables stand for the kernel's pages. */
static void test_snapshot_and_release(void **state)
{
	struct fake_ring *memory = *state;
	uint64_t consumer = 0, producer, wake_at = 0;
	struct aa_ring ring = {
		.lane = AA_LANE_PAYLOAD,
		.size = memory->size,
		.consumer = &consumer,
		.producer = &producer,
		.data = memory->data,
		.wake_at = &wake_at,
	};
	struct aa_span span;
	void *second;

	(void)fake_reserve(memory, 100);
	second = fake_reserve(memory, 100);
	(void)fake_reserve(memory, 100);
	producer = memory->producer;
	fake_set_bits(second, FAKE_BUSY, 0);
	span = aa_ring_snapshot(&ring);
	assert_int_equal(span.lane, AA_LANE_PAYLOAD);
	assert_int_equal(span.begin, 0);
	assert_int_equal(span.end, 112); /* before the one still being written */
	fake_set_bits(second, 0, FAKE_BUSY);
	aa_ring_release(&ring, span.end);
	assert_int_equal(consumer, 112);
	span = aa_ring_snapshot(&ring);
	assert_int_equal(span.begin, 112);
	assert_int_equal(span.end, producer);
	assert_int_equal(aa_ring_arm(&ring, 500), producer);
	assert_int_equal(wake_at, 500);
	aa_ring_disarm(&ring);
	assert_true(wake_at == UINT64_MAX);
}

static void test_open_refuses_sizes(void **state)
{
	struct aa_ring ring;

	(void)state;
	assert_true(aa_ring_open(&ring, -1, AA_LANE_LIFECYCLE, 12345, NULL) < 0);
	assert_true(aa_ring_open(&ring, -1, AA_LANE_LIFECYCLE, 0, NULL) < 0);
	assert_true(aa_ring_open(&ring, -1, AA_LANE_LIFECYCLE, 1u << 20, NULL) < 0); /* no such file */
}

#define RING_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(test_empty),
		RING_TEST(test_records_in_order),
		RING_TEST(test_wraps_without_tearing),
		RING_TEST(test_flags),
		RING_TEST(test_lengths_that_cannot_be),
		RING_TEST(test_snapshot_and_release),
		RING_TEST(test_open_refuses_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
