/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One recording, which is what run and attach have in common: database, kernel side, session, pump, and the
 * decision that it is over. Says on standard error what a person must know while it goes on.
 */
#ifndef AA_RECORDER_RECORDING_H
#define AA_RECORDER_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "content.h"
#include "error.h"
#include "kernel.h"
#include "options.h"
#include "peek.h"
#include "pump.h"
#include "store.h"
#include "tls_side.h"

/* A recording of one session uses the first slot of its own; 0 is the one that others share. */
#define AA_RECORDING_SLOT 1

struct aa_recording {
	const struct aa_options *options;
	struct aa_store *store;
	struct aa_kernel *kernel;
	struct aa_peek peek;
	struct aa_pump pump;
	struct aa_content *content; /* NULL: none are wanted */
	uv_async_t content_ready;
	struct aa_tls_side tls;
	uv_loop_t loop;
	uv_timer_t again;		/* one more look whether it is over */
	uv_timer_t sweep;		/* sums of files that stay open */
	void (*on_idle)(void *context); /* of aa_recording_hold; set by run */
	void *context;
	int64_t session_id; /* 0: none yet */
	uint64_t begin_ns;  /* CLOCK_MONOTONIC */
	uint64_t ended_at;  /* exits and losses stored when it makes sense to count the processes again */
	struct aa_error failure; /* the first failure of the store in a row; code 0: all is stored */
	bool loop_open;
	bool ending;
	bool command_runs; /* it cannot be over: run's command is not reaped, or attach still takes the tree */
};

/*
 * What a recording needs of the host beside the kernel side: room for files, and /proc. Returns 0 or a negative
 * errno with a text.
 */
int aa_recording_check(struct aa_error *error);

/*
 * Opens the kernel side, then the database. attach: aa_kernel_snapshot will be called, and processes are not held for
 * files unless asked. To be called before there are threads. Returns 0 or a negative errno with a text.
 */
int aa_recording_open(struct aa_recording *recording, const struct aa_options *options, bool attach,
		      struct aa_error *error);

/* Makes the session with its probe rows. */
int aa_recording_begin(struct aa_recording *recording, const char *mode, const char *agent, char *const *argv,
		       struct aa_error *error);

/* Opens the loop and starts the pump. */
int aa_recording_start(struct aa_recording *recording, struct aa_error *error);

/*
 * Makes all threads: aa_pump_prepare, who reads contents, and who looks for TLS. command: which is about to be started; NULL
 * for attach.
 */
int aa_recording_prepare(struct aa_recording *recording, const char *command, struct aa_error *error);

/* Looks whether any process is left, and ends if none is. */
void aa_recording_look(struct aa_recording *recording);

/*
 * Puts a thread (0: this one, and those that it makes from now on) before others on a busy machine: nice -10, where
 * allowed. Where 16 processes wanted two processors, a fork storm filled the ring eleven seconds before the recorder had
 * its turn. To be called when the command has been forked, which keeps its own.
 */
void aa_recording_hurry(pid_t pid);

/* Ends it now: nothing more is recorded, what was is stored, aa_recording_run returns. */
void aa_recording_end(struct aa_recording *recording);

/* The loop, until the end. */
void aa_recording_run(struct aa_recording *recording);

/*
 * Ends the session, with the wait(2) status of run's command (NULL: none), closes everything and prints the
 * summary. Returns 0, or the negative errno of why the recording is not complete.
 */
int aa_recording_finish(struct aa_recording *recording, const int *status);

/* Drops a session in which nothing was recorded, because it could not be started; closes everything; no summary. */
void aa_recording_abandon(struct aa_recording *recording);

/* Closes whatever is open; fine after aa_recording_finish and on a failed open. */
void aa_recording_close(struct aa_recording *recording);

/* "aa-record: TEXT" on standard error. */
void aa_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
