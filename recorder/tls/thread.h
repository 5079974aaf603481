/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS side of a recording: takes what the kernel side asks (which file did this process map?), finds TLS code in it, attaches,
 * lets the process go on if it was held, and tells the store. Two threads: "aa-tls" takes requests and sees to it that nobody
 * is held for long; "aa-tls-find" does what may take long, as file systems and code do.
 *
 * Agents choose the files. A file is opened only to read, and only the very inode that was mapped; what is in it is looked
 * at by find.h, which trusts nothing.
 */
#ifndef AA_TLS_THREAD_H
#define AA_TLS_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "hold.h"
#include "kernel.h"
#include "store.h"

struct aa_finder_options {
	struct aa_kernel *kernel;
	struct aa_store *store;
	int64_t session_id;
	struct aa_holds *holds; /* NULL: nobody is ever held */
	int guard_fd;		/* end of file: nobody guards those who are held, so none are. -1: none */
	aa_is_process_fn *is_process;
	const void *process_context;
	void (*posted)(void *context); /* the store was told something; any thread */
	void *context;
};

struct aa_finder;

/* Without its threads. */
int aa_finder_new(const struct aa_finder_options *options, struct aa_finder **ret_finder,
		  struct aa_error *error);

/* Before there are threads: looks at a file, on this one. What it is not able to read it leaves for later. */
void aa_finder_look_at_file(struct aa_finder *finder, const char *path);

/* The libraries that promise TLS by their names, of those that the dynamic linker knows: likewise. */
void aa_finder_look_at_likely(struct aa_finder *finder);

int aa_finder_start(struct aa_finder *finder, struct aa_error *error);

/* All that the tracked processes have mapped: they ran before there were probes. */
void aa_finder_look_at_processes(struct aa_finder *finder);

/*
 * Was that process, which is seen to be stopped, stopped by us? False as well if it was, and has been resumed by now: then
 * wait(2) says that it goes on.
 */
bool aa_finder_has_stopped(struct aa_finder *finder, uint32_t tgid);

/* Around a time in which this process is stopped itself: nobody is held. */
void aa_finder_pause(struct aa_finder *finder);
void aa_finder_resume(struct aa_finder *finder);

/*
 * Nobody is held any more, and what was asked until now is answered: waits for it, at most ten seconds. Nothing is asked
 * from now on, as no process is tracked.
 */
void aa_finder_drain(struct aa_finder *finder);

/* Ends the threads; aa_kernel_close detaches. One that is stuck in a file system is left behind, with all this. NULL is fine. */
void aa_finder_free(struct aa_finder *finder);

#endif
