/* SPDX-License-Identifier: Apache-2.0 */
/* The statement of a session's timeline; see timeline_sql.h. */
#include "timeline_sql.h"

#include "statement.h"

static void add_filters(const struct aa_filter *filter, bool has_files, struct aa_text_buffer *sql)
{
	if (filter->pid.set)
		aa_text_add_string(sql, " AND pid = :pid");
	if (filter->comm)
		aa_text_add_string(sql, " AND comm = :comm");
	if (filter->kinds) {
		aa_text_add_string(sql, " AND kind IN ");
		aa_filter_add_kinds(filter, sql);
	}
	if (filter->path) {
		aa_text_add_string(sql, " AND (row_table = 'exec' AND row_id IN (");
		aa_filter_add_path_execs(sql, "id");
		aa_text_add_string(sql, ")");
		if (has_files) {
			aa_text_add_string(sql, " OR row_table = 'file' AND row_id IN (");
			aa_filter_add_path_files(sql);
			aa_text_add_string(sql, ")");
		}
		aa_text_add_string(sql, ")");
	}
}

/*
 * Text folds files that are only read, names that were looked for and are not there, and pieces of TLS plaintext, unless it is asked
 * for them. The flags are those of open(2): O_ACCMODE, O_CREAT and O_TRUNC, without which the file is left as it is.
 */
static const char reads_sql[] =
	" WHEN row_table = 'file' AND kind IN ('open', 'close', 'io') THEN"
	" (SELECT CASE WHEN r.write_bytes > 0 THEN 0 WHEN r.kind <> 'open' THEN CASE r.error WHEN 0 THEN 2 "
	"ELSE 0 END"
	" WHEN r.flags & 579 OR r.marks GLOB 'created*' THEN 0 WHEN r.error = 0 THEN 1"
	" WHEN r.error IN (2, 20) THEN 3 ELSE 0 END" /* ENOENT, ENOTDIR */
	" FROM s0_file AS r WHERE r.id = row_id)";
static const char pieces_sql[] = " WHEN row_table = 'tls' THEN"
				 " (SELECT CASE WHEN t.gap IS NULL THEN 4 ELSE 0 END FROM s0_tls AS t"
				 " WHERE t.id = row_id)";

static void add_folds(struct aa_query *query, bool has_files, bool has_tls, struct aa_text_buffer *sql)
{
	const struct aa_filter *filter = &query->settings.filter;

	if ((!has_files && !has_tls) || filter->kinds || filter->path || !aa_render_is_text(&query->render)) {
		aa_text_add_string(sql, ", NULL");
		return;
	}
	aa_text_add_string(sql, ", CASE");
	if (has_files)
		aa_text_add_string(sql, reads_sql);
	if (has_tls)
		aa_text_add_string(sql, pieces_sql);
	aa_text_add_string(sql, " END");
}

void aa_timeline_add_sql(struct aa_query *query, const struct aa_session *session, struct aa_text_buffer *sql)
{
	bool has_files = aa_session_has_table(query->db, session->id, AA_TABLE_FILE);

	aa_text_add_string(sql, "SELECT :session, time_ns, time, kind, pid, tid, process_id, comm, detail,"
				" row_table, row_id");
	add_folds(query, has_files, aa_session_has_table(query->db, session->id, AA_TABLE_TLS), sql);
	aa_text_add_string(sql, " FROM s0_timeline WHERE time_ns >= :since AND time_ns <= :until");
	add_filters(&query->settings.filter, has_files, sql);
	aa_text_add_string(sql, " ORDER BY time_ns");
}
