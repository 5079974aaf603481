/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: how they begin and end, and who inherits their children. */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "store_private.h"

/* CLONE_* that the C library's fork, vfork and (CLEAR_SIGHAND, glibc 2.39) posix_spawn add for their own ends. */
#define LIBRARY_FLAGS \
	((uint64_t)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID) | CLONE_CLEAR_SIGHAND)

static const char *call_name(const struct aa_fork *fork)
{
	uint64_t flags = fork->clone_flags & ~LIBRARY_FLAGS;

	if (flags == 0 && fork->exit_signal == SIGCHLD)
		return "fork";
	if (flags == (CLONE_VM | CLONE_VFORK) && fork->exit_signal == SIGCHLD)
		return "vfork";
	return "clone";
}

/* The row of a process that exists in the database but no longer in memory: 0 if there is none. */
static int find_row(struct aa_session *session, uint32_t tgid, uint64_t start_ns, int64_t *ret_id,
		    struct aa_error *error)
{
	struct aa_row row;
	int result;

	*ret_id = 0;
	aa_row_begin(&row, session, AA_STATEMENT_PROCESS_FIND, AA_TABLE_PROCESS,
		     "SELECT id FROM s0_process WHERE pid = ? AND start_boot_ns = ?", error);
	aa_row_int(&row, tgid);
	aa_row_uint(&row, start_ns);
	if (row.code < 0)
		return row.code;
	result = sqlite3_step(row.statement);
	if (result == SQLITE_ROW)
		*ret_id = sqlite3_column_int64(row.statement, 0);
	else if (result != SQLITE_DONE)
		row.code = aa_db_error(session->store->db, error, "read the database");
	(void)sqlite3_reset(row.statement);
	return row.code;
}

static int imply(struct aa_session *session, uint32_t tgid, uint64_t start_ns, int64_t *ret_id,
		 struct aa_error *error)
{
	struct aa_row row;

	aa_row_begin(
		&row, session, AA_STATEMENT_PROCESS_IMPLIED, AA_TABLE_PROCESS,
		"INSERT INTO s0_process (pid, start_boot_ns, time_ns, source) VALUES (?, ?, ?, 'implied')",
		error);
	aa_row_int(&row, tgid);
	aa_row_uint(&row, start_ns);
	aa_row_int(&row, aa_session_time(session, start_ns));
	return aa_row_step(&row, ret_id);
}

int aa_session_process(struct aa_session *session, uint32_t tgid, uint64_t start_ns, uint32_t *ret_process,
		       struct aa_error *error)
{
	struct aa_process_table *table = &session->processes;
	uint32_t process = aa_process_find(table, tgid, start_ns);
	int64_t id = 0;
	bool implied = false;
	int r = 0;

	if (process == AA_PROCESS_NONE) {
		if (table->forgot)
			r = find_row(session, tgid, start_ns, &id, error);
		if (r == 0 && id == 0) {
			r = imply(session, tgid, start_ns, &id, error);
			implied = true;
		}
		if (r < 0)
			return r;
		process = aa_process_add(table, tgid, start_ns, id, implied);
		if (process == AA_PROCESS_NONE)
			return aa_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_process = process;
	return 0;
}

int aa_session_set_comm(struct aa_session *session, uint32_t process, const char comm[AA_COMM_SIZE],
			struct aa_error *error)
{
	struct aa_text_buffer *text = aa_store_scratch(session->store, AA_SCRATCH_SHORT);
	struct aa_row row;

	(void)aa_text_escape(text, comm, aa_comm_length(comm));
	aa_row_begin(&row, session, AA_STATEMENT_PROCESS_COMM, AA_TABLE_PROCESS,
		     "UPDATE s0_process SET comm = ? WHERE id = ?", error);
	aa_row_buffer(&row, text);
	aa_row_int(&row, session->processes.entries[process].row_id);
	return aa_row_step(&row, NULL);
}

static const char *source_of(const struct aa_fork *fork)
{
	if (fork->header.flags & AA_FLAG_ROOT)
		return "root";
	return fork->header.flags & AA_FLAG_SNAPSHOT ? "snapshot" : "fork";
}

/*
 * Who is behind a fork. The creator of a seen fork is in the session, and so is the parent of what a snapshot found;
 * of a root nobody needs to be, and with CLONE_PARENT the parent may be outside.
 */
static int find_relatives(struct aa_session *session, const struct aa_fork *fork, uint32_t *ret_parent,
			  uint32_t *ret_creator, struct aa_error *error)
{
	bool seen = !(fork->header.flags & (AA_FLAG_ROOT | AA_FLAG_SNAPSHOT));
	int r = 0;

	*ret_creator = aa_process_find(&session->processes, fork->creator_tgid, fork->creator_start_ns);
	if (seen && *ret_creator == AA_PROCESS_NONE && fork->creator_tgid)
		r = aa_session_process(session, fork->creator_tgid, fork->creator_start_ns, ret_creator,
				       error);
	if (r < 0)
		return r;
	*ret_parent = aa_process_find(&session->processes, fork->parent_tgid, fork->parent_start_ns);
	if (fork->header.flags & AA_FLAG_SNAPSHOT && *ret_parent == AA_PROCESS_NONE && fork->parent_tgid)
		r = aa_session_process(session, fork->parent_tgid, fork->parent_start_ns, ret_parent, error);
	return r;
}

static void add_relative(struct aa_row *row, uint32_t process, uint32_t tgid)
{
	aa_row_id(row, process == AA_PROCESS_NONE ? 0 : row->session->processes.entries[process].row_id);
	aa_row_id(row, tgid);
}

/* The parameters that inserting and completing a row have in common. */
static void add_facts(struct aa_row *row, const struct aa_fork *fork, uint32_t parent, uint32_t creator,
		      const struct aa_text_buffer *comm)
{
	bool seen = !(fork->header.flags & (AA_FLAG_ROOT | AA_FLAG_SNAPSHOT));

	aa_row_int(row, fork->ns_pid);
	aa_row_int(row, aa_session_time(row->session, fork->header.time_ns));
	aa_row_text(row, source_of(fork));
	add_relative(row, parent, fork->parent_tgid);
	add_relative(row, creator, fork->creator_tgid);
	aa_row_id(row, fork->creator_tid);
	aa_row_text(row, seen ? call_name(fork) : NULL);
	if (seen)
		aa_row_uint(row, fork->clone_flags);
	else
		aa_row_null(row);
	aa_row_buffer(row, comm);
	aa_row_int(row, fork->cred.uid);
	aa_row_int(row, fork->cred.euid);
	aa_row_int(row, fork->cred.gid);
	aa_row_int(row, fork->cred.egid);
	aa_row_uint(row, fork->cred.cap_effective);
	aa_row_int(row, fork->cred.user_ns);
	aa_row_int(row, fork->ns.pid);
	aa_row_int(row, fork->ns.mnt);
	aa_row_int(row, fork->ns.net);
	aa_row_int(row, fork->ns.uts);
	aa_row_uint(row, fork->cgroup_id);
	aa_row_int(row, fork->sid);
	aa_row_int(row, fork->pgid);
}

static int insert_process(struct aa_session *session, const struct aa_fork *fork, uint32_t parent,
			  uint32_t creator, const struct aa_text_buffer *comm, int64_t *ret_id,
			  struct aa_error *error)
{
	struct aa_row row;

	aa_row_begin(&row, session, AA_STATEMENT_PROCESS_NEW, AA_TABLE_PROCESS,
		     "INSERT INTO s0_process (pid, start_boot_ns, ns_pid, time_ns, source, parent_id, "
		     "parent_pid, creator_id,"
		     " creator_pid, creator_tid, call, clone_flags, comm, uid, euid, gid, egid, "
		     "cap_effective, user_ns, pid_ns,"
		     " mnt_ns, net_ns, uts_ns, cgroup_id, sid, pgid)"
		     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		     error);
	aa_row_int(&row, fork->header.tgid);
	aa_row_uint(&row, fork->header.start_ns);
	add_facts(&row, fork, parent, creator, comm);
	return aa_row_step(&row, ret_id);
}

/* The fork record of a process that others referred to before it came. Its name may have changed since. */
static int complete_process(struct aa_session *session, uint32_t process, const struct aa_fork *fork,
			    uint32_t parent, uint32_t creator, const struct aa_text_buffer *comm,
			    struct aa_error *error)
{
	struct aa_row row;

	aa_row_begin(
		&row, session, AA_STATEMENT_PROCESS_KNOWN, AA_TABLE_PROCESS,
		"UPDATE s0_process SET ns_pid = ?, time_ns = ?, source = ?, parent_id = ?, parent_pid = ?,"
		" creator_id = ?, creator_pid = ?, creator_tid = ?, call = ?, clone_flags = ?, comm = "
		"coalesce(comm, ?),"
		" uid = ?, euid = ?, gid = ?, egid = ?, cap_effective = ?, user_ns = ?, pid_ns = ?, mnt_ns = "
		"?,"
		" net_ns = ?, uts_ns = ?, cgroup_id = ?, sid = ?, pgid = ? WHERE id = ?",
		error);
	add_facts(&row, fork, parent, creator, comm);
	aa_row_int(&row, session->processes.entries[process].row_id);
	return aa_row_step(&row, NULL);
}

static int set_root(struct aa_session *session, uint32_t tgid, struct aa_error *error)
{
	struct aa_row row;

	if (session->now.has_root)
		return 0;
	session->now.has_root = true;
	aa_row_begin(&row, session, AA_STATEMENT_ROOT, AA_TABLE_PROCESS,
		     "UPDATE session SET root_pid = ? WHERE id = ?", error);
	aa_row_int(&row, tgid);
	aa_row_int(&row, session->id);
	return aa_row_step(&row, NULL);
}

static int report_duplicate(struct aa_session *session, const struct aa_fork *fork, int64_t process_id,
			    struct aa_error *error)
{
	const struct aa_gap_row gap = {
		.begin_ns = fork->header.time_ns,
		.end_ns = fork->header.time_ns,
		.count = 1,
		.kind = "fork",
		.reason = "malformed",
		.detail = "a second fork record of the same process",
		.process_id = process_id,
	};

	return aa_session_gap(session, &gap, error);
}

int aa_sink_fork(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		 struct aa_error *error)
{
	const struct aa_fork *fork = event->fork;
	struct aa_process_table *table = &session->processes;
	struct aa_text_buffer *comm = aa_store_scratch(session->store, AA_SCRATCH_TEXT);
	uint32_t process = aa_process_find(table, fork->header.tgid, fork->header.start_ns);
	uint32_t parent, creator;
	int64_t id;
	int r;

	(void)texts;
	if (process != AA_PROCESS_NONE && !table->entries[process].implied)
		return report_duplicate(session, fork, table->entries[process].row_id, error);
	r = find_relatives(session, fork, &parent, &creator, error);
	if (r < 0)
		return r;
	(void)aa_text_escape(comm, fork->comm, aa_comm_length(fork->comm));
	/* Looking for relatives may have implied the process itself, if a forged record says it is its own. */
	process = aa_process_find(table, fork->header.tgid, fork->header.start_ns);
	if (process == AA_PROCESS_NONE) {
		r = insert_process(session, fork, parent, creator, comm, &id, error);
		if (r < 0)
			return r;
		process = aa_process_add(table, fork->header.tgid, fork->header.start_ns, id, false);
		if (process == AA_PROCESS_NONE)
			return aa_error_set(error, -ENOMEM, "out of memory");
	} else {
		r = complete_process(session, process, fork, parent, creator, comm, error);
		if (r == 0)
			r = aa_process_set_known(table, process);
	}
	if (r == 0)
		r = aa_process_set_parent(table, process, parent);
	if (r == 0 && fork->header.flags & AA_FLAG_ROOT)
		r = set_root(session, fork->header.tgid, error);
	return r < 0 ? aa_error_set(error, r, "out of memory") : 0;
}

static int move_child(struct aa_session *session, const struct aa_exit *record, uint32_t process,
		      uint32_t child, struct aa_error *error)
{
	struct aa_process_table *table = &session->processes;
	uint32_t reaper = aa_process_find(table, record->reaper_tgid, record->reaper_start_ns);
	struct aa_row row;
	int r;

	if (reaper == child)
		reaper = AA_PROCESS_NONE;
	aa_row_begin(&row, session, AA_STATEMENT_REPARENT, AA_TABLE_REPARENT,
		     "INSERT INTO s0_reparent (process_id, time_ns, old_parent_id, old_parent_pid, "
		     "parent_id, parent_pid)"
		     " VALUES (?, ?, ?, ?, ?, ?)",
		     error);
	aa_row_int(&row, table->entries[child].row_id);
	aa_row_int(&row, aa_session_time(session, record->header.time_ns));
	aa_row_int(&row, table->entries[process].row_id);
	aa_row_int(&row, record->header.tgid);
	aa_row_id(&row, reaper == AA_PROCESS_NONE ? 0 : table->entries[reaper].row_id);
	aa_row_int(&row, record->reaper_tgid);
	r = aa_row_step(&row, NULL);
	if (r < 0)
		return r;
	r = aa_process_set_parent(table, child, reaper);
	return r < 0 ? aa_error_set(error, r, "out of memory") : 0;
}

static int end_process(struct aa_session *session, uint32_t process, const struct aa_exit *record,
		       struct aa_error *error)
{
	struct aa_row row;

	aa_row_begin(
		&row, session, AA_STATEMENT_EXIT, AA_TABLE_PROCESS,
		"UPDATE s0_process SET exit_time_ns = ?, exit_status = ?, exit_code = ?, exit_signal = ?,"
		" core_dumped = ?, user_time_ns = ?, system_time_ns = ?, run_time_ns = ?, max_rss_bytes = ? "
		"WHERE id = ?",
		error);
	aa_row_int(&row, aa_session_time(session, record->header.time_ns));
	aa_row_int(&row, record->status);
	if (WIFEXITED(record->status))
		aa_row_int(&row, WEXITSTATUS(record->status));
	else
		aa_row_null(&row);
	if (WIFSIGNALED(record->status))
		aa_row_int(&row, WTERMSIG(record->status));
	else
		aa_row_null(&row);
	aa_row_int(&row, WIFSIGNALED(record->status) && WCOREDUMP(record->status));
	aa_row_uint(&row, record->utime_ns);
	aa_row_uint(&row, record->stime_ns);
	aa_row_uint(&row, record->runtime_ns);
	aa_row_uint(&row, record->max_rss_bytes);
	aa_row_int(&row, session->processes.entries[process].row_id);
	return aa_row_step(&row, NULL);
}

int aa_sink_exit(struct aa_session *session, const struct aa_event *event, uint32_t texts,
		 struct aa_error *error)
{
	const struct aa_exit *record = event->exit;
	struct aa_process_table *table = &session->processes;
	uint32_t process = AA_PROCESS_NONE, child, next;
	int r;

	(void)texts;
	r = aa_session_process(session, record->header.tgid, record->header.start_ns, &process, error);
	if (r == 0)
		r = end_process(session, process, record, error);
	if (r < 0)
		return r;
	/* Without a reaper it had no children: those that stand here died, and their records come yet. */
	for (child = table->entries[process].first_child;
	     r == 0 && record->reaper_tgid && child != AA_PROCESS_NONE; child = next) {
		next = table->entries[child].next_sibling;
		r = move_child(session, record, process, child, error);
	}
	if (r < 0)
		return r;
	r = aa_process_set_exited(table, process);
	return r < 0 ? aa_error_set(error, r, "out of memory") : 0;
}
