// SPDX-License-Identifier: Apache-2.0
/* Opening and closing the kernel side, and its counters. */
#include "kernel_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "memory.h"

static void *map_array(int fd, size_t bytes, int protection, size_t *ret_size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (bytes + page - 1) / page * page;
	void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, 0);

	*ret_size = size;
	return memory == MAP_FAILED ? NULL : memory;
}

static int map_shared(struct aa_kernel *kernel, struct aa_error *error)
{
	static const char *const names[AA_LANE_COUNT] = {
		[AA_LANE_LIFECYCLE] = "aa_ring_lifecycle",
		[AA_LANE_ACTIVITY] = "aa_ring_activity",
		[AA_LANE_PAYLOAD] = "aa_ring_payload",
	};
	int fd = bpf_object__find_map_fd_by_name(kernel->object, "aa_control");

	kernel->control =
		map_array(fd, sizeof(struct aa_control), PROT_READ | PROT_WRITE, &kernel->control_size);
	if (!kernel->control)
		return aa_error_set(error, -errno, "cannot map BPF map aa_control: %s", strerror(errno));
	fd = bpf_object__find_map_fd_by_name(kernel->object, "aa_loss");
	kernel->loss = map_array(fd, sizeof(struct aa_loss) * AA_LOSS_SLOTS, PROT_READ, &kernel->loss_size);
	if (!kernel->loss)
		return aa_error_set(error, -errno, "cannot map BPF map aa_loss: %s", strerror(errno));
	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++) {
		struct bpf_map *map = bpf_object__find_map_by_name(kernel->object, names[lane]);
		volatile uint64_t *wake_at = (volatile uint64_t *)&kernel->control->wake[lane].at;
		int r;

		*wake_at = ~0ull;
		r = aa_ring_open(&kernel->rings[lane], bpf_map__fd(map), (enum aa_lane)lane,
				 bpf_map__max_entries(map), wake_at);
		if (r < 0)
			return aa_error_set(error, r, "cannot map BPF ring buffer %s: %s", names[lane],
					    strerror(-r));
	}
	return 0;
}

static uint64_t random_generation(void)
{
	uint64_t value = 0;

	/* 63 bits, because SQLite's integers are signed. */
	while (value == 0) {
		if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
			value = 0;
		value &= INT64_MAX;
	}
	return value;
}

int aa_kernel_open(const struct aa_kernel_options *options, struct aa_kernel **ret_kernel,
		   struct aa_error *error)
{
	aa_cleanup(aa_kernel_closep) struct aa_kernel *kernel = NULL;
	int r;

	r = aa_kernel_require(error);
	if (r < 0)
		return r;
	(void)libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return aa_error_set(error, -ENOMEM, "out of memory");
	kernel->generation = random_generation();
	r = aa_kernel_load(kernel, options, error);
	if (r < 0)
		return r;
	kernel->scope_fd = bpf_object__find_map_fd_by_name(kernel->object, "aa_scope");
	kernel->tomb_fd = bpf_object__find_map_fd_by_name(kernel->object, "aa_tomb");
	kernel->order_fd = bpf_object__find_map_fd_by_name(kernel->object, "aa_order");
	r = map_shared(kernel, error);
	if (r < 0)
		return r;
	r = aa_kernel_attach(kernel, error);
	if (r < 0)
		return r;
	*ret_kernel = AA_STEAL(kernel);
	return 0;
}

void aa_kernel_close(struct aa_kernel *kernel)
{
	if (!kernel)
		return;
	for (unsigned i = 0; i < kernel->link_count; i++) {
		if (kernel->links[i].link)
			(void)bpf_link__destroy(kernel->links[i].link);
	}
	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++)
		aa_ring_close(&kernel->rings[lane]);
	if (kernel->control)
		(void)munmap(kernel->control, kernel->control_size);
	if (kernel->loss)
		(void)munmap((void *)(uintptr_t)kernel->loss, kernel->loss_size);
	if (kernel->object)
		bpf_object__close(kernel->object);
	free(kernel);
}

void aa_kernel_closep(struct aa_kernel **kernel)
{
	aa_kernel_close(*kernel);
}

uint64_t aa_kernel_generation(const struct aa_kernel *kernel)
{
	return kernel->generation;
}

struct aa_ring *aa_kernel_ring(struct aa_kernel *kernel, enum aa_lane lane)
{
	return &kernel->rings[lane];
}

unsigned aa_kernel_probes(const struct aa_kernel *kernel, const struct aa_probe **ret_probes)
{
	*ret_probes = kernel->probes;
	return kernel->probe_count;
}

const volatile struct aa_loss *aa_kernel_loss(const struct aa_kernel *kernel, uint32_t slot)
{
	return &kernel->loss[slot < AA_LOSS_SLOTS ? slot : 0];
}

uint64_t aa_kernel_recursion_misses(struct aa_kernel *kernel)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < kernel->link_count; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(kernel->object, kernel->links[i].program);
		struct bpf_prog_info info;
		uint32_t size = sizeof(info);

		memset(&info, 0, sizeof(info));
		if (kernel->links[i].link &&
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) == 0)
			sum += info.recursion_misses;
	}
	return sum;
}
