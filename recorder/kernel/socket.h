/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel side's table of sockets that may carry TLS: what ends there without anybody seeing it. */
#ifndef AA_KERNEL_SOCKET_H
#define AA_KERNEL_SOCKET_H

#include <stdbool.h>

#include "error.h"
#include "kernel.h"
#include "tls_state.h"

struct bpf_object;

/* Size of the tables, before the first object is loaded. Returns 0 or -EINVAL with a text. */
int aa_sockets_size_maps(struct aa_kernel *kernel, struct bpf_object *object, struct aa_error *error);

/* Forgets all sockets, and which executable files are known. */
void aa_kernel_forget_sockets(struct aa_kernel *kernel);

/* What AA_EVENT_TLS_SOCKET_END would say of a socket that was removed. */
typedef void aa_socket_swept_fn(void *context, const struct aa_tls_socket_end *end);

/*
 * Removes sockets of processes that are in no session any more (last: all): those of UDP, whose end no program sees, are
 * told of if they said hello. One of TCP that is still open has not ended. Returns how many were removed, or a negative errno.
 */
int aa_kernel_socket_sweep(struct aa_kernel *kernel, bool last, aa_socket_swept_fn *swept, void *context);

#endif
