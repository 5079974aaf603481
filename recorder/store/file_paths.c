/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of a file record: gathered, joined to absolute paths, judged, matched against --exclude, and interned. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "path_join.h"
#include "sink_file.h"

#define FIRST_FIELD AA_TEXT_PATH
#define FIELDS	    (AA_TEXT_LAST + 1 - FIRST_FIELD)

/* One text; its bytes lie in the ring, or in a buffer of the store if it came in pieces. */
struct text {
	const char *bytes;
	size_t size;
	uint64_t missing; /* bytes of it that are not here */
	uint64_t unreadable;
	uint16_t flags;
	bool present;
	bool pieces; /* more than one, or not from its beginning */
};

struct texts {
	struct aa_session *session;
	uint32_t first;
	struct text fields[FIELDS];
};

static struct text *field_of(struct texts *texts, enum aa_text_field field)
{
	return &texts->fields[field - FIRST_FIELD];
}

/* One pass over the group: nearly every text is one piece, which can be used where it lies. */
static void gather(struct texts *texts)
{
	const struct aa_scan *scan = &texts->session->store->scan;

	for (uint32_t i = texts->first; i != AA_SCAN_NONE; i = scan->entries[i].link) {
		const struct aa_text *piece = scan->entries[i].event.text;
		struct text *text;

		if (piece->field < FIRST_FIELD)
			continue;
		text = &texts->fields[piece->field - FIRST_FIELD];
		text->pieces = text->present || piece->offset || piece->flags & AA_TEXT_UNREADABLE;
		text->present = true;
		text->flags |= piece->flags;
		text->bytes = piece->data + piece->start;
		text->size = piece->length;
		text->missing = piece->total > piece->length ? piece->total - piece->length : 0;
	}
}

/* Puts a text that came in pieces together. */
static int complete(struct texts *texts, enum aa_text_field field, struct aa_error *error)
{
	struct text *text = field_of(texts, field);
	struct aa_text_buffer *buffer = &texts->session->store->file_texts[field - FIRST_FIELD];
	struct aa_scan_text whole;

	if (text->pieces) {
		aa_text_clear(buffer);
		aa_scan_text(&texts->session->store->scan, texts->first, field, AA_MAX_TEXT_BYTES, buffer,
			     &whole);
		if (buffer->failed)
			return aa_error_set(error, -ENOMEM, "out of memory");
		text->bytes = buffer->data ? buffer->data : "";
		text->size = buffer->size;
		text->missing = whole.total - buffer->size;
		text->unreadable = whole.unreadable;
		if (whole.hole)
			text->flags |= AA_TEXT_TRUNCATED;
	}
	if (text->missing)
		text->flags |= AA_TEXT_TRUNCATED;
	if (!text->bytes)
		text->bytes = "";
	return 0;
}

static int report(struct aa_session *session, const struct aa_file_row *file, const char *what,
		  const struct text *text, struct aa_error *error)
{
	char detail[96];
	struct aa_gap_row gap = {
		.begin_ns = file->header->time_ns,
		.end_ns = file->header->time_ns,
		.count = text->missing + text->unreadable,
		.lane = AA_LANE_ACTIVITY,
		.kind = aa_event_kind_name(file->header->kind),
		.reason = "truncated",
		.detail = detail,
	};
	uint32_t process;
	int r;

	if (gap.count == 0)
		return 0;
	r = aa_session_process(session, file->header->tgid, file->header->start_ns, &process, error);
	if (r < 0)
		return r;
	gap.process_id = session->processes.entries[process].row_id;
	(void)snprintf(detail, sizeof(detail), "%s: %s", what,
		       text->unreadable ? "memory could not be read; those bytes are 0"
					: "longer than what is captured");
	return aa_session_gap(session, &gap, error);
}

/* A path before it is interned. */
struct path {
	const char *bytes;
	size_t size;
	uint16_t flags;
	bool known;
	const char *source;
};

/* What of a text's flags is said in marks. */
static uint16_t marked(uint16_t flags)
{
	return (uint16_t)(flags & ~AA_TEXT_USER);
}

/*
 * A name without the path that the kernel walked. It may have had no bytes that could be read: then there is nothing
 * that could be called its path.
 */
static int join(struct texts *texts, enum aa_text_field dir_field, enum aa_text_field name_field,
		struct aa_text_buffer *joined, bool empty_path, struct path *ret_path, struct aa_error *error)
{
	const struct text *dir = field_of(texts, dir_field), *name = field_of(texts, name_field);
	int r = complete(texts, dir_field, error);

	if (r == 0)
		r = complete(texts, name_field, error);
	if (r < 0)
		return r;
	ret_path->flags = marked(name->flags);
	if (!name->present && !(empty_path && dir->present)) {
		ret_path->flags |= AA_FILE_TEXT_MISSING;
		return 0;
	}
	if (name->size == 0 && name->flags & AA_TEXT_UNREADABLE)
		return 0;
	ret_path->known = true;
	ret_path->source = name->present ? "user" : "kernel";
	if (name->size == 0 && !empty_path) { /* "" names nothing, least of all the directory */
		ret_path->bytes = "";
		ret_path->size = 0;
		return 0;
	}
	aa_text_clear(joined);
	aa_path_join(joined, dir->bytes, dir->size, name->bytes, name->size);
	if (joined->failed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	ret_path->bytes = joined->data ? joined->data : "";
	ret_path->size = joined->size;
	ret_path->flags |= marked(dir->flags);
	if (!dir->present && !(name->size && name->bytes[0] == '/'))
		ret_path->flags |= AA_FILE_TEXT_MISSING;
	return 0;
}

/* A pipe has no name in the kernel either: what /proc/PID/fd calls it. */
static int name_pipe(struct aa_text_buffer *joined, const struct aa_node *node, struct path *path,
		     struct aa_error *error)
{
	if (path->size > 0 || !(path->flags & AA_TEXT_PSEUDO) || !node || !S_ISFIFO(node->mode))
		return 0;
	aa_text_clear(joined);
	aa_text_printf(joined, "pipe:[%" PRIu64 "]", (uint64_t)node->inode);
	if (joined->failed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	path->bytes = joined->data;
	path->size = joined->size;
	return 0;
}

/* The path of one of the two files: 0 is PATH, or DIR and NAME; 1 is PATH2, or DIR2 and NAME2. */
static int find_path(struct texts *texts, const struct aa_file_row *file, int which, struct path *ret_path,
		     struct aa_error *error)
{
	static const enum aa_text_field fields[2][3] = {
		{ AA_TEXT_PATH, AA_TEXT_DIR, AA_TEXT_NAME },
		{ AA_TEXT_PATH2, AA_TEXT_DIR2, AA_TEXT_NAME2 },
	};
	struct aa_text_buffer *joined = &texts->session->store->file_joined[which];
	const struct text *walked = field_of(texts, fields[which][0]);
	bool empty_path = which == 0 && file->marks & AA_FILE_EMPTY_PATH;
	int r;

	*ret_path = (struct path){ .known = false };
	if (!walked->present)
		return join(texts, fields[which][1], fields[which][2], joined, empty_path, ret_path, error);
	r = complete(texts, fields[which][0], error);
	ret_path->bytes = walked->bytes;
	ret_path->size = walked->size;
	ret_path->flags = marked(walked->flags);
	ret_path->known = walked->size > 0 || !(walked->flags & AA_TEXT_UNREADABLE);
	ret_path->source = "kernel";
	return r < 0 ? r : name_pipe(joined, which == 0 ? file->node : file->node2, ret_path, error);
}

/* Whether --exclude names a path. It ends at its first NUL, which only an unreadable one has. */
static bool is_excluded(struct aa_session *session, const struct path *path)
{
	struct aa_text_buffer *string;

	if (!session->excludes || !session->excludes[0] || !path->known)
		return false;
	string = aa_store_scratch(session->store, AA_SCRATCH_BYTES);
	aa_text_add(string, path->bytes, path->size);
	for (char **glob = session->excludes; *glob && string->data; glob++)
		if (sqlite3_strglob(*glob, string->data) == 0)
			return true;
	return false;
}

static int intern(struct aa_session *session, const struct path *path, struct aa_file_path *out,
		  struct aa_error *error)
{
	/* What the record does not bring may be known from its open file. */
	if (!path->known && path->flags & AA_FILE_TEXT_MISSING && out->id)
		return 0;
	out->flags = path->flags;
	out->id = 0;
	return path->known ? aa_session_intern(session, path->bytes, path->size, &out->id, error) : 0;
}

static int take_target(struct texts *texts, struct aa_file_row *file, struct aa_error *error)
{
	struct text *text = field_of(texts, AA_TEXT_TARGET);
	int r = complete(texts, AA_TEXT_TARGET, error);

	file->target.flags = text->present ? marked(text->flags) : AA_FILE_TEXT_MISSING;
	if (r < 0 || !text->present || (text->size == 0 && text->flags & AA_TEXT_UNREADABLE))
		return r;
	r = report(texts->session, file, "target", text, error);
	return r < 0 ? r
		     : aa_session_intern(texts->session, text->bytes, text->size, &file->target.id, error);
}

static int take_fstype(struct texts *texts, struct aa_file_row *file, struct aa_error *error)
{
	struct aa_text_buffer *escaped = &texts->session->store->file_joined[0];
	const struct text *text = field_of(texts, AA_TEXT_FSTYPE);
	int r = complete(texts, AA_TEXT_FSTYPE, error);

	if (r < 0 || text->size == 0)
		return r;
	aa_text_clear(escaped);
	(void)aa_text_escape(escaped, text->bytes, text->size);
	if (escaped->failed)
		return aa_error_set(error, -ENOMEM, "out of memory");
	file->fstype = escaped->data;
	return 0;
}

static int report_paths(struct texts *texts, const struct aa_file_row *file, struct aa_error *error)
{
	static const struct {
		enum aa_text_field field;
		const char *what;
	} names[] = {
		{ AA_TEXT_PATH, "path" },  { AA_TEXT_DIR, "directory" },  { AA_TEXT_NAME, "path as given" },
		{ AA_TEXT_PATH2, "path" }, { AA_TEXT_DIR2, "directory" }, { AA_TEXT_NAME2, "path as given" },
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && r == 0; i++) {
		const struct text *text = field_of(texts, names[i].field);

		if (text->missing || text->unreadable)
			r = report(texts->session, file, names[i].what, text, error);
	}
	return r;
}

int aa_file_paths(struct aa_session *session, struct aa_file_row *file, uint32_t texts_first, uint32_t wants,
		  struct aa_error *error)
{
	struct texts texts = { .session = session, .first = texts_first };
	struct path path, path2 = { .flags = AA_FILE_TEXT_MISSING };
	bool two = wants & AA_FILE_WANTS_PATH2;
	int r;

	gather(&texts);
	r = find_path(&texts, file, 0, &path, error);
	if (r == 0 && two)
		r = find_path(&texts, file, 1, &path2, error);
	if (r < 0)
		return r;
	/* Of two names one that is wanted is enough: a file that leaves what is excluded must not come from nowhere. */
	file->excluded = is_excluded(session, &path) && (!two || is_excluded(session, &path2));
	if (file->excluded)
		return 0;
	r = report_paths(&texts, file, error);
	if (r == 0)
		r = intern(session, &path, &file->path, error);
	if (r == 0 && two)
		r = intern(session, &path2, &file->path2, error);
	file->source = path.known ? path.source : file->path.id ? "kernel" : path2.source;
	if (r == 0 && wants & AA_FILE_WANTS_TARGET)
		r = take_target(&texts, file, error);
	if (r == 0 && wants & AA_FILE_WANTS_FSTYPE)
		r = take_fstype(&texts, file, error);
	return r;
}
