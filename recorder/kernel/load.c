// SPDX-License-Identifier: Apache-2.0
/* From the embedded object to loaded programs and maps of the right size. */
#include "kernel_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const unsigned char aa_bpf_object[];
extern const unsigned char aa_bpf_object_end[];

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

static int set_sizes(struct aa_kernel *kernel, const struct aa_kernel_options *options,
		     struct aa_error *error)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	int r;

	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++) {
		uint64_t bytes = ring_bytes(options, lane);

		if (bytes < page || (bytes & (bytes - 1)) != 0 || bytes > 1ull << 30)
			return aa_error_set(error, -EINVAL,
					    "ring size %llu is not a power of two from %llu to %llu bytes",
					    (unsigned long long)bytes, (unsigned long long)page, 1ull << 30);
		r = set_entries(kernel->object, ring_names[lane], bytes, error);
		if (r < 0)
			return r;
	}
	kernel->max_processes = options->max_processes != 0 ? options->max_processes : DEFAULT_MAX_PROCESSES;
	r = set_entries(kernel->object, "aa_scope", kernel->max_processes, error);
	if (r < 0)
		return r;
	return set_entries(kernel->object, "aa_scope_hint", (pid_max() + AA_HINT_BYTES) / AA_HINT_BYTES,
			   error);
}

static int set_config(struct aa_kernel *kernel, const struct aa_kernel_options *options,
		      struct aa_error *error)
{
	struct aa_config config = {
		.max_arg_bytes = options->max_arg_bytes != 0 ? options->max_arg_bytes : DEFAULT_MAX_ARG_BYTES,
		.page_size = (uint32_t)sysconf(_SC_PAGESIZE),
		.capture_env = options->capture_env,
		.syscall_mask = AA_SYSCALL_MASK_EXEC_FAILED | AA_SYSCALL_MASK_CRED | AA_SYSCALL_MASK_SETSID,
	};
	uint32_t zero = 0;

	if (config.max_arg_bytes > LIMIT_MAX_ARG_BYTES)
		config.max_arg_bytes = LIMIT_MAX_ARG_BYTES;
	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++)
		config.ring_bytes[lane] = ring_bytes(options, lane);
	if (bpf_map_update_elem(map_fd(kernel->object, "aa_config"), &zero, &config, BPF_ANY) != 0)
		return aa_error_set(error, -errno, "cannot configure the eBPF programs: %s", strerror(errno));
	return 0;
}

static int open_object(struct aa_kernel *kernel, struct aa_error *error)
{
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, open_options, .object_name = "aa_record");
	struct bpf_object *object;
	long failure;

	object = bpf_object__open_mem(aa_bpf_object, (size_t)(aa_bpf_object_end - aa_bpf_object),
				      &open_options);
	failure = libbpf_get_error(object);
	if (failure != 0)
		return aa_error_set(error, (int)failure, "cannot open the embedded eBPF object: %s",
				    strerror((int)-failure));
	kernel->object = object;
	return 0;
}

/* The reason of a refusal, kept for the probes of all capabilities that the program serves. */
static void note_refusal(struct aa_kernel *kernel, const char *program, int code)
{
	for (unsigned i = 0; i < aa_hook_count; i++) {
		if (strcmp(aa_hooks[i].program, program) == 0)
			(void)snprintf(kernel->reasons[i], sizeof(kernel->reasons[i]),
				       "refused by the kernel: %s: %.100s", strerror(-code),
				       aa_kernel_log_reason());
	}
}

static int load_error(int code, const char *refused, struct aa_error *error)
{
	const char *hint = "";

	if (code == -EPERM)
		hint = aa_kernel_locked_down()
			       ? " (kernel lockdown)"
			       : " (need CAP_BPF and CAP_PERFMON, or root; a security policy may forbid it)";
	if (code == -ENOMEM)
		return aa_error_set(error, -ENOMEM,
				    "cannot load eBPF programs: out of memory (try smaller rings)");
	/* Ubuntu 22.04's 0.5 with a 6.x kernel: it does not know BTF_KIND_ENUM64, and says ESRCH. */
	if (!refused && aa_kernel_log_has("loading vmlinux BTF"))
		return aa_error_set(
			error, -EOPNOTSUPP,
			"cannot load eBPF programs: this libbpf is older than the kernel and cannot read its "
			"/sys/kernel/btf/vmlinux (libbpf 1.0 or newer can)");
	return aa_error_set(error, code == -EPERM ? -EPERM : -EOPNOTSUPP,
			    "cannot load eBPF program%s%s: %s%s: %s", refused ? " " : "s",
			    refused ? refused : "", strerror(-code), hint, aa_kernel_log_reason());
}

/*
 * libbpf loads all programs or none. When the one that was refused is optional, the whole object is loaded
 * again without it, as often as needed.
 */
int aa_kernel_load(struct aa_kernel *kernel, const struct aa_kernel_options *options, struct aa_error *error)
{
	const char *names[AA_PROBES_MAX];
	bool without[AA_PROBES_MAX] = { false };

	for (unsigned i = 0; i < aa_hook_count; i++)
		names[i] = aa_hooks[i].program;
	for (;;) {
		struct bpf_program *program;
		const char *refused;
		int r;

		aa_kernel_log_begin(options->debug);
		r = open_object(kernel, error);
		if (r == 0)
			r = set_sizes(kernel, options, error);
		if (r < 0)
			return r;
		bpf_object__for_each_program(program, kernel->object)
		{
			bool wanted = false;

			for (unsigned i = 0; i < aa_hook_count; i++) {
				if (strcmp(bpf_program__name(program), names[i]) == 0)
					wanted = !without[i];
			}
			(void)bpf_program__set_autoload(program, wanted);
		}
		r = bpf_object__load(kernel->object);
		aa_kernel_log_end();
		if (r == 0)
			return set_config(kernel, options, error);
		r = r == -1 ? -errno : r;
		refused = aa_kernel_log_refused(names, aa_hook_count);
		if (!refused || !aa_hook_program_optional(refused))
			return load_error(r, refused, error);
		note_refusal(kernel, refused, r);
		for (unsigned i = 0; i < aa_hook_count; i++) {
			if (strcmp(names[i], refused) == 0) {
				if (without[i])
					return load_error(r, refused, error);
				without[i] = true;
			}
		}
		bpf_object__close(kernel->object);
		kernel->object = NULL;
	}
}
