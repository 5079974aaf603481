/* SPDX-License-Identifier: Apache-2.0 */
/* What the loaded programs and maps cost, as the kernel counts it: for aa-record doctor --verbose. */
#ifndef AA_KERNEL_STATS_H
#define AA_KERNEL_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct aa_kernel;

struct aa_stats_program {
	char name[64];	  /* the kernel keeps 15 bytes; ours are complete */
	const char *type; /* "tracing", "kprobe", "raw_tracepoint", "lsm" ...; "?" */
	char target[80];  /* "tp_btf/task_newtask", "" if unknown */
	bool ours;	  /* of the struct aa_kernel given, else of another recorder on this host */
	bool attached;	  /* ours: a link holds it. Others: a link was found */
	uint32_t id;
	uint64_t runs;	      /* since statistics were enabled (before 5.13 too); 0 if they never were */
	uint64_t run_time_ns; /* in all */
	uint64_t mean_ns;     /* run_time_ns / runs, 0 without runs */
	uint64_t recursion_misses;
	uint32_t verified_instructions; /* 5.16+, else 0 */
	uint32_t jited_bytes;		/* 0: interpreted, or hidden (kptr_restrict) */
	uint64_t memory_bytes;
};

struct aa_stats_map {
	char name[64];
	const char *type; /* "hash", "ringbuf", "array" ...; "?" */
	bool ours;
	uint32_t id;
	uint32_t key_bytes;
	uint32_t value_bytes;
	uint32_t max_entries; /* ring: bytes */
	bool fill_known;
	uint64_t fill; /* entries in use; ring: bytes not yet released. An array is always full */
	uint64_t memory_bytes;
};

struct aa_stats {
	struct aa_stats_program *programs;
	size_t program_count;
	struct aa_stats_map *maps;
	size_t map_count;
	int others_error; /* 0, or positive errno why others could not be looked for (EPERM: CAP_SYS_ADMIN) */
};

/*
 * Makes the kernel count and time program runs until the descriptor is closed. Returns it, or a negative
 * errno with a text: -EPERM needs CAP_SYS_ADMIN; -EINVAL before 5.8.
 */
int aa_stats_enable(struct aa_error *error);

/*
 * Programs and maps of kernel (NULL: none), and of all others on this host that are called aa_*, ours first.
 * Returns 0 or -ENOMEM; what may not be seen is left out, see others_error.
 */
int aa_stats_collect(struct aa_kernel *kernel, struct aa_stats *ret_stats, struct aa_error *error);
void aa_stats_release(struct aa_stats *stats);

#endif
