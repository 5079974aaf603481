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
	{ AA_EVENT_OPEN, sizeof(struct aa_file_open), "open" },
	{ AA_EVENT_CLOSE, sizeof(struct aa_file_io), "close" },
	{ AA_EVENT_IO, sizeof(struct aa_file_io), "io" },
	{ AA_EVENT_TRUNCATE, sizeof(struct aa_file_change), "truncate" },
	{ AA_EVENT_FALLOCATE, sizeof(struct aa_file_change), "fallocate" },
	{ AA_EVENT_UNLINK, sizeof(struct aa_file_change), "unlink" },
	{ AA_EVENT_RMDIR, sizeof(struct aa_file_change), "rmdir" },
	{ AA_EVENT_RENAME, sizeof(struct aa_file_change), "rename" },
	{ AA_EVENT_LINK, sizeof(struct aa_file_change), "link" },
	{ AA_EVENT_SYMLINK, sizeof(struct aa_file_change), "symlink" },
	{ AA_EVENT_MKDIR, sizeof(struct aa_file_change), "mkdir" },
	{ AA_EVENT_MKNOD, sizeof(struct aa_file_change), "mknod" },
	{ AA_EVENT_CHMOD, sizeof(struct aa_file_change), "chmod" },
	{ AA_EVENT_CHOWN, sizeof(struct aa_file_change), "chown" },
	{ AA_EVENT_UTIMES, sizeof(struct aa_file_change), "utimes" },
	{ AA_EVENT_SETXATTR, sizeof(struct aa_file_change), "setxattr" },
	{ AA_EVENT_REMOVEXATTR, sizeof(struct aa_file_change), "removexattr" },
	{ AA_EVENT_MMAP, sizeof(struct aa_file_change), "mmap" },
	{ AA_EVENT_COPY, sizeof(struct aa_file_change), "copy" },
	{ AA_EVENT_CHDIR, sizeof(struct aa_file_change), "chdir" },
	{ AA_EVENT_CHROOT, sizeof(struct aa_file_change), "chroot" },
	{ AA_EVENT_MOUNT, sizeof(struct aa_file_change), "mount" },
	{ AA_EVENT_UMOUNT, sizeof(struct aa_file_change), "umount" },
	{ AA_EVENT_PIVOT_ROOT, sizeof(struct aa_file_change), "pivot_root" },
	{ AA_EVENT_TLS_OPEN, sizeof(struct aa_tls_open), "tls_open" },
	{ AA_EVENT_TLS_HANDSHAKE, sizeof(struct aa_tls_handshake), "tls_handshake" },
	{ AA_EVENT_TLS_NAME, sizeof(struct aa_tls_name), "tls_name" },
	{ AA_EVENT_TLS_SOCKET, sizeof(struct aa_tls_socket_bound), "tls_socket" },
	{ AA_EVENT_TLS_HELLO, sizeof(struct aa_tls_hello), "tls_hello" },
	{ AA_EVENT_TLS_SOCKET_END, sizeof(struct aa_tls_socket_end), "tls_socket_end" },
	{ AA_EVENT_TLS_CLOSE, sizeof(struct aa_tls_close), "tls_close" },
	{ AA_EVENT_TLS_DATA, sizeof(struct aa_tls_data), "tls_data" },
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
	assert_null(aa_event_kind_name(sizeof(kinds) / sizeof(kinds[0]) + 1)); /* none is forgotten here */
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
	assert_string_equal(aa_lane_name(AA_LANE_COUNT), "unknown");
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
