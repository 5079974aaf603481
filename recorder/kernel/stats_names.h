/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stats.c needs beside libbpf's objects: names of types, the fill of a ring, the names in the embedded
 * object.
 */
#ifndef AA_KERNEL_STATS_NAMES_H
#define AA_KERNEL_STATS_NAMES_H

#include <stdint.h>

struct bpf_object;

/* As bpftool calls them; "?" for one that is not among those we use. */
const char *aa_stats_program_type(uint32_t type);
const char *aa_stats_map_type(uint32_t type);

struct aa_ring_fill {
	uint64_t producer;
	uint64_t consumer;
};

/* Reads the positions of any ring buffer. Returns 0 or a negative errno. */
int aa_ring_fill(int fd, struct aa_ring_fill *ret_fill);

/*
 * The embedded object, opened and not loaded, for the complete names of programs and maps. NULL: no memory.
 */
struct bpf_object *aa_kernel_object_names(void);

#endif
