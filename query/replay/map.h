/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers to places in arrays: ids, inodes. Entries are never removed, only set anew. */
#ifndef AA_QUERY_MAP_H
#define AA_QUERY_MAP_H

#include <stddef.h>
#include <stdint.h>

#define AA_MAP_NONE UINT32_MAX

struct aa_map_entry {
	uint64_t key;
	uint64_t key2;
	uint32_t value; /* plus one; 0: free */
};

/* Zero-initialise. */
struct aa_map {
	struct aa_map_entry *entries;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

/*
 * Mixes a number into a hash. Its start is drawn once per process: who made a database cannot know which keys collide.
 */
uint64_t aa_map_hash(uint64_t hash, uint64_t value);
uint64_t aa_map_hash_bytes(uint64_t hash, const char *bytes, size_t size);

/* The place of (key, key2), or AA_MAP_NONE. */
uint32_t aa_map_find(const struct aa_map *map, uint64_t key, uint64_t key2);

/* 0 or -ENOMEM. */
int aa_map_set(struct aa_map *map, uint64_t key, uint64_t key2, uint32_t value);
void aa_map_release(struct aa_map *map);

#endif
