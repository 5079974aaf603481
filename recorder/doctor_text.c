/* SPDX-License-Identifier: Apache-2.0 */
/* aa-record doctor for people. See doctor.h; pure. Everything from outside is made terminal-safe where it is put in. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "doctor_page.h"

#define VALUE_INDENT 18 /* where values begin */
#define NARROW	     48 /* below, values go under their titles */

/* A title, and beside it, or below it on a narrow page, its value and a remark. */
static void put_labelled(struct aa_page *page, const char *title, enum aa_page_style style, const char *value,
			 enum aa_page_style remark_style, const char *remark)
{
	size_t indent = page->width < NARROW ? 2 * AA_PAGE_INDENT : VALUE_INDENT,
	       used = AA_PAGE_INDENT + strlen(title);

	aa_text_add_string(page->out, title);
	if (used + 1 > indent) {
		aa_page_end_line(page);
		used = 0;
	}
	aa_page_pad(page, indent - used);
	aa_page_wrap(page, style, value, indent, indent);
	if (remark[0] == '\0')
		return;
	aa_page_pad(page, indent);
	aa_page_wrap(page, remark_style, remark, indent, indent);
}

/* What the first line has said already is not said again. */
static void put_fact(struct aa_page *page, const struct aa_fact *fact, const char *verdict)
{
	const char *advice = strstr(verdict, fact->advice) == NULL ? fact->advice : "";
	static const enum aa_page_style styles[] = { AA_PAGE_PLAIN, AA_PAGE_WARN, AA_PAGE_BAD };
	static const char marks[] = { ' ', '!', 'X' };
	char title[32];

	(void)snprintf(title, sizeof(title), "%s", fact->name);
	for (char *at = title; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	aa_page_paint(page, styles[fact->state], &marks[fact->state], 1);
	aa_page_pad(page, AA_PAGE_INDENT - 1);
	put_labelled(page, title, styles[fact->state], fact->value,
		     fact->state == AA_FACT_OK ? AA_PAGE_DIM : AA_PAGE_PLAIN, advice);
}

static void put_facts(struct aa_page *page, const struct aa_host *host, const char *verdict)
{
	aa_page_heading(page, "Host");
	for (unsigned i = 0; i < host->count; i++)
		put_fact(page, &host->facts[i], verdict);
}

static void add_delay(struct aa_text_buffer *out, uint64_t ns)
{
	aa_text_printf(out, "%" PRIu64 ".%02" PRIu64 " ms", ns / 1000000, ns / 10000 % 100);
}

static enum aa_page_style proof_field(const struct aa_capability *capability, struct aa_text_buffer *out)
{
	if (capability->proof == NULL || capability->choice == NULL) {
		aa_text_add_string(out, "-");
		return AA_PAGE_DIM;
	}
	if (!capability->proof->arrived) {
		aa_text_add_string(out, "nothing came");
		return AA_PAGE_BAD;
	}
	add_delay(out, capability->proof->delay_ns);
	return AA_PAGE_PLAIN;
}

static enum aa_page_style matrix_field(const void *context, size_t row, unsigned column,
				       struct aa_text_buffer *out)
{
	static const enum aa_page_style styles[] = {
		[AA_CELL_NONE] = AA_PAGE_DIM,	  [AA_CELL_UNTRIED] = AA_PAGE_DIM,
		[AA_CELL_REFUSED] = AA_PAGE_WARN, [AA_CELL_SILENT] = AA_PAGE_WARN,
		[AA_CELL_WORKS] = AA_PAGE_PLAIN,  [AA_CELL_CHOSEN] = AA_PAGE_GOOD,
	};
	const struct aa_doctor *doctor = context;
	const struct aa_capability *capability = &doctor->capabilities[row];

	if (column == 0) {
		aa_text_add_string(out, capability->name);
		return AA_PAGE_PLAIN;
	}
	if (column == AA_TIER_COUNT)
		return proof_field(capability, out);
	aa_text_add_string(out, aa_cell_name(capability->cells[column]));
	return styles[capability->cells[column]];
}

static void put_matrix(struct aa_page *page, const struct aa_doctor *doctor)
{
	const char *titles[AA_TIER_COUNT + 1] = { "capability" };
	struct aa_page_table table = {
		.context = doctor,
		.titles = titles,
		.right = 1u << AA_TIER_COUNT,
		.column_count = AA_TIER_COUNT + 1,
		.row_count = doctor->capability_count,
		.field = matrix_field,
	};

	if (doctor->capability_count == 0)
		return;
	for (enum aa_tier tier = AA_TIER_PRECISE; tier < AA_TIER_COUNT; tier++)
		titles[tier] = aa_tier_name(tier);
	titles[AA_TIER_COUNT] = "event came after";
	aa_page_heading(page, "What can be recorded, by which kind of eBPF program (best first)");
	aa_page_put_table(page, &table);
}

/* Why nothing serves it is said with the tiers, or, where there was no survey, here. */
static void put_unserved(struct aa_page *page, const struct aa_doctor *doctor,
			 const struct aa_capability *capability)
{
	struct aa_text_buffer line = { 0 };

	aa_text_printf(&line, "%s is not recorded", capability->name);
	aa_page_paint(page, AA_PAGE_BAD, "X", 1);
	aa_page_pad(page, AA_PAGE_INDENT - 1);
	aa_page_wrap(page, AA_PAGE_BAD, line.data != NULL ? line.data : "", AA_PAGE_INDENT,
		     2 * AA_PAGE_INDENT);
	for (unsigned i = 0; i < doctor->choice_count && doctor->survey_result < 0; i++) {
		const struct aa_choice *choice = &doctor->choices[i];

		if (strcmp(choice->capability, capability->name) != 0)
			continue;
		aa_text_clear(&line);
		aa_text_printf(&line, "%s: %s", choice->tier, choice->reason);
		aa_page_pad(page, 2 * AA_PAGE_INDENT);
		aa_page_wrap(page, AA_PAGE_DIM, line.data != NULL ? line.data : "", 2 * AA_PAGE_INDENT,
			     2 * AA_PAGE_INDENT);
	}
	page->out->failed |= line.failed;
	aa_text_release(&line);
}

static void put_reason(struct aa_page *page, const char *text)
{
	if (text[0] == '\0')
		return;
	aa_page_pad(page, 2 * AA_PAGE_INDENT);
	aa_page_wrap(page, AA_PAGE_DIM, text, 2 * AA_PAGE_INDENT, 2 * AA_PAGE_INDENT);
}

static void put_complaints(struct aa_page *page, const struct aa_doctor *doctor)
{
	bool complete = true;

	for (unsigned i = 0; i < doctor->capability_count; i++)
		complete &= doctor->capabilities[i].choice != NULL;
	if (doctor->complaint_count == 0 && complete)
		return;
	aa_page_heading(page, "Why not");
	/* What nothing serves comes first: the rest is only how something else took over. */
	for (unsigned i = 0; i < doctor->capability_count && doctor->open_result == 0; i++)
		if (doctor->capabilities[i].choice == NULL)
			put_unserved(page, doctor, &doctor->capabilities[i]);
	for (unsigned i = 0; i < doctor->complaint_count; i++) {
		const struct aa_complaint *complaint = &doctor->complaints[i];
		const char *tier = aa_tier_name(complaint->row->tier);
		struct aa_text_buffer title = { 0 };

		aa_text_printf(&title, "%s, %s: %s", tier, aa_survey_state_name(complaint->row->state),
			       complaint->capabilities);
		aa_page_pad(page, AA_PAGE_INDENT);
		aa_page_wrap(page, AA_PAGE_PLAIN, title.data != NULL ? title.data : "", AA_PAGE_INDENT,
			     2 * AA_PAGE_INDENT);
		page->out->failed |= title.failed;
		aa_text_release(&title);
		put_reason(page, complaint->row->reason);
		put_reason(page, complaint->advice);
	}
	if (complete && doctor->open_result == 0) {
		aa_page_pad(page, AA_PAGE_INDENT);
		aa_page_wrap(page, AA_PAGE_PLAIN,
			     "Nothing to do: what is chosen above serves every capability.", AA_PAGE_INDENT,
			     AA_PAGE_INDENT);
	}
}

static void add_size(struct aa_text_buffer *out, uint64_t bytes)
{
	if (bytes >= 10u << 20)
		aa_text_printf(out, "%" PRIu64 " MiB", bytes >> 20);
	else
		aa_text_printf(out, "%" PRIu64 " KiB", (bytes + 1023) >> 10);
}

static enum aa_page_style program_field(const void *context, size_t row, unsigned column,
					struct aa_text_buffer *out)
{
	const struct aa_doctor *doctor = context;
	const struct aa_stats_program *program = &doctor->stats.programs[row];

	switch (column) {
	case 0:
		(void)aa_text_sanitize(out, program->name, strlen(program->name));
		break;
	case 1:
		aa_text_add_string(out, program->ours ? aa_doctor_tier_of(doctor, program->name) : "other");
		break;
	case 2:
		aa_text_printf(out, "%" PRIu32, program->id);
		break;
	case 3:
		aa_text_printf(out, "%" PRIu64, program->runs);
		break;
	case 4:
		aa_text_printf(out, "%" PRIu64, program->mean_ns);
		break;
	case 5:
		if (program->verified_instructions > 0)
			aa_text_printf(out, "%" PRIu32, program->verified_instructions);
		else
			aa_text_add_string(out, "-");
		break;
	case 6:
		add_size(out, program->memory_bytes);
		break;
	default:
		aa_text_printf(out, "%" PRIu64, program->recursion_misses);
		return program->recursion_misses > 0 ? AA_PAGE_WARN : AA_PAGE_PLAIN;
	}
	return program->ours ? AA_PAGE_PLAIN : AA_PAGE_DIM;
}

static enum aa_page_style map_field(const void *context, size_t row, unsigned column,
				    struct aa_text_buffer *out)
{
	const struct aa_doctor *doctor = context;
	const struct aa_stats_map *map = &doctor->stats.maps[row];

	switch (column) {
	case 0:
		(void)aa_text_sanitize(out, map->name, strlen(map->name));
		break;
	case 1:
		aa_text_add_string(out, map->ours ? "" : "other");
		break;
	case 2:
		(void)aa_text_sanitize(out, map->type, strlen(map->type));
		break;
	case 3:
		aa_text_printf(out, "%" PRIu32, map->id);
		break;
	case 4:
		aa_text_printf(out, "%" PRIu32, map->max_entries);
		break;
	case 5:
		if (map->fill_known)
			aa_text_printf(out, "%" PRIu64, map->fill);
		else
			aa_text_add_string(out, "-");
		break;
	default:
		add_size(out, map->memory_bytes);
		break;
	}
	return map->ours ? AA_PAGE_PLAIN : AA_PAGE_DIM;
}

static void put_stats(struct aa_page *page, const struct aa_doctor *doctor)
{
	static const char *const program_titles[] = { "program", "tier",     "id",     "runs",
						      "mean ns", "verified", "memory", "missed" };
	static const char *const map_titles[] = { "map", "", "type", "id", "entries", "used", "memory" };
	const struct aa_page_table programs = {
		doctor, program_titles, 0xfc, 8, doctor->stats.program_count, program_field
	};
	const struct aa_page_table maps = { doctor, map_titles, 0x78, 7, doctor->stats.map_count, map_field };

	aa_page_heading(
		page,
		"Loaded programs: runs and mean run time since this doctor began, verified instructions");
	aa_page_put_table(page, &programs);
	aa_page_heading(page, "Maps: sizes of rings are bytes");
	aa_page_put_table(page, &maps);
	if (doctor->stats_result < 0) {
		aa_page_pad(page, AA_PAGE_INDENT);
		aa_page_wrap(page, AA_PAGE_WARN, doctor->stats_error.text, AA_PAGE_INDENT, AA_PAGE_INDENT);
	}
	if (doctor->stats.others_error != 0) {
		aa_page_pad(page, AA_PAGE_INDENT);
		aa_page_wrap(page, AA_PAGE_WARN,
			     "those of other recorders cannot be listed: that needs CAP_SYS_ADMIN",
			     AA_PAGE_INDENT, AA_PAGE_INDENT);
	}
}

static void put_features(struct aa_page *page, const struct aa_features *features)
{
	if (features == NULL)
		return;
	aa_page_heading(page, "Features of the kernel");
	for (enum aa_feature_id i = 0; i < AA_FEATURE_COUNT; i++) {
		const struct aa_feature *feature = &features->feature[i];

		aa_page_pad(page, AA_PAGE_INDENT);
		put_labelled(page, aa_feature_name(i), AA_PAGE_PLAIN, feature->present ? "yes" : "no",
			     AA_PAGE_DIM, feature->present ? "" : feature->reason);
	}
}

static void put_time(struct aa_page *page, const struct aa_doctor *doctor)
{
	struct aa_text_buffer line = { 0 };

	if (doctor->open_result == 0) {
		aa_text_add_string(&line, "Loading and proving a recording took ");
		add_delay(&line, doctor->report.total_ns);
		aa_text_add_string(&line, ", this examination ");
		add_delay(&line, doctor->took_ns);
		aa_text_add_string(&line, ". Nothing is left loaded or attached.");
		aa_page_end_line(page);
		aa_page_wrap(page, AA_PAGE_DIM, line.data != NULL ? line.data : "", 0, 0);
	}
	page->out->failed |= line.failed;
	aa_text_release(&line);
}

void aa_doctor_text(const struct aa_doctor *doctor, unsigned width, bool color, struct aa_text_buffer *out)
{
	static const enum aa_page_style styles[] = { AA_PAGE_GOOD, AA_PAGE_WARN, AA_PAGE_BAD };
	struct aa_page page = { .out = out, .width = width, .color = color };

	aa_page_wrap(&page, styles[doctor->verdict], doctor->verdict_text, 0, AA_PAGE_INDENT);
	put_facts(&page, &doctor->host, doctor->verdict_text);
	put_matrix(&page, doctor);
	if (doctor->survey_result < 0 && doctor->open_result == 0) {
		aa_page_end_line(&page);
		aa_page_wrap(&page, AA_PAGE_WARN, doctor->survey_error.text, 0, AA_PAGE_INDENT);
	}
	put_complaints(&page, doctor);
	if (doctor->verbose) {
		put_features(&page, aa_doctor_features(doctor));
		put_stats(&page, doctor);
	}
	put_time(&page, doctor);
}
