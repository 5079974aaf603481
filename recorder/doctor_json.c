/* SPDX-License-Identifier: Apache-2.0 */
/* aa-record doctor for programs: one JSON object; its names are described in aa-record.8 and stay. Pure. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"

struct json {
	struct aa_text_buffer *out;
	unsigned depth;
	bool first; /* nothing stands yet in the object or array that is open */
};

/* Before each value: the comma, the line, the key (NULL within an array). */
static void begin_value(struct json *json, const char *key)
{
	if (!json->first)
		aa_text_add(json->out, ",", 1);
	json->first = false;
	if (json->depth > 0)
		aa_text_add(json->out, "\n", 1);
	for (unsigned i = 0; i < json->depth; i++)
		aa_text_add(json->out, "\t", 1);
	if (key != NULL)
		aa_text_printf(json->out, "\"%s\": ", key);
}

static void open_value(struct json *json, const char *key, const char *bracket)
{
	begin_value(json, key);
	aa_text_add_string(json->out, bracket);
	json->depth++;
	json->first = true;
}

static void close_value(struct json *json, const char *bracket)
{
	json->depth--;
	if (!json->first) {
		aa_text_add(json->out, "\n", 1);
		for (unsigned i = 0; i < json->depth; i++)
			aa_text_add(json->out, "\t", 1);
	}
	aa_text_add_string(json->out, bracket);
	json->first = false;
}

/* NULL is null. */
static void put_string(struct json *json, const char *key, const char *text)
{
	begin_value(json, key);
	if (text != NULL)
		aa_text_json(json->out, text, strlen(text));
	else
		aa_text_add_string(json->out, "null");
}

static void put_number(struct json *json, const char *key, uint64_t number)
{
	begin_value(json, key);
	aa_text_printf(json->out, "%" PRIu64, number);
}

static void put_bool(struct json *json, const char *key, bool value)
{
	begin_value(json, key);
	aa_text_add_string(json->out, value ? "true" : "false");
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static void put_host(struct json *json, const struct aa_host *host)
{
	open_value(json, "host", "[");
	for (unsigned i = 0; i < host->count; i++) {
		open_value(json, NULL, "{");
		put_string(json, "name", host->facts[i].name);
		put_string(json, "value", host->facts[i].value);
		put_string(json, "state", aa_fact_state_name(host->facts[i].state));
		put_string(json, "advice", or_null(host->facts[i].advice));
		close_value(json, "}");
	}
	close_value(json, "]");
}

static void put_features(struct json *json, const struct aa_features *features)
{
	static const char *const names[AA_FEATURE_COUNT] = {
		[AA_FEATURE_KERNEL_BTF] = "kernel_btf", [AA_FEATURE_FENTRY] = "fentry",
		[AA_FEATURE_FEXIT] = "fexit",		[AA_FEATURE_LSM] = "lsm",
		[AA_FEATURE_LSM_LIST] = "lsm_list",	[AA_FEATURE_KPROBE] = "kprobe",
		[AA_FEATURE_TP_BTF] = "tp_btf",		[AA_FEATURE_ITERATOR] = "iterator",
		[AA_FEATURE_RAW_TP] = "raw_tp",		[AA_FEATURE_TEST_RUN] = "test_run",
		[AA_FEATURE_TRACEFS] = "tracefs",	[AA_FEATURE_TRACEPOINT] = "tracepoint",
	};

	open_value(json, "features", "[");
	for (enum aa_feature_id i = 0; features != NULL && i < AA_FEATURE_COUNT; i++) {
		const struct aa_feature *feature = &features->feature[i];

		open_value(json, NULL, "{");
		put_string(json, "name", names[i]);
		put_bool(json, "present", feature->present);
		put_number(json, "errno", (uint64_t)feature->error);
		put_string(json, "reason", or_null(feature->reason));
		close_value(json, "}");
	}
	close_value(json, "]");
}

static void put_tier_rows(struct json *json, const struct aa_doctor *doctor, const char *capability)
{
	open_value(json, "programs", "[");
	for (unsigned i = 0; i < doctor->survey.count; i++) {
		const struct aa_survey_row *row = &doctor->survey.rows[i];

		if (strcmp(row->capability, capability) != 0)
			continue;
		open_value(json, NULL, "{");
		put_string(json, "tier", aa_tier_name(row->tier));
		put_string(json, "program", row->program);
		put_string(json, "state", aa_survey_state_name(row->state));
		put_number(json, "errno", (uint64_t)row->error);
		put_string(json, "reason", or_null(row->reason));
		close_value(json, "}");
	}
	close_value(json, "]");
}

static void put_capability(struct json *json, const struct aa_doctor *doctor,
			   const struct aa_capability *capability)
{
	const struct aa_choice *choice = capability->choice;

	open_value(json, NULL, "{");
	put_string(json, "name", capability->name);
	put_bool(json, "required", capability->required);
	put_bool(json, "recorded", choice != NULL);
	put_string(json, "tier", choice != NULL ? choice->tier : NULL);
	put_string(json, "program", choice != NULL ? choice->program : NULL);
	begin_value(json, "event_arrived");
	aa_text_add_string(json->out, capability->proof == NULL || choice == NULL ? "null"
				      : capability->proof->arrived		  ? "true"
										  : "false");
	if (capability->proof != NULL && capability->proof->arrived)
		put_number(json, "event_delay_ns", capability->proof->delay_ns);
	else
		put_string(json, "event_delay_ns", NULL);
	open_value(json, "tiers", "{");
	for (enum aa_tier tier = AA_TIER_PRECISE; tier < AA_TIER_COUNT; tier++)
		put_string(json, aa_tier_name(tier),
			   capability->cells[tier] == AA_CELL_NONE ? NULL
								   : aa_cell_name(capability->cells[tier]));
	close_value(json, "}");
	put_tier_rows(json, doctor, capability->name);
	close_value(json, "}");
}

/* What the text says under "Why not": rows of a tier that failed alike. */
static void put_complaints(struct json *json, const struct aa_doctor *doctor)
{
	open_value(json, "complaints", "[");
	for (unsigned i = 0; i < doctor->complaint_count; i++) {
		const struct aa_complaint *complaint = &doctor->complaints[i];

		open_value(json, NULL, "{");
		put_string(json, "tier", aa_tier_name(complaint->row->tier));
		put_string(json, "state", aa_survey_state_name(complaint->row->state));
		put_string(json, "capabilities", complaint->capabilities);
		put_number(json, "errno", (uint64_t)complaint->row->error);
		put_string(json, "reason", or_null(complaint->row->reason));
		put_string(json, "advice", or_null(complaint->advice));
		close_value(json, "}");
	}
	close_value(json, "]");
}

/* The decisions of the recording that was tried, as its probe rows would be. */
static void put_probes(struct json *json, const struct aa_doctor *doctor)
{
	open_value(json, "probes", "[");
	for (unsigned i = 0; i < doctor->choice_count; i++) {
		const struct aa_choice *choice = &doctor->choices[i];

		open_value(json, NULL, "{");
		put_string(json, "capability", choice->capability);
		put_string(json, "tier", choice->tier);
		put_string(json, "program", choice->program);
		put_bool(json, "attached", choice->attached);
		put_number(json, "errno", (uint64_t)choice->error);
		put_string(json, "reason", or_null(choice->reason));
		close_value(json, "}");
	}
	close_value(json, "]");
}

static void put_times(struct json *json, const struct aa_doctor *doctor)
{
	const struct aa_probes_report *report = &doctor->report;

	open_value(json, "times", "{");
	put_number(json, "features_ns", report->features_ns);
	put_number(json, "load_ns", report->load_ns);
	put_number(json, "attach_ns", report->attach_ns);
	put_number(json, "self_test_ns", report->self_test_ns);
	put_number(json, "recording_ns", report->total_ns);
	for (enum aa_tier tier = AA_TIER_PRECISE; tier < AA_TIER_COUNT; tier++) {
		char key[32];

		(void)snprintf(key, sizeof(key), "survey_%s_ns", aa_tier_name(tier));
		put_number(json, key, doctor->survey.took_ns[tier]);
	}
	put_number(json, "doctor_ns", doctor->took_ns);
	put_number(json, "rounds", report->rounds);
	put_number(json, "self_tests", report->self_tests);
	close_value(json, "}");
}

static void put_loaded_programs(struct json *json, const struct aa_doctor *doctor)
{
	open_value(json, "loaded_programs", "[");
	for (size_t i = 0; i < doctor->stats.program_count; i++) {
		const struct aa_stats_program *program = &doctor->stats.programs[i];

		open_value(json, NULL, "{");
		put_string(json, "name", program->name);
		put_bool(json, "own", program->ours);
		put_string(json, "tier",
			   program->ours ? or_null(aa_doctor_tier_of(doctor, program->name)) : NULL);
		put_number(json, "id", program->id);
		put_string(json, "type", program->type);
		put_string(json, "target", or_null(program->target));
		put_bool(json, "attached", program->attached);
		put_number(json, "runs", program->runs);
		put_number(json, "run_time_ns", program->run_time_ns);
		put_number(json, "mean_ns", program->mean_ns);
		put_number(json, "recursion_misses", program->recursion_misses);
		put_number(json, "verified_instructions", program->verified_instructions);
		put_number(json, "jited_bytes", program->jited_bytes);
		put_number(json, "memory_bytes", program->memory_bytes);
		close_value(json, "}");
	}
	close_value(json, "]");
}

static void put_loaded_maps(struct json *json, const struct aa_doctor *doctor)
{
	open_value(json, "loaded_maps", "[");
	for (size_t i = 0; i < doctor->stats.map_count; i++) {
		const struct aa_stats_map *map = &doctor->stats.maps[i];

		open_value(json, NULL, "{");
		put_string(json, "name", map->name);
		put_bool(json, "own", map->ours);
		put_string(json, "type", map->type);
		put_number(json, "id", map->id);
		put_number(json, "key_bytes", map->key_bytes);
		put_number(json, "value_bytes", map->value_bytes);
		put_number(json, "max_entries", map->max_entries);
		if (map->fill_known)
			put_number(json, "fill", map->fill);
		else
			put_string(json, "fill", NULL);
		put_number(json, "memory_bytes", map->memory_bytes);
		close_value(json, "}");
	}
	close_value(json, "]");
}

static void put_error(struct json *json, const char *key, int result, const struct aa_error *error)
{
	if (result >= 0) {
		put_string(json, key, NULL);
		return;
	}
	open_value(json, key, "{");
	put_number(json, "errno", (uint64_t)-result);
	put_string(json, "text", error->text);
	close_value(json, "}");
}

void aa_doctor_json(const struct aa_doctor *doctor, struct aa_text_buffer *out)
{
	struct json json = { .out = out, .first = true };

	open_value(&json, NULL, "{");
	put_string(&json, "version", AA_VERSION);
	put_string(&json, "verdict", aa_verdict_name(doctor->verdict));
	put_string(&json, "text", doctor->verdict_text);
	put_string(&json, "asked_tier", doctor->tier);
	put_error(&json, "error", doctor->open_result, &doctor->open_error);
	put_error(&json, "survey_error", doctor->survey_result, &doctor->survey_error);
	put_host(&json, &doctor->host);
	put_features(&json, aa_doctor_features(doctor));
	open_value(&json, "capabilities", "[");
	for (unsigned i = 0; i < doctor->capability_count; i++)
		put_capability(&json, doctor, &doctor->capabilities[i]);
	close_value(&json, "]");
	put_complaints(&json, doctor);
	put_probes(&json, doctor);
	put_times(&json, doctor);
	if (doctor->verbose) {
		put_loaded_programs(&json, doctor);
		put_loaded_maps(&json, doctor);
		put_error(&json, "statistics_error", doctor->stats_result, &doctor->stats_error);
		put_number(&json, "others_errno", (uint64_t)doctor->stats.others_error);
	}
	close_value(&json, "}");
	aa_text_add(out, "\n", 1);
}
