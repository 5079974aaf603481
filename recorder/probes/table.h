/* SPDX-License-Identifier: Apache-2.0 */
/* The hook table as data: what can serve a capability, and what each program needs of the kernel. See table.c. */
#ifndef AA_PROBES_TABLE_H
#define AA_PROBES_TABLE_H

#include <stdbool.h>

#include "probes.h"

#define AA_HOOK_PROGRAMS 32 /* at most, in a row */
#define AA_HOOKS_MAX	 96

/* How a program hangs in the kernel. */
enum aa_program_kind {
	AA_PROGRAM_LSM,
	AA_PROGRAM_FENTRY,
	AA_PROGRAM_FEXIT,
	AA_PROGRAM_KPROBE,
	AA_PROGRAM_TP_BTF,
	AA_PROGRAM_ITERATOR,
	AA_PROGRAM_RAW_TP,
	AA_PROGRAM_TRACEPOINT, /* classic */
	AA_PROGRAM_RUN,	       /* loaded and never attached: run by BPF_PROG_TEST_RUN */
};

struct aa_program_info {
	const char *name;
	enum aa_program_kind kind;
	const char *target;    /* the function or tracepoint */
	const char *signature; /* of the function: see aa_function_check; NULL: no matter; "one|other" */
};

extern const struct aa_program_info aa_program_infos[];
extern const unsigned aa_program_info_count;

/* NULL if there is no such program. A "?" before the name is skipped, and so are the alternatives behind it. */
const struct aa_program_info *aa_program_info(const char *name);

/* What a kind needs of the kernel. */
enum aa_feature_id aa_program_feature(enum aa_program_kind kind);

/* A way to have a capability; all of its programs are needed. Rows of a capability stand together, the best first. */
struct aa_hook {
	const char *capability;
	/*
	 * "?" before a name: only where the kernel has its function. "a|b": the one whose function the kernel has, with
	 * those arguments. Filled from the front, NULL behind.
	 */
	const char *programs[AA_HOOK_PROGRAMS];
	enum aa_tier tier;
	enum aa_proof_id proof;
	unsigned
		syscalls; /* bits of aa_config.syscall_mask that the row needs, AA_SYSCALL_ASKED further up for those asked */
	unsigned duties; /* AA_FILE_DUTY_* that are left to the programs of io_uring when the row serves */
	bool required;	 /* the capability is */
	bool snapshot;	 /* only wanted for aa_kernel_snapshot */
	bool files;	 /* only wanted when files are recorded */
	enum aa_tls_mode tls; /* only wanted when at least that much of TLS is recorded */
	bool optional; /* a kernel may have been built without what it records: nothing serving is no refusal */
	bool provable; /* makes a record that the self-test provokes, proof; else working is attaching */
};

extern const struct aa_hook aa_hooks[];
extern const unsigned aa_hook_count;

#endif
