// SPDX-License-Identifier: Apache-2.0
/* The table of open files, when nobody uses it any more. */
#include "kernel_private.h"

static int files_fd(struct aa_kernel *kernel)
{
	return kernel->object_count > 0 ? bpf_object__find_map_fd_by_name(kernel->objects[0], "aa_files")
					: -1;
}

uint32_t aa_kernel_open_files(struct aa_kernel *kernel)
{
	int fd = files_fd(kernel);
	uint32_t count = 0;
	uint64_t key = 0;

	/* A key that is deleted meanwhile begins the walk again: as many turns as there is room, at most. */
	for (const uint64_t *at = NULL; bpf_map_get_next_key(fd, at, &key) == 0 && count < UINT16_MAX;
	     at = &key)
		count++;
	return count;
}

void aa_kernel_forget_files(struct aa_kernel *kernel)
{
	int fd = files_fd(kernel);
	uint64_t key;

	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		(void)bpf_map_delete_elem(fd, &key);
}
