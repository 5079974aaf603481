/* SPDX-License-Identifier: Apache-2.0 */
/* Which globs of --exclude the eBPF programs decide: those that are a prefix and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "files.h"

static void test_prefixes(void **state)
{
	static const char *const globs[] = { "/*", "/tmp/*", "/a b/c-*", "/proc*", "/\xff\n*" };

	(void)state;
	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++) {
		size_t length = strlen(globs[i]) - 1;
		struct aa_exclude exclude;

		assert_true(aa_exclude_of(globs[i], &exclude));
		assert_int_equal(exclude.length, length);
		assert_memory_equal(exclude.prefix, globs[i], length);
		for (size_t at = length; at < AA_EXCLUDE_LENGTH; at++) /* the programs compare whole words */
			assert_int_equal(exclude.prefix[at], 0);
	}
}

static void test_what_the_store_decides(void **state)
{
	static const char *const globs[] = { "",	 "*",	    "tmp/*",  "/tmp",	 "/tmp/*.o",
					     "/tmp/*/x", "/tmp/**", "/t?p/*", "/[ab]/*", "*/x*" };
	struct aa_exclude exclude;

	(void)state;
	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++)
		assert_false(aa_exclude_of(globs[i], &exclude));
}

static void test_longest(void **state)
{
	char glob[AA_EXCLUDE_LENGTH + 3];
	struct aa_exclude exclude;

	(void)state;
	memset(glob, '/', sizeof(glob));
	memcpy(glob + AA_EXCLUDE_LENGTH, "*", 2);
	assert_true(aa_exclude_of(glob, &exclude));
	assert_int_equal(exclude.length, AA_EXCLUDE_LENGTH);
	glob[AA_EXCLUDE_LENGTH] = '/';
	memcpy(glob + AA_EXCLUDE_LENGTH + 1, "*", 2);
	assert_false(aa_exclude_of(glob, &exclude));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_what_the_store_decides),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
