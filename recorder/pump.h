/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop's side of the data flow: wakes when the rings hold something, hands what is complete to the store
 * as one job at a time, and gives ring space back only after the commit. Knows libuv; prints nothing.
 */
#ifndef AA_RECORDER_PUMP_H
#define AA_RECORDER_PUMP_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "error.h"
#include "kernel.h"
#include "losses.h"
#include "store.h"

/* What the owner is told, on the loop's thread, while no job is under way: the store may be asked for totals. */
struct aa_pump_events {
	void (*stored)(void *context);				     /* a transaction was committed */
	void (*failed)(void *context, const struct aa_error *error); /* the first of a row of failures */
	void (*recovered)(void *context);			     /* the first success after that */
	void (*idle)(void *context);				     /* a job asked for by hold() has ended */
	void (*finished)(void *context, int r, const struct aa_error *error); /* answer to finish() */
};

struct aa_pump {
	uv_loop_t *loop;
	struct aa_kernel *kernel;
	struct aa_store *store;
	const struct aa_pump_events *events;
	void *context;
	struct aa_losses losses;
	int epoll_fd;
	uv_poll_t poll;
	uv_timer_t timer;
	uv_timer_t second_look; /* after arming: see SECOND_LOOK_MS */
	uv_work_t work;
	uv_work_t first_work; /* does nothing, but makes the worker's thread */
	struct aa_batch batch;
	struct aa_error error; /* of the job under way */
	int result;
	uint64_t seen[AA_LANE_COUNT]; /* end of the last span that was stored */
	uint64_t backoff_ms;
	uint64_t give_up_ms; /* loop time; after finish() */
	bool started;
	bool looked_again; /* since the marks were set, and nothing had come */
	bool storing;
	bool waiting; /* the timer runs: for more to commit, or to try again */
	bool failing;
	bool held;
	bool finishing;
	bool finished;
};

/*
 * Must be called before the process makes threads: it tells libuv, through the environment, to use one worker and
 * no io_uring. Returns 0 or a negative errno.
 */
int aa_pump_start(struct aa_pump *pump, uv_loop_t *loop, struct aa_kernel *kernel, struct aa_store *store,
		  int64_t session_id, uint32_t slot, const struct aa_pump_events *events, void *context,
		  struct aa_error *error);

/*
 * Makes the worker's thread now, while a refusal is still possible: libuv aborts when it cannot. Also refuses where the
 * address space is nearly used up. To be called after
 * aa_pump_start, and after any fork that must not have a second thread. Returns 0 or a negative errno.
 */
int aa_pump_prepare(struct aa_pump *pump, struct aa_error *error);

/* There is something else than records to store: a file was read. */
void aa_pump_look(struct aa_pump *pump);

/* True if a job runs now, and holds off the next one: idle() is called when it has ended. */
bool aa_pump_hold(struct aa_pump *pump);
void aa_pump_unhold(struct aa_pump *pump);

/*
 * Stores all that is left, with the last counters, and calls finished(). Nothing may be recorded any more. A
 * failing store is tried again for five seconds.
 */
void aa_pump_finish(struct aa_pump *pump);

/* After finished(): events that are still in the rings because they could not be stored, or were lost since. */
uint64_t aa_pump_unstored(struct aa_pump *pump);

/* Closes its handles; the loop must run once more for that. */
void aa_pump_close(struct aa_pump *pump);

#endif
