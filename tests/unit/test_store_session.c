/* SPDX-License-Identifier: Apache-2.0 */
/* How sessions begin: names, agents, what they say of this machine, and what becomes of those whose recorder died. */
#include <sys/utsname.h>
#include <sys/wait.h>

#include "store_test.h"

static int64_t begin(struct store_test *t, const struct aa_session_options *options)
{
	int64_t id = 0;

	if (aa_store_begin_session(t->store, options, &id, &t->error) < 0)
		fail_msg("begin: %s", t->error.text);
	return id;
}

static void test_names(void **state)
{
	struct store_test *t = *state;
	const struct aa_session_options attach = { .agent = "a\n\xff", .mode = "attach", .recorder = "1.2" };
	const struct aa_session_options named = {
		.agent = "claude", .name = "night\x1b[2J", .mode = "attach", .recorder = "1.2"
	};

	assert_int_equal(begin(t, &attach), 2);
	assert_int_equal(begin(t, &named), 3);
	assert_int_equal(begin(t, &attach), 4);
	/* test_clock stands at 2023-11-14 22:13:21. */
	expect_rows(t,
		    "SELECT s.name, a.name, mode, command, argv, recorder FROM session AS s"
		    " JOIN agent AS a ON a.id = agent_id",
		    "test agent-20231114-221321-1|test agent|run|sh -c 'exit 3'|sh|0\n"
		    "a\\n\\xFF-20231114-221321-2|a\\n\\xFF|attach|-|-|1.2\n"
		    "night\\x1B[2J|claude|attach|-|-|1.2\n"
		    "a\\n\\xFF-20231114-221321-4|a\\n\\xFF|attach|-|-|1.2\n");
	expect_rows(t, "SELECT count(*), min(first_ns) FROM agent", "3|1700000001000000000\n");
	expect_rows(t, "SELECT hex(argv) FROM session WHERE id = 1", "7368002D630065786974203300\n");
}

static void test_machine(void **state)
{
	struct store_test *t = *state;
	struct utsname system;
	char expected[512];

	assert_int_equal(uname(&system), 0);
	(void)snprintf(expected, sizeof(expected),
		       "%s|%s|%s|%d|1|36|recording|1700000001000000000|1700000000000000000\n",
		       system.nodename, system.release, system.machine, getpid());
	expect_rows(t,
		    "SELECT host, kernel, machine, recorder_pid, recorder_start_ticks > 0, length(boot_id), "
		    "state,"
		    " start_ns, boot_offset_ns FROM session",
		    expected);
}

static void test_first_tables(void **state)
{
	struct store_test *t = *state;

	expect_rows(t, "SELECT name FROM session_object ORDER BY name",
		    "s1_cgroup\ns1_commands\ns1_exec\ns1_exec_view\ns1_gap\ns1_process\ns1_process_view\ns1_"
		    "string\n"
		    "s1_timeline\n");
	/* All of them work although nothing is there yet. */
	expect_rows(t, "SELECT count(*) FROM s1_commands", "0\n");
	expect_rows(t, "SELECT count(*) FROM s1_timeline", "0\n");
	expect_rows(t, "SELECT count(*) FROM s1_process_view", "0\n");
	expect_rows(t, "SELECT count(*) FROM s1_exec_view", "0\n");
}

static void test_probes(void **state)
{
	struct store_test *t = *state;

	assert_int_equal(
		aa_store_add_probe(t->store, 1, "process.exec", "portable", "tp", true, 0, NULL, &t->error),
		0);
	assert_int_equal(
		aa_store_add_probe(t->store, 1, "process.cred", "none", "x", false, 1, "no", &t->error), 0);
	expect_rows(t, "SELECT session_id, capability, tier, program, attached, error, reason FROM probe",
		    "1|process.exec|portable|tp|1|0|-\n1|process.cred|none|x|0|1|no\n");
}

/* Another process begins a session in the same file, and is killed when told so. */
static pid_t begin_elsewhere(struct store_test *t, int *ret_go)
{
	int go[2], ready[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct aa_store *store = NULL;
		const struct aa_session_options options = { .agent = "other",
							    .mode = "attach",
							    .recorder = "0" };
		int64_t id;

		(void)close(go[1]);
		if (aa_store_open(t->path, &store, NULL) < 0 ||
		    aa_store_begin_session(store, &options, &id, NULL) < 0)
			_exit(1);
		(void)!write(ready[1], &byte, 1);
		(void)!read(go[0], &byte, 1);
		(void)raise(SIGKILL);
	}
	assert_true(pid > 0);
	(void)close(go[0]);
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	*ret_go = go[1];
	return pid;
}

static void test_dead_recorders_are_noticed(void **state)
{
	struct store_test *t = *state;
	const struct aa_session_options options = { .agent = "a", .mode = "attach", .recorder = "0" };
	int go, status;
	pid_t pid = begin_elsewhere(t, &go);

	(void)begin(t, &options);
	expect_rows(t, "SELECT id, state FROM session", "1|recording\n2|recording\n3|recording\n");
	(void)close(go);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, SIGKILL);
	(void)begin(t, &options);
	expect_rows(t, "SELECT id, state, sealed, end_ns FROM session WHERE state <> 'recording'",
		    "2|interrupted|0|-\n");

	/* The same pid, but another process; another boot; and no pid that could be. */
	assert_int_equal(
		aa_db_exec(aa_store_db(t->store),
			   "UPDATE session SET recorder_start_ticks = recorder_start_ticks + 1 WHERE id = 3;"
			   "UPDATE session SET boot_id = 'x' WHERE id = 4",
			   NULL),
		0);
	(void)begin(t, &options);
	assert_int_equal(
		aa_db_exec(aa_store_db(t->store), "UPDATE session SET recorder_pid = -1 WHERE id = 5", NULL),
		0);
	(void)begin(t, &options);
	expect_rows(t, "SELECT id, state FROM session",
		    "1|recording\n2|interrupted\n3|interrupted\n4|interrupted\n5|interrupted\n6|recording\n");
}

static void test_two_recorders_in_one_file(void **state)
{
	struct store_test *t = *state;
	int go, status;
	pid_t pid = begin_elsewhere(t, &go);

	(void)fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
	commit_all(t);
	assert_int_equal(aa_store_end_session(t->store, 1, NULL, &t->error), 0);
	(void)close(go);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	expect_rows(t, "SELECT id, state, sealed FROM session", "1|complete|1\n2|recording|0\n");
	expect_rows(t, "PRAGMA integrity_check", "ok\n");
}

/* As if it had never begun, also with rows in it; the others stay as they are. */
static void test_drop(void **state)
{
	static const char everything[] =
		"SELECT 'agent', id FROM agent UNION ALL SELECT 'probe', id FROM probe"
		" UNION ALL SELECT 'clock', session_id FROM clock UNION ALL SELECT 'ring', session_id FROM "
		"ring_cursor"
		" UNION ALL SELECT name, session_id FROM session_object UNION ALL SELECT name, 0 FROM "
		"sqlite_master"
		" UNION ALL SELECT state, id FROM session ORDER BY 1, 2";
	struct store_test *t = *state;
	const struct aa_session_options options = { .agent = "b", .mode = "attach", .recorder = "0" };
	char *before;

	(void)fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
	commit_all(t); /* with a ring_cursor, which stays with the first */
	before = rows_of(aa_store_db(t->store), everything);
	assert_int_equal(begin(t, &options), 2);
	assert_int_equal(
		aa_store_add_probe(t->store, 2, "process.exec", "basic", "x", true, 0, NULL, &t->error), 0);
	t->kernel.session = 2;
	(void)fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
	commit_all(t);
	expect_rows(t, "SELECT count(*) FROM s2_process", "1\n");
	assert_int_equal(aa_store_drop_session(t->store, 2, &t->error), 0);
	expect_rows(t, everything, before);
	free(before);
	expect_rows(t, "PRAGMA integrity_check", "ok\n");
	assert_int_equal(aa_store_drop_session(t->store, 2, &t->error), -ENOENT);

	/* Its agent stays if others have it. */
	assert_int_equal(begin(t, &options), 2);
	assert_int_equal(begin(t, &options), 3);
	assert_int_equal(aa_store_drop_session(t->store, 3, &t->error), 0);
	expect_rows(t, "SELECT name FROM agent ORDER BY id", "test agent\nb\n");
	expect_rows(t, "SELECT id, state FROM session", "1|recording\n2|recording\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_names),
		STORE_TEST(test_machine),
		STORE_TEST(test_first_tables),
		STORE_TEST(test_probes),
		STORE_TEST(test_dead_recorders_are_noticed),
		STORE_TEST(test_two_recorders_in_one_file),
		STORE_TEST(test_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
