/* SPDX-License-Identifier: Apache-2.0 */
/* Programs started in every way that execve(2) knows. Each one writes down what it was given. */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void fill(char *bytes, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = (char)('!' + (seed >> 16) % 94);
	}
	bytes[size] = '\0';
}

static int arguments_many(int argc, char **argv)
{
	size_t count = argc > 0 ? strtoul(argv[0], NULL, 10) : 2048;
	char **list = calloc(count + 1, sizeof *list);

	for (size_t i = 0; i < count; i++)
		if (asprintf(&list[i], "argument-%zu", i) < 0)
			die("asprintf");
	leaf(0);
	return run_child(self_path, list);
}

static int arguments_long(int argc, char **argv)
{
	size_t size = argc > 0 ? strtoul(argv[0], NULL, 10) : 60000;
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	char **list = calloc(count + 3, sizeof *list);

	list[0] = (char *)"long";
	for (size_t i = 1; i <= count; i++) {
		list[i] = malloc(size + 1);
		fill(list[i], size, (unsigned)i);
	}
	list[count + 1] = (char *)"";
	leaf(0);
	return run_child(self_path, list);
}

static int arguments_empty(int argc, char **argv)
{
	char *last[] = { (char *)"name", (char *)"a", (char *)"", NULL };
	char *middle[] = { (char *)"name", (char *)"", (char *)"", (char *)"b", NULL };
	char *first[] = { (char *)"", (char *)"", NULL };
	char *only[] = { (char *)"", NULL };

	(void)argc;
	(void)argv;
	leaf(0);
	return run_child(self_path, last) | run_child(self_path, middle) | run_child(self_path, first) |
	       run_child(self_path, only);
}

static int arguments_bytes(int argc, char **argv)
{
	char every[256];
	char *bytes[] = {
		(char *)"two\nlines",
		(char *)"\xff\xfe not \xc3( utf-8 \xed\xa0\x80",
		every,
		(char *)"\x1b[31mred\x1b]0;title\a\x1b[2J",
		(char *)"quote\" 'single' back\\slash, comma; $(echo no) `no` * ~ #",
		(char *)"\xe2\x80\xae reversed \xe2\x80\x8b zero \xc2\x9b"
			"31m",
		(char *)"plain \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		(char *)" ",
		(char *)"--option=x y",
		NULL,
	};

	(void)argc;
	(void)argv;
	for (int i = 0; i < 255; i++)
		every[i] = (char)(i + 1);
	every[255] = '\0';
	leaf(0);
	return run_child(self_path, bytes);
}

static int arguments_name(int argc, char **argv)
{
	char *list[] = { (char *)"/usr/bin/innocent", (char *)"x", NULL };

	(void)argc;
	(void)argv;
	leaf(0);
	return run_child(self_path, list);
}

static int null_child(void *argument)
{
	(void)argument;
	(void)syscall(SYS_execve, self_path, NULL, environ);
	return 127;
}

static int arguments_null(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	leaf(0);
	return reap(spawn(null_child, NULL));
}

static void write_script(const char *path, const char *first_line)
{
	FILE *file = fopen(path, "we");

	if (!file || fprintf(file, "%s\nrest\n", first_line) < 0 || fclose(file) != 0 ||
	    chmod(path, 0755) != 0)
		die(path);
}

/* one: #!aa-workload with an argument; two: #!one; three: #!two, and one with a relative path. */
static int scripts(int argc, char **argv)
{
	char one[4200], two[4200], three[4200], line[8500];
	char *list[] = { (char *)"zero", (char *)"x", (char *)"", (char *)"y z", NULL };

	if (argc < 1)
		return 201;
	(void)snprintf(one, sizeof one, "%s/one", argv[0]);
	(void)snprintf(two, sizeof two, "%s/two", argv[0]);
	(void)snprintf(three, sizeof three, "%s/three", argv[0]);
	(void)snprintf(line, sizeof line, "#!%s optional argument", self_path);
	write_script(one, line);
	(void)snprintf(line, sizeof line, "#! %s", one);
	write_script(two, line);
	(void)snprintf(line, sizeof line, "#!%s more", two);
	write_script(three, line);
	leaf(0);
	(void)run_child(one, list);
	(void)run_child(two, list);
	(void)run_child(three, list);
	if (chdir(argv[0]) != 0)
		die(argv[0]);
	return run_child("./one", list);
}

static int memfd_child(void *argument)
{
	char *list[] = { (char *)"from-memory", (char *)"x", NULL };

	(void)fexecve(*(int *)argument, list, environ);
	return 127;
}

static int memory(int argc, char **argv)
{
	char buffer[65536];
	ssize_t n;
	int to = memfd_create("aa \n name", 0);
	int from = open(self_path, O_RDONLY | O_CLOEXEC);

	(void)argc;
	(void)argv;
	while ((n = read(from, buffer, sizeof buffer)) > 0)
		if (write(to, buffer, (size_t)n) != n)
			die("memfd");
	leaf(0);
	return reap(spawn(memfd_child, &to));
}

static int empty_path_child(void *argument)
{
	char *list[] = { (char *)"unlinked", NULL };

	(void)syscall(SYS_execveat, *(int *)argument, "", list, environ, AT_EMPTY_PATH);
	return 127;
}

/* Executes a file that has no name any more; and one that has another name than the one that was opened. */
static int unlinked(int argc, char **argv)
{
	char path[4200], second[4200];

	if (argc < 1)
		return 201;
	(void)snprintf(path, sizeof path, "%s/gone", argv[0]);
	(void)snprintf(second, sizeof second, "%s/other", argv[0]);
	int fd = copy_self(path, 0755);

	if (unlink(path) != 0)
		die(path);
	leaf(0);
	(void)reap(spawn(empty_path_child, &fd));
	fd = copy_self(path, 0755);
	if (link(path, second) != 0 || unlink(path) != 0)
		die(path);
	return reap(spawn(empty_path_child, &fd));
}

static void *thread_wait(void *argument)
{
	while (pause() < 0)
		continue;
	return argument;
}

static void *thread_exec(void *argument)
{
	char *list[] = { (char *)"by-thread", NULL };
	struct line line;

	sleep_ms(argument ? 20 : 0);
	line_begin(&line, "thread");
	line_number(&line, "pid", getpid());
	line_number(&line, "tid", syscall(SYS_gettid));
	line_end(&line);
	(void)execv("/nonexistent/by-thread", list);
	truth_exec_failed("/nonexistent/by-thread", errno);
	(void)execv(self_path, list);
	die(self_path);
}

static int thread_child(void *argument)
{
	pthread_t thread;
	bool leader_dies = argument != NULL;

	if (pthread_create(&thread, NULL, thread_wait, NULL) != 0 && !leader_dies)
		die("pthread_create");
	if (pthread_create(&thread, NULL, thread_exec, argument) != 0)
		die("pthread_create");
	if (leader_dies)
		(void)syscall(SYS_exit, 3);
	(void)thread_wait(NULL);
	return 0;
}

static int threads(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	leaf(4);
	(void)reap(spawn(thread_child, NULL));
	(void)reap(spawn(thread_child, (void *)(size_t)1));
	return 0;
}

/* chdir, then a relative path; and a path through a symbolic link, "..", and doubled slashes. */
static int relative(int argc, char **argv)
{
	char path[4200];
	char *list[] = { (char *)"relative", NULL };

	if (argc < 1 || chdir(argv[0]) != 0 || (mkdir("sub", 0755) != 0 && errno != EEXIST))
		die("relative");
	(void)snprintf(path, sizeof path, "%s/sub/program", argv[0]);
	(void)close(copy_self(path, 0755));
	if (symlink("sub", "link") != 0)
		die("symlink");
	leaf(0);
	(void)run_child("sub/program", list);
	(void)run_child("./link/..//./sub/program", list);
	if (chdir("sub") != 0)
		die("sub");
	(void)run_child("./program", list);
	/* A working directory that is gone. */
	if (mkdir("gone", 0755) != 0 || chdir("gone") != 0 || rmdir("../gone") != 0)
		die("gone");
	return run_child(path, list);
}

/* A path of more than 100 components and 3,000 bytes, with bytes that are no text. */
static int deep(int argc, char **argv)
{
	char *list[] = { (char *)"deep", NULL };
	char path[4200];
	int levels = argc > 1 ? atoi(argv[1]) : 110;
	size_t size;

	if (argc < 1 || chdir(argv[0]) != 0)
		die("deep");
	size = (size_t)snprintf(path, sizeof path, "%s", argv[0]);
	for (int i = 0; i < levels; i++) {
		char name[64];

		(void)snprintf(name, sizeof name, "%03d-\xff\n-bytes-that-are-no-text", i);
		if (mkdir(name, 0755) != 0 || chdir(name) != 0)
			die(name);
		size += (size_t)snprintf(path + size, sizeof path - size, "/%s", name);
	}
	(void)snprintf(path + size, sizeof path - size, "/program");
	(void)close(copy_self("program", 0755));
	leaf(0);
	return run_child(path, list);
}

/* Runs a program that is given, with our environment. */
static int program(int argc, char **argv)
{
	if (argc < 1)
		return 201;
	leaf(0);
	return run_child(argv[0], argv);
}

const struct workload exec_workloads[] = {
	{ "arguments-many", "[COUNT]", arguments_many },
	{ "arguments-long", "[SIZE [COUNT]]", arguments_long },
	{ "arguments-empty", "", arguments_empty },
	{ "arguments-bytes", "", arguments_bytes },
	{ "arguments-name", "", arguments_name },
	{ "arguments-null", "", arguments_null },
	{ "scripts", "DIRECTORY", scripts },
	{ "memory", "", memory },
	{ "unlinked", "DIRECTORY", unlinked },
	{ "threads", "", threads },
	{ "relative", "DIRECTORY", relative },
	{ "deep", "DIRECTORY [LEVELS]", deep },
	{ "program", "PATH [ARG...]", program },
	{ NULL, NULL, NULL },
};
