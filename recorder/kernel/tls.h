/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel side's tables of TLS: which files are known, what is asked, which connections live. */
#ifndef AA_KERNEL_TLS_H
#define AA_KERNEL_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "kernel.h"
#include "ring.h"
#include "tls_state.h"

/*
 * From now on the options of TLS hold (struct aa_kernel_options): before, for the self-test, nothing of TLS is recorded.
 * Returns 0 or a negative errno with a text.
 */
int aa_kernel_begin_tls(struct aa_kernel *kernel, struct aa_error *error);

/* Requests for the TLS thread, struct aa_request; woken at once by each. NULL if no program asks (a probe row says why). */
struct aa_ring *aa_kernel_requests(struct aa_kernel *kernel);

/* Marks an executable file as known: mapping it is asked about no more (by any session). Any thread. */
int aa_kernel_tls_set_seen(struct aa_kernel *kernel, uint64_t inode, uint32_t device, uint32_t generation);

/* The same, but each process that maps it is told of, and not held: a file with TLS code that is not attached to. */
int aa_kernel_tls_watch(struct aa_kernel *kernel, uint64_t inode, uint32_t device, uint32_t generation);

/* The next process that maps it is asked about, and held, as if it had never been seen. */
int aa_kernel_tls_ask_again(struct aa_kernel *kernel, uint64_t inode, uint32_t device, uint32_t generation);

/*
 * Whether processes are stopped from now on, where the options ask for it: not while the recorder is stopped itself, nor
 * when it ends. Programs that run already may still do it, until aa_kernel_settle. Any thread, one at a time.
 */
int aa_kernel_tls_set_holding(struct aa_kernel *kernel, bool holding);

/* The descriptor that this takes: a forked process that may have to do it keeps that one. Borrowed. */
int aa_kernel_tls_holding_fd(const struct aa_kernel *kernel);

/* A connection that the sweep removed: what AA_EVENT_TLS_CLOSE would say. */
struct aa_tls_swept {
	uint64_t time_boot_ns;
	struct aa_tls_key key;
	struct aa_tls_connection connection;
	enum aa_tls_close_reason reason;
};

/* Called for each; the sweep goes on whatever it does. */
typedef void aa_tls_swept_fn(void *context, const struct aa_tls_swept *swept);

/*
 * Removes connections of processes that are in no session any more (last: all connections), and calls under way of threads
 * that are gone. To be called every second or so by the loop's thread, and with last at the end, when no process is
 * tracked. Returns the number of connections removed, or a negative errno.
 */
int aa_kernel_tls_sweep(struct aa_kernel *kernel, bool last, aa_tls_swept_fn *swept, void *context);

#endif
