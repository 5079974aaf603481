/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of running processes: exact bytes of the right process, and nothing of a wrong one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peek.h"

static struct aa_peek peek;
static int held[2]; /* standard input of children: nothing ever comes, so that read waits */

/* A child that runs an image of its own, with arguments and an environment that are known. */
static pid_t start_child(char *const *argv, char *const *envp)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(held[0], STDIN_FILENO);
		(void)dup2(ready[1], STDOUT_FILENO);
		(void)close(ready[0]);
		(void)close(ready[1]);
		(void)execve("/bin/sh", argv, envp);
		_exit(127);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return pid;
}

static void end_child(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* What the kernel side would send: any time within the tick is the same to /proc. */
static uint64_t start_of(const struct aa_peek_stat *stat)
{
	return stat->start_ticks * peek.tick_ns + peek.tick_ns / 2 - (uint64_t)peek.offset_ns;
}

static void test_arguments_and_environment(void **state)
{
	char *argv[] = {
		(char *)"not sh", (char *)"-c", (char *)"echo; read x", (char *)"", (char *)"a\nb\xff",
		(char *)"",	  NULL
	};
	static const char args[] = "not sh\0-c\0echo; read x\0\0a\nb\xff\0"; /* and the literal's own NUL */
	char *envp[] = { (char *)"A=1", (char *)"B=", NULL };
	static const char env[] = "A=1\0B="; /* likewise */
	pid_t pid = start_child(argv, envp);
	struct aa_peek_stat stat;
	char *bytes = NULL;
	size_t size = 0;

	(void)state;
	assert_int_equal(aa_peek_stat((uint32_t)pid, &stat), 0);
	assert_int_not_equal(stat.arg_start, 0);
	assert_int_equal(
		aa_peek(&peek, (uint32_t)pid, start_of(&stat), stat.arg_start, AA_TEXT_ARGS, &bytes, &size),
		0);
	assert_int_equal(size, sizeof(args));
	assert_memory_equal(bytes, args, sizeof(args));
	free(bytes);
	assert_int_equal(
		aa_peek(&peek, (uint32_t)pid, start_of(&stat), stat.arg_start, AA_TEXT_ENV, &bytes, &size),
		0);
	assert_int_equal(size, sizeof(env));
	assert_memory_equal(bytes, env, sizeof(env));
	free(bytes);
	end_child(pid);
}

static void test_only_the_right_process(void **state)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"echo; read x", NULL };
	char *envp[] = { NULL };
	pid_t pid = start_child(argv, envp);
	siginfo_t ended;
	struct aa_peek_stat stat;
	char *bytes = NULL;
	size_t size = 0;
	uint64_t start;

	(void)state;
	assert_int_equal(aa_peek_stat((uint32_t)pid, &stat), 0);
	start = start_of(&stat);
	assert_int_equal(aa_peek(&peek, (uint32_t)pid, start + peek.tick_ns, stat.arg_start, AA_TEXT_ARGS,
				 &bytes, &size),
			 -ESRCH);
	assert_int_equal(
		aa_peek(&peek, (uint32_t)pid, start, stat.arg_start + 1, AA_TEXT_ARGS, &bytes, &size),
		-ESTALE);
	assert_int_equal(aa_peek(&peek, (uint32_t)pid, start, stat.arg_start, AA_TEXT_EXE, &bytes, &size),
			 -EINVAL);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT), 0);
	assert_int_equal(aa_peek(&peek, (uint32_t)pid, start, stat.arg_start, AA_TEXT_ARGS, &bytes, &size),
			 -ESTALE); /* a zombie */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(aa_peek(&peek, (uint32_t)pid, start, stat.arg_start, AA_TEXT_ARGS, &bytes, &size),
			 -ESRCH);
	assert_null(bytes);
}

static void test_limit(void **state)
{
	struct aa_peek small = peek;
	static char argument[100001];
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"echo; read x", argument, NULL };
	char *envp[] = { NULL };
	struct aa_peek_stat stat;
	char *bytes = NULL;
	size_t size = 0;
	pid_t pid;

	(void)state;
	memset(argument, 'x', sizeof(argument) - 1);
	pid = start_child(argv, envp);
	assert_int_equal(aa_peek_stat((uint32_t)pid, &stat), 0);
	assert_int_equal(
		aa_peek(&peek, (uint32_t)pid, start_of(&stat), stat.arg_start, AA_TEXT_ARGS, &bytes, &size),
		0);
	assert_int_equal(size, 3 + 3 + 13 + sizeof(argument));
	free(bytes);
	small.max_bytes = 5000;
	assert_int_equal(
		aa_peek(&small, (uint32_t)pid, start_of(&stat), stat.arg_start, AA_TEXT_ARGS, &bytes, &size),
		0);
	assert_int_equal(size, 5000);
	free(bytes);
	end_child(pid);
}

static void test_stat_lines(void **state)
{
	/* Fields 4 to 52 are their own numbers. */
	static const char rest[] =
		" 4 5 6 7 -8 9 10 11 12 13 14 15 16 17 18 -19 20 21 22 23 24 25 26 27 28 29 30 31 32"
		" 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52\n";
	static const char *const names[] = { "(sh)", "(a) S 1 2)", "()", "(\n)", "())))" };
	struct aa_peek_stat stat;
	char line[512];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(line, sizeof(line), "1 %s R%s", names[i], rest);
		assert_int_equal(aa_peek_parse_stat(line, &stat), 0);
		assert_int_equal(stat.state, 'R');
		assert_int_equal(stat.flags, 9);
		assert_int_equal(stat.start_ticks, 22);
		assert_int_equal(stat.arg_start, 48);
	}
	/* Cut off anywhere before that field, it is refused. */
	(void)snprintf(line, sizeof(line), "1 (sh) R%s", rest);
	for (char *end = strstr(line, " 48"); end >= line; end--) {
		*end = '\0';
		assert_int_equal(aa_peek_parse_stat(line, &stat), -EINVAL);
	}
	assert_int_equal(aa_peek_parse_stat("1 (sh) R 4 x", &stat), -EINVAL);
}

static int prepare(void **state)
{
	(void)state;
	aa_peek_init(&peek, 1 << 20);
	return pipe(held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments_and_environment),
		cmocka_unit_test(test_only_the_right_process),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_stat_lines),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
