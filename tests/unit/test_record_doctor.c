/* SPDX-License-Identifier: Apache-2.0 */
/* aa-record doctor: what forged findings come to, and that both ways to show them say the same and nothing unsafe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

/* --- forging ---------------------------------------------------------------------------------------------- */

static void forge_row(struct aa_doctor *doctor, const char *capability, enum aa_tier tier,
		      const char *program, enum aa_survey_state state, const char *reason)
{
	struct aa_survey_row *row = &doctor->survey.rows[doctor->survey.count++];

	*row = (struct aa_survey_row){
		.capability = capability,
		.tier = tier,
		.state = state,
		.required = strcmp(capability, "process.exec_failed") != 0,
		.error = state == AA_SURVEY_REFUSED ? EPERM : 0,
	};
	(void)snprintf(row->program, sizeof(row->program), "%s", program);
	(void)snprintf(row->reason, sizeof(row->reason), "%s", reason);
}

static void forge_choice(struct aa_doctor *doctor, const char *capability, const char *tier,
			 const char *program, const char *reason)
{
	struct aa_choice *choice = &doctor->choices[doctor->choice_count++];

	(void)snprintf(choice->capability, sizeof(choice->capability), "%s", capability);
	(void)snprintf(choice->tier, sizeof(choice->tier), "%s", tier);
	(void)snprintf(choice->program, sizeof(choice->program), "%s", program);
	(void)snprintf(choice->reason, sizeof(choice->reason), "%s", reason);
	choice->attached = reason[0] == '\0';
	choice->error = choice->attached ? 0 : EPERM;
}

/* A host where LSM programs are silent, fentry is refused for the exit, and nothing sees failed execs. */
static struct aa_doctor *forge(void)
{
	struct aa_doctor *doctor = calloc(1, sizeof(*doctor));
	struct aa_fact *fact;

	assert_non_null(doctor);
	(void)aa_host_add(&doctor->host, "kernel", AA_FACT_OK, "Linux 5.10.0 x86_64");
	fact = aa_host_add(&doctor->host, "bpf_jit", AA_FACT_WARN, "off");
	aa_fact_advise(fact, "the precise tier needs it, and programs run slowly without: sysctl "
			     "net.core.bpf_jit_enable=1");
	(void)aa_host_add(&doctor->host, "unprivileged_bpf_disabled", AA_FACT_OK, "2");
	doctor->report.proofs[AA_PROOF_EXEC] = (struct aa_proof){ "process.exec", true, 1234567 };
	doctor->report.proofs[AA_PROOF_EXIT] = (struct aa_proof){ "process.exit", true, 20000 };
	doctor->report.proofs[AA_PROOF_EXEC_FAILED] = (struct aa_proof){ "process.exec_failed", false, 0 };
	forge_row(doctor, "process.exec", AA_TIER_PRECISE, "aa_note_lsm+aa_exec_fentry", AA_SURVEY_SILENT,
		  "attached, but no event came");
	forge_row(doctor, "process.exec", AA_TIER_PRECISE, "aa_note_fentry+aa_exec_fentry", AA_SURVEY_WORKS,
		  "");
	forge_row(doctor, "process.exec", AA_TIER_BASIC, "aa_exec_raw", AA_SURVEY_WORKS, "");
	forge_row(doctor, "process.exit", AA_TIER_PRECISE, "aa_exit_fentry", AA_SURVEY_REFUSED,
		  "the kernel refused aa_exit_fentry: operation not permitted");
	forge_row(doctor, "process.exit", AA_TIER_BASIC, "aa_exit_raw", AA_SURVEY_WORKS, "");
	forge_row(doctor, "process.exec_failed", AA_TIER_PRECISE, "aa_execve_fexit", AA_SURVEY_REFUSED,
		  "the kernel refused aa_execve_fexit: operation not permitted");
	forge_row(doctor, "process.exec_failed", AA_TIER_BASIC, "aa_sysexit_raw", AA_SURVEY_UNTRIED,
		  "raw tracepoints are missing");
	forge_choice(doctor, "process.exec", "precise", "aa_note_lsm+aa_exec_fentry", "silent");
	forge_choice(doctor, "process.exec", "precise", "aa_note_fentry+aa_exec_fentry", "");
	forge_choice(doctor, "process.exit", "precise", "aa_exit_fentry", "refused");
	forge_choice(doctor, "process.exit", "basic", "aa_exit_raw", "");
	forge_choice(doctor, "process.exec_failed", "precise", "aa_execve_fexit",
		     "the kernel refused aa_execve_fexit: operation not permitted");
	doctor->survey.features.feature[AA_FEATURE_FENTRY].present = true;
	doctor->report.total_ns = 312345678;
	doctor->took_ns = 1512345678;
	aa_doctor_judge(doctor);
	return doctor;
}

static char *text_of(const struct aa_doctor *doctor, unsigned width, bool color)
{
	struct aa_text_buffer page = { 0 };

	aa_doctor_text(doctor, width, color, &page);
	assert_false(page.failed);
	return page.data;
}

static char *json_of(const struct aa_doctor *doctor)
{
	struct aa_text_buffer page = { 0 };

	aa_doctor_json(doctor, &page);
	assert_false(page.failed);
	return page.data;
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		longest = length > longest ? length : longest;
		text += length + (text[length] == '\n');
	}
	return longest;
}

/* --- judging ---------------------------------------------------------------------------------------------- */

static const struct aa_capability *capability(const struct aa_doctor *doctor, const char *name)
{
	for (unsigned i = 0; i < doctor->capability_count; i++)
		if (strcmp(doctor->capabilities[i].name, name) == 0)
			return &doctor->capabilities[i];
	fail_msg("no capability %s", name);
	return NULL;
}

static void judges_cells(void **state)
{
	struct aa_doctor *doctor = forge();
	const struct aa_capability *exec = capability(doctor, "process.exec");
	const struct aa_capability *exit = capability(doctor, "process.exit");
	const struct aa_capability *failed = capability(doctor, "process.exec_failed");

	(void)state;
	assert_int_equal(doctor->capability_count, 3);
	/* The second row of a tier may serve where the first was silent. */
	assert_int_equal(exec->cells[AA_TIER_PRECISE], AA_CELL_CHOSEN);
	assert_int_equal(exec->cells[AA_TIER_KPROBE], AA_CELL_NONE);
	assert_int_equal(exec->cells[AA_TIER_BASIC], AA_CELL_WORKS);
	assert_string_equal(exec->choice->program, "aa_note_fentry+aa_exec_fentry");
	assert_int_equal(exec->proof->delay_ns, 1234567);
	assert_int_equal(exit->cells[AA_TIER_PRECISE], AA_CELL_REFUSED);
	assert_int_equal(exit->cells[AA_TIER_BASIC], AA_CELL_CHOSEN);
	assert_true(exit->required);
	assert_null(failed->choice);
	assert_false(failed->required);
	assert_int_equal(failed->cells[AA_TIER_BASIC], AA_CELL_UNTRIED);
	free(doctor);
}

static void judges_complaints(void **state)
{
	struct aa_doctor *doctor = forge();

	(void)state;
	/* Reasons that differ in the name of the program only are one. */
	assert_int_equal(doctor->complaint_count, 3);
	assert_string_equal(doctor->complaints[0].capabilities, "process.exec");
	assert_string_equal(doctor->complaints[1].capabilities, "process.exit, process.exec_failed");
	assert_int_equal(doctor->complaints[1].count, 2);
	assert_string_equal(doctor->complaints[2].capabilities, "process.exec_failed");
	/* What was not needed is no complaint. */
	forge_row(doctor, "process.exec", AA_TIER_PRECISE, "aa_exec_spare", AA_SURVEY_UNTRIED, "not needed");
	aa_doctor_judge(doctor);
	assert_int_equal(doctor->complaint_count, 3);
	free(doctor);
}

static void judges_verdict(void **state)
{
	struct aa_doctor *doctor = forge();

	(void)state;
	assert_int_equal(doctor->verdict, AA_VERDICT_LIMITS);
	assert_string_equal(
		doctor->verdict_text,
		"this host records, with limits: processes (precise, basic), without process.exec_failed");
	forge_choice(doctor, "process.exec_failed", "basic", "aa_sysexit_raw", "");
	aa_doctor_judge(doctor);
	assert_int_equal(doctor->verdict, AA_VERDICT_RECORDS);
	assert_string_equal(doctor->verdict_text, "this host can record: processes (precise, basic)");
	(void)aa_host_add(&doctor->host, "capabilities", AA_FACT_WARN, "missing: CAP_SYS_PTRACE");
	aa_doctor_judge(doctor);
	assert_int_equal(doctor->verdict, AA_VERDICT_LIMITS);
	doctor->open_result = aa_error_set(&doctor->open_error, -EPERM, "no BPF here");
	aa_doctor_judge(doctor);
	assert_int_equal(doctor->verdict, AA_VERDICT_CANNOT);
	assert_string_equal(doctor->verdict_text, "this host cannot record: no BPF here");
	free(doctor);
}

static void judges_suspects(void **state)
{
	struct aa_doctor *doctor = forge();
	unsigned at = doctor->host.count;

	(void)state;
	doctor->survey.count = 0;
	(void)aa_host_add(&doctor->host, "seccomp", AA_FACT_OK, "a filter is active");
	(void)aa_host_add(&doctor->host, "perf_event_paranoid", AA_FACT_OK, "3");
	aa_doctor_judge(doctor);
	assert_int_equal(doctor->host.facts[at].state, AA_FACT_OK);
	forge_row(doctor, "process.exit", AA_TIER_PRECISE, "aa_exit_fentry", AA_SURVEY_REFUSED, "no");
	aa_doctor_judge(doctor);
	assert_int_equal(doctor->host.facts[at].state, AA_FACT_WARN);
	assert_int_equal(doctor->host.facts[at + 1].state, AA_FACT_OK);
	forge_row(doctor, "process.exit", AA_TIER_KPROBE, "aa_exit_kprobe", AA_SURVEY_REFUSED, "no");
	aa_doctor_judge(doctor);
	assert_int_equal(doctor->host.facts[at + 1].state, AA_FACT_WARN);
	free(doctor);
}

static void knows_the_tier_of_a_program(void **state)
{
	struct aa_doctor *doctor = forge();

	(void)state;
	assert_string_equal(aa_doctor_tier_of(doctor, "aa_exec_fentry"), "precise");
	assert_string_equal(aa_doctor_tier_of(doctor, "aa_note_fentry"), "precise");
	assert_string_equal(aa_doctor_tier_of(doctor, "aa_note_lsm"), ""); /* not attached */
	assert_string_equal(aa_doctor_tier_of(doctor, "aa_exit"), "");	   /* part of a name */
	free(doctor);
}

/* --- showing ---------------------------------------------------------------------------------------------- */

static void shows_one_screen(void **state)
{
	static const char expected[] =
		"this host records, with limits: processes (precise, basic), without\n"
		"  process.exec_failed\n"
		"\n"
		"Host\n"
		"  kernel          Linux 5.10.0 x86_64\n"
		"! bpf jit         off\n"
		"                  the precise tier needs it, and programs run slowly without:\n"
		"                  sysctl net.core.bpf_jit_enable=1\n"
		"  unprivileged bpf disabled\n"
		"                  2\n"
		"\n"
		"What can be recorded, by which kind of eBPF program (best first)\n"
		"  capability           precise  kprobe  portable  basic    event came after\n"
		"  process.exec         chosen   -       -         works             1.23 ms\n"
		"  process.exit         refused  -       -         chosen            0.02 ms\n"
		"  process.exec_failed  refused  -       -         untried                 -\n"
		"\n"
		"Why not\n"
		"X process.exec_failed is not recorded\n"
		"  precise, silent: process.exec\n"
		"    attached, but no event came\n"
		"  precise, refused: process.exit, process.exec_failed\n"
		"    the kernel refused aa_exit_fentry: operation not permitted\n"
		"    the capabilities are there: this kernel, a security module or a container's\n"
		"    policy forbids it\n"
		"  basic, untried: process.exec_failed\n"
		"    raw tracepoints are missing\n"
		"\n"
		"Loading and proving a recording took 312.34 ms, this examination 1512.34 ms.\n"
		"Nothing is left loaded or attached.\n";
	struct aa_doctor *doctor = forge();
	char *text = text_of(doctor, 80, false);

	(void)state;
	assert_string_equal(text, expected);
	free(text);
	free(doctor);
}

static void stays_within_the_width(void **state)
{
	struct aa_doctor *doctor = forge();

	(void)state;
	for (unsigned width = 30; width <= 100; width++) {
		char *text = text_of(doctor, width, false);

		/* A word that is too long stays whole. */
		assert_true(longest_line(text) <= (width < 40 ? 40 : width));
		assert_non_null(strstr(text, "process.exec_failed"));
		free(text);
	}
	free(doctor);
}

static void colors_only_when_asked(void **state)
{
	struct aa_doctor *doctor = forge();
	char *plain = text_of(doctor, 80, false), *color = text_of(doctor, 80, true);
	size_t kept = 0;

	(void)state;
	assert_null(strchr(plain, '\x1b'));
	assert_non_null(strstr(color, "\x1b[32mchosen\x1b[0m"));
	for (const char *at = color; *at != '\0'; at++) {
		if (*at == '\x1b')
			at = strchr(at, 'm');
		else
			color[kept++] = *at;
	}
	color[kept] = '\0';
	assert_string_equal(color, plain);
	free(plain);
	free(color);
	free(doctor);
}

/* Names of kernels, files and containers are not ours. */
static void shows_nothing_unsafe(void **state)
{
	static const char nasty[] = "\x1b]0;x\x07\n\xc2\x9b\xe2\x80\xae%s%n\xff\"\\";
	struct aa_doctor *doctor = forge();
	struct aa_stats_program program = { .type = nasty, .id = 1 };
	struct aa_stats_map map = { .type = nasty, .id = 2 };
	char *text, *json;

	(void)state;
	aa_fact_advise(aa_host_add(&doctor->host, "nasty", AA_FACT_BAD, "%s", nasty), "%s", nasty);
	forge_row(doctor, "process.exec", AA_TIER_KPROBE, "aa_exec_kprobe", AA_SURVEY_REFUSED, nasty);
	doctor->open_result = -EPERM;
	(void)snprintf(doctor->open_error.text, sizeof(doctor->open_error.text), "%s", nasty);
	doctor->verbose = true;
	(void)snprintf(program.name, sizeof(program.name), "%s", nasty);
	(void)snprintf(map.name, sizeof(map.name), "%s", nasty);
	doctor->stats = (struct aa_stats){ &program, 1, &map, 1, 0 };
	aa_doctor_judge(doctor);
	text = text_of(doctor, 80, false);
	json = json_of(doctor);
	for (const char *at = text; *at != '\0'; at++)
		assert_true(*at == '\n' || (*at >= ' ' && *at < '\x7f'));
	for (const char *at = json; *at != '\0'; at++)
		assert_true(*at == '\n' || *at == '\t' || (*at >= ' ' && *at < '\x7f'));
	assert_non_null(strstr(json, "\\u001b]0;x\\u0007\\n\\u009b\\u202e%s%n\\\\xFF\\\"\\\\\""));
	free(text);
	free(json);
	free(doctor);
}

static void json_says_the_same(void **state)
{
	static const char *const expected[] = {
		"\"verdict\": \"limits\"",
		"\"text\": \"this host records, with limits: processes (precise, basic), without process",
		"\"error\": null",
		"\"state\": \"warn\"",
		"\"program\": \"aa_note_fentry+aa_exec_fentry\"",
		"\"event_delay_ns\": 1234567",
		"\"precise\": \"chosen\"",
		"\"kprobe\": null",
		"\"reason\": \"attached, but no event came\"",
		"\"doctor_ns\": 1512345678",
	};
	struct aa_doctor *doctor = forge();
	char *json = json_of(doctor);

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (strstr(json, expected[i]) == NULL)
			fail_msg("%s is missing from %s", expected[i], json);
	assert_null(strstr(json, "loaded_programs"));
	free(json);
	free(doctor);
}

/* --- the host --------------------------------------------------------------------------------------------- */

static void reads_lists(void **state)
{
	char word[16];

	(void)state;
	aa_host_bracketed("none [integrity] confidentiality", word, sizeof(word));
	assert_string_equal(word, "integrity");
	aa_host_bracketed("none integrity", word, sizeof(word));
	assert_string_equal(word, "");
	aa_host_bracketed("[none", word, sizeof(word));
	assert_string_equal(word, "");
	aa_host_bracketed("[a-word-that-is-too-long]", word, sizeof(word));
	assert_string_equal(word, "");
	assert_true(aa_host_listed("lockdown,yama,bpf", "bpf"));
	assert_true(aa_host_listed("bpf\n", "bpf"));
	assert_false(aa_host_listed("lockdown,bpfx,xbpf", "bpf"));
	assert_false(aa_host_listed("", "bpf"));
	assert_int_equal(aa_host_release_code("5.11.0-rc1"), 0x50b00);
	assert_int_equal(aa_host_release_code("6.18.44-fc"), 0x61200);
	assert_int_equal(aa_host_release_code("x"), 0);
	assert_int_equal(aa_host_release_code("999999999999.1"), 0);
}

static void names_missing_capabilities(void **state)
{
	const uint64_t admin = 1ull << 21, bpf = 1ull << 39, perfmon = 1ull << 38, ptrace = 1ull << 19;
	char names[128];
	bool required;

	(void)state;
	aa_host_missing_capabilities(0, 0x50a00, names, sizeof(names), &required);
	assert_string_equal(names, "CAP_BPF, CAP_PERFMON, CAP_SYS_RESOURCE, CAP_SYS_PTRACE");
	assert_true(required);
	aa_host_missing_capabilities(bpf, 0x61200, names, sizeof(names), &required);
	assert_string_equal(names, "CAP_PERFMON, CAP_SYS_PTRACE");
	assert_true(required);
	aa_host_missing_capabilities(bpf | perfmon, 0x61200, names, sizeof(names), &required);
	assert_string_equal(names, "CAP_SYS_PTRACE");
	assert_false(required);
	aa_host_missing_capabilities(admin | ptrace, 0x61200, names, sizeof(names), &required);
	assert_string_equal(names, "");
	aa_host_missing_capabilities(UINT64_MAX, 0, names, sizeof(names), &required);
	assert_string_equal(names, "");
	aa_host_missing_capabilities(0, 0x50a00, names, 10,
				     &required); /* too little room: cut, not overrun */
	assert_true(strlen(names) < 10);
}

static void a_full_table_of_facts_is_no_harm(void **state)
{
	struct aa_host host = { 0 };

	(void)state;
	for (unsigned i = 0; i < 2 * AA_FACTS_MAX; i++)
		(void)aa_host_add(&host, "x", AA_FACT_OK, "%u", i);
	assert_int_equal(host.count, AA_FACTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_cells),
		cmocka_unit_test(judges_complaints),
		cmocka_unit_test(judges_verdict),
		cmocka_unit_test(judges_suspects),
		cmocka_unit_test(knows_the_tier_of_a_program),
		cmocka_unit_test(shows_one_screen),
		cmocka_unit_test(stays_within_the_width),
		cmocka_unit_test(colors_only_when_asked),
		cmocka_unit_test(shows_nothing_unsafe),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(reads_lists),
		cmocka_unit_test(names_missing_capabilities),
		cmocka_unit_test(a_full_table_of_facts_is_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
