/* SPDX-License-Identifier: Apache-2.0 */
/* The .sql files of this directory, embedded by embed_sql.cmake. */
#ifndef AA_SCHEMA_SQL_H
#define AA_SCHEMA_SQL_H

struct aa_sql {
	const char *name; /* "0001", "session/process" */
	const char *sql;
};

/* Sorted by name, ended by a NULL name. */
extern const struct aa_sql aa_sql_files[];

/* The text of one file, or NULL. */
const char *aa_sql_find(const char *name);

#endif
