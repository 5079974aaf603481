// SPDX-License-Identifier: Apache-2.0
/* Making and closing the kernel side, its counters and its probe rows. */
#include "kernel_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "detach.h"

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

int aa_kernel_new(const struct aa_kernel_options *options, struct aa_btf *btf, struct aa_kernel **ret_kernel,
		  struct aa_error *error)
{
	struct aa_kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel) {
		aa_btf_release(btf);
	} else {
		kernel->options = *options;
		kernel->btf = *btf;
		kernel->generation = random_generation();
		kernel->config.files = AA_FILES_ALL; /* until aa_kernel_begin_files */
		(void)pthread_mutex_init(&kernel->uprobes_lock, NULL);
	}
	*btf = (struct aa_btf){ .fd = -1 };
	if (!kernel)
		return aa_error_set(error, -ENOMEM, "out of memory");
	(void)libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	*ret_kernel = kernel;
	return 0;
}

void aa_kernel_close(struct aa_kernel *kernel)
{
	int detaching;

	if (!kernel)
		return;
	detaching = aa_kernel_leave_links(kernel);
	aa_kernel_close_uprobes(kernel);
	for (unsigned i = 0; i < kernel->program_count; i++) {
		if (kernel->programs[i].link)
			(void)bpf_link__destroy(kernel->programs[i].link);
	}
	if (detaching >= 0)
		(void)close(detaching);
	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++)
		aa_ring_close(&kernel->rings[lane]);
	aa_ring_close(&kernel->requests);
	if (kernel->control)
		(void)munmap(kernel->control, kernel->control_size);
	if (kernel->loss)
		(void)munmap((void *)(uintptr_t)kernel->loss, kernel->loss_size);
	while (kernel->object_count > 0)
		bpf_object__close(kernel->objects[--kernel->object_count]);
	aa_btf_release(&kernel->btf);
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

const struct aa_btf *aa_kernel_btf(const struct aa_kernel *kernel)
{
	return &kernel->btf;
}

/*
 * The raw programs of the last close run for everything that the host frees, so interrupts that free something meet them
 * at work: 89 runs were skipped in a storm of 60,000 files. What was freed there is nearly never a file (only up to 6.6
 * are files freed in interrupts at all), and as a gap it would stand in most sessions. A close that is missed so is not
 * lost: its entry in the table of open files stays, and comes as close-missed when another file that has its memory is
 * opened or used (told by its inode), or as still-open at the end, with its sums.
 *
 * At __fput() there are files only, in no interrupt: what is skipped there counts, as for all others.
 */
static bool misses_are_noticed(const struct bpf_program *program)
{
	const char *name = bpf_program__name(program);

	return strcmp(name, "aa_close_raw") == 0 || strcmp(name, "aa_close_site_raw") == 0;
}

uint64_t aa_kernel_recursion_misses(struct aa_kernel *kernel)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < kernel->program_count; i++) {
		struct bpf_prog_info info;
		uint32_t size = sizeof(info);

		memset(&info, 0, sizeof(info));
		if (kernel->programs[i].link && !misses_are_noticed(kernel->programs[i].program) &&
		    bpf_obj_get_info_by_fd(bpf_program__fd(kernel->programs[i].program), &info, &size) == 0)
			sum += info.recursion_misses;
	}
	return sum;
}

void aa_kernel_add_probe(struct aa_kernel *kernel, const struct aa_probe *probe)
{
	struct aa_probe *row = &kernel->probes[kernel->probe_count];
	struct aa_probe_text *text = &kernel->probe_texts[kernel->probe_count];

	if (kernel->probe_count == AA_PROBES_MAX)
		return;
	(void)snprintf(text->program, sizeof(text->program), "%s", probe->program);
	(void)snprintf(text->reason, sizeof(text->reason), "%s", probe->reason ? probe->reason : "");
	*row = *probe;
	row->program = text->program;
	row->reason = probe->reason ? text->reason : NULL;
	kernel->probe_count++;
}
