/* SPDX-License-Identifier: Apache-2.0 */
/* What the findings of aa-record doctor come to. See doctor.h; pure. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"

const char *aa_cell_name(enum aa_cell cell)
{
	static const char *const names[] = {
		[AA_CELL_NONE] = "-",	     [AA_CELL_UNTRIED] = "untried", [AA_CELL_REFUSED] = "refused",
		[AA_CELL_SILENT] = "silent", [AA_CELL_WORKS] = "works",	    [AA_CELL_CHOSEN] = "chosen",
	};

	return names[cell];
}

const char *aa_verdict_name(enum aa_verdict verdict)
{
	static const char *const names[] = { "records", "limits", "cannot" };

	return names[verdict];
}

const char *aa_fact_state_name(enum aa_fact_state state)
{
	static const char *const names[] = { "ok", "warn", "bad" };

	return names[state];
}

const char *aa_survey_state_name(enum aa_survey_state state)
{
	static const char *const names[] = { "works", "silent", "refused", "untried" };

	return names[state];
}

static bool is_known(const struct aa_features *features)
{
	for (unsigned i = 0; i < AA_FEATURE_COUNT; i++)
		if (features->feature[i].present || features->feature[i].error != 0)
			return true;
	return false;
}

const struct aa_features *aa_doctor_features(const struct aa_doctor *doctor)
{
	if (is_known(&doctor->survey.features))
		return &doctor->survey.features;
	return is_known(&doctor->report.features) ? &doctor->report.features : NULL;
}

/* True if list, words joined by joint, has the word. */
static bool has_word(const char *list, const char *joint, const char *word)
{
	size_t length = strlen(word);
	const char *at = list;

	while ((at = strstr(at, word)) != NULL) {
		bool starts = at == list || strchr(joint, at[-1]) != NULL;

		if (starts && (at[length] == '\0' || strchr(joint, at[length]) != NULL))
			return true;
		at += length;
	}
	return false;
}

static void append(char *text, size_t size, const char *joint, const char *word)
{
	size_t used = strlen(text);

	(void)snprintf(text + used, size - used, "%s%s", used > 0 ? joint : "", word);
}

const char *aa_doctor_tier_of(const struct aa_doctor *doctor, const char *program)
{
	for (unsigned i = 0; i < doctor->choice_count; i++)
		if (doctor->choices[i].attached && has_word(doctor->choices[i].program, "+", program))
			return doctor->choices[i].tier;
	return "";
}

static struct aa_capability *find_capability(struct aa_doctor *doctor, const char *name)
{
	for (unsigned i = 0; i < doctor->capability_count; i++)
		if (strcmp(doctor->capabilities[i].name, name) == 0)
			return &doctor->capabilities[i];
	return NULL;
}

static struct aa_capability *add_capability(struct aa_doctor *doctor, const char *name)
{
	struct aa_capability *capability = find_capability(doctor, name);

	if (capability != NULL || doctor->capability_count == AA_DOCTOR_ROWS)
		return capability;
	capability = &doctor->capabilities[doctor->capability_count++];
	*capability = (struct aa_capability){ .name = name };
	for (unsigned i = 0; i < AA_PROOF_COUNT; i++) {
		const struct aa_proof *proof = &doctor->report.proofs[i];

		if (proof->capability != NULL && strcmp(proof->capability, name) == 0)
			capability->proof = proof;
	}
	return capability;
}

static void raise_cell(struct aa_capability *capability, enum aa_tier tier, enum aa_cell cell)
{
	if (tier > AA_TIER_ANY && tier < AA_TIER_COUNT && capability->cells[tier] < cell)
		capability->cells[tier] = cell;
}

static void judge_capabilities(struct aa_doctor *doctor)
{
	static const enum aa_cell cells[] = {
		[AA_SURVEY_WORKS] = AA_CELL_WORKS,
		[AA_SURVEY_SILENT] = AA_CELL_SILENT,
		[AA_SURVEY_REFUSED] = AA_CELL_REFUSED,
		[AA_SURVEY_UNTRIED] = AA_CELL_UNTRIED,
	};

	for (unsigned i = 0; i < doctor->survey.count; i++) {
		const struct aa_survey_row *row = &doctor->survey.rows[i];
		struct aa_capability *capability = add_capability(doctor, row->capability);

		if (capability == NULL)
			continue;
		capability->required |= row->required;
		raise_cell(capability, row->tier, cells[row->state]);
	}
	for (unsigned i = 0; i < doctor->choice_count; i++) {
		const struct aa_choice *choice = &doctor->choices[i];
		struct aa_capability *capability = add_capability(doctor, choice->capability);
		enum aa_tier tier;

		if (capability == NULL || aa_tier_parse(choice->tier, &tier) < 0)
			continue;
		if (choice->attached) {
			raise_cell(capability, tier, AA_CELL_CHOSEN);
			capability->choice = choice;
		} else if (doctor->survey_result < 0) { /* else the survey knows better why */
			raise_cell(capability, tier, choice->error != 0 ? AA_CELL_REFUSED : AA_CELL_UNTRIED);
		}
	}
}

static size_t program_name(const char *text)
{
	return strncmp(text, "aa_", 3) == 0 ? strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;
}

/* Reasons name their programs; two that differ in nothing else are one. */
static bool same_reason(const char *left, const char *right)
{
	while (*left != '\0' && *right != '\0') {
		size_t left_name = program_name(left), right_name = program_name(right);

		if (left_name > 0 && right_name > 0) {
			left += left_name;
			right += right_name;
		} else if (*left++ != *right++) {
			return false;
		}
	}
	return *left == *right;
}

static bool same_complaint(const struct aa_survey_row *a, const struct aa_survey_row *b)
{
	return a->tier == b->tier && a->state == b->state && a->error == b->error &&
	       same_reason(a->reason, b->reason);
}

/* What the kernel's answer means to somebody who wants that tier; a recording does without. */
static const char *advice_for(const struct aa_survey_row *row)
{
	if (row->state != AA_SURVEY_REFUSED)
		return "";
	if (row->error == EPERM && row->tier <= AA_TIER_KPROBE)
		return "the capabilities are there: this kernel, a security module or a container's policy "
		       "forbids it";
	if (row->error == ENOENT && row->tier == AA_TIER_KPROBE &&
	    strstr(row->reason, "event_source") != NULL)
		return "this kernel was built without CONFIG_KPROBE_EVENTS";
	return "";
}

/* A row that was not needed, as another of its tier works. */
static bool is_spare(struct aa_doctor *doctor, const struct aa_survey_row *row)
{
	const struct aa_capability *capability = find_capability(doctor, row->capability);

	return row->state == AA_SURVEY_UNTRIED && capability != NULL &&
	       capability->cells[row->tier] >= AA_CELL_WORKS;
}

static void complain(struct aa_doctor *doctor, const struct aa_survey_row *row)
{
	struct aa_complaint *complaint = NULL;

	if (row->state == AA_SURVEY_WORKS || is_spare(doctor, row))
		return;
	for (unsigned i = 0; i < doctor->complaint_count && complaint == NULL; i++)
		if (same_complaint(doctor->complaints[i].row, row))
			complaint = &doctor->complaints[i];
	if (complaint == NULL) {
		complaint = &doctor->complaints[doctor->complaint_count++];
		*complaint = (struct aa_complaint){ .row = row, .advice = advice_for(row) };
	}
	complaint->count++;
	if (!has_word(complaint->capabilities, ", ", row->capability))
		append(complaint->capabilities, sizeof(complaint->capabilities), ", ", row->capability);
}

static bool chosen_in(const struct aa_doctor *doctor, const char *group, enum aa_tier tier)
{
	for (unsigned i = 0; i < doctor->capability_count; i++)
		if (strncmp(doctor->capabilities[i].name, group, strlen(group)) == 0 &&
		    doctor->capabilities[i].cells[tier] == AA_CELL_CHOSEN)
			return true;
	return false;
}

/* "processes (precise), files (precise, basic)" */
static void describe_tiers(const struct aa_doctor *doctor, char *ret_text, size_t size)
{
	static const struct {
		const char *group, *words;
	} groups[] = { { "process.", "processes" }, { "file.", "files" } };

	*ret_text = '\0';
	for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		char tiers[64] = "", words[96];

		for (enum aa_tier tier = AA_TIER_PRECISE; tier < AA_TIER_COUNT; tier++)
			if (chosen_in(doctor, groups[i].group, tier))
				append(tiers, sizeof(tiers), ", ", aa_tier_name(tier));
		(void)snprintf(words, sizeof(words), "%s (%s)", groups[i].words, tiers);
		if (i == 0 || tiers[0] != '\0')
			append(ret_text, size, ", ", words);
	}
}

/* The kernel was built without what would be recorded: nothing is missing. */
static bool is_absent(const struct aa_doctor *doctor, const char *name)
{
	bool any = false;

	for (unsigned i = 0; i < doctor->survey.count; i++) {
		const struct aa_survey_row *row = &doctor->survey.rows[i];

		if (strcmp(row->capability, name) != 0)
			continue;
		if (!row->optional || row->error != ENOENT)
			return false;
		any = true;
	}
	return any;
}

static void judge_verdict(struct aa_doctor *doctor)
{
	char tiers[200], missing[512] = "";

	if (doctor->open_result < 0) {
		doctor->verdict = AA_VERDICT_CANNOT;
		(void)snprintf(doctor->verdict_text, sizeof(doctor->verdict_text),
			       "this host cannot record: %s", doctor->open_error.text);
		return;
	}
	describe_tiers(doctor, tiers, sizeof(tiers));
	for (unsigned i = 0; i < doctor->capability_count; i++)
		if (doctor->capabilities[i].choice == NULL &&
		    !is_absent(doctor, doctor->capabilities[i].name))
			append(missing, sizeof(missing), ", ", doctor->capabilities[i].name);
	for (unsigned i = 0; i < doctor->host.count; i++)
		if (strcmp(doctor->host.facts[i].name, "capabilities") == 0 &&
		    strstr(doctor->host.facts[i].value, "CAP_SYS_PTRACE") != NULL)
			append(missing, sizeof(missing), ", ", "arguments of other users' running processes");
	doctor->verdict = missing[0] != '\0' ? AA_VERDICT_LIMITS : AA_VERDICT_RECORDS;
	if (missing[0] != '\0')
		(void)snprintf(doctor->verdict_text, sizeof(doctor->verdict_text),
			       "this host records, with limits: %s, without %s", tiers, missing);
	else
		(void)snprintf(doctor->verdict_text, sizeof(doctor->verdict_text), "this host can record: %s",
			       tiers);
}

static bool is_forbidden(int error)
{
	return error == EPERM || error == EACCES;
}

/* Facts that are harmless until something is refused that they may forbid. */
static void judge_suspects(struct aa_doctor *doctor)
{
	bool any = doctor->open_result < 0 && is_forbidden(-doctor->open_result), kprobe = any;

	for (unsigned i = 0; i < doctor->survey.count; i++) {
		const struct aa_survey_row *row = &doctor->survey.rows[i];
		bool forbidden = row->state == AA_SURVEY_REFUSED && is_forbidden(row->error);

		any |= forbidden;
		kprobe |= forbidden && row->tier == AA_TIER_KPROBE;
	}
	for (unsigned i = 0; i < doctor->host.count; i++) {
		struct aa_fact *fact = &doctor->host.facts[i];

		if ((any && strcmp(fact->name, "seccomp") == 0) ||
		    (kprobe && strcmp(fact->name, "perf_event_paranoid") == 0))
			fact->state = AA_FACT_WARN;
	}
}

void aa_doctor_judge(struct aa_doctor *doctor)
{
	doctor->capability_count = 0;
	doctor->complaint_count = 0;
	judge_capabilities(doctor);
	for (unsigned i = 0; i < doctor->survey.count; i++)
		complain(doctor, &doctor->survey.rows[i]);
	judge_suspects(doctor);
	judge_verdict(doctor);
}
