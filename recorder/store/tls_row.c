/* SPDX-License-Identifier: Apache-2.0 */
/* The row of a TLS connection, written anew at the end of each batch that changed it; and whether its plaintext is here. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "hello.h"
#include "sink_tls.h"
#include "tls_post_private.h"

static const char *const implementation_names[] = {
	[AA_TLS_UNKNOWN] = NULL,    [AA_TLS_OPENSSL] = "openssl", [AA_TLS_BORINGSSL] = "boringssl",
	[AA_TLS_GNUTLS] = "gnutls", [AA_TLS_GO] = "go",
};

static const char *const method_names[] = {
	[AA_TLS_BY_CALL] = "call",
	[AA_TLS_BY_FINGERPRINT] = "fingerprint",
	[AA_TLS_BY_CLIENT_RANDOM] = "client-random",
	[AA_TLS_BY_OBJECT] = "object",
};

static const char *const role_names[] = {
	[AA_TLS_ROLE_UNKNOWN] = NULL,
	[AA_TLS_ROLE_CLIENT] = "client",
	[AA_TLS_ROLE_SERVER] = "server",
};

#define NAME_OF(names, value) ((value) < sizeof(names) / sizeof((names)[0]) ? (names)[value] : NULL)

static const char *end_name(const struct aa_tls_facts *facts)
{
	switch (facts->end_reason) {
	case AA_TLS_CLOSE_FREED:
		return "freed";
	case AA_TLS_CLOSE_REUSED:
		return "reused";
	case AA_TLS_CLOSE_PROCESS:
		return "process";
	case AA_TLS_CLOSE_SESSION:
		return "session";
	case AA_TLS_END_SOCKET:
		return "socket";
	default:
		return NULL;
	}
}

static const char *handshake_name(const struct aa_tls_facts *facts)
{
	if (facts->handshake_done ||
	    (facts->handshake_seen &&
	     facts->flows[AA_TLS_SENT].next + facts->flows[AA_TLS_RECEIVED].next > 0))
		return "done";
	return facts->handshake_seen && facts->ending ? "failed" : NULL;
}

static void add_reason(struct aa_text_buffer *reasons, const char *reason)
{
	if (reasons->size)
		aa_text_add_string(reasons, ",");
	aa_text_add_string(reasons, reason);
}

/* Why a library's connection has holes. */
static void judge_library(const struct aa_session *session, const struct aa_tls_facts *facts,
			  struct aa_text_buffer *reasons)
{
	const struct aa_tls_library *library = aa_tls_library(session, facts->library);

	if (facts->late || (library && library->late && facts->flows[AA_TLS_SENT].calls == 0 &&
			    facts->flows[AA_TLS_RECEIVED].calls == 0))
		add_reason(reasons, "late");
	if (facts->had_hole[AA_TLS_LOST_RING] || facts->had_hole[AA_TLS_LOST_UNREADABLE] ||
	    facts->had_hole[AA_TLS_HOLE_UNKNOWN])
		add_reason(reasons, "lost");
	if (facts->had_hole[AA_TLS_LOST_MAX_CALL])
		add_reason(reasons, "max-call");
	if (facts->had_hole[AA_TLS_LOST_MAX_CONNECTION])
		add_reason(reasons, "max-connection");
	if (facts->had_hole[AA_TLS_HOLE_WITHHELD])
		add_reason(reasons, "withheld");
}

/* Why a connection that only its socket shows has no plaintext. */
static void judge_socket(const struct aa_session *session, const struct aa_tls_facts *facts,
			 struct aa_text_buffer *reasons)
{
	const struct aa_tls_library *unsupported = NULL;
	bool attached = false, late = false;
	uint64_t number;
	size_t at = 0;

	while ((number = aa_tls_mapped(session, facts->tgid, facts->start_ns, &at)) != 0) {
		const struct aa_tls_library *library = aa_tls_library(session, number);

		if (library && library->attached) {
			attached = true;
			late = late || library->late || library->time_ns > facts->time_ns;
		} else if (library) {
			unsupported = library;
		}
	}
	if (session->tls_metadata) {
		add_reason(reasons, "metadata");
	} else if (facts->quic) {
		add_reason(reasons, "unsupported: QUIC");
	} else if (unsupported) {
		add_reason(reasons, "unsupported: ");
		aa_text_add_string(reasons, unsupported->implementation);
		if (*unsupported->reason)
			aa_text_printf(reasons, " (%s)", unsupported->reason);
	} else if (attached) {
		add_reason(reasons, late ? "late" : "unbound");
	} else {
		add_reason(reasons, "no-library");
	}
	if (facts->ktls)
		add_reason(reasons, "kernel TLS");
}

static void bind_text(struct aa_row *row, const struct aa_tls_text *text, struct aa_text_buffer *escaped)
{
	aa_text_clear(escaped);
	if (text->length == 0) {
		aa_row_null(row);
		return;
	}
	(void)aa_text_escape(escaped, text->bytes, text->length);
	aa_row_buffer(row, escaped);
}

static void bind_address(struct aa_row *row, const struct aa_socket *socket, const uint8_t *address,
			 uint16_t port, char text[INET6_ADDRSTRLEN])
{
	if ((socket->family == AF_INET || socket->family == AF_INET6) &&
	    inet_ntop(socket->family, address, text, INET6_ADDRSTRLEN)) {
		aa_row_text(row, text);
		aa_row_int(row, port);
	} else {
		aa_row_null(row);
		aa_row_null(row);
	}
}

static const char *transport(const struct aa_tls_facts *facts)
{
	if (facts->quic)
		return "quic";
	return facts->socket.protocol == IPPROTO_TCP ? "tcp" : "unknown";
}

int aa_tls_row_insert(struct aa_session *session, struct aa_tls_entry *entry, struct aa_error *error)
{
	struct aa_row row;
	/* Its view needs that table, too. */
	int r = aa_session_require_table(session, AA_TABLE_TLS_LIBRARY, error);

	if (r < 0)
		return r;
	aa_row_begin(
		&row, session, AA_STATEMENT_TLS_CONNECTION, AA_TABLE_TLS_CONNECTION,
		"INSERT INTO s0_tls_connection (process_id, time_ns, transport, plaintext, sent_bytes,"
		" received_bytes, sent_calls, received_calls, sent_gap_bytes, received_gap_bytes, redactions)"
		" VALUES (?, ?, 'unknown', 'no', 0, 0, 0, 0, 0, 0, 0)",
		error);
	aa_row_int(&row, entry->now.process_id);
	aa_row_int(&row, aa_session_time(session, entry->now.time_ns));
	session->now.totals.tls_connections++;
	if (!entry->number)
		session->now.totals.tls_without++;
	return aa_row_step(&row, &entry->now.row_id);
}

static void bind_handshake(struct aa_row *row, const struct aa_tls_facts *facts,
			   struct aa_text_buffer texts[3], char cipher[8])
{
	aa_row_text(row, NAME_OF(role_names, facts->role));
	bind_text(row, &facts->sni, &texts[0]);
	bind_text(row, &facts->alpn, &texts[1]);
	bind_text(row, &facts->alpn_offered, &texts[2]);
	aa_row_text(row, aa_tls_version_name(facts->version));
	aa_row_text(row, aa_tls_version_name(facts->version_offered));
	(void)snprintf(cipher, 8, "0x%04x", facts->cipher);
	aa_row_text(row, facts->cipher == 0		     ? NULL
			 : aa_tls_cipher_name(facts->cipher) ? aa_tls_cipher_name(facts->cipher)
							     : cipher);
	aa_row_text(row, handshake_name(facts));
	if (facts->handshake_seen)
		aa_row_uint(row, facts->handshake_ns);
	else
		aa_row_null(row);
}

static void bind_sums(struct aa_row *row, const struct aa_tls_facts *facts)
{
	const struct aa_tls_flow *sent = &facts->flows[AA_TLS_SENT];
	const struct aa_tls_flow *received = &facts->flows[AA_TLS_RECEIVED];

	aa_row_uint(row, sent->next);
	aa_row_uint(row, received->next);
	aa_row_uint(row, sent->calls);
	aa_row_uint(row, received->calls);
	aa_row_uint(row, sent->gap_bytes);
	aa_row_uint(row, received->gap_bytes);
	for (int direction = 0; direction < AA_TLS_DIRECTIONS; direction++) {
		if (facts->has_wire)
			aa_row_uint(row, facts->wire[direction]);
		else
			aa_row_null(row);
	}
	aa_row_uint(row, facts->redactions);
	aa_row_id(row, facts->parent_id);
}

/* By its library: BoringSSL has OpenSSL's functions, by which the kernel's side tells (aa_tls_implementation_of()). */
static const char *implementation_of(const struct aa_session *session, const struct aa_tls_facts *facts)
{
	const struct aa_tls_library *library = aa_tls_library(session, facts->library);

	return library && library->attached ? library->implementation
					    : NAME_OF(implementation_names, facts->implementation);
}

int aa_tls_row_update(struct aa_session *session, const struct aa_tls_entry *entry, struct aa_error *error)
{
	const struct aa_tls_facts *facts = &entry->now;
	struct aa_text_buffer *reasons = aa_store_scratch(session->store, AA_SCRATCH_MARKS);
	char local[INET6_ADDRSTRLEN], peer[INET6_ADDRSTRLEN], cipher[8];
	struct aa_row row;

	if (entry->number)
		judge_library(session, facts, reasons);
	else
		judge_socket(session, facts, reasons);
	aa_row_begin(
		&row, session, AA_STATEMENT_TLS_CONNECTION_UPDATE, AA_TABLE_TLS_CONNECTION,
		"UPDATE s0_tls_connection SET process_id = ?, time_ns = ?, end_ns = ?, end_reason = ?,"
		" transport = ?, implementation = ?, library_id = ?, plaintext = ?, reason = ?, role = ?,"
		" sni = ?, alpn = ?, alpn_offered = ?, version = ?, version_offered = ?, cipher = ?,"
		" handshake = ?, handshake_ns = ?, method = ?, socket_inode = ?, netns = ?,"
		" local_address = ?, local_port = ?, peer_address = ?, peer_port = ?, sent_bytes = ?,"
		" received_bytes = ?, sent_calls = ?, received_calls = ?, sent_gap_bytes = ?,"
		" received_gap_bytes = ?, wire_sent_bytes = ?, wire_received_bytes = ?, redactions = ?,"
		" parent_id = ? WHERE id = ?",
		error);
	aa_row_int(&row, facts->process_id);
	aa_row_int(&row, aa_session_time(session, facts->time_ns));
	if (facts->end_ns)
		aa_row_int(&row, aa_session_time(session, facts->end_ns));
	else
		aa_row_null(&row);
	aa_row_text(&row, end_name(facts));
	aa_row_text(&row, transport(facts));
	aa_row_text(&row, implementation_of(session, facts));
	aa_row_id(&row, aa_tls_library_row(session, facts->library));
	aa_row_text(&row, !entry->number ? "no" : reasons->size ? "partial" : "yes");
	if (reasons->size)
		aa_row_buffer(&row, reasons);
	else
		aa_row_null(&row);
	bind_handshake(&row, facts, session->store->tls_texts, cipher);
	aa_row_text(&row, entry->number ? NAME_OF(method_names, facts->method) : "hello");
	if (facts->socket.family) {
		aa_row_uint(&row, facts->socket.inode);
		aa_row_int(&row, facts->socket.netns);
	} else {
		aa_row_null(&row);
		aa_row_null(&row);
	}
	bind_address(&row, &facts->socket, facts->socket.local_address, facts->socket.local_port, local);
	bind_address(&row, &facts->socket, facts->socket.peer_address, facts->socket.peer_port, peer);
	bind_sums(&row, facts);
	aa_row_int(&row, facts->row_id);
	return aa_row_step(&row, NULL);
}

int aa_tls_row_delete(struct aa_session *session, int64_t row_id, struct aa_error *error)
{
	struct aa_row row;

	aa_row_begin(&row, session, AA_STATEMENT_TLS_CONNECTION_DELETE, AA_TABLE_TLS_CONNECTION,
		     "DELETE FROM s0_tls_connection WHERE id = ?", error);
	aa_row_int(&row, row_id);
	return aa_row_step(&row, NULL);
}
