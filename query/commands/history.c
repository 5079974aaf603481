/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query history: the life of the files that had a path, in order, with who did what. */
#include "history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "history_row.h"
#include "memory.h"
#include "query.h"
#include "replay/array.h"
#include "session.h"
#include "statement.h"

/* An answer is kept in memory up to this rather than hold a transaction open for a reader who waits. */
#define HOLD_BYTES ((size_t)64 * 1024 * 1024)

/* The path in the form that the database has it: as it was typed, or escaped. Returns 0 or a negative errno. */
static int is_known(struct aa_query *query, const struct aa_session *session, const char *path,
		    bool *ret_known)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r = aa_statement_open_session(query, &statement, session->id,
					  "SELECT 1 FROM s0_string WHERE text = :text LIMIT 1");

	if (r < 0)
		return r;
	aa_statement_bind_text(statement, ":text", path);
	r = aa_statement_step(query, statement);
	*ret_known = r > 0;
	return r < 0 ? r : 0;
}

/* "/a/" is "/a". */
static void add_trimmed(struct aa_text_buffer *out, const char *typed)
{
	aa_text_add_string(out, typed);
	while (out->size > 1 && out->data[out->size - 1] == '/')
		out->data[--out->size] = '\0';
}

static int find_absolute(struct aa_query *query, const struct aa_session *session, const char *typed,
			 struct aa_text_buffer *path)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer trimmed = { 0 };
	bool known;
	int r;

	add_trimmed(&trimmed, typed);
	if (trimmed.failed)
		return -ENOMEM;
	r = is_known(query, session, trimmed.data, &known);
	if (r < 0)
		return r;
	if (!known && aa_text_escape(path, trimmed.data, trimmed.size)) {
		if (path->failed)
			return -ENOMEM;
		r = is_known(query, session, path->data, &known);
		if (r < 0 || known)
			return r;
	}
	aa_text_clear(path);
	aa_text_add_string(path, trimmed.data);
	return path->failed ? -ENOMEM : 0;
}

/* What does not begin with a slash is the end of a path, if there is only one such. 1: found. */
static int find_ending(struct aa_query *query, const struct aa_session *session, const char *typed,
		       struct aa_text_buffer *path)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	aa_cleanup(aa_text_release) struct aa_text_buffer others = { 0 };
	unsigned count = 0;
	int r = aa_statement_open_session(
		query, &statement, session->id,
		"SELECT DISTINCT text FROM s0_string WHERE (text = :text OR"
		" substr(text, -length(:text) - 1) = '/' || :text)"
		" AND (id IN (SELECT path_id FROM s0_file) OR id IN (SELECT path2_id FROM s0_file)) LIMIT 6");

	if (r < 0)
		return r;
	aa_statement_bind_text(statement, ":text", typed);
	while ((r = aa_statement_step(query, statement)) > 0) {
		if (count == 0)
			aa_text_add_string(path, aa_statement_text(statement, 0));
		aa_text_printf(&others, "%s%s", count > 0 ? ", " : "",
			       count == 5 ? "..." : aa_statement_text(statement, 0));
		count++;
	}
	if (r < 0 || count <= 1)
		return r < 0 ? r : (int)count;
	return aa_error_set(&query->error, -ENOTUNIQ, "%s is the end of several paths: %s", typed,
			    others.failed ? "" : others.data);
}

/* As it was typed, or escaped, as a shell completes it: "./src/" is "src". */
static int find_relative(struct aa_query *query, const struct aa_session *session, const char *typed,
			 struct aa_text_buffer *path)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer end = { 0 };
	aa_cleanup(aa_text_release) struct aa_text_buffer escaped = { 0 };
	bool differs;
	int r;

	while (typed[0] == '.' && typed[1] == '/')
		typed += 1 + strspn(typed + 1, "/");
	add_trimmed(&end, typed);
	if (end.failed)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	if (end.size == 0)
		return 0;
	r = find_ending(query, session, end.data, path);
	if (r != 0)
		return r;
	differs = aa_text_escape(&escaped, end.data, end.size);
	if (escaped.failed)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	return differs ? find_ending(query, session, escaped.data, path) : 0;
}

/* 1: found; 0: there is none; -ENOTUNIQ: several; or another negative errno. */
static int find_path(struct aa_query *query, const struct aa_session *session, const char *typed,
		     struct aa_text_buffer *path)
{
	int r;

	if (typed[0] != '/')
		return find_relative(query, session, typed, path);
	r = find_absolute(query, session, typed, path);
	if (r == -ENOMEM)
		(void)aa_error_set(&query->error, r, "out of memory");
	return r < 0 ? r : 1;
}

static int show_last(struct aa_query *query, const struct aa_history *history,
		     const struct aa_session *session)
{
	int64_t id = history->last_file == AA_NAMES_NONE ? 0 : history->last_writes[history->last_file];

	return id == 0 ? 0 : aa_history_show_last(query, session, id);
}

/* How the file is called at the end of the session. */
static void add_names(const struct aa_history *history, uint32_t file, struct aa_text_buffer *line)
{
	unsigned count = 0;

	for (uint32_t slot = 1; slot < history->names.slot_count; slot++) {
		aa_cleanup(aa_text_release) struct aa_text_buffer path = { 0 };

		if (history->names.slots[slot].file != file || !aa_names_path(&history->names, slot, &path))
			continue;
		aa_text_printf(line, "%s%s", count > 0 ? ", " : "; in the end ", path.data ? path.data : "");
		count++;
	}
	if (count == 0)
		aa_text_add_string(line, "; in the end without a name");
}

static void show_head(struct aa_query *query, const struct aa_history *history, uint32_t file, size_t number)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer line = { 0 };
	const struct aa_names_file *it = file == AA_NAMES_NONE ? NULL : &history->names.files[file];

	if (!it) {
		aa_render_heading(&query->render, AA_STYLE_NAME, "without a file");
		return;
	}
	aa_text_printf(&line, "file %zu", number);
	if (it->node.known)
		aa_text_printf(&line, ": inode %" PRIu64 " of device %" PRIu64 ":%" PRIu64, it->node.inode,
			       it->node.device >> 20, it->node.device & 0xfffff);
	else
		aa_text_add_string(&line, ": inode not known");
	add_names(history, file, &line);
	if (!line.failed)
		aa_render_heading(&query->render, AA_STYLE_NAME, line.data);
}

/* What an answer has come to. */
struct told {
	bool all; /* of several sessions: each is named where it begins */
	const struct aa_session *session;
	size_t files;
	uint64_t hidden;
};

static void show_session_line(struct aa_query *query, const struct aa_session *session, struct told *told)
{
	if (!told->all || told->session == session || !aa_render_is_text(&query->render))
		return;
	if (told->session)
		aa_render_line(&query->render, AA_STYLE_PLAIN, "");
	query->render.table_count = 0;
	aa_session_line(query, session);
	told->session = session;
}

/* The rows of one file; file AA_NAMES_NONE: attempts that met none. */
static int show_file(struct aa_query *query, const struct aa_history *history, struct aa_history_view *view,
		     uint32_t file, struct told *told)
{
	const struct aa_number *limit = &query->settings.filter.limit;
	bool headed = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < history->row_count && query->render.failed == 0; i++) {
		const struct aa_history_row *row = &history->rows[i];
		bool none = row->file == AA_NAMES_NONE && row->file2 == AA_NAMES_NONE;

		if (file == AA_NAMES_NONE ? !none : row->file != file && row->file2 != file)
			continue;
		if (limit->set && query->render.total_count >= (uint64_t)limit->value)
			break;
		if (!headed)
			show_session_line(query, view->session, told);
		if (!headed)
			show_head(query, history, file, view->number);
		headed = true;
		r = aa_history_show_row(view, row->id, file != AA_NAMES_NONE && row->file != file);
	}
	aa_history_end(view);
	return r;
}

static int show_files(struct aa_query *query, const struct aa_history *history,
		      const struct aa_versions *versions, struct told *told)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i <= history->file_count; i++) {
		bool last = i == history->file_count;
		struct aa_history_view view = {
			.query = query,
			.session = history->trail.session,
			.versions = versions,
			.number = last ? 0 : ++told->files,
		};

		r = show_file(query, history, &view, last ? AA_NAMES_NONE : history->files[i], told);
		told->hidden += view.hidden;
	}
	return r;
}

/* The versions of what the path named, one file after the other. */
static int load_versions(struct aa_query *query, const struct aa_history *history,
			 struct aa_versions *versions)
{
	aa_cleanup_free int64_t *ids = aa_array_make(history->row_count, sizeof(*ids));
	size_t count = 0;

	if (!ids)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < history->row_count; i++) {
		const struct aa_history_row *row = &history->rows[i];

		if (row->file != AA_NAMES_NONE && history->wanted[row->file])
			ids[count++] = row->id;
	}
	return aa_versions_load(query, history->trail.session->id, ids, count, versions);
}

static enum aa_status show_session(struct aa_query *query, const struct aa_session *session,
				   struct told *told)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer path = { 0 };
	const struct aa_settings *settings = &query->settings;
	struct aa_history history = { 0 };
	struct aa_versions versions = { 0 };
	enum aa_status status = AA_ANSWERED;
	int r = find_path(query, session, query->arguments[0], &path);

	if (r <= 0)
		return r == -ENOTUNIQ ? AA_USAGE : r < 0 ? AA_UNREADABLE : AA_ANSWERED;
	r = aa_history_load(&history, query, session, path.data);
	if (r == 0)
		r = load_versions(query, &history, &versions);
	if (r == 0 && settings->diff)
		status = aa_versions_diff(query, &versions,
					  strcmp(settings->diff, "last") == 0 ? "" : settings->diff);
	else if (r == 0 && settings->version_content.set)
		status = aa_versions_write(query, &versions, settings->version_content.value);
	else if (r == 0 && settings->last)
		r = show_last(query, &history, session);
	else if (r == 0)
		r = show_files(query, &history, &versions, told);
	aa_versions_release(&versions);
	aa_history_release(&history);
	return r < 0 ? AA_UNREADABLE : status;
}

/* The bytes of one version go out as they are, and a difference as one text: nothing around them. */
static bool is_bare(const struct aa_settings *settings)
{
	return settings->diff || settings->version_content.set;
}

static enum aa_status show(struct aa_query *query, const struct aa_sessions *sessions, struct told *told)
{
	bool rows = !is_bare(&query->settings);
	enum aa_status status = AA_ANSWERED;

	if (!sessions->all && !is_bare(&query->settings))
		aa_session_line(query, &sessions->items[0]);
	query->out.hold_bytes = is_bare(&query->settings) ? 0 : HOLD_BYTES;
	if (rows)
		aa_history_begin(query);
	for (size_t i = 0; status == AA_ANSWERED && i < sessions->count && query->render.failed == 0; i++)
		if (aa_session_has_table(query->db, sessions->items[i].id, AA_TABLE_FILE))
			status = show_session(query, &sessions->items[i], told);
	if (rows)
		aa_history_finish(query);
	query->out.hold_bytes = 0;
	return status;
}

/* CSV has its header also where there is nothing. */
static void begin_and_end(struct aa_query *query)
{
	aa_history_begin(query);
	aa_history_finish(query);
}

static int check(struct aa_query *query)
{
	const struct aa_settings *settings = &query->settings;

	if (query->arguments[0][0] == '\0')
		return aa_error_set(&query->error, -EINVAL, "history: the path is empty");
	if ((settings->diff != NULL) + settings->version_content.set + settings->last > 1)
		return aa_error_set(&query->error, -EINVAL,
				    "history: one of --last, --diff and --content at a time");
	return 0;
}

static enum aa_status run(struct aa_query *query)
{
	aa_cleanup(aa_sessions_release) struct aa_sessions sessions = { 0 };
	struct told told = { 0 };
	enum aa_status status;

	if (check(query) < 0)
		return AA_USAGE;
	query->about_files = true;
	status = aa_sessions_find(query, &aa_command_history, &sessions);
	if (status != AA_ANSWERED)
		return status;
	if (!aa_trail_has_files(query, &sessions)) {
		if (!is_bare(&query->settings))
			begin_and_end(query);
		return aa_complete_note(query, &sessions) < 0 ? AA_UNREADABLE : AA_NOTHING;
	}
	told.all = sessions.all;
	status = show(query, &sessions, &told);
	if (status != AA_ANSWERED || is_bare(&query->settings))
		return status;
	if (query->render.total_count == 0 && told.hidden == 0)
		(void)aa_error_set(&query->error, -ENOENT,
				   query->settings.last
					   ? "%s was not written, as far as was recorded"
					   : "nothing was recorded of %s (aa-query files lists the paths)",
				   query->arguments[0]);
	if (aa_complete_note(query, &sessions) < 0)
		return AA_UNREADABLE;
	return query->render.total_count > 0 || told.hidden > 0 ? AA_ANSWERED : AA_NOTHING;
}

static const struct aa_option options[] = {
	{ .name = "last", .offset = offsetof(struct aa_settings, last), .help = "only who last wrote it" },
	{ .name = "diff",
	  .type = AA_OPTION_STRING,
	  .argument = "N|N:M|last",
	  .offset = offsetof(struct aa_settings, diff),
	  .help = "how version N differs from the one before it, or from M; last: the last two (aa-record "
		  "--content)" },
	{ .name = "content",
	  .type = AA_OPTION_INTEGER,
	  .argument = "N",
	  .minimum = 0,
	  .maximum = INT64_MAX,
	  .offset = offsetof(struct aa_settings, version_content),
	  .help = "the bytes of version N, as they are; 0: the last one" },
	{ .name = "all",
	  .offset = offsetof(struct aa_settings, all),
	  .help = "in text: also opens and reads" },
	{ 0 },
};

const struct aa_command aa_command_history = {
	.name = "history",
	.usage = "PATH",
	.summary = "tell one file's life: who wrote, renamed, linked and deleted it",
	.description =
		"PATH is a name that the file had at any time, also by a directory above it; what does not "
		"begin\nwith / is the end of a path. Each file that had the name is told by itself.",
	.filters = AA_FILTER_LIMIT,
	.flags = AA_COMMAND_ALL,
	.argument_min = 1,
	.argument_max = 1,
	.options = options,
	.run = run,
};
