/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel side's table of sockets that may carry TLS: what ends there without anybody seeing it. */
#ifndef AA_KERNEL_SOCKET_H
#define AA_KERNEL_SOCKET_H

#include <stdbool.h>

#include "error.h"
#include "kernel.h"

struct bpf_object;

/* Size of the tables, before the first object is loaded. Returns 0 or -EINVAL with a text. */
int aa_sockets_size_maps(struct aa_kernel *kernel, struct bpf_object *object, struct aa_error *error);

/* Forgets all sockets, and which executable files are known. */
void aa_kernel_forget_sockets(struct aa_kernel *kernel);

/*
 * Ends sockets of processes that are in no session any more (last: all): the records of those of UDP, whose end no program
 * sees, are in the activity ring before this returns. One of TCP that is still open has not ended, and makes none. Returns how
 * many were removed, or a negative errno; 0 if the kernel cannot do it (a probe row says so).
 */
int aa_sockets_sweep(struct aa_kernel *kernel, bool last);

#endif
