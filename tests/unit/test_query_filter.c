/* SPDX-License-Identifier: Apache-2.0 */
/* Times and kinds as people type them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "filter.h"

#define S INT64_C(1000000000)

/* 2025-11-20T07:16:00Z, as date(1) has it. */
#define THEN INT64_C(1763622960)

static void assert_moment(const char *text, int base, int64_t ns)
{
	struct aa_moment moment = { 0 };

	if (aa_moment_parse(text, &moment) != 0)
		fail_msg("%s was refused", text);
	if ((int)moment.base != base || moment.ns != ns)
		fail_msg("%s gave base %d, %lld ns", text, (int)moment.base, (long long)moment.ns);
}

static void rfc_3339(void **state)
{
	(void)state;
	assert_moment("2025-11-20T07:16:00Z", AA_MOMENT_ABSOLUTE, THEN * S);
	assert_moment("2025-11-20t07:16:00z", AA_MOMENT_ABSOLUTE, THEN * S);
	assert_moment("2025-11-20 07:16:00.5Z", AA_MOMENT_ABSOLUTE, THEN * S + S / 2);
	assert_moment("2025-11-20T07:16:00.123456789Z", AA_MOMENT_ABSOLUTE, THEN * S + 123456789);
	assert_moment("2025-11-20T07:16:00.1234567899Z", AA_MOMENT_ABSOLUTE, THEN * S + 123456789);
	assert_moment("2025-11-20T08:16:00+01:00", AA_MOMENT_ABSOLUTE, THEN * S);
	assert_moment("2025-11-20T01:46:00-05:30", AA_MOMENT_ABSOLUTE, THEN * S);
	assert_moment("1969-12-31T23:59:59.25Z", AA_MOMENT_ABSOLUTE, -S + S / 4);
	assert_moment("2024-02-29T00:00:00Z", AA_MOMENT_ABSOLUTE, INT64_C(1709164800) * S);
}

static void local_time(void **state)
{
	(void)state;
	assert_int_equal(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	tzset();
	assert_moment("2025-11-20T08:16:00", AA_MOMENT_ABSOLUTE, THEN * S);
	assert_moment("2025-11-20 08:16", AA_MOMENT_ABSOLUTE, THEN * S);
	assert_moment("2025-11-20", AA_MOMENT_ABSOLUTE, (THEN - 8 * 3600 - 16 * 60) * S);
	/* Summer time: two hours. */
	assert_moment("2025-07-01T02:00", AA_MOMENT_ABSOLUTE, INT64_C(1751328000) * S);
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	tzset();
}

static void epoch(void **state)
{
	(void)state;
	assert_moment("1763622960", AA_MOMENT_ABSOLUTE, THEN * S);
	assert_moment("1763622960.25", AA_MOMENT_ABSOLUTE, THEN * S + S / 4);
	assert_moment("1763622960123456789", AA_MOMENT_ABSOLUTE, THEN * S + 123456789);
	assert_moment("0", AA_MOMENT_ABSOLUTE, 0);
}

static void relative(void **state)
{
	(void)state;
	assert_moment("now", AA_MOMENT_NOW, 0);
	assert_moment("-5m", AA_MOMENT_NOW, -300 * S);
	assert_moment("-2h", AA_MOMENT_NOW, -7200 * S);
	assert_moment("-1d", AA_MOMENT_NOW, -86400 * S);
	assert_moment("-1w", AA_MOMENT_NOW, -7 * 86400 * S);
	assert_moment("-1.5h", AA_MOMENT_NOW, -5400 * S);
	assert_moment("-90", AA_MOMENT_NOW, -90 * S);
	assert_moment("-250ms", AA_MOMENT_NOW, -S / 4);
	assert_moment("+1.234567", AA_MOMENT_START, 1234567000);
	assert_moment("+0.000000001s", AA_MOMENT_START, 1);
	assert_moment("+3us", AA_MOMENT_START, 3000);
}

static void refused(void **state)
{
	static const char *const texts[] = {
		"",
		"-",
		"+",
		"x",
		"-m",
		"-5x",
		"--5m",
		"5m",
		"1.5.5",
		".",
		"1.",
		".5",
		"-1e3",
		"yesterday",
		"2025",
		"2025-11",
		"2025-13-01",
		"2025-02-29",
		"2025-11-31",
		"2025-00-10",
		"2025-11-00",
		"2025-11-20T",
		"2025-11-20T7:16",
		"2025-11-20T24:00",
		"2025-11-20T07:60",
		"2025-11-20T07:16:61",
		"2025-11-20T07:16:00+1",
		"2025-11-20T07:16:00+24:00",
		"2025-11-20T07:16:00Zx",
		"2025-11-20x",
		" 2025-11-20",
		"9999-12-31T00:00:00Z",
		"1600-01-01T00:00:00Z",
		/* Milliseconds: neither seconds nor nanoseconds. */
		"1763622960123",
		/* Beyond 64 bits. */
		"99999999999999999999",
		"-99999999999999999999w",
		"-400000000000d",
		"now ",
		"1763622960123456789.5",
	};
	struct aa_moment moment;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		moment = (struct aa_moment){ .ns = 42 };
		if (aa_moment_parse(texts[i], &moment) != -EINVAL)
			fail_msg("\"%s\" was taken for a time", texts[i]);
		assert_int_equal(moment.ns, 42);
	}
}

static void resolving(void **state)
{
	struct aa_moment before = { AA_MOMENT_NOW, -5 * S };
	struct aa_moment after = { AA_MOMENT_START, 5 * S };
	struct aa_moment last = { AA_MOMENT_START, INT64_MAX };
	struct aa_moment first = { AA_MOMENT_NOW, INT64_MIN };

	(void)state;
	assert_int_equal(aa_moment_resolve(&before, 100 * S, 50 * S), 95 * S);
	assert_int_equal(aa_moment_resolve(&after, 100 * S, 50 * S), 55 * S);
	assert_true(aa_moment_resolve(&last, 0, 1) == INT64_MAX);
	assert_true(aa_moment_resolve(&first, -1, 0) == INT64_MIN);
}

static void window(void **state)
{
	struct aa_filter filter = { 0 };
	struct aa_window window = aa_filter_window(&filter, 100, 50);

	(void)state;
	assert_true(window.since_ns == INT64_MIN && window.until_ns == INT64_MAX);
	filter.since = (struct aa_moment){ AA_MOMENT_NOW, -10 };
	filter.until = (struct aa_moment){ AA_MOMENT_START, 10 };
	window = aa_filter_window(&filter, 100, 50);
	assert_true(window.since_ns == 90 && window.until_ns == 60);
}

static void kinds(void **state)
{
	const char *word = NULL;
	uint64_t bits = 0;
	uint64_t all = 0;

	(void)state;
	assert_int_equal(aa_kinds_parse("fork", &bits, &word), 0);
	assert_int_equal(bits, 1);
	assert_int_equal(aa_kinds_parse("exec,fork", &bits, &word), 0);
	assert_int_equal(bits, 3);
	for (unsigned i = 0; aa_kinds[i]; i++) {
		assert_int_equal(aa_kinds_parse(aa_kinds[i], &bits, &word), 0);
		assert_true(bits == UINT64_C(1) << i);
		all |= bits;
	}
	assert_true((all & (all + 1)) == 0);
	assert_int_equal(aa_kinds_parse("exec,nosuch,exit", &bits, &word), -EINVAL);
	assert_memory_equal(word, "nosuch,", 7);
	assert_int_equal(aa_kinds_parse("", &bits, &word), -EINVAL);
	assert_int_equal(aa_kinds_parse("exec,", &bits, &word), -EINVAL);
	assert_int_equal(aa_kinds_parse("exe", &bits, &word), -EINVAL);
	assert_int_equal(aa_kinds_parse("exec exit", &bits, &word), -EINVAL);
}

static void kinds_in_sql(void **state)
{
	struct aa_text_buffer sql = { 0 };
	struct aa_filter filter = { .kinds = UINT64_C(1) << 0 | UINT64_C(1) << 33 };

	(void)state;
	aa_filter_add_kinds(&filter, &sql);
	assert_string_equal(sql.data, "(:k0, :k33)");
	aa_text_release(&sql);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_3339), cmocka_unit_test(local_time), cmocka_unit_test(epoch),
		cmocka_unit_test(relative), cmocka_unit_test(refused),	  cmocka_unit_test(resolving),
		cmocka_unit_test(window),   cmocka_unit_test(kinds),	  cmocka_unit_test(kinds_in_sql),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
