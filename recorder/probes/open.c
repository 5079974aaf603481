// SPDX-License-Identifier: Apache-2.0
/* From options to a kernel side that records: the refusals, the rounds, and the probe rows of every decision. */
#include "probes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feature.h"
#include "memory.h"
#include "setup.h"
#include "try.h"
#include "uprobe.h"

/* A better row that nothing is wrong with. */
static const char passed_over[] = "passed over: this kernel may preempt eBPF programs, and fentry would then "
				  "skip events of other tasks; kprobes and classic tracepoints "
				  "run with preemption off";

static void add_row(struct aa_kernel *kernel, const struct aa_row *row, bool attached, const char *reason)
{
	char program[AA_PROBE_PROGRAM_SIZE];

	aa_row_name(row, program, sizeof(program));
	aa_kernel_add_probe(kernel, &(struct aa_probe){ .capability = row->hook->capability,
							.tier = aa_tier_name(row->hook->tier),
							.program = program,
							.attached = attached,
							.error = attached ? 0 : row->error,
							.reason = reason });
}

/* The row that serves, those that failed, and better ones that were passed over. */
static void add_rows(struct aa_kernel *kernel, struct aa_choice *choice)
{
	for (unsigned at = 0, next; at < choice->count; at = next) {
		const struct aa_row *serving = aa_choice_row(choice, choice->rows[at].hook->capability);

		next = aa_choice_next(choice, at);
		for (unsigned i = at; i < next; i++) {
			const struct aa_row *row = &choice->rows[i];

			if (row == serving)
				add_row(kernel, row, true, NULL);
			else if (!serving || row < serving || row->hook->tier < serving->hook->tier)
				add_row(kernel, row, false, row->out ? row->reason : passed_over);
		}
	}
}

/* " process.exec (aa_exec_btf: why; aa_exec_raw: why)" */
static void say_capability(const struct aa_choice *choice, unsigned at, char *text, size_t size)
{
	unsigned next = aa_choice_next(choice, at);
	const char *separator = "";
	size_t used = strlen(text);

	used += (size_t)snprintf(text + used, size - used, "%s (", choice->rows[at].hook->capability);
	for (unsigned i = at; i < next && used < size; i++) {
		const struct aa_row *row = &choice->rows[i];

		if (!row->out || row->passed)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s", separator, row->reason);
		separator = "; ";
	}
	if (used < size)
		(void)snprintf(text + used, size - used, ")");
}

/* True if the capability has rows of the tier that was asked for, or if none was. */
static bool is_asked_for(const struct aa_choice *choice, unsigned at)
{
	unsigned next = aa_choice_next(choice, at);

	for (unsigned i = at; i < next; i++) {
		if (choice->rows[i].hook->tier == choice->tier)
			return true;
	}
	return false;
}

/* Refuses if a capability that must be there is not. One reason is enough: it is mostly the same for all. */
static int require_rows(struct aa_choice *choice, struct aa_error *error)
{
	for (unsigned at = 0; at < choice->count; at = aa_choice_next(choice, at)) {
		const struct aa_hook *hook = choice->rows[at].hook;
		char text[800] = "";

		if (aa_choice_row(choice, hook->capability) || hook->optional ||
		    !(hook->required || is_asked_for(choice, at)))
			continue;
		say_capability(choice, at, text, sizeof(text));
		if (choice->tier != AA_TIER_ANY)
			return aa_error_set(error, -EOPNOTSUPP, "--tier %s cannot be had on this kernel: %s",
					    aa_tier_name(choice->tier), text);
		return aa_error_set(error, -EOPNOTSUPP, "cannot record on this kernel: nothing serves %s",
				    text);
	}
	return 0;
}

int aa_probes_setup(const struct aa_probes_options *options, struct aa_features *ret_features,
		    struct aa_target *ret_targets, struct aa_btf *ret_btf, struct aa_error *error)
{
	int r = aa_kernel_require(error);

	if (r == 0)
		r = aa_btf_find(options->btf, ret_btf, error);
	if (r < 0)
		return r;
	aa_features_find(ret_btf, ret_features);
	aa_targets_look(ret_btf->kernel_types ? ret_btf->kernel_types : ret_btf->types,
			ret_btf->kernel_types != NULL, ret_targets);
	return 0;
}

/* What hangs in programs' own code comes last, as nothing else depends on it; each library's row says whether it is attached. */
static void load_uprobes(struct aa_kernel *kernel)
{
	struct aa_error why = { 0 };
	int r = aa_kernel_load_uprobes(kernel, &why);
	const char *programs = aa_kernel_uprobe_programs(kernel);

	aa_kernel_add_probe(kernel, &(struct aa_probe){ .capability = "tls.calls",
							.tier = aa_tier_name(AA_TIER_BASIC),
							.program = programs ? programs : "aa_tls_enter",
							.attached = r == 0,
							.error = r < 0 ? -r : 0,
							.reason = r < 0 ? why.text : NULL });
}

static int open_kernel(const struct aa_probes_options *options, struct aa_choice *choice,
		       struct aa_probes_report *report, struct aa_kernel **ret_kernel, struct aa_error *error)
{
	aa_cleanup(aa_kernel_closep) struct aa_kernel *kernel = NULL;
	struct aa_target targets[AA_PROGRAMS_MAX];
	struct aa_btf btf = { .fd = -1 };
	uint64_t begin = aa_monotonic_ns();
	int r;

	r = aa_probes_setup(options, &report->features, targets, &btf, error);
	report->features_ns = aa_monotonic_ns() - begin;
	if (r < 0)
		return r;
	aa_choice_init(choice, &report->features, targets, options->tier,
		       (options->snapshot ? AA_WANT_SNAPSHOT : 0) | aa_wanted(&options->kernel));
	r = require_rows(choice, error); /* cheap refusals first */
	if (r < 0) {
		aa_btf_release(&btf);
		return r;
	}
	r = aa_kernel_new(&options->kernel, &btf, &kernel, error);
	if (r == 0)
		r = aa_try_rounds(kernel, choice, report, error);
	if (r == 0)
		r = require_rows(choice, error);
	if (r < 0)
		return r;
	add_rows(kernel, choice);
	if (options->kernel.tls == AA_TLS_MODE_ALL)
		load_uprobes(kernel);
	*ret_kernel = AA_STEAL(kernel);
	return 0;
}

int aa_probes_open(const struct aa_probes_options *options, struct aa_kernel **ret_kernel,
		   struct aa_error *error)
{
	struct aa_probes_report own, *report = options->report ? options->report : &own;
	struct aa_choice *choice = calloc(1, sizeof(*choice));
	uint64_t begin = aa_monotonic_ns();
	int r;

	*report = (struct aa_probes_report){ .rounds = 0 };
	for (unsigned i = 0; i < AA_PROOF_COUNT; i++)
		report->proofs[i].capability = aa_proof_capability((enum aa_proof_id)i);
	if (!choice)
		return aa_error_set(error, -ENOMEM, "out of memory");
	r = open_kernel(options, choice, report, ret_kernel, error);
	free(choice);
	report->total_ns = aa_monotonic_ns() - begin;
	return r;
}
