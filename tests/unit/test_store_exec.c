/* SPDX-License-Identifier: Apache-2.0 */
/* What an exec keeps of its texts: exact bytes, marks and gap rows for what is missing, and only the asked environment. */
#include "store_test.h"

static struct fake_process start(struct store_test *t)
{
	return fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
}

static void test_arguments_are_exact(void **state)
{
	static const char args[] =
		"argv zero\0\0-x\xff\xfe\0two\nlines\0it's\0"; /* the last one is empty: "\0" of C's own */
	struct store_test *t = *state;
	struct fake_process root = start(t);

	(void)fake_run(&t->kernel, root, "/opt/\xff", args, sizeof(args), "x");
	commit_all(t);
	expect_rows(t, "SELECT command, length(argv), args_stored_bytes, marks FROM s1_exec",
		    "'argv zero' '' $'-x\\xFF\\xFE' $'two\\nlines' $'it\\'s' ''|32|32|-\n");
	expect_rows(t, "SELECT exe, hex(exe_raw), filename FROM s1_exec_view",
		    "/opt/\\xFF|2F6F70742FFF|/opt/\\xFF\n");
	assert_int_equal(sizeof(args), 32);
}

static void test_long_arguments_come_in_pieces(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);
	const uint32_t size = 60001, piece = 8192;
	char *argument = malloc(size);

	assert_non_null(argument);
	memset(argument, 'a', size - 1);
	argument[size - 1] = '\0';
	for (uint32_t offset = 0; offset < size; offset += piece)
		(void)fake_piece(&t->kernel, root, AA_TEXT_ARGS, argument + offset,
				 size - offset < piece ? size - offset : piece, offset, size);
	(void)fake_exec(&t->kernel, root, size, "a");
	free(argument);
	commit_all(t);
	expect_rows(t, "SELECT length(command), args_stored_bytes, marks FROM s1_exec", "60000|60001|-\n");
}

static void test_truncated_arguments_are_counted(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);
	struct aa_session_totals totals;

	fake_piece(&t->kernel, root, AA_TEXT_ARGS, "cat\0lon", 7, 0, 1000)->flags = AA_TEXT_TRUNCATED;
	(void)fake_exec(&t->kernel, root, 1000, "cat");
	commit_all(t);
	expect_rows(t, "SELECT command, args_bytes, args_stored_bytes, marks FROM s1_exec",
		    "cat lon|1000|7|args-truncated\n");
	expect_rows(t, "SELECT kind, reason, count, process_id FROM s1_gap", "exec|truncated|993|1\n");
	aa_store_totals(t->store, 1, &totals);
	assert_int_equal(totals.truncated_bytes, 993);
	assert_int_equal(totals.lost, 0);
}

static void test_lost_piece_ends_the_arguments(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);

	(void)fake_piece(&t->kernel, root, AA_TEXT_ARGS, "one\0", 4, 0, 12);
	(void)fake_piece(&t->kernel, root, AA_TEXT_ARGS, "tri\0", 4, 8, 12);
	(void)fake_exec(&t->kernel, root, 12, "one");
	commit_all(t);
	expect_rows(t, "SELECT command, args_stored_bytes, marks FROM s1_exec", "one|4|args-truncated\n");
	expect_rows(t, "SELECT reason, count FROM s1_gap", "truncated|8\n");
}

static void test_lost_arguments_are_not_an_empty_command(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);

	(void)fake_text(&t->kernel, root, AA_TEXT_EXE, "/bin/one");
	(void)fake_exec(&t->kernel, root, 12, "one");
	(void)fake_exec(&t->kernel, root, 0, "none");
	commit_all(t);
	expect_rows(t, "SELECT command, args_stored_bytes, marks FROM s1_exec", "-|0|args-missing\n|0|-\n");
	expect_rows(t, "SELECT reason, count, detail FROM s1_gap", "truncated|12|arguments: not captured\n");
}

static void test_marks_of_paths(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);
	struct aa_exec *exec;

	fake_text(&t->kernel, root, AA_TEXT_EXE, "/tmp/gone")->flags = AA_TEXT_UNLINKED;
	fake_piece(&t->kernel, root, AA_TEXT_CWD, "/deep", 5, 0, 105)->flags =
		AA_TEXT_TRUNCATED | AA_TEXT_DETACHED;
	fake_piece(&t->kernel, root, AA_TEXT_FILENAME, "", 0, 0, 0)->flags = AA_TEXT_UNREADABLE;
	exec = fake_exec(&t->kernel, root, 0, "gone");
	exec->exe_origin = AA_EXE_UNLINKED;
	exec->tty_device = 136 << 20 | 3;
	exec->header.flags = AA_FLAG_CRED_CHANGED;
	commit_all(t);
	expect_rows(t, "SELECT filename_id FROM s1_exec", "-\n"); /* not known, which is not empty */
	expect_rows(t, "SELECT marks, exe_type, tty, privileged FROM s1_exec",
		    "filename-unreadable,exe-unlinked,cwd-truncated,cwd-detached|unlinked|pts/3|1\n");
	expect_rows(t, "SELECT reason, count, detail FROM s1_gap",
		    "truncated|100|working directory: longer than what is captured\n");
}

static void test_terminals(void **state)
{
	static const struct {
		uint32_t major, minor;
		const char *name;
	} terminals[] = {
		{ 0, 0, "-" },	     { 137, 1, "pts/257" }, { 4, 0, "tty0" },
		{ 4, 63, "tty63" },  { 4, 64, "ttyS0" },    { 5, 0, "tty" },
		{ 5, 1, "console" }, { 204, 64, "204:64" }, { 143, 255, "pts/2047" },
	};
	struct store_test *t = *state;
	struct fake_process root = start(t);
	char expected[256];
	int used = 0;

	for (size_t i = 0; i < sizeof(terminals) / sizeof(terminals[0]); i++) {
		fake_exec(&t->kernel, root, 0, "t")->tty_device =
			terminals[i].major << 20 | terminals[i].minor;
		used += snprintf(expected + used, sizeof(expected) - (size_t)used, "%s\n", terminals[i].name);
	}
	commit_all(t);
	expect_rows(t, "SELECT tty FROM s1_exec", expected);
}

static void test_only_asked_environment_is_kept(void **state)
{
	static const char environment[] =
		"TERM=xterm\0SECRET=abcd\0TERMX=no\0EMPTY=\0LANG=\xff\0NOEQUALS\0EMPTY";
	struct store_test *t = *state;
	char *const names[] = { (char[]){ "TERM" }, (char[]){ "LANG" }, (char[]){ "EMPTY" },
				(char[]){ "ABSENT" }, NULL };
	struct fake_process root;
	struct aa_exec *exec;
	char *rows;

	t->kernel.session = (uint32_t)begin_session(t, "with environment", names);
	root = start(t);
	(void)fake_piece(&t->kernel, root, AA_TEXT_ENV, environment, sizeof(environment), 0,
			 sizeof(environment));
	exec = fake_exec(&t->kernel, root, 0, "e");
	exec->env_size = sizeof(environment);
	commit_all(t);
	expect_rows(t, "SELECT exec_id, name, value, hex(raw) FROM s2_env",
		    "1|TERM|xterm|\n1|EMPTY||\n1|LANG|\\xFF|FF\n");

	/* Not in any table of the file. */
	rows = rows_of(aa_store_db(t->store), "SELECT name FROM sqlite_master WHERE type = 'table'");
	for (char *name = strtok(rows, "\n"); name; name = strtok(NULL, "\n")) {
		char sql[128];
		char *content;

		(void)snprintf(sql, sizeof(sql), "SELECT * FROM %s", name);
		content = rows_of(aa_store_db(t->store), sql);
		assert_null(strstr(content, "abcd"));
		free(content);
	}
	free(rows);
}

static void test_environment_that_nobody_asked_for(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);

	(void)fake_piece(&t->kernel, root, AA_TEXT_ENV, "A=b", 4, 0, 4);
	(void)fake_exec(&t->kernel, root, 0, "e");
	commit_all(t);
	expect_rows(t, "SELECT count(*) FROM sqlite_master WHERE name = 's1_env'", "0\n");
	expect_rows(t, "SELECT marks FROM s1_exec", "-\n");
}

/* Arguments of a process found running come from user space. */
static int peek(void *context, uint32_t tgid, uint64_t start_ns, uint64_t arg_start, enum aa_text_field field,
		char **ret_bytes, size_t *ret_size)
{
	(void)start_ns;
	assert_int_equal(field, AA_TEXT_ARGS);
	++*(int *)context;
	if (tgid != 100 || arg_start != 0x7fff1000)
		return -ESTALE;
	*ret_bytes = malloc(8);
	assert_non_null(*ret_bytes);
	memcpy(*ret_bytes, "claude\0", 8);
	*ret_size = 8;
	return 0;
}

static void test_snapshot(void **state)
{
	struct store_test *t = *state;
	struct fake_process root = start(t);
	struct fake_process other = fake_fork(&t->kernel, root, 101, AA_FLAG_SNAPSHOT);
	struct aa_exec *exec;
	int calls = 0;

	aa_store_set_peek(t->store, peek, &calls);
	exec = fake_exec(&t->kernel, root, 8, "claude");
	exec->header.flags = AA_FLAG_SNAPSHOT;
	exec->arg_start = 0x7fff1000;
	exec = fake_exec(&t->kernel, other, 5, "gone");
	exec->header.flags = AA_FLAG_SNAPSHOT;
	commit_all(t);
	assert_int_equal(calls, 2);
	expect_rows(t, "SELECT source, command, args_stored_bytes, marks FROM s1_exec",
		    "snapshot|claude ''|8|-\nsnapshot|-|0|args-missing\n");
	expect_rows(t, "SELECT count FROM s1_gap", "5\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_arguments_are_exact),
		STORE_TEST(test_long_arguments_come_in_pieces),
		STORE_TEST(test_truncated_arguments_are_counted),
		STORE_TEST(test_lost_piece_ends_the_arguments),
		STORE_TEST(test_lost_arguments_are_not_an_empty_command),
		STORE_TEST(test_marks_of_paths),
		STORE_TEST(test_terminals),
		STORE_TEST(test_only_asked_environment_is_kept),
		STORE_TEST(test_environment_that_nobody_asked_for),
		STORE_TEST(test_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
