/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema as a contract: it is embedded byte for byte, documents itself, merges a timeline without sorting, and
 * every version that was ever released (tests/schema/NNNN.sql) still opens and is still what its migrations make.
 */
#include "db_test.h"
#include "memory.h"
#include "sql.h"
#include "text.h"

#define FIXTURES AA_SOURCE_DIR "/tests/schema"

static char *load(const char *path)
{
	struct aa_text_buffer text = { 0 };
	FILE *file = fopen(path, "re");
	char buffer[4096];
	size_t n;

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
		aa_text_add(&text, buffer, n);
	(void)fclose(file);
	return text.data;
}

/* All rows of a query, columns separated by |, a line each. */
static char *rows(sqlite3 *handle, const char *sql)
{
	struct aa_text_buffer text = { 0 };
	sqlite3_stmt *statement = NULL;
	int result;

	if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
	aa_text_add_string(&text, "");
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const char *value = (const char *)sqlite3_column_text(statement, i);

			aa_text_printf(&text, "%s%s", i ? "|" : "", value ? value : "-");
		}
		aa_text_add_string(&text, "\n");
	}
	if (result != SQLITE_DONE)
		fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
	sqlite3_finalize(statement);
	return text.data;
}

static void expect_same_rows(sqlite3 *got, sqlite3 *expected, const char *sql, const char *what)
{
	aa_cleanup_free char *a = rows(got, sql);
	aa_cleanup_free char *b = rows(expected, sql);

	if (strcmp(a, b) != 0)
		fail_msg("%s differs from what the current code makes.\nfixture:\n%s\ncode:\n%s", what, a, b);
}

/* A session's row, so that its tables may be made. */
static void add_session(struct aa_db *db, int64_t id)
{
	char sql[512];

	(void)snprintf(sql, sizeof(sql),
		       "INSERT OR IGNORE INTO agent (id, name, first_ns) VALUES (1, 'a', 1);"
		       "INSERT INTO session (id, agent_id, name, mode, state, start_ns, boot_offset_ns, "
		       "boot_id, host, kernel,"
		       " machine, recorder, recorder_pid, recorder_start_ticks)"
		       " VALUES (%lld, 1, 's', 'run', 'recording', 1, 1, '', '', '', '', '', 1, 1)",
		       (long long)id);
	assert_int_equal(aa_db_exec(db, sql, NULL), 0);
}

static void make_tables(struct aa_db *db, int64_t id)
{
	for (int table = 0; table < AA_TABLE_COUNT; table++) {
		assert_false(aa_session_has_table(db, id, (enum aa_table)table));
		for (int twice = 0; twice < 2; twice++)
			assert_int_equal(aa_session_create_table(db, id, (enum aa_table)table, NULL), 0);
		assert_true(aa_session_has_table(db, id, (enum aa_table)table));
	}
}

static void test_files_are_embedded_exactly(void **state)
{
	int count = 0;

	(void)state;
	for (const struct aa_sql *file = aa_sql_files; file->name; file++, count++) {
		char path[512];
		aa_cleanup_free char *text = NULL;

		(void)snprintf(path, sizeof(path), AA_SOURCE_DIR "/schema/%s.sql", file->name);
		text = load(path);
		assert_string_equal(file->sql, text);
		assert_ptr_equal(aa_sql_find(file->name), file->sql);
	}
	assert_true(count >= 1 + AA_TABLE_COUNT);
	assert_null(aa_sql_find("session"));
	for (int version = 1; version <= AA_DB_VERSION; version++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%04d", version);
		assert_non_null(aa_sql_find(name));
	}
}

static void test_prefix(void **state)
{
	aa_cleanup(aa_text_release) struct aa_text_buffer text = { 0 };

	(void)state;
	aa_session_expand(&text, "s0_a as0_b _s0_c 's0_d' s0_ S0_e (s0_f", 12);
	assert_string_equal(text.data, "s12_a as0_b _s0_c 's12_d' s12_ S0_e (s12_f");
}

/* "every column has a comment in the schema": an analyst reads it with .schema. */
static void test_every_column_has_a_comment(void **state)
{
	struct db_test *t = *state;
	aa_cleanup_free char *sql = NULL;
	char *line, *rest;
	bool table = false;
	int columns = 0;

	open_write(t);
	add_session(t->db, 1);
	make_tables(t->db, 1);
	sql = rows(aa_db_handle(t->db),
		   "SELECT sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL");
	for (line = strtok_r(sql, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "CREATE TABLE", 12) == 0)
			table = true;
		else if (line[0] == ')')
			table = false;
		if (!table || line[0] != '\t' || line[1] < 'a' || line[1] > 'z')
			continue;
		columns++;
		if (!strstr(line, "--"))
			fail_msg("no comment: %s", line);
	}
	assert_true(columns > 150);
}

static void test_objects_are_listed(void **state)
{
	struct db_test *t = *state;
	aa_cleanup_free char *missing = NULL;

	open_write(t);
	add_session(t->db, 7);
	add_session(t->db, 70);
	make_tables(t->db, 70);
	make_tables(t->db, 7);
	missing = rows(aa_db_handle(t->db),
		       "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name GLOB 's7*_*'"
		       " EXCEPT SELECT name FROM session_object WHERE length(comment) > 20");
	assert_string_equal(missing, "");
	assert_int_equal(
		get_int(t->db,
			"SELECT count(*) FROM session_object WHERE session_id = 7 AND name NOT GLOB 's7_*'"),
		0);
	assert_int_equal(
		get_int(t->db, "SELECT count(*) FROM session_object WHERE session_id = 7 AND type = 'table'"),
		AA_TABLE_COUNT);
	expect_text(t->db, "SELECT comment FROM session_object WHERE name = 's7_commands'",
		    "Which commands ran, in order, and how each ended.");
}

/* Without an index on time this would sort all events of a session before it shows the first. */
static void expect_merge(struct aa_db *db, const char *sql, int arms)
{
	aa_cleanup_free char *plan = rows(aa_db_handle(db), sql);
	int indexes = 0;

	assert_null(strstr(plan, "TEMP B-TREE"));
	assert_non_null(strstr(plan, "MERGE (UNION ALL)"));
	for (const char *at = plan; (at = strstr(at, "USING INDEX s1_")); at++)
		indexes++;
	assert_int_equal(indexes, arms);
}

static void test_timeline_merges(void **state)
{
	static const enum aa_table few[] = { AA_TABLE_STRING, AA_TABLE_CGROUP, AA_TABLE_PROCESS,
					     AA_TABLE_EXEC, AA_TABLE_GAP };
	struct db_test *t = *state;

	open_write(t);
	add_session(t->db, 1);
	for (size_t i = 0; i < sizeof(few) / sizeof(few[0]); i++)
		assert_int_equal(aa_session_create_table(t->db, 1, few[i], NULL), 0);
	assert_int_equal(aa_session_create_indexes(t->db, 1, NULL), 0);
	expect_merge(t->db, "EXPLAIN QUERY PLAN SELECT * FROM s1_timeline ORDER BY time_ns", 4);
	for (int table = 0; table < AA_TABLE_COUNT; table++)
		assert_int_equal(aa_session_create_table(t->db, 1, (enum aa_table)table, NULL), 0);
	assert_int_equal(aa_session_create_indexes(t->db, 1, NULL), 0);
	expect_merge(t->db, "EXPLAIN QUERY PLAN SELECT * FROM s1_timeline ORDER BY time_ns", 13);
	/* As aa-query asks. time_ns must be among the columns: else SQLite does not merge (select.c, flattening, 18). */
	expect_merge(t->db,
		     "EXPLAIN QUERY PLAN SELECT time_ns, detail FROM s1_timeline WHERE kind = 'exec' AND "
		     "time_ns >= 5"
		     " ORDER BY time_ns LIMIT 5",
		     13);
	expect_text(t->db, "SELECT group_concat(name) FROM pragma_table_info('s1_timeline')",
		    "time_ns,time,kind,pid,tid,process_id,comm,detail,row_table,row_id");
}

static void load_fixture(struct db_test *t, const char *name)
{
	char path[512];
	aa_cleanup_free char *sql = NULL;
	sqlite3 *handle = NULL;
	char *message = NULL;

	(void)unlink(t->path);
	(void)snprintf(path, sizeof(path), FIXTURES "/%s", name);
	sql = load(path);
	assert_int_equal(sqlite3_open(t->path, &handle), SQLITE_OK);
	if (sqlite3_exec(handle, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", path, message);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

/* Views of its sessions work, and give what they gave. */
static void check_contents(struct aa_db *db)
{
	assert_int_equal(get_int(db, "SELECT count(*) FROM session"), 2);
	assert_int_equal(get_int(db, "SELECT count(*) FROM s1_process_view WHERE pid IN (100, 101, 102)"), 3);
	expect_text(db, "SELECT group_concat(command, ';') FROM (SELECT command FROM s1_commands)",
		    "sh -c $'echo \\'a b\\' \\xFF';ls -l");
	assert_true(get_int(db, "SELECT count(*) FROM s1_timeline") >= 13);
	assert_true(get_int(db, "SELECT count(*) FROM s2_exec_view") >= 1);
}

/* The catalogue of a version, as its migrations make it. */
static sqlite3 *make_version(int version)
{
	sqlite3 *handle = NULL;

	assert_int_equal(sqlite3_open(":memory:", &handle), SQLITE_OK);
	for (int v = 1; v <= version; v++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%04d", v);
		assert_int_equal(sqlite3_exec(handle, aa_sql_find(name), NULL, NULL, NULL), SQLITE_OK);
	}
	return handle;
}

/* Templates of sessions are of the newest version only: older sessions keep the tables that they were made with. */
static void check_newest(struct aa_db *fixture, const char *directory)
{
	struct aa_db *db = NULL;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/new.db", directory);
	assert_int_equal(aa_db_open_write(path, &db, NULL), 0);
	for (int64_t id = 1; id <= 2; id++) {
		add_session(db, id);
		for (int table = 0; table < AA_TABLE_COUNT; table++)
			if (aa_session_has_table(fixture, id, (enum aa_table)table))
				assert_int_equal(aa_session_create_table(db, id, (enum aa_table)table, NULL),
						 0);
	}
	assert_int_equal(aa_session_create_indexes(db, 1, NULL), 0); /* the first is sealed */
	expect_same_rows(aa_db_handle(fixture), aa_db_handle(db),
			 "SELECT type, name, sql FROM sqlite_master WHERE name GLOB 's[12]_*' ORDER BY name",
			 "a session's tables");
	expect_same_rows(aa_db_handle(fixture), aa_db_handle(db), "SELECT * FROM errno_name", "errno_name");
	expect_same_rows(aa_db_handle(fixture), aa_db_handle(db), "SELECT * FROM signal_name", "signal_name");
	expect_same_rows(aa_db_handle(fixture), aa_db_handle(db), "SELECT * FROM session_object",
			 "session_object");
	aa_db_close(db);
}

static int is_fixture(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length == 8 && strcmp(entry->d_name + 4, ".sql") == 0;
}

static void test_every_version_opens(void **state)
{
	struct db_test *t = *state;
	struct dirent **entries;
	int count = scandir(FIXTURES, &entries, is_fixture, alphasort);

	assert_int_equal(count, AA_DB_VERSION); /* one file for each */
	for (int i = 0; i < count; i++) {
		int version = (int)strtol(entries[i]->d_name, NULL, 10);
		sqlite3 *made = make_version(version);

		assert_int_equal(version, i + 1);
		load_fixture(t, entries[i]->d_name);
		open_read(t);
		assert_int_equal(get_int(t->db, "PRAGMA user_version"), version);
		check_contents(t->db);
		expect_same_rows(aa_db_handle(t->db), made,
				 "SELECT type, name, sql FROM sqlite_master WHERE name NOT GLOB 's[0-9]*_*' "
				 "AND name NOT GLOB 'sqlite_autoindex_s[0-9]*_*' ORDER BY name",
				 "the catalogue");
		if (version == AA_DB_VERSION)
			check_newest(t->db, t->directory);
		close_db(t);
		open_write(t);
		assert_int_equal(get_int(t->db, "PRAGMA user_version"), AA_DB_VERSION);
		check_contents(t->db);
		add_session(t->db, 3);
		make_tables(t->db, 3);
		expect_text(t->db, "PRAGMA integrity_check", "ok");
		close_db(t);
		assert_int_equal(sqlite3_close(made), SQLITE_OK);
		free(entries[i]);
	}
	free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(test_files_are_embedded_exactly),
		DB_TEST(test_prefix),
		DB_TEST(test_every_column_has_a_comment),
		DB_TEST(test_objects_are_listed),
		DB_TEST(test_timeline_merges),
		DB_TEST(test_every_version_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
