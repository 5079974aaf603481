/* SPDX-License-Identifier: Apache-2.0 */
/* Statements and their rows; see statement.h. */
#include "statement.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "memory.h"
#include "replay/array.h"

void aa_statement_closep(sqlite3_stmt **statement)
{
	(void)sqlite3_finalize(*statement);
	*statement = NULL;
}

int aa_statement_open(struct aa_query *query, sqlite3_stmt **ret_statement, const char *sql)
{
	if (aa_db_prepare(query->db, sql, ret_statement, NULL) != SQLITE_OK)
		return aa_db_error(query->db, &query->error, "read the database");
	return 0;
}

int aa_statement_open_session(struct aa_query *query, sqlite3_stmt **ret_statement, int64_t session_id,
			      const char *sql)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer text = { 0 };
	const char *from = sql;

	for (const char *at = sql; (at = strstr(at, "s0_")) != NULL; at += 3) {
		if (at > sql && (isalnum((unsigned char)at[-1]) || at[-1] == '_'))
			continue;
		aa_text_add(&text, from, (size_t)(at - from));
		aa_text_printf(&text, "s%" PRId64 "_", session_id);
		from = at + 3;
	}
	aa_text_add_string(&text, from);
	if (text.failed)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	return aa_statement_open(query, ret_statement, text.data);
}

/* The guard is for statements of others; these two are ours. */
int aa_query_begin(struct aa_query *query)
{
	int r;

	aa_guard_lift();
	r = aa_db_exec(query->db, "BEGIN", &query->error);
	aa_guard_lower();
	return r;
}

void aa_query_end(struct aa_query *query)
{
	aa_guard_lift();
	(void)aa_db_exec(query->db, "COMMIT", NULL);
	aa_guard_lower();
}

int aa_statement_step(struct aa_query *query, sqlite3_stmt *statement)
{
	switch (aa_db_step(statement)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return aa_db_error(query->db, &query->error, "read the database");
	}
}

void aa_statement_bind_text(sqlite3_stmt *statement, const char *name, const char *text)
{
	int parameter = sqlite3_bind_parameter_index(statement, name);

	if (parameter > 0)
		(void)sqlite3_bind_text(statement, parameter, text, -1, SQLITE_STATIC);
}

void aa_statement_bind_integer(sqlite3_stmt *statement, const char *name, int64_t value)
{
	int parameter = sqlite3_bind_parameter_index(statement, name);

	if (parameter > 0)
		(void)sqlite3_bind_int64(statement, parameter, value);
}

struct aa_cell aa_statement_cell(sqlite3_stmt *statement, int column)
{
	struct aa_cell cell = { .type = AA_CELL_NULL };

	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_INTEGER:
		cell.type = AA_CELL_INTEGER;
		cell.integer = sqlite3_column_int64(statement, column);
		break;
	case SQLITE_FLOAT:
		cell.type = AA_CELL_REAL;
		cell.real = sqlite3_column_double(statement, column);
		break;
	case SQLITE_TEXT:
		cell.type = AA_CELL_TEXT;
		cell.bytes = (const char *)sqlite3_column_text(statement, column);
		break;
	case SQLITE_BLOB:
		cell.type = AA_CELL_BYTES;
		cell.bytes = sqlite3_column_blob(statement, column);
		break;
	default:
		break;
	}
	if (cell.type == AA_CELL_TEXT || cell.type == AA_CELL_BYTES) {
		cell.size = (size_t)sqlite3_column_bytes(statement, column);
		if (!cell.bytes) {
			cell.bytes = "";
			cell.size = 0;
		}
	}
	return cell;
}

const char *aa_statement_text(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? text : "";
}

int aa_cell_to_args(struct aa_cell *cell, char **ret_block)
{
	char *block;

	*ret_block = NULL;
	if (cell->type != AA_CELL_TEXT && cell->type != AA_CELL_BYTES)
		return 0;
	block = malloc(cell->size + 1);
	if (!block)
		return -ENOMEM;
	memcpy(block, cell->bytes, cell->size);
	block[cell->size] = '\0';
	/* A command line is stored alone only where its spaces are the ends of the arguments (text.h). */
	if (cell->type == AA_CELL_TEXT) {
		for (size_t i = 0; i < cell->size; i++)
			block[i] = block[i] == ' ' ? '\0' : block[i];
		cell->size++;
	}
	cell->type = AA_CELL_ARGS;
	cell->bytes = block;
	*ret_block = block;
	return 0;
}

static int keep_block(struct aa_kept *kept, void *block)
{
	void **blocks =
		aa_array_grow(kept->blocks, kept->block_count, &kept->block_capacity, sizeof(*blocks));

	if (!blocks) {
		free(block);
		return -ENOMEM;
	}
	kept->blocks = blocks;
	kept->blocks[kept->block_count++] = block;
	return 0;
}

static int keep_cell(struct aa_kept *kept, struct aa_cell *cell, bool args)
{
	char *block = NULL;

	if (args) {
		if (aa_cell_to_args(cell, &block) < 0)
			return -ENOMEM;
	} else if (cell->type == AA_CELL_TEXT || cell->type == AA_CELL_BYTES) {
		block = malloc(cell->size + 1);
		if (!block)
			return -ENOMEM;
		memcpy(block, cell->bytes, cell->size);
		block[cell->size] = '\0';
		cell->bytes = block;
	}
	return block ? keep_block(kept, block) : 0;
}

int aa_kept_fill(struct aa_kept *kept, struct aa_query *query, sqlite3_stmt *statement,
		 const struct aa_listing *listing)
{
	size_t capacity = 0;
	int r;

	*kept = (struct aa_kept){ .rows = { .listing = listing } };
	while ((r = aa_statement_step(query, statement)) > 0) {
		struct aa_cell *cells = aa_array_grow(kept->cells, kept->rows.count, &capacity,
						      sizeof(*cells) * listing->count);

		if (!cells)
			return aa_error_set(&query->error, -ENOMEM, "out of memory");
		kept->cells = cells;
		kept->rows.cells = cells;
		cells += (size_t)kept->rows.count * listing->count;
		for (unsigned i = 0; i < listing->count; i++) {
			cells[i] = aa_statement_cell(statement, (int)i);
			if (keep_cell(kept, &cells[i], listing->columns[i].args) < 0)
				return aa_error_set(&query->error, -ENOMEM, "out of memory");
		}
		kept->rows.count++;
	}
	return r;
}

void aa_kept_release(struct aa_kept *kept)
{
	for (size_t i = 0; i < kept->block_count; i++)
		free(kept->blocks[i]);
	free(kept->blocks);
	free(kept->cells);
	*kept = (struct aa_kept){ 0 };
}

enum aa_style aa_status_style(const char *status)
{
	if (strcmp(status, "running") == 0)
		return AA_STYLE_GOOD;
	if (strcmp(status, "exit 0") == 0 || strcmp(status, "not seen to end") == 0)
		return AA_STYLE_DIM;
	return AA_STYLE_BAD;
}
