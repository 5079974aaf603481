/* SPDX-License-Identifier: Apache-2.0 */
/* Classic tracepoints, also where nobody has mounted tracefs. */
#ifndef AA_KERNEL_TRACEPOINT_H
#define AA_KERNEL_TRACEPOINT_H

#include <sys/types.h>

/* The kernel's number of a tracepoint, "raw_syscalls/sys_exit"; -ENOENT if it has none or does not let us know. */
int aa_tracepoint_id(const char *name);

/*
 * Makes a perf event of it, of one process (0: the caller) or of all (-1), with the program hung there. Returns its
 * descriptor, or a negative errno.
 */
int aa_tracepoint_open(const char *name, pid_t pid, int program);

#endif
