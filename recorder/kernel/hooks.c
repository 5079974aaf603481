// SPDX-License-Identifier: Apache-2.0
/* The hook table: which capability comes from which program, and what came of it on this kernel. */
#include "kernel_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * Rows of one capability stand together, the preferred program first. What the programs cost:
 *
 *                       verified instructions        ns a run, tracked process
 *                    5.10 / 6.1    6.12     6.18     6.18, 2 vCPU, no wake-ups
 * aa_fork_btf            18,394  13,587   13,777     3,400
 * aa_exec_btf            62,571  54,979   55,184     5,700
 * aa_exit_btf            79,218  46,708   46,830     1,800
 * aa_rename_btf             228     228      228       540
 * aa_sysexit_btf         46,251  44,396   44,388     150 on average over all system calls
 * aa_adopt_iter           8,273   7,555    7,662     a task: 240
 * aa_snap_iter           58,020  54,123   54,228
 */
const struct aa_hook aa_hooks[] = {
	{ "process.fork", "portable", "aa_fork_btf", .required = true },
	{ "process.exec", "portable", "aa_exec_btf", .required = true },
	{ "process.exit", "portable", "aa_exit_btf", .required = true },
	{ "process.adopt", "portable", "aa_adopt_iter", .required = true },
	{ "process.snapshot", "portable", "aa_snap_iter", .required = false },
	{ "process.exec_failed", "portable", "aa_sysexit_btf", .required = false },
	{ "process.cred", "portable", "aa_sysexit_btf", .required = false },
	{ "process.setsid", "portable", "aa_sysexit_btf", .required = false },
	{ "process.rename", "portable", "aa_rename_btf", .required = false },
};
const unsigned aa_hook_count = sizeof(aa_hooks) / sizeof(aa_hooks[0]);

_Static_assert(sizeof(aa_hooks) / sizeof(aa_hooks[0]) <= AA_PROBES_MAX, "room for a probe a row");

bool aa_hook_program_optional(const char *program)
{
	for (unsigned i = 0; i < aa_hook_count; i++) {
		if (aa_hooks[i].required && strcmp(aa_hooks[i].program, program) == 0)
			return false;
	}
	return true;
}

static struct aa_link *find_link(struct aa_kernel *kernel, const char *program)
{
	for (unsigned i = 0; i < kernel->link_count; i++) {
		if (strcmp(kernel->links[i].program, program) == 0)
			return &kernel->links[i];
	}
	return NULL;
}

struct bpf_link *aa_kernel_find_link(struct aa_kernel *kernel, const char *program)
{
	struct aa_link *link = find_link(kernel, program);

	return link ? link->link : NULL;
}

/* Attaches a program once, whatever the number of capabilities that it serves. */
static struct aa_link *attach_program(struct aa_kernel *kernel, const char *name)
{
	struct aa_link *link = find_link(kernel, name);
	struct bpf_program *program;
	long error;

	if (link)
		return link;
	link = &kernel->links[kernel->link_count++];
	*link = (struct aa_link){ .program = name };
	program = bpf_object__find_program_by_name(kernel->object, name);
	if (!program || bpf_program__fd(program) < 0) {
		link->error = ENOEXEC; /* refused at load */
		return link;
	}
	link->link = bpf_program__attach(program);
	error = libbpf_get_error(link->link);
	if (error != 0) {
		link->link = NULL;
		link->error = (int)-error;
	}
	return link;
}

/*
 * Only those that are attached count: an earlier row of the same capability that works makes later ones
 * needless.
 */
int aa_kernel_attach(struct aa_kernel *kernel, struct aa_error *error)
{
	for (unsigned i = 0; i < aa_hook_count; i++) {
		const struct aa_hook *hook = &aa_hooks[i];
		struct aa_probe *probe = &kernel->probes[kernel->probe_count];
		char *reason = kernel->reasons[i];
		const struct aa_link *link;

		if (i > 0 && strcmp(aa_hooks[i - 1].capability, hook->capability) == 0 &&
		    kernel->probes[kernel->probe_count - 1].attached)
			continue;
		link = attach_program(kernel, hook->program);
		*probe = (struct aa_probe){
			.capability = hook->capability,
			.tier = hook->tier,
			.program = hook->program,
			.attached = link->link != NULL,
			.error = link->error,
		};
		kernel->probe_count++;
		if (probe->attached)
			continue;
		if (*reason == '\0')
			(void)snprintf(reason, sizeof(kernel->reasons[0]), "cannot attach: %s",
				       strerror(link->error));
		probe->reason = reason;
		if (hook->required)
			return aa_error_set(error, -EOPNOTSUPP, "cannot attach eBPF program %s (%s): %s",
					    hook->program, hook->capability, strerror(link->error));
	}
	return 0;
}
