/* SPDX-License-Identifier: Apache-2.0 */
#include "process_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct aa_process_change {
	struct aa_process before;
	uint32_t entry;
	bool added; /* there was nothing before */
};

void aa_process_table_init(struct aa_process_table *table, const struct aa_siphash_key *key,
			   size_t max_exited)
{
	*table = (struct aa_process_table){ .key = *key,
					    .free_list = AA_PROCESS_NONE,
					    .max_exited = max_exited };
}

void aa_process_table_release(struct aa_process_table *table)
{
	free(table->entries);
	free(table->buckets);
	free(table->changes);
	free(table->exited);
	*table = (struct aa_process_table){ .free_list = AA_PROCESS_NONE };
}

/* Doubles an array whose members have the given size. */
static int grow(void **array, size_t *capacity, size_t member_size, size_t least)
{
	size_t bigger = *capacity ? *capacity * 2 : least;
	void *moved = reallocarray(*array, bigger, member_size);

	if (!moved)
		return -ENOMEM;
	*array = moved;
	*capacity = bigger;
	return 0;
}

static uint32_t *bucket_of(const struct aa_process_table *table, uint32_t tgid, uint64_t start_ns)
{
	const uint64_t identity[2] = { tgid, start_ns };

	return &table->buckets[aa_siphash(&table->key, identity, sizeof(identity)) &
			       (table->bucket_count - 1)];
}

static void rehash(struct aa_process_table *table)
{
	table->free_list = AA_PROCESS_NONE;
	table->count = 0;
	table->live = 0;
	if (table->bucket_count)
		memset(table->buckets, 0xff, table->bucket_count * sizeof(*table->buckets));
	for (uint32_t i = 0; i < table->used; i++) {
		struct aa_process *process = &table->entries[i];
		uint32_t *bucket = &table->free_list;

		if (process->used) {
			bucket = bucket_of(table, process->tgid, process->start_ns);
			table->count++;
			table->live += !process->exited;
		}
		process->hash_next = *bucket;
		*bucket = i;
	}
}

static int reserve_bucket(struct aa_process_table *table)
{
	uint32_t bigger = table->bucket_count ? table->bucket_count * 2 : 256;
	uint32_t *buckets;

	if (table->count < table->bucket_count)
		return 0;
	buckets = reallocarray(table->buckets, bigger, sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	table->buckets = buckets;
	table->bucket_count = bigger;
	rehash(table);
	return 0;
}

uint32_t aa_process_find(const struct aa_process_table *table, uint32_t tgid, uint64_t start_ns)
{
	uint32_t i;

	if (!table->bucket_count)
		return AA_PROCESS_NONE;
	for (i = *bucket_of(table, tgid, start_ns); i != AA_PROCESS_NONE; i = table->entries[i].hash_next)
		if (table->entries[i].tgid == tgid && table->entries[i].start_ns == start_ns)
			break;
	return i;
}

/* Remembers an entry as it is before its first change in this transaction. */
static int journal(struct aa_process_table *table, uint32_t entry, bool added)
{
	struct aa_process *process = &table->entries[entry];

	if (process->transaction == table->transaction && !added)
		return 0;
	if (table->change_count == table->change_capacity &&
	    grow((void **)&table->changes, &table->change_capacity, sizeof(*table->changes), 256) < 0)
		return -ENOMEM;
	table->changes[table->change_count++] =
		(struct aa_process_change){ .before = *process, .entry = entry, .added = added };
	process->transaction = table->transaction;
	return 0;
}

static int take_entry(struct aa_process_table *table, uint32_t *ret_entry)
{
	size_t capacity = table->capacity;
	int r;

	if (table->free_list != AA_PROCESS_NONE) {
		*ret_entry = table->free_list;
		table->free_list = table->entries[table->free_list].hash_next;
		return 0;
	}
	if (table->used == table->capacity) {
		if (table->capacity > UINT32_MAX / 4)
			return -ENOMEM;
		r = grow((void **)&table->entries, &capacity, sizeof(*table->entries), 256);
		if (r < 0)
			return r;
		table->capacity = (uint32_t)capacity;
	}
	table->entries[table->used] = (struct aa_process){ .used = false };
	*ret_entry = table->used++;
	return 0;
}

static void return_entry(struct aa_process_table *table, uint32_t entry)
{
	table->entries[entry] = (struct aa_process){ .hash_next = table->free_list };
	table->free_list = entry;
}

uint32_t aa_process_add(struct aa_process_table *table, uint32_t tgid, uint64_t start_ns, int64_t row_id,
			bool implied)
{
	uint32_t entry, *bucket;

	if (reserve_bucket(table) < 0 || take_entry(table, &entry) < 0)
		return AA_PROCESS_NONE;
	if (journal(table, entry, true) < 0) {
		return_entry(table, entry);
		return AA_PROCESS_NONE;
	}
	bucket = bucket_of(table, tgid, start_ns);
	table->entries[entry] = (struct aa_process){
		.start_ns = start_ns,
		.row_id = row_id,
		.tgid = tgid,
		.parent = AA_PROCESS_NONE,
		.first_child = AA_PROCESS_NONE,
		.next_sibling = AA_PROCESS_NONE,
		.previous_sibling = AA_PROCESS_NONE,
		.hash_next = *bucket,
		.transaction = table->transaction,
		.used = true,
		.implied = implied,
	};
	*bucket = entry;
	table->count++;
	table->live++;
	return entry;
}

static int journal_links(struct aa_process_table *table, uint32_t process)
{
	const struct aa_process *entry = &table->entries[process];
	const uint32_t touched[] = { process, entry->parent, entry->next_sibling, entry->previous_sibling };

	for (size_t i = 0; i < sizeof(touched) / sizeof(touched[0]); i++) {
		int r = touched[i] == AA_PROCESS_NONE ? 0 : journal(table, touched[i], false);

		if (r < 0)
			return r;
	}
	return 0;
}

static void unlink_child(struct aa_process_table *table, uint32_t process)
{
	struct aa_process *entry = &table->entries[process];

	if (entry->next_sibling != AA_PROCESS_NONE)
		table->entries[entry->next_sibling].previous_sibling = entry->previous_sibling;
	if (entry->previous_sibling != AA_PROCESS_NONE)
		table->entries[entry->previous_sibling].next_sibling = entry->next_sibling;
	else if (entry->parent != AA_PROCESS_NONE && table->entries[entry->parent].first_child == process)
		table->entries[entry->parent].first_child = entry->next_sibling;
	entry->parent = AA_PROCESS_NONE;
	entry->next_sibling = AA_PROCESS_NONE;
	entry->previous_sibling = AA_PROCESS_NONE;
}

int aa_process_set_parent(struct aa_process_table *table, uint32_t process, uint32_t parent)
{
	struct aa_process *entry = &table->entries[process];
	uint32_t sibling = AA_PROCESS_NONE;
	int r = journal_links(table, process);

	if (r == 0 && parent != AA_PROCESS_NONE) {
		sibling = table->entries[parent].first_child;
		r = journal(table, parent, false);
		if (r == 0 && sibling != AA_PROCESS_NONE)
			r = journal(table, sibling, false);
	}
	if (r < 0)
		return r;
	unlink_child(table, process);
	if (parent == AA_PROCESS_NONE || parent == process || entry->exited)
		return 0;
	sibling = table->entries[parent].first_child; /* it may have been this one */
	entry->parent = parent;
	entry->next_sibling = sibling;
	if (sibling != AA_PROCESS_NONE)
		table->entries[sibling].previous_sibling = process;
	table->entries[parent].first_child = process;
	return 0;
}

int aa_process_set_known(struct aa_process_table *table, uint32_t process)
{
	int r = journal(table, process, false);

	if (r == 0)
		table->entries[process].implied = false;
	return r;
}

int aa_process_set_exited(struct aa_process_table *table, uint32_t process)
{
	int r;

	if (table->entries[process].exited)
		return 0;
	if (table->exited_first + table->exited_count == table->exited_capacity) {
		if (table->exited_first > table->exited_capacity / 2) {
			memmove(table->exited, table->exited + table->exited_first,
				table->exited_count * sizeof(*table->exited));
			table->exited_first = 0;
		} else if (grow((void **)&table->exited, &table->exited_capacity, sizeof(*table->exited),
				256) < 0) {
			return -ENOMEM;
		}
	}
	r = journal_links(table, process);
	if (r < 0)
		return r;
	unlink_child(table, process);
	table->entries[process].exited = true;
	table->live--;
	table->exited[table->exited_first + table->exited_count++] = process;
	return 0;
}

void aa_process_table_begin(struct aa_process_table *table)
{
	table->transaction++;
	table->change_count = 0;
	table->exited_before = table->exited_count;
}

static void forget(struct aa_process_table *table, uint32_t process)
{
	struct aa_process *entry = &table->entries[process];
	uint32_t *link = bucket_of(table, entry->tgid, entry->start_ns);

	while (entry->first_child != AA_PROCESS_NONE)
		unlink_child(table, entry->first_child);
	while (*link != process)
		link = &table->entries[*link].hash_next;
	*link = entry->hash_next;
	return_entry(table, process);
	table->count--;
	table->forgot = true;
}

void aa_process_table_commit(struct aa_process_table *table)
{
	table->change_count = 0;
	while (table->exited_count > table->max_exited) {
		forget(table, table->exited[table->exited_first++]);
		table->exited_count--;
	}
}

void aa_process_table_rollback(struct aa_process_table *table)
{
	while (table->change_count > 0) {
		const struct aa_process_change *change = &table->changes[--table->change_count];

		if (change->added)
			table->entries[change->entry] = (struct aa_process){ .used = false };
		else
			table->entries[change->entry] = change->before;
	}
	table->exited_count = table->exited_before;
	rehash(table);
}
