// SPDX-License-Identifier: Apache-2.0
/* See try.h. */
#include "try.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SELF_TESTS 3 /* before a hook counts as silent */

uint64_t aa_monotonic_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The programs that serve, as the choice has it now. */
struct wanted {
	const char *names[AA_PROGRAMS_MAX];
	unsigned count;
};

static struct wanted wanted_now(struct aa_choice *choice)
{
	struct wanted wanted;

	wanted.count = aa_choice_programs(choice, wanted.names);
	return wanted;
}

static bool wants(const struct wanted *wanted, const char *name)
{
	for (unsigned i = 0; i < wanted->count; i++) {
		if (strcmp(wanted->names[i], name) == 0)
			return true;
	}
	return false;
}

static bool runs_only(const char *name)
{
	return aa_program_info(name)->kind == AA_PROGRAM_RUN;
}

/* Tells the choice why a program does not serve. */
static void fail_program(struct aa_kernel *kernel, struct aa_choice *choice, const char *name)
{
	const char *reason;
	int error = aa_kernel_program_error(kernel, name, &reason);

	aa_choice_fail(choice, NULL, name, error, false, reason);
}

/* Loads until no program of the choice is refused. */
static int load(struct aa_kernel *kernel, struct aa_choice *choice, struct aa_error *error)
{
	for (bool refused = true; refused;) {
		const struct wanted wanted = wanted_now(choice);
		struct wanted missing = { .count = 0 };
		int r;

		for (unsigned i = 0; i < wanted.count; i++) {
			if (!aa_kernel_is_loaded(kernel, wanted.names[i]))
				missing.names[missing.count++] = wanted.names[i];
		}
		r = aa_kernel_load(kernel, missing.names, missing.count, error);
		if (r < 0)
			return r;
		refused = false;
		for (unsigned i = 0; i < missing.count; i++) {
			if (aa_kernel_is_loaded(kernel, missing.names[i]))
				continue;
			fail_program(kernel, choice, missing.names[i]);
			refused = true;
		}
	}
	return 0;
}

/* Returns false if one could not: the choice is another one now. */
static bool attach(struct aa_kernel *kernel, struct aa_choice *choice)
{
	const struct wanted wanted = wanted_now(choice);
	bool all = true;

	/* Two programs of a capability would record everything twice. */
	for (unsigned i = 0; i < aa_program_info_count; i++) {
		if (!wants(&wanted, aa_program_infos[i].name))
			aa_kernel_detach(kernel, aa_program_infos[i].name);
	}
	for (unsigned i = 0; i < wanted.count; i++) {
		if (!runs_only(wanted.names[i]) && aa_kernel_attach(kernel, wanted.names[i]) < 0) {
			fail_program(kernel, choice, wanted.names[i]);
			all = false;
		}
	}
	return all;
}

/* The program of a row that should have been heard, NULL if all were. */
static const char *silent_program(const struct aa_row *row, const struct aa_selftest *selftest)
{
	enum aa_proof_id proof = row->hook->proof;

	if (selftest->undone[proof] != 0)
		return NULL;
	if (proof == AA_PROOF_EXEC && selftest->arrived[proof])
		return selftest->caller_known ? NULL : row->programs[0];
	if (selftest->arrived[proof])
		return NULL;
	if (proof == AA_PROOF_EXEC_FAILED && row->count > 1)
		return row->programs[selftest->execve_arrived ? 1 : 0];
	return row->programs[row->count - 1];
}

static bool all_heard(struct aa_choice *choice, const struct aa_selftest *selftest)
{
	for (unsigned at = 0; at < choice->count; at = aa_choice_next(choice, at)) {
		const struct aa_row *row = aa_choice_row(choice, choice->rows[at].hook->capability);

		if (row && row->hook->provable && silent_program(row, selftest))
			return false;
	}
	return true;
}

/* What the LSM list says is the likely cause, where it says anything. */
static void silence_reason(const char *name, const struct aa_features *features,
			   const struct aa_selftest *selftest, enum aa_proof_id proof, char *ret_reason,
			   size_t size)
{
	const struct aa_feature *list = &features->feature[AA_FEATURE_LSM_LIST];
	char missing[160];

	aa_selftest_missing(selftest, proof, missing, sizeof(missing));

	if (aa_program_info(name)->kind == AA_PROGRAM_LSM && !list->present)
		(void)snprintf(ret_reason, size,
			       "attached, but silent in the self-test: bpf is not an active LSM (%s; boot "
			       "with bpf in lsm=)",
			       list->reason);
	else if (missing[0] != '\0')
		(void)snprintf(ret_reason, size, "attached, but silent in the self-test: no %s", missing);
	else
		(void)snprintf(ret_reason, size, "attached, but silent in the self-test");
}

/* Returns false if a row failed. */
static bool judge(struct aa_choice *choice, const struct aa_features *features,
		  const struct aa_selftest *selftest)
{
	bool all = true;

	for (unsigned at = 0; at < choice->count; at = aa_choice_next(choice, at)) {
		const struct aa_hook *hook = choice->rows[at].hook;
		const struct aa_row *row = aa_choice_row(choice, hook->capability);
		const char *name = row && hook->provable ? silent_program(row, selftest) : NULL;
		char reason[256];

		if (!name)
			continue;
		silence_reason(name, features, selftest, hook->proof, reason, sizeof(reason));
		aa_choice_fail(choice, hook->capability, name, ENOMSG, true, reason);
		all = false;
	}
	return all;
}

/* Returns 1 if all that serves is proven, 0 if the choice has changed, or a negative errno. */
static int prove(struct aa_kernel *kernel, struct aa_choice *choice, struct aa_probes_report *report,
		 struct aa_error *error)
{
	struct aa_selftest selftest = { 0 };
	const struct aa_row *adopt = aa_choice_row(choice, aa_proof_capability(AA_PROOF_ADOPT));
	int r = 0;

	if (!adopt)
		return 1; /* nobody can be taken into scope: nothing can be proven, and the caller refuses */
	for (unsigned i = 0; i < SELF_TESTS && r == 0 && (i == 0 || !all_heard(choice, &selftest)); i++) {
		r = aa_selftest_run(kernel, choice->wanted, &selftest, error);
		report->self_tests++;
		if (selftest.adopt_error != 0)
			break;
	}
	for (unsigned i = 0; i < AA_PROOF_COUNT; i++)
		report->proofs[i] = (struct aa_proof){ .capability = aa_proof_capability((enum aa_proof_id)i),
						       .arrived = selftest.arrived[i],
						       .delay_ns = selftest.delay_ns[i] };
	if (r < 0)
		return r;
	/* First of all: a wrong file explains every silence. */
	r = aa_kernel_check_self(kernel, error);
	if (r < 0)
		return r;
	if (selftest.adopt_error != 0) {
		aa_choice_fail(choice, adopt->hook->capability, adopt->programs[0], selftest.adopt_error,
			       false, selftest.adopt_reason);
		return 0;
	}
	return judge(choice, &report->features, &selftest) ? 1 : 0;
}

int aa_try_rounds(struct aa_kernel *kernel, struct aa_choice *choice, struct aa_probes_report *report,
		  struct aa_error *error)
{
	for (;;) {
		uint64_t begin = aa_monotonic_ns(), loaded, attached;
		bool all;
		int r = load(kernel, choice, error);

		if (r == 0)
			r = aa_kernel_set_duties(kernel, aa_choice_syscalls(choice), aa_choice_duties(choice),
						 error);
		if (r < 0)
			return r;
		loaded = aa_monotonic_ns();
		all = attach(kernel, choice);
		attached = aa_monotonic_ns();
		report->rounds++;
		report->load_ns += loaded - begin;
		report->attach_ns += attached - loaded;
		if (!all)
			continue;
		r = prove(kernel, choice, report, error);
		report->self_test_ns += aa_monotonic_ns() - attached;
		if (r != 0)
			return r < 0 ? r : 0;
	}
}
