/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open files of a session: id of the open file to the row of its 'open', its path and the sums as they were last
 * stored. Bounded: what was added longest ago is forgotten when it is full. Every change within a transaction is
 * journaled, so that one that fails leaves the table as it was.
 */
#ifndef AA_STORE_FILE_TABLE_H
#define AA_STORE_FILE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AA_FILE_NONE UINT32_MAX

/* Sums of a file; each only grows. */
struct aa_file_sums {
	uint64_t read_bytes, read_calls;
	uint64_t write_bytes, write_calls;
	uint32_t error_calls;
};

struct aa_file {
	uint64_t open;		  /* as in records */
	int64_t row_id;		  /* of its 'open', 0: there is none */
	int64_t path_id;	  /* string, 0: not known */
	struct aa_file_sums sums; /* that are in rows already */
	uint16_t path_flags;	  /* AA_TEXT_* of its path */
	bool excluded;		  /* left out on request, with all that follows */
	bool used;
	uint32_t hash_next;
	uint32_t older, newer;
	uint32_t transaction; /* in which it was last changed */
};

struct aa_file_table {
	struct aa_file *entries;
	uint32_t capacity;
	uint32_t taken;	    /* entries taken from the array so far */
	uint32_t free_list; /* through hash_next */
	uint32_t *buckets;
	uint32_t bucket_count; /* a power of two */
	uint32_t count, max_count;
	uint32_t oldest, newest;
	uint32_t oldest_before, newest_before; /* when the transaction began */
	struct aa_file_journal *changes;
	size_t change_count, change_capacity;
	uint32_t transaction;
	bool forgot; /* some were given up: an id that is not here may have had rows */
	bool forgot_before;
};

void aa_file_table_init(struct aa_file_table *table, uint32_t max_count);
void aa_file_table_release(struct aa_file_table *table);

/* AA_FILE_NONE if it is not there. */
uint32_t aa_file_find(const struct aa_file_table *table, uint64_t open);

/* Adds an open file that is not there; all but its id is 0. AA_FILE_NONE if memory ran out. */
uint32_t aa_file_add(struct aa_file_table *table, uint64_t open);

/* To be called before members are changed. Returns 0 or -ENOMEM. */
int aa_file_change(struct aa_file_table *table, uint32_t file);

int aa_file_remove(struct aa_file_table *table, uint32_t file); /* 0 or -ENOMEM, with nothing changed */

void aa_file_table_begin(struct aa_file_table *table);
void aa_file_table_rollback(struct aa_file_table *table);

#endif
