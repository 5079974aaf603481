/* SPDX-License-Identifier: Apache-2.0 */
/* aa-query tls requests: a line for each request of HTTP, across the connections of a session, by time. */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "replay/array.h"
#include "statement.h"
#include "tls.h"
#include "tls_reader.h"

static const struct aa_column columns[] = {
	{ .name = "session_id", .title = "SESSION" },
	{ .name = "connection_id", .title = "CONNECTION" },
	{ .name = "stream" },
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "time", .show = AA_SHOW_ISO },
	{ .name = "process_id" },
	{ .name = "pid", .title = "PID" },
	{ .name = "comm", .title = "COMM" },
	{ .name = "role" },
	{ .name = "method", .title = "METHOD" },
	{ .name = "host", .title = "HOST" },
	{ .name = "path", .title = "PATH" },
	{ .name = "status", .title = "STATUS" },
	{ .name = "version" },
	{ .name = "request_bytes", .title = "SENT", .show = AA_SHOW_SIZE },
	{ .name = "response_bytes", .title = "RECEIVED", .show = AA_SHOW_SIZE },
	{ .name = "response_decoded_bytes" },
	{ .name = "missing_bytes" },
	{ .name = "duration_ns", .title = "DURATION", .show = AA_SHOW_DURATION },
	{ .name = "request_type" },
	{ .name = "content_type", .title = "TYPE" },
	{ .name = "events", .title = "EVENTS" },
	{ .name = "trouble", .title = "TROUBLE" },
};

enum {
	SESSION = 0,
	TIME = 3,
	STATUS = 12,
	TROUBLE = 22,
	COLUMNS = sizeof(columns) / sizeof(columns[0]),
};

/* Texts are in one block. */
struct request {
	int64_t session_id;
	int64_t connection_id;
	int64_t process_id;
	int64_t pid;
	int64_t time_ns;
	int64_t duration_ns; /* -1: not known */
	uint64_t stream;
	uint64_t order; /* as found */
	uint64_t request_bytes;
	uint64_t response_bytes;
	uint64_t decoded_bytes;
	uint64_t missing_bytes;
	uint64_t events;
	int status;
	bool has_response;
	const char *version; /* static, as is the next */
	const char *trouble;
	char *texts[7]; /* enum text; NULL: not known */
};

enum text {
	COMM,
	ROLE,
	METHOD,
	HOST,
	PATH,
	REQUEST_TYPE,
	CONTENT_TYPE,
	TEXTS,
};

struct requests {
	struct aa_query *query;
	const struct aa_session *session;
	struct aa_window window;
	struct aa_tls_connection connection;
	struct aa_search search;
	struct request *items;
	size_t count;
	size_t capacity;
};

static void release_request(struct request *request)
{
	for (int i = 0; i < TEXTS; i++)
		free(request->texts[i]);
}

static bool is_glob(const char *pattern, const char *text, bool fold)
{
	/* As in SQL, * matches / too. */
	return !pattern || (text && fnmatch(pattern, text, fold ? FNM_CASEFOLD : 0) == 0);
}

static bool is_wanted(const struct requests *requests, const struct request *request, bool found)
{
	const struct aa_settings *settings = &requests->query->settings;

	if (request->time_ns < requests->window.since_ns || request->time_ns > requests->window.until_ns)
		return false;
	if (settings->method &&
	    (!request->texts[METHOD] || strcasecmp(settings->method, request->texts[METHOD]) != 0))
		return false;
	if (settings->status &&
	    (!request->status || !aa_tls_status_matches(settings->status, request->status)))
		return false;
	if (settings->grep && !found)
		return false;
	if (settings->sse && request->events == 0)
		return false;
	return is_glob(settings->host, request->texts[HOST], true) &&
	       is_glob(settings->request_path, request->texts[PATH], false);
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static const char *trouble_of(const struct aa_talk_exchange *exchange)
{
	const struct aa_talk_message *request = &exchange->request, *response = &exchange->response;

	if (!response->seen)
		return request->trouble ? request->trouble : "no response";
	if (response->trouble)
		return response->trouble;
	if (request->trouble)
		return request->trouble;
	if (!request->seen && !exchange->pushed)
		return "its request is missing";
	if ((request->seen && !request->decoded) || !response->decoded)
		return "hpack_unsynced";
	return NULL;
}

static void set_request(const struct requests *requests, struct request *item,
			const struct aa_talk_exchange *exchange)
{
	const struct aa_talk_message *request = &exchange->request, *response = &exchange->response;
	const struct aa_tls_connection *connection = &requests->connection;

	*item = (struct request){
		.session_id = requests->session->id,
		.connection_id = connection->id,
		.process_id = connection->process_id,
		.pid = connection->pid,
		.time_ns = request->seen ? request->time_ns : response->time_ns,
		.duration_ns = request->seen && response->seen && response->end_ns >= request->time_ns
				       ? response->end_ns - request->time_ns
				       : -1,
		.stream = exchange->stream,
		.order = requests->count,
		.request_bytes = request->bytes,
		.response_bytes = response->bytes,
		.decoded_bytes = response->decoded_bytes,
		.missing_bytes = request->missing_bytes + response->missing_bytes,
		.events = response->events,
		.status = response->status,
		.has_response = response->seen,
		.version = request->version ? request->version : response->version,
		.trouble = trouble_of(exchange),
	};
	item->texts[COMM] = copy(connection->comm);
	item->texts[ROLE] = copy(connection->role);
	item->texts[METHOD] = aa_tls_field(&request->line, ":method");
	item->texts[HOST] = aa_tls_request_host(request, connection);
	item->texts[PATH] = aa_tls_request_path(request);
	item->texts[REQUEST_TYPE] = aa_tls_field(&request->fields, "content-type");
	item->texts[CONTENT_TYPE] = aa_tls_field(&response->fields, "content-type");
}

static int tell(void *context, const struct aa_told *told)
{
	struct requests *requests = context;
	struct request *grown, *item;

	if (told->kind != AA_TOLD_EXCHANGE ||
	    (!told->exchange->request.seen && !told->exchange->response.seen))
		return 0;
	grown = aa_array_grow(requests->items, requests->count, &requests->capacity, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	requests->items = grown;
	item = &grown[requests->count];
	set_request(requests, item, told->exchange);
	if (is_wanted(requests, item, told->exchange->found))
		requests->count++;
	else
		release_request(item);
	return 0;
}

/* The connection with that id or a later one, if it passes the filters. */
static int open_connections(struct requests *requests, sqlite3_stmt **ret_statement)
{
	const struct aa_filter *filter = &requests->query->settings.filter;
	aa_cleanup(aa_text_release) struct aa_text_buffer sql = { 0 };
	int r;

	aa_text_add_string(&sql,
			   "SELECT " AA_SQL_TLS_CONNECTION
			   " FROM s0_tls_connection AS c LEFT JOIN s0_process AS p ON p.id = c.process_id"
			   " WHERE c.id = :id");
	if (filter->pid.set)
		aa_text_add_string(&sql, " AND p.pid = :pid");
	if (filter->comm)
		aa_text_add_string(&sql, " AND p.comm = :comm");
	if (sql.failed)
		return aa_error_set(&requests->query->error, -ENOMEM, "out of memory");
	r = aa_statement_open_session(requests->query, ret_statement, requests->session->id, sql.data);
	if (r < 0)
		return r;
	(void)aa_filter_bind(*ret_statement, filter, &requests->window);
	return 0;
}

/* 1: it is wanted; 0: not; or a negative errno. */
static int load_connection(struct requests *requests, sqlite3_stmt *statement, int64_t id)
{
	int r;

	aa_tls_connection_release(&requests->connection);
	(void)sqlite3_reset(statement);
	aa_statement_bind_integer(statement, ":id", id);
	r = aa_statement_step(requests->query, statement);
	if (r <= 0)
		return r;
	r = aa_tls_connection_read(requests->query, statement, &requests->connection);
	return r < 0 ? r : 1;
}

static int begin_talk(struct requests *requests, struct aa_talk **ret_talk)
{
	struct aa_talk_options options = aa_tls_talk_options(&requests->connection);

	options.search = requests->query->settings.grep ? &requests->search : NULL;
	*ret_talk = aa_talk_new(&options, tell, requests);
	return *ret_talk ? 0 : aa_error_set(&requests->query->error, -ENOMEM, "out of memory");
}

/* Ends what was said over the connection before. */
static int end_talk(struct requests *requests, struct aa_talk **talk)
{
	int r = *talk ? aa_talk_end(*talk) : 0;

	aa_talk_free(*talk);
	*talk = NULL;
	return r < 0 ? aa_error_set(&requests->query->error, r, "out of memory") : 0;
}

static int take_piece(struct requests *requests, struct aa_talk *talk, const struct aa_tls_piece *piece)
{
	int r = piece->missing
			? aa_talk_skip(talk, piece->direction, piece->time_ns, piece->bytes, piece->missing)
			: aa_talk_feed(talk, piece->direction, piece->time_ns, piece->data, piece->size);

	return r < 0 ? aa_error_set(&requests->query->error, r, "out of memory") : 0;
}

static int read_session(struct requests *requests)
{
	aa_cleanup_statement sqlite3_stmt *connections = NULL;
	struct aa_tls_reader reader;
	struct aa_tls_piece piece;
	struct aa_talk *talk = NULL;
	int64_t current = INT64_MIN;
	int r = open_connections(requests, &connections);

	if (r < 0)
		return r;
	r = aa_tls_reader_open(&reader, requests->query, requests->session, 0);
	while (r == 0 && (r = aa_tls_reader_next(&reader, &piece)) > 0) {
		r = 0;
		if (piece.connection_id != current) {
			current = piece.connection_id;
			r = end_talk(requests, &talk);
			if (r == 0)
				r = load_connection(requests, connections, current);
			if (r > 0)
				r = begin_talk(requests, &talk);
		}
		if (r == 0 && talk)
			r = take_piece(requests, talk, &piece);
	}
	if (r == 0)
		r = end_talk(requests, &talk);
	aa_talk_free(talk);
	aa_tls_reader_close(&reader);
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct request *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static void show_request(struct aa_query *query, const struct request *request)
{
	struct aa_cell cells[] = {
		aa_cell_integer(request->session_id),
		aa_cell_integer(request->connection_id),
		aa_cell_integer((int64_t)request->stream),
		aa_cell_integer(request->time_ns),
		aa_cell_integer(request->time_ns),
		aa_cell_integer(request->process_id),
		aa_cell_integer(request->pid),
		aa_cell_text(request->texts[COMM]),
		aa_cell_text(request->texts[ROLE]),
		aa_cell_text(request->texts[METHOD]),
		aa_cell_text(request->texts[HOST]),
		aa_cell_text(request->texts[PATH]),
		request->status ? aa_cell_integer(request->status) : aa_cell_null(),
		aa_cell_text(request->version),
		aa_cell_integer((int64_t)request->request_bytes),
		request->has_response ? aa_cell_integer((int64_t)request->response_bytes) : aa_cell_null(),
		request->has_response ? aa_cell_integer((int64_t)request->decoded_bytes) : aa_cell_null(),
		aa_cell_integer((int64_t)request->missing_bytes),
		request->duration_ns >= 0 ? aa_cell_integer(request->duration_ns) : aa_cell_null(),
		aa_cell_text(request->texts[REQUEST_TYPE]),
		aa_cell_text(request->texts[CONTENT_TYPE]),
		request->events > 0 ? aa_cell_integer((int64_t)request->events) : aa_cell_null(),
		aa_cell_styled(aa_cell_text(request->trouble), AA_STYLE_WARN),
	};

	if (request->status >= 400)
		cells[STATUS].style = AA_STYLE_BAD;
	aa_render_row(&query->render, cells);
}

static void show(struct aa_query *query, const struct aa_sessions *sessions, struct requests *requests)
{
	const struct aa_number *limit = &query->settings.filter.limit;
	struct aa_column shown[COLUMNS];
	const struct aa_listing listing = { .columns = shown, .count = COLUMNS };

	memcpy(shown, columns, sizeof(columns));
	if (sessions->all) {
		shown[TIME].show = AA_SHOW_TIME;
	} else {
		shown[SESSION].title = NULL;
		aa_session_line(query, &sessions->items[0]);
	}
	if (requests->count > 0)
		qsort(requests->items, requests->count, sizeof(*requests->items), compare);
	aa_render_begin(&query->render, &listing);
	for (size_t i = 0; i < requests->count && query->render.failed == 0; i++)
		if (!limit->set || i < (uint64_t)limit->value)
			show_request(query, &requests->items[i]);
	aa_render_end(&query->render);
}

static int read_all(struct requests *requests, const struct aa_sessions *sessions)
{
	struct aa_query *query = requests->query;
	int r = 0;

	if (query->settings.grep &&
	    aa_search_begin(&requests->search, query->settings.grep, strlen(query->settings.grep)) < 0)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < sessions->count; i++) {
		requests->session = &sessions->items[i];
		requests->window = aa_session_window(query, requests->session);
		if (aa_session_has_table(query->db, requests->session->id, AA_TABLE_TLS_CONNECTION))
			r = read_session(requests);
	}
	return r;
}

enum aa_status aa_tls_requests(struct aa_query *query, const struct aa_sessions *sessions)
{
	struct requests requests = { .query = query };
	int r = read_all(&requests, sessions);

	if (r == 0)
		show(query, sessions, &requests);
	for (size_t i = 0; i < requests.count; i++)
		release_request(&requests.items[i]);
	free(requests.items);
	aa_search_release(&requests.search);
	aa_tls_connection_release(&requests.connection);
	if (r < 0)
		return AA_UNREADABLE;
	return query->render.total_count > 0 ? AA_ANSWERED : aa_tls_nothing(query, sessions, true);
}
