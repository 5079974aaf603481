// SPDX-License-Identifier: Apache-2.0
/* Whether the programs stop processes whose files the recorder has yet to look at: a word of their configuration. */
#include "kernel_private.h"

#include <errno.h>

#include "tls.h"

int aa_kernel_tls_holding_fd(const struct aa_kernel *kernel)
{
	return bpf_object__find_map_fd_by_name(kernel->objects[0], "aa_config");
}

int aa_kernel_tls_set_holding(struct aa_kernel *kernel, bool holding)
{
	uint32_t zero = 0;

	kernel->config.tls_hold = holding && kernel->options.tls_hold;
	if (bpf_map_update_elem(aa_kernel_tls_holding_fd(kernel), &zero, &kernel->config, BPF_ANY) != 0)
		return -errno;
	return 0;
}
