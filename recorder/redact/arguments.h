/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that programs are given: on their command lines and in their environment. Beside what redact.h finds in any text:
 * values of options and variables that by their name are secrets. Names of files are not searched.
 */
#ifndef AA_REDACT_ARGUMENTS_H
#define AA_REDACT_ARGUMENTS_H

#include "redact.h"

/* Arguments, each with its NUL, in place. Returns the number of secrets replaced, or a negative errno. */
int aa_redact_arguments(const struct aa_redactor *redactor, char *arguments, size_t size,
			aa_redaction_fn *found, void *context);

/* The value of a variable, in place. Returns likewise. */
int aa_redact_variable(const struct aa_redactor *redactor, const char *name, char *value, size_t size,
		       aa_redaction_fn *found, void *context);

#endif
