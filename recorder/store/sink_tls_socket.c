/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS connections as their sockets show them: handshakes whatever library makes them, and which of them is the
 * connection of a library that is also seen. The two become one row.
 */
#include <errno.h>
#include <string.h>

#include "hello.h"
#include "quic.h"
#include "sink_tls.h"

/* What the socket showed and the library did not tell. */
static void take_facts(struct aa_tls_facts *to, const struct aa_tls_facts *from)
{
	if (!to->sni.length)
		to->sni = from->sni;
	if (!to->alpn.length)
		to->alpn = from->alpn;
	if (!to->alpn_offered.length)
		to->alpn_offered = from->alpn_offered;
	if (!to->version)
		to->version = from->version;
	if (!to->version_offered)
		to->version_offered = from->version_offered;
	if (!to->cipher)
		to->cipher = from->cipher;
	if (!to->role)
		to->role = from->role;
	if (!to->has_wire) {
		memcpy(to->wire, from->wire, sizeof(to->wire));
		to->has_wire = from->has_wire;
	}
	to->has_hello = to->has_hello || from->has_hello;
	to->quic = to->quic || from->quic;
	to->ktls = to->ktls || from->ktls;
	if (from->time_ns < to->time_ns)
		to->time_ns = from->time_ns;
}

/* The row that was first stays, unless bytes are in rows that name the other. */
static int join_rows(struct aa_session *session, struct aa_tls_entry *entry, struct aa_tls_entry *other,
		     struct aa_error *error)
{
	int64_t kept = entry->now.row_id, dropped = other->now.row_id;

	if (dropped < kept && !entry->now.has_data) {
		kept = other->now.row_id;
		dropped = entry->now.row_id;
	}
	entry->now.row_id = kept;
	for (size_t i = 0; i < session->tls.count; i++) {
		struct aa_tls_entry *child = session->tls.entries[i];
		int r = 0;

		if (child->now.parent_id != dropped)
			continue;
		r = aa_tls_changed(session, child, error);
		if (r < 0)
			return r;
		child->now.parent_id = kept;
	}
	return aa_tls_row_delete(session, dropped, error);
}

/* The connection of a library is on that socket. */
static int bind_socket(struct aa_session *session, struct aa_tls_entry *entry, const struct aa_socket *socket,
		       unsigned method, struct aa_error *error)
{
	struct aa_tls_entry *other = aa_tls_find_socket(&session->tls, socket->socket);
	int r;

	entry->now.socket = *socket;
	entry->now.method = (uint8_t)method;
	/* Another library's: TLS within TLS, or the copy of a forked process. The first one owns the socket. */
	if (other && (other == entry || other->number))
		return 0;
	if (other) {
		r = aa_tls_changed(session, other, error);
		if (r == 0)
			r = join_rows(session, entry, other, error);
		if (r < 0)
			return r;
		take_facts(&entry->now, &other->now);
		other->gone = true;
		session->now.totals.tls_connections--;
		session->now.totals.tls_without--;
	}
	aa_tls_own_socket(&session->tls, entry, socket->socket);
	return 0;
}

int aa_sink_tls_socket(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		       struct aa_error *error)
{
	const struct aa_tls_socket_bound *bound = event->tls_socket;
	struct aa_tls_entry *entry;
	int r = aa_tls_touch(session, event->header, bound->connection, &entry, error);

	(void)texts;
	return r < 0 ? r : bind_socket(session, entry, &bound->socket, bound->method, error);
}

static void take_hello(struct aa_tls_facts *facts, const struct aa_hello *hello, bool sent)
{
	facts->role = sent != hello->server ? AA_TLS_ROLE_CLIENT : AA_TLS_ROLE_SERVER;
	if (hello->server) {
		facts->version = hello->version;
		facts->cipher = hello->cipher;
		if (hello->alpn_size && !facts->alpn.length)
			aa_tls_set_text(&facts->alpn, hello->alpn, hello->alpn_size);
		return;
	}
	facts->has_hello = true;
	facts->version_offered = hello->version;
	if (hello->sni_size && !facts->sni.length)
		aa_tls_set_text(&facts->sni, hello->sni, hello->sni_size);
	if (hello->alpn_size)
		aa_tls_set_text(&facts->alpn_offered, hello->alpn, hello->alpn_size);
}

/* Whose hello it is: the library's connection, else that of the socket, else a new one. */
static int find_for_hello(struct aa_session *session, const struct aa_tls_hello *hello,
			  struct aa_tls_entry **ret_entry, struct aa_error *error)
{
	struct aa_tls_entry *entry;
	int r;

	if (hello->connection) {
		r = aa_tls_touch(session, &hello->header, hello->connection, &entry, error);
		if (r == 0 && !entry->now.socket.family && hello->socket.family)
			r = bind_socket(session, entry, &hello->socket, AA_TLS_BY_CALL, error);
		*ret_entry = entry;
		return r;
	}
	entry = aa_tls_find_socket(&session->tls, hello->socket.socket);
	if (entry) {
		*ret_entry = entry;
		return aa_tls_changed(session, entry, error);
	}
	r = aa_tls_new(session, &hello->header, 0, &entry, error);
	if (r < 0)
		return r;
	entry->now.socket = hello->socket;
	aa_tls_own_socket(&session->tls, entry, hello->socket.socket);
	*ret_entry = entry;
	return 0;
}

int aa_sink_tls_hello(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		      struct aa_error *error)
{
	const struct aa_tls_hello *hello = event->tls_hello;
	bool quic = hello->marks & AA_TLS_HELLO_QUIC;
	struct aa_tls_entry *entry;
	struct aa_hello parsed;
	int r = find_for_hello(session, hello, &entry, error);

	(void)texts;
	if (r < 0)
		return r;
	entry->now.quic = entry->now.quic || quic;
	/* One that cannot be read is still a connection. */
	r = quic ? aa_quic_parse(hello->data, hello->length, &parsed)
		 : aa_hello_parse_records(hello->data, hello->length, &parsed);
	if (r == 0)
		take_hello(&entry->now, &parsed, hello->direction == AA_TLS_SENT);
	else if (!entry->now.role)
		entry->now.role = (hello->direction == AA_TLS_SENT) != !!(hello->marks & AA_TLS_HELLO_SERVER)
					  ? AA_TLS_ROLE_CLIENT
					  : AA_TLS_ROLE_SERVER;
	return 0;
}

int aa_sink_tls_socket_end(struct aa_session *session, const struct aa_event *event, uint32_t texts,
			   struct aa_error *error)
{
	const struct aa_tls_socket_end *end = event->tls_socket_end;
	struct aa_tls_entry *entry = aa_tls_find_socket(&session->tls, end->socket);
	int r;

	(void)texts;
	if (!entry) /* its hello was lost, which is counted */
		return 0;
	r = aa_tls_changed(session, entry, error);
	if (r < 0)
		return r;
	entry->now.wire[AA_TLS_SENT] = end->sent_bytes;
	entry->now.wire[AA_TLS_RECEIVED] = end->received_bytes;
	entry->now.has_wire = true;
	entry->now.ktls = entry->now.ktls || end->marks & AA_TLS_SOCKET_KTLS;
	if (entry->number)
		return 0;
	aa_tls_end(session, entry, event->header->time_ns, NULL, AA_TLS_END_SOCKET);
	entry->now.finished = true;
	return 0;
}
