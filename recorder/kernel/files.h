/* SPDX-License-Identifier: Apache-2.0 */
/* What kernel/ shares of files.c; kernel.h has what others call. */
#ifndef AA_KERNEL_FILES_H
#define AA_KERNEL_FILES_H

#include <stdbool.h>

#include "kernel.h"
#include "order.h"

struct bpf_object;

/* Size of aa_files, before the first object is loaded. Returns 0 or -EINVAL with a text. */
int aa_files_size_maps(struct aa_kernel *kernel, struct bpf_object *object, struct aa_error *error);

/* True if a glob is one that the eBPF programs can decide: "/literal*", a prefix of at most AA_EXCLUDE_LENGTH bytes. */
bool aa_exclude_of(const char *glob, struct aa_exclude *ret_exclude);

#endif
