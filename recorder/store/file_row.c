/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of a row of s<N>_file: which a kind of record has, and in which words. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "sink_file.h"
#include "store_private.h"

/* Members of struct aa_file_change that mean something, by kind; see there. */
#define HAS_FLAGS  0x01u
#define HAS_MODE   0x02u
#define HAS_OWNER  0x04u
#define HAS_OFFSET 0x08u
#define HAS_LENGTH 0x10u
#define HAS_DEVICE 0x20u
#define HAS_NODE2  0x40u
#define HAS_PATH2  0x80u
#define HAS_TARGET 0x100u
#define HAS_FSTYPE 0x200u

static const uint32_t members_of[AA_EVENT_FILE_LAST + 1] = {
	[AA_EVENT_TRUNCATE] = HAS_LENGTH,
	[AA_EVENT_FALLOCATE] = HAS_FLAGS | HAS_OFFSET | HAS_LENGTH,
	[AA_EVENT_UNLINK] = HAS_FLAGS,
	[AA_EVENT_RMDIR] = HAS_FLAGS,
	[AA_EVENT_RENAME] = HAS_FLAGS | HAS_NODE2 | HAS_PATH2,
	[AA_EVENT_LINK] = HAS_FLAGS | HAS_PATH2,
	[AA_EVENT_SYMLINK] = HAS_TARGET,
	[AA_EVENT_MKDIR] = HAS_MODE,
	[AA_EVENT_MKNOD] = HAS_MODE | HAS_DEVICE,
	[AA_EVENT_CHMOD] = HAS_FLAGS | HAS_MODE,
	[AA_EVENT_CHOWN] = HAS_FLAGS | HAS_OWNER,
	[AA_EVENT_UTIMES] = HAS_FLAGS,
	[AA_EVENT_SETXATTR] = HAS_FLAGS | HAS_LENGTH | HAS_TARGET,
	[AA_EVENT_REMOVEXATTR] = HAS_FLAGS | HAS_TARGET,
	[AA_EVENT_MMAP] = HAS_FLAGS | HAS_OFFSET | HAS_LENGTH,
	[AA_EVENT_COPY] = HAS_LENGTH | HAS_NODE2 | HAS_PATH2,
	[AA_EVENT_MOUNT] = HAS_FLAGS | HAS_TARGET | HAS_FSTYPE,
	[AA_EVENT_UMOUNT] = HAS_FLAGS,
	[AA_EVENT_PIVOT_ROOT] = HAS_PATH2,
};

/* A word in marks for each of AA_FILE_* and AA_FLAG_COMPAT, in their order there. */
static const struct {
	uint32_t mark;
	const char *word;
} mark_words[] = {
	{ AA_FILE_CREATED, "created" },
	{ AA_FILE_INHERITED, "inherited" },
	{ AA_FILE_URING, "uring" },
	{ AA_FILE_FIXED, "fixed" },
	{ AA_FILE_STILL_OPEN, "still-open" },
	{ AA_FILE_BY_LAST_USER, "by-last-user" },
	{ AA_FILE_CLOSE_MISSED, "close-missed" },
	{ AA_FILE_MAPPED, "mapped" },
	{ AA_FILE_NO_SUMS, "no-sums" },
	{ AA_FILE_BY_HANDLE, "by-handle" },
	{ AA_FILE_EXCHANGE, "exchange" },
	{ AA_FILE_EMPTY_PATH, "empty-path" },
	{ AA_FILE_NAME_KERNEL, "name-kernel" },
};

/* And for each of AA_TEXT_*, behind "path-", "path2-" or "target-". */
static const struct {
	uint16_t flag;
	const char *word;
} text_words[] = {
	{ AA_TEXT_TRUNCATED, "truncated" },  { AA_TEXT_UNLINKED, "unlinked" },
	{ AA_TEXT_DETACHED, "detached" },    { AA_TEXT_PSEUDO, "pseudo" },
	{ AA_TEXT_OUTSIDE, "outside-root" }, { AA_TEXT_UNREADABLE, "unreadable" },
	{ AA_FILE_TEXT_MISSING, "missing" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void add_word(struct aa_text_buffer *marks, const char *prefix, const char *word)
{
	if (marks->size)
		aa_text_add(marks, ",", 1);
	aa_text_add_string(marks, prefix);
	aa_text_add_string(marks, word);
}

static void add_text_words(struct aa_text_buffer *marks, const char *prefix, uint32_t flags)
{
	for (size_t i = 0; i < COUNT(text_words) && flags; i++)
		if (flags & text_words[i].flag)
			add_word(marks, prefix, text_words[i].word);
}

static struct aa_text_buffer *make_marks(struct aa_session *session, const struct aa_file_row *file)
{
	struct aa_text_buffer *marks = aa_store_scratch(session->store, AA_SCRATCH_MARKS);

	for (size_t i = 0; i < COUNT(mark_words) && file->marks; i++)
		if (file->marks & mark_words[i].mark)
			add_word(marks, "", mark_words[i].word);
	if (file->header->flags & AA_FLAG_COMPAT)
		add_word(marks, "", "compat");
	add_text_words(marks, "path-", file->path.flags);
	add_text_words(marks, "path2-", file->path2.flags);
	add_text_words(marks, "target-", file->target.flags);
	return marks;
}

static const char *type_name(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "dir";
	case S_IFLNK:
		return "link";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	case S_IFCHR:
		return "char";
	case S_IFBLK:
		return "block";
	default:
		return "other";
	}
}

static bool is_known(const struct aa_node *node)
{
	return node->inode || node->device || node->mode;
}

/* Parameters of the statement, which are the columns of the table behind id. */
enum column {
	COLUMN_PROCESS = 1,
	COLUMN_TIME,
	COLUMN_TID,
	COLUMN_KIND,
	COLUMN_ERROR,
	COLUMN_PATH,
	COLUMN_PATH2,
	COLUMN_TARGET,
	COLUMN_SOURCE,
	COLUMN_OPEN,
	COLUMN_DEVICE,
	COLUMN_INODE,
	COLUMN_GENERATION,
	COLUMN_TYPE,
	COLUMN_DEVICE2,
	COLUMN_INODE2,
	COLUMN_SIZE_BEFORE,
	COLUMN_SIZE,
	COLUMN_NLINK,
	COLUMN_FLAGS,
	COLUMN_MODE,
	COLUMN_UID,
	COLUMN_GID,
	COLUMN_OFFSET,
	COLUMN_LENGTH,
	COLUMN_READ_BYTES,
	COLUMN_READ_CALLS,
	COLUMN_WRITE_BYTES,
	COLUMN_WRITE_CALLS,
	COLUMN_FD,
	COLUMN_MARKS,
};

/* Binding is half of what a row costs: a parameter that stays NULL is not bound at all. */
static void put(struct aa_row *row, enum column column, uint64_t value)
{
	row->parameter = (int)column;
	aa_row_uint(row, value);
}

static void put_id(struct aa_row *row, enum column column, int64_t id)
{
	if (id)
		put(row, column, (uint64_t)id);
}

static void put_text(struct aa_row *row, enum column column, const char *text)
{
	row->parameter = (int)column;
	aa_row_text(row, text);
}

/*
 * A file without names is gone with its last reference, and its size was set to 0 before anybody saw that
 * (ext4_evict_inode(), shmem_evict_inode()): at a close such a 0 says nothing.
 */
static bool size_is_known(const struct aa_file_row *file)
{
	return file->header->kind != AA_EVENT_CLOSE || file->node->nlink > 0 || file->node->size > 0;
}

static void put_node(struct aa_row *row, const struct aa_node *node, bool with_size)
{
	if (!is_known(node))
		return;
	put(row, COLUMN_DEVICE, node->device);
	put(row, COLUMN_INODE, node->inode);
	if (node->generation)
		put(row, COLUMN_GENERATION, node->generation);
	put_text(row, COLUMN_TYPE, type_name(node->mode));
	if (with_size)
		put(row, COLUMN_SIZE, node->size);
	put(row, COLUMN_NLINK, node->nlink);
}

static void put_common(struct aa_row *row, const struct aa_file_row *file, uint32_t process)
{
	struct aa_session *session = row->session;

	put(row, COLUMN_PROCESS, (uint64_t)session->processes.entries[process].row_id);
	put(row, COLUMN_TIME, (uint64_t)aa_session_time(session, file->header->time_ns));
	put(row, COLUMN_TID, file->header->tid);
	put_text(row, COLUMN_KIND, aa_event_kind_name(file->header->kind));
	put(row, COLUMN_ERROR, file->error);
	put_id(row, COLUMN_PATH, file->path.id);
	put_id(row, COLUMN_PATH2, file->path2.id);
	put_id(row, COLUMN_TARGET, file->target.id);
	if (file->source)
		put_text(row, COLUMN_SOURCE, file->source);
	put_id(row, COLUMN_OPEN, file->open_row);
	put_node(row, file->node, size_is_known(file));
	if (file->fd >= 0)
		put(row, COLUMN_FD, (uint64_t)file->fd);
}

static void put_open(struct aa_row *row, const struct aa_file_open *open)
{
	put(row, COLUMN_FLAGS, open->open_flags);
	/* struct file keeps no O_CREAT, so on success this alone tells that a mode was given. */
	if (open->mode || open->marks & AA_FILE_CREATED || open->open_flags & O_CREAT)
		put(row, COLUMN_MODE, open->mode);
}

static void put_change(struct aa_row *row, const struct aa_file_change *change)
{
	uint32_t members = members_of[change->header.kind];

	if (change->size_before != UINT64_MAX &&
	    (change->header.kind == AA_EVENT_TRUNCATE || change->header.kind == AA_EVENT_FALLOCATE))
		put(row, COLUMN_SIZE_BEFORE, change->size_before);
	if (members & HAS_FLAGS)
		put(row, COLUMN_FLAGS, change->flags);
	if (members & HAS_MODE)
		put(row, COLUMN_MODE, change->mode);
	if (members & HAS_OWNER && change->uid != UINT32_MAX)
		put(row, COLUMN_UID, change->uid);
	if (members & HAS_OWNER && change->gid != UINT32_MAX)
		put(row, COLUMN_GID, change->gid);
	if (members & HAS_OFFSET)
		put(row, COLUMN_OFFSET, change->offset);
	if (members & HAS_LENGTH)
		put(row, COLUMN_LENGTH, change->length);
	if (members & HAS_DEVICE)
		put(row, COLUMN_DEVICE2, change->device);
	if (members & HAS_NODE2 && is_known(&change->node2)) {
		put(row, COLUMN_DEVICE2, change->node2.device);
		put(row, COLUMN_INODE2, change->node2.inode);
	}
}

static void put_sums(struct aa_row *row, const struct aa_file_sums *sums)
{
	put(row, COLUMN_READ_BYTES, sums->read_bytes);
	put(row, COLUMN_READ_CALLS, sums->read_calls);
	put(row, COLUMN_WRITE_BYTES, sums->write_bytes);
	put(row, COLUMN_WRITE_CALLS, sums->write_calls);
}

static const char sql[] =
	"INSERT INTO s0_file (process_id, time_ns, tid, kind, error, path_id, path2_id, target_id, source,"
	" open_id, device, inode, generation, type, device2, inode2, size_before, size_bytes, nlink, flags,"
	" mode, uid, gid, offset, length, read_bytes, read_calls, write_bytes, write_calls, fd, marks)"
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	" ?)";

/* Begins the row and binds what all kinds have. */
static int begin(struct aa_row *row, struct aa_session *session, const struct aa_file_row *file,
		 struct aa_error *error)
{
	const struct aa_text_buffer *marks;
	uint32_t process;
	int r = aa_session_process(session, file->header->tgid, file->header->start_ns, &process, error);

	if (r < 0)
		return r;
	aa_row_begin(row, session, AA_STATEMENT_FILE, AA_TABLE_FILE, sql, error);
	if (row->code < 0)
		return row->code;
	(void)sqlite3_clear_bindings(row->statement);
	put_common(row, file, process);
	marks = make_marks(session, file);
	if (marks->size) {
		row->parameter = COLUMN_MARKS;
		aa_row_buffer(row, marks);
	}
	return row->code;
}

/* Ends the row, and looks whether it asks for the contents of its file. */
static int end(struct aa_row *row, const struct aa_file_row *file, const struct aa_event *event,
	       int64_t *ret_id)
{
	const struct aa_contents_row contents = {
		.event = event,
		.path_id = file->path.id,
		.path2_id = file->path2.id,
		.open_id = file->open_row,
		.file = { file->node->inode, file->node->device, file->node->generation },
	};
	int r = aa_row_step(row, ret_id);

	return r == 0 && row->session->store->contents
		       ? aa_contents_row(row->session, &contents, *ret_id, row->error)
		       : r;
}

uint32_t aa_file_wants(unsigned kind)
{
	uint32_t members = members_of[kind];

	return AA_FILE_WANTS_PATH | (members & HAS_PATH2 ? AA_FILE_WANTS_PATH2 : 0) |
	       (members & HAS_TARGET ? AA_FILE_WANTS_TARGET : 0) |
	       (members & HAS_FSTYPE ? AA_FILE_WANTS_FSTYPE : 0);
}

int aa_file_row_store(struct aa_session *session, const struct aa_file_row *file,
		      const struct aa_event *event, const struct aa_file_sums *sums, int64_t *ret_id,
		      struct aa_error *error)
{
	struct aa_row row;
	int r = begin(&row, session, file, error);

	if (r < 0)
		return r;
	switch (event->header->kind) {
	case AA_EVENT_OPEN:
		put_open(&row, event->open);
		break;
	case AA_EVENT_CLOSE:
	case AA_EVENT_IO:
		if (sums)
			put_sums(&row, sums);
		break;
	default:
		put_change(&row, event->change);
		if (file->fstype)
			put_text(&row, COLUMN_TYPE, file->fstype);
	}
	return end(&row, file, event, ret_id);
}
