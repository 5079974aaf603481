/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of files in numbers; see trail.h. */
#include "trail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "replay/array.h"
#include "statement.h"

#define OPEN_ACCESS	 3     /* O_ACCMODE: 0 is to read */
#define OPEN_TRUNCATES	 0x200 /* O_TRUNC, the same on x86_64 and arm64 */
#define RENAME_IF_FREE	 1     /* RENAME_NOREPLACE */
#define RENAME_EXCHANGES 2     /* RENAME_EXCHANGE */

const char *const aa_trail_kinds[AA_TRAIL_KINDS] = {
	"open",	  "close",    "io",	     "unlink",	  "rename", "mkdir", "rmdir",
	"link",	  "symlink",  "truncate",    "fallocate", "mknod",  "chmod", "chown",
	"utimes", "setxattr", "removexattr", "mmap",	  "copy",   "chdir", "chroot",
	"mount",  "umount",   "pivot_root",  "other",
};

/* Columns of the statement. */
enum {
	ID,
	TIME,
	KIND,
	ERROR,
	PROCESS,
	PATH,
	PATH2,
	DEVICE,
	INODE,
	GENERATION,
	DEVICE2,
	INODE2,
	TYPE,
	MARKS,
	OPEN_ID,
	FLAGS,
	SIZE,
	READ,
	WRITTEN,
	LENGTH,
	SOURCE,
};

static const char rows_sql[] =
	"SELECT id, time_ns, kind, error, process_id, path_id, path2_id, device, inode, generation, device2, "
	"inode2,"
	" type, marks, open_id, flags, size_bytes, read_bytes, write_bytes, length, source FROM s0_file";

static int out_of_memory(struct aa_trail *trail)
{
	(void)aa_error_set(&trail->query->error, -ENOMEM, "out of memory");
	return -ENOMEM;
}

/* A process that the table does not know has no number. */
static int add_process(struct aa_trail *trail, int64_t id, const char *comm, uint32_t *ret_process)
{
	struct aa_trail_process *processes = aa_array_grow(trail->processes, trail->process_count,
							   &trail->process_capacity, sizeof(*processes));

	if (!processes || trail->process_count >= AA_TRAIL_NONE - 1)
		return out_of_memory(trail);
	trail->processes = processes;
	*ret_process = (uint32_t)trail->process_count;
	processes[trail->process_count++] = (struct aa_trail_process){ .id = id, .comm = trail->bytes.size };
	aa_text_add(&trail->bytes, comm, strlen(comm) + 1);
	if (trail->bytes.failed || aa_map_set(&trail->process_ids, (uint64_t)id, 0, *ret_process) < 0)
		return out_of_memory(trail);
	return 0;
}

static int read_processes(struct aa_trail *trail)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r;

	if (!aa_session_has_table(trail->query->db, trail->session->id, AA_TABLE_PROCESS))
		return 0;
	r = aa_statement_open_session(trail->query, &statement, trail->session->id,
				      "SELECT id, pid, comm FROM s0_process");
	while (r == 0 && (r = aa_statement_step(trail->query, statement)) > 0) {
		uint32_t process = 0;

		r = add_process(trail, sqlite3_column_int64(statement, 0), aa_statement_text(statement, 2),
				&process);
		if (r == 0 && sqlite3_column_type(statement, 1) != SQLITE_NULL) {
			trail->processes[process].has_pid = true;
			trail->processes[process].pid = sqlite3_column_int64(statement, 1);
		}
	}
	return r;
}

int aa_trail_open(struct aa_trail *trail, struct aa_query *query, const struct aa_session *session,
		  bool from_start)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer sql = { 0 };
	const struct aa_filter *filter = &query->settings.filter;
	struct aa_window window = aa_session_window(query, session);
	int r;

	*trail = (struct aa_trail){ .query = query, .session = session };
	r = aa_query_begin(query);
	if (r < 0)
		return r;
	r = read_processes(trail);
	if (r < 0)
		return r;
	aa_text_add_string(&sql, rows_sql);
	/* Only where it excludes something: or else SQLite would go by the index of time and sort. */
	aa_text_add_string(&sql, " WHERE 1");
	if (filter->until.base != AA_MOMENT_NONE)
		aa_text_add_string(&sql, " AND time_ns <= :until");
	if (filter->since.base != AA_MOMENT_NONE && !from_start)
		aa_text_add_string(&sql, " AND time_ns >= :since");
	aa_text_add_string(&sql, " ORDER BY id");
	if (sql.failed)
		return out_of_memory(trail);
	r = aa_statement_open_session(query, &trail->rows, session->id, sql.data);
	if (r == 0)
		r = aa_statement_open_session(query, &trail->string, session->id,
					      "SELECT text FROM s0_string WHERE id = :id");
	if (r == 0)
		(void)aa_filter_bind(trail->rows, filter, &window);
	return r;
}

void aa_trail_end(struct aa_trail *trail)
{
	aa_statement_closep(&trail->rows);
	aa_statement_closep(&trail->string);
	aa_query_end(trail->query);
}

void aa_trail_close(struct aa_trail *trail)
{
	if (!trail->query)
		return;
	aa_trail_end(trail);
	free(trail->paths);
	free(trail->processes);
	free(trail->table);
	aa_map_release(&trail->path_ids);
	aa_map_release(&trail->process_ids);
	aa_text_release(&trail->bytes);
	*trail = (struct aa_trail){ 0 };
}

const char *aa_trail_path(const struct aa_trail *trail, uint32_t path)
{
	return path == AA_TRAIL_NONE ? NULL : trail->bytes.data + trail->paths[path].text;
}

const char *aa_trail_comm(const struct aa_trail *trail, uint32_t process)
{
	return trail->bytes.data + trail->processes[process].comm;
}

static int grow_table(struct aa_trail *trail)
{
	size_t capacity = trail->table_capacity > 0 ? trail->table_capacity * 2 : 256;
	uint32_t *table = calloc(capacity, sizeof(*table));

	if (!table)
		return out_of_memory(trail);
	for (uint32_t i = 0; i < trail->path_count; i++) {
		size_t at = (size_t)trail->paths[i].hash & (capacity - 1);

		while (table[at] != 0)
			at = (at + 1) & (capacity - 1);
		table[at] = i + 1;
	}
	free(trail->table);
	trail->table = table;
	trail->table_capacity = capacity;
	return 0;
}

/* A text may be there under two ids. */
static int intern(struct aa_trail *trail, const char *text, uint32_t *ret_path)
{
	size_t size = strlen(text);
	uint64_t hash = aa_map_hash_bytes(0, text, size);
	struct aa_trail_path *paths;
	size_t at;

	if (trail->path_count >= trail->table_capacity / 2 && grow_table(trail) < 0)
		return -ENOMEM;
	at = (size_t)hash & (trail->table_capacity - 1);
	for (; trail->table[at] != 0; at = (at + 1) & (trail->table_capacity - 1)) {
		*ret_path = trail->table[at] - 1;
		if (trail->paths[*ret_path].hash == hash &&
		    strcmp(aa_trail_path(trail, *ret_path), text) == 0)
			return 0;
	}
	paths = aa_array_grow(trail->paths, trail->path_count, &trail->path_capacity, sizeof(*paths));
	if (!paths || trail->path_count >= AA_TRAIL_NONE - 1)
		return out_of_memory(trail);
	trail->paths = paths;
	paths[trail->path_count] = (struct aa_trail_path){ .text = trail->bytes.size, .hash = hash };
	aa_text_add(&trail->bytes, text, size + 1);
	if (trail->bytes.failed)
		return out_of_memory(trail);
	*ret_path = (uint32_t)trail->path_count;
	trail->table[at] = (uint32_t)++trail->path_count;
	return 0;
}

static int find_path(struct aa_trail *trail, int column, uint32_t *ret_path)
{
	int64_t id = sqlite3_column_int64(trail->rows, column);
	int r;

	*ret_path = AA_TRAIL_NONE;
	if (sqlite3_column_type(trail->rows, column) == SQLITE_NULL)
		return 0;
	*ret_path = aa_map_find(&trail->path_ids, (uint64_t)id, 0);
	if (*ret_path != AA_MAP_NONE)
		return 0;
	(void)sqlite3_reset(trail->string);
	aa_statement_bind_integer(trail->string, ":id", id);
	r = aa_statement_step(trail->query, trail->string);
	if (r <= 0)
		return r;
	r = intern(trail, aa_statement_text(trail->string, 0), ret_path);
	if (r == 0 && aa_map_set(&trail->path_ids, (uint64_t)id, 0, *ret_path) < 0)
		r = out_of_memory(trail);
	return r;
}

static int find_process(struct aa_trail *trail, uint32_t *ret_process)
{
	int64_t id = sqlite3_column_int64(trail->rows, PROCESS);

	*ret_process = aa_map_find(&trail->process_ids, (uint64_t)id, 0);
	return *ret_process == AA_MAP_NONE ? add_process(trail, id, "", ret_process) : 0;
}

static enum aa_trail_kind find_kind(const char *text)
{
	for (int i = 0; i < AA_TRAIL_OTHER; i++)
		if (strcmp(aa_trail_kinds[i], text) == 0)
			return (enum aa_trail_kind)i;
	return AA_TRAIL_OTHER;
}

/* "created" in "created,uring"; a mark that ends in '-' stands for all that begin so. */
static bool has_mark(const char *marks, const char *mark)
{
	size_t size = strlen(mark);

	for (;;) {
		size_t length = strcspn(marks, ",");

		if (strncmp(marks, mark, size) == 0 && (length == size || mark[size - 1] == '-'))
			return true;
		if (marks[length] == '\0')
			return false;
		marks += length + 1;
	}
}

/* A path that is cut off, or of a file without a name, leads to no file. */
static bool leads_there(const char *path, const char *marks, const char *prefix, const char *harmless)
{
	if (!path || path[0] != '/')
		return false;
	for (;;) {
		size_t length = strcspn(marks, ",");

		if (strncmp(marks, prefix, strlen(prefix)) == 0 &&
		    (length != strlen(harmless) || strncmp(marks, harmless, length) != 0))
			return false;
		if (marks[length] == '\0')
			return true;
		marks += length + 1;
	}
}

static struct aa_names_node read_node(sqlite3_stmt *rows, int device, int inode, int generation)
{
	return (struct aa_names_node){
		.known = sqlite3_column_type(rows, inode) == SQLITE_INTEGER,
		.has_generation = generation >= 0 && sqlite3_column_type(rows, generation) == SQLITE_INTEGER,
		.device = (uint64_t)sqlite3_column_int64(rows, device),
		.inode = (uint64_t)sqlite3_column_int64(rows, inode),
		.generation = generation >= 0 ? sqlite3_column_int64(rows, generation) : 0,
	};
}

/* Its first letter; but a fifo is a pipe, 'p', as in ls(1). */
static char read_type(const char *type)
{
	return strcmp(type, "fifo") == 0 ? 'p' : *type;
}

int aa_trail_next(struct aa_trail *trail, struct aa_trail_row *ret_row)
{
	sqlite3_stmt *rows = trail->rows;
	int r = aa_statement_step(trail->query, rows);
	const char *marks;
	bool by_parent;

	if (r <= 0)
		return r;
	marks = aa_statement_text(rows, MARKS);
	*ret_row = (struct aa_trail_row){
		.id = sqlite3_column_int64(rows, ID),
		.time_ns = sqlite3_column_int64(rows, TIME),
		.kind = find_kind(aa_statement_text(rows, KIND)),
		.error = sqlite3_column_int64(rows, ERROR),
		.type = read_type(aa_statement_text(rows, TYPE)),
		.by_descriptor = sqlite3_column_type(rows, OPEN_ID) != SQLITE_NULL,
		.has_size = sqlite3_column_type(rows, SIZE) == SQLITE_INTEGER,
		.flags = sqlite3_column_int64(rows, FLAGS),
		.size_bytes = sqlite3_column_int64(rows, SIZE),
		.read_bytes = sqlite3_column_int64(rows, READ),
		.write_bytes = sqlite3_column_int64(rows, WRITTEN),
		.node = read_node(rows, DEVICE, INODE, GENERATION),
		.node2 = read_node(rows, DEVICE2, INODE2, -1),
	};
	/* Of a mount it is the file system's. */
	if (ret_row->kind == AA_TRAIL_MOUNT)
		ret_row->type = 0;
	/* By name, the portable tier knows only what was asked for. */
	if (!ret_row->has_size && ret_row->kind == AA_TRAIL_TRUNCATE && ret_row->error == 0 &&
	    sqlite3_column_type(rows, LENGTH) == SQLITE_INTEGER) {
		ret_row->has_size = true;
		ret_row->size_bytes = sqlite3_column_int64(rows, LENGTH);
	}
	/* In the kernel who knows what moves knows also what it replaces. */
	ret_row->is_free = (ret_row->flags & RENAME_IF_FREE) ||
			   (ret_row->node.known && strcmp(aa_statement_text(rows, SOURCE), "kernel") == 0);
	ret_row->created = *marks && has_mark(marks, "created");
	ret_row->uncounted = *marks && has_mark(marks, "no-sums");
	ret_row->exchange = ret_row->kind == AA_TRAIL_RENAME &&
			    ((ret_row->flags & RENAME_EXCHANGES) || has_mark(marks, "exchange"));
	r = find_process(trail, &ret_row->process);
	if (r == 0)
		r = find_path(trail, PATH, &ret_row->path);
	if (r == 0)
		r = find_path(trail, PATH2, &ret_row->path2);
	if (r < 0)
		return r;
	/* In a directory that is no more nothing is found: a name was removed there by way of its "..". */
	by_parent = ret_row->error == 0 &&
		    (ret_row->kind == AA_TRAIL_UNLINK || ret_row->kind == AA_TRAIL_RMDIR) &&
		    strcmp(aa_statement_text(rows, SOURCE), "user") == 0;
	ret_row->is_place = leads_there(aa_trail_path(trail, ret_row->path), marks, "path-",
					by_parent ? "path-unlinked" : "path-outside-root");
	ret_row->is_place2 =
		leads_there(aa_trail_path(trail, ret_row->path2), marks, "path2-", "path2-outside-root");
	return 1;
}

bool aa_trail_path_matches(const struct aa_trail *trail, uint32_t path)
{
	const char *glob = trail->query->settings.filter.path;

	return !glob || (path != AA_TRAIL_NONE && sqlite3_strglob(glob, aa_trail_path(trail, path)) == 0);
}

bool aa_trail_matches(const struct aa_trail *trail, const struct aa_trail_row *row,
		      const struct aa_window *window)
{
	const struct aa_filter *filter = &trail->query->settings.filter;
	const struct aa_trail_process *process = &trail->processes[row->process];

	if (row->time_ns < window->since_ns || row->time_ns > window->until_ns)
		return false;
	if (filter->pid.set && (!process->has_pid || process->pid != filter->pid.value))
		return false;
	return !filter->comm || strcmp(filter->comm, aa_trail_comm(trail, row->process)) == 0;
}

static enum aa_names_what what_of(const struct aa_trail_row *row)
{
	bool sums = row->kind == AA_TRAIL_CLOSE || row->kind == AA_TRAIL_IO;

	/* The error of sums is that of a read or write. */
	if (row->error != 0 && !sums)
		return row->kind == AA_TRAIL_OPEN && row->error == ENOENT ? AA_NAMES_MISSED : AA_NAMES_FAILED;
	switch (row->kind) {
	case AA_TRAIL_OPEN:
		return row->created ? AA_NAMES_CREATE : AA_NAMES_USE;
	case AA_TRAIL_MKDIR:
	case AA_TRAIL_MKNOD:
	case AA_TRAIL_SYMLINK:
		return AA_NAMES_CREATE;
	case AA_TRAIL_UNLINK:
	case AA_TRAIL_RMDIR:
		return AA_NAMES_REMOVE;
	case AA_TRAIL_RENAME:
		return row->exchange ? AA_NAMES_EXCHANGE : AA_NAMES_RENAME;
	case AA_TRAIL_LINK:
		return AA_NAMES_LINK;
	default:
		return AA_NAMES_USE;
	}
}

/* The type that the kind implies, where the row has none. */
static char type_of(const struct aa_trail_row *row)
{
	if (row->type != 0 || row->error != 0)
		return row->type;
	switch (row->kind) {
	case AA_TRAIL_MKDIR:
	case AA_TRAIL_RMDIR:
	case AA_TRAIL_CHDIR:
	case AA_TRAIL_CHROOT:
	case AA_TRAIL_PIVOT_ROOT:
		return 'd';
	case AA_TRAIL_SYMLINK:
		return 'l';
	default:
		return 0;
	}
}

static struct aa_names_place *place_of(struct aa_trail *trail, uint32_t path, bool is_place)
{
	if (!is_place)
		return NULL;
	trail->paths[path].place.path = aa_trail_path(trail, path);
	return &trail->paths[path].place;
}

int aa_trail_apply(struct aa_trail *trail, struct aa_names *names, const struct aa_trail_row *row,
		   struct aa_names_result *ret_result)
{
	/* The path of an open file's row may be that of its open. */
	bool old_path = row->by_descriptor && row->kind != AA_TRAIL_OPEN && row->node.known;
	struct aa_names_act act = {
		.what = what_of(row),
		.place = place_of(trail, row->path, row->is_place && !old_path),
		.place2 = place_of(trail, row->path2, row->is_place2),
		.node = row->node,
		.node2 = row->node2,
		.is_free = row->is_free,
		.type = type_of(row),
	};
	int r;

	if (row->kind == AA_TRAIL_COPY || row->kind == AA_TRAIL_PIVOT_ROOT)
		act.place2 = NULL;
	r = aa_names_apply(names, &act, ret_result);
	if (r == 0 && row->kind == AA_TRAIL_COPY) {
		struct aa_names_result second;

		act.node = row->node2;
		act.place = place_of(trail, row->path2, row->is_place2 && !row->node2.known);
		r = aa_names_apply(names, &act, &second);
		ret_result->file2 = second.file;
		ret_result->slot2 = second.slot;
	}
	return r < 0 ? out_of_memory(trail) : 0;
}

bool aa_trail_may_write(const struct aa_trail_row *row)
{
	return row->kind == AA_TRAIL_OPEN && row->error == 0 && row->uncounted &&
	       (row->flags & OPEN_ACCESS) != 0;
}

bool aa_trail_writes(const struct aa_trail_row *row)
{
	switch (row->kind) {
	case AA_TRAIL_CLOSE:
	case AA_TRAIL_IO:
		return row->write_bytes > 0;
	case AA_TRAIL_OPEN:
		/* O_TRUNC empties regular files only; of others it is no change, as of /dev/null. */
		return row->error == 0 && row->type != 'd' &&
		       (row->created ||
			((row->flags & OPEN_TRUNCATES) && (row->type == 'f' || row->type == 0)));
	case AA_TRAIL_TRUNCATE:
	case AA_TRAIL_FALLOCATE:
	case AA_TRAIL_MMAP:
		return row->error == 0;
	default:
		return false;
	}
}

bool aa_trail_has_files(struct aa_query *query, const struct aa_sessions *sessions)
{
	for (size_t i = 0; i < sessions->count; i++)
		if (aa_session_has_table(query->db, sessions->items[i].id, AA_TABLE_FILE))
			return true;
	(void)aa_error_set(
		&query->error, -ENOENT,
		"no files were recorded in %s (--files none, all left out, or recorded by an older version)",
		sessions->all ? "these sessions" : "this session");
	return false;
}
