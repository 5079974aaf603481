// SPDX-License-Identifier: Apache-2.0
/* The kernel side of files: its tables, what is left out, and the sums of files that stay open. */
#include "files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel_private.h"
#include "memory.h"

#define DEFAULT_MAX_OPEN_FILES 32768u
#define LIMIT_MAX_OPEN_FILES   (1u << 22)
#define BATCH		       512u
/*
 * Files of a process that has just ended: it closes them after the hook of exit, and up to 6.6 their memory is freed a
 * grace period later.
 */
#define FREE_STEP_NS  10000000
#define FREE_STEPS    30
#define FREE_PATIENCE 2 /* steps in which nothing happens, and then nothing is expected any more */

static int map_fd(struct aa_kernel *kernel, const char *name)
{
	return kernel->object_count > 0 ? bpf_object__find_map_fd_by_name(kernel->objects[0], name) : -1;
}

static int set_entries(struct bpf_object *object, const char *name, uint32_t entries, struct aa_error *error)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map || bpf_map__set_max_entries(map, entries) != 0)
		return aa_error_set(error, -EINVAL, "cannot set the size of BPF map %s to %u", name, entries);
	return 0;
}

int aa_files_size_maps(struct aa_kernel *kernel, struct bpf_object *object, struct aa_error *error)
{
	uint32_t entries = kernel->options.max_open_files;
	int r = 0;

	if (entries == 0)
		entries = DEFAULT_MAX_OPEN_FILES;
	if (entries > LIMIT_MAX_OPEN_FILES)
		entries = LIMIT_MAX_OPEN_FILES;
	/* These are allocated as a whole, 12 MiB: what is not used should not cost. */
	if (kernel->options.files == AA_FILES_NONE) {
		entries = 1;
		r = set_entries(object, "aa_uring_requests", 1, error);
		if (r == 0)
			r = set_entries(object, "aa_uring_transfers", 1, error);
		if (r == 0)
			r = set_entries(object, "aa_note_paths", 1, error);
	}
	return r < 0 ? r : set_entries(object, "aa_files", entries, error);
}

bool aa_exclude_of(const char *glob, struct aa_exclude *ret_exclude)
{
	size_t length = strcspn(glob, "*?[");

	if (glob[0] != '/' || length > AA_EXCLUDE_LENGTH || strcmp(glob + length, "*") != 0)
		return false;
	*ret_exclude = (struct aa_exclude){ .length = (uint32_t)length };
	memcpy(ret_exclude->prefix, glob, length);
	return true;
}

static int fill_excludes(struct aa_kernel *kernel, uint32_t *ret_count, struct aa_error *error)
{
	char *const *globs = kernel->options.excludes;
	int fd = map_fd(kernel, "aa_excludes");
	uint32_t count = 0;

	for (; globs && *globs && count < AA_EXCLUDES; globs++) {
		struct aa_exclude exclude;

		if (!aa_exclude_of(*globs, &exclude))
			continue;
		if (bpf_map_update_elem(fd, &count, &exclude, BPF_ANY) != 0)
			return aa_error_set(error, -errno,
					    "cannot tell the eBPF programs what to exclude: %s",
					    strerror(errno));
		count++;
	}
	*ret_count = count;
	return 0;
}

int aa_kernel_begin_files(struct aa_kernel *kernel, struct aa_error *error)
{
	uint32_t count = 0;
	int r = fill_excludes(kernel, &count, error);

	if (r < 0)
		return r;
	kernel->config.files = kernel->options.files;
	kernel->config.exclude_count = count;
	return aa_kernel_set_config(kernel, error);
}

/* Entries of aa_files, some at a time; those that come or go meanwhile may be missed. */
typedef void file_function(struct aa_kernel *kernel, uint64_t key, const struct aa_open_file *file,
			   void *context);

struct file_batch {
	uint64_t keys[BATCH];
	struct aa_open_file files[BATCH];
};

static int for_each_file(struct aa_kernel *kernel, file_function *function, void *context)
{
	aa_cleanup_free struct file_batch *batch = malloc(sizeof(*batch));
	int fd = map_fd(kernel, "aa_files");
	uint32_t at = 0;
	void *from = NULL;

	if (!batch)
		return -ENOMEM;
	for (;;) {
		uint32_t count = BATCH;
		int r = bpf_map_lookup_batch(fd, from, &at, batch->keys, batch->files, &count, NULL);
		int failure = r == 0 ? 0 : errno;

		if (failure != 0 && failure != ENOENT)
			return -failure;
		for (uint32_t i = 0; i < count; i++)
			function(kernel, batch->keys[i], &batch->files[i], context);
		if (failure == ENOENT) /* these were the last */
			return 0;
		from = &at;
	}
}

static void count_file(struct aa_kernel *kernel, uint64_t key, const struct aa_open_file *file, void *context)
{
	uint32_t *count = context;

	(void)kernel;
	(void)key;
	(void)file;
	(*count)++;
}

uint32_t aa_kernel_open_files(struct aa_kernel *kernel)
{
	uint32_t count = 0;

	(void)for_each_file(kernel, count_file, &count);
	return count;
}

void aa_kernel_forget_files(struct aa_kernel *kernel)
{
	int fd = map_fd(kernel, "aa_files");
	uint64_t key;

	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		(void)bpf_map_delete_elem(fd, &key);
}

struct sweep {
	int program_fd;
	bool last;
	int error; /* negative errno of the first that failed */
};

static void sweep_file(struct aa_kernel *kernel, uint64_t key, const struct aa_open_file *file, void *context)
{
	struct sweep *sweep = context;
	uint64_t arguments[2] = { key, sweep->last ? 1 : 0 };
	struct bpf_test_run_opts run = {
		.sz = sizeof(run),
		.ctx_in = arguments,
		.ctx_size_in = sizeof(arguments),
	};

	(void)kernel;
	if (!sweep->last && ((file->flags & AA_OPEN_FILE_EXCLUDED) != 0 ||
			     file->read_calls + file->write_calls + file->error_calls == file->sent))
		return;
	if (bpf_prog_test_run_opts(sweep->program_fd, &run) != 0 && sweep->error == 0)
		sweep->error = -errno;
}

static void wait_for_closes(struct aa_kernel *kernel)
{
	const struct timespec step = { .tv_nsec = FREE_STEP_NS };
	uint32_t count = aa_kernel_open_files(kernel);

	for (unsigned steps = 0, still = 0; count > 0 && steps < FREE_STEPS && still < FREE_PATIENCE;
	     steps++) {
		uint32_t now;

		(void)nanosleep(&step, NULL);
		now = aa_kernel_open_files(kernel);
		still = now == count ? still + 1 : 0;
		count = now;
	}
}

int aa_kernel_sweep(struct aa_kernel *kernel, bool last)
{
	struct sweep sweep = { .program_fd = aa_kernel_program_fd(kernel, "aa_sweep_run"), .last = last };
	int r;

	if (sweep.program_fd < 0)
		return -EOPNOTSUPP;
	if (last)
		wait_for_closes(kernel);
	r = for_each_file(kernel, sweep_file, &sweep);
	return r < 0 ? r : sweep.error;
}
