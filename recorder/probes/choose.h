/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which row of the hook table serves each capability: the table, what the kernel can do, what was asked for,
 * and what has failed so far. Pure: tries nothing itself.
 */
#ifndef AA_PROBES_CHOOSE_H
#define AA_PROBES_CHOOSE_H

#include "function.h"
#include "program.h"
#include "table.h"

struct aa_row {
	const struct aa_hook *hook;
	const char *programs[AA_HOOK_PROGRAMS]; /* those of the hook that this kernel has */
	unsigned count;
	bool out;    /* does not serve: error and reason say why */
	bool passed; /* out, or behind another, by choice and not by failure */
	bool silent; /* out: was attached, and no record came */
	int error;   /* positive errno */
	char reason[AA_REASON_SIZE];
};

struct aa_choice {
	struct aa_row rows[AA_HOOKS_MAX]; /* of a capability together, in the order in which they are tried */
	unsigned count;
	enum aa_tier tier; /* that was asked for */
	bool preempts;
	unsigned wanted; /* AA_WANT_* */
};

#define AA_WANT_SNAPSHOT  0x1u
#define AA_WANT_FILES	  0x2u
#define AA_WANT_TLS	  0x4u /* connections */
#define AA_WANT_PLAINTEXT 0x8u /* and what is said over them */

/* targets: as of aa_targets_look. Rows for snapshots, files and TLS are left out unless they are wanted: AA_WANT_*. */
void aa_choice_init(struct aa_choice *choice, const struct aa_features *features,
		    const struct aa_target *targets, enum aa_tier tier, unsigned wanted);

/* AA_WANT_*, but for snapshots. */
unsigned aa_wanted(const struct aa_kernel_options *options);

/* The row that serves a capability as things stand, NULL if none does. */
struct aa_row *aa_choice_row(struct aa_choice *choice, const char *capability);

/* Index of the first row of the next capability; begin at 0, ends at choice->count. */
unsigned aa_choice_next(const struct aa_choice *choice, unsigned at);

/* All programs of the rows that serve, each once, in the order of attaching. ret_names has AA_PROGRAMS_MAX. */
unsigned aa_choice_programs(struct aa_choice *choice, const char **ret_names);

/* What aa_config.syscall_mask must be for the rows that serve. */
unsigned aa_choice_syscalls(struct aa_choice *choice);

/* AA_FILE_DUTY_*: what the programs of io_uring must do for the rows that serve. */
unsigned aa_choice_duties(struct aa_choice *choice);

/*
 * A program failed: rows that need it are out, of one capability (silent: others may hear from the same
 * program) or of all (NULL).
 */
void aa_choice_fail(struct aa_choice *choice, const char *capability, const char *program, int error,
		    bool silent, const char *reason);

/* "a+b" */
void aa_row_name(const struct aa_row *row, char *ret_name, size_t size);

#endif
