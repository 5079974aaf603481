/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recording has to do with TLS: the kernel side's options, the guard, the thread that finds and attaches, and the sweep
 * of connections whose process has ended. Belongs to recording.c, which calls these in the order of this file.
 */
#ifndef AA_RECORDER_TLS_SIDE_H
#define AA_RECORDER_TLS_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "error.h"
#include "guard.h"
#include "kernel.h"
#include "options.h"
#include "thread.h"

struct aa_recording;

struct aa_tls_side {
	enum aa_tls_mode mode;
	bool hold;
	struct aa_holds *holds; /* NULL: nobody is held */
	struct aa_guard guard;
	struct aa_finder *finder; /* NULL: no plaintext is wanted */
	uv_async_t posted;
	uv_timer_t sweep;
};

/*
 * Fills the kernel side's options of TLS. hold: what it is unless asked otherwise. Returns 0, or -EOPNOTSUPP with a text if
 * holding is asked for and cannot be.
 */
int aa_tls_side_init(struct aa_tls_side *side, const struct aa_options *options, bool hold,
		     struct aa_kernel_options *kernel, struct aa_error *error);

/* When the kernel side is there, and no thread. */
int aa_tls_side_open(struct aa_recording *recording, struct aa_error *error);

/* When there are a session, a loop, and still no thread. */
int aa_tls_side_start(struct aa_recording *recording, struct aa_error *error);

/* Makes the threads. command: which is about to be started, NULL for attach. */
int aa_tls_side_prepare(struct aa_recording *recording, const char *command, struct aa_error *error);

/* When nothing is tracked any more: answers what was asked, and closes the connections that are left. */
void aa_tls_side_end(struct aa_recording *recording);

/* Before the loop and the kernel side are closed; fine on what was never opened. */
void aa_tls_side_close(struct aa_tls_side *side);

#endif
