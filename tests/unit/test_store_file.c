/* SPDX-License-Identifier: Apache-2.0 */
/* Records of files to rows of s<N>_file: paths, members by kind, and what is not whole. */
#include <fcntl.h>

#include "file_test.h"

static void test_a_file_from_open_to_close(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	struct aa_file_open *open = fake_open(&t->kernel, p, 7, "/tmp/a", 55);

	open->marks = AA_FILE_CREATED;
	open->open_flags = O_RDWR;
	open->mode = 0640;
	open->node.generation = 9;
	(void)fake_io(&t->kernel, p, AA_EVENT_IO, 7, 55, 0, 5000);
	commit_all(t);
	fake_io(&t->kernel, p, AA_EVENT_CLOSE, 7, 55, 10, 9000)->marks = AA_FILE_BY_LAST_USER;
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 7, 55, 10, 9000); /* nothing is known of it any more */
	commit_all(t);
	expect_rows(t, ROWS,
		    "1|open|0|/tmp/a|-|-|kernel|-|created\n"
		    "2|io|0|/tmp/a|-|-|kernel|1|-\n"
		    "3|close|0|/tmp/a|-|-|kernel|1|by-last-user\n"
		    "4|close|0|-|-|-|-|-|path-missing\n");
	expect_rows(t, SUMS,
		    "io|1|0|0|5000|2|0|-\n"
		    "close|1|10|1|4000|1|0|by-last-user\n"
		    "close|-|10|1|9000|3|0|path-missing\n");
	expect_rows(
		t,
		"SELECT process_id, time_ns, tid, device, inode, generation, type, size_bytes, nlink, flags, "
		"mode, fd FROM s1_file WHERE id = 1",
		"1|1700000001000002000|100|8388609|55|9|file|0|1|2|416|3\n");
	expect_rows(t, "SELECT count(*) FROM s1_gap", "0\n");
	expect_rows(t, "SELECT event_count FROM session", "5\n");
}

static void test_names_from_the_program(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	struct aa_file_change *change;

	(void)fake_unlink(t, p, "/home/agent", "../x//y");
	(void)fake_unlink(t, p, NULL, "/tmp/../a");
	(void)fake_unlink(t, p, "/jail", "/a/../../b"); /* a chroot */
	fake_unlink(t, p, "/home/agent", "")->error = ENOENT;
	fake_unlink(t, p, "/home/agent", "")->marks = AA_FILE_EMPTY_PATH;
	fake_unlink(t, p, "/home/agent", NULL)->marks = AA_FILE_EMPTY_PATH;
	(void)fake_unlink(t, p, NULL, "lost/dir");
	(void)fake_unlink(t, p, "/home/agent", NULL);
	(void)fake_unlink(t, p, NULL, NULL);
	fake_unlink(t, p, "/", "a")->header.flags = AA_FLAG_COMPAT;
	(void)fake_file_text(&t->kernel, p, AA_TEXT_DIR, "/a");
	(void)fake_file_text(&t->kernel, p, AA_TEXT_NAME, "old");
	(void)fake_file_text(&t->kernel, p, AA_TEXT_DIR2, "/b");
	fake_file_text(&t->kernel, p, AA_TEXT_NAME2, "new")->flags = AA_TEXT_USER;
	change = fake_change(&t->kernel, p, AA_EVENT_RENAME);
	change->marks = AA_FILE_EXCHANGE | AA_FILE_NAME_KERNEL | AA_FILE_URING;
	change->flags = 2;
	change->node = fake_node(5, 6);
	change->node2 = fake_node(7, 8);
	commit_all(t);
	expect_rows(t, ROWS,
		    "1|unlink|0|/home/x/y|-|-|user|-|-\n"
		    "2|unlink|0|/a|-|-|user|-|-\n"
		    "3|unlink|0|/jail/b|-|-|user|-|-\n"
		    "4|unlink|2||-|-|user|-|-\n"
		    "5|unlink|0|/home/agent|-|-|user|-|empty-path\n"
		    "6|unlink|0|/home/agent|-|-|kernel|-|empty-path\n"
		    "7|unlink|0|lost/dir|-|-|user|-|path-missing\n"
		    "8|unlink|0|-|-|-|-|-|path-missing\n"
		    "9|unlink|0|-|-|-|-|-|path-missing\n"
		    "10|unlink|0|/a|-|-|user|-|compat\n"
		    "11|rename|0|/a/old|/b/new|-|user|-|uring,exchange,name-kernel\n");
	expect_rows(t, "SELECT flags, device, inode, nlink, device2, inode2, fd FROM s1_file WHERE id = 11",
		    "2|8388609|5|1|8388609|7|-\n");
	expect_rows(t, "SELECT device, inode, generation, type, size_bytes, nlink FROM s1_file WHERE id = 1",
		    "-|-|-|-|-|-\n");
}

/* Every kind has what event.h says it has, and nothing else. */
static void test_members_by_kind(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);

	for (int kind = AA_EVENT_TRUNCATE; kind <= AA_EVENT_FILE_LAST; kind++) {
		struct aa_file_change *change;

		(void)fake_file_text(&t->kernel, p, AA_TEXT_PATH, "/a");
		(void)fake_file_text(&t->kernel, p, AA_TEXT_PATH2, "/b");
		(void)fake_file_text(&t->kernel, p, AA_TEXT_TARGET, "to");
		(void)fake_file_text(&t->kernel, p, AA_TEXT_FSTYPE, "fs\n");
		change = fake_change(&t->kernel, p, (enum aa_event_kind)kind);
		change->offset = 1;
		change->length = 2;
		change->size_before = 3;
		change->flags = 4;
		change->mode = 5;
		change->uid = kind % 2 ? 6 : UINT32_MAX;
		change->gid = 7;
		change->device = 8;
		change->node2.device = 9;
	}
	commit_all(t);
	expect_rows(t,
		    "SELECT kind, offset, length, size_before, flags, mode, uid, gid, device2, type, "
		    "path2_id IS NOT NULL, target_id IS NOT NULL FROM s1_file ORDER BY id",
		    "truncate|-|2|3|-|-|-|-|-|-|0|0\n"
		    "fallocate|1|2|3|4|-|-|-|-|-|0|0\n"
		    "unlink|-|-|-|4|-|-|-|-|-|0|0\n"
		    "rmdir|-|-|-|4|-|-|-|-|-|0|0\n"
		    "rename|-|-|-|4|-|-|-|9|-|1|0\n"
		    "link|-|-|-|4|-|-|-|-|-|1|0\n"
		    "symlink|-|-|-|-|-|-|-|-|-|0|1\n"
		    "mkdir|-|-|-|-|5|-|-|-|-|0|0\n"
		    "mknod|-|-|-|-|5|-|-|8|-|0|0\n"
		    "chmod|-|-|-|4|5|-|-|-|-|0|0\n"
		    "chown|-|-|-|4|-|6|7|-|-|0|0\n"
		    "utimes|-|-|-|4|-|-|-|-|-|0|0\n"
		    "setxattr|-|2|-|4|-|-|-|-|-|0|1\n"
		    "removexattr|-|-|-|4|-|-|-|-|-|0|1\n"
		    "mmap|1|2|-|4|-|-|-|-|-|0|0\n"
		    "copy|-|2|-|-|-|-|-|9|-|1|0\n"
		    "chdir|-|-|-|-|-|-|-|-|-|0|0\n"
		    "chroot|-|-|-|-|-|-|-|-|-|0|0\n"
		    "mount|-|-|-|4|-|-|-|-|fs\\n|0|1\n"
		    "umount|-|-|-|4|-|-|-|-|-|0|0\n"
		    "pivot_root|-|-|-|-|-|-|-|-|-|1|0\n");
}

/* What the open file is called, where the record has no text of its own. */
static void test_acts_on_descriptors(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	struct aa_file_change *change;

	(void)fake_open(&t->kernel, p, 1, "/from", 55);
	(void)fake_open(&t->kernel, p, 2, "/to", 56);
	change = fake_change(&t->kernel, p, AA_EVENT_TRUNCATE);
	change->open = 2;
	change->fd = 4;
	change = fake_change(&t->kernel, p, AA_EVENT_COPY);
	change->open = 1;
	change->open2 = 2;
	(void)fake_file_text(&t->kernel, p, AA_TEXT_PATH, "/renamed"); /* newer than what the open said */
	change = fake_change(&t->kernel, p, AA_EVENT_CHMOD);
	change->open = 2;
	fake_change(&t->kernel, p, AA_EVENT_CHMOD)->open = 99; /* its open was lost */
	commit_all(t);
	expect_rows(t, ROWS,
		    "1|open|0|/from|-|-|kernel|-|-\n"
		    "2|open|0|/to|-|-|kernel|-|-\n"
		    "3|truncate|0|/to|-|-|kernel|2|-\n"
		    "4|copy|0|/from|/to|-|kernel|1|-\n"
		    "5|chmod|0|/renamed|-|-|kernel|2|-\n"
		    "6|chmod|0|-|-|-|-|-|path-missing\n");
	expect_rows(t, "SELECT group_concat(coalesce(fd, '-')) FROM s1_file", "3,3,4,-,-,-\n");
}

static void test_paths_that_are_not_whole(void **state)
{
	static const uint16_t flags[] = { AA_TEXT_TRUNCATED, AA_TEXT_UNLINKED,
					  AA_TEXT_DETACHED,  AA_TEXT_PSEUDO,
					  AA_TEXT_OUTSIDE,   AA_TEXT_UNLINKED | AA_TEXT_PSEUDO };
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	struct aa_file_open *open;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		fake_file_text(&t->kernel, p, AA_TEXT_PATH, "/p")->flags = flags[i];
		open = fake_open(&t->kernel, p, i + 1, NULL, 55);
		(void)open;
	}
	/* A pipe, whose name is empty, and who closes it. */
	fake_file_text(&t->kernel, p, AA_TEXT_PATH, "")->flags = AA_TEXT_PSEUDO;
	open = fake_open(&t->kernel, p, 20, NULL, 77);
	open->node.mode = 0010600;
	open->marks = AA_FILE_INHERITED;
	(void)fake_io(&t->kernel, p, AA_EVENT_CLOSE, 20, 77, 1, 2);
	/* Nothing of the string could be read: not an empty path, but none. */
	fake_file_text(&t->kernel, p, AA_TEXT_NAME, "")->flags = AA_TEXT_USER | AA_TEXT_UNREADABLE;
	open = fake_open(&t->kernel, p, 0, NULL, 0);
	open->error = EFAULT;
	open->fd = -1;
	open->node = (struct aa_node){ 0 };
	commit_all(t);
	expect_rows(t, ROWS,
		    "1|open|0|/p|-|-|kernel|-|path-truncated\n"
		    "2|open|0|/p|-|-|kernel|-|path-unlinked\n"
		    "3|open|0|/p|-|-|kernel|-|path-detached\n"
		    "4|open|0|/p|-|-|kernel|-|path-pseudo\n"
		    "5|open|0|/p|-|-|kernel|-|path-outside-root\n"
		    "6|open|0|/p|-|-|kernel|-|path-unlinked,path-pseudo\n"
		    "7|open|0|pipe:[77]|-|-|kernel|-|inherited,path-pseudo\n"
		    "8|close|0|pipe:[77]|-|-|kernel|7|path-pseudo\n"
		    "9|open|14|-|-|-|-|-|path-unreadable\n");
	expect_rows(t, "SELECT type, fd FROM s1_file WHERE id IN (7, 9)", "fifo|3\n-|-\n");
}

/* A long name comes in pieces; what of it is missing is counted. */
static void test_long_names(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	char half[2001];

	memset(half, 'x', 2000);
	half[0] = '/';
	half[2000] = '\0';
	(void)fake_piece(&t->kernel, p, AA_TEXT_NAME, half, 2000, 0, 4000);
	(void)fake_piece(&t->kernel, p, AA_TEXT_NAME, half, 2000, 2000, 4000);
	(void)fake_change(&t->kernel, p, AA_EVENT_MKDIR);
	(void)fake_piece(&t->kernel, p, AA_TEXT_NAME, half, 2000, 0, 4000);
	(void)fake_piece(&t->kernel, p, AA_TEXT_NAME, half, 1000, 3000, 4000); /* the one between is lost */
	(void)fake_change(&t->kernel, p, AA_EVENT_MKDIR);
	(void)fake_piece(&t->kernel, p, AA_TEXT_PATH, half, 2000, 0, 5000);
	(void)fake_open(&t->kernel, p, 1, NULL, 5);
	commit_all(t);
	expect_rows(
		t, "SELECT kind, length(text), marks FROM s1_file AS f JOIN s1_string AS s ON s.id = path_id",
		"mkdir|4000|-\nmkdir|2000|path-truncated\nopen|2000|path-truncated\n");
	expect_rows(t, "SELECT lane, kind, reason, count, process_id, detail FROM s1_gap",
		    "activity|mkdir|truncated|2000|1|path as given: longer than what is captured\n"
		    "activity|open|truncated|3000|1|path: longer than what is captured\n");
	expect_rows(t, "SELECT lost_count FROM session", "0\n");
}

static void test_hostile_names(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);

	(void)fake_open(&t->kernel, p, 1, "/tmp/\x1b[31m\n\xff'; DROP TABLE s1_file; --\xe2\x80\xae", 5);
	(void)fake_unlink(t, p, "/tmp", "\xff\xfe/..\\x");
	commit_all(t);
	expect_rows(t, "SELECT text, hex(raw) FROM s1_string ORDER BY id",
		    "/tmp/\\x1B[31m\\n\\xFF'; DROP TABLE s1_file; --\\u{202E}|"
		    "2F746D702F1B5B33316D0AFF273B2044524F50205441424C452073315F66696C653B202D2DE280AE\n"
		    "/tmp/\\xFF\\xFE/..\\\\x|2F746D702FFFFE2F2E2E5C78\n");
}

/* Of one program run: the record of a file that was met on the way must not take the texts of the other. */
static void test_texts_belong_to_their_record(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);
	struct aa_file_io *io;

	(void)fake_file_text(&t->kernel, p, AA_TEXT_PATH, "/new");
	io = fake_io(&t->kernel, p, AA_EVENT_CLOSE, 5, 55, 0, 0);
	io->marks = AA_FILE_CLOSE_MISSED;
	t->kernel.now_ns -= 1000;
	(void)fake_open(&t->kernel, p, 6, NULL, 56);
	t->kernel.now_ns -= 1000; /* and a second one of the same moment */
	(void)fake_open(&t->kernel, p, 7, "/other", 57);
	(void)fake_file_text(&t->kernel, p, AA_TEXT_NAME, "/orphan");
	commit(t, true);
	expect_rows(t, ROWS,
		    "1|close|0|-|-|-|-|-|close-missed,path-missing\n"
		    "2|open|0|/new|-|-|kernel|-|-\n"
		    "3|open|0|/other|-|-|kernel|-|-\n");
	expect_rows(
		t, "SELECT lane, kind, reason, detail FROM s1_gap",
		"activity|text|incomplete|the record that these texts belong to is missing; path as given: "
		"/orphan\n");
}

static void test_short_records_are_refused(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = root_of(t);

	for (int kind = AA_EVENT_FILE_FIRST; kind <= AA_EVENT_FILE_LAST; kind++)
		(void)fake_record(&t->kernel, p, (enum aa_event_kind)kind, sizeof(struct aa_header) + 64);
	commit_all(t);
	expect_rows(t, "SELECT count(*) FROM sqlite_master WHERE name = 's1_file'", "0\n");
	expect_rows(t, "SELECT sum(count) FROM s1_gap WHERE reason = 'malformed'", "24\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_a_file_from_open_to_close),
		STORE_TEST(test_names_from_the_program),
		STORE_TEST(test_members_by_kind),
		STORE_TEST(test_acts_on_descriptors),
		STORE_TEST(test_paths_that_are_not_whole),
		STORE_TEST(test_long_names),
		STORE_TEST(test_hostile_names),
		STORE_TEST(test_texts_belong_to_their_record),
		STORE_TEST(test_short_records_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
