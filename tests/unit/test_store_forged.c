/* SPDX-License-Identifier: Apache-2.0 */
/* Valid records, damaged at random from a fixed seed, some thousand times: the short form of tests/fuzz. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "forged.h"

#define ROUNDS 6000

static uint64_t seed = 0x2545f4914f6cdd1d;

static uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 24);
}

/* One damage: a bit, a byte, a number that is a limit somewhere, a stretch copied elsewhere, or the end cut off. */
static void damage(uint8_t *bytes, size_t *size)
{
	static const uint32_t limits[] = { 0,	       1,	   7,	       8,	   40,	 64,
					   0x7fffffff, 0x80000000, 0xffffffff, 0x3fffffff, 65536 };
	size_t at = next_random() % *size;
	size_t from = next_random() % *size;
	size_t length = next_random() % 128;
	uint32_t limit = limits[next_random() % (sizeof(limits) / sizeof(limits[0]))];

	switch (next_random() % 5) {
	case 0:
		bytes[at] ^= (uint8_t)(1u << next_random() % 8);
		break;
	case 1:
		bytes[at] = (uint8_t)next_random();
		break;
	case 2:
		at &= ~(size_t)3;
		memcpy(bytes + at, &limit, *size - at < 4 ? *size - at : 4);
		break;
	case 3:
		if (length > *size - at)
			length = *size - at;
		if (length > *size - from)
			length = *size - from;
		memmove(bytes + at, bytes + from, length);
		break;
	default:
		if (next_random() % 4 == 0 && *size > 64)
			*size = 64 + at % (*size - 64);
		break;
	}
}

static void test_damaged_records(void **state)
{
	struct forged forged = { .store = NULL };
	struct fake_kernel kernel = { .now_ns = 1000 };
	uint8_t *bytes = malloc(FORGED_MAX_BYTES);

	(void)state;
	assert_non_null(bytes);
	forged_open(&forged);
	fake_ring_open(&kernel.ring, FORGED_RING_BYTES);
	forged_sample(&kernel);
	for (int round = 0; round < ROUNDS; round++) {
		size_t size = kernel.ring.producer;
		uint32_t damages = next_random() % 8;

		memcpy(bytes, kernel.ring.data, size);
		while (damages--)
			damage(bytes, &size);
		/* Only some rounds begin anew: what the others leave behind is state to meet. */
		if (round % 4 == 0)
			forged_reset(&forged);
		forged_offer(&forged, bytes, size, (uint8_t)next_random());
	}
	assert_int_equal(aa_db_exec(aa_store_db(forged.store),
				    "SELECT * FROM s1_timeline; SELECT * FROM s2_timeline", NULL),
			 0);
	fake_ring_close(&kernel.ring);
	forged_close(&forged);
	free(bytes);
}

/* Undamaged, every kind is stored: else the test above would test little. */
static void test_the_sample_is_whole(void **state)
{
	struct forged forged = { .store = NULL };
	struct fake_kernel kernel = { .now_ns = 1000 };
	struct aa_session_totals totals;

	(void)state;
	forged_open(&forged);
	fake_ring_open(&kernel.ring, FORGED_RING_BYTES);
	forged_sample(&kernel);
	forged_offer(&forged, kernel.ring.data, kernel.ring.producer, 128);
	aa_store_totals(forged.store, 1, &totals);
	for (unsigned kind = 1; kind < AA_KIND_SLOTS && aa_event_kind_name(kind); kind++)
		assert_true(totals.records[kind] > 0);
	assert_int_equal(totals.malformed, 0);
	fake_ring_close(&kernel.ring);
	forged_close(&forged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sample_is_whole),
		cmocka_unit_test(test_damaged_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
