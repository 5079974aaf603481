/* SPDX-License-Identifier: Apache-2.0 */
/* Does the kernel have the functions and tracepoints of the table, with the arguments that the programs read? */
#ifndef AA_PROBES_FUNCTION_H
#define AA_PROBES_FUNCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table.h"

struct btf;

enum aa_target_state {
	AA_TARGET_UNKNOWN, /* these types do not say */
	AA_TARGET_OK,
	AA_TARGET_MISSING,
	AA_TARGET_DIFFERS, /* there, with other arguments */
};

struct aa_target {
	enum aa_target_state state;
	char found[80]; /* the arguments, as aa_signature writes them */
};

/*
 * Looks up the target of each program of the table, in the same order. complete: types are all of the
 * kernel's, so what they lack is missing; minimal files hold no functions.
 */
void aa_targets_look(const struct btf *types, bool complete, struct aa_target *ret_targets);

/*
 * Arguments of a function as "task_struct*,8,*": the name of the structure behind a pointer, or nothing for a
 * pointer to something else, or the bytes of a number. Skips the first `skip`. "?" in it stands for what is
 * neither.
 */
void aa_signature(const struct btf *types, uint32_t prototype, unsigned skip, char *ret_text, size_t size);

/* True if found begins with the arguments of wanted; exact: and has no others. */
bool aa_signature_fits(const char *wanted, const char *found, bool exact);

#endif
