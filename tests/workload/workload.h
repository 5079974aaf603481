/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workloads: small programs that do exactly what a test asks for, and write down what they did, as JSON lines
 * on the file descriptor $AA_TRUTH_FD. What they write comes from the kernel's answers to the processes
 * themselves (getpid, wait4, /proc/self), never from the code under test.
 *
 * Each line has a type "t":
 *   process      a process began: written by itself, or by its parent for very short ones
 *   exec         a program began: written by main() of this program with all that it can learn of itself
 *   exec_failed  execve or execveat returned
 *   exit         written by who waited, or by the process itself before _exit
 * and others that belong to one test. Byte strings are in hexadecimal.
 */
#ifndef AA_WORKLOAD_H
#define AA_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

struct workload {
	const char *name;
	const char *usage;		   /* arguments after the name */
	int (*run)(int argc, char **argv); /* argv[0] is the first argument after the name */
};

/* Each file has its table; the last row is empty. */
extern const struct workload exec_workloads[];
extern const struct workload fail_workloads[];
extern const struct workload fork_workloads[];
extern const struct workload tree_workloads[];
extern const struct workload namespace_workloads[];
extern const struct workload exit_workloads[];
extern const struct workload cred_workloads[];
extern const struct workload storm_workloads[];
extern const struct workload inside_workloads[];
extern const struct workload act_workloads[];
extern const struct workload file_workloads[];

/* This program's own path, from /proc/self/exe at the start. */
extern const char *self_path;

/* One JSON object. Small ones need no heap, so that a child of a threaded process may write them. */
struct line {
	char *data;
	size_t size;
	size_t capacity;
	bool full; /* memory ran out: the line is not written, which a test notices */
	char small[4096];
};

void line_begin(struct line *line, const char *type);
void line_number(struct line *line, const char *name, long long value);
void line_text(struct line *line, const char *name, const char *ascii);
void line_bytes(struct line *line, const char *name, const void *bytes, size_t size);
void line_list(struct line *line, const char *name, char *const *strings);
void line_end(struct line *line);

/* Opens what a truth needs; returns true in the first program of a tree. */
bool truth_open(void);
int truth_proc_fd(void);
void truth_process(const char *call, pid_t creator, pid_t creator_tid);
void truth_exec(char **argv);
void truth_exec_failed(const char *filename, int error);
void truth_exit(pid_t pid, int status, const struct rusage *usage);
void truth_exit_self(int code); /* _exit(code) follows */
void truth_pid(const char *type, pid_t pid);

/* Reads a file of this process's /proc directory; returns the size, always NUL-terminated. */
size_t read_proc(const char *name, char *buffer, size_t size);

/* pid as the initial namespace has it, for a process that is in another. */
pid_t outer_pid(void);

/* fork; the child writes its line, runs function, and exits with its result. */
pid_t spawn(int (*function)(void *), void *argument);

/* Waits for one child, writes its exit line, returns its status. */
int reap(pid_t pid);

/* Waits for all children, also adopted ones. */
void reap_all(void);

/* Copies this program; returns the open descriptor (O_RDONLY). */
int copy_self(const char *path, mode_t mode);

/* What an exec'd copy of this program does: exits with code, without looking at its arguments. */
void leaf(int code);

/* execve, and if it returns the line about that and _exit(127). */
void run_program(const char *path, char *const *argv) __attribute__((noreturn));

/* fork + run_program + reap. Returns the status. */
int run_child(const char *path, char *const *argv);

void die(const char *what) __attribute__((noreturn));
long long now_ns(void); /* CLOCK_BOOTTIME */
void sleep_ms(long ms);

#endif
