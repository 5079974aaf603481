/* SPDX-License-Identifier: Apache-2.0 */
/* Options as data: each has a type, a range, a default and its help in one row of a table. */
#ifndef AA_QUERY_OPTIONS_H
#define AA_QUERY_OPTIONS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct aa_command;
struct aa_error;
struct aa_settings;

enum aa_option_type {
	AA_OPTION_SWITCH,  /* bool, no argument */
	AA_OPTION_STRING,  /* const char * */
	AA_OPTION_INTEGER, /* struct aa_number, minimum to maximum */
	AA_OPTION_CHOICE,  /* const char *, one of choices */
	AA_OPTION_MOMENT,  /* struct aa_moment */
	AA_OPTION_KINDS,   /* uint64_t, bits of aa_kinds */
};

struct aa_option {
	const char *name; /* NULL ends a table */
	char letter;	  /* 0: none */
	enum aa_option_type type;
	const char *argument; /* its name in the help; NULL for a switch */
	const char *choices;  /* "text|json" */
	const char *initial;  /* default, as it would be typed; NULL: unset */
	int64_t minimum;
	int64_t maximum;
	unsigned filter; /* AA_FILTER_*: only for commands that take it; 0: for all */
	size_t offset;	 /* in struct aa_settings */
	const char *help;
};

/* Of every command, and the common filters. */
extern const struct aa_option aa_global_options[];
extern const struct aa_option aa_filter_options[];

/* Sets the defaults. */
void aa_options_defaults(struct aa_settings *settings);

/*
 * Reads options from arguments[0..count) until the first word that is none, or "--", which is skipped. command
 * NULL: only global ones. Returns how many words were taken, or -EINVAL with a text.
 */
int aa_options_parse(const struct aa_command *command, char **arguments, int count,
		     struct aa_settings *settings, struct aa_error *error);

/* Help, from the tables. */
void aa_options_help(FILE *file, const struct aa_command *command);

#endif
