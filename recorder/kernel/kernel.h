/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel side as the recorder sees it: loads and attaches the programs, owns the maps, registers processes,
 * reads the loss counters. The only file that includes libbpf's headers is behind this one.
 */
#ifndef AA_KERNEL_KERNEL_H
#define AA_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "event.h"
#include "ring.h"

struct aa_kernel_options {
	uint64_t ring_bytes[AA_LANE_COUNT]; /* powers of two, multiples of the page size; 0: the default */
	uint32_t max_processes;		    /* of the scope map; 0: the default, 65536 */
	uint64_t max_arg_bytes;		    /* 0: the default, 128 KiB; at most 2 MiB */
	bool capture_env;
	enum aa_files_mode files; /* which file activity is recorded */
	char *const *excludes;	  /* NULL, or globs of paths that are left out, the last one NULL */
	uint32_t max_open_files;  /* that are known at a time; 0: the default, 32768 */
	enum aa_tls_mode
		tls; /* which TLS activity is recorded; from aa_kernel_begin_tls on, as the next three */
	bool tls_hold; /* who maps an executable file that is not known is stopped until the recorder resumes it */
	uint64_t tls_max_call;	     /* bytes; 0: the default, 8 MiB */
	uint64_t tls_max_connection; /* bytes of one direction; 0: the default, 1 GiB */
	bool debug;		     /* libbpf's and the verifier's log on standard error */
	bool statistics; /* verified instructions of each program also before 5.16, which asks for the verifier's log */
};

#define AA_KERNEL_RING_DEFAULT_LIFECYCLE (16u << 20)
#define AA_KERNEL_RING_DEFAULT_ACTIVITY	 (4u << 20)  /* nothing is sent there yet */
#define AA_KERNEL_RING_DEFAULT_PAYLOAD	 (64u << 20) /* where the plaintext of TLS is recorded, else a page */

/* A decision about a row of the hook table; becomes a probe row. Strings live as long as the kernel. */
struct aa_probe {
	const char *capability; /* "process.exec" */
	const char *tier;	/* "precise", "kprobe", "portable" or "basic" */
	const char *program;	/* "aa_exec_btf"; "a+b" if it takes more than one */
	bool attached;
	int error;	    /* positive errno, 0 when attached */
	const char *reason; /* NULL, or why not; also why a better row was passed over */
};

struct aa_identity {
	uint64_t start_ns; /* start_boottime */
	uint32_t tgid;	   /* in the initial pid namespace */
};

struct aa_kernel;

/* Opened by aa_probes_open (recorder/probes), which chooses the programs. */
void aa_kernel_close(struct aa_kernel *kernel); /* detaches and unloads; NULL is fine */
void aa_kernel_closep(struct aa_kernel **kernel);

/* Random and not 0: tells this set of rings from every other in ring_cursor. */
uint64_t aa_kernel_generation(const struct aa_kernel *kernel);

struct aa_ring *aa_kernel_ring(struct aa_kernel *kernel, enum aa_lane lane);

/* Number of probe rows; *ret_probes is owned by kernel. */
unsigned aa_kernel_probes(const struct aa_kernel *kernel, const struct aa_probe **ret_probes);

/*
 * Takes one process into scope: its FORK record (AA_FLAG_ROOT) is in the lifecycle ring before this returns.
 * pid is as the recorder sees it, in the recorder's own pid namespace. Returns 0, -ESRCH if it is gone (or a
 * zombie), -EEXIST if a session has it already, -ENOSPC if the scope map is full or the ring is.
 */
int aa_kernel_adopt(struct aa_kernel *kernel, pid_t pid, uint32_t session, uint32_t slot,
		    struct aa_identity *ret_identity, struct aa_error *error);

/*
 * The same for a child of the recorder's that is about to execute a command: what it does to files before, with the pipe that it
 * waits at and in libuv's handler of fork, is no part of the recording.
 */
int aa_kernel_adopt_command(struct aa_kernel *kernel, pid_t pid, uint32_t session, uint32_t slot,
			    struct aa_identity *ret_identity, struct aa_error *error);

/*
 * Takes the trees below the adopted roots as they are now: FORK and EXEC records with AA_FLAG_SNAPSHOT, no
 * gap and no duplicate against forks and exits that happen meanwhile. Also sends the EXEC snapshot of the
 * roots. The calling process is never taken, nor what is below it. May wait for room in the ring, so its
 * reader should be on another thread.
 */
int aa_kernel_snapshot(struct aa_kernel *kernel, struct aa_error *error);

/* How many processes are in scope; exact only when nothing changes. Walks the map. */
uint32_t aa_kernel_tracked(struct aa_kernel *kernel);

/* Called for each process in scope; who comes or goes meanwhile may be missed. */
typedef void aa_tracked_fn(void *context, const struct aa_identity *identity);
void aa_kernel_each_tracked(struct aa_kernel *kernel, aa_tracked_fn *each, void *context);

/* Takes everything out of scope: nothing more is recorded (records in the rings stay). */
void aa_kernel_forget_all(struct aa_kernel *kernel);

/* How many open files are known; exact only when nothing changes. */
uint32_t aa_kernel_open_files(struct aa_kernel *kernel);

/* Forgets them all: their closes make no records. */
void aa_kernel_forget_files(struct aa_kernel *kernel);

/*
 * From now on options.files and options.excludes hold: before, for the self-test, everything is recorded. Returns 0 or a
 * negative errno with a text.
 */
int aa_kernel_begin_files(struct aa_kernel *kernel, struct aa_error *error);

/*
 * Sends the sums of files that stay open: their IO records are in the activity ring before this returns. last: of all that are
 * known, marked as still open, and forgets them; first waits, up to 0.3 s, for files that are being closed. Returns
 * -EOPNOTSUPP if the kernel cannot do it (a probe row says so), or another negative errno.
 */
int aa_kernel_sweep(struct aa_kernel *kernel, bool last);

/*
 * Waits until every program run that began before has ended, so that its records are in the ring and it has
 * seen what we changed: a global memory barrier waits for an RCU grace period, and tracing programs run
 * within an RCU read-side section (kernel/trace/bpf_trace.c). Milliseconds.
 */
void aa_kernel_settle(void);

/* The counters of one slot, live (mapped, only growing). */
const volatile struct aa_loss *aa_kernel_loss(const struct aa_kernel *kernel, uint32_t slot);

/* Sum of recursion_misses over all attached programs: runs that the kernel skipped (PITFALLS 25a). */
uint64_t aa_kernel_recursion_misses(struct aa_kernel *kernel);

#endif
