/* SPDX-License-Identifier: Apache-2.0 */
/* aa-record doctor for people. See doctor.h; pure. Everything from outside is made terminal-safe where it is put in. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"

enum style {
	STYLE_PLAIN,
	STYLE_DIM,
	STYLE_TITLE,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
};

#define INDENT	     2
#define VALUE_INDENT 18 /* where values begin */
#define NARROW	     48 /* below, values go under their titles */
#define GAP	     2

struct page {
	struct aa_text_buffer *out;
	unsigned width;
	bool color;
};

static void pad(struct page *page, size_t count)
{
	for (size_t i = 0; i < count; i++)
		aa_text_add(page->out, " ", 1);
}

static void end_line(struct page *page)
{
	aa_text_add(page->out, "\n", 1);
}

/* Begins to paint, or ends it. */
static void set_style(struct page *page, enum style style, bool begin)
{
	static const char *const codes[] = { "", "\x1b[2m", "\x1b[1m", "\x1b[32m", "\x1b[33m", "\x1b[31m" };

	if (page->color && style != STYLE_PLAIN)
		aa_text_add_string(page->out, begin ? codes[style] : "\x1b[0m");
}

static void paint(struct page *page, enum style style, const char *text, size_t size)
{
	set_style(page, style, true);
	aa_text_add(page->out, text, size);
	set_style(page, style, false);
}

/* Characters, not bytes: what is here is sanitized UTF-8 of single width. */
static size_t columns(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/*
 * Text broken at blanks, from column `at` on; later lines begin at column indent. A word that is longer than a line stays
 * whole, as it may be a path that is copied. Ends its last line.
 */
static void wrap(struct page *page, enum style style, const char *text, size_t at, size_t indent)
{
	struct aa_text_buffer safe = { 0 };
	const char *word;
	bool first = true;

	(void)aa_text_sanitize(&safe, text, strlen(text));
	page->out->failed |= safe.failed;
	set_style(page, style, true);
	for (word = safe.data != NULL ? safe.data : ""; *word != '\0';) {
		size_t size = strcspn(word, " ");
		size_t wide = columns(word, size);

		if (!first && at + 1 + wide > page->width) {
			set_style(page, style, false);
			end_line(page);
			pad(page, indent);
			set_style(page, style, true);
			at = indent;
			first = true;
		}
		if (!first) {
			aa_text_add(page->out, " ", 1);
			at++;
		}
		aa_text_add(page->out, word, size);
		at += wide;
		first = false;
		word += size;
		word += strspn(word, " ");
	}
	set_style(page, style, false);
	end_line(page);
	aa_text_release(&safe);
}

static void heading(struct page *page, const char *text)
{
	end_line(page);
	wrap(page, STYLE_TITLE, text, 0, 0);
}

/* --- tables ----------------------------------------------------------------------------------------------- */

struct table {
	const void *context;
	const char *const *titles;
	unsigned right; /* bit per column: numbers */
	unsigned column_count;
	size_t row_count;
	/* Appends the text of a field, safe for a terminal; returns its style. */
	enum style (*field)(const void *context, size_t row, unsigned column, struct aa_text_buffer *out);
};

#define TABLE_COLUMNS 8

/* Text of one field, valid until the next call with the same buffer. */
static const char *field_text(const struct table *table, size_t row, unsigned column,
			      struct aa_text_buffer *buffer, enum style *ret_style)
{
	aa_text_clear(buffer);
	*ret_style = table->field(table->context, row, column, buffer);
	return buffer->data != NULL && buffer->size > 0 ? buffer->data : "";
}

static size_t measure(const struct table *table, struct aa_text_buffer *buffer, size_t *ret_widths)
{
	size_t total = INDENT;

	for (unsigned i = 0; i < table->column_count; i++) {
		ret_widths[i] = strlen(table->titles[i]);
		for (size_t row = 0; row < table->row_count; row++) {
			enum style style;
			const char *text = field_text(table, row, i, buffer, &style);
			size_t wide = columns(text, strlen(text));

			if (wide > ret_widths[i])
				ret_widths[i] = wide;
		}
		total += ret_widths[i] + (i > 0 ? GAP : 0);
	}
	return total;
}

static void put_field(struct page *page, const struct table *table, unsigned column, enum style style,
		      const char *text, size_t width)
{
	size_t size = strlen(text), wide = columns(text, size);
	bool last = column + 1 == table->column_count, right = (table->right >> column & 1) != 0;

	pad(page, column == 0 ? INDENT : GAP);
	if (right && wide < width)
		pad(page, width - wide);
	paint(page, style, text, size);
	if (!right && !last && wide < width)
		pad(page, width - wide);
}

/* For a narrow page: the first field, and below it each other one behind its title. */
static void put_rows_as_lists(struct page *page, const struct table *table, struct aa_text_buffer *buffer)
{
	struct aa_text_buffer line = { 0 };

	for (size_t row = 0; row < table->row_count; row++) {
		for (unsigned i = 0; i < table->column_count; i++) {
			size_t indent = i == 0 ? INDENT : 2 * INDENT;
			enum style style;
			const char *text = field_text(table, row, i, buffer, &style);

			if (*text == '\0')
				continue;
			aa_text_clear(&line);
			aa_text_printf(&line, "%s%s%s", i == 0 ? "" : table->titles[i], i == 0 ? "" : " ",
				       text);
			pad(page, indent);
			wrap(page, style, line.data != NULL ? line.data : "", indent, indent + INDENT);
		}
	}
	page->out->failed |= line.failed;
	aa_text_release(&line);
}

static void put_table(struct page *page, const struct table *table)
{
	struct aa_text_buffer buffer = { 0 };
	size_t widths[TABLE_COLUMNS];

	if (measure(table, &buffer, widths) > page->width) {
		put_rows_as_lists(page, table, &buffer);
		aa_text_release(&buffer);
		return;
	}
	for (unsigned i = 0; i < table->column_count; i++)
		put_field(page, table, i, STYLE_DIM, table->titles[i], widths[i]);
	end_line(page);
	for (size_t row = 0; row < table->row_count; row++) {
		for (unsigned i = 0; i < table->column_count; i++) {
			enum style style;
			const char *text = field_text(table, row, i, &buffer, &style);

			put_field(page, table, i, style, text, widths[i]);
		}
		end_line(page);
	}
	page->out->failed |= buffer.failed;
	aa_text_release(&buffer);
}

/* --- the parts -------------------------------------------------------------------------------------------- */

/* A title, and beside it, or below it on a narrow page, its value and a remark. */
static void put_labelled(struct page *page, const char *title, enum style style, const char *value,
			 enum style remark_style, const char *remark)
{
	size_t indent = page->width < NARROW ? 2 * INDENT : VALUE_INDENT, used = INDENT + strlen(title);

	aa_text_add_string(page->out, title);
	if (used + 1 > indent) {
		end_line(page);
		used = 0;
	}
	pad(page, indent - used);
	wrap(page, style, value, indent, indent);
	if (remark[0] == '\0')
		return;
	pad(page, indent);
	wrap(page, remark_style, remark, indent, indent);
}

static void put_fact(struct page *page, const struct aa_fact *fact)
{
	static const enum style styles[] = { STYLE_PLAIN, STYLE_WARN, STYLE_BAD };
	static const char marks[] = { ' ', '!', 'X' };
	char title[32];

	(void)snprintf(title, sizeof(title), "%s", fact->name);
	for (char *at = title; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	paint(page, styles[fact->state], &marks[fact->state], 1);
	pad(page, INDENT - 1);
	put_labelled(page, title, styles[fact->state], fact->value,
		     fact->state == AA_FACT_OK ? STYLE_DIM : STYLE_PLAIN, fact->advice);
}

static void put_facts(struct page *page, const struct aa_host *host)
{
	heading(page, "Host");
	for (unsigned i = 0; i < host->count; i++)
		put_fact(page, &host->facts[i]);
}

static void add_delay(struct aa_text_buffer *out, uint64_t ns)
{
	aa_text_printf(out, "%" PRIu64 ".%02" PRIu64 " ms", ns / 1000000, ns / 10000 % 100);
}

static enum style proof_field(const struct aa_capability *capability, struct aa_text_buffer *out)
{
	if (capability->proof == NULL || capability->choice == NULL) {
		aa_text_add_string(out, "-");
		return STYLE_DIM;
	}
	if (!capability->proof->arrived) {
		aa_text_add_string(out, "nothing came");
		return STYLE_BAD;
	}
	add_delay(out, capability->proof->delay_ns);
	return STYLE_PLAIN;
}

static enum style matrix_field(const void *context, size_t row, unsigned column, struct aa_text_buffer *out)
{
	static const enum style styles[] = {
		[AA_CELL_NONE] = STYLE_DIM,    [AA_CELL_UNTRIED] = STYLE_DIM, [AA_CELL_REFUSED] = STYLE_WARN,
		[AA_CELL_SILENT] = STYLE_WARN, [AA_CELL_WORKS] = STYLE_PLAIN, [AA_CELL_CHOSEN] = STYLE_GOOD,
	};
	const struct aa_doctor *doctor = context;
	const struct aa_capability *capability = &doctor->capabilities[row];

	if (column == 0) {
		aa_text_add_string(out, capability->name);
		return STYLE_PLAIN;
	}
	if (column == AA_TIER_COUNT)
		return proof_field(capability, out);
	aa_text_add_string(out, aa_cell_name(capability->cells[column]));
	return styles[capability->cells[column]];
}

static void put_matrix(struct page *page, const struct aa_doctor *doctor)
{
	const char *titles[AA_TIER_COUNT + 1] = { "capability" };
	struct table table = {
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
	heading(page, "What can be recorded, by which kind of eBPF program (best first)");
	put_table(page, &table);
}

/* Why nothing serves it is said with the tiers, or, where there was no survey, here. */
static void put_unserved(struct page *page, const struct aa_doctor *doctor,
			 const struct aa_capability *capability)
{
	struct aa_text_buffer line = { 0 };

	aa_text_printf(&line, "%s is not recorded", capability->name);
	paint(page, STYLE_BAD, "X", 1);
	pad(page, INDENT - 1);
	wrap(page, STYLE_BAD, line.data != NULL ? line.data : "", INDENT, 2 * INDENT);
	for (unsigned i = 0; i < doctor->choice_count && doctor->survey_result < 0; i++) {
		const struct aa_choice *choice = &doctor->choices[i];

		if (strcmp(choice->capability, capability->name) != 0)
			continue;
		aa_text_clear(&line);
		aa_text_printf(&line, "%s: %s", choice->tier, choice->reason);
		pad(page, 2 * INDENT);
		wrap(page, STYLE_DIM, line.data != NULL ? line.data : "", 2 * INDENT, 2 * INDENT);
	}
	page->out->failed |= line.failed;
	aa_text_release(&line);
}

static void put_reason(struct page *page, const char *text)
{
	if (text[0] == '\0')
		return;
	pad(page, 2 * INDENT);
	wrap(page, STYLE_DIM, text, 2 * INDENT, 2 * INDENT);
}

static void put_complaints(struct page *page, const struct aa_doctor *doctor)
{
	bool complete = true;

	for (unsigned i = 0; i < doctor->capability_count; i++)
		complete &= doctor->capabilities[i].choice != NULL;
	if (doctor->complaint_count == 0 && complete)
		return;
	heading(page, "Why not");
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
		pad(page, INDENT);
		wrap(page, STYLE_PLAIN, title.data != NULL ? title.data : "", INDENT, 2 * INDENT);
		page->out->failed |= title.failed;
		aa_text_release(&title);
		put_reason(page, complaint->row->reason);
		put_reason(page, complaint->advice);
	}
	if (complete && doctor->open_result == 0) {
		pad(page, INDENT);
		wrap(page, STYLE_PLAIN, "Nothing to do: what is chosen above serves every capability.",
		     INDENT, INDENT);
	}
}

static void add_size(struct aa_text_buffer *out, uint64_t bytes)
{
	if (bytes >= 10u << 20)
		aa_text_printf(out, "%" PRIu64 " MiB", bytes >> 20);
	else
		aa_text_printf(out, "%" PRIu64 " KiB", (bytes + 1023) >> 10);
}

static enum style program_field(const void *context, size_t row, unsigned column, struct aa_text_buffer *out)
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
		return program->recursion_misses > 0 ? STYLE_WARN : STYLE_PLAIN;
	}
	return program->ours ? STYLE_PLAIN : STYLE_DIM;
}

static enum style map_field(const void *context, size_t row, unsigned column, struct aa_text_buffer *out)
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
	return map->ours ? STYLE_PLAIN : STYLE_DIM;
}

static void put_stats(struct page *page, const struct aa_doctor *doctor)
{
	static const char *const program_titles[] = { "program", "tier",     "id",     "runs",
						      "mean ns", "verified", "memory", "missed" };
	static const char *const map_titles[] = { "map", "", "type", "id", "entries", "used", "memory" };
	const struct table programs = { doctor,	      program_titles, 0xfc, 8, doctor->stats.program_count,
					program_field };
	const struct table maps = { doctor, map_titles, 0x78, 7, doctor->stats.map_count, map_field };

	heading(page,
		"Loaded programs: runs and mean run time since this doctor began, verified instructions");
	put_table(page, &programs);
	heading(page, "Maps: sizes of rings are bytes");
	put_table(page, &maps);
	if (doctor->stats_result < 0) {
		pad(page, INDENT);
		wrap(page, STYLE_WARN, doctor->stats_error.text, INDENT, INDENT);
	}
	if (doctor->stats.others_error != 0) {
		pad(page, INDENT);
		wrap(page, STYLE_WARN, "those of other recorders cannot be listed: that needs CAP_SYS_ADMIN",
		     INDENT, INDENT);
	}
}

static void put_features(struct page *page, const struct aa_features *features)
{
	if (features == NULL)
		return;
	heading(page, "Features of the kernel");
	for (enum aa_feature_id i = 0; i < AA_FEATURE_COUNT; i++) {
		const struct aa_feature *feature = &features->feature[i];

		pad(page, INDENT);
		put_labelled(page, aa_feature_name(i), STYLE_PLAIN, feature->present ? "yes" : "no",
			     STYLE_DIM, feature->present ? "" : feature->reason);
	}
}

static void put_time(struct page *page, const struct aa_doctor *doctor)
{
	struct aa_text_buffer line = { 0 };

	if (doctor->open_result == 0) {
		aa_text_add_string(&line, "Loading and proving a recording took ");
		add_delay(&line, doctor->report.total_ns);
		aa_text_add_string(&line, ", this examination ");
		add_delay(&line, doctor->took_ns);
		aa_text_add_string(&line, ". Nothing is left loaded or attached.");
		end_line(page);
		wrap(page, STYLE_DIM, line.data != NULL ? line.data : "", 0, 0);
	}
	page->out->failed |= line.failed;
	aa_text_release(&line);
}

void aa_doctor_text(const struct aa_doctor *doctor, unsigned width, bool color, struct aa_text_buffer *out)
{
	static const enum style styles[] = { STYLE_GOOD, STYLE_WARN, STYLE_BAD };
	struct page page = { .out = out, .width = width, .color = color };

	wrap(&page, styles[doctor->verdict], doctor->verdict_text, 0, INDENT);
	put_facts(&page, &doctor->host);
	put_matrix(&page, doctor);
	if (doctor->survey_result < 0 && doctor->open_result == 0) {
		end_line(&page);
		wrap(&page, STYLE_WARN, doctor->survey_error.text, 0, INDENT);
	}
	put_complaints(&page, doctor);
	if (doctor->verbose) {
		put_features(&page, aa_doctor_features(doctor));
		put_stats(&page, doctor);
	}
	put_time(&page, doctor);
}
