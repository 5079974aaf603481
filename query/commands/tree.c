/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query tree: who started whom, with what, and how it ended; or (--at) who was there at one moment. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "complete.h"
#include "family.h"
#include "memory.h"
#include "query.h"
#include "session.h"
#include "statement.h"

static const struct aa_column columns[] = {
	{ .name = "id" },
	{ .name = "pid", .title = "PID" },
	{ .name = "ns_pid" },
	{ .name = "parent_id" },
	{ .name = "parent_pid" },
	{ .name = "depth" },
	{ .name = "time_ns", .title = "START", .show = AA_SHOW_ELAPSED },
	{ .name = "time", .show = AA_SHOW_ISO },
	{ .name = "exit_time_ns" },
	{ .name = "duration_ns", .title = "DURATION", .show = AA_SHOW_DURATION },
	{ .name = "status", .title = "STATUS" },
	{ .name = "exit_code" },
	{ .name = "exit_signal" },
	{ .name = "core_dumped" },
	{ .name = "source" },
	{ .name = "comm" },
	{ .title = "COMMAND" },
	{ .name = "command" },
	{ .name = "argv", .args = true },
	{ .name = "exe" },
	{ .name = "exec_id" },
	{ .name = "exec_count" },
	{ .name = "failed_exec_count" },
	{ .name = "failed_exec_error" },
	{ .name = "failed_exec_filename" },
	{ .name = "adopter_id" },
	{ .name = "adopter_pid" },
};

enum {
	ID,
	PID,
	NS_PID,
	PARENT_ID,
	PARENT_PID,
	DEPTH,
	TIME_NS,
	TIME,
	EXIT_TIME_NS,
	DURATION,
	STATUS,
	EXIT_CODE,
	EXIT_SIGNAL,
	CORE_DUMPED,
	SOURCE,
	COMM,
	LABEL,
	COMMAND,
	ARGV,
	EXE,
	EXEC_ID,
	EXEC_COUNT,
	FAILED_COUNT,
	FAILED_ERROR,
	FAILED_FILENAME,
	ADOPTER_ID,
	ADOPTER_PID,
	COLUMNS,
};

/* Columns ID to COMM in their order. Names and moves of the tree itself come from replay/. */
static const char process_sql[] =
	"SELECT p.id, p.pid, p.ns_pid, p.parent_id, p.parent_pid, NULL, p.time_ns, p.time_ns, p.exit_time_ns,"
	" p.exit_time_ns - p.time_ns, " AA_SQL_STATUS ", p.exit_code, p.exit_signal, p.core_dumped, p.source,"
	" p.comm FROM s0_process AS p LEFT JOIN signal_name AS sn ON sn.signal = p.exit_signal"
	" WHERE p.id = :id";

static const char exec_sql[] =
	"SELECT e.command, " AA_SQL_ARGS ", x.text, e.comm, f.text, coalesce(n.name, 'errno ' || e.error)"
	" FROM s0_exec AS e LEFT JOIN s0_string AS x ON x.id = e.exe_id"
	" LEFT JOIN s0_string AS f ON f.id = e.filename_id"
	" LEFT JOIN errno_name AS n ON n.error = e.error WHERE e.id = :id";

/* Nodes that are read in one transaction: each of their own would take most of the time. */
#define NODES_PER_TRANSACTION 256

/* What one node is made of. */
struct printer {
	struct aa_query *query;
	const struct aa_session *session;
	const struct aa_family *family;
	const int64_t *at_ns;
	sqlite3_stmt *process;
	sqlite3_stmt *exec;   /* NULL without an exec table */
	sqlite3_stmt *failed; /* the same statement, for the exec that failed */
	sqlite3_stmt *rename; /* NULL unless needed */
	unsigned reading;     /* nodes read in this transaction, from 1; 0: none is open */
	struct aa_tree_lines lines;
	struct aa_text_buffer lead;
	struct aa_text_buffer note;
	struct aa_text_buffer label;
};

/* Ends the transaction; also where a reader makes us wait (out.h). */
static void let_go(void *context)
{
	struct printer *printer = context;

	(void)sqlite3_reset(printer->process);
	(void)sqlite3_reset(printer->exec);
	(void)sqlite3_reset(printer->failed);
	(void)sqlite3_reset(printer->rename);
	if (printer->reading > 0)
		aa_query_end(printer->query);
	printer->reading = 0;
}

static int hold(struct printer *printer)
{
	int r;

	if (printer->reading == NODES_PER_TRANSACTION)
		let_go(printer);
	r = printer->reading > 0 ? 0 : aa_query_begin(printer->query);
	if (r == 0)
		printer->reading++;
	return r;
}

static void release_printer(struct printer *printer)
{
	printer->query->out.before_wait = NULL;
	let_go(printer);
	aa_statement_closep(&printer->process);
	aa_statement_closep(&printer->exec);
	aa_statement_closep(&printer->failed);
	aa_statement_closep(&printer->rename);
	aa_tree_lines_release(&printer->lines);
	aa_text_release(&printer->lead);
	aa_text_release(&printer->note);
	aa_text_release(&printer->label);
}

static int prepare_printer(struct printer *printer)
{
	struct aa_query *query = printer->query;
	int64_t id = printer->session->id;
	int r = aa_statement_open_session(query, &printer->process, id, process_sql);

	aa_statement_bind_text(printer->process, ":alive", aa_session_alive(printer->session));
	if (r == 0 && printer->family->exec_count > 0)
		r = aa_statement_open_session(query, &printer->exec, id, exec_sql);
	if (r == 0 && printer->family->exec_count > 0)
		r = aa_statement_open_session(query, &printer->failed, id, exec_sql);
	if (r == 0 && printer->family->renames && aa_session_has_table(query->db, id, AA_TABLE_COMM))
		r = aa_statement_open_session(query, &printer->rename, id,
					      "SELECT new FROM s0_comm WHERE id = :id");
	return r;
}

/* Runs one of the statements for an id. 1: there is a row, to be used until the next. */
static int look_up(struct printer *printer, sqlite3_stmt *statement, int64_t id)
{
	if (!statement || id == AA_IMAGE_NONE)
		return 0;
	(void)sqlite3_reset(statement);
	aa_statement_bind_integer(statement, ":id", id);
	return aa_statement_step(printer->query, statement);
}

static void fill_counts(const struct printer *printer, const struct aa_tree_node *node, struct aa_cell *cells)
{
	const struct aa_image *image = &printer->family->images[node->row];
	const struct aa_tree_move *move = NULL;

	if (node->move != AA_TREE_NONE)
		move = &printer->family->moves[node->move];
	cells[DEPTH] = aa_cell_integer((int64_t)node->depth);
	cells[EXEC_ID] = image->exec_id == AA_IMAGE_NONE ? aa_cell_null() : aa_cell_integer(image->exec_id);
	cells[EXEC_COUNT] = aa_cell_integer(image->exec_count);
	cells[FAILED_COUNT] = aa_cell_integer(image->failed_count);
	cells[FAILED_ERROR] = image->failed_count > 0 ? aa_cell_integer(image->failed_error) : aa_cell_null();
	if (move && printer->at_ns) {
		cells[PARENT_ID] = move->has_parent ? aa_cell_integer(move->parent_id) : aa_cell_null();
		cells[PARENT_PID] = aa_cell_integer(move->parent_pid);
	} else if (move) {
		cells[ADOPTER_ID] = move->has_parent ? aa_cell_integer(move->parent_id) : aa_cell_null();
		cells[ADOPTER_PID] = aa_cell_integer(move->parent_pid);
	}
}

/* How it stood then, instead of how it ended. */
static void fill_moment(const struct printer *printer, struct aa_cell *cells)
{
	cells[STATUS] = aa_cell_text("running");
	cells[DURATION] =
		aa_cell_integer((int64_t)((uint64_t)*printer->at_ns - (uint64_t)cells[TIME_NS].integer));
}

/* The program: its command line, or the name of what it was forked with. */
static int fill_program(struct printer *printer, const struct aa_tree_node *node, struct aa_cell *cells)
{
	const struct aa_image *image = &printer->family->images[node->row];
	bool own = image->exec_id != AA_IMAGE_NONE;
	int r;

	if (!own && printer->rename && printer->family->renames[node->row] != AA_IMAGE_NONE) {
		r = look_up(printer, printer->rename, printer->family->renames[node->row]);
		if (r > 0)
			cells[COMM] = aa_statement_cell(printer->rename, 0);
		if (r != 0)
			goto label;
	}
	/* As born, a process without exec has the name that it had last; at a moment, what it inherited. */
	r = look_up(printer, printer->exec, own || !printer->at_ns ? image->exec_id : image->inherited_id);
	if (r > 0 && (own || printer->at_ns))
		cells[COMM] = aa_statement_cell(printer->exec, 3);
	if (r > 0 && own) {
		cells[COMMAND] = aa_statement_cell(printer->exec, 0);
		cells[ARGV] = aa_statement_cell(printer->exec, 1);
		cells[EXE] = aa_statement_cell(printer->exec, 2);
	}
label:
	if (r < 0)
		return r;
	cells[LABEL] =
		cells[COMMAND].type == AA_CELL_TEXT && cells[COMMAND].size > 0 ? cells[COMMAND] : cells[EXE];
	if (cells[LABEL].type != AA_CELL_TEXT) {
		const char *comm = cells[COMM].type == AA_CELL_TEXT ? cells[COMM].bytes : "?";

		aa_text_printf(&printer->label, own ? "(%s)" : "%s (no exec)", comm);
		cells[LABEL] = aa_cell_styled(aa_cell_text(printer->label.data), AA_STYLE_DIM);
	}
	return 0;
}

/* Remarks behind the command. */
static int fill_note(struct printer *printer, const struct aa_tree_node *node, struct aa_cell *cells)
{
	const struct aa_image *image = &printer->family->images[node->row];
	struct aa_text_buffer *note = &printer->note;
	int r = look_up(printer, printer->failed, image->failed_id);

	if (r < 0)
		return r;
	if (r > 0) {
		cells[FAILED_FILENAME] = aa_statement_cell(printer->failed, 4);
		if (image->failed_count > 1) /* they may have failed in different ways */
			aa_text_printf(note, "  [%" PRId64 " failed execs, the last: ", image->failed_count);
		else
			aa_text_add_string(note, "  [failed exec: ");
		aa_text_printf(note, "%s, %s]", aa_statement_text(printer->failed, 5),
			       aa_statement_text(printer->failed, 4));
	}
	if (cells[ADOPTER_PID].type == AA_CELL_INTEGER)
		aa_text_printf(note, "  [reparented to %" PRId64 "]", cells[ADOPTER_PID].integer);
	if (node->circular)
		aa_text_add_string(note, "  [its own ancestor: the database is damaged]");
	else if (node->orphan)
		aa_text_add_string(note, printer->at_ns ? "  [its parent was not there]"
							: "  [its parent is not here]");
	return 0;
}

static int print_node(struct printer *printer, const struct aa_tree_node *node)
{
	struct aa_query *query = printer->query;
	struct aa_cell cells[COLUMNS] = { 0 };
	aa_cleanup_free char *block = NULL;
	int r;

	aa_text_clear(&printer->lead);
	aa_text_clear(&printer->note);
	aa_text_clear(&printer->label);
	r = hold(printer);
	if (r == 0)
		r = look_up(printer, printer->process, printer->family->rows[node->row].id);
	for (int i = ID; r > 0 && i <= COMM; i++)
		cells[i] = aa_statement_cell(printer->process, i);
	if (r >= 0)
		r = aa_tree_lines_add(&printer->lines, node, query->render.utf8, &printer->lead);
	if (r == 0) {
		fill_counts(printer, node, cells);
		if (printer->at_ns)
			fill_moment(printer, cells);
		r = fill_program(printer, node, cells);
	}
	if (r == 0)
		r = fill_note(printer, node, cells);
	if (r == 0)
		r = aa_cell_to_args(&cells[ARGV], &block);
	if (r == 0) {
		if (cells[STATUS].type == AA_CELL_TEXT)
			cells[STATUS].style = aa_status_style(cells[STATUS].bytes);
		cells[LABEL].lead = printer->lead.size > 0 ? printer->lead.data : NULL;
		cells[LABEL].note = printer->note.size > 0 ? printer->note.data : NULL;
		aa_render_row(&query->render, cells);
	}
	if (r == -ENOMEM)
		(void)aa_error_set(&query->error, r, "out of memory");
	return r;
}

static int show(struct aa_query *query, const struct aa_session *session, const struct aa_family *family,
		const int64_t *at_ns)
{
	aa_cleanup(release_printer) struct printer printer = {
		.query = query,
		.session = session,
		.family = family,
		.at_ns = at_ns,
	};
	const struct aa_number *limit = &query->settings.filter.limit;
	struct aa_column shown[COLUMNS];
	const struct aa_listing listing = { .columns = shown, .count = COLUMNS };
	int r = prepare_printer(&printer);

	if (r < 0)
		return r;
	query->out.before_wait = let_go;
	query->out.context = &printer;
	memcpy(shown, columns, sizeof(columns));
	if (at_ns)
		shown[DURATION].title = "AGE";
	aa_render_begin(&query->render, &listing);
	for (size_t i = 0; i < family->tree.count && r == 0 && query->render.failed == 0; i++) {
		if (limit->set && i >= (uint64_t)limit->value)
			break;
		r = print_node(&printer, &family->tree.nodes[i]);
	}
	aa_render_end(&query->render);
	return r;
}

static enum aa_status run(struct aa_query *query)
{
	aa_cleanup(aa_sessions_release) struct aa_sessions sessions = { 0 };
	aa_cleanup(aa_family_release) struct aa_family family = { 0 };
	enum aa_status status = aa_sessions_find(query, &aa_command_tree, &sessions);
	const struct aa_session *session = &sessions.items[0];
	const int64_t *at = NULL;
	int64_t at_ns;
	int r;

	if (status != AA_ANSWERED)
		return status;
	if (query->settings.at.base != AA_MOMENT_NONE) {
		at_ns = aa_moment_resolve(&query->settings.at, query->now_ns, session->start_ns);
		at = &at_ns;
	}
	r = aa_family_load(query, session, at, &family);
	if (r == 0) {
		aa_session_line(query, session);
		r = show(query, session, &family, at);
	}
	if (r == 0)
		r = aa_complete_note(query, &sessions);
	if (r < 0)
		return AA_UNREADABLE;
	return query->render.total_count > 0 ? AA_ANSWERED : AA_NOTHING;
}

static const struct aa_option options[] = {
	{ .name = "at",
	  .type = AA_OPTION_MOMENT,
	  .argument = "TIME",
	  .offset = offsetof(struct aa_settings, at),
	  .help = "as it stood then: who was alive, below the parent and with the program of that moment" },
	{ .name = "pid",
	  .type = AA_OPTION_INTEGER,
	  .argument = "N",
	  .minimum = 0,
	  .maximum = INT32_MAX,
	  .offset = offsetof(struct aa_settings, filter.pid),
	  .help = "only the processes with that pid and all below them" },
	{ 0 },
};

const struct aa_command aa_command_tree = {
	.name = "tree",
	.usage = "",
	.summary = "show the process tree of a session",
	.description =
		"--comm, --path, --since and --until keep the processes that match, and those above them.",
	.filters = AA_FILTER_TIME | AA_FILTER_COMM | AA_FILTER_PATH | AA_FILTER_LIMIT,
	.options = options,
	.run = run,
};
