/* SPDX-License-Identifier: Apache-2.0 */
/* Sums per path; see files.h. */
#include "files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "replay/array.h"
#include "statement.h"

static int out_of_memory(struct aa_files *files)
{
	(void)aa_error_set(&files->trail.query->error, -ENOMEM, "out of memory");
	return -ENOMEM;
}

static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* number: of the sum, or from the other end of the failure. */
static int count_process(struct aa_files *files, uint64_t number, uint32_t process, struct aa_files_by *by)
{
	for (uint32_t i = 0; i < by->count && i < AA_FILES_NAMED; i++)
		if (by->process[i] == process)
			return 0;
	if (by->count < AA_FILES_NAMED) {
		by->process[by->count++] = process;
		return 0;
	}
	/* Few paths are of more processes than are named: only these need room. */
	if (aa_map_find(&files->processes, number, process) != AA_MAP_NONE)
		return 0;
	if (aa_map_set(&files->processes, number, process, 0) < 0)
		return out_of_memory(files);
	by->count++;
	return 0;
}

static int find_sum(struct aa_files *files, const struct aa_trail_row *row, uint32_t path,
		    struct aa_files_sum **ret_sum)
{
	uint32_t at = aa_map_find(&files->by_path, path, 0);
	struct aa_files_sum *sum;

	if (at == AA_MAP_NONE) {
		struct aa_files_sum *sums =
			aa_array_grow(files->sums, files->sum_count, &files->sum_capacity, sizeof(*sums));

		at = (uint32_t)files->sum_count;
		if (!sums || aa_map_set(&files->by_path, path, 0, at) < 0)
			return out_of_memory(files);
		files->sums = sums;
		sums[files->sum_count++] = (struct aa_files_sum){
			.path = path,
			.from_path = AA_TRAIL_NONE,
			.to_path = AA_TRAIL_NONE,
			.first_ns = row->time_ns,
			.last_ns = row->time_ns,
		};
	}
	sum = &files->sums[at];
	if (row->time_ns < sum->first_ns)
		sum->first_ns = row->time_ns;
	if (row->time_ns > sum->last_ns)
		sum->last_ns = row->time_ns;
	*ret_sum = sum;
	return count_process(files, at, row->process, &sum->by);
}

static int add_failure(struct aa_files *files, const struct aa_trail_row *row)
{
	uint32_t at = aa_map_find(&files->by_failure, row->path, (uint64_t)row->error);
	struct aa_files_failure *failure;

	if (at == AA_MAP_NONE) {
		struct aa_files_failure *failures = aa_array_grow(
			files->failures, files->failure_count, &files->failure_capacity, sizeof(*failures));

		at = (uint32_t)files->failure_count;
		if (!failures || aa_map_set(&files->by_failure, row->path, (uint64_t)row->error, at) < 0)
			return out_of_memory(files);
		files->failures = failures;
		failures[files->failure_count++] = (struct aa_files_failure){
			.path = row->path,
			.error = row->error,
			.first_ns = row->time_ns,
			.last_ns = row->time_ns,
		};
	}
	failure = &files->failures[at];
	failure->kinds |= UINT32_C(1) << row->kind;
	failure->count++;
	if (row->time_ns < failure->first_ns)
		failure->first_ns = row->time_ns;
	if (row->time_ns > failure->last_ns)
		failure->last_ns = row->time_ns;
	return count_process(files, UINT64_MAX - at, row->process, &failure->by);
}

/* What a row says happened to its path. */
static unsigned what_of(const struct aa_trail_row *row)
{
	switch (row->kind) {
	case AA_TRAIL_OPEN:
		return (row->created	       ? AA_FILES_CREATED
			: aa_trail_writes(row) ? AA_FILES_TRUNCATED
					       : 0) |
		       (aa_trail_may_write(row) ? AA_FILES_MAY_WRITE : 0);
	case AA_TRAIL_CLOSE:
	case AA_TRAIL_IO:
		return row->write_bytes > 0 ? AA_FILES_WRITTEN : 0;
	case AA_TRAIL_UNLINK:
	case AA_TRAIL_RMDIR:
		return AA_FILES_DELETED;
	case AA_TRAIL_RENAME:
		return AA_FILES_RENAMED | (row->exchange ? AA_FILES_ARRIVED : 0);
	case AA_TRAIL_MKDIR:
	case AA_TRAIL_SYMLINK:
	case AA_TRAIL_MKNOD:
		return AA_FILES_CREATED;
	case AA_TRAIL_TRUNCATE:
		return AA_FILES_TRUNCATED;
	case AA_TRAIL_FALLOCATE:
		return AA_FILES_WRITTEN;
	case AA_TRAIL_CHMOD:
		return AA_FILES_MODE;
	case AA_TRAIL_CHOWN:
		return AA_FILES_OWNER;
	case AA_TRAIL_UTIMES:
		return AA_FILES_TIMES;
	case AA_TRAIL_SETXATTR:
	case AA_TRAIL_REMOVEXATTR:
		return AA_FILES_XATTR;
	case AA_TRAIL_MMAP:
		return AA_FILES_MAPPED;
	case AA_TRAIL_COPY:
		return AA_FILES_COPIED;
	case AA_TRAIL_CHDIR:
	case AA_TRAIL_CHROOT:
		return AA_FILES_ENTERED;
	case AA_TRAIL_MOUNT:
	case AA_TRAIL_UMOUNT:
	case AA_TRAIL_PIVOT_ROOT:
		return AA_FILES_MOUNTED;
	default:
		return 0;
	}
}

static unsigned what_of_second(const struct aa_trail_row *row)
{
	switch (row->kind) {
	case AA_TRAIL_RENAME:
		return AA_FILES_ARRIVED | (row->exchange      ? AA_FILES_RENAMED
					   : row->node2.known ? AA_FILES_REPLACED
							      : 0);
	case AA_TRAIL_LINK:
		return AA_FILES_CREATED | AA_FILES_LINKED;
	case AA_TRAIL_COPY:
		return AA_FILES_COPIED;
	case AA_TRAIL_PIVOT_ROOT:
		return AA_FILES_MOUNTED;
	default:
		return 0;
	}
}

/* Of mounts too, nearly always: a file can be mounted on a file. */
static bool is_of_directory(const struct aa_trail_row *row)
{
	if (row->kind == AA_TRAIL_MOUNT || row->kind == AA_TRAIL_UMOUNT)
		return true;
	return row->error == 0 && (row->kind == AA_TRAIL_MKDIR || row->kind == AA_TRAIL_RMDIR);
}

static int add_first(struct aa_files *files, const struct aa_trail_row *row)
{
	bool sums = row->kind == AA_TRAIL_CLOSE || row->kind == AA_TRAIL_IO;
	struct aa_files_sum *sum;
	int r = find_sum(files, row, row->path, &sum);

	if (r < 0)
		return r;
	if (row->type != 0)
		sum->type = row->type;
	else if (sum->type == 0 && is_of_directory(row))
		sum->type = 'd';
	if (row->error != 0) {
		sum->failed++;
		sum->error = row->error;
		sum->what |=
			row->error == ENOENT || row->error == ENOTDIR ? AA_FILES_MISSED : AA_FILES_FAILED;
		r = add_failure(files, row);
		if (!sums || r < 0)
			return r;
	}
	sum->what |= what_of(row) | (row->uncounted ? AA_FILES_UNCOUNTED : 0);
	sum->opens += row->kind == AA_TRAIL_OPEN;
	sum->read_bytes = add(sum->read_bytes, row->read_bytes);
	sum->write_bytes = add(sum->write_bytes, row->write_bytes);
	if (row->kind == AA_TRAIL_RENAME) {
		sum->to_path = row->path2;
		if (row->exchange)
			sum->from_path = row->path2;
	}
	return 0;
}

static int add_second(struct aa_files *files, const struct aa_trail_row *row)
{
	struct aa_files_sum *sum;
	int r = find_sum(files, row, row->path2, &sum);

	if (r < 0)
		return r;
	sum->what |= what_of_second(row);
	if (row->kind == AA_TRAIL_RENAME || row->kind == AA_TRAIL_LINK) {
		sum->from_path = row->path;
		if (row->exchange)
			sum->to_path = row->path;
		else if (row->type != 0)
			sum->type = row->type;
	}
	return 0;
}

int aa_files_load(struct aa_files *files, struct aa_query *query, const struct aa_session *session)
{
	struct aa_window window = aa_session_window(query, session);
	struct aa_trail_row row;
	int r;

	*files = (struct aa_files){ 0 };
	r = aa_trail_open(&files->trail, query, session, false);
	while (r == 0 && (r = aa_trail_next(&files->trail, &row)) > 0) {
		r = 0;
		if (!aa_trail_matches(&files->trail, &row, &window))
			continue;
		if (row.path != AA_TRAIL_NONE && aa_trail_path_matches(&files->trail, row.path))
			r = add_first(files, &row);
		if (r == 0 && row.error == 0 && row.path2 != AA_TRAIL_NONE &&
		    aa_trail_path_matches(&files->trail, row.path2))
			r = add_second(files, &row);
	}
	if (files->trail.query)
		aa_trail_end(&files->trail);
	return r;
}

void aa_files_release(struct aa_files *files)
{
	aa_trail_close(&files->trail);
	free(files->sums);
	free(files->failures);
	aa_map_release(&files->by_path);
	aa_map_release(&files->by_failure);
	aa_map_release(&files->processes);
	*files = (struct aa_files){ 0 };
}

void aa_files_add_by(struct aa_text_buffer *out, const struct aa_trail *trail, const struct aa_files_by *by)
{
	for (uint32_t i = 0; i < by->count && i < AA_FILES_NAMED; i++) {
		const struct aa_trail_process *process = &trail->processes[by->process[i]];

		aa_text_add_string(out, i > 0 ? ", " : "");
		if (process->has_pid)
			aa_text_printf(out, "%" PRId64 " ", process->pid);
		aa_text_add_string(out, process->has_pid ? aa_trail_comm(trail, by->process[i]) : "?");
	}
	if (by->count > AA_FILES_NAMED)
		aa_text_printf(out, " and %" PRIu32 " more", by->count - AA_FILES_NAMED);
}

const char *aa_files_type(char type)
{
	switch (type) {
	case 'f':
		return "file";
	case 'd':
		return "dir";
	case 'l':
		return "link";
	case 's':
		return "socket";
	case 'c':
		return "char";
	case 'b':
		return "block";
	case 'o':
		return "other";
	case 'p':
		return "fifo";
	default:
		return NULL;
	}
}

const char *aa_files_error(struct aa_query *query, int64_t error)
{
	static char name[32];
	aa_cleanup_statement sqlite3_stmt *statement = NULL;

	if (aa_statement_open(query, &statement, "SELECT name FROM errno_name WHERE error = :error") < 0)
		return NULL;
	aa_statement_bind_integer(statement, ":error", error);
	if (aa_statement_step(query, statement) <= 0)
		return NULL;
	(void)strncpy(name, aa_statement_text(statement, 0), sizeof(name) - 1);
	return name;
}
