/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of TLS connections: searched for secrets, joined where they are of one call, and with a row for each hole.
 * Bytes in rows and bytes of gaps are together what the connection sent and received.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sink_tls.h"
#include "tls_pack.h"

/* Most bytes of a row: larger ones pack hardly better. */
#define PIECE_BYTES 65536u

static const char *const hole_names[AA_TLS_HOLE_COUNT] = {
	[AA_TLS_LOST_RING] = "ring-full",    [AA_TLS_LOST_UNREADABLE] = "unreadable",
	[AA_TLS_LOST_MAX_CALL] = "max-call", [AA_TLS_LOST_MAX_CONNECTION] = "max-connection",
	[AA_TLS_HOLE_WITHHELD] = "withheld", [AA_TLS_HOLE_UNKNOWN] = "lost",
};

/* Who moved bytes, and when. */
struct origin {
	int64_t process_id;
	uint64_t time_ns, call;
	uint32_t tid, direction;
};

static const char *direction_name(unsigned direction)
{
	return direction == AA_TLS_SENT ? "sent" : "received";
}

static void begin_row(struct aa_row *row, struct aa_session *session, const struct aa_tls_entry *entry,
		      int64_t process_id, uint32_t tid, uint64_t time_ns, unsigned direction,
		      struct aa_error *error)
{
	aa_row_begin(
		row, session, AA_STATEMENT_TLS, AA_TABLE_TLS,
		"INSERT INTO s0_tls (connection_id, process_id, tid, time_ns, direction, call, offset, "
		"bytes, gap, size, encoding, data, marks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		error);
	aa_row_int(row, entry->now.row_id);
	aa_row_int(row, process_id);
	aa_row_int(row, tid);
	aa_row_int(row, aa_session_time(session, time_ns));
	aa_row_text(row, direction_name(direction));
}

int aa_tls_flush(struct aa_session *session, struct aa_tls_entry *entry, struct aa_error *error)
{
	struct aa_tls_piece *piece = &entry->piece;
	const void *packed;
	struct aa_row row;
	size_t size;
	int r;

	if (!piece->active)
		return 0;
	packed = aa_tls_pack(&session->store->packer, piece->data.data, piece->data.size, &size);
	begin_row(&row, session, entry, piece->process_id, piece->tid, piece->time_ns, piece->direction,
		  error);
	aa_row_uint(&row, piece->call);
	aa_row_uint(&row, piece->begin);
	aa_row_uint(&row, piece->bytes);
	aa_row_null(&row);
	aa_row_uint(&row, piece->data.size);
	aa_row_text(&row, packed ? "zlib" : NULL);
	if (packed)
		aa_row_blob(&row, packed, size);
	else
		aa_row_blob(&row, piece->data.data, piece->data.size);
	aa_row_text(&row, piece->redacted && piece->rewritten ? "redacted,rewritten"
			  : piece->redacted		      ? "redacted"
			  : piece->rewritten		      ? "rewritten"
							      : NULL);
	r = aa_row_step(&row, NULL);
	piece->active = false;
	aa_text_clear(&piece->data);
	return r;
}

static int add_gap(struct aa_session *session, struct aa_tls_entry *entry, const struct origin *origin,
		   uint64_t offset, uint64_t bytes, unsigned hole, struct aa_error *error)
{
	struct aa_tls_holes *holes = &entry->now.holes[hole];
	struct aa_row row;
	int r = aa_tls_flush(session, entry, error);

	if (r < 0 || bytes == 0)
		return r;
	entry->now.flows[origin->direction].gap_bytes += bytes;
	session->now.totals.tls_gap_bytes += bytes;
	entry->now.had_hole[hole] = true;
	entry->now.has_data = true;
	if (holes->bytes == 0 || origin->time_ns < holes->first_ns)
		holes->first_ns = origin->time_ns;
	if (origin->time_ns > holes->last_ns)
		holes->last_ns = origin->time_ns;
	holes->bytes += bytes;
	begin_row(&row, session, entry, origin->process_id, origin->tid, origin->time_ns, origin->direction,
		  error);
	aa_row_null(&row);
	aa_row_uint(&row, offset);
	aa_row_uint(&row, bytes);
	aa_row_text(&row, hole_names[hole]);
	for (int i = 0; i < 4; i++)
		aa_row_null(&row);
	return aa_row_step(&row, NULL);
}

/* Bytes that may be stored: out stands for bytes of the stream from begin. */
static int add_data(struct aa_session *session, struct aa_tls_entry *entry, const struct origin *origin,
		    const struct aa_redacted *what, const void *out, size_t size, struct aa_error *error)
{
	struct aa_tls_piece *piece = &entry->piece;
	uint64_t bytes = what->bytes - what->withheld;
	int r = 0;

	if (bytes == 0 && size == 0)
		return 0;
	if (piece->active &&
	    (piece->direction != origin->direction || piece->call != origin->call ||
	     piece->rewritten != what->rewritten || piece->begin + piece->bytes != what->begin ||
	     piece->process_id != origin->process_id || piece->data.size + size > PIECE_BYTES))
		r = aa_tls_flush(session, entry, error);
	if (r < 0)
		return r;
	if (!piece->active) {
		piece->active = true;
		piece->redacted = false;
		piece->rewritten = what->rewritten;
		piece->direction = origin->direction;
		piece->tid = origin->tid;
		piece->call = origin->call;
		piece->begin = what->begin;
		piece->bytes = 0;
		piece->time_ns = origin->time_ns;
		piece->process_id = origin->process_id;
	}
	piece->redacted = piece->redacted || what->count > 0;
	piece->bytes += bytes;
	entry->now.has_data = true;
	aa_text_add(&piece->data, out, size);
	if (piece->data.failed) {
		aa_text_release(&piece->data);
		piece->active = false;
		return aa_error_set(error, -ENOMEM, "out of memory");
	}
	return 0;
}

/* changed: secrets that began or end elsewhere are among it. */
static int add_redacted(struct aa_session *session, struct aa_tls_entry *entry, const struct origin *origin,
			const struct aa_tls_redacted *answer, bool changed, struct aa_error *error)
{
	const struct aa_redaction_row where = {
		.time_ns = aa_session_time(session, origin->time_ns),
		.process_id = origin->process_id,
		.table = "tls",
		.row_id = entry->now.row_id,
		.direction = direction_name(origin->direction),
	};
	const struct aa_redacted *what = &answer->what;
	int r;

	for (size_t i = 0; i < answer->found_count; i++) {
		r = aa_session_redaction(session, &where, &answer->found[i], error);
		if (r < 0)
			return r;
		entry->now.has_data = true;
	}
	entry->now.redactions += answer->found_count;
	r = add_data(session, entry, origin, what, answer->out.data, answer->out.size, error);
	if (r == 0 && changed && entry->piece.active)
		entry->piece.redacted = true;
	if (r == 0 && what->withheld)
		r = add_gap(session, entry, origin, what->begin + what->bytes - what->withheld,
			    what->withheld, AA_TLS_HOLE_WITHHELD, error);
	return r;
}

static int make_secrets(struct aa_session *session, struct aa_tls_entry *entry, struct aa_error *error)
{
	char alpn[AA_TLS_NAME_SIZE + 1];

	if (!session->redactor)
		return 0;
	if (!entry->secrets)
		entry->secrets =
			aa_tls_secrets_new(session->redactor, entry->now.late || entry->now.finished);
	if (!entry->secrets)
		return aa_error_set(error, -ENOMEM, "out of memory");
	if (entry->now.alpn.length) {
		memcpy(alpn, entry->now.alpn.bytes, entry->now.alpn.length);
		alpn[entry->now.alpn.length] = '\0';
		aa_tls_secrets_set_protocol(entry->secrets, alpn);
	}
	return 0;
}

static int redaction_failed(int r, struct aa_error *error)
{
	return aa_error_set(error, r, "cannot search for secrets: %s", strerror(-r));
}

/* A secret that goes on in the next piece is replaced already, and counts there. */
static bool differs(const struct aa_tls_redacted *answer, uint64_t offset, const char *bytes, size_t size)
{
	return answer->what.begin == offset && !answer->what.rewritten && answer->out.size <= size &&
	       answer->out.size > 0 && memcmp(answer->out.data, bytes, answer->out.size) != 0;
}

/* size bytes of the stream at offset, all of them. */
static int feed(struct aa_session *session, struct aa_tls_entry *entry, const struct origin *origin,
		uint64_t offset, const char *bytes, size_t size, struct aa_error *error)
{
	const struct aa_tls_redacted *answer;
	size_t used;
	int r;

	if (!session->redactor) {
		const struct aa_redacted plain = { .begin = offset, .bytes = size };

		return add_data(session, entry, origin, &plain, bytes, size, error);
	}
	for (size_t at = 0; at < size; at += used) {
		r = aa_tls_secrets_feed(entry->secrets, origin->direction, offset + at, bytes + at, size - at,
					&answer);
		if (r < 0)
			return redaction_failed(r, error);
		used = answer->what.used;
		if (used == 0 || used > size - at)
			return redaction_failed(-EPROTO, error);
		r = add_redacted(session, entry, origin, answer,
				 differs(answer, offset + at, bytes + at, used), error);
		if (r < 0)
			return r;
	}
	return 0;
}

/* So many bytes are not here, as of lost; what lost does not explain has no reason that is known. */
static int add_hole(struct aa_session *session, struct aa_tls_entry *entry, const struct origin *origin,
		    uint64_t bytes, const __u64 lost[AA_TLS_LOST_COUNT], struct aa_error *error)
{
	static const unsigned order[AA_TLS_LOST_COUNT] = { AA_TLS_LOST_UNREADABLE, AA_TLS_LOST_MAX_CALL,
							   AA_TLS_LOST_MAX_CONNECTION, AA_TLS_LOST_RING };
	struct aa_tls_flow *flow = &entry->now.flows[origin->direction];
	const struct aa_tls_redacted *answer;
	int r = 0;

	session->now.totals.tls_bytes[origin->direction] += bytes;
	if (entry->secrets) {
		r = aa_tls_secrets_skip(entry->secrets, origin->direction, flow->next, bytes, &answer);
		if (r < 0)
			return redaction_failed(r, error);
		r = add_redacted(session, entry, origin, answer, false, error);
	}
	for (unsigned i = 0; i < AA_TLS_LOST_COUNT && r == 0; i++) {
		uint64_t *known = &flow->lost[order[i]];
		uint64_t part = lost[order[i]] > *known ? lost[order[i]] - *known : 0;

		if (part > bytes)
			part = bytes;
		*known += part;
		r = add_gap(session, entry, origin, flow->next, part, order[i], error);
		flow->next += part;
		bytes -= part;
	}
	if (r == 0)
		r = add_gap(session, entry, origin, flow->next, bytes, AA_TLS_HOLE_UNKNOWN, error);
	flow->next += bytes;
	return r;
}

int aa_sink_tls_data(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		     struct aa_error *error)
{
	const struct aa_tls_data *data = event->tls_data;
	const struct aa_header *header = event->header;
	struct origin origin = { .time_ns = header->time_ns,
				 .call = data->call,
				 .tid = header->tid,
				 .direction = data->direction };
	struct aa_tls_entry *entry;
	struct aa_tls_flow *flow;
	uint64_t known = 0;
	uint32_t process = 0;
	int r = aa_tls_touch(session, header, data->connection, &entry, error);

	(void)texts;
	if (r == 0)
		r = aa_session_process(session, header->tgid, header->start_ns, &process, error);
	if (r == 0)
		r = make_secrets(session, entry, error);
	if (r < 0)
		return r;
	origin.process_id = session->processes.entries[process].row_id;
	flow = &entry->now.flows[data->direction];
	if (data->call >= flow->calls)
		flow->calls = data->call + 1;
	if (data->offset > flow->next)
		r = add_hole(session, entry, &origin, data->offset - flow->next, data->lost, error);
	/* Records of threads that use one connection at once may overtake each other: what came too late is a gap already. */
	else
		known = flow->next - data->offset;
	if (r < 0 || known >= data->length)
		return r;
	r = feed(session, entry, &origin, flow->next, data->data + known, data->length - (size_t)known,
		 error);
	flow->next += data->length - known;
	session->now.totals.tls_bytes[data->direction] += data->length - known;
	return r;
}

/* What the sums of a connection's end say beyond what came, and what redaction still holds. */
static int finish_direction(struct aa_session *session, struct aa_tls_entry *entry, unsigned direction,
			    struct aa_error *error)
{
	const struct aa_tls_sums *told = &entry->now.told;
	struct aa_tls_flow *flow = &entry->now.flows[direction];
	const struct origin origin = {
		.process_id = entry->now.process_id,
		.time_ns = entry->now.end_ns ? entry->now.end_ns : entry->now.time_ns,
		.call = flow->calls ? flow->calls - 1 : 0,
		.tid = entry->now.tgid,
		.direction = direction,
	};
	const struct aa_tls_redacted *answer;
	int r = 0;

	if (entry->now.told_sums && told->bytes[direction] > flow->next)
		r = add_hole(session, entry, &origin, told->bytes[direction] - flow->next,
			     told->lost[direction], error);
	if (entry->now.told_sums && told->calls[direction] > flow->calls)
		flow->calls = told->calls[direction];
	if (r == 0 && entry->secrets) {
		r = aa_tls_secrets_end(entry->secrets, direction, &answer);
		if (r < 0)
			return redaction_failed(r, error);
		r = add_redacted(session, entry, &origin, answer, false, error);
	}
	return r;
}

int aa_tls_finish(struct aa_session *session, struct aa_tls_entry *entry, struct aa_error *error)
{
	int r = aa_tls_changed(session, entry, error);

	for (unsigned direction = 0; direction < AA_TLS_DIRECTIONS && r == 0; direction++)
		r = finish_direction(session, entry, direction, error);
	if (r == 0)
		r = aa_tls_flush(session, entry, error);
	entry->now.finished = true;
	return r;
}

int aa_tls_report_holes(struct aa_session *session, struct aa_tls_entry *entry, struct aa_error *error)
{
	char detail[64];
	int r = 0;

	for (unsigned hole = 0; hole < AA_TLS_HOLE_COUNT && r == 0; hole++) {
		struct aa_tls_holes *holes = &entry->now.holes[hole];
		const struct aa_gap_row gap = {
			.begin_ns = holes->first_ns,
			.end_ns = holes->last_ns,
			.count = holes->bytes,
			.lane = AA_LANE_PAYLOAD,
			.kind = aa_event_kind_name(AA_EVENT_TLS_DATA),
			.reason = hole_names[hole],
			.detail = detail,
			.process_id = entry->now.process_id,
		};

		if (holes->bytes == 0)
			continue;
		(void)snprintf(detail, sizeof(detail), "TLS connection %lld", (long long)entry->now.row_id);
		r = aa_session_gap(session, &gap, error);
		*holes = (struct aa_tls_holes){ 0 };
	}
	return r;
}
