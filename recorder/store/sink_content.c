/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rows of file ask for contents, and the rows that the answers become. A version of a file is complete when its
 * writer closes it, or when it gets a name that is asked for: editors, git and package managers write elsewhere and
 * rename or link.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "contents_private.h"
#include "memory.h"
#include "store_private.h"

/* Asks for the file of a row under one of its paths, if that matches. */
struct wish {
	struct aa_session *session;
	const struct aa_contents_row *row;
	int64_t file_id;
	int64_t path_id;
	struct aa_content_file file;
	uint64_t size;
	struct aa_error *error;
};

static bool matches(const struct aa_contents *contents, const char *path)
{
	for (char *const *glob = contents->globs; glob && *glob; glob++)
		if (sqlite3_strglob(*glob, path) == 0)
			return true;
	return false;
}

/*
 * Those that live of the process and its ancestors: a writer that is gone had mostly the root of who made it. From the
 * database, because the table in memory has no parents of the dead, and its end is stored before its files.
 */
static int add_pids(struct aa_session *session, const struct aa_header *header, struct aa_content_job *job,
		    struct aa_error *error)
{
	uint32_t process = aa_process_find(&session->processes, header->tgid, header->start_ns);
	struct aa_row row;
	int result = SQLITE_DONE;

	if (process == AA_PROCESS_NONE)
		return 0;
	aa_row_begin(&row, session, AA_STATEMENT_CONTENT_PIDS, AA_TABLE_PROCESS,
		     "WITH RECURSIVE line (pid, parent_id, alive, depth) AS ("
		     "SELECT pid, parent_id, exit_time_ns IS NULL, 0 FROM s0_process WHERE id = ?"
		     " UNION ALL SELECT p.pid, p.parent_id, p.exit_time_ns IS NULL, depth + 1"
		     " FROM line JOIN s0_process AS p ON p.id = line.parent_id WHERE depth < 16)"
		     " SELECT pid FROM line WHERE alive ORDER BY depth",
		     error);
	aa_row_int(&row, session->processes.entries[process].row_id);
	if (row.code < 0)
		return row.code;
	for (unsigned i = 0; i < AA_CONTENT_PIDS && (result = sqlite3_step(row.statement)) == SQLITE_ROW; i++)
		job->pids[i] = (uint32_t)sqlite3_column_int64(row.statement, 0);
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		row.code = aa_db_error(session->store->db, error, "read the database");
	(void)sqlite3_reset(row.statement);
	return row.code;
}

static int want(const struct wish *wish, const char *path, size_t size)
{
	const struct aa_header *header = wish->row->event->header;
	size_t bytes = sizeof(struct aa_content_job) + size + 1;
	struct aa_content_job *job = calloc(1, bytes);
	int r;

	if (!job)
		return aa_error_set(wish->error, -ENOMEM, "out of memory");
	atomic_init(&job->references, 1);
	job->bytes = bytes;
	job->session_id = wish->session->id;
	job->file_id = wish->file_id;
	job->path_id = wish->path_id;
	job->boot_ns = header->time_ns;
	job->file = wish->file;
	job->size = wish->size;
	if (!wish->file.inode) /* not known, so that no file can be trusted to be it */
		job->answer.reason = AA_CONTENT_SKIPPED;
	memcpy(job->path, path, size);
	r = add_pids(wish->session, header, job, wish->error);
	if (r < 0)
		aa_content_job_release(job);
	else
		aa_contents_want(wish->session->store->contents, job);
	return r;
}

/* Looks up the path: strings are not kept in memory. */
static int want_if_matching(const struct wish *wish)
{
	struct aa_row row;
	const char *path;
	int r = 0;

	if (!wish->path_id)
		return 0;
	aa_row_begin(&row, wish->session, AA_STATEMENT_CONTENT_PATH, AA_TABLE_STRING,
		     "SELECT coalesce(raw, text) FROM s0_string WHERE id = ?", wish->error);
	aa_row_int(&row, wish->path_id);
	if (row.code < 0)
		return row.code;
	switch (sqlite3_step(row.statement)) {
	case SQLITE_ROW:
		path = (const char *)sqlite3_column_text(row.statement, 0);
		if (path && matches(wish->session->store->contents, path))
			r = want(wish, path, strlen(path));
		break;
	case SQLITE_DONE:
		break;
	default:
		r = aa_db_error(wish->session->store->db, wish->error, "read the database");
	}
	(void)sqlite3_reset(row.statement);
	return r;
}

/* 1 if an open made or emptied its file, so that its close ends a version though nothing was written. */
static int open_changed(struct aa_session *session, int64_t open_id, struct aa_error *error)
{
	struct aa_row row;
	int r = 0;

	if (!open_id)
		return 0;
	aa_row_begin(&row, session, AA_STATEMENT_CONTENT_OPEN, AA_TABLE_FILE,
		     "SELECT flags, marks, size_bytes FROM s0_file WHERE id = ?", error);
	aa_row_int(&row, open_id);
	if (row.code < 0)
		return row.code;
	switch (sqlite3_step(row.statement)) {
	case SQLITE_ROW: {
		const char *marks = (const char *)sqlite3_column_text(row.statement, 1);
		int64_t flags = sqlite3_column_int64(row.statement, 0);

		/* The kernel takes O_TRUNC from f_flags: a file that is empty may have been emptied. */
		r = (marks && strstr(marks, "created")) ||
		    ((flags & O_ACCMODE) != O_RDONLY && sqlite3_column_int64(row.statement, 2) == 0);
		break;
	}
	case SQLITE_DONE:
		break;
	default:
		r = aa_db_error(session->store->db, error, "read the database");
	}
	(void)sqlite3_reset(row.statement);
	return r;
}

static bool is_file(uint32_t mode)
{
	return S_ISREG(mode) || mode == 0; /* 0: not known */
}

static struct aa_content_recent *recent_of(struct aa_contents *contents, int64_t path_id)
{
	return &contents->recent[(uint64_t)path_id % AA_CONTENT_RECENT];
}

static void remember(struct aa_session *session, const struct wish *wish)
{
	if (wish->path_id && wish->file.inode)
		*recent_of(session->store->contents, wish->path_id) = (struct aa_content_recent){
			.session_id = session->id,
			.path_id = wish->path_id,
			.file = wish->file,
		};
}

static int on_close(struct aa_session *session, const struct aa_contents_row *row, int64_t file_id,
		    struct aa_error *error)
{
	const struct aa_file_io *io = row->event->io;
	struct aa_contents *contents = session->store->contents;
	struct wish wish = {
		.session = session,
		.row = row,
		.file_id = file_id,
		.path_id = row->path_id,
		.file = row->file,
		.size = io->node.inode ? io->node.size : UINT64_MAX,
		.error = error,
	};
	bool wrote = io->write_bytes || io->marks & AA_FILE_MAPPED ||
		     (io->open && contents->cut[io->open % AA_CONTENT_RECENT] == io->open);
	int r = 0;

	if (!is_file(io->node.mode))
		return 0;
	if (io->write_bytes || io->marks & AA_FILE_MAPPED)
		aa_contents_touch(contents, &row->file, io->header.time_ns);
	if (row->event->header->kind == AA_EVENT_IO && !(io->marks & AA_FILE_STILL_OPEN))
		return 0;
	if (!wrote) {
		r = open_changed(session, row->open_id, error);
		if (r <= 0)
			return r;
	}
	remember(session, &wish);
	return want_if_matching(&wish);
}

/* A rename or link in the portable tier says no inode: then it is the file that was last written under the old name. */
static int on_name(struct aa_session *session, const struct aa_contents_row *row, int64_t file_id,
		   struct aa_error *error)
{
	const struct aa_file_change *change = row->event->change;
	const struct aa_content_recent *recent = recent_of(session->store->contents, row->path_id);
	struct wish wish = {
		.session = session,
		.row = row,
		.file_id = file_id,
		.path_id = row->path2_id,
		.file = row->file,
		.size = change->node.inode ? change->node.size : UINT64_MAX,
		.error = error,
	};

	if (!is_file(change->node.mode))
		return 0;
	if (!wish.file.inode && recent->session_id == session->id && recent->path_id == row->path_id) {
		wish.file = recent->file;
	}
	if (!wish.file.inode) /* nothing that was written lately, or a directory */
		return 0;
	remember(session, &wish);
	return want_if_matching(&wish);
}

static int on_cut(struct aa_session *session, const struct aa_contents_row *row, int64_t file_id,
		  struct aa_error *error)
{
	const struct aa_file_change *change = row->event->change;
	const struct wish wish = {
		.session = session,
		.row = row,
		.file_id = file_id,
		.path_id = row->path_id,
		.file = row->file,
		.size = change->node.inode ? change->node.size : UINT64_MAX,
		.error = error,
	};

	aa_contents_touch(session->store->contents, &row->file, change->header.time_ns);
	if (change->open) { /* its close comes */
		session->store->contents->cut[change->open % AA_CONTENT_RECENT] = change->open;
		return 0;
	}
	return wish.file.inode && is_file(change->node.mode) ? want_if_matching(&wish) : 0;
}

int aa_contents_row(struct aa_session *session, const struct aa_contents_row *row, int64_t file_id,
		    struct aa_error *error)
{
	struct aa_contents *contents = session->store->contents;
	const struct aa_event *event = row->event;
	uint64_t time_ns = event->header->time_ns;

	switch (event->header->kind) {
	case AA_EVENT_OPEN:
		if (event->open->error == 0 &&
		    ((event->open->open_flags & O_ACCMODE) != O_RDONLY || event->open->open_flags & O_TRUNC))
			aa_contents_touch(contents, &row->file, time_ns);
		return 0;
	case AA_EVENT_CLOSE:
	case AA_EVENT_IO:
		return on_close(session, row, file_id, error);
	case AA_EVENT_TRUNCATE:
	case AA_EVENT_FALLOCATE:
		return event->change->error == 0 ? on_cut(session, row, file_id, error) : 0;
	case AA_EVENT_RENAME:
	case AA_EVENT_LINK:
		return event->change->error == 0 ? on_name(session, row, file_id, error) : 0;
	case AA_EVENT_MMAP:
		aa_contents_touch(contents, &row->file, time_ns);
		return 0;
	case AA_EVENT_COPY:
		aa_contents_touch(contents,
				  &(struct aa_content_file){ event->change->node2.inode,
							     event->change->node2.device,
							     event->change->node2.generation },
				  time_ns);
		return 0;
	default:
		return 0;
	}
}

static const char *reason_name(enum aa_content_reason reason)
{
	static const char *const names[] = {
		[AA_CONTENT_READ] = NULL,
		[AA_CONTENT_GONE] = "gone",
		[AA_CONTENT_REPLACED] = "replaced",
		[AA_CONTENT_REWRITTEN] = "rewritten",
		[AA_CONTENT_TOO_LARGE] = "too-large",
		[AA_CONTENT_UNREADABLE] = "unreadable",
		[AA_CONTENT_NOT_REGULAR] = "not-regular",
		[AA_CONTENT_SKIPPED] = "skipped",
	};

	return reason < sizeof(names) / sizeof(names[0]) ? names[reason] : "unreadable";
}

/* The row of a content, whoever had it first. */
static int store_blob(struct aa_session *session, const struct aa_content_answer *answer, int64_t *ret_id,
		      struct aa_error *error)
{
	struct aa_row row;
	int result;

	aa_row_begin(&row, session, AA_STATEMENT_BLOB_FIND, AA_TABLE_BLOB,
		     "SELECT id FROM s0_blob WHERE sha256 = ?", error);
	aa_row_blob(&row, answer->sha256, sizeof(answer->sha256));
	if (row.code < 0)
		return row.code;
	result = sqlite3_step(row.statement);
	if (result == SQLITE_ROW)
		*ret_id = sqlite3_column_int64(row.statement, 0);
	(void)sqlite3_reset(row.statement);
	if (result == SQLITE_ROW)
		return 0;
	if (result != SQLITE_DONE)
		return aa_db_error(session->store->db, error, "read the database");
	aa_row_begin(&row, session, AA_STATEMENT_BLOB, AA_TABLE_BLOB,
		     "INSERT INTO s0_blob (sha256, size_bytes, encoding, data) VALUES (?, ?, ?, ?)", error);
	aa_row_blob(&row, answer->sha256, sizeof(answer->sha256));
	aa_row_uint(&row, answer->size_bytes);
	aa_row_text(&row, answer->deflated ? "zlib" : "plain");
	aa_row_blob(&row, answer->data, answer->data_size);
	return aa_row_step(&row, ret_id);
}

int aa_sink_content(struct aa_session *session, const struct aa_content_job *job, struct aa_error *error)
{
	const struct aa_content_answer *answer = &job->answer;
	uint64_t end_ns = answer->end_boot_ns;
	int64_t blob_id = 0, offset_ns;
	struct aa_row row;
	int r = 0;

	if (!end_ns)
		session->store->clock(&end_ns, &offset_ns);
	if (answer->data)
		r = store_blob(session, answer, &blob_id, error);
	if (r < 0)
		return r;
	aa_row_begin(&row, session, AA_STATEMENT_CONTENT, AA_TABLE_CONTENT,
		     "INSERT INTO s0_content (file_id, time_ns, path_id, sha256, size_bytes, changed, "
		     "blob_id, reason)"
		     " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		     error);
	aa_row_int(&row, job->file_id);
	aa_row_int(&row, aa_session_time(session, end_ns));
	aa_row_id(&row, job->path_id);
	if (answer->hashed) {
		aa_row_blob(&row, answer->sha256, sizeof(answer->sha256));
		aa_row_uint(&row, answer->size_bytes);
	} else {
		aa_row_null(&row);
		aa_row_null(&row);
	}
	aa_row_int(&row, answer->changed || job->touched);
	aa_row_id(&row, blob_id);
	aa_row_text(&row, reason_name(answer->reason));
	return aa_row_step(&row, NULL);
}
