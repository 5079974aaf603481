/* SPDX-License-Identifier: Apache-2.0 */
/* See summary.h. */
#include "summary.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "db.h"
#include "losses.h"
#include "memory.h"
#include "text.h"

void aa_summary_take_probes(struct aa_summary *summary, const struct aa_kernel *kernel)
{
	const struct aa_probe *probes;
	unsigned count = aa_kernel_probes(kernel, &probes);

	for (unsigned i = 0; i < count; i++) {
		bool served = false;

		for (unsigned j = 0; j < count && !served; j++)
			served =
				probes[j].attached && strcmp(probes[j].capability, probes[i].capability) == 0;
		for (unsigned j = 0; j < i && !served; j++) /* said already */
			served = strcmp(probes[j].capability, probes[i].capability) == 0;
		if (served)
			continue;
		if (summary->refused < AA_SUMMARY_PROBES)
			(void)snprintf(summary->refused_names[summary->refused],
				       sizeof(summary->refused_names[0]), "%s", probes[i].capability);
		summary->refused++;
	}
}

/* The name as it stands in the catalogue, which is escaped already. False if it cannot be read. */
static bool session_name(const char *path, int64_t id, struct aa_text_buffer *name)
{
	aa_cleanup(aa_db_closep) struct aa_db *db = NULL;
	sqlite3_stmt *statement = NULL;
	bool found = false;

	if (aa_db_open_read(path, &db, NULL) < 0)
		return false;
	if (sqlite3_prepare_v2(aa_db_handle(db), "SELECT name FROM session WHERE id = ?", -1, &statement,
			       NULL) == SQLITE_OK) {
		(void)sqlite3_bind_int64(statement, 1, id);
		if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) != NULL) {
			aa_text_add_string(name, (const char *)sqlite3_column_text(statement, 0));
			found = !name->failed;
		}
	}
	(void)sqlite3_finalize(statement);
	return found;
}

static uint64_t size_with(const char *path, const char *suffix)
{
	struct aa_text_buffer name = { 0 };
	struct stat status = { 0 };
	uint64_t size = 0;

	aa_text_add_string(&name, path);
	aa_text_add_string(&name, suffix);
	if (!name.failed && stat(name.data, &status) == 0)
		size = (uint64_t)status.st_size;
	aa_text_release(&name);
	return size;
}

static void print_size(uint64_t bytes, FILE *out)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	unsigned unit = 0;

	while (value >= 1024 && unit < 4) {
		value /= 1024;
		unit++;
	}
	(void)fprintf(out, unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

static void print_duration(uint64_t ns, FILE *out)
{
	uint64_t seconds = ns / 1000000000u;

	if (seconds < 60)
		(void)fprintf(out, "%" PRIu64 ".%02" PRIu64 " s", seconds, ns % 1000000000u / 10000000u);
	else if (seconds < 3600)
		(void)fprintf(out, "%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
	else
		(void)fprintf(out, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600, seconds / 60 % 60);
}

/* One number for files, which are many kinds and mostly the most. */
static void print_file_events(const struct aa_session_totals *totals, bool first, FILE *out)
{
	uint64_t count = 0;

	for (unsigned kind = AA_EVENT_FILE_FIRST; kind <= AA_EVENT_FILE_LAST; kind++)
		count += totals->records[kind];
	if (count > 0)
		(void)fprintf(out, "%s%" PRIu64 " file %s", first ? "" : ", ", count,
			      count == 1 ? "event" : "events");
	else if (first)
		(void)fputs("no events", out);
}

static void print_events(const struct aa_session_totals *totals, FILE *out)
{
	bool first = true;

	for (unsigned kind = 0; kind < AA_KIND_SLOTS; kind++) {
		/* Texts are parts of other events. */
		if (totals->records[kind] == 0 || kind == AA_EVENT_TEXT ||
		    (kind >= AA_EVENT_FILE_FIRST && kind <= AA_EVENT_FILE_LAST) ||
		    (kind >= AA_EVENT_TLS_FIRST && kind <= AA_EVENT_TLS_LAST))
			continue;
		(void)fprintf(out, "%s%" PRIu64 " %s", first ? "" : ", ", totals->records[kind],
			      aa_losses_kind_name(kind));
		first = false;
	}
	print_file_events(totals, first, out);
}

static const char *plural(uint64_t count, const char *one, const char *more)
{
	return count == 1 ? one : more;
}

/* Only if there was any; what was left out is said where other losses are. */
static void print_tls(const struct aa_session_totals *totals, FILE *out)
{
	bool first = true;

	if (totals->tls_connections == 0 && totals->tls_libraries == 0 && totals->redactions == 0)
		return;
	(void)fputs("aa-record: TLS: ", out);
	if (totals->tls_connections > 0) {
		(void)fprintf(out, "%" PRIu64 " %s, ", totals->tls_connections,
			      plural(totals->tls_connections, "connection", "connections"));
		print_size(totals->tls_bytes[AA_TLS_SENT], out);
		(void)fputs(" sent, ", out);
		print_size(totals->tls_bytes[AA_TLS_RECEIVED], out);
		(void)fputs(" received", out);
		first = false;
	}
	if (totals->tls_without > 0)
		(void)fprintf(out, "; %" PRIu64 " without plaintext", totals->tls_without);
	if (totals->tls_gap_bytes > 0) {
		(void)fputs("; not stored: ", out);
		print_size(totals->tls_gap_bytes, out);
	}
	if (totals->tls_libraries > 0) {
		(void)fprintf(out, "%s%" PRIu64 " %s with TLS code not attached to", first ? "" : "; ",
			      totals->tls_libraries, plural(totals->tls_libraries, "file", "files"));
		first = false;
	}
	if (totals->tls_libraries_late > 0) {
		(void)fprintf(out, "%s%" PRIu64 " attached to late", first ? "" : "; ",
			      totals->tls_libraries_late);
		first = false;
	}
	if (totals->redactions > 0)
		(void)fprintf(out, "%s%" PRIu64 " %s replaced", first ? "" : "; ", totals->redactions,
			      plural(totals->redactions, "secret", "secrets"));
	(void)fputc('\n', out);
}

static void print_loss(const struct aa_summary *summary, FILE *out)
{
	const struct aa_session_totals *totals = &summary->totals;

	(void)fputs("aa-record: ", out);
	if (summary->gone) {
		(void)fputs("LOST, unless the database was moved with its -wal file: all of it\n", out);
		return;
	}
	if (totals->lost == 0 && summary->unstored == 0)
		(void)fputs("nothing lost", out);
	if (totals->lost > 0)
		(void)fprintf(out, "LOST %" PRIu64 " events, see aa-query gaps", totals->lost);
	if (summary->unstored > 0)
		(void)fprintf(out, "%sLOST the last %" PRIu64 " events: the database did not take them",
			      totals->lost > 0 ? "; " : "", summary->unstored);
	if (totals->partial > 0)
		(void)fprintf(out, "; %" PRIu64 " %s not whole, see aa-query gaps", totals->partial,
			      totals->partial == 1 ? "event" : "events");
	if (totals->truncated_bytes > 0) {
		(void)fputs("; cut off: ", out);
		print_size(totals->truncated_bytes, out);
		(void)fputs(" of long arguments or paths", out);
	}
	if (totals->malformed > 0)
		(void)fprintf(out, "; %" PRIu64 " records could not be read", totals->malformed);
	(void)fputc('\n', out);
	if (summary->refused == 0)
		return;
	(void)fputs("aa-record: not recorded, as this kernel refused every hook for it: ", out);
	for (unsigned i = 0; i < summary->refused && i < AA_SUMMARY_PROBES; i++)
		(void)fprintf(out, "%s%s", i > 0 ? ", " : "", summary->refused_names[i]);
	if (summary->refused > AA_SUMMARY_PROBES)
		(void)fprintf(out, " and %u more", summary->refused - AA_SUMMARY_PROBES);
	(void)fputc('\n', out);
}

static void print_how_to_look(const struct aa_summary *summary, const char *quoted_db, FILE *out)
{
	(void)fputs("aa-record: look at it with: aa-query ", out);
	if (strcmp(summary->db, aa_db_default_path()) != 0)
		(void)fprintf(out, "--db %s ", quoted_db);
	(void)fprintf(out, "--session %" PRId64 " tree (or timeline)\n", summary->session_id);
}

static void print_place(const struct aa_summary *summary, const char *quoted_db, FILE *out)
{
	struct aa_text_buffer name = { 0 };
	/* Before the name is read: a reader may make files of its own beside the database. */
	uint64_t size =
		size_with(summary->db, "") + size_with(summary->db, "-wal") + size_with(summary->db, "-shm");

	if (session_name(summary->db, summary->session_id, &name))
		(void)fprintf(out, " (%s)", name.data);
	(void)fprintf(out, " in %s, ", quoted_db);
	print_size(size, out);
	aa_text_release(&name);
}

void aa_summary_print(const struct aa_summary *summary, FILE *out)
{
	struct aa_text_buffer db = { 0 };

	(void)aa_text_quote(&db, summary->db, strlen(summary->db));
	(void)fprintf(out, "aa-record: session %" PRId64, summary->session_id);
	if (summary->gone) /* what stands there now is another's */
		(void)fprintf(out, ", whose database is not at %s any more",
			      db.failed ? "its path" : db.data);
	else
		print_place(summary, db.failed ? "the database" : db.data, out);
	(void)fputs("\naa-record: ", out);
	print_duration(summary->duration_ns, out);
	(void)fputs(": ", out);
	print_events(&summary->totals, out);
	if (summary->totals.live > 0)
		(void)fprintf(out, "; %u %s not ended", summary->totals.live,
			      summary->totals.live == 1 ? "process had" : "processes had");
	(void)fputc('\n', out);
	print_tls(&summary->totals, out);
	print_loss(summary, out);
	if (!summary->gone)
		print_how_to_look(summary, db.failed ? "FILE" : db.data, out);
	aa_text_release(&db);
}
