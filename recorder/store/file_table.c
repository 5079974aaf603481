/* SPDX-License-Identifier: Apache-2.0 */
#include "file_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct aa_file_journal {
	struct aa_file before;
	uint32_t entry;
};

void aa_file_table_init(struct aa_file_table *table, uint32_t max_count)
{
	*table = (struct aa_file_table){ .free_list = AA_FILE_NONE,
					 .oldest = AA_FILE_NONE,
					 .newest = AA_FILE_NONE,
					 .max_count = max_count };
}

void aa_file_table_release(struct aa_file_table *table)
{
	free(table->entries);
	free(table->buckets);
	free(table->changes);
	aa_file_table_init(table, table->max_count);
}

/* Ids come from the kernel side, which counts them up: mixing bits does, an agent cannot choose them. */
static uint32_t *bucket_of(const struct aa_file_table *table, uint64_t open)
{
	uint64_t hash = open * 0x9e3779b97f4a7c15u;

	return &table->buckets[(hash >> 32 ^ hash >> 50) & (table->bucket_count - 1)];
}

/* Puts every entry into its chain or the list of free ones. */
static void rehash(struct aa_file_table *table)
{
	table->free_list = AA_FILE_NONE;
	table->count = 0;
	if (table->bucket_count)
		memset(table->buckets, 0xff, table->bucket_count * sizeof(*table->buckets));
	for (uint32_t i = 0; i < table->taken; i++) {
		struct aa_file *file = &table->entries[i];
		uint32_t *place = file->used ? bucket_of(table, file->open) : &table->free_list;

		table->count += file->used;
		file->hash_next = *place;
		*place = i;
	}
}

static int reserve_bucket(struct aa_file_table *table)
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

uint32_t aa_file_find(const struct aa_file_table *table, uint64_t open)
{
	uint32_t i;

	if (!table->bucket_count)
		return AA_FILE_NONE;
	for (i = *bucket_of(table, open); i != AA_FILE_NONE; i = table->entries[i].hash_next)
		if (table->entries[i].open == open)
			break;
	return i;
}

int aa_file_change(struct aa_file_table *table, uint32_t file)
{
	struct aa_file *entry = &table->entries[file];

	if (entry->transaction == table->transaction)
		return 0;
	if (table->change_count == table->change_capacity) {
		size_t bigger = table->change_capacity ? table->change_capacity * 2 : 256;
		struct aa_file_journal *moved = reallocarray(table->changes, bigger, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		table->changes = moved;
		table->change_capacity = bigger;
	}
	table->changes[table->change_count++] = (struct aa_file_journal){ .before = *entry, .entry = file };
	entry->transaction = table->transaction;
	return 0;
}

static int take_entry(struct aa_file_table *table, uint32_t *ret_entry)
{
	if (table->free_list != AA_FILE_NONE) {
		*ret_entry = table->free_list;
		if (aa_file_change(table, *ret_entry) < 0)
			return -ENOMEM;
		table->free_list = table->entries[*ret_entry].hash_next;
		return 0;
	}
	if (table->taken == table->capacity) {
		uint32_t bigger = table->capacity ? table->capacity * 2 : 256;
		struct aa_file *moved = reallocarray(table->entries, bigger, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		table->entries = moved;
		table->capacity = bigger;
	}
	*ret_entry = table->taken;
	table->entries[*ret_entry] = (struct aa_file){ .transaction = table->transaction - 1 };
	if (aa_file_change(table, *ret_entry) < 0)
		return -ENOMEM;
	table->taken++;
	return 0;
}

int aa_file_remove(struct aa_file_table *table, uint32_t file)
{
	struct aa_file *entry = &table->entries[file];
	uint32_t *link = bucket_of(table, entry->open);

	if (aa_file_change(table, file) < 0 ||
	    (entry->older != AA_FILE_NONE && aa_file_change(table, entry->older) < 0) ||
	    (entry->newer != AA_FILE_NONE && aa_file_change(table, entry->newer) < 0))
		return -ENOMEM;
	if (entry->older != AA_FILE_NONE)
		table->entries[entry->older].newer = entry->newer;
	else
		table->oldest = entry->newer;
	if (entry->newer != AA_FILE_NONE)
		table->entries[entry->newer].older = entry->older;
	else
		table->newest = entry->older;
	while (*link != file)
		link = &table->entries[*link].hash_next;
	*link = entry->hash_next;
	entry->used = false;
	entry->hash_next = table->free_list;
	table->free_list = file;
	table->count--;
	return 0;
}

uint32_t aa_file_add(struct aa_file_table *table, uint64_t open)
{
	uint32_t file, *bucket;

	if (table->count >= table->max_count) {
		if (aa_file_remove(table, table->oldest) < 0)
			return AA_FILE_NONE;
		table->forgot = true;
	}
	if (reserve_bucket(table) < 0 ||
	    (table->newest != AA_FILE_NONE && aa_file_change(table, table->newest) < 0) ||
	    take_entry(table, &file) < 0)
		return AA_FILE_NONE;
	bucket = bucket_of(table, open);
	table->entries[file] = (struct aa_file){
		.open = open,
		.used = true,
		.hash_next = *bucket,
		.older = table->newest,
		.newer = AA_FILE_NONE,
		.transaction = table->transaction,
	};
	*bucket = file;
	if (table->newest != AA_FILE_NONE)
		table->entries[table->newest].newer = file;
	else
		table->oldest = file;
	table->newest = file;
	table->count++;
	return file;
}

void aa_file_table_begin(struct aa_file_table *table)
{
	table->transaction++;
	table->change_count = 0;
	table->oldest_before = table->oldest;
	table->newest_before = table->newest;
	table->forgot_before = table->forgot;
}

void aa_file_table_rollback(struct aa_file_table *table)
{
	for (; table->change_count > 0; table->change_count--) {
		const struct aa_file_journal *change = &table->changes[table->change_count - 1];

		table->entries[change->entry] = change->before;
	}
	table->oldest = table->oldest_before;
	table->newest = table->newest_before;
	table->forgot = table->forgot_before;
	rehash(table);
}
