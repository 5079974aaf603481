/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small process beside the recorder ("aa-guard") for the one thing that must happen when the recorder is no more: whoever was
 * stopped so that the recorder could look at a file is resumed, and nobody is stopped any more. It has a session of its
 * own, so that a signal to the recorder's group does not end it, and no descriptor but two; it sleeps until the recorder's end.
 */
#ifndef AA_TLS_GUARD_H
#define AA_TLS_GUARD_H

#include <sys/types.h>

#include "error.h"
#include "hold.h"
#include "kernel.h"

struct aa_guard {
	pid_t pid; /* 0: there is none */
	int fd;	   /* end of file when it is gone. -1: none */
	pthread_mutex_t *mutex;
};

/*
 * Forks: to be called before there are threads, and after aa_kernel_begin_tls. kernel, holds and context are used in the
 * child as they are now. Returns 0 or a negative errno with a text.
 */
int aa_guard_start(struct aa_guard *guard, struct aa_kernel *kernel, struct aa_holds *holds,
		   aa_is_process_fn *is_process, const void *context, struct aa_error *error);

/* When nobody is held, and nobody will be. By the thread that started it. */
void aa_guard_end(struct aa_guard *guard);

#endif
