/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aa-record doctor: what can be recorded here. Looks at the host, opens the kernel side as a recording would, with its
 * self-test, then tries every other program; shows it, and leaves nothing behind. No database is touched.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "btf.h"
#include "commands.h"
#include "doctor.h"
#include "launch.h"
#include "memory.h"
#include "recording.h"

#define EXIT_CANNOT 1
#define EXIT_USAGE  2

#define NARROWEST   20
#define WIDEST	    100 /* longer lines of text are hard to read */
#define USUAL_WIDTH 80

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void look_at_btf(struct aa_host *host, const char *forced)
{
	struct aa_btf btf = { .fd = -1 };
	struct aa_error error = { 0 };
	struct aa_fact *fact;

	if (aa_btf_find(forced, &btf, &error) < 0) {
		fact = aa_host_add(host, "btf", AA_FACT_BAD, "none");
		aa_fact_advise(fact, "%s", error.text);
		aa_btf_release(&btf);
		return;
	}
	fact = aa_host_add(host, "btf", AA_FACT_OK, "%s (%s)", btf.name != NULL ? btf.name : "in memory",
			   aa_btf_source_name(btf.source));
	if (!btf.kernel)
		aa_fact_advise(fact, "the running kernel's own are not there, so only the kprobe and basic "
				     "tiers can be had");
	aa_btf_release(&btf);
}

static void copy(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from != NULL ? from : "");
}

static void keep_choices(struct aa_doctor *doctor, const struct aa_kernel *kernel)
{
	const struct aa_probe *probes;
	unsigned count = aa_kernel_probes(kernel, &probes);

	for (unsigned i = 0; i < count && i < AA_DOCTOR_ROWS; i++) {
		struct aa_choice *choice = &doctor->choices[doctor->choice_count++];

		copy(choice->capability, sizeof(choice->capability), probes[i].capability);
		copy(choice->tier, sizeof(choice->tier), probes[i].tier);
		copy(choice->program, sizeof(choice->program), probes[i].program);
		copy(choice->reason, sizeof(choice->reason), probes[i].reason);
		choice->attached = probes[i].attached;
		choice->error = probes[i].error;
	}
}

/* The statistics are switched on before anything is loaded, so that the self-test's runs are counted. */
static void try_recording(struct aa_doctor *doctor, struct aa_probes_options *options)
{
	aa_cleanup(aa_kernel_closep) struct aa_kernel *kernel = NULL;
	aa_cleanup_close int counting = -1;

	if (doctor->verbose) {
		counting = aa_stats_enable(&doctor->stats_error);
		doctor->stats_result = counting < 0 ? counting : 0;
	}
	options->report = &doctor->report;
	doctor->open_result = aa_recording_check(&doctor->open_error);
	if (doctor->open_result == 0)
		doctor->open_result = aa_probes_open(options, &kernel, &doctor->open_error);
	options->report = NULL;
	if (doctor->open_result == 0)
		keep_choices(doctor, kernel);
	if (doctor->verbose) {
		int r = aa_stats_collect(kernel, &doctor->stats, &doctor->stats_error);

		doctor->stats_result = doctor->stats_result < 0 ? doctor->stats_result : r;
	}
}

static void add_preemption(struct aa_doctor *doctor)
{
	const struct aa_features *features = aa_doctor_features(doctor);
	struct aa_fact *fact;

	if (features == NULL || features->preemption[0] == '\0')
		return;
	fact = aa_host_add(&doctor->host, "preemption", AA_FACT_OK, "%s", features->preemption);
	if (features->preempts)
		aa_fact_advise(
			fact,
			features->feature[AA_FEATURE_KPROBE].present
				? "may interrupt eBPF programs: kprobes, which run undisturbed, come first"
				: "may interrupt eBPF programs; kprobes, which run undisturbed, cannot be "
				  "had");
}

static void examine(struct aa_doctor *doctor, const struct aa_options *options)
{
	uint64_t start_ns = monotonic_ns();
	struct aa_probes_options probes = {
		.kernel = { .debug = options->debug,
			    .statistics = options->verbose,
			    .files = AA_FILES_ALL,
			    .tls = AA_TLS_MODE_ALL },
		.snapshot = true,
		.btf = options->btf,
	};

	if (options->tier != NULL)
		(void)aa_tier_parse(options->tier, &probes.tier);
	doctor->tier = options->tier;
	doctor->verbose = options->verbose;
	aa_host_look(&doctor->host);
	aa_launch_lift_limits(NULL); /* as run and attach do */
	look_at_btf(&doctor->host, options->btf);
	try_recording(doctor, &probes);
	doctor->survey_result = aa_probes_survey(&probes, &doctor->survey, &doctor->survey_error);
	add_preemption(doctor);
	doctor->took_ns = monotonic_ns() - start_ns;
	aa_doctor_judge(doctor);
}

static unsigned page_width(void)
{
	const char *columns = getenv("COLUMNS");
	unsigned long width = columns != NULL ? strtoul(columns, NULL, 10) : 0;
	struct winsize size;

	if (width == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width == 0)
		width = USUAL_WIDTH;
	if (width < NARROWEST)
		return NARROWEST;
	return width > WIDEST ? WIDEST : (unsigned)width;
}

static bool want_color(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) == 1 && !(no_color != NULL && *no_color != '\0') && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

/* Returns 0 or a negative errno. */
static int print(const struct aa_doctor *doctor, bool json)
{
	struct aa_text_buffer page = { 0 };
	int r = 0;

	if (json)
		aa_doctor_json(doctor, &page);
	else
		aa_doctor_text(doctor, page_width(), want_color(), &page);
	if (page.failed)
		r = -ENOMEM;
	else if (fwrite(page.data, 1, page.size, stdout) != page.size || fflush(stdout) != 0)
		r = -errno;
	aa_text_release(&page);
	return r;
}

int aa_doctor_main(const struct aa_options *options, char **operands)
{
	aa_cleanup_free struct aa_doctor *doctor = NULL;
	int r, status;

	if (operands[0] != NULL) {
		aa_say("doctor takes no operands; see aa-record help doctor");
		return EXIT_USAGE;
	}
	doctor = calloc(1, sizeof(*doctor));
	if (doctor == NULL) {
		aa_say("out of memory");
		return EXIT_CANNOT;
	}
	examine(doctor, options);
	r = print(doctor, options->format != NULL && strcmp(options->format, "json") == 0);
	status = doctor->verdict == AA_VERDICT_CANNOT ? EXIT_CANNOT : 0;
	if (r < 0) {
		aa_say("cannot write the findings: %s", strerror(-r));
		status = EXIT_CANNOT;
	}
	aa_stats_release(&doctor->stats);
	return status;
}
