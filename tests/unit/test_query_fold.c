/* SPDX-License-Identifier: Apache-2.0 */
/* A search through $PATH becomes two lines; nothing else is ever hidden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fold.h"

static void test_a_search_is_folded(void **state)
{
	struct aa_fold fold = { 0 };

	(void)state;
	assert_false(aa_fold_next(&fold, 1, 7, 7, 10, "/a/ls: ENOENT"));
	assert_true(aa_fold_next(&fold, 1, 7, 7, 11, "/b/ls: ENOENT"));
	assert_true(aa_fold_next(&fold, 1, 7, 7, 12, "ls: ENOENT"));
	assert_int_equal(fold.hidden, 2);
	assert_int_equal(fold.last_ns, 12);
	assert_string_equal(fold.what, "ls: ENOENT");
	assert_true(aa_fold_ends(&fold, 1, 7, 7, NULL));
	assert_false(aa_fold_next(&fold, 1, 7, 7, 13, NULL));
	assert_int_equal(fold.hidden, 0);
}

static void test_others_are_shown(void **state)
{
	struct aa_fold fold = { 0 };

	(void)state;
	assert_false(aa_fold_next(&fold, 1, 7, 7, 1, NULL));
	assert_false(aa_fold_next(&fold, 1, 7, 7, 1, "/a/ls: ENOENT"));
	assert_false(aa_fold_next(&fold, 1, 7, 7, 1, "/b/ls: EACCES")); /* another error matters */
	assert_false(aa_fold_next(&fold, 1, 7, 7, 1, "/b/cat: EACCES"));
	assert_false(aa_fold_next(&fold, 1, 8, 8, 1, "/c/cat: EACCES"));
	assert_false(aa_fold_next(&fold, 2, 8, 8, 1, "/c/cat: EACCES"));
	assert_false(aa_fold_next(&fold, 2, 8, 9, 1, "/c/cat: EACCES"));
}

static void test_a_long_name_is_shown_each_time(void **state)
{
	struct aa_fold fold = { 0 };
	char detail[600];

	(void)state;
	memset(detail, 'x', sizeof(detail) - 1);
	detail[sizeof(detail) - 1] = 0;
	assert_false(aa_fold_next(&fold, 1, 7, 7, 1, detail));
	assert_false(aa_fold_next(&fold, 1, 7, 7, 1, detail));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_search_is_folded),
		cmocka_unit_test(test_others_are_shown),
		cmocka_unit_test(test_a_long_name_is_shown_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
