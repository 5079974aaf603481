/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in tables. */
#ifndef AA_REDACT_SHAPES_H
#define AA_REDACT_SHAPES_H

#include "rules.h"

extern const struct aa_header_rule aa_headers[];
extern const size_t aa_header_count;
extern const struct aa_shape aa_shapes[];
extern const size_t aa_shape_count;
extern const char *const aa_schemes[]; /* ended by NULL */

#endif
