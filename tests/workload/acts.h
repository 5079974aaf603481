/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "acts": a list of system calls that a test gives on the command line is made, one after the other, and each one's
 * result is written down. Acts are separated by ";", words are:
 *
 *   NUMBER          decimal, octal or hexadecimal
 *   cwd, pid, ppid  AT_FDCWD, getpid(), getppid()
 *   @TEXT           address of that text
 *   #NUMBER         address of a buffer of so many bytes, filled with 'x'
 *   %N, %N.1        result of act N (counted from 0), and its second one (pipe, socketpair)
 *   how:F:M:R       address of a struct open_how
 *   vec:A,B         address of an array of struct iovec with buffers of such lengths
 *
 * "*N" before the name repeats it N times: the result is the sum. "i386" before the name makes it by int $0x80.
 */
#ifndef AA_WORKLOAD_ACTS_H
#define AA_WORKLOAD_ACTS_H

#include <stdbool.h>
#include <stddef.h>

#define ACT_WORDS 8 /* of one act, its name included */
#define ACT_MAX	  2048

struct act {
	const char *name;
	const char *words[ACT_WORDS];
	int count; /* words after the name */
	long repeat;
	bool compat;
};

struct act_result {
	long result; /* -1 and an errno, or what the call returned */
	long second;
	int error;
	bool is_fd; /* a descriptor of a file that can be described */
};

/* The value of a word, addresses included. */
long act_value(const char *word);

/* Result of an earlier act. */
const struct act_result *act_done(long number);

/* number of the call in the native ABI or that of i386; -1 without one. */
long act_syscall_number(const char *name, bool compat, bool *ret_is_fd);

long act_syscall_i386(long number, const long *values);

/* io_uring: "uring OP fd addr len off flags": one request through a ring that the first one sets up. */
long act_uring(const struct act *act, bool *ret_is_fd);

#endif
