/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Those that have ended and are kept, and those that may live: more than the kernel side has. */
#define MAX_FINISHED 1024
#define MAX_COUNT    65536

static void free_entry(const struct aa_tls_table *table, struct aa_tls_entry *entry)
{
	if (entry->piece.data.data) /* the heap lives on */
		explicit_bzero(entry->piece.data.data, entry->piece.data.capacity);
	aa_text_release(&entry->piece.data);
	if (entry->secrets)
		table->release_secrets(entry->secrets);
	free(entry);
}

void aa_tls_table_release(struct aa_tls_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free_entry(table, table->entries[i]);
	free(table->entries);
	free(table->touched);
	free(table->numbers);
	free(table->sockets);
	*table = (struct aa_tls_table){ .release_secrets = table->release_secrets };
}

/* Numbers come from the kernel side, which counts them up: mixing bits does, an agent cannot choose them. */
static size_t place_of(const struct aa_tls_table *table, uint64_t number)
{
	uint64_t hash = number * 0x9e3779b97f4a7c15u;

	return (hash >> 32 ^ hash >> 50) & (table->bucket_count - 1);
}

static void link_socket(struct aa_tls_table *table, struct aa_tls_entry *entry)
{
	struct aa_tls_entry **place;

	if (!entry->now.owned_socket)
		return;
	place = &table->sockets[place_of(table, entry->now.owned_socket)];
	entry->socket_next = *place;
	*place = entry;
}

static void link_entry(struct aa_tls_table *table, struct aa_tls_entry *entry)
{
	struct aa_tls_entry **place;

	if (entry->number) {
		place = &table->numbers[place_of(table, entry->number)];
		entry->number_next = *place;
		*place = entry;
	}
	link_socket(table, entry);
}

static void rehash(struct aa_tls_table *table)
{
	if (!table->bucket_count)
		return;
	memset(table->numbers, 0, table->bucket_count * sizeof(struct aa_tls_entry *));
	memset(table->sockets, 0, table->bucket_count * sizeof(struct aa_tls_entry *));
	for (size_t i = 0; i < table->count; i++)
		link_entry(table, table->entries[i]);
}

static int reserve_buckets(struct aa_tls_table *table)
{
	size_t bigger = table->bucket_count ? table->bucket_count * 2 : 64;
	struct aa_tls_entry **numbers, **sockets;

	if (table->count < table->bucket_count)
		return 0;
	numbers = calloc(bigger, sizeof(struct aa_tls_entry *));
	sockets = calloc(bigger, sizeof(struct aa_tls_entry *));
	if (!numbers || !sockets) {
		free(numbers);
		free(sockets);
		return -ENOMEM;
	}
	free(table->numbers);
	free(table->sockets);
	table->numbers = numbers;
	table->sockets = sockets;
	table->bucket_count = bigger;
	rehash(table);
	return 0;
}

static int reserve(struct aa_tls_entry ***list, size_t count, size_t *capacity)
{
	size_t bigger = *capacity ? *capacity * 2 : 64;
	struct aa_tls_entry **moved;

	if (count < *capacity)
		return 0;
	moved = reallocarray(*list, bigger, sizeof(struct aa_tls_entry *));
	if (!moved)
		return -ENOMEM;
	*list = moved;
	*capacity = bigger;
	return 0;
}

struct aa_tls_entry *aa_tls_find(const struct aa_tls_table *table, uint64_t number)
{
	struct aa_tls_entry *entry = NULL;

	if (table->bucket_count && number)
		entry = table->numbers[place_of(table, number)];
	while (entry && (entry->number != number || entry->gone))
		entry = entry->number_next;
	return entry;
}

struct aa_tls_entry *aa_tls_find_socket(const struct aa_tls_table *table, uint64_t socket)
{
	struct aa_tls_entry *entry = NULL;

	if (table->bucket_count && socket)
		entry = table->sockets[place_of(table, socket)];
	while (entry && (entry->now.owned_socket != socket || entry->gone))
		entry = entry->socket_next;
	return entry;
}

int aa_tls_change(struct aa_tls_table *table, struct aa_tls_entry *entry)
{
	if (entry->touched)
		return 0;
	if (reserve(&table->touched, table->touched_count, &table->touched_capacity) < 0)
		return -ENOMEM;
	table->touched[table->touched_count++] = entry;
	entry->touched = true;
	entry->before = entry->now;
	entry->gone_before = entry->gone;
	return 0;
}

struct aa_tls_entry *aa_tls_add(struct aa_tls_table *table, uint64_t number)
{
	struct aa_tls_entry *entry;

	if (reserve_buckets(table) < 0 || reserve(&table->entries, table->count, &table->capacity) < 0)
		return NULL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->number = number;
	entry->added = true;
	if (aa_tls_change(table, entry) < 0) {
		free(entry);
		return NULL;
	}
	table->entries[table->count++] = entry;
	link_entry(table, entry);
	return entry;
}

void aa_tls_own_socket(struct aa_tls_table *table, struct aa_tls_entry *entry, uint64_t socket)
{
	bool linked = entry->now.owned_socket != 0;

	entry->now.owned_socket = socket;
	if (linked)
		rehash(table);
	else
		link_socket(table, entry);
}

void aa_tls_table_begin(struct aa_tls_table *table)
{
	table->touched_count = 0;
	table->pass++;
}

/* Removes what is gone, and those that ended longest ago. */
static void shrink(struct aa_tls_table *table)
{
	size_t kept = 0;
	size_t surplus = table->finished > 2 * MAX_FINISHED ? table->finished - MAX_FINISHED : 0;
	size_t beyond = table->count > MAX_COUNT ? table->count - MAX_COUNT : 0;

	table->finished = 0;
	for (size_t i = 0; i < table->count; i++) {
		struct aa_tls_entry *entry = table->entries[i];
		bool drop = entry->gone;

		if (!drop && entry->now.finished && surplus > 0) {
			drop = true;
			surplus--;
		}
		if (!drop && beyond > 0) {
			drop = true;
			beyond--;
		}
		if (drop) {
			table->ending -= entry->now.ending && !entry->now.finished && !entry->gone;
			free_entry(table, entry);
			continue;
		}
		table->finished += entry->now.finished;
		table->entries[kept++] = entry;
	}
	table->count = kept;
	rehash(table);
}

void aa_tls_table_commit(struct aa_tls_table *table)
{
	bool gone = false;

	for (size_t i = 0; i < table->touched_count; i++) {
		struct aa_tls_entry *entry = table->touched[i];

		entry->touched = false;
		entry->added = false;
		gone = gone || entry->gone;
		table->finished += entry->now.finished && !entry->before.finished;
		table->ending += entry->now.ending && !entry->now.finished;
		table->ending -= entry->before.ending && !entry->before.finished;
	}
	table->touched_count = 0;
	if (gone || table->finished > 2 * MAX_FINISHED || table->count > MAX_COUNT)
		shrink(table);
}

void aa_tls_table_rollback(struct aa_tls_table *table)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->touched_count; i++) {
		struct aa_tls_entry *entry = table->touched[i];

		entry->now = entry->before;
		entry->gone = entry->gone_before;
		entry->touched = false;
	}
	table->touched_count = 0;
	for (size_t i = 0; i < table->count; i++) {
		if (table->entries[i]->added)
			free_entry(table, table->entries[i]);
		else
			table->entries[kept++] = table->entries[i];
	}
	table->count = kept;
	rehash(table);
}
