// SPDX-License-Identifier: Apache-2.0
/* recorder/tls/hold.h: who is held, and that each goes on exactly once. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hold.h"

static uint64_t add(struct aa_holds *holds, uint32_t tgid, uint64_t start_ns, uint64_t time_ns)
{
	const struct aa_request request = { .tgid = tgid, .start_ns = start_ns, .time_ns = time_ns };

	return aa_holds_add(holds, &request);
}

static int setup(void **state)
{
	return aa_holds_new((struct aa_holds **)state);
}

static int teardown(void **state)
{
	aa_holds_free(*state);
	return 0;
}

/* A process that has several requests goes on after the last. */
static void test_requests_of_one_process(void **state)
{
	struct aa_holds *holds = *state;
	const uint64_t ticket = add(holds, 7, 1, 100);

	assert_true(ticket != 0);
	assert_true(add(holds, 7, 1, 200) == ticket);
	assert_true(add(holds, 7, 2, 200) != ticket); /* the same number, another process */
	assert_true(aa_holds_has(holds, 7));
	assert_true(aa_holds_oldest(holds) == 100);
	assert_false(aa_holds_answer(holds, ticket));
	assert_true(aa_holds_answer(holds, ticket));
	aa_holds_remove(aa_holds_find(holds, ticket));
	assert_null(aa_holds_find(holds, ticket));
	assert_true(aa_holds_has(holds, 7));
	assert_true(aa_holds_oldest(holds) == 200);
}

/* Resumed before its time: what is answered later resumes nobody, not even who is held again. */
static void test_too_late(void **state)
{
	struct aa_holds *holds = *state;
	const uint64_t ticket = add(holds, 9, 1, 100);
	uint64_t again;

	assert_null(aa_holds_overdue(holds, 100));
	assert_non_null(aa_holds_overdue(holds, 101));
	aa_holds_remove(aa_holds_overdue(holds, 101));
	assert_null(aa_holds_overdue(holds, UINT64_MAX));
	assert_false(aa_holds_answer(holds, ticket));
	again = add(holds, 9, 1, 300);
	assert_true(again != ticket);
	assert_false(aa_holds_answer(holds, ticket));
	assert_non_null(aa_holds_find(holds, again));
	assert_true(aa_holds_answer(holds, again));
}

static void test_full(void **state)
{
	struct aa_holds *holds = *state;

	for (uint32_t i = 0; i < AA_HOLDS_MAX; i++)
		assert_true(add(holds, i + 1, 1, 1) != 0);
	assert_true(add(holds, AA_HOLDS_MAX + 1, 1, 1) == 0);
	assert_true(add(holds, 5, 1, 1) != 0); /* one that is in it already */
	assert_false(aa_holds_answer(holds, 0));
}

static bool is_never(const void *context, uint32_t tgid, uint64_t start_ns)
{
	(void)tgid;
	(void)start_ns;
	return context != NULL;
}

static void test_resume(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)raise(SIGSTOP);
		_exit(23);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(aa_resume((uint32_t)pid, 1, is_never, NULL), -ESRCH); /* it is another one */
	assert_int_equal(waitpid(pid, &status, WCONTINUED | WNOHANG), 0);
	assert_int_equal(aa_resume((uint32_t)pid, 1, is_never, &pid), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 23);
	assert_int_equal(aa_resume((uint32_t)pid, 1, is_never, &pid), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_requests_of_one_process, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test(test_resume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
