/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder: every size of every kind, and lengths inside texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode.h"

static const struct {
	enum aa_event_kind kind;
	uint32_t size;
	const char *name;
} kinds[] = {
	{ AA_EVENT_FORK, sizeof(struct aa_fork), "fork" },
	{ AA_EVENT_EXEC, sizeof(struct aa_exec), "exec" },
	{ AA_EVENT_EXEC_FAILED, sizeof(struct aa_exec_failed), "exec_failed" },
	{ AA_EVENT_EXIT, sizeof(struct aa_exit), "exit" },
	{ AA_EVENT_CRED, sizeof(struct aa_cred_change), "cred" },
	{ AA_EVENT_COMM, sizeof(struct aa_comm_change), "comm" },
	{ AA_EVENT_SETSID, sizeof(struct aa_setsid), "setsid" },
	{ AA_EVENT_CGROUP, sizeof(struct aa_cgroup), "cgroup" },
	{ AA_EVENT_TEXT, sizeof(struct aa_text), "text" },
};

/* A record in memory of exactly its size, so that a sanitizer sees one byte too far. */
static enum aa_event_result decode(const void *bytes, uint32_t size)
{
	void *copy = malloc(size ? size : 1);
	struct aa_event event;
	enum aa_event_result result;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	result = aa_event_decode(copy, size, &event);
	assert_true((result == AA_EVENT_BROKEN) == (event.header == NULL));
	free(copy);
	return result;
}

static void test_every_size_of_every_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		union {
			struct aa_text text;
			char bytes[1024];
		} record = { .bytes = { 0 } };

		record.text.header.kind = (uint16_t)kinds[i].kind;
		record.text.field = AA_TEXT_ARGS;
		assert_string_equal(aa_event_kind_name(kinds[i].kind), kinds[i].name);
		for (uint32_t size = 0; size < 600; size++) {
			enum aa_event_result expected = AA_EVENT_OK;

			record.text.header.size = size;
			if (size < sizeof(struct aa_header))
				expected = AA_EVENT_BROKEN;
			else if (size < kinds[i].size)
				expected = AA_EVENT_MALFORMED;
			assert_int_equal(decode(&record, size), expected);
			if (expected == AA_EVENT_BROKEN)
				continue;
			/* Room behind it in the ring is fine; a record longer than its place is not. */
			assert_int_equal(decode(&record, size + 8), expected);
			record.text.header.size = size + 1;
			assert_int_equal(decode(&record, size), AA_EVENT_MALFORMED);
		}
	}
}

static void test_unknown_kinds(void **state)
{
	struct aa_header header = { .size = sizeof(header) };

	(void)state;
	for (unsigned kind = 0; kind < 65536; kind++) {
		header.kind = (uint16_t)kind;
		if (aa_event_kind_name(kind))
			continue;
		assert_int_equal(decode(&header, sizeof(header)), AA_EVENT_UNKNOWN);
	}
	assert_null(aa_event_kind_name(0));
	assert_null(aa_event_kind_name(100000));
}

static void test_text_bounds(void **state)
{
	static const struct {
		uint32_t start, length;
		enum aa_event_result result;
	} bounds[] = {
		{ 0, 0, AA_EVENT_OK },
		{ 0, 16, AA_EVENT_OK },
		{ 16, 0, AA_EVENT_OK },
		{ 10, 6, AA_EVENT_OK },
		{ 0, 17, AA_EVENT_MALFORMED },
		{ 10, 7, AA_EVENT_MALFORMED },
		{ 17, 0, AA_EVENT_MALFORMED },
		{ UINT32_MAX, 1, AA_EVENT_MALFORMED },
		{ 1, UINT32_MAX, AA_EVENT_MALFORMED },
		{ UINT32_MAX, UINT32_MAX, AA_EVENT_MALFORMED },
	};
	union {
		struct aa_text text;
		char bytes[sizeof(struct aa_text) + 16];
	} record = { .bytes = { 0 } };

	(void)state;
	record.text.header.kind = AA_EVENT_TEXT;
	record.text.header.size = sizeof(record);
	record.text.field = AA_TEXT_EXE;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		record.text.start = bounds[i].start;
		record.text.length = bounds[i].length;
		assert_int_equal(decode(&record, sizeof(record)), bounds[i].result);
	}
	record.text.start = record.text.length = 0;
	record.text.field = 0;
	assert_int_equal(decode(&record, sizeof(record)), AA_EVENT_MALFORMED);
	record.text.field = AA_TEXT_LAST + 1;
	assert_int_equal(decode(&record, sizeof(record)), AA_EVENT_MALFORMED);
}

static void test_names(void **state)
{
	static const char full[AA_COMM_SIZE] = { '0', '1', '2', '3', '4', '5', '6', '7',
						 '8', '9', 'a', 'b', 'c', 'd', 'e', 'f' };

	(void)state;
	assert_string_equal(aa_lane_name(AA_LANE_LIFECYCLE), "lifecycle");
	assert_string_equal(aa_lane_name(AA_LANE_ACTIVITY), "activity");
	assert_string_equal(aa_lane_name(AA_LANE_PAYLOAD), "payload");
	assert_int_equal(aa_comm_length("0123456789abcde"), 15);
	assert_int_equal(aa_comm_length(full), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size_of_every_kind),
		cmocka_unit_test(test_unknown_kinds),
		cmocka_unit_test(test_text_bounds),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
