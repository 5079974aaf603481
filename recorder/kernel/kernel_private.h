/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this directory share. Only they include libbpf's headers. */
#ifndef AA_KERNEL_PRIVATE_H
#define AA_KERNEL_PRIVATE_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel.h"
#include "log.h"
#include "order.h"

#define AA_PROBES_MAX 16
#define AA_LINKS_MAX  16

/* A program and what attached it; one program may serve several capabilities. */
struct aa_link {
	const char *program;
	struct bpf_link *link;
	int error; /* positive errno why it is not attached */
};

struct aa_kernel {
	struct bpf_object *object;
	struct aa_ring rings[AA_LANE_COUNT];
	struct aa_control *control; /* mapped */
	const struct aa_loss *loss; /* mapped, AA_LOSS_SLOTS of them */
	size_t control_size;
	size_t loss_size;
	int scope_fd;
	int tomb_fd;
	int order_fd;
	uint32_t max_processes;
	uint32_t recorder; /* own tgid in the initial pid namespace, known once an iterator has run */
	uint64_t generation;
	struct aa_link links[AA_LINKS_MAX];
	unsigned link_count;
	struct aa_probe probes[AA_PROBES_MAX];
	char reasons[AA_PROBES_MAX][160];
	unsigned probe_count;
};

/* require.c: refuses what cannot work, with words. Same codes as aa_kernel_open. */
int aa_kernel_require(struct aa_error *error);

/* True if the lockdown of the running kernel forbids programs to read kernel memory. */
bool aa_kernel_locked_down(void);

/* load.c: opens, sizes and loads the object; programs that are optional and refused are left out. */
int aa_kernel_load(struct aa_kernel *kernel, const struct aa_kernel_options *options, struct aa_error *error);

/* hooks.c */
struct aa_hook {
	const char *capability;
	const char *tier;
	const char *program;
	bool required;
};

extern const struct aa_hook aa_hooks[];
extern const unsigned aa_hook_count;

/* True if every capability can do without the program. */
bool aa_hook_program_optional(const char *program);

/* Attaches everything that was loaded and fills the probes. */
int aa_kernel_attach(struct aa_kernel *kernel, struct aa_error *error);

/* The link of a program, NULL if it is not attached. */
struct bpf_link *aa_kernel_find_link(struct aa_kernel *kernel, const char *program);

#endif
