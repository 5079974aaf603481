/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of a session that live, and those that died lately: identity (pid, start) to row id, and the tree as
 * it stands. Entries are indexes, which stay valid while the process is in the table. Every change within a transaction
 * is journaled, so that one that fails leaves the table as it was.
 */
#ifndef AA_STORE_PROCESS_TABLE_H
#define AA_STORE_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "siphash.h"

#define AA_PROCESS_NONE UINT32_MAX

struct aa_process {
	uint64_t start_ns;
	int64_t row_id;
	uint32_t tgid;
	uint32_t parent;      /* entry, or AA_PROCESS_NONE: outside the session */
	uint32_t first_child; /* of the children that live */
	uint32_t next_sibling;
	uint32_t previous_sibling;
	uint32_t hash_next;
	uint32_t transaction; /* in which it was last changed */
	bool used;
	bool implied; /* has a row, but its fork record did not come yet */
	bool exited;
};

struct aa_process_table {
	struct aa_siphash_key key;
	struct aa_process *entries;
	uint32_t capacity;
	uint32_t used;	    /* entries taken from the array so far */
	uint32_t free_list; /* through hash_next */
	uint32_t *buckets;
	uint32_t bucket_count; /* a power of two */
	uint32_t count;
	uint32_t live;
	struct aa_process_change *changes;
	size_t change_count, change_capacity;
	uint32_t *exited; /* entries in the order of their death */
	size_t exited_first, exited_count, exited_capacity;
	size_t exited_before; /* count when the transaction began */
	size_t max_exited;
	uint32_t transaction;
	bool forgot; /* some of the dead were dropped: only the database knows them */
};

void aa_process_table_init(struct aa_process_table *table, const struct aa_siphash_key *key,
			   size_t max_exited);
void aa_process_table_release(struct aa_process_table *table);

/* AA_PROCESS_NONE if it is not there. */
uint32_t aa_process_find(const struct aa_process_table *table, uint32_t tgid, uint64_t start_ns);

/* Adds a process that is not there. AA_PROCESS_NONE if memory ran out. */
uint32_t aa_process_add(struct aa_process_table *table, uint32_t tgid, uint64_t start_ns, int64_t row_id,
			bool implied);

/* The changes. Each returns 0, or -ENOMEM with nothing changed that a rollback would not undo. */
int aa_process_set_parent(struct aa_process_table *table, uint32_t process, uint32_t parent);
int aa_process_set_known(struct aa_process_table *table, uint32_t process); /* no longer implied */
int aa_process_set_exited(struct aa_process_table *table, uint32_t process);

void aa_process_table_begin(struct aa_process_table *table);
void aa_process_table_commit(struct aa_process_table *table); /* forgets the longest dead, too */
void aa_process_table_rollback(struct aa_process_table *table);

#endif
