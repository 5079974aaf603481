/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table with linear probing; see map.h. */
#include "replay/map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t seed(void)
{
	static uint64_t value;

	/* Without random bytes the answers are the same, only slower for who has made his keys collide. */
	if (value == 0 && (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value) || value == 0))
		value = UINT64_C(0x9e3779b97f4a7c15);
	return value;
}

/* The finalizer of MurmurHash3 behind a keyed sum. */
uint64_t aa_map_hash(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) + seed();
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}

uint64_t aa_map_hash_bytes(uint64_t hash, const char *bytes, size_t size)
{
	hash ^= seed();
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
	return aa_map_hash(hash, size);
}

static size_t probe(const struct aa_map *map, uint64_t key, uint64_t key2)
{
	size_t at = (size_t)aa_map_hash(aa_map_hash(0, key), key2) & (map->capacity - 1);

	while (map->entries[at].value != 0 && (map->entries[at].key != key || map->entries[at].key2 != key2))
		at = (at + 1) & (map->capacity - 1);
	return at;
}

uint32_t aa_map_find(const struct aa_map *map, uint64_t key, uint64_t key2)
{
	if (map->capacity == 0)
		return AA_MAP_NONE;
	return map->entries[probe(map, key, key2)].value - 1;
}

static int grow(struct aa_map *map)
{
	struct aa_map larger = { .capacity = map->capacity > 0 ? map->capacity * 2 : 64,
				 .count = map->count };

	larger.entries = calloc(larger.capacity, sizeof(*larger.entries));
	if (!larger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < map->capacity; i++) {
		const struct aa_map_entry *entry = &map->entries[i];

		if (entry->value != 0)
			larger.entries[probe(&larger, entry->key, entry->key2)] = *entry;
	}
	free(map->entries);
	*map = larger;
	return 0;
}

int aa_map_set(struct aa_map *map, uint64_t key, uint64_t key2, uint32_t value)
{
	struct aa_map_entry *entry;

	if (map->count >= map->capacity / 2 && grow(map) < 0)
		return -ENOMEM;
	entry = &map->entries[probe(map, key, key2)];
	map->count += entry->value == 0;
	*entry = (struct aa_map_entry){ .key = key, .key2 = key2, .value = value + 1 };
	return 0;
}

void aa_map_release(struct aa_map *map)
{
	free(map->entries);
	*map = (struct aa_map){ 0 };
}
