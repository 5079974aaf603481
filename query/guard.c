/* SPDX-License-Identifier: Apache-2.0 */
/* The authorizer; see guard.h. Allows what is listed: what SQLite may learn in future is refused until then. */
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned session_reads;
static bool lifted;

/* SQLite's functions without effects and without a way out. Sorted. */
static const char *const functions[] = {
	"->",
	"->>",
	"abs",
	"acos",
	"acosh",
	"asin",
	"asinh",
	"atan",
	"atan2",
	"atanh",
	"avg",
	"ceil",
	"ceiling",
	"char",
	"coalesce",
	"concat",
	"concat_ws",
	"cos",
	"cosh",
	"count",
	"cume_dist",
	"current_date",
	"current_time",
	"current_timestamp",
	"date",
	"datetime",
	"degrees",
	"dense_rank",
	"exp",
	"first_value",
	"floor",
	"format",
	"glob",
	"group_concat",
	"hex",
	"ifnull",
	"iif",
	"instr",
	"json",
	"json_array",
	"json_array_length",
	"json_each",
	"json_extract",
	"json_group_array",
	"json_group_object",
	"json_object",
	"json_quote",
	"json_tree",
	"json_type",
	"json_valid",
	"julianday",
	"lag",
	"last_value",
	"lead",
	"length",
	"like",
	"likelihood",
	"likely",
	"ln",
	"log",
	"log10",
	"log2",
	"lower",
	"ltrim",
	"max",
	"min",
	"mod",
	"nth_value",
	"ntile",
	"nullif",
	"octet_length",
	"percent_rank",
	"pi",
	"pow",
	"power",
	"printf",
	"quote",
	"radians",
	"random",
	"rank",
	"replace",
	"round",
	"row_number",
	"rtrim",
	"sign",
	"sin",
	"sinh",
	"sqlite_source_id",
	"sqlite_version",
	"sqrt",
	"strftime",
	"string_agg",
	"substr",
	"substring",
	"subtype",
	"sum",
	"tan",
	"tanh",
	"time",
	"timediff",
	"total",
	"trim",
	"trunc",
	"typeof",
	"unhex",
	"unicode",
	"unixepoch",
	"unlikely",
	"upper",
	"zeroblob",
};

/* PRAGMAs that only tell; with an argument only where it names what to tell about. Sorted. */
static const struct {
	const char *name;
	bool argument;
} pragmas[] = {
	{ "application_id", false },   { "collation_list", false },  { "compile_options", false },
	{ "data_version", false },     { "database_list", false },   { "encoding", false },
	{ "foreign_key_check", true }, { "foreign_key_list", true }, { "freelist_count", false },
	{ "function_list", false },    { "index_info", true },	     { "index_list", true },
	{ "index_xinfo", true },       { "integrity_check", true },  { "page_count", false },
	{ "page_size", false },	       { "quick_check", true },	     { "table_info", true },
	{ "table_list", true },	       { "table_xinfo", true },	     { "user_version", false },
};

static int compare_names(const void *name, const void *member)
{
	return strcasecmp(name, *(const char *const *)member);
}

static int allow_pragma(const char *name, const char *argument)
{
	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
		if (strcasecmp(pragmas[i].name, name) == 0)
			return argument && !pragmas[i].argument ? SQLITE_DENY : SQLITE_OK;
	}
	return SQLITE_DENY;
}

/* "s12_exec" */
static bool is_session_table(const char *name)
{
	size_t digits = *name == 's' ? strspn(name + 1, "0123456789") : 0;

	return digits > 0 && name[1 + digits] == '_';
}

static int authorize(void *context, int action, const char *first, const char *second, const char *database,
		     const char *source)
{
	(void)context;
	(void)database;
	(void)source;
	if (lifted)
		return SQLITE_OK;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_READ:
		session_reads += first && is_session_table(first);
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return second && bsearch(second, functions, sizeof(functions) / sizeof(functions[0]),
					 sizeof(functions[0]), compare_names)
			       ? SQLITE_OK
			       : SQLITE_DENY;
	case SQLITE_PRAGMA:
		return first ? allow_pragma(first, second) : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

void aa_guard_set(struct aa_db *db)
{
	(void)sqlite3_set_authorizer(aa_db_handle(db), authorize, NULL);
}

/* Not by another call of sqlite3_set_authorizer: each makes SQLite prepare all statements anew. */
void aa_guard_lift(void)
{
	lifted = true;
}

void aa_guard_lower(void)
{
	lifted = false;
}

/* SQLite makes the table behind such a function with a CREATE of its own, which would be refused later. */
static void ready_function(struct aa_db *db, const char *name)
{
	sqlite3_stmt *statement = NULL;
	char sql[96];

	(void)snprintf(sql, sizeof(sql), "SELECT 1 FROM %s", name);
	(void)sqlite3_prepare_v2(aa_db_handle(db), sql, -1, &statement, NULL);
	(void)sqlite3_finalize(statement);
}

void aa_guard_ready_functions(struct aa_db *db)
{
	ready_function(db, "json_each");
	ready_function(db, "json_tree");
	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "pragma_%s", pragmas[i].name);
		ready_function(db, name);
	}
}

unsigned aa_guard_session_reads(void)
{
	return session_reads;
}
