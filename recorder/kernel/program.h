/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs by name: load some of them together, attach and detach each. Which ones, and what it means when
 * one is refused, is decided above (recorder/probes).
 */
#ifndef AA_KERNEL_PROGRAM_H
#define AA_KERNEL_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "btf.h"
#include "error.h"
#include "kernel.h"

#define AA_ROUNDS_MAX	      32
#define AA_PROGRAMS_MAX	      224
#define AA_PROBES_MAX	      128
#define AA_REASON_SIZE	      512
#define AA_PROBE_PROGRAM_SIZE 768

/*
 * Refuses, with words, what a host must have whatever the programs: capabilities, no lockdown, bpf(2), the
 * ring buffer. Returns 0, -EPERM or -EOPNOTSUPP. Lifts RLIMIT_MEMLOCK, which kernels before 5.11 count maps
 * against.
 */
int aa_kernel_require(struct aa_error *error);

/* A kernel side without programs. Takes *btf over, and zeroes it, in any case. Returns 0 or -ENOMEM. */
int aa_kernel_new(const struct aa_kernel_options *options, struct aa_btf *btf, struct aa_kernel **ret_kernel,
		  struct aa_error *error);

/*
 * Loads the named programs in one object, which shares its maps with those before. A program that the kernel
 * refuses is left out and keeps the reason (aa_kernel_program_error); that is no failure. Names must live as
 * long as the kernel. Returns 0, or a negative errno with a text when none can be had for a reason that is no
 * program's: -ENOMEM, -EOPNOTSUPP, -EINVAL (sizes), -EPERM.
 */
int aa_kernel_load(struct aa_kernel *kernel, const char *const *names, unsigned count,
		   struct aa_error *error);

/* Returns 0, or a negative errno that aa_kernel_program_error knows too. Fine if it is attached. */
int aa_kernel_attach(struct aa_kernel *kernel, const char *name);
void aa_kernel_detach(struct aa_kernel *kernel, const char *name);

bool aa_kernel_is_loaded(struct aa_kernel *kernel, const char *name);

/* Why a program could not be loaded or attached: positive errno and words, which live as long as the kernel. 0: it could. */
int aa_kernel_program_error(struct aa_kernel *kernel, const char *name, const char **ret_reason);

/* strerror(), also for what only the kernel calls an error. Valid until the next call. */
const char *aa_kernel_strerror(int error);

/*
 * Instructions that the verifier went through for a loaded program; 0: not known (before 5.16 only with
 * aa_kernel_options.statistics, and libbpf 0.7).
 */
uint32_t aa_kernel_verified(struct aa_kernel *kernel, const char *name);

/*
 * Which system calls aa_sysexit_* serves, AA_SYSCALL_MASK_* of order.h, and what of files is left to the programs of
 * io_uring, AA_FILE_DUTY_*. Returns 0 or a negative errno with a text.
 */
int aa_kernel_set_duties(struct aa_kernel *kernel, uint32_t syscalls, uint32_t files, struct aa_error *error);

/*
 * Compares what the programs last read of the recorder itself, through CO-RE, with what it knows of itself.
 * To be called after an adoption. Returns 0, or -EINVAL with a text that names the BTF file if that is of
 * another kernel.
 */
int aa_kernel_check_self(struct aa_kernel *kernel, struct aa_error *error);

/* Adds a probe row; copies program and reason (NULL: none), the other strings are static. */
void aa_kernel_add_probe(struct aa_kernel *kernel, const struct aa_probe *probe);

/* Where the types came from; never NULL. */
const struct aa_btf *aa_kernel_btf(const struct aa_kernel *kernel);

#endif
