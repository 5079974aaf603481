/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A program run takes microseconds; after this much of the records' own time its last record is not coming. */
#define STALE_NS 1000000000u

/* The kernel side reads again in steps of this size where a whole piece could not be read; bpf/text.h. */
#define REPAIR_STEP 1024u

/* What belongs together: all of one program run. CGROUP has texts of its own, so it is a group of its own. */
struct aa_scan_group {
	uint64_t time_ns, start_ns;
	uint32_t tgid, tid;
	bool cgroup;
	bool closed;
	bool orphan;
	uint64_t begin;	      /* position of the first text */
	uint64_t end;	      /* position of the record that closed it, or of its last text so far */
	uint32_t first, last; /* entries */
	uint32_t count;
};

void aa_scan_release(struct aa_scan *scan)
{
	free(scan->entries);
	free(scan->orphans);
	free(scan->groups);
	free(scan->index);
	*scan = (struct aa_scan){ 0 };
}

static int reserve(void **array, uint32_t *capacity, uint32_t count, size_t member_size)
{
	uint32_t bigger = *capacity ? *capacity * 2 : 256;
	void *moved;

	if (count < *capacity)
		return 0;
	if (*capacity > UINT32_MAX / 4)
		return -ENOMEM;
	moved = reallocarray(*array, bigger, member_size);
	if (!moved)
		return -ENOMEM;
	*array = moved;
	*capacity = bigger;
	return 0;
}

static bool is_of(const struct aa_scan_group *group, const struct aa_header *header, bool cgroup)
{
	return group->time_ns == header->time_ns && group->start_ns == header->start_ns &&
	       group->tgid == header->tgid && group->tid == header->tid && group->cgroup == cgroup;
}

/*
 * Place in the index for a header's group: its own, or a free one. Records come from the kernel, and their times are not
 * chosen by an agent, so a plain mixing of bits does.
 */
static uint32_t *index_place(struct aa_scan *scan, const struct aa_header *header, bool cgroup)
{
	uint64_t hash = (header->time_ns ^ header->start_ns << 21) * 0x9e3779b97f4a7c15u;
	uint32_t mask = scan->index_size - 1;
	uint32_t i;

	hash = (hash ^ hash >> 32 ^ ((uint64_t)header->tid << 1 | cgroup)) * 0xff51afd7ed558ccdu;
	for (i = (uint32_t)(hash >> 32) & mask; scan->index[i] != AA_SCAN_NONE; i = (i + 1) & mask)
		if (is_of(&scan->groups[scan->index[i]], header, cgroup))
			break;
	return &scan->index[i];
}

static const struct aa_header *group_header(const struct aa_scan *scan, const struct aa_scan_group *group)
{
	return scan->entries[group->first].event.header;
}

/* Room in the index for one group more. */
static int reserve_index(struct aa_scan *scan)
{
	uint32_t bigger = scan->index_size ? scan->index_size * 2 : 512;
	uint32_t *index;

	if ((scan->group_count + 1) * 2 <= scan->index_size)
		return 0;
	index = reallocarray(scan->index, bigger, sizeof(*index));
	if (!index)
		return -ENOMEM;
	scan->index = index;
	scan->index_size = bigger;
	memset(index, 0xff, bigger * sizeof(*index));
	for (uint32_t i = 0; i < scan->group_count; i++)
		*index_place(scan, group_header(scan, &scan->groups[i]), scan->groups[i].cgroup) = i;
	return 0;
}

static int add_text(struct aa_scan *scan, uint32_t entry)
{
	struct aa_scan_entry *text = &scan->entries[entry];
	const struct aa_header *header = text->event.header;
	bool cgroup = text->event.text->field == AA_TEXT_CGROUP;
	struct aa_scan_group *group;
	uint32_t *place;

	if (reserve_index(scan) < 0)
		return -ENOMEM;
	place = index_place(scan, header, cgroup);
	if (*place != AA_SCAN_NONE && !scan->groups[*place].closed) {
		group = &scan->groups[*place];
		scan->entries[group->last].link = entry;
		group->last = entry;
		group->end = text->begin;
		group->count++;
		return 0;
	}
	if (reserve((void **)&scan->groups, &scan->group_capacity, scan->group_count, sizeof(*scan->groups)) <
	    0)
		return -ENOMEM;
	*place = scan->group_count;
	scan->groups[scan->group_count++] = (struct aa_scan_group){
		.time_ns = header->time_ns,
		.start_ns = header->start_ns,
		.tgid = header->tgid,
		.tid = header->tid,
		.cgroup = cgroup,
		.begin = text->begin,
		.end = text->begin,
		.first = entry,
		.last = entry,
		.count = 1,
	};
	return 0;
}

/* A record that texts may precede: takes its group. */
static void close_group(struct aa_scan *scan, uint32_t entry)
{
	struct aa_scan_entry *record = &scan->entries[entry];
	struct aa_scan_group *group;
	uint32_t *place;

	if (!scan->index_size)
		return;
	place = index_place(scan, record->event.header, record->event.header->kind == AA_EVENT_CGROUP);
	if (*place == AA_SCAN_NONE || scan->groups[*place].closed)
		return;
	group = &scan->groups[*place];
	group->closed = true;
	group->end = record->begin;
	record->link = group->first;
}

static int add_record(struct aa_scan *scan, const struct aa_record *record)
{
	struct aa_scan_entry *entry;
	uint32_t i = scan->count;

	if (reserve((void **)&scan->entries, &scan->capacity, scan->count, sizeof(*scan->entries)) < 0)
		return -ENOMEM;
	entry = &scan->entries[i];
	*entry = (struct aa_scan_entry){ .begin = record->position,
					 .size = record->size,
					 .link = AA_SCAN_NONE };
	entry->result = aa_event_decode(record->bytes, record->size, &entry->event);
	scan->count++;
	if (entry->result != AA_EVENT_OK)
		return 0;
	if (entry->event.header->time_ns > scan->newest_ns)
		scan->newest_ns = entry->event.header->time_ns;
	switch (entry->event.header->kind) {
	case AA_EVENT_TEXT:
		return add_text(scan, i);
	case AA_EVENT_EXEC:
	case AA_EVENT_EXEC_FAILED:
	case AA_EVENT_CGROUP:
		close_group(scan, i);
		return 0;
	case AA_EVENT_CLOSE: /* these have no texts, and may be sent in the midst of a run that sends some */
	case AA_EVENT_IO:
		return 0;
	default:
		if (entry->event.header->kind >= AA_EVENT_FILE_FIRST)
			close_group(scan, i);
		return 0;
	}
}

static int list_records(struct aa_scan *scan, const struct aa_span *span, uint64_t begin,
			uint32_t max_records)
{
	uint64_t position = begin;
	struct aa_record record;

	while (position < span->end) {
		int r = 0;

		if (scan->count == max_records) {
			scan->full = true;
			break;
		}
		switch (aa_span_next(span, position, &record)) {
		case AA_RING_RECORD:
			r = add_record(scan, &record);
			break;
		case AA_RING_DISCARDED:
			break;
		case AA_RING_BROKEN:
			scan->broken = true;
			scan->end = span->end;
			return 0;
		default: /* still being written */
			scan->end = position;
			return 0;
		}
		if (r < 0)
			return r;
		position = record.next;
	}
	scan->end = position;
	return 0;
}

static bool is_stale(const struct aa_scan *scan, const struct aa_scan_group *group)
{
	return group->time_ns < scan->newest_ns && scan->newest_ns - group->time_ns > STALE_NS;
}

static int compare_ends(const void *a, const void *b)
{
	const struct aa_scan_group *x = a, *y = b;

	return x->end < y->end ? 1 : x->end > y->end ? -1 : 0;
}

/*
 * Moves the end back to before every group that reaches beyond it. Groups overlap (processors write at the same
 * time), so a group cut off may cut off another: going from the last end to the first, once is enough.
 */
static void cut(struct aa_scan *scan)
{
	if (scan->open_count)
		qsort(scan->groups, scan->group_count, sizeof(*scan->groups), compare_ends);
	for (uint32_t i = 0; i < scan->group_count && scan->open_count; i++)
		if (scan->groups[i].end >= scan->end && scan->groups[i].begin < scan->end)
			scan->end = scan->groups[i].begin;
	while (scan->count > 0 && scan->entries[scan->count - 1].begin >= scan->end)
		scan->count--;
}

static int collect_orphans(struct aa_scan *scan)
{
	for (uint32_t i = 0; i < scan->group_count; i++) {
		const struct aa_scan_group *group = &scan->groups[i];

		if (!group->orphan || group->begin >= scan->end)
			continue;
		if (reserve((void **)&scan->orphans, &scan->orphan_capacity, scan->orphan_count,
			    sizeof(*scan->orphans)) < 0)
			return -ENOMEM;
		scan->orphans[scan->orphan_count++] =
			(struct aa_scan_orphan){ .first = group->first, .count = group->count };
	}
	return 0;
}

int aa_scan_span(struct aa_scan *scan, const struct aa_span *span, uint64_t begin, uint32_t max_records,
		 bool force)
{
	int r;

	scan->count = 0;
	scan->group_count = 0;
	scan->orphan_count = 0;
	scan->open_count = 0;
	scan->full = false;
	scan->broken = false;
	scan->newest_ns = 0;
	scan->end = begin;
	if (scan->index_size)
		memset(scan->index, 0xff, scan->index_size * sizeof(*scan->index));
	r = list_records(scan, span, begin, max_records);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < scan->group_count; i++) {
		struct aa_scan_group *group = &scan->groups[i];

		if (group->closed)
			continue;
		if ((force && !scan->full) || is_stale(scan, group) || scan->broken) {
			group->orphan = true;
		} else {
			group->end = UINT64_MAX; /* reaches beyond anything */
			scan->open_count++;
		}
	}
	cut(scan);
	return collect_orphans(scan);
}

/* Steps that are all zero: what the kernel side leaves where it could not read. */
static uint64_t count_unreadable(const struct aa_text *piece, size_t size)
{
	const char *bytes = piece->data + piece->start;
	uint64_t count = 0;
	size_t at = 0;

	while (at < size) {
		size_t end = at + REPAIR_STEP < size ? at + REPAIR_STEP : size;
		size_t i = at;

		while (i < end && bytes[i] == 0)
			i++;
		if (i == end)
			count += end - at;
		at = end;
	}
	return count;
}

void aa_scan_text(const struct aa_scan *scan, uint32_t first, enum aa_text_field field, size_t max_bytes,
		  struct aa_text_buffer *buffer, struct aa_scan_text *ret_text)
{
	size_t before = buffer->size;

	*ret_text = (struct aa_scan_text){ 0 };
	for (uint32_t i = first; i != AA_SCAN_NONE; i = scan->entries[i].link) {
		const struct aa_text *piece = scan->entries[i].event.text;
		size_t size = piece->length;

		if (piece->field != field)
			continue;
		ret_text->present = true;
		ret_text->flags |= piece->flags;
		if (piece->total > ret_text->total)
			ret_text->total = piece->total;
		if (ret_text->hole || piece->offset != buffer->size - before) {
			ret_text->hole = true;
			continue;
		}
		if (size > max_bytes - (buffer->size - before)) {
			size = max_bytes - (buffer->size - before);
			ret_text->hole = true;
		}
		if (piece->flags & AA_TEXT_UNREADABLE)
			ret_text->unreadable += count_unreadable(piece, size);
		aa_text_add(buffer, piece->data + piece->start, size);
	}
	if (ret_text->total < buffer->size - before)
		ret_text->total = buffer->size - before;
}
