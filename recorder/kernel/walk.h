/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks by way of /proc, for kernels where BPF iterators cannot be had: a descriptor of a task's directory is all that
 * a program run for it needs. Nothing is read from the files in there.
 */
#ifndef AA_KERNEL_WALK_H
#define AA_KERNEL_WALK_H

#include <sys/types.h>

#include "error.h"

/*
 * Called with a descriptor of /proc/PID or /proc/PID/task/TID. Returns 0, AA_WALK_NEXT_THREAD to be called for another
 * thread of the same process, or a negative errno, which ends the walk.
 */
typedef int aa_walk_fn(void *context, int fd);
#define AA_WALK_NEXT_THREAD 1

/* One process, its leader only. Returns 0, -ESRCH if /proc does not show it, or what fn or opening said. */
int aa_walk_process(pid_t pid, aa_walk_fn *fn, void *context);

/*
 * All processes in the order of their pids, as an iterator over tasks goes: what is there from the beginning of the walk
 * to its end is met, and what begins or ends meanwhile may be. Same results.
 */
int aa_walk_all(aa_walk_fn *fn, void *context);

/*
 * Why /proc cannot show all processes: it is not mounted, is of another pid namespace, or hides those of others. Returns 0
 * if it can, else a negative errno with a text.
 */
int aa_walk_check(struct aa_error *error);

#endif
