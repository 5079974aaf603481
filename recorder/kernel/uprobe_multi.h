/* SPDX-License-Identifier: Apache-2.0 */
/* Many probes in one link: BPF_TRACE_UPROBE_MULTI, kernel 6.6. By bpf(2): libbpf has it since 1.3 only. */
#ifndef AA_KERNEL_UPROBE_MULTI_H
#define AA_KERNEL_UPROBE_MULTI_H

#include <stdbool.h>
#include <stdint.h>

#define AA_TRACE_UPROBE_MULTI 48 /* enum bpf_attach_type */

/* True if this kernel has it. */
bool aa_uprobe_multi_works(void);

/*
 * Attaches a program that was loaded with that attach type, for all processes. Returns the descriptor of the link or a
 * negative errno.
 */
int aa_uprobe_multi_attach(int program_fd, const char *path, const uint64_t *offsets, const uint64_t *cookies,
			   uint32_t count, bool at_return);

#endif
