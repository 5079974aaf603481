/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query tls show --raw: the bytes of one direction as they are stored. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "render/safe.h"
#include "statement.h"
#include "tls.h"
#include "tls_reader.h"

/* A hole that is larger is not filled: only a damaged database has such. */
#define FILL_MAX ((uint64_t)1024 * 1024 * 1024)

struct raw {
	struct aa_query *query;
	unsigned direction;
	uint64_t written;
	uint64_t holes; /* bytes */
	bool rewritten;
};

static int write_all(struct raw *raw, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size > 0) {
		ssize_t n = write(STDOUT_FILENO, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			raw->query->render.failed = -errno;
			return -errno;
		}
		at += n;
		size -= (size_t)n;
		raw->written += (size_t)n;
	}
	return 0;
}

static int fill(struct raw *raw, uint64_t bytes)
{
	static const char zeros[65536];
	int r = 0;

	while (r == 0 && bytes > 0) {
		size_t part = bytes < sizeof(zeros) ? (size_t)bytes : sizeof(zeros);

		r = write_all(raw, zeros, part);
		bytes -= part;
	}
	return r;
}

static void say(const struct raw *raw, const char *line)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer safe = { 0 };

	if (raw->query->settings.quiet)
		return;
	aa_safe_text(&safe, line, strlen(line), !raw->query->render.utf8);
	(void)fprintf(stderr, "aa-query: %s\n", safe.data ? safe.data : "");
}

static int take_hole(struct raw *raw, const struct aa_tls_piece *piece)
{
	bool filled = raw->query->settings.fill && piece->bytes <= FILL_MAX;
	char line[160];

	raw->holes += piece->bytes;
	(void)snprintf(line, sizeof(line), "%" PRIu64 " bytes missing at offset %" PRIu64 " (%s)%s",
		       piece->bytes, piece->offset, piece->missing, filled ? ", filled with zeros" : "");
	say(raw, line);
	return filled ? fill(raw, piece->bytes) : 0;
}

static int take_piece(struct raw *raw, const struct aa_tls_piece *piece)
{
	if (piece->direction != raw->direction)
		return 0;
	if (piece->missing)
		return take_hole(raw, piece);
	raw->rewritten |= piece->rewritten;
	return write_all(raw, piece->data, piece->size);
}

static bool has_connection(struct aa_query *query, const struct aa_session *session, int64_t id)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;

	if (!aa_session_has_table(query->db, session->id, AA_TABLE_TLS_CONNECTION) ||
	    aa_statement_open_session(query, &statement, session->id,
				      "SELECT 1 FROM s0_tls_connection WHERE id = :id") < 0)
		return false;
	aa_statement_bind_integer(statement, ":id", id);
	return aa_statement_step(query, statement) > 0;
}

/* A reader who waits keeps no transaction open: it ends before every piece that may have to wait. */
static int write_pieces(struct raw *raw, struct aa_tls_reader *reader)
{
	struct aa_tls_piece piece;
	size_t since = 0;
	int r;

	while ((r = aa_tls_reader_next(reader, &piece)) > 0) {
		since += piece.size;
		/* As much as a pipe takes at once. */
		if (since > 65536) {
			since = 0;
			if (!isatty(STDOUT_FILENO))
				aa_tls_reader_let_go(reader);
		}
		r = take_piece(raw, &piece);
		if (r < 0)
			return r;
	}
	return r;
}

enum aa_status aa_tls_raw(struct aa_query *query, const struct aa_session *session, int64_t connection_id)
{
	struct raw raw = {
		.query = query,
		.direction = strcmp(query->settings.raw, "sent") == 0 ? AA_SENT : AA_RECEIVED,
	};
	struct aa_tls_reader reader;
	int r;

	if (isatty(STDOUT_FILENO)) {
		(void)aa_error_set(
			&query->error, -EINVAL,
			"--raw writes the exact bytes, which a terminal might obey: send them to a "
			"file or a pipe, for instance to cat -v");
		return AA_USAGE;
	}
	if (!has_connection(query, session, connection_id)) {
		(void)aa_error_set(&query->error, -ENOENT,
				   "there is no TLS connection %" PRId64 " (aa-query tls lists them)",
				   connection_id);
		return query->error.code == -ENOENT ? AA_NOTHING : AA_UNREADABLE;
	}
	r = aa_tls_reader_open(&reader, query, session, connection_id);
	if (r == 0)
		r = write_pieces(&raw, &reader);
	aa_tls_reader_close(&reader);
	query->told = true;
	if (r < 0)
		return AA_UNREADABLE;
	if (raw.rewritten)
		say(&raw,
		    "headers with secrets were encoded anew, so these bytes are not those of the connection");
	if (raw.holes > 0)
		return AA_HOLES;
	return raw.written > 0 ? AA_ANSWERED : AA_NOTHING;
}
