/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A span of a ring as a list of records, each text linked to the record that it belongs to, cut where a program
 * run had not yet submitted all that belongs together. Pure; the bytes stay in the ring.
 */
#ifndef AA_STORE_SCAN_H
#define AA_STORE_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "decode.h"
#include "ring.h"
#include "text.h"

#define AA_SCAN_NONE UINT32_MAX

struct aa_scan_entry {
	struct aa_event event;
	uint64_t begin;		     /* position in the ring */
	enum aa_event_result result; /* of decoding it */
	uint32_t size;
	uint32_t link; /* of a text: the next text of its group; of others: their first text */
};

/* Texts whose record is missing, or did not come in time. */
struct aa_scan_orphan {
	uint32_t first; /* entry of its first text */
	uint32_t count; /* of texts */
};

struct aa_scan {
	struct aa_scan_entry *entries;
	uint32_t count, capacity;
	uint64_t end; /* position behind the last entry */
	struct aa_scan_orphan *orphans;
	uint32_t orphan_count, orphan_capacity;
	bool full;   /* stopped at the limit of records, not at the end of the span */
	bool broken; /* stopped at a length that cannot be: nothing behind it can be read */
	struct aa_scan_group *groups;
	uint32_t group_count, group_capacity;
	uint32_t open_count; /* groups that are not whole and may become so */
	uint32_t *index;     /* hash of open groups */
	uint32_t index_size;
	uint64_t newest_ns;
};

void aa_scan_release(struct aa_scan *scan);

/*
 * Lists the records of [begin, span->end), at most max_records (then scan->full). Ends before a group that is not
 * whole, unless it is older than a second of the records' time, or force is set: such groups become orphans. Returns
 * 0 or -ENOMEM.
 */
int aa_scan_span(struct aa_scan *scan, const struct aa_span *span, uint64_t begin, uint32_t max_records,
		 bool force);

/* What was gathered of one text. */
struct aa_scan_text {
	uint64_t total;	     /* true size */
	uint64_t unreadable; /* bytes that could not be read (zeros) */
	bool present;	     /* any piece came */
	bool hole;	     /* a piece in between is missing: what follows it was left out */
	uint16_t flags;	     /* AA_TEXT_* of all pieces */
};

/*
 * Appends the text of a field to buffer, from the group that begins at entry first, up to max_bytes and to the first
 * missing piece.
 */
void aa_scan_text(const struct aa_scan *scan, uint32_t first, enum aa_text_field field, size_t max_bytes,
		  struct aa_text_buffer *buffer, struct aa_scan_text *ret_text);

#endif
