/* SPDX-License-Identifier: Apache-2.0 */
/* Builds automata; see rules.h for how they are used. */
#ifndef AA_REDACT_AUTOMATON_H
#define AA_REDACT_AUTOMATON_H

#include "rules.h"

/* pattern: the i-th of count, at most 63 bytes. fold: in any case. Returns 0, -ENOMEM, or -E2BIG if there are too many. */
typedef const char *aa_pattern_fn(const void *context, size_t i);
int aa_automaton_build(struct aa_automaton *automaton, aa_pattern_fn *pattern, const void *context,
		       size_t count, bool fold);
void aa_automaton_release(struct aa_automaton *automaton);

#endif
