/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel can do, asked with programs of two instructions. See struct aa_features in probes.h. */
#ifndef AA_PROBES_FEATURE_H
#define AA_PROBES_FEATURE_H

#include "btf.h"
#include "probes.h"

/* Never fails: what cannot be asked is absent, with the reason. Nothing stays loaded or attached. */
void aa_features_find(const struct aa_btf *btf, struct aa_features *ret_features);

/* preempt.c: may eBPF programs be preempted? Says in ret_words how it was found out. */
bool aa_preempts(char *ret_words, size_t size);

/* The mode in brackets of <debugfs>/sched/preempt, "none (voluntary) full"; false if there is none. Pure. */
bool aa_preempt_mode(const char *text, char *ret_mode, size_t size);

/* The mode that a kernel with PREEMPT_DYNAMIC was built to begin with, of the text of its configuration. Pure. */
bool aa_preempt_built(const char *config, char *ret_mode, size_t size);

#endif
