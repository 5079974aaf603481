/* SPDX-License-Identifier: Apache-2.0 */
/* A set-associative cache: a string has WAYS places where it can be; the one used longest ago is given up. */
#include "intern.h"

#include <stdlib.h>
#include <string.h>

#define WAYS 8

struct entry {
	uint64_t hash;
	int64_t id;
	char *bytes; /* NULL: free */
	uint32_t size;
	uint32_t transaction; /* in which it was added */
	uint64_t used;	      /* tick of the last use */
};

struct aa_intern {
	struct aa_siphash_key key;
	struct entry *entries;
	size_t sets; /* a power of two */
	size_t bytes;
	size_t max_bytes;
	size_t hand; /* where the search for something to give up goes on */
	uint64_t tick;
	uint32_t transaction;
};

struct aa_intern *aa_intern_new(const struct aa_siphash_key *key, size_t places, size_t max_bytes)
{
	struct aa_intern *intern = calloc(1, sizeof(*intern));

	if (!intern)
		return NULL;
	intern->key = *key;
	intern->max_bytes = max_bytes;
	intern->sets = 1;
	while (intern->sets * WAYS < places)
		intern->sets *= 2;
	intern->entries = calloc(intern->sets * WAYS, sizeof(*intern->entries));
	if (!intern->entries) {
		free(intern);
		return NULL;
	}
	return intern;
}

static void drop(struct aa_intern *intern, struct entry *entry)
{
	if (!entry->bytes)
		return;
	intern->bytes -= entry->size;
	free(entry->bytes);
	*entry = (struct entry){ 0 };
}

void aa_intern_free(struct aa_intern *intern)
{
	if (!intern)
		return;
	for (size_t i = 0; i < intern->sets * WAYS; i++)
		free(intern->entries[i].bytes);
	free(intern->entries);
	free(intern);
}

static struct entry *set_of(struct aa_intern *intern, uint64_t hash)
{
	return intern->entries + (hash & (intern->sets - 1)) * WAYS;
}

int64_t aa_intern_find(struct aa_intern *intern, const void *bytes, size_t size)
{
	uint64_t hash = aa_siphash(&intern->key, bytes, size);
	struct entry *set = set_of(intern, hash);

	for (size_t way = 0; way < WAYS; way++) {
		struct entry *entry = &set[way];

		if (entry->bytes && entry->hash == hash && entry->size == size &&
		    memcmp(entry->bytes, bytes, size) == 0) {
			entry->used = ++intern->tick;
			return entry->id;
		}
	}
	return 0;
}

void aa_intern_add(struct aa_intern *intern, const void *bytes, size_t size, int64_t id)
{
	uint64_t hash = aa_siphash(&intern->key, bytes, size);
	struct entry *set = set_of(intern, hash);
	struct entry *place = &set[0];
	size_t places = intern->sets * WAYS;
	char *copy;

	if (size > intern->max_bytes / 4 || size > UINT32_MAX)
		return;
	for (size_t way = 1; way < WAYS; way++)
		if (set[way].used < place->used)
			place = &set[way];
	copy = malloc(size ? size : 1);
	if (!copy)
		return;
	if (size)
		memcpy(copy, bytes, size);
	drop(intern, place);
	for (size_t i = 0; intern->bytes + size > intern->max_bytes && i < places; i++)
		drop(intern, &intern->entries[intern->hand++ & (places - 1)]);
	*place = (struct entry){
		.hash = hash,
		.id = id,
		.bytes = copy,
		.size = (uint32_t)size,
		.transaction = intern->transaction,
		.used = ++intern->tick,
	};
	intern->bytes += size;
}

void aa_intern_begin(struct aa_intern *intern)
{
	intern->transaction++;
}

void aa_intern_rollback(struct aa_intern *intern)
{
	for (size_t i = 0; i < intern->sets * WAYS; i++)
		if (intern->entries[i].transaction == intern->transaction)
			drop(intern, &intern->entries[i]);
}

size_t aa_intern_bytes(const struct aa_intern *intern)
{
	return intern->bytes;
}
