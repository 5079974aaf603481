/* SPDX-License-Identifier: Apache-2.0 */
/* Directory and name to an absolute path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "path_join.h"

static void expect(const char *dir, const char *name, const char *expected)
{
	struct aa_text_buffer out = { 0 };

	aa_path_join(&out, dir, strlen(dir), name, strlen(name));
	assert_false(out.failed);
	assert_string_equal(out.data ? out.data : "", expected);
	assert_int_equal(out.size, strlen(expected));
	aa_text_release(&out);
}

static void test_relative(void **state)
{
	(void)state;
	expect("/home/agent", "a", "/home/agent/a");
	expect("/home/agent", "a/b//c/", "/home/agent/a/b/c");
	expect("/home/agent", "./a/./b/.", "/home/agent/a/b");
	expect("/home/agent", "../x", "/home/x");
	expect("/home/agent", "../../x", "/x");
	expect("/home/agent", "../../../../x", "/x");
	expect("/home/agent", "..", "/home");
	expect("/home/agent", "../..", "/");
	expect("/home/agent", "../../..", "/");
	expect("/home/agent", ".", "/home/agent");
	expect("/home/agent", "a/../b", "/home/agent/b");
	expect("/", "a", "/a");
	expect("/", ".", "/");
	expect("/", "..", "/");
	expect("/home/agent", "...", "/home/agent/...");
	expect("/home/agent", "..a/.b", "/home/agent/..a/.b");
}

static void test_absolute(void **state)
{
	(void)state;
	expect("", "/etc/passwd", "/etc/passwd");
	expect("", "//etc///passwd/", "/etc/passwd");
	expect("", "/", "/");
	expect("", "//", "/");
	expect("", "/..", "/");
	expect("", "/a/../../b", "/b");
}

/* The directory is the root of a chroot then. */
static void test_absolute_in_a_chroot(void **state)
{
	(void)state;
	expect("/jail", "/etc/passwd", "/jail/etc/passwd");
	expect("/jail", "/../../etc/passwd", "/jail/etc/passwd");
	expect("/jail", "/", "/jail");
	expect("/jail", "/a/../..", "/jail");
	expect("/", "/etc", "/etc");
}

static void test_empty_and_unknown(void **state)
{
	(void)state;
	expect("/home/agent", "", "/home/agent");
	expect("/", "", "/");
	expect("", "", "");
	expect("", "a/../b//", "a/../b//"); /* nobody knows where it begins */
	expect("", "..", "..");
}

/* What is at the end of no directory: an anonymous file, or a path that was cut off. */
static void test_directories_that_are_none(void **state)
{
	(void)state;
	expect("memfd:x", "a", "memfd:x/a");
	expect("memfd:x", "..", "/");
	expect("memfd:x", "../..", "/");
	expect("agent/deep", "../../../a", "/a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relative),
		cmocka_unit_test(test_absolute),
		cmocka_unit_test(test_absolute_in_a_chroot),
		cmocka_unit_test(test_empty_and_unknown),
		cmocka_unit_test(test_directories_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
