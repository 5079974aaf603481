// SPDX-License-Identifier: Apache-2.0
/*
 * See stats.h. Numbers come from /proc/self/fdinfo where they can: it names them, and has those that the
 * headers we were built with don't know.
 */
#include "stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_private.h"
#include "memory.h"
#include "stats_names.h"

/* Reads "key:\tvalue" lines of a descriptor's fdinfo. */
struct fdinfo {
	char text[2048];
};

static void fdinfo_read(int fd, struct fdinfo *ret_info)
{
	char path[48];
	size_t size = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (file) {
		ret_info->text[0] = '\n';
		size = 1 + fread(ret_info->text + 1, 1, sizeof(ret_info->text) - 2, file);
		(void)fclose(file);
	}
	ret_info->text[size] = '\0';
}

static uint64_t fdinfo_value(const struct fdinfo *info, const char *key)
{
	char pattern[48];
	const char *at;

	(void)snprintf(pattern, sizeof(pattern), "\n%s:", key);
	at = strstr(info->text, pattern);
	return at ? strtoull(at + strlen(pattern), NULL, 10) : 0;
}

static void *grow(void *array, size_t count, size_t size)
{
	/* 0, 16, 32 ...: when one of these is full. */
	return count % 16 == 0 ? realloc(array, (count + 16) * size) : array;
}

static int add_program(struct aa_stats *stats, const struct aa_stats_program *program)
{
	struct aa_stats_program *grown = grow(stats->programs, stats->program_count, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	stats->programs = grown;
	stats->programs[stats->program_count++] = *program;
	return 0;
}

static int add_map(struct aa_stats *stats, const struct aa_stats_map *map)
{
	struct aa_stats_map *grown = grow(stats->maps, stats->map_count, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	stats->maps = grown;
	stats->maps[stats->map_count++] = *map;
	return 0;
}

/*
 * Kernel names are the first 15 bytes of ours: the object that we carry tells the rest. NULL if it has none
 * so.
 */
static const struct bpf_program *program_by_name(struct bpf_object *object, const char *kernel_name)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		if (strncmp(bpf_program__name(program), kernel_name, BPF_OBJ_NAME_LEN - 1) == 0)
			return program;
	}
	return NULL;
}

static const char *map_by_name(struct bpf_object *object, const char *kernel_name)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		if (strncmp(bpf_map__name(map), kernel_name, BPF_OBJ_NAME_LEN - 1) == 0)
			return bpf_map__name(map);
	}
	return kernel_name;
}

static int collect_program(struct aa_stats *stats, int fd, const struct bpf_program *known, bool ours,
			   bool attached)
{
	struct bpf_prog_info info = { 0 };
	struct aa_stats_program program = { .ours = ours, .attached = attached };
	uint32_t size = sizeof(info);
	struct fdinfo lines;

	if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0)
		return 0; /* not to be seen, or gone */
	fdinfo_read(fd, &lines);
	info.name[sizeof(info.name) - 1] = '\0';
	(void)snprintf(program.name, sizeof(program.name), "%s",
		       known ? bpf_program__name(known) : info.name);
	(void)snprintf(program.target, sizeof(program.target), "%s",
		       known ? bpf_program__section_name(known) : "");
	program.type = aa_stats_program_type(info.type);
	program.id = info.id;
	program.runs = info.run_cnt;
	program.run_time_ns = info.run_time_ns;
	program.mean_ns = info.run_cnt != 0 ? info.run_time_ns / info.run_cnt : 0;
	program.recursion_misses = fdinfo_value(&lines, "recursion_misses");
	program.verified_instructions = (uint32_t)fdinfo_value(&lines, "verified_insns");
	program.jited_bytes = info.jited_prog_len;
	program.memory_bytes = fdinfo_value(&lines, "memlock");
	return add_program(stats, &program);
}

/* Counts by walking; a map that changes meanwhile can make a walk start again, so it ends at max_entries. */
static uint64_t hash_fill(int fd, const struct bpf_map_info *info)
{
	uint8_t *keys = malloc(2 * (size_t)info->key_size);
	const void *previous = NULL;
	uint64_t count = 0;

	while (keys && count < info->max_entries &&
	       bpf_map_get_next_key(fd, previous, keys + (previous ? info->key_size : 0)) == 0) {
		if (previous)
			memcpy(keys, keys + info->key_size, info->key_size);
		previous = keys;
		count++;
	}
	free(keys);
	return count;
}

static void find_fill(int fd, const struct bpf_map_info *info, struct aa_stats_map *map)
{
	struct aa_ring_fill ring;

	switch (info->type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		map->fill = hash_fill(fd, info);
		map->fill_known = true;
		break;
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		map->fill = info->max_entries;
		map->fill_known = true;
		break;
	case BPF_MAP_TYPE_RINGBUF:
		if (aa_ring_fill(fd, &ring) == 0) {
			map->fill = ring.producer - ring.consumer;
			map->fill_known = true;
		}
		break;
	default:
		break;
	}
}

static int collect_map(struct aa_stats *stats, int fd, const char *name, bool ours)
{
	struct bpf_map_info info = { 0 };
	struct aa_stats_map map = { .ours = ours };
	uint32_t size = sizeof(info);
	struct fdinfo lines;

	if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0)
		return 0;
	for (size_t i = 0; i < stats->map_count; i++) {
		if (stats->maps[i].id == info.id)
			return 0; /* rounds share their maps */
	}
	fdinfo_read(fd, &lines);
	(void)snprintf(map.name, sizeof(map.name), "%s", name);
	map.type = aa_stats_map_type(info.type);
	map.id = info.id;
	map.key_bytes = info.key_size;
	map.value_bytes = info.value_size;
	map.max_entries = info.max_entries;
	map.memory_bytes = fdinfo_value(&lines, "memlock");
	find_fill(fd, &info, &map);
	return add_map(stats, &map);
}

/* later: its maps are the first object's, but for its constants. */
static int collect_object(struct aa_stats *stats, struct aa_kernel *kernel, struct bpf_object *object,
			  bool later)
{
	struct bpf_program *program;
	struct bpf_map *map;
	int r;

	bpf_object__for_each_program(program, object)
	{
		const char *name = bpf_program__name(program);
		size_t at = stats->program_count;

		if (bpf_program__fd(program) < 0)
			continue; /* not loaded */
		r = collect_program(stats, bpf_program__fd(program), program, true,
				    aa_kernel_find_link(kernel, name) != NULL);
		if (r < 0)
			return r;
		/* Before 5.16 only the load's own log has it. */
		if (at < stats->program_count && stats->programs[at].verified_instructions == 0)
			stats->programs[at].verified_instructions = aa_kernel_verified(kernel, name);
	}
	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__fd(map) < 0 || (later && !bpf_map__is_internal(map)))
			continue;
		r = collect_map(stats, bpf_map__fd(map), bpf_map__name(map), true);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Ids of programs that a link holds, as a growing set; without CAP_SYS_ADMIN, or memory, it stays empty. */
struct attached {
	uint32_t *programs;
	size_t count;
};

static void find_attached(struct attached *attached)
{
	uint32_t id = 0;

	while (bpf_link_get_next_id(id, &id) == 0) {
		struct bpf_link_info info = { 0 };
		uint32_t size = sizeof(info), *grown;
		aa_cleanup_close int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) != 0)
			continue;
		grown = grow(attached->programs, attached->count, sizeof(*grown));
		if (!grown)
			return;
		attached->programs = grown;
		attached->programs[attached->count++] = info.prog_id;
	}
}

static bool is_attached(const struct attached *attached, uint32_t program)
{
	for (size_t i = 0; i < attached->count; i++) {
		if (attached->programs[i] == program)
			return true;
	}
	return false;
}

static bool has_program(const struct aa_stats *stats, uint32_t id)
{
	for (size_t i = 0; i < stats->program_count; i++) {
		if (stats->programs[i].id == id)
			return true;
	}
	return false;
}

static int other_programs(struct aa_stats *stats, struct bpf_object *names)
{
	struct attached attached = { 0 };
	uint32_t id = 0;
	int r = 0;

	find_attached(&attached);
	while (r == 0 && bpf_prog_get_next_id(id, &id) == 0) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		aa_cleanup_close int fd = -1;

		if (has_program(stats, id))
			continue;
		fd = bpf_prog_get_fd_by_id(id);
		if (fd < 0) {
			if (errno == EPERM)
				stats->others_error = EPERM;
			continue;
		}
		if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && strncmp(info.name, "aa_", 3) == 0)
			r = collect_program(stats, fd, program_by_name(names, info.name), false,
					    is_attached(&attached, id));
	}
	if (r == 0 && errno != ENOENT)
		stats->others_error = errno;
	free(attached.programs);
	return r;
}

static int other_maps(struct aa_stats *stats, struct bpf_object *names)
{
	uint32_t id = 0;
	int r = 0;

	while (r == 0 && bpf_map_get_next_id(id, &id) == 0) {
		struct bpf_map_info info = { 0 };
		uint32_t size = sizeof(info);
		aa_cleanup_close int fd = bpf_map_get_fd_by_id(id);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
		    strncmp(info.name, "aa_", 3) == 0)
			r = collect_map(stats, fd, map_by_name(names, info.name), false);
	}
	return r;
}

static int collect_others(struct aa_stats *stats)
{
	struct bpf_object *names = aa_kernel_object_names();
	int r;

	if (!names)
		return -ENOMEM;
	r = other_programs(stats, names);
	if (r == 0)
		r = other_maps(stats, names);
	bpf_object__close(names);
	return r;
}

int aa_stats_enable(struct aa_error *error)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	if (fd >= 0)
		return fd;
	return aa_error_set(error, -errno, "cannot enable BPF statistics: %s%s", strerror(errno),
			    errno == EPERM ? " (need CAP_SYS_ADMIN)" : "");
}

int aa_stats_collect(struct aa_kernel *kernel, struct aa_stats *ret_stats, struct aa_error *error)
{
	struct aa_stats stats = { 0 };
	int r = 0;

	aa_kernel_log_quiet();
	if (kernel) {
		for (unsigned i = 0; i < kernel->object_count && r == 0; i++)
			r = collect_object(&stats, kernel, kernel->objects[i], i > 0);
	}
	if (r == 0)
		r = collect_others(&stats);
	if (r < 0) {
		aa_stats_release(&stats);
		return aa_error_set(error, r, "cannot collect BPF statistics: %s", strerror(-r));
	}
	*ret_stats = stats;
	return 0;
}

void aa_stats_release(struct aa_stats *stats)
{
	if (!stats)
		return;
	free(stats->programs);
	free(stats->maps);
	*stats = (struct aa_stats){ 0 };
}
