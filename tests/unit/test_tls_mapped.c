// SPDX-License-Identifier: Apache-2.0
/* recorder/tls/mapped.h: lines of /proc/PID/maps, and the files behind them. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mapped.h"

static void test_lines(void **state)
{
	static struct aa_mapping mapping;

	(void)state;
	assert_int_equal(aa_mapping_parse("7f0e2c000000-7f0e2c021000 r-xp 00001000 fe:01 12345678901"
					  "                  /usr/lib/a b (deleted)\n",
					  &mapping),
			 0);
	assert_true(mapping.begin == 0x7f0e2c000000 && mapping.end == 0x7f0e2c021000);
	assert_true(mapping.inode == 12345678901 && mapping.device == (0xfe << 20 | 1));
	assert_true(mapping.executable);
	assert_string_equal(mapping.path, "/usr/lib/a b (deleted)");
	assert_int_equal(aa_mapping_parse("00400000-00401000 rw-p 00000000 00:00 0\n", &mapping), 0);
	assert_false(mapping.executable);
	assert_string_equal(mapping.path, "");
	assert_int_equal(aa_mapping_parse("", &mapping), -EINVAL);
	assert_int_equal(aa_mapping_parse("VmFlags: rd ex\n", &mapping), -EINVAL);
	assert_int_equal(aa_mapping_parse("00400000-00401000 r-xp", &mapping), -EINVAL);
}

static int find_own(void *context, const struct aa_mapping *mapping)
{
	struct aa_mapping *own = context;
	struct stat status;

	if (stat("/proc/self/exe", &status) < 0 || mapping->inode != status.st_ino)
		return 0;
	*own = *mapping;
	return 1;
}

/* A request about this very program, by mapping and as what it executes. */
static void test_own_program(void **state)
{
	static struct aa_mapping own;
	static struct aa_mapped mapped;
	struct aa_request request = { .tgid = (uint32_t)getpid() };
	struct stat status;

	(void)state;
	assert_int_equal(aa_mappings_walk(request.tgid, find_own, &own), 1);
	assert_int_equal(stat("/proc/self/exe", &status), 0);
	request.inode = own.inode;
	request.device = own.device;
	request.begin = own.begin;
	request.end = own.end;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(aa_mapped_open(&request, &mapped), 0);
		assert_true(mapped.inode == status.st_ino && mapped.device == status.st_dev);
		assert_true(mapped.size_bytes == (uint64_t)status.st_size);
		assert_int_equal(mapped.path[0], '/');
		aa_mapped_close(&mapped);
		if (i == 0)
			request.end += 4096; /* the range has changed since */
		else
			request.flags = AA_REQUEST_EXEC;
	}
	request.inode++;
	assert_int_equal(aa_mapped_open(&request, &mapped), -ENOENT);
}

static void test_not_regular(void **state)
{
	static struct aa_mapped mapped;

	(void)state;
	assert_int_equal(aa_mapped_open_path("/dev/null", &mapped), -EINVAL);
	assert_int_equal(aa_mapped_open_path("/", &mapped), -EINVAL);
	assert_int_equal(aa_mapped_open_path("/nonexistent", &mapped), -ENOENT);
	assert_int_equal(aa_mappings_walk(0x7ffffffe, find_own, NULL), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_own_program),
		cmocka_unit_test(test_not_regular),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
