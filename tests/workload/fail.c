/* SPDX-License-Identifier: Apache-2.0 */
/* Program starts that fail, one for each errno, and a last one that works. */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const nothing[] = { (char *)"x", NULL };

static void try(const char *path)
{
	(void)execv(path, nothing);
	truth_exec_failed(path, errno);
}

static void make(const char *path, const char *content, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, content, strlen(content)) < 0 || fchmod(fd, mode) != 0)
		die(path);
	(void)close(fd);
}

static void try_vfork(const char *path)
{
	pid_t creator = outer_pid();
	pid_t pid = vfork();

	if (pid == 0) {
		truth_process("vfork", creator, 0);
		(void)execv(path, nothing);
		truth_exec_failed(path, errno);
		_exit(9);
	}
	(void)reap(pid);
}

static void try_too_big(void)
{
	size_t size = 1 << 20;
	char *big = malloc(size + 1);
	char *list[] = { (char *)"x", big, NULL };

	if (!big)
		die("malloc");
	memset(big, 'x', size);
	big[size] = '\0';
	(void)execv(self_path, list);
	truth_exec_failed(self_path, errno);
	free(big);
}

#ifdef __x86_64__
/* The 32-bit execve, if this kernel has 32-bit system calls. */
static int compat_child(void *argument)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result;

	(void)argument;
	if (low == MAP_FAILED)
		die("mmap");
	strcpy(low, "/nonexistent/compat");
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(11L), "b"((long)(intptr_t)low), "c"(0L), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	if (result == -ENOENT)
		truth_exec_failed(low, ENOENT);
	return 0;
}
#endif

static int fail(int argc, char **argv)
{
	char *list[] = { (char *)"works", NULL };
	char long_name[300];
	int fd;

	if (argc < 1 || chdir(argv[0]) != 0)
		die("fail");
	try("/nonexistent/\x1b[31m\xff program"); /* ENOENT */
	try("relative-nonexistent");
	try(""); /* ENOENT */
	make("file", "abc", 0644);
	try("file");  /* EACCES: no x bit, also for root */
	try(argv[0]); /* EACCES: directory */
	make("file", "abc", 0755);
	try("file"); /* ENOEXEC */
	fd = open("file", O_WRONLY | O_CLOEXEC);
	try("file"); /* ETXTBSY */
	(void)close(fd);
	try("file/below"); /* ENOTDIR */
	if (symlink("loop", "loop") != 0)
		die("loop");
	try("loop"); /* ELOOP */
	memset(long_name, 'n', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	try(long_name); /* ENAMETOOLONG */
	make("script", "#!/nonexistent/interpreter\n", 0755);
	try("script"); /* ENOENT: the interpreter's */
	try_too_big(); /* E2BIG */
	(void)syscall(SYS_execve, (char *)8, nothing, environ);
	truth_exec_failed(NULL, errno); /* EFAULT */
	(void)syscall(SYS_execveat, 999, "relative", nothing, environ, 0);
	truth_exec_failed("relative", errno); /* EBADF */
	try_vfork("/nonexistent/vfork");
#ifdef __x86_64__
	int status = reap(spawn(compat_child, NULL));

	if (WIFSIGNALED(status))
		truth_pid("no-compat", getpid());
#endif
	leaf(0);
	return run_child(self_path, list);
}

const struct workload fail_workloads[] = {
	{ "fail", "DIRECTORY", fail },
	{ NULL, NULL, NULL },
};
