/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of aa-query tls: each answers for the sessions that were asked for. */
#ifndef AA_QUERY_TLS_H
#define AA_QUERY_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "query.h"
#include "replay/talk.h"
#include "session.h"

/* A connection, as far as what it says is to be understood. Texts are the database's: not to be trusted. */
struct aa_tls_connection {
	int64_t id;
	int64_t process_id;
	int64_t pid;
	char *comm;
	char *host; /* sni, else its peer's address; NULL: neither is known */
	char *alpn;
	char *role;
	bool late;
};

void aa_tls_connection_release(struct aa_tls_connection *connection);

/* How it is to be read. */
struct aa_talk_options aa_tls_talk_options(const struct aa_tls_connection *connection);

/* The columns of a connection, as aa_tls_connection_read wants them; of a SELECT from s0_tls_connection AS c, s0_process AS p. */
#define AA_SQL_TLS_CONNECTION \
	"c.id, c.process_id, p.pid, p.comm, coalesce(c.sni, c.peer_address), c.alpn, c.role," \
	" ',' || coalesce(c.reason, '') || ',' GLOB '*,late,*'"
/* In a WHERE: whom it was with; :host is in lower case. */
#define AA_SQL_TLS_HOST "(lower(c.sni) GLOB lower(:host) OR c.peer_address GLOB :host)"

/* 0 or -ENOMEM with query->error set. */
int aa_tls_connection_read(struct aa_query *query, sqlite3_stmt *statement,
			   struct aa_tls_connection *ret_connection);

/* "[2001:db8::1]:443", in SQL, of c. */
#define AA_SQL_TLS_PEER \
	"CASE WHEN c.peer_address GLOB '*:*' THEN '[' || c.peer_address || ']' ELSE c.peer_address END" \
	" || coalesce(':' || c.peer_port, '')"

/* The value of a field as text; NULL if there is none. Freed by who gets it. */
char *aa_tls_field(const struct aa_fields *fields, const char *name);

/* The host that a request names, else that of the connection. To be freed; NULL: not known, or out of memory. */
char *aa_tls_request_host(const struct aa_talk_message *request, const struct aa_tls_connection *connection);

/* The path of a request, without scheme and host. To be freed. */
char *aa_tls_request_path(const struct aa_talk_message *request);

/*
 * After an answer without rows: AA_NOTHING; and if it is a single session that was told not to record what was asked for, that
 * is said. plaintext: what was asked for is in no metadata.
 */
enum aa_status aa_tls_nothing(struct aa_query *query, const struct aa_sessions *sessions, bool plaintext);

enum aa_status aa_tls_list(struct aa_query *query, const struct aa_sessions *sessions);
enum aa_status aa_tls_libraries(struct aa_query *query, const struct aa_sessions *sessions);
enum aa_status aa_tls_requests(struct aa_query *query, const struct aa_sessions *sessions);
enum aa_status aa_tls_secrets(struct aa_query *query, const struct aa_sessions *sessions);

/* One connection of one session. */
enum aa_status aa_tls_show(struct aa_query *query, const struct aa_session *session, int64_t connection_id);
enum aa_status aa_tls_raw(struct aa_query *query, const struct aa_session *session, int64_t connection_id);

/* "404", "5xx", "404,5xx": 0 or -EINVAL. */
int aa_tls_parse_status(const char *text);
bool aa_tls_status_matches(const char *text, int status);

#endif
