// SPDX-License-Identifier: Apache-2.0
/* Programs by name: attached, detached, and asked about. */
#include "kernel_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tracepoint.h"

#define ERRNO_ENOTSUPP 524 /* include/linux/errno.h: the kernel's own, strerror() has no words for it */

struct aa_program *aa_kernel_find_program(struct aa_kernel *kernel, const char *name)
{
	for (unsigned i = 0; i < kernel->program_count; i++) {
		if (strcmp(kernel->programs[i].name, name) == 0)
			return &kernel->programs[i];
	}
	return NULL;
}

struct bpf_link *aa_kernel_find_link(struct aa_kernel *kernel, const char *name)
{
	const struct aa_program *program = aa_kernel_find_program(kernel, name);

	return program ? program->link : NULL;
}

int aa_kernel_program_fd(struct aa_kernel *kernel, const char *name)
{
	const struct aa_program *program = aa_kernel_find_program(kernel, name);

	return program && program->program ? bpf_program__fd(program->program) : -1;
}

bool aa_kernel_is_loaded(struct aa_kernel *kernel, const char *name)
{
	return aa_kernel_program_fd(kernel, name) >= 0;
}

const char *aa_kernel_strerror(int error)
{
	return error == ERRNO_ENOTSUPP ? strerror(EOPNOTSUPP) : strerror(error);
}

/* libbpf's way, but for classic tracepoints: they are found also where nobody has mounted tracefs. */
static struct bpf_link *attach_program(struct bpf_program *program)
{
	static const char classic[] = "tp/";
	const char *section = bpf_program__section_name(program);
	struct bpf_link *link;
	int fd;

	if (strncmp(section, classic, sizeof(classic) - 1) != 0)
		return bpf_program__attach(program);
	fd = aa_tracepoint_open(section + sizeof(classic) - 1, -1, -1);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	link = bpf_program__attach_perf_event(program, fd);
	if (libbpf_get_error(link) != 0) {
		int error = errno;

		(void)close(fd);
		errno = error;
	}
	return link;
}

int aa_kernel_attach(struct aa_kernel *kernel, const char *name)
{
	struct aa_program *program = aa_kernel_find_program(kernel, name);
	struct bpf_link *link;
	long failure;

	if (!program)
		return -ENOENT;
	if (!program->program)
		return program->error != 0 ? -program->error : -ENOENT;
	if (program->link)
		return 0;
	aa_kernel_log_begin(kernel->options.debug);
	link = attach_program(program->program);
	failure = libbpf_get_error(link);
	aa_kernel_log_end();
	if (failure == 0) {
		program->link = link;
		return 0;
	}
	program->error = (int)-failure;
	(void)snprintf(program->reason, sizeof(program->reason), "cannot attach to %s: %s",
		       bpf_program__section_name(program->program), aa_kernel_strerror(program->error));
	return (int)failure;
}

void aa_kernel_detach(struct aa_kernel *kernel, const char *name)
{
	struct aa_program *program = aa_kernel_find_program(kernel, name);

	if (!program || !program->link)
		return;
	(void)bpf_link__destroy(program->link);
	program->link = NULL;
}

int aa_kernel_program_error(struct aa_kernel *kernel, const char *name, const char **ret_reason)
{
	const struct aa_program *program = aa_kernel_find_program(kernel, name);

	*ret_reason = program ? program->reason : "";
	return program ? program->error : 0;
}

uint32_t aa_kernel_verified(struct aa_kernel *kernel, const char *name)
{
	const struct aa_program *program = aa_kernel_find_program(kernel, name);

	return program ? program->verified : 0;
}
