/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes are stopped because the recorder has yet to look at a file that they mapped. In memory that the guard
 * shares (guard.h), which resumes them should the recorder die: so a process is in it before its request leaves the ring,
 * and until SIGCONT has been sent. Used under the TLS thread's lock, by the guard when there is no such thread any more.
 */
#ifndef AA_TLS_HOLD_H
#define AA_TLS_HOLD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "tls_state.h"

/* Processes that are held at a time; more are resumed at once. */
#define AA_HOLDS_MAX 1024

/* Tells whether that number is still the process that began then; context is the teller's. */
typedef bool aa_is_process_fn(const void *context, uint32_t tgid, uint64_t start_ns);

struct aa_hold {
	uint64_t start_ns;
	uint64_t since_ns; /* CLOCK_BOOTTIME of its first request */
	uint64_t ticket;   /* of this hold; never reused */
	uint32_t tgid;
	uint32_t requests; /* that wait; it goes on after the last */
	uint32_t used;	   /* written last, cleared first: read with acquire */
	uint32_t reserved;
};

struct aa_holds {
	pthread_mutex_t recorder; /* guard.c's: locked as long as the recorder lives */
	uint64_t tickets;
	struct aa_hold entries[AA_HOLDS_MAX];
};

/* Shared with processes that are forked from now on. Returns 0 or a negative errno. */
int aa_holds_new(struct aa_holds **ret_holds);
void aa_holds_free(struct aa_holds *holds); /* NULL is fine */

/* One more request of a process that is stopped for it. Returns the ticket of the hold, 0 if there is no room. */
uint64_t aa_holds_add(struct aa_holds *holds, const struct aa_request *request);

/*
 * A request has been dealt with. Returns true if it was the last that the process waits for: it is to be resumed, and removed.
 * False if there are more, or if it was resumed before its time.
 */
bool aa_holds_answer(struct aa_holds *holds, uint64_t ticket);

/* The hold of a ticket, NULL if it is over. */
struct aa_hold *aa_holds_find(struct aa_holds *holds, uint64_t ticket);

/* A hold that began before that moment, NULL if there is none. */
struct aa_hold *aa_holds_overdue(struct aa_holds *holds, uint64_t before_ns);

/* When the oldest began; 0 if nobody is held. */
uint64_t aa_holds_oldest(const struct aa_holds *holds);

/* Is that process held? */
bool aa_holds_has(const struct aa_holds *holds, uint32_t tgid);

/* After it was resumed. */
void aa_holds_remove(struct aa_hold *hold);

/*
 * Sends SIGCONT to a process if it is still the one. A stop that others sent it meanwhile goes with ours: a process has only
 * one. Returns 0 or a negative errno, -ESRCH if it is gone.
 */
int aa_resume(uint32_t tgid, uint64_t start_ns, aa_is_process_fn *is_process, const void *context);

#endif
