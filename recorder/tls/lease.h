/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files with probes must not change: the kernel goes on to put them where they were, in the middle of other instructions
 * of what is there now, and who executes it crashes. A lease (fcntl(2), F_SETLEASE) makes who opens such a file to write to
 * it, or truncates it, wait until the probes are off: cp(1) over a program that has just run. Others replace files by
 * rename(2), which needs none of this.
 *
 * Not every file can have one: who has it open for writing already can go on, and some file systems know no leases.
 */
#ifndef AA_TLS_LEASE_H
#define AA_TLS_LEASE_H

#include <stdbool.h>
#include <sys/types.h>

/* A descriptor, to be read, that shares fd's open file. Returns it, or a negative errno. */
int aa_lease_open(int fd);

/*
 * The thread, which has these signals blocked, gets one when somebody waits for the lease. It ends when all of fd's are
 * closed. Returns 0 or a negative errno.
 */
int aa_lease_take(int fd, pid_t thread);

/* Somebody waits; to be asked of a lease that was taken. */
bool aa_lease_is_wanted(int fd);

/* For the thread that gets them: a descriptor that is readable when one has come. Returns it, or a negative errno. */
int aa_lease_signals(void);

/* Takes what is there. */
void aa_lease_clear(int signals);

#endif
