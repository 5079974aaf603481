/* SPDX-License-Identifier: Apache-2.0 */
/* Texts whose record is missing: no exec to hang them on, but what they say is not thrown away. */
#include <errno.h>

#include "store_private.h"

static const struct {
	enum aa_text_field field;
	const char *words;
} paths[] = {
	{ AA_TEXT_FILENAME, "path as given" },	   { AA_TEXT_PATH, "path" },
	{ AA_TEXT_PATH2, "second path" },	   { AA_TEXT_DIR, "directory" },
	{ AA_TEXT_NAME, "path as given" },	   { AA_TEXT_DIR2, "second directory" },
	{ AA_TEXT_NAME2, "second path as given" },
};

int aa_sink_orphan(struct aa_session *session, const struct aa_scan_orphan *orphan, struct aa_error *error)
{
	const struct aa_scan *scan = &session->store->scan;
	const struct aa_header *header = scan->entries[orphan->first].event.header;
	struct aa_text_buffer *bytes = aa_store_scratch(session->store, AA_SCRATCH_BYTES);
	struct aa_text_buffer *detail = aa_store_scratch(session->store, AA_SCRATCH_TEXT);
	struct aa_scan_text text;
	struct aa_gap_row gap = {
		.begin_ns = header->time_ns,
		.end_ns = header->time_ns,
		.count = orphan->count,
		.kind = "text",
		.reason = "incomplete",
		.lane = header->flags & AA_FLAG_ACTIVITY ? AA_LANE_ACTIVITY : AA_LANE_LIFECYCLE,
	};
	uint32_t process;
	int r;

	r = aa_session_process(session, header->tgid, header->start_ns, &process, error);
	if (r < 0)
		return r;
	aa_text_add_string(detail, "the record that these texts belong to is missing");
	aa_scan_text(scan, orphan->first, AA_TEXT_ARGS, AA_MAX_TEXT_BYTES, bytes, &text);
	if (text.present) {
		aa_text_add_string(detail, "; arguments: ");
		(void)aa_text_quote_args(detail, bytes->data ? bytes->data : "", bytes->size);
	}
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		aa_text_clear(bytes);
		aa_scan_text(scan, orphan->first, paths[i].field, AA_MAX_TEXT_BYTES, bytes, &text);
		if (!text.present)
			continue;
		aa_text_printf(detail, "; %s: ", paths[i].words);
		(void)aa_text_escape(detail, bytes->data ? bytes->data : "", bytes->size);
	}
	if (detail->failed || bytes->failed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	gap.process_id = session->processes.entries[process].row_id;
	gap.detail = detail->data;
	return aa_session_gap(session, &gap, error);
}
