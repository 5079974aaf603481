/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aa-bench-store DIRECTORY PROCESSES|FILES process|file: how long the store pass takes for the records of so many
 * processes, or files that are made, written, renamed and deleted, against a bare loop of prepared INSERTs that makes the same rows in the same kind of database. Prints one JSON line.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench_ring.h"
#include "memory.h"
#include "store.h"

#define RING_SIZE  (16u << 20)
#define BATCH_ROWS 10000

/* What is stored, and in which tables it ends. */
struct load {
	const char *name;
	bool (*add)(struct bench_ring *ring);
	enum aa_lane lane;
	enum aa_table tables[3];
};

static const struct load loads[] = {
	{ "process",
	  bench_ring_add_process,
	  AA_LANE_LIFECYCLE,
	  { AA_TABLE_STRING, AA_TABLE_PROCESS, AA_TABLE_EXEC } },
	{ "file",
	  bench_ring_add_file,
	  AA_LANE_ACTIVITY,
	  { AA_TABLE_STRING, AA_TABLE_PROCESS, AA_TABLE_FILE } },
};

struct table_rows {
	sqlite3_value **values;
	size_t rows;
	int columns;
};

static double seconds(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void __attribute__((noreturn)) fail(const char *what, const struct aa_error *error)
{
	(void)fprintf(stderr, "aa-bench-store: %s: %s\n", what, error ? error->text : strerror(errno));
	exit(1);
}

/* What a measurement costs: wall time and processor time. */
struct cost {
	double wall;
	double cpu;
};

static void cost_begin(struct cost *cost)
{
	cost->wall -= seconds(CLOCK_MONOTONIC);
	cost->cpu -= seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void cost_end(struct cost *cost)
{
	cost->wall += seconds(CLOCK_MONOTONIC);
	cost->cpu += seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static uint64_t store_pass(const char *path, const struct load *load, unsigned count, struct cost *cost)
{
	struct aa_error error = { 0 };
	struct aa_store *store = NULL;
	struct bench_ring ring;
	struct aa_session_options options = {
		.agent = "bench", .mode = "attach", .recorder = "bench", .generation = 1
	};
	int64_t session = 0;

	if (bench_ring_open(&ring, RING_SIZE) < 0)
		fail("ring", NULL);
	if (aa_store_open(path, &store, &error) < 0 ||
	    aa_store_begin_session(store, &options, &session, &error) < 0)
		fail("store", &error);
	ring.session = (uint32_t)session;
	for (unsigned made = 0; made < count;) {
		/* A commit at an eighth of the ring, as the recorder does. */
		while (made < count && ring.producer - ring.consumer < RING_SIZE / 8 && load->add(&ring))
			made++;
		struct aa_batch batch = { .final = made == count };

		for (int lane = 0; lane < AA_LANE_COUNT; lane++) {
			batch.spans[lane] = bench_ring_span(&ring);
			batch.spans[lane].lane = (enum aa_lane)lane;
			if (lane != (int)load->lane)
				batch.spans[lane].begin = batch.spans[lane].end = 0;
		}
		cost_begin(cost);
		if (aa_store_commit(store, &batch, &error) < 0)
			fail("commit", &error);
		cost_end(cost);
		ring.consumer = batch.stored[load->lane];
	}
	aa_store_close(store);
	bench_ring_close(&ring);
	return ring.records;
}

static void load_table(sqlite3 *db, const char *table, struct table_rows *rows)
{
	char sql[128];
	sqlite3_stmt *statement;
	size_t capacity = 0;

	(void)snprintf(sql, sizeof sql, "SELECT * FROM s1_%s ORDER BY id", table);
	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail(sqlite3_errmsg(db), NULL);
	rows->columns = sqlite3_column_count(statement);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		size_t used = rows->rows * (size_t)rows->columns;

		if (used + (size_t)rows->columns > capacity) {
			capacity = (capacity + 1024) * 2;
			rows->values = realloc(rows->values, capacity * sizeof(sqlite3_value *));
			if (!rows->values)
				fail("memory", NULL);
		}
		for (int i = 0; i < rows->columns; i++)
			rows->values[used + (size_t)i] =
				sqlite3_value_dup(sqlite3_column_value(statement, i));
		rows->rows++;
	}
	(void)sqlite3_finalize(statement);
}

static void free_table(struct table_rows *rows)
{
	for (size_t i = 0; rows->values && i < rows->rows * (size_t)rows->columns; i++)
		sqlite3_value_free(rows->values[i]);
	free(rows->values);
}

static void insert_table(struct aa_db *db, const char *table, const struct table_rows *rows,
			 struct aa_error *error)
{
	sqlite3 *handle = aa_db_handle(db);
	sqlite3_stmt *statement;
	char sql[1024];
	int length = snprintf(sql, sizeof sql, "INSERT INTO s1_%s VALUES (?", table);

	for (int i = 1; i < rows->columns; i++)
		length += snprintf(sql + length, sizeof sql - (size_t)length, ", ?");
	(void)snprintf(sql + length, sizeof sql - (size_t)length, ")");
	if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK)
		fail(sqlite3_errmsg(handle), NULL);
	for (size_t row = 0; row < rows->rows; row++) {
		if (row % BATCH_ROWS == 0 && aa_db_exec(db, "BEGIN IMMEDIATE", error) < 0)
			fail("begin", error);
		for (int i = 0; i < rows->columns; i++)
			(void)sqlite3_bind_value(statement, i + 1,
						 rows->values[row * (size_t)rows->columns + (size_t)i]);
		if (sqlite3_step(statement) != SQLITE_DONE || sqlite3_reset(statement) != SQLITE_OK)
			fail(sqlite3_errmsg(handle), NULL);
		if ((row % BATCH_ROWS == BATCH_ROWS - 1 || row == rows->rows - 1) &&
		    aa_db_exec(db, "COMMIT", error) < 0)
			fail("commit", error);
	}
	(void)sqlite3_finalize(statement);
}

/* Reads what the store pass made into memory, and inserts it again. Returns the number of rows. */
static size_t bare_loop(const char *made, const char *path, const struct load *load, struct cost *cost)
{
	struct aa_error error = { 0 };
	struct table_rows rows[3] = { 0 };
	struct aa_db *db = NULL;
	size_t count = 0;

	if (aa_db_open_read(made, &db, &error) < 0)
		fail(made, &error);
	for (int i = 0; i < 3; i++) {
		load_table(aa_db_handle(db), aa_table_name(load->tables[i]), &rows[i]);
		count += rows[i].rows;
	}
	aa_db_close(db);
	if (aa_db_open_write(path, &db, &error) < 0)
		fail(path, &error);
	for (int i = 0; i < 3; i++)
		if (aa_session_create_table(db, 1, load->tables[i], &error) < 0)
			fail(path, &error);
	cost_begin(cost);
	for (int i = 0; i < 3; i++)
		insert_table(db, aa_table_name(load->tables[i]), &rows[i], &error);
	cost_end(cost);
	aa_db_close(db);
	for (int i = 0; i < 3; i++)
		free_table(&rows[i]);
	return count;
}

int main(int argc, char **argv)
{
	char made[4096], bare[4096];
	struct cost store = { 0 }, loop = { 0 };
	const struct load *load = NULL;

	for (size_t i = 0; argc == 4 && i < sizeof loads / sizeof *loads; i++)
		if (strcmp(argv[3], loads[i].name) == 0)
			load = &loads[i];
	if (!load) {
		(void)fprintf(stderr, "usage: aa-bench-store DIRECTORY NUMBER process|file\n");
		return 2;
	}
	(void)snprintf(made, sizeof made, "%s/store.db", argv[1]);
	(void)snprintf(bare, sizeof bare, "%s/bare.db", argv[1]);
	uint64_t records = store_pass(made, load, (unsigned)strtoul(argv[2], NULL, 10), &store);
	size_t rows = bare_loop(made, bare, load, &loop);

	(void)printf("{\"records\": %llu, \"rows\": %zu, \"store_s\": %.6f, \"store_cpu_s\": %.6f, "
		     "\"loop_s\": %.6f, "
		     "\"loop_cpu_s\": %.6f}\n",
		     (unsigned long long)records, rows, store.wall, store.cpu, loop.wall, loop.cpu);
	(void)unlink(made);
	(void)unlink(bare);
	return 0;
}
