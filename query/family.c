/* SPDX-License-Identifier: Apache-2.0 */
/* A session's processes; see family.h. */
#include "family.h"

#include <errno.h>
#include <stdlib.h>

#include "memory.h"
#include "replay/array.h"
#include "statement.h"

static int out_of_memory(struct aa_query *query)
{
	return aa_error_set(&query->error, -ENOMEM, "out of memory");
}

/* A session's table that may not be there yet: *ret_statement stays NULL then. */
static int open_table(struct aa_query *query, int64_t session_id, enum aa_table table, const char *sql,
		      sqlite3_stmt **ret_statement)
{
	if (!aa_session_has_table(query->db, session_id, table))
		return 0;
	return aa_statement_open_session(query, ret_statement, session_id, sql);
}

static bool is_null(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL;
}

static int load_rows(struct aa_query *query, int64_t session_id, struct aa_family *family)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	size_t capacity = 0;
	int r = open_table(query, session_id, AA_TABLE_PROCESS,
			   "SELECT id, parent_id, pid, time_ns, exit_time_ns FROM s0_process", &statement);

	while (r == 0 && statement && (r = aa_statement_step(query, statement)) > 0) {
		struct aa_tree_row *rows =
			aa_array_grow(family->rows, family->row_count, &capacity, sizeof(*rows));

		if (!rows)
			return out_of_memory(query);
		family->rows = rows;
		rows[family->row_count++] = (struct aa_tree_row){
			.id = sqlite3_column_int64(statement, 0),
			.parent_id = sqlite3_column_int64(statement, 1),
			.has_parent = !is_null(statement, 1),
			.pid = sqlite3_column_int64(statement, 2),
			.begin_ns = sqlite3_column_int64(statement, 3),
			.end_ns = is_null(statement, 4) ? INT64_MAX : sqlite3_column_int64(statement, 4),
		};
		r = 0;
	}
	return r;
}

static int load_execs(struct aa_query *query, int64_t session_id, struct aa_family *family)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	size_t capacity = 0;
	int r = open_table(query, session_id, AA_TABLE_EXEC,
			   "SELECT id, process_id, time_ns, error FROM s0_exec", &statement);

	while (r == 0 && statement && (r = aa_statement_step(query, statement)) > 0) {
		struct aa_image_exec *execs =
			aa_array_grow(family->execs, family->exec_count, &capacity, sizeof(*execs));

		if (!execs)
			return out_of_memory(query);
		family->execs = execs;
		execs[family->exec_count++] = (struct aa_image_exec){
			.id = sqlite3_column_int64(statement, 0),
			.process_id = sqlite3_column_int64(statement, 1),
			.time_ns = sqlite3_column_int64(statement, 2),
			.error = sqlite3_column_int64(statement, 3),
		};
		r = 0;
	}
	return r;
}

static int load_moves(struct aa_query *query, int64_t session_id, struct aa_family *family)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	size_t capacity = 0;
	int r = open_table(query, session_id, AA_TABLE_REPARENT,
			   "SELECT process_id, time_ns, parent_id, parent_pid FROM s0_reparent ORDER BY id",
			   &statement);

	while (r == 0 && statement && (r = aa_statement_step(query, statement)) > 0) {
		struct aa_tree_move *moves =
			aa_array_grow(family->moves, family->move_count, &capacity, sizeof(*moves));

		if (!moves)
			return out_of_memory(query);
		family->moves = moves;
		moves[family->move_count++] = (struct aa_tree_move){
			.id = sqlite3_column_int64(statement, 0),
			.time_ns = sqlite3_column_int64(statement, 1),
			.parent_id = sqlite3_column_int64(statement, 2),
			.has_parent = !is_null(statement, 2),
			.parent_pid = sqlite3_column_int64(statement, 3),
		};
		r = 0;
	}
	return r;
}

/* Where a row with that process id is. Built when the rows are known. */
static struct aa_index_entry *make_index(const struct aa_family *family)
{
	struct aa_index_entry *index = aa_array_make(family->row_count, sizeof(*index));

	for (size_t i = 0; index && i < family->row_count; i++)
		index[i] = (struct aa_index_entry){ family->rows[i].id, i };
	if (index)
		aa_index_sort(index, family->row_count);
	return index;
}

/* What prctl(2) last made of the leader's name until then. */
static int load_renames(struct aa_query *query, int64_t session_id, int64_t at_ns,
			const struct aa_index_entry *index, struct aa_family *family)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r = open_table(query, session_id, AA_TABLE_COMM,
			   "SELECT process_id, id, tid, time_ns FROM s0_comm ORDER BY id", &statement);

	family->renames = aa_array_make(family->row_count, sizeof(*family->renames));
	if (!family->renames)
		return out_of_memory(query);
	for (size_t i = 0; i < family->row_count; i++)
		family->renames[i] = AA_IMAGE_NONE;
	while (r == 0 && statement && (r = aa_statement_step(query, statement)) > 0) {
		size_t row = aa_index_find(index, family->row_count, sqlite3_column_int64(statement, 0));

		if (row != AA_INDEX_NONE && sqlite3_column_int64(statement, 2) == family->rows[row].pid &&
		    sqlite3_column_int64(statement, 3) <= at_ns)
			family->renames[row] = sqlite3_column_int64(statement, 1);
		r = 0;
	}
	return r;
}

/* Asks SQL which rows the filters want. */
static int load_matches(struct aa_query *query, const struct aa_session *session,
			const struct aa_index_entry *index, struct aa_family *family)
{
	const struct aa_filter *filter = &query->settings.filter;
	aa_cleanup(aa_text_release) struct aa_text_buffer sql = { 0 };
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	struct aa_window window = aa_session_window(query, session);
	int r;

	family->matches = aa_array_make(family->row_count, sizeof(*family->matches));
	if (!family->matches)
		return out_of_memory(query);
	aa_text_add_string(&sql, "SELECT id FROM s0_process WHERE time_ns <= :until"
				 " AND (exit_time_ns IS NULL OR exit_time_ns >= :since)");
	if (filter->comm)
		aa_text_add_string(&sql, " AND comm = :comm");
	if (filter->path && aa_session_has_table(query->db, session->id, AA_TABLE_EXEC)) {
		aa_text_add_string(&sql, " AND id IN (");
		aa_filter_add_path_execs(&sql, "process_id");
		aa_text_add_string(&sql, ")");
	}
	if (sql.failed)
		return out_of_memory(query);
	r = aa_statement_open_session(query, &statement, session->id, sql.data);
	if (r < 0)
		return r;
	(void)aa_filter_bind(statement, filter, &window);
	while ((r = aa_statement_step(query, statement)) > 0) {
		size_t row = aa_index_find(index, family->row_count, sqlite3_column_int64(statement, 0));

		if (row != AA_INDEX_NONE)
			family->matches[row] = true;
	}
	return r;
}

static int load_all(struct aa_query *query, const struct aa_session *session, const int64_t *at_ns,
		    struct aa_family *family)
{
	const struct aa_filter *filter = &query->settings.filter;
	aa_cleanup_free struct aa_index_entry *index = NULL;
	int r = load_rows(query, session->id, family);

	if (r == 0)
		r = load_execs(query, session->id, family);
	if (r == 0)
		r = load_moves(query, session->id, family);
	if (r < 0 || family->row_count == 0)
		return r;
	index = make_index(family);
	if (!index)
		return out_of_memory(query);
	if (at_ns)
		r = load_renames(query, session->id, *at_ns, index, family);
	if (r == 0 && (filter->comm || filter->path || filter->since.base != AA_MOMENT_NONE ||
		       filter->until.base != AA_MOMENT_NONE))
		r = load_matches(query, session, index, family);
	return r;
}

static int match_pids(int64_t pid, struct aa_family *family)
{
	family->pid_matches = aa_array_make(family->row_count, sizeof(*family->pid_matches));
	if (!family->pid_matches)
		return -ENOMEM;
	for (size_t i = 0; i < family->row_count; i++)
		family->pid_matches[i] = family->rows[i].pid == pid;
	return 0;
}

static int build(const struct aa_filter *filter, const int64_t *at_ns, struct aa_family *family)
{
	int r = aa_tree_build(family->rows, family->row_count, family->moves, family->move_count, at_ns,
			      &family->tree);

	if (r == 0)
		r = aa_image_resolve(family->rows, family->row_count, family->execs, family->exec_count,
				     at_ns ? *at_ns : INT64_MAX, &family->images);
	if (r == 0 && filter->pid.set)
		r = match_pids(filter->pid.value, family);
	if (r == 0 && family->pid_matches)
		r = aa_tree_keep_below(&family->tree, family->pid_matches);
	if (r == 0 && family->matches)
		r = aa_tree_keep_above(&family->tree, family->matches);
	return r;
}

int aa_family_load(struct aa_query *query, const struct aa_session *session, const int64_t *at_ns,
		   struct aa_family *family)
{
	int r = aa_query_begin(query);

	if (r < 0)
		return r;
	*family = (struct aa_family){ 0 };
	r = load_all(query, session, at_ns, family);
	aa_query_end(query);
	if (r < 0)
		return r;
	return build(&query->settings.filter, at_ns, family) < 0 ? out_of_memory(query) : 0;
}

void aa_family_release(struct aa_family *family)
{
	free(family->rows);
	free(family->moves);
	free(family->execs);
	free(family->images);
	free(family->renames);
	free(family->matches);
	free(family->pid_matches);
	aa_tree_release(&family->tree);
	*family = (struct aa_family){ 0 };
}
