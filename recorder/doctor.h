/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of `aa-record doctor` share: what was found out, what it comes to, and the two ways to show it.
 * Judging and showing are pure, so that the tests can forge a host.
 */
#ifndef AA_RECORDER_DOCTOR_H
#define AA_RECORDER_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "doctor_host.h"
#include "error.h"
#include "probes.h"
#include "stats.h"
#include "text.h"

#define AA_DOCTOR_ROWS 96

/* A probe row of the recording that was tried; its strings are copies, as the kernel side is closed by now. */
struct aa_choice {
	char capability[32];
	char tier[16];
	char program[768];
	char reason[512]; /* "" when attached */
	bool attached;
	int error;
};

enum aa_verdict {
	AA_VERDICT_RECORDS,
	AA_VERDICT_LIMITS, /* it works, but something is missing from what it records */
	AA_VERDICT_CANNOT,
};

/* A field of the table capability x tier, the best of its rows; in ascending order. */
enum aa_cell {
	AA_CELL_NONE, /* no such program, or not asked for */
	AA_CELL_UNTRIED,
	AA_CELL_REFUSED,
	AA_CELL_SILENT,
	AA_CELL_WORKS,
	AA_CELL_CHOSEN, /* what a recording uses */
};

struct aa_capability {
	const char *name;
	bool required;
	const struct aa_choice *choice; /* NULL: nothing serves it */
	const struct aa_proof *proof;	/* NULL: the self-test makes no event of it */
	enum aa_cell cells[AA_TIER_COUNT];
};

/* Rows of one tier that failed alike: said once. */
struct aa_complaint {
	const struct aa_survey_row *row; /* the first */
	char capabilities[256];		 /* of all, separated by ", " */
	const char *advice;		 /* what it means and what to do, "" where the reason says it */
	unsigned count;
};

struct aa_doctor {
	/* found out */
	struct aa_host host;
	const char *tier; /* of --tier, or NULL */
	bool verbose;
	int open_result; /* of the recording that was tried: 0 or a negative errno */
	struct aa_error open_error;
	struct aa_probes_report report;
	struct aa_choice choices[AA_DOCTOR_ROWS];
	unsigned choice_count;
	int survey_result;
	struct aa_error survey_error;
	struct aa_survey survey;
	int stats_result; /* with verbose */
	struct aa_error stats_error;
	struct aa_stats stats;
	uint64_t took_ns;
	/* judged */
	enum aa_verdict verdict;
	char verdict_text[1400]; /* the first line: "this host can record: processes (precise)" */
	struct aa_capability capabilities[AA_DOCTOR_ROWS];
	unsigned capability_count;
	struct aa_complaint complaints[AA_SURVEY_ROWS];
	unsigned complaint_count;
};

/* Fills what is judged from what was found out; its pointers lead into *doctor. */
void aa_doctor_judge(struct aa_doctor *doctor);

/* What is known of the kernel's features; NULL if nothing was tried. */
const struct aa_features *aa_doctor_features(const struct aa_doctor *doctor);

/* The tier that a loaded program serves a recording in; "" for one of another recorder. */
const char *aa_doctor_tier_of(const struct aa_doctor *doctor, const char *program);

const char *aa_cell_name(enum aa_cell cell);	      /* "chosen" ...; "-" for none */
const char *aa_verdict_name(enum aa_verdict verdict); /* "records", "limits", "cannot" */
const char *aa_fact_state_name(enum aa_fact_state state);
const char *aa_survey_state_name(enum aa_survey_state state);

/* For people: lines of at most width columns where that can be, with colours only if asked for. */
void aa_doctor_text(const struct aa_doctor *doctor, unsigned width, bool color, struct aa_text_buffer *out);

/* One object, as aa-record.8 describes it. */
void aa_doctor_json(const struct aa_doctor *doctor, struct aa_text_buffer *out);

#endif
