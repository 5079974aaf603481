/* SPDX-License-Identifier: Apache-2.0 */
/* What every command of aa-query gets, and how it presents itself. */
#ifndef AA_QUERY_QUERY_H
#define AA_QUERY_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "db.h"
#include "error.h"
#include "filter.h"
#include "options.h"
#include "out.h"
#include "render/render.h"

/* Exit statuses. */
enum aa_status {
	AA_ANSWERED = 0,
	AA_NOTHING = 1,	   /* nothing found */
	AA_USAGE = 2,	   /* the command line, or a statement, is wrong */
	AA_UNREADABLE = 3, /* the database cannot be read, or the answer not written */
	AA_HOLES = 4,	   /* tls --raw: written, but not all of it is there */
};

/* What the options say. Zero-initialised, then their defaults from the tables in options.c. */
struct aa_settings {
	const char *db;
	const char *session; /* NULL: the command's default */
	const char *format;
	const char *color;
	bool no_pager;
	bool wide;
	bool utc;
	bool quiet;
	bool help;
	bool version;
	struct aa_filter filter;
	/* Of single commands. */
	struct aa_moment at;
	bool absolute;
	bool hooks;
	struct aa_number id;
	bool all; /* also what is in the way */
	bool written;
	bool deleted;
	bool created;
	bool failed;
	bool left;
	bool tree;
	bool last;
	const char *sort;
	const char *diff;
	struct aa_number version_content;
	const char *host;
	const char *raw;
	const char *method;
	const char *status;
	const char *grep;
	const char *request_path;
	bool fill;
	bool headers;
	bool body;
	bool sse;
	bool plaintext;
	bool matches_secret;
};

struct aa_query {
	struct aa_db *db;
	struct aa_settings settings;
	char **arguments; /* of the command */
	int argument_count;
	int64_t now_ns;
	struct aa_render render;
	struct aa_out out;
	struct aa_error error;
	bool told;	  /* the answer says itself that there is nothing */
	bool about_tls;	  /* likewise with --tls-max-call and --tls-max-connection */
	bool about_files; /* the answer would hold what was left out with --files and --exclude */
};

/* Flags of a command: what it can do with --session. */
#define AA_COMMAND_ALL	0x1u /* takes --session all */
#define AA_COMMAND_LIST 0x2u /* without --session: all */

struct aa_command {
	const char *name;
	const char *usage; /* of its arguments, not of its options */
	const char *summary;
	const char *description; /* for --help: what the options do not say */
	unsigned filters;	 /* AA_FILTER_*: the common filters that it takes */
	unsigned flags;		 /* AA_COMMAND_* */
	int argument_min;
	int argument_max;
	const struct aa_option *options; /* its own; ended by a NULL name; NULL: none */
	enum aa_status (*run)(struct aa_query *query);
};

extern const struct aa_command aa_command_sessions;
extern const struct aa_command aa_command_tree;
extern const struct aa_command aa_command_timeline;
extern const struct aa_command aa_command_process;
extern const struct aa_command aa_command_files;
extern const struct aa_command aa_command_history;
extern const struct aa_command aa_command_tls;
extern const struct aa_command aa_command_gaps;
extern const struct aa_command aa_command_sql;

/* All commands, ended by NULL. */
extern const struct aa_command *const aa_commands[];

/* NULL if there is none of that name. */
const struct aa_command *aa_command_find(const char *name);

#endif
