/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query tls show: a conversation, decoded, as it went. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "render/show.h"
#include "replay/body.h"
#include "statement.h"
#include "tls.h"
#include "tls_reader.h"
#include "tls_words.h"

/* An answer is kept in memory up to this rather than hold a transaction open for a reader who waits. */
#define HOLD_BYTES ((size_t)64 * 1024 * 1024)

static const struct aa_column columns[] = {
	{ .name = "session_id" },   { .name = "connection_id" },
	{ .name = "time_ns" },	    { .name = "time", .show = AA_SHOW_ISO },
	{ .name = "direction" },    { .name = "kind" },
	{ .name = "stream" },	    { .name = "method" },
	{ .name = "host" },	    { .name = "path" },
	{ .name = "status" },	    { .name = "version" },
	{ .name = "content_type" }, { .name = "headers", .nested = true },
	{ .name = "bytes" },	    { .name = "missing_bytes" },
	{ .name = "event" },	    { .name = "event_id" },
	{ .name = "text" },	    { .name = "data" },
	{ .name = "trouble" },
};

enum {
	SESSION,
	CONNECTION,
	TIME,
	ISO,
	DIRECTION,
	KIND,
	STREAM,
	METHOD,
	HOST,
	PATH,
	STATUS,
	VERSION,
	CONTENT_TYPE,
	HEADERS,
	BYTES,
	MISSING,
	EVENT,
	EVENT_ID,
	TEXT,
	DATA,
	TROUBLE,
	COLUMNS,
};

static const struct aa_listing listing = { .columns = columns, .count = COLUMNS };

static const struct aa_column header_columns[] = { { .name = "name" }, { .name = "value" } };
static const struct aa_listing header_listing = { .columns = header_columns, .count = 2 };

struct show {
	struct aa_query *query;
	const struct aa_session *session;
	const struct aa_tls_connection *connection;
	struct aa_tls_reader reader;
	uint64_t shown;
};

/* --- For programs: a row for whatever is told --- */

static const char *kind_name(const struct aa_told *told)
{
	switch (told->kind) {
	case AA_TOLD_HEAD:
		return told->message == &told->exchange->request ? "request" : "response";
	case AA_TOLD_BODY:
		return "body";
	case AA_TOLD_EVENT:
		return "event";
	case AA_TOLD_WEBSOCKET:
		return "websocket";
	case AA_TOLD_TRAILERS:
		return "trailers";
	case AA_TOLD_DATA:
		return "data";
	case AA_TOLD_GAP:
		return "gap";
	default:
		return "note";
	}
}

/* Bytes are text where they are UTF-8, else a blob. */
static void set_bytes(struct aa_cell *cells, const void *bytes, size_t size)
{
	bool text = aa_body_is_text(bytes, size);

	cells[text ? TEXT : DATA] = (struct aa_cell){
		.type = text ? AA_CELL_TEXT : AA_CELL_BYTES,
		.bytes = bytes ? bytes : "",
		.size = size,
	};
}

static struct aa_cell sized_text(const char *text, size_t size)
{
	return (struct aa_cell){ .type = AA_CELL_TEXT, .bytes = text, .size = size };
}

/* Names and values in turn; the caller frees. NULL: out of memory. */
static struct aa_cell *header_cells(const struct aa_fields *fields)
{
	struct aa_cell *cells = calloc(fields->count * 2 + 1, sizeof(*cells));

	for (size_t i = 0; cells && i < fields->count; i++) {
		cells[2 * i] = sized_text(aa_field_name(fields, i), fields->items[i].name_size);
		cells[2 * i + 1] = sized_text(aa_field_value(fields, i), fields->items[i].value_size);
	}
	return cells;
}

static void set_message(struct aa_cell *cells, const struct aa_told *told)
{
	const struct aa_talk_message *message = told->message;
	size_t size;
	const char *type = aa_fields_find(&message->fields, "content-type", &size);

	if (told->kind == AA_TOLD_TRAILERS)
		return;
	if (message->status)
		cells[STATUS] = aa_cell_integer(message->status);
	cells[VERSION] = aa_cell_text(message->version);
	cells[TROUBLE] = aa_cell_text(message->trouble);
	if (type)
		cells[CONTENT_TYPE] = sized_text(type, size);
	if (told->kind != AA_TOLD_BODY)
		return;
	cells[BYTES] = aa_cell_integer((int64_t)message->bytes);
	cells[MISSING] = aa_cell_integer((int64_t)message->missing_bytes);
	if (message->body.size > 0)
		set_bytes(cells, message->body.data, message->body.size);
	if (message->body_cut && !message->trouble)
		cells[TROUBLE] = aa_cell_text("only its beginning is here");
}

static void set_rest(struct aa_cell *cells, const struct aa_told *told)
{
	if (told->event) {
		cells[EVENT] = sized_text(told->event->event, told->event->event_size);
		cells[EVENT_ID] = sized_text(told->event->id, told->event->id_size);
		cells[BYTES] = aa_cell_integer((int64_t)told->event->data_size);
		set_bytes(cells, told->event->data, told->event->data_size);
		if (told->event->cut)
			cells[TROUBLE] = aa_cell_text("only its beginning is here");
	} else if (told->websocket) {
		cells[EVENT] = aa_cell_text(aa_websocket_name(told->websocket->opcode));
		cells[BYTES] = aa_cell_integer((int64_t)told->websocket->wire_bytes);
		set_bytes(cells, told->websocket->bytes, told->websocket->size);
		cells[TROUBLE] = aa_cell_text(told->websocket->trouble);
	} else if (told->kind == AA_TOLD_GAP) {
		cells[MISSING] = aa_cell_integer((int64_t)told->missing);
		cells[TROUBLE] = aa_cell_text(told->text);
	} else if (told->kind == AA_TOLD_NOTE) {
		cells[TROUBLE] = aa_cell_text(told->text);
	} else if (told->kind == AA_TOLD_DATA) {
		cells[BYTES] = aa_cell_integer((int64_t)told->size);
		set_bytes(cells, told->bytes, told->size);
	}
}

static int show_row(struct show *show, const struct aa_told *told)
{
	const struct aa_fields *fields = !told->message			  ? NULL
					 : told->kind == AA_TOLD_HEAD	  ? &told->message->fields
					 : told->kind == AA_TOLD_TRAILERS ? &told->message->trailers
									  : NULL;
	aa_cleanup_free struct aa_cell *headers = fields ? header_cells(fields) : NULL;
	struct aa_rows rows = { .listing = &header_listing, .cells = headers };
	bool request = told->kind == AA_TOLD_HEAD && told->message == &told->exchange->request;
	aa_cleanup_free char *method = NULL, *host = NULL, *path = NULL;
	struct aa_cell cells[COLUMNS] = { 0 };

	if (fields && !headers)
		return -ENOMEM;
	rows.count = fields ? (unsigned)fields->count : 0;
	cells[SESSION] = aa_cell_integer(show->session->id);
	cells[CONNECTION] = aa_cell_integer(show->connection->id);
	cells[TIME] = aa_cell_integer(told->time_ns);
	cells[ISO] = aa_cell_integer(told->time_ns);
	cells[DIRECTION] = aa_cell_text(told->direction == AA_SENT ? "sent" : "received");
	cells[KIND] = aa_cell_text(kind_name(told));
	if (told->stream)
		cells[STREAM] = aa_cell_integer((int64_t)told->stream);
	if (fields)
		cells[HEADERS] = (struct aa_cell){ .type = AA_CELL_TABLE, .rows = &rows };
	if (told->message)
		set_message(cells, told);
	if (request && told->message->decoded) {
		method = aa_tls_field(&told->message->line, ":method");
		host = aa_tls_request_host(told->message, show->connection);
		path = aa_tls_request_path(told->message);
		cells[METHOD] = aa_cell_text(method);
		cells[HOST] = aa_cell_text(host);
		cells[PATH] = aa_cell_text(path);
	}
	set_rest(cells, told);
	aa_render_row(&show->query->render, cells);
	return 0;
}

/* --- What is wanted of it --- */

static bool is_wanted(const struct aa_settings *settings, enum aa_told_kind kind)
{
	if (kind == AA_TOLD_GAP || kind == AA_TOLD_NOTE)
		return true;
	if (settings->headers)
		return kind == AA_TOLD_HEAD || kind == AA_TOLD_TRAILERS;
	if (settings->body)
		return kind != AA_TOLD_HEAD && kind != AA_TOLD_TRAILERS;
	return true;
}

static int tell(void *context, const struct aa_told *told)
{
	struct show *show = context;

	if (show->query->render.failed < 0)
		return show->query->render.failed;
	if (told->kind == AA_TOLD_EXCHANGE || !is_wanted(&show->query->settings, told->kind))
		return 0;
	show->shown++;
	if (!aa_render_is_text(&show->query->render))
		return show_row(show, told);
	return aa_tls_say(show->query, told);
}

static int read_pieces(struct show *show, struct aa_talk *talk)
{
	struct aa_tls_piece piece;
	int r;

	while ((r = aa_tls_reader_next(&show->reader, &piece)) > 0) {
		r = piece.missing
			    ? aa_talk_skip(talk, piece.direction, piece.time_ns, piece.bytes, piece.missing)
			    : aa_talk_feed(talk, piece.direction, piece.time_ns, piece.data, piece.size);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : aa_talk_end(talk);
}

/* Memory is the only thing that can go wrong and is not told already. */
static enum aa_status status_of(struct show *show, int r)
{
	if (r == 0)
		return show->shown > 0 ? AA_ANSWERED : AA_NOTHING;
	if (r == -ENOMEM)
		(void)aa_error_set(&show->query->error, r, "out of memory");
	return AA_UNREADABLE;
}

static int load_connection(struct aa_query *query, const struct aa_session *session, int64_t id,
			   struct aa_tls_connection *ret_connection)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r;

	if (!aa_session_has_table(query->db, session->id, AA_TABLE_TLS_CONNECTION))
		return 0;
	r = aa_statement_open_session(query, &statement, session->id,
				      "SELECT " AA_SQL_TLS_CONNECTION " FROM s0_tls_connection AS c"
				      " LEFT JOIN s0_process AS p ON p.id = c.process_id WHERE c.id = :id");
	if (r < 0)
		return r;
	aa_statement_bind_integer(statement, ":id", id);
	r = aa_statement_step(query, statement);
	if (r <= 0)
		return r;
	r = aa_tls_connection_read(query, statement, ret_connection);
	return r < 0 ? r : 1;
}

/* What is to be known of the connection before its bytes. 1: found. */
static int show_heading(struct aa_query *query, const struct aa_session *session, int64_t id)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r = aa_statement_open_session(
		query, &statement, session->id,
		"SELECT 'connection ' || c.id || ': ' || coalesce(p.comm || ' (pid ' || p.pid || ')', "
		"'unknown process')"
		" || CASE c.role WHEN 'server' THEN ' <- ' ELSE ' -> ' END || coalesce(c.sni || ', ', '')"
		" || coalesce(" AA_SQL_TLS_PEER ", 'unknown peer'),"
		" coalesce(c.version, 'unknown version') || coalesce(', ' || c.cipher, '') || coalesce(', ' "
		"|| c.alpn, '')"
		" || coalesce(', ' || c.implementation, '') || '; sent ' || c.sent_bytes || ', received ' || "
		"c.received_bytes"
		" || ' bytes' || CASE WHEN c.redactions > 0 THEN '; secrets replaced: ' || c.redactions ELSE "
		"'' END,"
		" CASE c.plaintext WHEN 'yes' THEN NULL WHEN 'no' THEN 'no plaintext' ELSE 'not all of the "
		"plaintext' END"
		" || coalesce(': ' || c.reason, '')"
		" FROM s0_tls_connection AS c LEFT JOIN s0_process AS p ON p.id = c.process_id WHERE c.id = "
		":id");

	if (r < 0)
		return r;
	aa_statement_bind_integer(statement, ":id", id);
	r = aa_statement_step(query, statement);
	if (r <= 0)
		return r;
	aa_session_line(query, session);
	aa_render_line(&query->render, AA_STYLE_NAME, aa_statement_text(statement, 0));
	aa_render_line(&query->render, AA_STYLE_PLAIN, aa_statement_text(statement, 1));
	if (sqlite3_column_type(statement, 2) != SQLITE_NULL)
		aa_render_line(&query->render, AA_STYLE_WARN, aa_statement_text(statement, 2));
	return 1;
}

static int show_all(struct show *show)
{
	struct aa_talk_options options = aa_tls_talk_options(show->connection);
	struct aa_talk *talk;
	int r;

	options.keep = !show->query->settings.headers;
	talk = aa_talk_new(&options, tell, show);
	if (!talk)
		return -ENOMEM;
	r = aa_tls_reader_open(&show->reader, show->query, show->session, show->connection->id);
	if (r == 0)
		r = read_pieces(show, talk);
	show->query->out.before_wait = NULL;
	aa_tls_reader_close(&show->reader);
	aa_talk_free(talk);
	return r;
}

enum aa_status aa_tls_show(struct aa_query *query, const struct aa_session *session, int64_t connection_id)
{
	aa_cleanup(aa_tls_connection_release) struct aa_tls_connection connection = { 0 };
	struct show show = { .query = query, .session = session, .connection = &connection };
	bool text = aa_render_is_text(&query->render);
	int r = load_connection(query, session, connection_id, &connection);

	if (r > 0 && text)
		r = show_heading(query, session, connection_id);
	if (r == 0) {
		(void)aa_error_set(&query->error, -ENOENT,
				   "there is no TLS connection %" PRId64 " (aa-query tls lists them)",
				   connection_id);
		return AA_NOTHING;
	}
	if (r < 0)
		return AA_UNREADABLE;
	query->out.hold_bytes = HOLD_BYTES;
	query->out.before_wait = aa_tls_reader_let_go;
	query->out.context = &show.reader;
	if (!text)
		aa_render_begin(&query->render, &listing);
	r = show_all(&show);
	if (!text)
		aa_render_end(&query->render);
	query->out.hold_bytes = 0;
	if (r == 0 && show.shown == 0 && text)
		aa_render_line(&query->render, AA_STYLE_DIM, "nothing of it is stored");
	query->told |= r == 0 && show.shown == 0;
	return status_of(&show, r);
}
