/* SPDX-License-Identifier: Apache-2.0 */
/* Loss is data: what is not here, or not whole, is a row and counts in the session's totals. */
#include <string.h>

#include "sink_file.h"
#include "store_private.h"

/*
 * Events that are only this row. A lost text ("text", counted by pieces) leaves its event here, marked; one that is
 * truncated or incomplete too.
 */
static bool loses_events(const struct aa_gap_row *gap)
{
	static const char *const reasons[] = { "ring-full",  "scope-full", "recursion",
					       "malformed",  "recorder",   "files-full",
					       "uring-full", "tls-full",   "lost" };

	if (strcmp(gap->kind, "text") == 0)
		return false;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(gap->reason, reasons[i]) == 0)
			return true;
	return false;
}

/* What is left out is counted in rows of this length at least: it may be more than all that is stored. */
#define EXCLUDED_NS 10000000000u

static void exclude(struct aa_session *session, unsigned kind, uint64_t begin_ns, uint64_t end_ns,
		    uint64_t count)
{
	struct aa_excluded *excluded = &session->now.excluded[kind];

	if (excluded->count == 0 || begin_ns < excluded->first_ns)
		excluded->first_ns = begin_ns;
	if (end_ns > excluded->last_ns)
		excluded->last_ns = end_ns;
	excluded->count += count;
}

void aa_session_exclude(struct aa_session *session, const struct aa_header *header)
{
	exclude(session, header->kind, header->time_ns, header->time_ns, 1);
	session->now.totals.records[header->kind]--; /* it is not among those stored */
}

bool aa_session_exclude_gap(struct aa_session *session, const struct aa_gap *gap)
{
	if (strcmp(gap->reason, "excluded") != 0)
		return false;
	for (unsigned kind = AA_EVENT_FILE_FIRST; kind <= AA_EVENT_FILE_LAST; kind++) {
		if (strcmp(gap->kind, aa_event_kind_name(kind)) != 0)
			continue;
		exclude(session, kind, gap->begin_boot_ns, gap->end_boot_ns, gap->count);
		return true;
	}
	return false;
}

int aa_session_report_excluded(struct aa_session *session, bool all, struct aa_error *error)
{
	int r = 0;

	for (unsigned kind = AA_EVENT_FILE_FIRST; kind <= AA_EVENT_FILE_LAST && r == 0; kind++) {
		struct aa_excluded *excluded = &session->now.excluded[kind];
		const struct aa_gap_row gap = {
			.begin_ns = excluded->first_ns,
			.end_ns = excluded->last_ns,
			.count = excluded->count,
			.lane = AA_LANE_ACTIVITY,
			.kind = aa_event_kind_name(kind),
			.reason = "excluded",
		};

		if (excluded->count == 0 || (!all && excluded->last_ns - excluded->first_ns < EXCLUDED_NS))
			continue;
		r = aa_session_gap(session, &gap, error);
		*excluded = (struct aa_excluded){ 0 };
	}
	return r;
}

/* What the recording was asked to leave out. */
static bool is_on_request(const struct aa_gap_row *gap)
{
	static const char *const reasons[] = { "excluded", "max-call", "max-connection" };

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(gap->reason, reasons[i]) == 0)
			return true;
	return false;
}

/* Bytes of TLS: a row is one hole, however large. */
static bool counts_bytes(const struct aa_gap_row *gap)
{
	return strcmp(gap->kind, aa_event_kind_name(AA_EVENT_TLS_DATA)) == 0 &&
	       strcmp(gap->reason, "tls-full") != 0;
}

int aa_session_gap(struct aa_session *session, const struct aa_gap_row *gap, struct aa_error *error)
{
	struct aa_session_totals *totals = &session->now.totals;
	struct aa_row row;

	aa_row_begin(&row, session, AA_STATEMENT_GAP, AA_TABLE_GAP,
		     "INSERT INTO s0_gap (time_ns, end_ns, lane, kind, reason, count, process_id, detail)"
		     " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		     error);
	aa_row_int(&row, aa_session_time(session, gap->begin_ns));
	aa_row_int(&row, aa_session_time(session, gap->end_ns));
	aa_row_text(&row, aa_lane_name(gap->lane));
	aa_row_text(&row, gap->kind);
	aa_row_text(&row, gap->reason);
	aa_row_uint(&row, gap->count);
	aa_row_id(&row, gap->process_id);
	aa_row_text(&row, gap->detail);
	if (strcmp(gap->reason, "truncated") == 0)
		totals->truncated_bytes += gap->count;
	if (strcmp(gap->reason, "malformed") == 0)
		totals->malformed += gap->count;
	if (loses_events(gap))
		totals->lost += counts_bytes(gap) ? 1 : gap->count;
	else if (strcmp(gap->reason, "truncated") != 0 && !is_on_request(gap))
		totals->partial += counts_bytes(gap) ? 1 : gap->count;
	return aa_row_step(&row, NULL);
}
