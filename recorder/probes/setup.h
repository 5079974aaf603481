/* SPDX-License-Identifier: Apache-2.0 */
/* What opening and surveying have in common. */
#ifndef AA_PROBES_SETUP_H
#define AA_PROBES_SETUP_H

#include "btf.h"
#include "function.h"
#include "probes.h"

/*
 * The refusals of a host, BTF, features and targets (one for each program of the table). On success *ret_btf
 * is to be released, or given to aa_kernel_new.
 */
int aa_probes_setup(const struct aa_probes_options *options, struct aa_features *ret_features,
		    struct aa_target *ret_targets, struct aa_btf *ret_btf, struct aa_error *error);

#endif
