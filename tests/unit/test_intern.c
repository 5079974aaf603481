/* SPDX-License-Identifier: Apache-2.0 */
/* The string cache: exact, bounded, and as it was after a transaction that failed; and its hash against its paper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "intern.h"

static const struct aa_siphash_key key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

/* Appendix A of the paper: 15 bytes 00..0e under the key 00..0f; and vectors of the reference implementation. */
static void test_siphash(void **state)
{
	unsigned char bytes[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	assert_true(aa_siphash(&key, bytes, 15) == 0xa129ca6149be45e5);
	assert_true(aa_siphash(&key, bytes, 0) == 0x726fdb47dd0e0e31);
	assert_true(aa_siphash(&key, bytes, 1) == 0x74f839c593dc67fd);
	assert_true(aa_siphash(&key, bytes, 8) == 0x93f5f5799a932462);
	assert_true(aa_siphash(&key, bytes, 63) == 0x958a324ceb064572);
}

static void test_finds_exactly(void **state)
{
	struct aa_intern *intern = aa_intern_new(&key, 64, 4096);

	(void)state;
	assert_non_null(intern);
	assert_int_equal(aa_intern_find(intern, "a", 1), 0);
	aa_intern_add(intern, "a", 1, 1);
	aa_intern_add(intern, "a\0", 2, 2);
	aa_intern_add(intern, "", 0, 3);
	assert_int_equal(aa_intern_find(intern, "a", 1), 1);
	assert_int_equal(aa_intern_find(intern, "a\0", 2), 2);
	assert_int_equal(aa_intern_find(intern, "", 0), 3);
	assert_int_equal(aa_intern_find(intern, "b", 1), 0);
	aa_intern_free(intern);
	aa_intern_free(NULL);
}

static void test_is_bounded(void **state)
{
	struct aa_intern *intern = aa_intern_new(&key, 64, 4096);
	char text[2048];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 10000; i++) {
		int length = snprintf(text, sizeof(text), "%d", i);

		text[length] = 'x';
		aa_intern_add(intern, text, 100 + (size_t)i % 400, i + 1);
		assert_true(aa_intern_bytes(intern) <= 4096);
		assert_int_equal(aa_intern_find(intern, text, 100 + (size_t)i % 400), i + 1);
	}
	/* One that would push out too much is not remembered. */
	aa_intern_add(intern, text, 2000, 1);
	aa_intern_free(intern);
}

static void test_what_is_used_stays(void **state)
{
	struct aa_intern *intern = aa_intern_new(&key, 8, 1 << 20); /* one set */
	char text[16];

	(void)state;
	aa_intern_add(intern, "used", 4, 1);
	for (int i = 0; i < 1000; i++) {
		aa_intern_add(intern, text, (size_t)snprintf(text, sizeof(text), "%d", i), i + 2);
		assert_int_equal(aa_intern_find(intern, "used", 4), 1);
	}
	assert_int_equal(aa_intern_find(intern, "5", 1), 0);
	assert_int_equal(aa_intern_find(intern, "999", 3), 1001);
	aa_intern_free(intern);
}

static void test_rollback(void **state)
{
	struct aa_intern *intern = aa_intern_new(&key, 64, 4096);

	(void)state;
	aa_intern_begin(intern);
	aa_intern_add(intern, "kept", 4, 1);
	aa_intern_begin(intern);
	aa_intern_add(intern, "gone", 4, 2);
	assert_int_equal(aa_intern_find(intern, "gone", 4), 2);
	aa_intern_rollback(intern);
	assert_int_equal(aa_intern_find(intern, "gone", 4), 0);
	assert_int_equal(aa_intern_find(intern, "kept", 4), 1);
	assert_int_equal(aa_intern_bytes(intern), 4);
	aa_intern_free(intern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash),	   cmocka_unit_test(test_finds_exactly),
		cmocka_unit_test(test_is_bounded), cmocka_unit_test(test_what_is_used_stays),
		cmocka_unit_test(test_rollback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
