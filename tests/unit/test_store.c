/* SPDX-License-Identifier: Apache-2.0 */
/* Records to rows: what a session's tables hold after fork, exec, exit and all that comes between. */
#include "store_test.h"

static void test_tree_of_processes(void **state)
{
	struct store_test *t = *state;
	struct fake_process outside = { .tgid = 1 };
	struct fake_process root = fake_fork(&t->kernel, outside, 100, AA_FLAG_ROOT);
	struct fake_process child;

	(void)fake_run(&t->kernel, root, "/bin/sh", "sh\0-c\0ls -l", 11, "sh");
	child = fake_fork(&t->kernel, root, 101, 0);
	(void)fake_run(&t->kernel, child, "/bin/ls", "ls\0-l\0", 6, "ls");
	(void)fake_exit(&t->kernel, child, 2 << 8, (struct fake_process){ 0 });
	(void)fake_exit(&t->kernel, root, SIGKILL | 0x80, (struct fake_process){ 0 });
	commit_all(t);

	expect_rows(t,
		    "SELECT id, pid, source, parent_id, parent_pid, creator_id, call, comm FROM s1_process",
		    "1|100|root|-|1|-|-|sh\n"
		    "2|101|fork|1|100|1|fork|ls\n");
	expect_rows(t, "SELECT pid, exit_status, exit_code, exit_signal, core_dumped FROM s1_process",
		    "100|137|-|9|1\n"
		    "101|512|2|-|0\n");
	expect_rows(t,
		    "SELECT process_id, error, command, argv IS NULL, args_bytes, args_stored_bytes, marks "
		    "FROM s1_exec",
		    "1|0|sh -c 'ls -l'|0|11|11|-\n"
		    "2|0|ls -l|1|6|6|-\n");
	expect_rows(t, "SELECT command, exe, cwd, status FROM s1_commands",
		    "sh -c 'ls -l'|/bin/sh|/home/agent|SIGKILL (core dumped)\n"
		    "ls -l|/bin/ls|/home/agent|exit 2\n");
	expect_rows(t, "SELECT text, raw FROM s1_string", "/bin/sh|-\n/home/agent|-\n/bin/ls|-\n");
	expect_rows(t, "SELECT root_pid, event_count, lost_count FROM session", "100|6|0\n");
	expect_rows(t, "SELECT count(*) FROM s1_gap", "0\n");
}

static void test_times_are_the_kernels(void **state)
{
	struct store_test *t = *state;
	struct fake_process root =
		fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);

	(void)root;
	commit_all(t);
	expect_rows(t,
		    "SELECT p.time_ns - s.boot_offset_ns, p.start_boot_ns FROM s1_process AS p, session AS s",
		    "1000001000|1000000500\n");
}

static void test_children_are_given_to_the_reaper(void **state)
{
	struct store_test *t = *state;
	struct fake_process root =
		fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
	struct fake_process middle = fake_fork(&t->kernel, root, 101, 0);
	struct fake_process dead = fake_fork(&t->kernel, middle, 102, 0);
	struct fake_process left = fake_fork(&t->kernel, middle, 103, 0);
	struct fake_process right = fake_fork(&t->kernel, middle, 104, 0);

	(void)fake_exit(&t->kernel, dead, 0, (struct fake_process){ 0 });
	(void)fake_exit(&t->kernel, middle, 0, root);
	(void)left;
	(void)right;
	commit_all(t);
	(void)fake_exit(&t->kernel, root, 0, (struct fake_process){ .tgid = 1, .start_ns = 5 });
	commit_all(t);
	expect_rows(
		t,
		"SELECT p.pid, old_parent_id, old_parent_pid, r.parent_id, r.parent_pid FROM s1_reparent AS r"
		" JOIN s1_process AS p ON p.id = process_id ORDER BY r.time_ns, p.pid",
		"103|2|101|1|100\n"
		"104|2|101|1|100\n"
		"103|1|100|-|1\n"
		"104|1|100|-|1\n");
}

static void test_identity_is_pid_and_start(void **state)
{
	struct store_test *t = *state;
	struct fake_process root =
		fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
	struct fake_process first = fake_fork(&t->kernel, root, 101, 0);
	struct fake_process second;

	(void)fake_exit(&t->kernel, first, 0, (struct fake_process){ 0 });
	second = fake_fork(&t->kernel, root, 101, 0);
	(void)fake_exit(&t->kernel, second, 1 << 8, (struct fake_process){ 0 });
	commit_all(t);
	expect_rows(t, "SELECT id, exit_code FROM s1_process WHERE pid = 101", "2|0\n3|1\n");
}

static void test_missing_fork_is_implied_and_completed(void **state)
{
	struct store_test *t = *state;
	struct fake_process ghost = { .tgid = 300, .start_ns = 77 };
	struct fake_process child = fake_fork(&t->kernel, ghost, 301, 0);
	struct aa_fork *late;

	(void)child;
	(void)fake_run(&t->kernel, ghost, "/bin/ghost", "ghost", 6, "ghost");
	commit_all(t);
	expect_rows(t, "SELECT id, pid, start_boot_ns, source, parent_pid, comm, uid FROM s1_process",
		    "1|300|77|implied|-|ghost|-\n"
		    "2|301|1000000500|fork|300|parent|0\n");

	/* What a snapshot finds may come after what refers to it. */
	late = fake_record(&t->kernel, ghost, AA_EVENT_FORK, sizeof(*late));
	late->header.flags = AA_FLAG_SNAPSHOT;
	late->parent_tgid = 1;
	late->parent_start_ns = 2;
	late->cred.uid = 7;
	commit_all(t);
	expect_rows(t, "SELECT id, pid, source, parent_pid, comm, uid, call FROM s1_process WHERE pid = 300",
		    "1|300|snapshot|1|ghost|7|-\n");
	expect_rows(t, "SELECT count(*) FROM s1_gap", "0\n");

	/* A second one is damage, and said. */
	(void)memcpy(fake_record(&t->kernel, ghost, AA_EVENT_FORK, sizeof(*late)), late, sizeof(*late));
	commit_all(t);
	expect_rows(t, "SELECT kind, reason, count, process_id FROM s1_gap", "fork|malformed|1|1\n");
}

static void test_failed_exec(void **state)
{
	struct store_test *t = *state;
	struct fake_process root =
		fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
	struct aa_exec_failed *failed;
	struct aa_text *text;

	text = fake_text(&t->kernel, root, AA_TEXT_FILENAME, "no\nsuch");
	text->flags = AA_TEXT_USER;
	(void)fake_text(&t->kernel, root, AA_TEXT_CWD, "/tmp");
	failed = fake_record(&t->kernel, root, AA_EVENT_EXEC_FAILED, sizeof(*failed));
	failed->error = 2;
	memcpy(failed->comm, "sh", 3);
	commit_all(t);
	expect_rows(t,
		    "SELECT error, error_name, filename, hex(filename_raw), cwd, exe, command, argc, comm "
		    "FROM s1_exec_view",
		    "2|ENOENT|no\\nsuch|6E6F0A73756368|/tmp|-|-|-|sh\n");
	expect_rows(t, "SELECT command, status FROM s1_commands", "no\\nsuch|exec failed: ENOENT\n");
	expect_rows(t, "SELECT kind, detail FROM s1_timeline WHERE kind LIKE 'exec%'",
		    "exec_failed|no\\nsuch: ENOENT\n");
}

static void test_changes(void **state)
{
	struct store_test *t = *state;
	struct fake_process root =
		fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
	struct aa_cred_change *cred = fake_record(&t->kernel, root, AA_EVENT_CRED, sizeof(*cred));
	struct aa_comm_change *comm;
	struct aa_setsid *setsid;
	struct aa_cgroup *cgroup;

	cred->after.euid = 1000;
	cred->after.cap_effective = 0x1ffffffffff;
	cred->after.group_hash = 1;
	cred->syscall = ~0u;
	comm = fake_record(&t->kernel, root, AA_EVENT_COMM, sizeof(*comm));
	memcpy(comm->before, "parent", 7);
	memcpy(comm->after, "\x1b[31m-sixteen-b", AA_COMM_SIZE);
	comm->by_tgid = 100;
	comm = fake_record(&t->kernel, root, AA_EVENT_COMM, sizeof(*comm));
	comm->header.tid = 105;
	memcpy(comm->after, "thread", 7);
	comm->by_tgid = 200;
	setsid = fake_record(&t->kernel, root, AA_EVENT_SETSID, sizeof(*setsid));
	setsid->sid = 100;
	setsid->ns_sid = 4;
	(void)fake_text(&t->kernel, root, AA_TEXT_CGROUP, "/user.slice");
	cgroup = fake_record(&t->kernel, root, AA_EVENT_CGROUP, sizeof(*cgroup));
	cgroup->cgroup_id = 0;
	commit_all(t);
	expect_rows(t, "SELECT syscall, old_euid, euid, cap_effective, groups_changed FROM s1_cred",
		    "-|0|1000|2199023255551|1\n");
	expect_rows(t, "SELECT tid, new, by_pid FROM s1_comm",
		    "100|\\x1B[31m-sixteen-b|100\n105|thread|200\n");
	expect_rows(t, "SELECT comm, cgroup FROM s1_process_view", "\\x1B[31m-sixteen-b|/user.slice\n");
	expect_rows(t, "SELECT sid, ns_sid FROM s1_setsid", "100|4\n");
	expect_rows(t, "SELECT kind, pid, tid, detail FROM s1_timeline ORDER BY time_ns",
		    "fork|100|100|taken into the session, parent 1\n"
		    "cred|100|100|found later: euid 0 -> 1000, cap_effective 0000000000000000 -> "
		    "000001ffffffffff, groups 0 -> 0\n"
		    "comm|100|100|parent -> \\x1B[31m-sixteen-b\n"
		    "comm|100|105| -> thread (by pid 200)\n"
		    "setsid|100|100|leads session 100\n");
}

static void test_end_of_session(void **state)
{
	struct store_test *t = *state;
	const struct aa_session_result result = { .has_status = true, .status = 3 << 8 };
	struct aa_session_totals totals;

	(void)fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
	commit_all(t);
	expect_rows(t, "SELECT state, sealed, end_ns, (SELECT count(*) FROM ring_cursor) FROM session",
		    "recording|0|-|1\n");
	assert_int_equal(aa_store_end_session(t->store, 1, &result, &t->error), 0);
	expect_rows(t,
		    "SELECT state, sealed, end_ns >= start_ns, exit_code, exit_signal, (SELECT count(*) FROM "
		    "ring_cursor) FROM session",
		    "complete|1|1|3|-|0\n");
	aa_store_totals(t->store, 1, &totals);
	assert_int_equal(totals.records[AA_EVENT_FORK], 1);
	assert_int_equal(totals.live, 1);
	assert_int_equal(aa_store_end_session(t->store, 1, &result, &t->error), -ENOENT);
}

static void test_gaps_and_clock(void **state)
{
	struct store_test *t = *state;
	const struct aa_gap gaps[] = {
		{ .session_id = 1,
		  .begin_boot_ns = 10,
		  .end_boot_ns = 20,
		  .count = 7,
		  .kind = "fork",
		  .reason = "ring-full" },
		{ .session_id = 1,
		  .begin_boot_ns = 10,
		  .end_boot_ns = 20,
		  .count = 9,
		  .kind = "text",
		  .reason = "ring-full" },
	};
	struct aa_batch batch = { .gaps = gaps, .gap_count = 2 };
	struct aa_session_totals totals;

	assert_int_equal(aa_store_commit(t->store, &batch, &t->error), 0);
	expect_rows(t, "SELECT end_ns - time_ns, lane, kind, reason, count FROM s1_gap",
		    "10|lifecycle|fork|ring-full|7\n10|lifecycle|text|ring-full|9\n");
	expect_rows(t, "SELECT lost_count FROM session", "7\n");
	aa_store_totals(t->store, 1, &totals);
	assert_int_equal(totals.lost, 7);

	expect_rows(t, "SELECT step_ns FROM clock", "0\n");
	test_clock_offset_ns += 999999; /* as much as a slewed clock may move */
	batch.gap_count = 1;
	assert_int_equal(aa_store_commit(t->store, &batch, &t->error), 0);
	expect_rows(t, "SELECT step_ns FROM clock", "0\n");
	test_clock_offset_ns -= 3600000000000;
	assert_int_equal(aa_store_commit(t->store, &batch, &t->error), 0);
	expect_rows(t, "SELECT step_ns FROM clock", "0\n-3599999000001\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_tree_of_processes),
		STORE_TEST(test_times_are_the_kernels),
		STORE_TEST(test_children_are_given_to_the_reaper),
		STORE_TEST(test_identity_is_pid_and_start),
		STORE_TEST(test_missing_fork_is_implied_and_completed),
		STORE_TEST(test_failed_exec),
		STORE_TEST(test_changes),
		STORE_TEST(test_end_of_session),
		STORE_TEST(test_gaps_and_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
