// SPDX-License-Identifier: Apache-2.0
/* See stats_names.h. libbpf has names of types since 0.8 only. */
#include "stats_names.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel_private.h"

extern const unsigned char aa_bpf_object[];
extern const unsigned char aa_bpf_object_end[];

static const char *const program_types[] = {
	[BPF_PROG_TYPE_KPROBE] = "kprobe",
	[BPF_PROG_TYPE_TRACEPOINT] = "tracepoint",
	[BPF_PROG_TYPE_RAW_TRACEPOINT] = "raw_tracepoint",
	[BPF_PROG_TYPE_TRACING] = "tracing",
	[BPF_PROG_TYPE_LSM] = "lsm",
};

static const char *const map_types[] = {
	[BPF_MAP_TYPE_HASH] = "hash",
	[BPF_MAP_TYPE_ARRAY] = "array",
	[BPF_MAP_TYPE_PERCPU_HASH] = "percpu_hash",
	[BPF_MAP_TYPE_PERCPU_ARRAY] = "percpu_array",
	[BPF_MAP_TYPE_LRU_HASH] = "lru_hash",
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = "lru_percpu_hash",
	[BPF_MAP_TYPE_RINGBUF] = "ringbuf",
};

static const char *name_of(const char *const *names, size_t count, uint32_t type)
{
	return type < count && names[type] ? names[type] : "?";
}

const char *aa_stats_program_type(uint32_t type)
{
	return name_of(program_types, sizeof(program_types) / sizeof(program_types[0]), type);
}

const char *aa_stats_map_type(uint32_t type)
{
	return name_of(map_types, sizeof(map_types) / sizeof(map_types[0]), type);
}

/* Consumer and producer position are the first words of the first two pages (kernel/bpf/ringbuf.c). */
static int read_position(int fd, size_t offset, uint64_t *ret_position)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t *words = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)offset);

	if (words == MAP_FAILED)
		return -errno;
	*ret_position = __atomic_load_n(words, __ATOMIC_ACQUIRE);
	(void)munmap(words, page);
	return 0;
}

int aa_ring_fill(int fd, struct aa_ring_fill *ret_fill)
{
	struct aa_ring_fill fill;
	int r = read_position(fd, 0, &fill.consumer);

	/* The consumer's first: it never passes a producer position that is read later. */
	if (r == 0)
		r = read_position(fd, (size_t)sysconf(_SC_PAGESIZE), &fill.producer);
	if (r == 0)
		*ret_fill = fill;
	return r;
}

struct bpf_object *aa_kernel_object_names(void)
{
	struct bpf_object *object =
		bpf_object__open_mem(aa_bpf_object, (size_t)(aa_bpf_object_end - aa_bpf_object), NULL);

	return libbpf_get_error(object) != 0 ? NULL : object;
}
