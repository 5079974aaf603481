// SPDX-License-Identifier: Apache-2.0
/* recorder/tls/linker.h: caches of the dynamic linker, whole and damaged. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "linker.h"

#define MAGIC	    "glibc-ld.so.cache1.1" /* without a NUL: the next member is written over it */
#define OLD_MAGIC   "ld.so-1.7.0"
#define HEADER_SIZE 48
#define ENTRY_SIZE  24

static void put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* A cache of pairs of SONAME and path. Returns its size. */
static size_t make_cache(uint8_t *bytes, const char *const (*pairs)[2], uint32_t count)
{
	size_t end = HEADER_SIZE + (size_t)count * ENTRY_SIZE;

	memset(bytes, 0, end);
	memcpy(bytes, MAGIC, sizeof(MAGIC));
	put32(bytes + 20, count);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *entry = bytes + HEADER_SIZE + (size_t)i * ENTRY_SIZE;

		put32(entry, 0x303);
		for (unsigned j = 0; j < 2; j++) {
			put32(entry + 4 + 4 * j, (uint32_t)end);
			memcpy(bytes + end, pairs[i][j], strlen(pairs[i][j]) + 1);
			end += strlen(pairs[i][j]) + 1;
		}
	}
	put32(bytes + 24, (uint32_t)(end - HEADER_SIZE - (size_t)count * ENTRY_SIZE));
	return end;
}

static const char *const pairs[][2] = {
	{ "libz.so.1", "/lib/libz.so.1" },	     { "libssl.so.3", "/lib/libssl.so.3" },
	{ "libssl.so", "/lib/libssl.so.3" }, /* the same file again */
	{ "libcrypto.so", "relative/libcrypto.so" }, { "libgnutls.so.30", "/lib/libgnutls.so.30" },
	{ "libc.so.6", "/lib/libc.so.6" },
};

#define PAIR_COUNT (sizeof(pairs) / sizeof(pairs[0]))

static void expect_pairs(const uint8_t *bytes, size_t size)
{
	struct aa_linker_paths paths;

	assert_int_equal(aa_linker_parse(bytes, size, &paths), 0);
	assert_int_equal(paths.count, 2);
	assert_string_equal(paths.paths[0], "/lib/libgnutls.so.30");
	assert_string_equal(paths.paths[1], "/lib/libssl.so.3");
	aa_linker_release(&paths);
}

static void test_whole(void **state)
{
	static uint8_t bytes[4096];

	(void)state;
	expect_pairs(bytes, make_cache(bytes, pairs, PAIR_COUNT));
}

/* As ldconfig of glibc 2.31 and before writes it. */
static void test_behind_the_older_format(void **state)
{
	static uint8_t bytes[8192];
	const size_t old_size = 16 + 3 * 12, begin = (old_size + 7) & ~(size_t)7;
	size_t size = make_cache(bytes + begin, pairs, PAIR_COUNT);

	(void)state;
	memcpy(bytes, OLD_MAGIC, sizeof(OLD_MAGIC));
	put32(bytes + 12, 3);
	expect_pairs(bytes, begin + size);
	put32(bytes + 12, UINT32_MAX);
	assert_int_equal(aa_linker_parse(bytes, begin + size, &(struct aa_linker_paths){ 0 }), -EINVAL);
}

static void test_other_byte_order(void **state)
{
	static uint8_t bytes[4096];
	size_t size = make_cache(bytes, pairs, PAIR_COUNT);
	const int little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

	(void)state;
	bytes[28] = little ? 3 : 2;
	assert_int_equal(aa_linker_parse(bytes, size, &(struct aa_linker_paths){ 0 }), -EINVAL);
	bytes[28] = little ? 2 : 3;
	expect_pairs(bytes, size);
}

/* Cut anywhere, and with any one byte changed: never beyond its end (valgrind, sanitizers), never without an answer. */
static void test_damaged(void **state)
{
	static uint8_t bytes[4096];
	const size_t size = make_cache(bytes, pairs, PAIR_COUNT);

	(void)state;
	for (size_t cut = 0; cut <= size; cut++) {
		uint8_t *copy = malloc(cut + 1);
		struct aa_linker_paths paths = { 0 };
		int r;

		assert_non_null(copy);
		memcpy(copy, bytes, cut);
		r = aa_linker_parse(copy, cut, &paths);
		assert_true(r == 0 || r == -EINVAL);
		if (r == 0)
			aa_linker_release(&paths);
		free(copy);
	}
	for (size_t at = 0; at < size; at++) {
		uint8_t *copy = malloc(size);
		struct aa_linker_paths paths = { 0 };

		assert_non_null(copy);
		memcpy(copy, bytes, size);
		copy[at] ^= 0xff;
		if (aa_linker_parse(copy, size, &paths) == 0)
			aa_linker_release(&paths);
		free(copy);
	}
}

static void test_file(void **state)
{
	struct aa_linker_paths paths = { 0 };

	(void)state;
	assert_int_equal(aa_linker_read("/nonexistent/ld.so.cache", &paths), -ENOENT);
	assert_int_equal(aa_linker_read("/dev/null", &paths), -EINVAL);
	if (access(AA_LINKER_CACHE, R_OK) != 0) {
		print_message("[  SKIP  ] no %s here\n", AA_LINKER_CACHE);
		return;
	}
	assert_int_equal(aa_linker_read(AA_LINKER_CACHE, &paths), 0);
	for (size_t i = 0; i < paths.count; i++)
		assert_int_equal(paths.paths[i][0], '/');
	aa_linker_release(&paths);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	cmocka_unit_test(test_behind_the_older_format),
		cmocka_unit_test(test_damaged), cmocka_unit_test(test_other_byte_order),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
