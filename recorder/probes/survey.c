// SPDX-License-Identifier: Apache-2.0
/* Every row of the table, a tier at a time, each with maps of its own. */
#include "probes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "setup.h"
#include "try.h"

#define RING_BYTES    (64u << 10)
#define MAX_PROCESSES 1024

static enum aa_survey_state state_of(const struct aa_row *row, const struct aa_row *serving)
{
	if (row == serving)
		return AA_SURVEY_WORKS;
	if (!row->out)
		return AA_SURVEY_UNTRIED;
	return row->silent ? AA_SURVEY_SILENT : AA_SURVEY_REFUSED;
}

static void add_row(struct aa_survey *survey, struct aa_choice *choice, const struct aa_row *row)
{
	struct aa_survey_row *result = &survey->rows[survey->count++];
	const struct aa_row *serving = aa_choice_row(choice, row->hook->capability);
	const char *reason = row->reason;

	*result = (struct aa_survey_row){ .capability = row->hook->capability,
					  .tier = row->hook->tier,
					  .state = state_of(row, serving),
					  .required = row->hook->required,
					  .optional = row->hook->optional,
					  .error = row->error };
	aa_row_name(row, result->program, sizeof(result->program));
	if (result->state == AA_SURVEY_UNTRIED)
		reason = "not needed: a better row of this tier works";
	(void)snprintf(result->reason, sizeof(result->reason), "%s", reason);
}

/* Without adoption nothing can be proven: what loads and attaches is all that can be said. */
static void doubt(struct aa_survey *survey, unsigned begin, struct aa_choice *choice)
{
	if (aa_choice_row(choice, aa_proof_capability(AA_PROOF_ADOPT)))
		return;
	for (unsigned i = begin; i < survey->count; i++) {
		struct aa_survey_row *row = &survey->rows[i];

		if (row->state != AA_SURVEY_WORKS)
			continue;
		row->state = AA_SURVEY_UNTRIED;
		(void)snprintf(
			row->reason, sizeof(row->reason),
			"attached, but could not be tested: no process can be taken into scope in this tier");
	}
}

/* Loads, attaches and proves what the tier offers, and takes it down again; failures are in the choice. */
static int try_tier(const struct aa_probes_options *options, struct aa_choice *choice,
		    const struct aa_features *features, struct aa_error *error)
{
	aa_cleanup(aa_kernel_closep) struct aa_kernel *kernel = NULL;
	struct aa_probes_report report = { .features = *features };
	struct aa_kernel_options kernel_options = options->kernel;
	struct aa_btf btf = { .fd = -1 };
	int r;

	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++)
		kernel_options.ring_bytes[lane] = RING_BYTES;
	kernel_options.max_processes = MAX_PROCESSES;
	r = aa_btf_find(options->btf, &btf, error);
	if (r == 0)
		r = aa_kernel_new(&kernel_options, &btf, &kernel, error);
	return r == 0 ? aa_try_rounds(kernel, choice, &report, error) : r;
}

static bool offers_anything(const struct aa_choice *choice, enum aa_tier tier)
{
	for (unsigned i = 0; i < choice->count; i++) {
		if (choice->rows[i].hook->tier == tier && !choice->rows[i].out)
			return true;
	}
	return false;
}

static int survey_tier(const struct aa_probes_options *options, enum aa_tier tier,
		       const struct aa_target *targets, struct aa_choice *choice, struct aa_survey *survey,
		       struct aa_error *error)
{
	uint64_t begin = aa_monotonic_ns();
	unsigned first = survey->count;
	int r = 0;

	aa_choice_init(choice, &survey->features, targets, tier,
		       AA_WANT_SNAPSHOT | aa_wanted(&options->kernel));
	if (offers_anything(choice, tier))
		r = try_tier(options, choice, &survey->features, error);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < choice->count; i++) {
		if (choice->rows[i].hook->tier == tier)
			add_row(survey, choice, &choice->rows[i]);
	}
	doubt(survey, first, choice);
	survey->took_ns[tier] = aa_monotonic_ns() - begin;
	return 0;
}

int aa_probes_survey(const struct aa_probes_options *options, struct aa_survey *ret_survey,
		     struct aa_error *error)
{
	struct aa_target targets[AA_PROGRAMS_MAX];
	struct aa_choice *choice = calloc(1, sizeof(*choice));
	struct aa_btf btf = { .fd = -1 };
	int r;

	*ret_survey = (struct aa_survey){ .count = 0 };
	if (!choice)
		return aa_error_set(error, -ENOMEM, "out of memory");
	r = aa_probes_setup(options, &ret_survey->features, targets, &btf, error);
	aa_btf_release(&btf);
	for (enum aa_tier tier = AA_TIER_PRECISE; r == 0 && tier < AA_TIER_COUNT; tier++) {
		if (options->tier == AA_TIER_ANY || options->tier == tier)
			r = survey_tier(options, tier, targets, choice, ret_survey, error);
	}
	free(choice);
	return r;
}
