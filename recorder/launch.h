/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts the command so that it finds itself as if it had been started without us, and dies as it died. The
 * child waits until it is registered, then execs. Prints nothing.
 */
#ifndef AA_RECORDER_LAUNCH_H
#define AA_RECORDER_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "error.h"
#include "user.h"

#define AA_LAUNCH_LIMITS 6

/* What our caller gave us and the recorder changes for itself: the command gets it back. */
struct aa_inherited {
	char **environment; /* own array, borrowed strings */
	sigset_t mask;
	struct sigaction child_action; /* of SIGCHLD: ignored by some callers, which would hide the status */
	struct rlimit limits[AA_LAUNCH_LIMITS];
};

/* Lifts soft limits that could stop the recorder (address space, file size, open files ...). ret_before may be NULL. */
void aa_launch_lift_limits(struct rlimit *ret_before);

/*
 * Remembers all that, then makes this process fit for recording: SIGCHLD is kept, soft limits that could stop
 * the recorder (address space, file size, processor time ...) are lifted. Returns 0 or -ENOMEM.
 */
int aa_inherited_save(struct aa_inherited *ret_inherited);
void aa_inherited_release(struct aa_inherited *inherited);

/* Opens /dev/null in place of closed standard streams, close-on-exec: a child finds them closed again. */
void aa_launch_fill_standard_fds(void);

/* Blocks everything but the signals of faults: from here on they are read from a signalfd. */
void aa_launch_block_signals(sigset_t *ret_blocked);

struct aa_launch {
	pid_t pid;    /* 0: none */
	int go_fd;    /* a byte written to it starts the command; end of file cancels */
	int error_fd; /* errno of the exec, if it failed */
};

/*
 * Forks. The child restores what was inherited, becomes user (NULL: nobody else), and waits. argv[0] is searched in
 * PATH as a shell does, after the change of user. Signals must be blocked already.
 */
int aa_launch_start(struct aa_launch *launch, const struct aa_inherited *inherited,
		    const struct aa_user *user, char *const *argv, struct aa_error *error);

/* Lets the child exec. Returns 0 or a negative errno. */
int aa_launch_go(struct aa_launch *launch);

/* Ends a child that was never let go, and reaps it. */
void aa_launch_cancel(struct aa_launch *launch);

/* After the child's end: the positive errno of its exec if that failed, else 0. Closes what is left. */
int aa_launch_exec_error(struct aa_launch *launch);

/* Exit code if WIFEXITED(status); else dies by the same signal, without a core. */
_Noreturn void aa_launch_mirror(int status);

/* True if the process is stopped by a signal (state T). False as well if it is gone. */
bool aa_launch_is_stopped(pid_t pid);

/* Stops this process as signal stopped the command; returns when it is continued. signal must be blocked. */
void aa_launch_stop_self(int signal_number);

#endif
