/* SPDX-License-Identifier: Apache-2.0 */
/* What a row of a file's history says; see history_row.h. */
#include "history_row.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "memory.h"
#include "render/show.h"
#include "statement.h"

#define FLAG_ACCESS   03 /* O_ACCMODE */
#define FLAG_TRUNCATE 0x200

/* Columns of the answer, and behind them what only the words are made of. */
static const struct aa_column columns[] = {
	{ .name = "session_id" },
	{ .name = "file" },
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "time", .show = AA_SHOW_ISO },
	{ .name = "kind", .title = "KIND" },
	{ .name = "process_id" },
	{ .name = "pid", .title = "PID" },
	{ .name = "comm", .title = "COMM" },
	{ .name = "error" },
	{ .name = "error_name" },
	{ .name = "path" },
	{ .name = "path2" },
	{ .name = "target" },
	{ .name = "source" },
	{ .name = "device" },
	{ .name = "inode" },
	{ .name = "size_before" },
	{ .name = "size_bytes" },
	{ .name = "read_bytes" },
	{ .name = "write_bytes" },
	{ .name = "flags" },
	{ .name = "mode" },
	{ .name = "uid" },
	{ .name = "gid" },
	{ .name = "length" },
	{ .name = "nlink" },
	{ .name = "marks" },
	{ .name = "sha256" },
	{ .name = "content_id" },
	{ .name = "row_id" },
	{ .name = "detail", .title = "WHAT" },
};

enum {
	SESSION,
	FILE_NUMBER,
	TIME,
	TIME_ISO,
	KIND,
	PROCESS,
	PID,
	COMM,
	ERROR,
	ERROR_NAME,
	PATH,
	PATH2,
	TARGET,
	SOURCE,
	DEVICE,
	INODE,
	SIZE_BEFORE,
	SIZE,
	READ,
	WRITTEN,
	FLAGS,
	MODE,
	UID,
	GID,
	LENGTH,
	NLINK,
	MARKS,
	SHA256,
	CONTENT,
	ROW,
	DETAIL,
	COLUMNS,
};

static const struct aa_listing listing = { .columns = columns, .count = COLUMNS };

/*
 * The name that the process had then. The process table has its last one: a shell that ends with exec of sleep did not
 * write as sleep. Before its first exec it has the name of who forked it.
 */
#define COMM_THEN \
	"CASE WHEN EXISTS (SELECT 1 FROM s0_exec AS e WHERE e.process_id = f.process_id AND e.error = 0" \
	" AND e.time_ns > f.time_ns) THEN coalesce((SELECT e.comm FROM s0_exec AS e WHERE e.error = 0" \
	" AND e.process_id = f.process_id AND e.time_ns <= f.time_ns ORDER BY e.time_ns DESC LIMIT 1)," \
	" (SELECT e.comm FROM s0_exec AS e WHERE e.error = 0 AND e.process_id = p.parent_id" \
	" AND e.time_ns <= p.time_ns ORDER BY e.time_ns DESC LIMIT 1), p.comm) ELSE p.comm END"

#define SELECT_ROW \
	"SELECT :session, :number, f.time_ns, f.time_ns, f.kind, f.process_id, p.pid, " COMM_THEN \
	", f.error, " \
	"n.name," \
	" s.text, s2.text, t.text, f.source, f.device, f.inode, f.size_before, f.size_bytes, f.read_bytes," \
	" f.write_bytes, f.flags, f.mode, f.uid, f.gid, f.length, f.nlink, f.marks, %s, f.id" \
	" FROM s0_file AS f LEFT JOIN s0_process AS p ON p.id = f.process_id" \
	" LEFT JOIN errno_name AS n ON n.error = f.error" \
	" LEFT JOIN s0_string AS s ON s.id = f.path_id LEFT JOIN s0_string AS s2 ON s2.id = f.path2_id" \
	" LEFT JOIN s0_string AS t ON t.id = f.target_id %s WHERE f.id = :id"

#define CONTENT_COLUMNS "CASE WHEN c.changed = 0 THEN lower(hex(c.sha256)) END, c.id"
#define CONTENT_JOIN	"LEFT JOIN s0_content AS c ON c.file_id = f.id"

static int prepare(struct aa_history_view *view)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer sql = { 0 };
	bool contents = aa_session_has_table(view->query->db, view->session->id, AA_TABLE_CONTENT);
	int r;

	aa_text_printf(&sql, SELECT_ROW, contents ? CONTENT_COLUMNS : "NULL, NULL",
		       contents ? CONTENT_JOIN : "");
	if (sql.failed)
		return aa_error_set(&view->query->error, -ENOMEM, "out of memory");
	r = aa_statement_open_session(view->query, &view->statement, view->session->id, sql.data);
	aa_statement_bind_integer(view->statement, ":session", view->session->id);
	if (view->number > 0)
		aa_statement_bind_integer(view->statement, ":number", (int64_t)view->number);
	return r;
}

static bool has(const struct aa_cell *cell)
{
	return cell->type == AA_CELL_INTEGER;
}

static const char *text_of(const struct aa_cell *cell)
{
	return cell->type == AA_CELL_TEXT ? cell->bytes : "?";
}

static bool has_mark(const struct aa_cell *cells, const char *mark)
{
	return cells[MARKS].type == AA_CELL_TEXT && strstr(cells[MARKS].bytes, mark);
}

static void say_open(struct aa_text_buffer *out, const struct aa_cell *cells)
{
	static const char *const access[] = { "reading", "writing", "reading and writing",
					      "nothing but ioctl" };

	aa_text_printf(out, "%s%s opened for %s",
		       has_mark(cells, "created")	      ? "created: "
		       : cells[FLAGS].integer & FLAG_TRUNCATE ? "emptied: "
							      : "",
		       text_of(&cells[PATH]), access[cells[FLAGS].integer & FLAG_ACCESS]);
	if (has_mark(cells, "no-sums"))
		aa_text_add_string(out, ", bytes not counted");
}

static void say_sums(struct aa_text_buffer *out, const struct aa_cell *cells)
{
	aa_text_printf(out, "wrote %" PRId64 ", read %" PRId64 " bytes", cells[WRITTEN].integer,
		       cells[READ].integer);
	if (has(&cells[SIZE]))
		aa_text_printf(out, ", size %" PRId64, cells[SIZE].integer);
	if (has_mark(cells, "still-open"))
		aa_text_add_string(out, ", stays open");
	if (has_mark(cells, "mapped"))
		aa_text_add_string(out, ", and may have written through memory");
}

static void say_rename(struct aa_text_buffer *out, const struct aa_cell *cells, bool second)
{
	if (has_mark(cells, "exchange"))
		aa_text_printf(out, "%s and %s changed places", text_of(&cells[PATH]),
			       text_of(&cells[PATH2]));
	else if (second)
		aa_text_printf(out, "%s replaced by %s: deleted", text_of(&cells[PATH2]),
			       text_of(&cells[PATH]));
	else
		aa_text_printf(out, "%s -> %s", text_of(&cells[PATH]), text_of(&cells[PATH2]));
}

static void say_owner(struct aa_text_buffer *out, const struct aa_cell *cells)
{
	if (has(&cells[UID]))
		aa_text_printf(out, " uid %" PRId64, cells[UID].integer);
	if (has(&cells[GID]))
		aa_text_printf(out, " gid %" PRId64, cells[GID].integer);
}

static void say_sizes(struct aa_text_buffer *out, const struct aa_cell *cells)
{
	if (has(&cells[SIZE_BEFORE]))
		aa_text_printf(out, " from %" PRId64, cells[SIZE_BEFORE].integer);
	if (has(&cells[LENGTH]))
		aa_text_printf(out, " to %" PRId64 " bytes", cells[LENGTH].integer);
}

static void say(struct aa_text_buffer *out, const struct aa_cell *cells, bool second)
{
	const char *kind = text_of(&cells[KIND]);

	if (strcmp(kind, "open") == 0) {
		say_open(out, cells);
	} else if (strcmp(kind, "close") == 0 || strcmp(kind, "io") == 0) {
		say_sums(out, cells);
	} else if (strcmp(kind, "rename") == 0) {
		say_rename(out, cells, second);
	} else if (strcmp(kind, "copy") == 0) {
		aa_text_printf(out, "from %s to %s", text_of(&cells[PATH]), text_of(&cells[PATH2]));
	} else {
		aa_text_add_string(out, text_of(&cells[PATH]));
		if (strcmp(kind, "link") == 0)
			aa_text_printf(out, ", now also %s", text_of(&cells[PATH2]));
		else if (cells[PATH2].type == AA_CELL_TEXT)
			aa_text_printf(out, " -> %s", cells[PATH2].bytes);
		if (cells[TARGET].type == AA_CELL_TEXT)
			aa_text_printf(out, " %s%s", strcmp(kind, "symlink") == 0 ? "-> " : "",
				       cells[TARGET].bytes);
		if (strcmp(kind, "truncate") == 0)
			say_sizes(out, cells);
		else if (strcmp(kind, "chmod") == 0 && has(&cells[MODE]))
			aa_text_printf(out, " to %04" PRIo64, (uint64_t)cells[MODE].integer & 07777);
		else if (strcmp(kind, "chown") == 0)
			say_owner(out, cells);
		else if (strcmp(kind, "unlink") == 0 && has(&cells[NLINK]) && cells[NLINK].integer > 0)
			aa_text_printf(out, ", %" PRId64 " more names", cells[NLINK].integer);
	}
}

static void say_rest(struct aa_text_buffer *out, const struct aa_cell *cells, bool second)
{
	if (cells[ERROR].integer != 0)
		aa_text_printf(out, ": %s",
			       cells[ERROR_NAME].type == AA_CELL_TEXT ? cells[ERROR_NAME].bytes : "failed");
	/* The contents are those of the file that the row is about first. */
	if (!second && cells[SHA256].type == AA_CELL_TEXT && cells[SHA256].size > 0)
		aa_text_printf(out, ", sha256 %.16s", cells[SHA256].bytes);
}

/* In text, opens and reads are in the way of what changed. */
static bool is_hidden(const struct aa_query *query, const struct aa_cell *cells)
{
	const char *kind = text_of(&cells[KIND]);

	if (!aa_render_is_text(&query->render) || query->settings.all || cells[ERROR].integer != 0)
		return false;
	if (strcmp(kind, "open") == 0)
		return !has_mark(cells, "created") && !(cells[FLAGS].integer & FLAG_TRUNCATE) &&
		       !(has_mark(cells, "no-sums") && (cells[FLAGS].integer & FLAG_ACCESS));
	return (strcmp(kind, "close") == 0 || strcmp(kind, "io") == 0) && cells[WRITTEN].integer == 0 &&
	       !has_mark(cells, "mapped");
}

static enum aa_style style_of(const struct aa_cell *cells, bool second)
{
	const char *kind = text_of(&cells[KIND]);

	if (cells[ERROR].integer != 0 || strcmp(kind, "unlink") == 0 || second)
		return AA_STYLE_BAD;
	if (cells[WRITTEN].integer > 0 || strcmp(kind, "truncate") == 0)
		return AA_STYLE_WARN;
	return AA_STYLE_PLAIN;
}

/* The number by which --diff and --content know what it held then. */
static void say_version(struct aa_text_buffer *out, const struct aa_history_view *view, int64_t id)
{
	for (size_t i = 0; view->versions && i < view->versions->count; i++) {
		const struct aa_version *version = &view->versions->items[i];

		if (version->file_id == id && version->number > 0)
			aa_text_printf(out, ", version %" PRId64, version->number);
		else if (version->file_id == id && version->reason[0] != '\0')
			aa_text_printf(out, ", contents not recorded: %s", version->reason);
	}
}

int aa_history_show_row(struct aa_history_view *view, int64_t id, bool second)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer detail = { 0 };
	struct aa_cell cells[COLUMNS] = { 0 };
	enum aa_style style;
	int r = view->statement ? 0 : prepare(view);

	if (r < 0)
		return r;
	(void)sqlite3_reset(view->statement);
	aa_statement_bind_integer(view->statement, ":id", id);
	r = aa_statement_step(view->query, view->statement);
	if (r <= 0)
		return r;
	for (int i = 0; i < DETAIL; i++)
		cells[i] = aa_statement_cell(view->statement, i);
	if (is_hidden(view->query, cells)) {
		view->hidden++;
		(void)sqlite3_reset(view->statement);
		return 0;
	}
	say(&detail, cells, second);
	say_rest(&detail, cells, second);
	if (!second)
		say_version(&detail, view, id);
	if (detail.failed)
		return aa_error_set(&view->query->error, -ENOMEM, "out of memory");
	if (!view->begun && aa_render_is_text(&view->query->render))
		aa_render_begin(&view->query->render, &listing);
	view->begun = true;
	style = style_of(cells, second);
	cells[KIND].style = style;
	cells[DETAIL] = aa_cell_styled(aa_cell_text(detail.data), style);
	aa_render_row(&view->query->render, cells);
	(void)sqlite3_reset(view->statement);
	return 0;
}

void aa_history_end(struct aa_history_view *view)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };

	aa_statement_closep(&view->statement);
	if (view->begun && aa_render_is_text(&view->query->render))
		aa_render_end(&view->query->render);
	if (view->hidden == 0)
		return;
	aa_text_printf(&line, "%" PRIu64 " open%s or read%s not shown (--all)", view->hidden,
		       view->hidden == 1 ? "" : "s", view->hidden == 1 ? "" : "s");
	if (!line.failed)
		aa_render_line(&view->query->render, AA_STYLE_DIM, line.data);
}

static const struct aa_column last_columns[] = {
	{ .name = "session_id" },
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_TIME },
	{ .name = "time", .show = AA_SHOW_ISO },
	{ .name = "kind", .title = "KIND" },
	{ .name = "write_bytes", .title = "BYTES" },
	{ .name = "process_id" },
	{ .name = "pid", .title = "PID" },
	{ .name = "comm", .title = "COMM" },
	{ .name = "row_id" },
	{ .name = "path", .title = "PATH" },
	{ .name = "command", .title = "COMMAND" },
};

enum {
	LAST_COLUMNS = sizeof(last_columns) / sizeof(last_columns[0]),
};

static const struct aa_listing last_listing = { .columns = last_columns, .count = LAST_COLUMNS };

/* The command is that of the process then, or, if it has none, of who it was forked from. */
static const char last_sql[] =
	"SELECT :session, f.time_ns, f.time_ns, f.kind, f.write_bytes, f.process_id, p.pid, " COMM_THEN
	", f.id, s.text,"
	" (SELECT e.command FROM s0_exec AS e WHERE e.error = 0 AND ((e.process_id = f.process_id AND"
	" e.time_ns <= f.time_ns) OR (e.process_id = p.parent_id AND e.time_ns <= p.time_ns))"
	" ORDER BY e.time_ns DESC, e.id DESC LIMIT 1)"
	" FROM s0_file AS f LEFT JOIN s0_process AS p ON p.id = f.process_id"
	" LEFT JOIN s0_string AS s ON s.id = coalesce(f.path2_id, f.path_id) WHERE f.id = :id";

int aa_history_show_last(struct aa_query *query, const struct aa_session *session, int64_t id)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	struct aa_cell cells[LAST_COLUMNS];
	int r = aa_statement_open_session(query, &statement, session->id, last_sql);

	if (r < 0)
		return r;
	aa_statement_bind_integer(statement, ":session", session->id);
	aa_statement_bind_integer(statement, ":id", id);
	r = aa_statement_step(query, statement);
	if (r <= 0)
		return r;
	for (unsigned i = 0; i < LAST_COLUMNS; i++)
		cells[i] = aa_statement_cell(statement, (int)i);
	aa_render_row(&query->render, cells);
	return 0;
}

void aa_history_begin(struct aa_query *query)
{
	if (query->settings.last)
		aa_render_begin(&query->render, &last_listing);
	else if (!aa_render_is_text(&query->render))
		aa_render_begin(&query->render, &listing);
}

void aa_history_finish(struct aa_query *query)
{
	if (query->settings.last || !aa_render_is_text(&query->render))
		aa_render_end(&query->render);
}
