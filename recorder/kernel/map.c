// SPDX-License-Identifier: Apache-2.0
/* The maps: their sizes, what the programs are told through them, and those that are mapped into our memory. */
#include "kernel_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "files.h"
#include "socket.h"

#define DEFAULT_MAX_PROCESSES 65536u
#define DEFAULT_MAX_ARG_BYTES (128u << 10)
#define LIMIT_MAX_ARG_BYTES   (2u << 20)
#define PID_MAX_LIMIT	      (1u << 22) /* include/linux/threads.h */

static const char *const ring_names[AA_LANE_COUNT] = {
	[AA_LANE_LIFECYCLE] = "aa_ring_lifecycle",
	[AA_LANE_ACTIVITY] = "aa_ring_activity",
	[AA_LANE_PAYLOAD] = "aa_ring_payload",
};

static const uint64_t ring_defaults[AA_LANE_COUNT] = {
	[AA_LANE_LIFECYCLE] = AA_KERNEL_RING_DEFAULT_LIFECYCLE,
	[AA_LANE_ACTIVITY] = AA_KERNEL_RING_DEFAULT_ACTIVITY,
	[AA_LANE_PAYLOAD] = AA_KERNEL_RING_DEFAULT_PAYLOAD,
};

static uint64_t ring_bytes(const struct aa_kernel_options *options, unsigned lane)
{
	if (lane == AA_LANE_PAYLOAD && options->ring_bytes[lane] == 0 && options->tls != AA_TLS_MODE_ALL)
		return (uint64_t)sysconf(_SC_PAGESIZE); /* nothing is sent there */
	return options->ring_bytes[lane] != 0 ? options->ring_bytes[lane] : ring_defaults[lane];
}

static uint32_t pid_max(void)
{
	char line[32] = "";
	unsigned long value;
	FILE *file = fopen("/proc/sys/kernel/pid_max", "re");

	if (file) {
		if (!fgets(line, sizeof(line), file))
			line[0] = 0;
		(void)fclose(file);
	}
	value = strtoul(line, NULL, 10);
	return value != 0 && value <= PID_MAX_LIMIT ? (uint32_t)value : PID_MAX_LIMIT;
}

static int map_fd(struct bpf_object *object, const char *name)
{
	return bpf_object__find_map_fd_by_name(object, name);
}

static int set_entries(struct bpf_object *object, const char *name, uint64_t entries, struct aa_error *error)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map || entries > UINT32_MAX || bpf_map__set_max_entries(map, (uint32_t)entries) != 0)
		return aa_error_set(error, -EINVAL, "cannot set the size of BPF map %s to %llu", name,
				    (unsigned long long)entries);
	return 0;
}

int aa_kernel_size_maps(struct aa_kernel *kernel, struct bpf_object *object, struct aa_error *error)
{
	const struct aa_kernel_options *options = &kernel->options;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int r;

	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++) {
		uint64_t bytes = ring_bytes(options, lane);

		if (bytes < page || (bytes & (bytes - 1)) != 0 || bytes > 1ull << 30)
			return aa_error_set(error, -EINVAL,
					    "ring size %llu is not a power of two from %llu to %llu bytes",
					    (unsigned long long)bytes, (unsigned long long)page, 1ull << 30);
		r = set_entries(object, ring_names[lane], bytes, error);
		if (r < 0)
			return r;
	}
	kernel->max_processes = options->max_processes != 0 ? options->max_processes : DEFAULT_MAX_PROCESSES;
	r = set_entries(object, "aa_scope", kernel->max_processes, error);
	if (r < 0)
		return r;
	r = set_entries(object, "aa_scope_hint", (pid_max() + AA_HINT_BYTES) / AA_HINT_BYTES, error);
	if (r == 0)
		r = aa_files_size_maps(kernel, object, error);
	if (r == 0)
		r = aa_sockets_size_maps(kernel, object, error);
	return r < 0 ? r : aa_kernel_size_tls(kernel, object, error);
}

int aa_kernel_set_config(struct aa_kernel *kernel, struct aa_error *error)
{
	const struct aa_kernel_options *options = &kernel->options;
	struct aa_config *config = &kernel->config;
	uint32_t zero = 0;

	config->max_arg_bytes = options->max_arg_bytes != 0 ? options->max_arg_bytes : DEFAULT_MAX_ARG_BYTES;
	if (config->max_arg_bytes > LIMIT_MAX_ARG_BYTES)
		config->max_arg_bytes = LIMIT_MAX_ARG_BYTES;
	config->page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	config->capture_env = options->capture_env;
	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++)
		config->ring_bytes[lane] = ring_bytes(options, lane);
	if (bpf_map_update_elem(map_fd(kernel->objects[0], "aa_config"), &zero, config, BPF_ANY) != 0)
		return aa_error_set(error, -errno, "cannot configure the eBPF programs: %s", strerror(errno));
	return 0;
}

int aa_kernel_set_duties(struct aa_kernel *kernel, uint32_t syscalls, uint32_t files, struct aa_error *error)
{
	if (kernel->config.syscall_mask == syscalls && kernel->config.file_duties == files)
		return 0;
	kernel->config.syscall_mask = syscalls;
	kernel->config.file_duties = files;
	return aa_kernel_set_config(kernel, error);
}

static void *map_array(int fd, size_t bytes, int protection, size_t *ret_size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (bytes + page - 1) / page * page;
	void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, 0);

	*ret_size = size;
	return memory == MAP_FAILED ? NULL : memory;
}

int aa_kernel_map_shared(struct aa_kernel *kernel, struct aa_error *error)
{
	struct bpf_object *object = kernel->objects[0];
	int fd = map_fd(object, "aa_control");

	kernel->control =
		map_array(fd, sizeof(struct aa_control), PROT_READ | PROT_WRITE, &kernel->control_size);
	if (!kernel->control)
		return aa_error_set(error, -errno, "cannot map BPF map aa_control: %s", strerror(errno));
	fd = map_fd(object, "aa_loss");
	kernel->loss = map_array(fd, sizeof(struct aa_loss) * AA_LOSS_SLOTS, PROT_READ, &kernel->loss_size);
	if (!kernel->loss)
		return aa_error_set(error, -errno, "cannot map BPF map aa_loss: %s", strerror(errno));
	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, ring_names[lane]);
		volatile uint64_t *wake_at = (volatile uint64_t *)&kernel->control->wake[lane].at;
		int r;

		*wake_at = ~0ull;
		r = aa_ring_open(&kernel->rings[lane], bpf_map__fd(map), (enum aa_lane)lane,
				 bpf_map__max_entries(map), wake_at);
		if (r < 0)
			return aa_error_set(error, r, "cannot map BPF ring buffer %s: %s", ring_names[lane],
					    strerror(-r));
	}
	if (aa_kernel_map_requests(kernel, error) < 0)
		return error->code;
	kernel->scope_fd = map_fd(object, "aa_scope");
	kernel->tomb_fd = map_fd(object, "aa_tomb");
	kernel->order_fd = map_fd(object, "aa_order");
	return 0;
}
