/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of plaintext; see tls_reader.h. A forged database may say anything in them. */
#include "tls_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "replay/http.h"
#include "statement.h"

/*
 * Sorted without the bytes, which are read row by row then. What stands where nothing but numbers should is passed over, so that the
 * order is one of numbers and a reader that goes on later finds its place.
 */
#define SELECT_SQL \
	"SELECT id, connection_id, time_ns, offset, bytes, gap FROM s0_tls WHERE direction = :direction" \
	" AND typeof(connection_id) = 'integer' AND typeof(offset) = 'integer' AND typeof(bytes) = " \
	"'integer'" \
	" AND (connection_id, offset, id) > (:connection, :offset, :id)"
#define ORDER_SQL " ORDER BY connection_id, offset, id"

static const char all_sql[] = SELECT_SQL ORDER_SQL;
static const char one_sql[] = SELECT_SQL " AND connection_id = :one" ORDER_SQL;

static const char *const directions[] = { "sent", "received" };

int aa_tls_reader_open(struct aa_tls_reader *reader, struct aa_query *query, const struct aa_session *session,
		       int64_t connection_id)
{
	*reader =
		(struct aa_tls_reader){ .query = query, .session = session, .connection_id = connection_id };
	for (int i = 0; i < 2; i++) {
		reader->cursors[i].connection_id = INT64_MIN;
		reader->cursors[i].offset = INT64_MIN;
		reader->cursors[i].id = INT64_MIN;
		reader->cursors[i].ended = !aa_session_has_table(query->db, session->id, AA_TABLE_TLS);
	}
	return 0;
}

static int open_cursor(struct aa_tls_reader *reader, struct aa_tls_cursor *cursor)
{
	int r = aa_statement_open_session(reader->query, &cursor->statement, reader->session->id,
					  reader->connection_id ? one_sql : all_sql);

	if (r < 0)
		return r;
	aa_statement_bind_text(cursor->statement, ":direction", directions[cursor - reader->cursors]);
	aa_statement_bind_integer(cursor->statement, ":connection", cursor->connection_id);
	aa_statement_bind_integer(cursor->statement, ":offset", cursor->offset);
	aa_statement_bind_integer(cursor->statement, ":id", cursor->id);
	aa_statement_bind_integer(cursor->statement, ":one", reader->connection_id);
	return 0;
}

static int advance(struct aa_tls_reader *reader, struct aa_tls_cursor *cursor)
{
	int64_t connection_id;
	int r = 0;

	if (!cursor->statement)
		r = open_cursor(reader, cursor);
	if (r == 0)
		r = aa_statement_step(reader->query, cursor->statement);
	if (r <= 0) {
		cursor->ended = r == 0;
		aa_statement_closep(&cursor->statement);
		return r;
	}
	connection_id = sqlite3_column_int64(cursor->statement, 1);
	if (connection_id != cursor->connection_id)
		cursor->stream = (struct aa_stream){ 0 };
	cursor->has_row = true;
	cursor->connection_id = connection_id;
	cursor->id = sqlite3_column_int64(cursor->statement, 0);
	cursor->time_ns = sqlite3_column_int64(cursor->statement, 2);
	cursor->offset = sqlite3_column_int64(cursor->statement, 3);
	cursor->bytes = sqlite3_column_int64(cursor->statement, 4);
	cursor->gap[0] = '\0';
	if (sqlite3_column_type(cursor->statement, 5) != SQLITE_NULL)
		(void)strncpy(cursor->gap, aa_statement_text(cursor->statement, 5), sizeof(cursor->gap) - 1);
	if (sqlite3_column_type(cursor->statement, 5) != SQLITE_NULL && cursor->gap[0] == '\0')
		(void)strcpy(cursor->gap, "lost");
	return 1;
}

static bool is_before(const struct aa_tls_cursor *a, const struct aa_tls_cursor *b)
{
	if (a->connection_id != b->connection_id)
		return a->connection_id < b->connection_id;
	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns;
	return a->id < b->id;
}

/* The bytes of the row, unpacked, in memory of the reader's. -EBADMSG: they are not what the row says. */
static int load(struct aa_tls_reader *reader, struct aa_tls_piece *piece)
{
	sqlite3_stmt *statement = reader->data_statement;
	int64_t size = sqlite3_column_int64(statement, 1);
	const void *data = sqlite3_column_blob(statement, 0);
	size_t data_size = (size_t)sqlite3_column_bytes(statement, 0);

	if (strcmp(aa_statement_text(statement, 2), "zlib") == 0) {
		int r = aa_stream_unpack(data, data_size, size, &reader->data);

		piece->size = r == 0 ? (size_t)size : 0;
		piece->data = reader->data;
		return r;
	}
	if (sqlite3_column_type(statement, 2) != SQLITE_NULL || (uint64_t)size != data_size)
		return -EBADMSG;
	reader->data = malloc(data_size > 0 ? data_size : 1);
	if (!reader->data)
		return -ENOMEM;
	if (data_size > 0)
		memcpy(reader->data, data, data_size);
	piece->data = reader->data;
	piece->size = data_size;
	return 0;
}

static int load_row(struct aa_tls_reader *reader, int64_t id, struct aa_tls_piece *piece)
{
	const char *marks;
	int r = 0;

	if (!reader->data_statement)
		r = aa_statement_open_session(
			reader->query, &reader->data_statement, reader->session->id,
			"SELECT data, size, encoding, marks FROM s0_tls WHERE id = :id");
	if (r < 0)
		return r;
	aa_statement_bind_integer(reader->data_statement, ":id", id);
	r = aa_statement_step(reader->query, reader->data_statement);
	if (r > 0) {
		marks = aa_statement_text(reader->data_statement, 3);
		piece->redacted = strstr(marks, "redacted") != NULL;
		piece->rewritten = strstr(marks, "rewritten") != NULL;
		r = load(reader, piece);
	} else if (r == 0) {
		r = -EBADMSG;
	}
	(void)sqlite3_reset(reader->data_statement);
	if (r == -ENOMEM)
		return aa_error_set(&reader->query->error, r, "out of memory");
	return r;
}

/* The row's own piece: what is new of it. 1, 0 if nothing is, or a negative errno. */
static int take_row(struct aa_tls_reader *reader, struct aa_tls_cursor *cursor,
		    const struct aa_stream_place *place, struct aa_tls_piece *piece)
{
	int r;

	piece->offset = (uint64_t)cursor->offset + place->skip;
	piece->bytes = place->bytes;
	if (place->bytes == 0)
		return 0;
	if (cursor->gap[0]) {
		piece->missing = cursor->gap;
		return 1;
	}
	r = load_row(reader, cursor->id, piece);
	if (r < 0 && r != -EBADMSG)
		return r;
	/* Where lengths differ there is no saying which bytes would be new. */
	if (r == -EBADMSG || (piece->rewritten ? place->skip > 0 : piece->size != (uint64_t)cursor->bytes)) {
		reader->damaged++;
		piece->missing = "the database is damaged";
		piece->data = NULL;
		piece->size = 0;
		return 1;
	}
	piece->data = (const char *)piece->data + place->skip;
	piece->size -= (size_t)place->skip;
	return 1;
}

static int find_row(struct aa_tls_reader *reader, struct aa_tls_cursor **ret_cursor)
{
	struct aa_tls_cursor *next = NULL;

	for (int i = 0; i < 2; i++) {
		struct aa_tls_cursor *cursor = &reader->cursors[i];
		int r = cursor->has_row || cursor->ended ? 0 : advance(reader, cursor);

		if (r < 0)
			return r;
		if (cursor->has_row && (!next || is_before(cursor, next)))
			next = cursor;
	}
	*ret_cursor = next;
	return 0;
}

int aa_tls_reader_next(struct aa_tls_reader *reader, struct aa_tls_piece *ret_piece)
{
	int r = 0;

	free(reader->data);
	reader->data = NULL;
	while (r == 0) {
		struct aa_tls_cursor *cursor = reader->waiting;
		bool told = cursor != NULL;

		if (!told) {
			r = find_row(reader, &cursor);
			if (r < 0 || !cursor)
				return r;
		}
		*ret_piece = (struct aa_tls_piece){ .connection_id = cursor->connection_id,
						    .time_ns = cursor->time_ns,
						    .direction = (unsigned)(cursor - reader->cursors) };
		reader->waiting = NULL;
		if (!told &&
		    !aa_stream_take(&cursor->stream, cursor->offset, cursor->bytes, &reader->place)) {
			reader->damaged++;
			cursor->has_row = false;
			continue;
		}
		if (!told && reader->place.hole > 0) {
			ret_piece->offset = (uint64_t)cursor->offset - reader->place.hole;
			ret_piece->bytes = reader->place.hole;
			ret_piece->missing = "no row tells why";
			reader->waiting = cursor;
			return 1;
		}
		cursor->has_row = false;
		r = take_row(reader, cursor, &reader->place, ret_piece);
	}
	return r;
}

void aa_tls_reader_let_go(void *context)
{
	struct aa_tls_reader *reader = context;

	for (int i = 0; i < 2; i++)
		aa_statement_closep(&reader->cursors[i].statement);
	aa_statement_closep(&reader->data_statement);
}

void aa_tls_reader_close(struct aa_tls_reader *reader)
{
	aa_tls_reader_let_go(reader);
	free(reader->data);
	reader->data = NULL;
}
