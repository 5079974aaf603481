/* SPDX-License-Identifier: Apache-2.0 */
/* One process in full; see detail.h. The columns of each table stand beside the SELECT that fills them. */
#include "detail.h"

#include <errno.h>
#include <string.h>

#include "memory.h"
#include "render/show.h"
#include "statement.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A relative: an ancestor or a child. */
static const struct aa_column relative_columns[] = {
	{ .name = "id" },
	{ .name = "pid", .title = "PID" },
	{ .name = "time_ns", .title = "START", .show = AA_SHOW_ELAPSED },
	{ .name = "status", .title = "STATUS" },
	{ .name = "comm", .title = "COMM" },
	{ .name = "command", .title = "COMMAND" },
};

#define RELATIVE_COLUMNS \
	"p.id, p.pid, p.time_ns, " AA_SQL_STATUS ", p.comm, (SELECT e.command FROM s0_exec AS e" \
	" WHERE e.process_id = p.id AND e.error = 0 ORDER BY e.id DESC LIMIT 1)"
#define RELATIVE_JOIN " LEFT JOIN signal_name AS sn ON sn.signal = p.exit_signal"

/* UNION, not UNION ALL: a circle of parents ends. */
static const char ancestor_sql[] =
	"WITH RECURSIVE up (id) AS ("
	"SELECT parent_id FROM s0_process WHERE id = :id AND parent_id IS NOT NULL UNION"
	" SELECT o.parent_id FROM up JOIN s0_process AS o ON o.id = up.id WHERE o.parent_id IS NOT NULL)"
	" SELECT " RELATIVE_COLUMNS " FROM up CROSS JOIN s0_process AS p ON p.id = up.id" RELATIVE_JOIN;

static const char child_sql[] = "SELECT " RELATIVE_COLUMNS " FROM s0_process AS p" RELATIVE_JOIN
				" WHERE p.parent_id = :id ORDER BY p.time_ns, p.id";

static const struct aa_column exec_columns[] = {
	{ .name = "id" },
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "time", .show = AA_SHOW_ISO },
	{ .name = "source" },
	{ .name = "tid" },
	{ .name = "error" },
	{ .name = "result", .title = "RESULT" },
	{ .name = "argv", .args = true },
	{ .name = "argc" },
	{ .name = "args_bytes" },
	{ .name = "args_stored_bytes" },
	{ .name = "filename" },
	{ .name = "exe", .title = "EXE" },
	{ .name = "interpreter" },
	{ .name = "cwd", .title = "CWD" },
	{ .name = "root" },
	{ .name = "comm" },
	{ .name = "exe_type" },
	{ .name = "exe_device" },
	{ .name = "exe_inode" },
	{ .name = "exe_mode" },
	{ .name = "exe_bytes" },
	{ .name = "privileged", .title = "PRIVILEGED", .show = AA_SHOW_FLAG },
	{ .name = "uid", .title = "UID" },
	{ .name = "euid", .title = "EUID" },
	{ .name = "gid" },
	{ .name = "egid" },
	{ .name = "cap_effective" },
	{ .name = "cap_permitted" },
	{ .name = "user_ns" },
	{ .name = "pid_ns" },
	{ .name = "mnt_ns" },
	{ .name = "net_ns" },
	{ .name = "uts_ns" },
	{ .name = "ns_pid" },
	{ .name = "cgroup_id" },
	{ .name = "cgroup" },
	{ .name = "sid" },
	{ .name = "pgid" },
	{ .name = "tty", .title = "TTY" },
	{ .name = "marks", .title = "MARKS" },
	{ .name = "command" },
	{ .title = "COMMAND" },
};

static const char exec_sql[] =
	"SELECT e.id, e.time_ns, e.time_ns, e.source, e.tid, e.error,"
	" CASE e.error WHEN 0 THEN 'ok' ELSE coalesce(e.error_name, 'errno ' || e.error) END,"
	" " AA_SQL_ARGS ", e.argc, e.args_bytes, e.args_stored_bytes, e.filename, e.exe, e.interpreter,"
	" e.cwd, e.root, e.comm, e.exe_type, e.exe_device, e.exe_inode, e.exe_mode, e.exe_bytes,"
	" e.privileged, e.uid, e.euid, e.gid, e.egid, e.cap_effective, e.cap_permitted,"
	" e.user_ns, e.pid_ns, e.mnt_ns, e.net_ns, e.uts_ns, e.ns_pid, e.cgroup_id, e.cgroup,"
	" e.sid, e.pgid, e.tty, e.marks, e.command, coalesce(e.command, e.filename)"
	" FROM s0_exec_view AS e WHERE e.process_id = :id ORDER BY e.id";

static const struct aa_column env_columns[] = {
	{ .name = "exec_id", .title = "EXEC" },
	{ .name = "name", .title = "NAME" },
	{ .name = "value", .title = "VALUE" },
};

static const char env_sql[] =
	"SELECT v.exec_id, v.name, v.value FROM s0_exec AS e JOIN s0_env AS v ON v.exec_id = e.id"
	" WHERE e.process_id = :id ORDER BY v.id";

static const struct aa_column cred_columns[] = {
	{ .name = "id" },
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "tid", .title = "TID" },
	{ .name = "syscall" },
	{ .name = "old_uid" },
	{ .name = "uid" },
	{ .name = "old_euid" },
	{ .name = "euid" },
	{ .name = "old_gid" },
	{ .name = "gid" },
	{ .name = "old_egid" },
	{ .name = "egid" },
	{ .name = "old_cap_effective" },
	{ .name = "cap_effective" },
	{ .name = "detail", .title = "CHANGE" },
};

static const char cred_sql[] =
	"SELECT c.id, c.time_ns, c.tid, c.syscall, c.old_uid, c.uid, c.old_euid, c.euid, c.old_gid, c.gid,"
	" c.old_egid, c.egid, c.old_cap_effective, c.cap_effective,"
	" (SELECT t.detail FROM s0_timeline AS t WHERE t.row_table = 'cred' AND t.row_id = c.id)"
	" FROM s0_cred AS c WHERE c.process_id = :id ORDER BY c.id";

static const struct aa_column comm_columns[] = {
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "tid", .title = "TID" },
	{ .name = "old", .title = "OLD" },
	{ .name = "new", .title = "NEW" },
	{ .name = "by_pid", .title = "BY" },
};

static const char comm_sql[] = "SELECT c.time_ns, c.tid, c.old, c.new, c.by_pid FROM s0_comm AS c"
			       " WHERE c.process_id = :id ORDER BY c.id";

static const struct aa_column setsid_columns[] = {
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "sid", .title = "SID" },
	{ .name = "ns_sid", .title = "IN NAMESPACE" },
};

static const char setsid_sql[] =
	"SELECT s.time_ns, s.sid, s.ns_sid FROM s0_setsid AS s WHERE s.process_id = :id"
	" ORDER BY s.id";

static const struct aa_column reparent_columns[] = {
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "old_parent_id" },
	{ .name = "old_parent_pid", .title = "OLD PARENT" },
	{ .name = "parent_id" },
	{ .name = "parent_pid", .title = "PARENT" },
};

static const char reparent_sql[] =
	"SELECT r.time_ns, r.old_parent_id, r.old_parent_pid, r.parent_id, r.parent_pid"
	" FROM s0_reparent AS r WHERE r.process_id = :id ORDER BY r.id";

static const struct aa_column gap_columns[] = {
	{ .name = "time_ns", .title = "TIME", .show = AA_SHOW_ELAPSED },
	{ .name = "kind", .title = "KIND" },
	{ .name = "reason", .title = "REASON" },
	{ .name = "count", .title = "COUNT" },
	{ .name = "detail", .title = "DETAIL" },
};

static const char gap_sql[] = "SELECT g.time_ns, g.kind, g.reason, g.count, g.detail FROM s0_gap AS g"
			      " WHERE g.process_id = :id ORDER BY g.id";

#define LISTING(array) \
	{ \
		.columns = (array), .count = COUNT(array) \
	}

/* The nested tables, in the order of their columns in the record. */
static const struct section {
	struct aa_listing listing;
	enum aa_table table;
	const char *sql;
} sections[] = {
	{ LISTING(relative_columns), AA_TABLE_EXEC, ancestor_sql },
	{ LISTING(relative_columns), AA_TABLE_EXEC, child_sql },
	{ LISTING(exec_columns), AA_TABLE_EXEC, exec_sql },
	{ LISTING(env_columns), AA_TABLE_ENV, env_sql },
	{ LISTING(cred_columns), AA_TABLE_CRED, cred_sql },
	{ LISTING(comm_columns), AA_TABLE_COMM, comm_sql },
	{ LISTING(setsid_columns), AA_TABLE_SETSID, setsid_sql },
	{ LISTING(reparent_columns), AA_TABLE_REPARENT, reparent_sql },
	{ LISTING(gap_columns), AA_TABLE_GAP, gap_sql },
};

static const struct aa_column columns[] = {
	{ .name = "session_id", .title = "session" },
	{ .name = "id", .title = "process" },
	{ .name = "pid", .title = "pid" },
	{ .name = "ns_pid", .title = "pid in its namespace" },
	{ .name = "comm", .title = "comm" },
	{ .name = "exe" },
	{ .name = "argv", .args = true },
	{ .name = "command", .title = "command" },
	{ .name = "status", .title = "status" },
	{ .name = "source", .title = "source" },
	{ .name = "time_ns", .title = "start", .show = AA_SHOW_TIME },
	{ .name = "time", .show = AA_SHOW_ISO },
	{ .name = "start_boot_ns", .title = "start (boot clock, ns)" },
	{ .name = "exit_time_ns", .title = "end", .show = AA_SHOW_TIME },
	{ .name = "duration_ns", .title = "duration", .show = AA_SHOW_DURATION },
	{ .name = "exit_status" },
	{ .name = "exit_code" },
	{ .name = "exit_signal" },
	{ .name = "core_dumped" },
	{ .name = "parent_id" },
	{ .name = "parent_pid", .title = "parent" },
	{ .name = "creator_id" },
	{ .name = "creator_pid", .title = "created by" },
	{ .name = "creator_tid", .title = "in its thread" },
	{ .name = "call", .title = "call" },
	{ .name = "clone_flags", .title = "clone flags", .show = AA_SHOW_MASK },
	{ .name = "uid", .title = "uid" },
	{ .name = "euid", .title = "euid" },
	{ .name = "gid", .title = "gid" },
	{ .name = "egid", .title = "egid" },
	{ .name = "cap_effective", .title = "capabilities", .show = AA_SHOW_MASK },
	{ .name = "user_ns", .title = "user namespace" },
	{ .name = "pid_ns", .title = "pid namespace" },
	{ .name = "mnt_ns", .title = "mount namespace" },
	{ .name = "net_ns", .title = "network namespace" },
	{ .name = "uts_ns", .title = "uts namespace" },
	{ .name = "cgroup_id" },
	{ .name = "cgroup", .title = "cgroup" },
	{ .name = "sid", .title = "session leader" },
	{ .name = "pgid", .title = "process group" },
	{ .name = "user_time_ns", .title = "user time", .show = AA_SHOW_DURATION },
	{ .name = "system_time_ns", .title = "system time", .show = AA_SHOW_DURATION },
	{ .name = "run_time_ns", .title = "time on a processor", .show = AA_SHOW_DURATION },
	{ .name = "max_rss_bytes", .title = "peak memory", .show = AA_SHOW_SIZE },
	{ .name = "files_read" },
	{ .name = "files_written" },
	{ .name = "files_deleted" },
	{ .title = "files" },
	{ .name = "tls_connections" },
	{ .name = "tls_sent_bytes" },
	{ .name = "tls_received_bytes" },
	{ .title = "tls" },
	{ .name = "ancestors", .title = "ancestors, nearest first", .nested = true },
	{ .name = "children", .title = "children", .nested = true },
	{ .name = "execs", .title = "programs", .nested = true },
	{ .name = "env", .title = "environment", .nested = true },
	{ .name = "creds", .title = "credential changes", .nested = true },
	{ .name = "renames", .title = "renames", .nested = true },
	{ .name = "setsids", .title = "new sessions", .nested = true },
	{ .name = "reparents", .title = "new parents", .nested = true },
	{ .name = "gaps", .title = "gaps", .nested = true },
};

enum {
	STATUS = 8,
	SCALARS = COUNT(columns) - COUNT(sections),
};

/* How many paths it read, wrote and deleted; where the session has files. */
#define FILES_SQL \
	"SELECT count(DISTINCT CASE WHEN read_bytes > 0 THEN path_id END) AS r," \
	" count(DISTINCT CASE WHEN write_bytes > 0 THEN path_id END) AS w," \
	" count(DISTINCT CASE WHEN kind = 'unlink' AND error = 0 THEN path_id END) AS d" \
	" FROM s0_file WHERE process_id = :id"
#define NO_FILES_SQL "SELECT NULL AS r, NULL AS w, NULL AS d"

/* Its TLS connections; where the session has any. */
#define TLS_SQL \
	"SELECT count(*) AS n, total(sent_bytes) AS s, total(received_bytes) AS r, total(plaintext = 'no') " \
	"AS u" \
	" FROM s0_tls_connection WHERE process_id = :id"
#define NO_TLS_SQL "SELECT NULL AS n, NULL AS s, NULL AS r, NULL AS u"

#define PROCESS_SQL(files, tls) \
	"SELECT :session, p.id, p.pid, p.ns_pid, p.comm, x.text, " AA_SQL_ARGS ", e.command," \
	" " AA_SQL_STATUS \
	", p.source, p.time_ns, p.time_ns, p.start_boot_ns, p.exit_time_ns, p.exit_time_ns - p.time_ns," \
	" p.exit_status, p.exit_code, p.exit_signal, p.core_dumped, p.parent_id, p.parent_pid," \
	" p.creator_id, p.creator_pid, p.creator_tid, p.call, p.clone_flags," \
	" p.uid, p.euid, p.gid, p.egid, p.cap_effective, p.user_ns, p.pid_ns, p.mnt_ns, p.net_ns, p.uts_ns," \
	" p.cgroup_id, p.cgroup, p.sid, p.pgid, p.user_time_ns, p.system_time_ns, p.run_time_ns," \
	" p.max_rss_bytes, o.r, o.w, o.d, CASE WHEN o.r + o.w + o.d > 0 THEN" \
	" o.r || ' read, ' || o.w || ' written, ' || o.d || ' deleted: aa-query files --pid ' || p.pid END," \
	" k.n, CAST(k.s AS INTEGER), CAST(k.r AS INTEGER), CASE WHEN k.n > 0 THEN k.n || ' connection'" \
	" || CASE k.n WHEN 1 THEN '' ELSE 's' END || ', sent ' || CAST(k.s AS INTEGER) || ', received '" \
	" || CAST(k.r AS INTEGER) || ' bytes' || CASE WHEN k.u > 0 THEN ', without plaintext ' || CAST(k.u " \
	"AS INTEGER)" \
	" ELSE '' END || ': aa-query tls --pid ' || p.pid END" \
	" FROM s0_process_view AS p LEFT JOIN (" files ") AS o LEFT JOIN (" tls ") AS k" \
	" LEFT JOIN signal_name AS sn ON sn.signal = p.exit_signal" \
	" LEFT JOIN s0_exec AS e ON e.id =" \
	" (SELECT max(l.id) FROM s0_exec AS l WHERE l.process_id = p.id AND l.error = 0)" \
	" LEFT JOIN s0_string AS x ON x.id = e.exe_id" \
	" WHERE p.id = :id"

/* By whether there are files, and TLS connections. */
static const char *const process_sql[2][2] = {
	{ PROCESS_SQL(NO_FILES_SQL, NO_TLS_SQL), PROCESS_SQL(NO_FILES_SQL, TLS_SQL) },
	{ PROCESS_SQL(FILES_SQL, NO_TLS_SQL), PROCESS_SQL(FILES_SQL, TLS_SQL) },
};

static const struct aa_listing listing = {
	.columns = columns,
	.count = COUNT(columns),
	.layout = AA_LAYOUT_RECORD,
};

static const struct aa_listing scalar_listing = { .columns = columns, .count = SCALARS };

static int load(struct aa_query *query, const struct aa_session *session, int64_t process_id, const char *sql,
		const struct aa_listing *shape, struct aa_kept *kept)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r = aa_statement_open_session(query, &statement, session->id, sql);

	if (r < 0)
		return r;
	aa_statement_bind_integer(statement, ":id", process_id);
	aa_statement_bind_integer(statement, ":session", session->id);
	aa_statement_bind_text(statement, ":alive", aa_session_alive(session));
	return aa_kept_fill(kept, query, statement, shape);
}

static int load_all(struct aa_query *query, const struct aa_session *session, int64_t process_id,
		    struct aa_kept *scalars, struct aa_kept *nested)
{
	bool has_files = aa_session_has_table(query->db, session->id, AA_TABLE_FILE);
	bool has_tls = aa_session_has_table(query->db, session->id, AA_TABLE_TLS_CONNECTION);
	int r = load(query, session, process_id, process_sql[has_files][has_tls], &scalar_listing, scalars);

	for (size_t i = 0; r == 0 && i < COUNT(sections); i++) {
		nested[i].rows.listing = &sections[i].listing;
		if (aa_session_has_table(query->db, session->id, sections[i].table))
			r = load(query, session, process_id, sections[i].sql, &sections[i].listing,
				 &nested[i]);
	}
	return r;
}

static void show(struct aa_query *query, const struct aa_kept *scalars, const struct aa_kept *nested)
{
	struct aa_cell cells[COUNT(columns)];

	if (scalars->rows.count == 0)
		return;
	memcpy(cells, scalars->cells, sizeof(cells[0]) * SCALARS);
	if (cells[STATUS].type == AA_CELL_TEXT)
		cells[STATUS].style = aa_status_style(cells[STATUS].bytes);
	for (size_t i = 0; i < COUNT(sections); i++)
		cells[SCALARS + i] = (struct aa_cell){ .type = AA_CELL_TABLE, .rows = &nested[i].rows };
	aa_render_row(&query->render, cells);
}

void aa_detail_begin(struct aa_query *query)
{
	aa_render_begin(&query->render, &listing);
}

int aa_detail_show(struct aa_query *query, const struct aa_session *session, int64_t process_id)
{
	struct aa_kept nested[COUNT(sections)] = { 0 };
	struct aa_kept scalars = { 0 };
	int r = load_all(query, session, process_id, &scalars, nested);

	if (r == 0) {
		query->render.origin_ns = session->start_ns;
		show(query, &scalars, nested);
	}
	aa_kept_release(&scalars);
	for (size_t i = 0; i < COUNT(sections); i++)
		aa_kept_release(&nested[i]);
	return r;
}

void aa_detail_end(struct aa_query *query)
{
	aa_render_end(&query->render);
}
