/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this directory share. Only they, and the probing of features, include libbpf's headers. */
#ifndef AA_KERNEL_PRIVATE_H
#define AA_KERNEL_PRIVATE_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <pthread.h>

#include "btf.h"
#include "kernel.h"
#include "log.h"
#include "order.h"
#include "program.h"

/* One entry for each program that was ever asked for; it stays when the program was refused or detached. */
struct aa_program {
	const char *name;	     /* static, the caller's */
	struct bpf_program *program; /* NULL: not loaded. Belongs to one of the objects */
	struct bpf_link *link;	     /* NULL: not attached */
	int error;		     /* positive errno why it was not loaded or attached */
	uint32_t verified;	     /* instructions, 0 if not known */
	char reason[AA_REASON_SIZE];
};

struct aa_kernel {
	/* One a round; the first owns the maps that all others share. */
	struct bpf_object *objects[AA_ROUNDS_MAX];
	unsigned object_count;
	struct aa_program programs[AA_PROGRAMS_MAX];
	unsigned program_count;
	struct aa_kernel_options options;
	struct aa_btf btf;
	struct aa_config config;
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
	const struct aa_uprobe_way
		*uprobe_way;	      /* how the programs of TLS are attached; NULL: they are not loaded */
	struct aa_uprobes *uprobes;   /* all that are attached */
	pthread_mutex_t uprobes_lock; /* of that list, which the thread of TLS changes */
	struct aa_ring requests;      /* data is NULL: not mapped */
	uint64_t requests_wake_at;    /* its programs always wake */
	struct aa_probe probes[AA_PROBES_MAX];
	struct aa_probe_text {
		char program[AA_PROBE_PROGRAM_SIZE];
		char reason[AA_REASON_SIZE];
	} probe_texts[AA_PROBES_MAX];
	unsigned probe_count;
};

/* map.c: sizes of the maps of the first object, the configuration, and the memory shared with the programs. */
int aa_kernel_size_maps(struct aa_kernel *kernel, struct bpf_object *object, struct aa_error *error);
int aa_kernel_set_config(struct aa_kernel *kernel, struct aa_error *error);
int aa_kernel_map_shared(struct aa_kernel *kernel, struct aa_error *error);

/* tls.c: the tables of TLS are small where they are not needed; the ring of requests. */
int aa_kernel_size_tls(struct aa_kernel *kernel, struct bpf_object *object, struct aa_error *error);
int aa_kernel_map_requests(struct aa_kernel *kernel, struct aa_error *error);

/* uprobe.c: detaches all. */
void aa_kernel_close_uprobes(struct aa_kernel *kernel);
/* Descriptors of their links; returns how many. ret_fds may be NULL. */
unsigned aa_kernel_uprobe_fds(const struct aa_kernel *kernel, int *ret_fds);

/* The program, loaded or not; NULL if it was never asked for. */
struct aa_program *aa_kernel_find_program(struct aa_kernel *kernel, const char *name);

/* The link of a program, NULL if it is not attached. */
struct bpf_link *aa_kernel_find_link(struct aa_kernel *kernel, const char *name);

/* The descriptor of a loaded program, -1 if it is not loaded. */
int aa_kernel_program_fd(struct aa_kernel *kernel, const char *name);

#endif
