/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals that the recorder gets: passes on to the command what was meant for it, and nothing that it has got
 * already; without a command, tells which of them mean "end". Prints nothing.
 */
#ifndef AA_RECORDER_RELAY_H
#define AA_RECORDER_RELAY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <uv.h>

#include "error.h"
#include "witness.h"

#define AA_RELAY_SIGNALS 65 /* 1 to SIGRTMAX */

struct aa_relay_events {
	void (*child)(void *context); /* SIGCHLD; may be NULL */
	void (*end)(void *context);   /* INT, TERM, QUIT or HUP while there is no command */
};

struct aa_relay {
	const struct aa_relay_events *events;
	void *context;
	struct aa_witness *witness; /* borrowed, or NULL */
	pid_t command;		    /* 0: none */
	bool hung_up;		    /* we gave up the terminal: the kernel's SIGHUP is of our own making */
	int fd;
	uv_poll_t poll;
	uv_poll_t witness_poll;
	uv_timer_t timer;
	uint64_t asked_ms; /* when the witness was asked, in loop time + 1; 0: no answer is awaited */
	/* When they came, in loop time + 1; 0: not. */
	uint64_t received_ms[AA_RELAY_SIGNALS];
	uint64_t witnessed_ms[AA_RELAY_SIGNALS];
	bool by_kernel[AA_RELAY_SIGNALS];
};

/* blocked: what to read, blocked already in every thread. Its handles are closed with the loop's, then release it. */
int aa_relay_start(struct aa_relay *relay, uv_loop_t *loop, const sigset_t *blocked,
		   struct aa_witness *witness, const struct aa_relay_events *events, void *context,
		   struct aa_error *error);

/* After the loop. Fine on a zeroed one. */
void aa_relay_release(struct aa_relay *relay);

/* From now on there is this command (0: none). */
void aa_relay_set_command(struct aa_relay *relay, pid_t pid);

/*
 * Forgets the stop signals that are not decided yet: the command has stopped, or somebody has continued it, and the kernel
 * drops pending ones then, too (prepare_signal(), kernel/signal.c). A witness that had no turn between a group's SIGTSTP and
 * its SIGCONT never sees the first, so asking it later would stop the command a second time.
 */
void aa_relay_forget_stops(struct aa_relay *relay);

/*
 * If this process leads its session, gives up the terminal, as its end would: the kernel hangs up on the
 * processes in the foreground. To be called when the command has ended, which alone would have been the leader.
 */
void aa_relay_hang_up(struct aa_relay *relay);

#endif
