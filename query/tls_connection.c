/* SPDX-License-Identifier: Apache-2.0 */
/* What aa-query tls knows of a connection, and of a request in it; see tls.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "statement.h"
#include "tls.h"

void aa_tls_connection_release(struct aa_tls_connection *connection)
{
	free(connection->comm);
	free(connection->host);
	free(connection->alpn);
	free(connection->role);
	*connection = (struct aa_tls_connection){ 0 };
}

/* NULL for NULL. False: out of memory. */
static bool copy_text(sqlite3_stmt *statement, int column, char **ret_text)
{
	*ret_text = NULL;
	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return true;
	*ret_text = strdup(aa_statement_text(statement, column));
	return *ret_text != NULL;
}

int aa_tls_connection_read(struct aa_query *query, sqlite3_stmt *statement,
			   struct aa_tls_connection *ret_connection)
{
	*ret_connection = (struct aa_tls_connection){
		.id = sqlite3_column_int64(statement, 0),
		.process_id = sqlite3_column_int64(statement, 1),
		.pid = sqlite3_column_int64(statement, 2),
		.late = sqlite3_column_int64(statement, 7) != 0,
	};
	if (copy_text(statement, 3, &ret_connection->comm) &&
	    copy_text(statement, 4, &ret_connection->host) &&
	    copy_text(statement, 5, &ret_connection->alpn) && copy_text(statement, 6, &ret_connection->role))
		return 0;
	aa_tls_connection_release(ret_connection);
	return aa_error_set(&query->error, -ENOMEM, "out of memory");
}

struct aa_talk_options aa_tls_talk_options(const struct aa_tls_connection *connection)
{
	return (struct aa_talk_options){
		.alpn = connection->alpn,
		.role = connection->role,
		.late = connection->late,
	};
}

char *aa_tls_field(const struct aa_fields *fields, const char *name)
{
	size_t size;
	const char *value = aa_fields_find(fields, name, &size);
	char *text = value ? malloc(size + 1) : NULL;

	if (text) {
		memcpy(text, value, size);
		text[size] = '\0';
	}
	return text;
}

/* Where the path begins in "https://host/path"; NULL: it is no such URL. */
static const char *find_path(const char *target, const char **ret_host)
{
	const char *host = strstr(target, "://");

	if (*target == '/' || !host)
		return NULL;
	*ret_host = host + 3;
	return host + 3 + strcspn(host + 3, "/?#");
}

char *aa_tls_request_host(const struct aa_talk_message *request, const struct aa_tls_connection *connection)
{
	char *host = aa_tls_field(&request->line, ":authority");
	char *target = aa_tls_field(&request->line, ":path");
	const char *begin = NULL, *path = target ? find_path(target, &begin) : NULL;

	if (!host && path)
		host = strndup(begin, (size_t)(path - begin));
	free(target);
	if (!host)
		host = aa_tls_field(&request->fields, "host");
	if (!host && connection->host)
		host = strdup(connection->host);
	return host;
}

char *aa_tls_request_path(const struct aa_talk_message *request)
{
	char *target = aa_tls_field(&request->line, ":path");
	const char *host, *path = target ? find_path(target, &host) : NULL;
	char *text;

	if (!path)
		return target;
	text = strdup(*path ? path : "/");
	free(target);
	return text;
}

/* One of "404", "5xx" at text. */
static bool is_status(const char *text, size_t length)
{
	bool digit = length == 3 && text[0] >= '1' && text[0] <= '9';

	return digit && (strncasecmp(text + 1, "xx", 2) == 0 ||
			 (text[1] >= '0' && text[1] <= '9' && text[2] >= '0' && text[2] <= '9'));
}

int aa_tls_parse_status(const char *text)
{
	for (;;) {
		size_t length = strcspn(text, ",");

		if (!is_status(text, length))
			return -EINVAL;
		if (text[length] == '\0')
			return 0;
		text += length + 1;
	}
}

bool aa_tls_status_matches(const char *text, int status)
{
	for (;;) {
		bool whole = text[1] >= '0' && text[1] <= '9';

		if (whole ? strtol(text, NULL, 10) == status : status / 100 == text[0] - '0')
			return true;
		text += strcspn(text, ",");
		if (*text++ == '\0')
			return false;
	}
}

/* The session's --tls; 1 if it is that. */
static int was_told(struct aa_query *query, int64_t session_id, const char *mode)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer value = { 0 };
	int r = aa_session_option(query, session_id, "tls", &value);

	return r > 0 ? value.size > 0 && strcmp(value.data, mode) == 0 : r;
}

enum aa_status aa_tls_nothing(struct aa_query *query, const struct aa_sessions *sessions, bool plaintext)
{
	int r = 0;

	if (sessions->all || sessions->count != 1)
		return AA_NOTHING;
	r = was_told(query, sessions->items[0].id, "none");
	if (r == 1)
		(void)aa_error_set(&query->error, -ENOENT,
				   "no TLS was recorded in this session (--tls none)");
	if (r == 0 && plaintext)
		r = was_told(query, sessions->items[0].id, "metadata");
	if (r == 1 && query->error.code == 0)
		(void)aa_error_set(&query->error, -ENOENT,
				   "no plaintext was recorded in this session (--tls metadata)");
	return r < 0 ? AA_UNREADABLE : AA_NOTHING;
}
