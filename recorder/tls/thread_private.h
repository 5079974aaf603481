/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the TLS thread share. */
#ifndef AA_TLS_THREAD_PRIVATE_H
#define AA_TLS_THREAD_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "find.h"
#include "linker.h"
#include "mapped.h"
#include "thread.h"

/* Whoever is held longer goes on, and what it then does may be missed. */
#define AA_HOLD_NS 200000000ull

enum aa_finder_job_kind {
	AA_JOB_REQUEST,
	AA_JOB_PATH,	/* a file by its name */
	AA_JOB_PROCESS, /* all that it has mapped */
	AA_JOB_LEASES,	/* somebody wants to write to a file with probes */
};

struct aa_finder_job {
	struct aa_finder_job *next;
	enum aa_finder_job_kind kind;
	uint64_t ticket; /* of a hold; 0: the process runs */
	struct aa_request request;
	const char *path; /* borrowed */
};

struct aa_finder_queue {
	struct aa_finder_job *first, **end;
};

/* A file with TLS code. Only the thread that examines uses it. */
struct aa_known {
	struct aa_known *next;
	uint64_t number;
	uint64_t device, inode, size_bytes; /* struct aa_mapped's */
	int64_t changed_ns, status_ns;
	bool is_overlay;
	struct aa_file_key key; /* the kernel side's; inode 0: not known */
	struct aa_found *found;
	struct aa_uprobes *uprobes; /* NULL: not attached. Detached by aa_kernel_close, which need not wait */
	struct aa_uprobes *bio_write; /* NULL: not wanted */
	int lease, bio_lease;	      /* theirs, see lease.h; -1: none */
	bool is_reported;	      /* has a row */
};

#define AA_KNOWN_MAX 4096
#define AA_GONE_MAX  256

struct aa_finder {
	struct aa_finder_options options;
	struct aa_ring *requests; /* NULL: the kernel side asks nothing */
	pthread_t reader, finder;
	bool reader_runs, finder_runs;
	int epoll_fd;
	int wake_fd;  /* eventfd for the reader */
	int lease_fd; /* signalfd for the reader, which gets those of leases */

	pthread_mutex_t lock; /* of what follows, and of options.holds */
	pthread_cond_t work;  /* for the finder */
	pthread_cond_t idle;  /* it has nothing to do */
	struct aa_finder_queue asked;
	bool busy;
	pid_t reader_id; /* 0: it does not run yet */
	bool holding;	 /* nobody is resumed for good before it is false */
	atomic_bool stop;

	/* The finder's own. */
	struct aa_known *known;
	unsigned known_count;
	uint64_t numbers;
	struct aa_file_key gone[AA_GONE_MAX]; /* rows that say so: each once */
	unsigned gone_count;
};

uint64_t aa_boot_ns(void);

/* Is that process still waiting for us? */
bool aa_finder_is_held(struct aa_finder *finder, uint64_t ticket);

/* examine.c: does a job, on the finder's thread or before there is one. */
void aa_finder_do(struct aa_finder *finder, const struct aa_finder_job *job);
void aa_finder_forget(struct aa_finder *finder);

/* For files that were attached to before there was a thread that gets the signals. */
void aa_finder_take_leases(struct aa_finder *finder);

#endif
