/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of names; see names.h. */
#include "replay/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/array.h"

/* Levels that are followed: PATH_MAX has room for 2,048. What a forged database has below that is nowhere. */
#define MOST_LEVELS 4096

/* Indexes are 32 bits. */
#define MOST_ITEMS (UINT32_MAX - 1)

static const char *name_of(const struct aa_names *names, const struct aa_names_slot *slot)
{
	return names->bytes.data + slot->name;
}

static uint64_t hash_name(uint32_t container, const char *name, size_t size)
{
	return aa_map_hash_bytes(container * UINT64_C(0x9e3779b97f4a7c15), name, size);
}

/* The place in the table of that name, or of where it would be. */
static size_t probe(const struct aa_names *names, uint64_t hash, uint32_t container, const char *name,
		    size_t size)
{
	size_t at = (size_t)hash & (names->table_capacity - 1);

	for (; names->table[at] != 0; at = (at + 1) & (names->table_capacity - 1)) {
		const struct aa_names_slot *slot = &names->slots[names->table[at]];

		if (slot->hash == hash && slot->container == container &&
		    strncmp(name_of(names, slot), name, size) == 0 && name_of(names, slot)[size] == '\0')
			break;
	}
	return at;
}

static int grow_table(struct aa_names *names)
{
	size_t capacity = names->table_capacity > 0 ? names->table_capacity * 2 : 256;
	uint32_t *table = calloc(capacity, sizeof(*table));

	if (!table)
		return -ENOMEM;
	for (uint32_t i = 1; i < names->slot_count; i++) {
		size_t at = (size_t)names->slots[i].hash & (capacity - 1);

		while (table[at] != 0)
			at = (at + 1) & (capacity - 1);
		table[at] = i;
	}
	free(names->table);
	names->table = table;
	names->table_capacity = capacity;
	return 0;
}

static int add_slot(struct aa_names *names, uint32_t container, const char *name, size_t size, uint64_t hash)
{
	struct aa_names_slot *slots = names->slot_count < MOST_ITEMS
					      ? aa_array_grow(names->slots, names->slot_count,
							      &names->slot_capacity, sizeof(*slots))
					      : NULL;

	if (!slots)
		return -ENOMEM;
	names->slots = slots;
	slots[names->slot_count] = (struct aa_names_slot){
		.name = names->bytes.size,
		.hash = hash,
		.container = container,
		.file = AA_NAMES_NONE,
		.inner = AA_NAMES_NONE,
		.first_inner = AA_NAMES_NONE,
		.first_file = AA_NAMES_NONE,
	};
	aa_text_add(&names->bytes, name, size);
	aa_text_add(&names->bytes, "", 1);
	if (names->bytes.failed)
		return -ENOMEM;
	names->slot_count++;
	return 0;
}

static int add_container(struct aa_names *names, uint32_t owner, bool made)
{
	struct aa_names_container *containers = aa_array_grow(
		names->containers, names->container_count, &names->container_capacity, sizeof(*containers));

	if (!containers)
		return -ENOMEM;
	names->containers = containers;
	containers[names->container_count] = (struct aa_names_container){
		.owner = owner,
		.first = owner,
		.made = made,
	};
	names->slots[owner].inner = (uint32_t)names->container_count++;
	if (!made)
		names->slots[owner].first_inner = names->slots[owner].inner;
	return 0;
}

static int begin(struct aa_names *names)
{
	int r = names->slot_count > 0 ? 0 : add_slot(names, AA_NAMES_NONE, "", 0, 0);

	if (r == 0 && names->container_count == 0) {
		names->epoch = 1;
		r = add_container(names, 0, false);
	}
	return r;
}

/* The container of what is below a slot. A second one in its place is of a directory that came later. */
static int enter(struct aa_names *names, uint32_t slot, uint32_t *ret_container)
{
	const struct aa_names_slot *directory = &names->slots[slot];
	bool made = directory->first_inner != AA_NAMES_NONE || directory->before == AA_BEFORE_NO ||
		    (directory->file != AA_NAMES_NONE && names->files[directory->file].created) ||
		    (directory->container != AA_NAMES_NONE && names->containers[directory->container].made);
	int r = directory->inner == AA_NAMES_NONE ? add_container(names, slot, made) : 0;

	*ret_container = names->slots[slot].inner;
	return r;
}

static int find_or_add(struct aa_names *names, uint32_t container, const char *name, size_t size,
		       uint32_t *ret_slot)
{
	uint64_t hash = hash_name(container, name, size);
	size_t at;

	if (names->slot_count >= names->table_capacity / 2 && grow_table(names) < 0)
		return -ENOMEM;
	at = probe(names, hash, container, name, size);
	if (names->table[at] == 0) {
		if (add_slot(names, container, name, size, hash) < 0)
			return -ENOMEM;
		names->table[at] = (uint32_t)names->slot_count - 1;
		names->containers[container].filled = true;
	}
	*ret_slot = names->table[at];
	return 0;
}

int aa_names_resolve(struct aa_names *names, struct aa_names_place *place, uint32_t *ret_slot)
{
	const char *path = place->path;
	uint32_t slot = 0;
	int r = begin(names);

	if (r == 0 && place->epoch != 0 && place->epoch == names->epoch) {
		*ret_slot = place->slot;
		return 0;
	}
	while (r == 0) {
		uint32_t container;
		size_t size;

		path += strspn(path, "/");
		size = strcspn(path, "/");
		if (size == 0)
			break;
		r = enter(names, slot, &container);
		if (r == 0)
			r = find_or_add(names, container, path, size, &slot);
		path += size;
	}
	place->slot = slot;
	place->epoch = r == 0 ? names->epoch : 0;
	*ret_slot = slot;
	return r;
}

/* What the first act about a slot says of the time before. */
static void sight(struct aa_names *names, uint32_t slot, enum aa_names_before before)
{
	struct aa_names_slot *place = &names->slots[slot];

	if (place->touched)
		return;
	place->touched = true;
	if (place->container != AA_NAMES_NONE && names->containers[place->container].made)
		before = AA_BEFORE_NO;
	place->before = (unsigned char)before;
}

static int add_file(struct aa_names *names, const struct aa_names_node *node, char type, bool created,
		    uint32_t *ret_file)
{
	struct aa_names_file *files = names->file_count < MOST_ITEMS
					      ? aa_array_grow(names->files, names->file_count,
							      &names->file_capacity, sizeof(*files))
					      : NULL;

	if (!files)
		return -ENOMEM;
	names->files = files;
	files[names->file_count] = (struct aa_names_file){ .node = *node, .type = type, .created = created };
	*ret_file = (uint32_t)names->file_count++;
	return node->known ? aa_map_set(&names->nodes, node->device, node->inode, *ret_file) : 0;
}

static uint32_t find_node(const struct aa_names *names, const struct aa_names_node *node)
{
	uint32_t file = node->known ? aa_map_find(&names->nodes, node->device, node->inode) : AA_NAMES_NONE;

	/* The number has been given to another file since. */
	if (file != AA_NAMES_NONE && node->has_generation && names->files[file].node.has_generation &&
	    names->files[file].node.generation != node->generation)
		return AA_NAMES_NONE;
	return file;
}

/*
 * The file that is meant: by its inode, else by its name. A file of which only the name was known so far gets the inode
 * of what is found there.
 */
static int identify(struct aa_names *names, const struct aa_names_node *node, uint32_t slot, char type,
		    bool created, uint32_t *ret_file)
{
	uint32_t file = created ? AA_NAMES_NONE : find_node(names, node);
	uint32_t there = slot == AA_NAMES_NONE ? AA_NAMES_NONE : names->slots[slot].file;
	int r = 0;

	if (file == AA_NAMES_NONE && !created && there != AA_NAMES_NONE &&
	    (!node->known || !names->files[there].node.known)) {
		file = there;
		if (node->known) {
			names->files[file].node = *node;
			r = aa_map_set(&names->nodes, node->device, node->inode, file);
		}
	}
	if (r == 0 && file == AA_NAMES_NONE) {
		if (!node->known && slot == AA_NAMES_NONE) {
			*ret_file = AA_NAMES_NONE;
			return 0;
		}
		r = add_file(names, node, type, created, &file);
	}
	/* Some rows of a file have its generation and some have not. */
	if (r == 0 && node->known && node->has_generation)
		names->files[file].node = *node;
	if (r == 0 && type != 0)
		names->files[file].type = type;
	*ret_file = file;
	return r;
}

static void put(struct aa_names *names, uint32_t slot, uint32_t file)
{
	struct aa_names_slot *place = &names->slots[slot];

	place->file = file;
	if (place->before == AA_BEFORE_YES && place->first_file == AA_NAMES_NONE &&
	    !names->files[file].created)
		place->first_file = file;
}

/* Takes a directory's container away. Returns it. */
static uint32_t detach(struct aa_names *names, uint32_t slot)
{
	uint32_t inner = names->slots[slot].inner;

	names->slots[slot].inner = AA_NAMES_NONE;
	if (inner != AA_NAMES_NONE && names->containers[inner].filled)
		names->epoch++;
	return inner;
}

static void attach(struct aa_names *names, uint32_t slot, uint32_t container)
{
	names->slots[slot].inner = container;
	if (container == AA_NAMES_NONE)
		return;
	names->containers[container].owner = slot;
	if (names->containers[container].filled)
		names->epoch++;
}

static bool may_be_directory(const struct aa_names *names, uint32_t file)
{
	char type = file == AA_NAMES_NONE ? 0 : names->files[file].type;

	return type == 0 || type == 'd';
}

/* The container of what may be a directory, to be moved: what will be found in it later came along. */
static int pick_up(struct aa_names *names, uint32_t slot, uint32_t *ret_container)
{
	uint32_t container;

	if (may_be_directory(names, names->slots[slot].file)) {
		int r = enter(names, slot, &container);

		if (r < 0)
			return r;
	}
	*ret_container = detach(names, slot);
	return 0;
}

static int create(struct aa_names *names, const struct aa_names_act *act, struct aa_names_result *result)
{
	struct aa_names_slot *slot;
	int r;

	if (result->slot == AA_NAMES_NONE)
		return identify(names, &act->node, AA_NAMES_NONE, act->type, true, &result->file);
	sight(names, result->slot, AA_BEFORE_NO);
	slot = &names->slots[result->slot];
	if (slot->inner != AA_NAMES_NONE && slot->file == AA_NAMES_NONE) {
		/* The record of a file in it came first: that of a system call is made at its end. */
		if (slot->first_inner == slot->inner)
			slot->first_inner = AA_NAMES_NONE;
		names->containers[slot->inner].made = true;
	} else {
		(void)detach(names, result->slot);
	}
	r = identify(names, &act->node, result->slot, act->type, true, &result->file);
	if (r == 0)
		put(names, result->slot, result->file);
	return r;
}

static int use(struct aa_names *names, const struct aa_names_act *act, struct aa_names_result *result)
{
	int r;

	if (result->slot != AA_NAMES_NONE)
		sight(names, result->slot, AA_BEFORE_YES);
	r = identify(names, &act->node, result->slot, act->type, false, &result->file);
	if (r == 0 && result->slot != AA_NAMES_NONE && result->file != AA_NAMES_NONE)
		put(names, result->slot, result->file);
	return r;
}

static int rename_file(struct aa_names *names, const struct aa_names_act *act, struct aa_names_result *result)
{
	uint32_t from = result->slot, to = result->slot2;
	bool replaced = act->node2.known || names->slots[to].file != AA_NAMES_NONE;
	uint32_t container;
	int r;

	sight(names, to, replaced ? AA_BEFORE_YES : act->is_free ? AA_BEFORE_NO : AA_BEFORE_UNKNOWN);
	if (replaced) {
		r = identify(names, &act->node2, to, 0, false, &result->file2);
		if (r < 0)
			return r;
		put(names, to, result->file2);
	}
	/* Two names of one file: rename(2) does nothing. */
	if (from == to || result->file2 == result->file) {
		result->file2 = AA_NAMES_NONE;
		return 0;
	}
	r = pick_up(names, from, &container);
	if (r < 0)
		return r;
	(void)detach(names, to);
	attach(names, to, container);
	names->slots[from].file = AA_NAMES_NONE;
	put(names, to, result->file);
	return 0;
}

static int exchange(struct aa_names *names, const struct aa_names_act *act, struct aa_names_result *result)
{
	uint32_t from = result->slot, to = result->slot2;
	uint32_t container, container2;
	int r;

	sight(names, to, AA_BEFORE_YES);
	r = identify(names, &act->node2, to, 0, false, &result->file2);
	if (r < 0 || from == to)
		return r;
	put(names, to, result->file2);
	r = pick_up(names, from, &container);
	if (r == 0)
		r = pick_up(names, to, &container2);
	if (r < 0)
		return r;
	attach(names, to, container);
	attach(names, from, container2);
	put(names, from, result->file2);
	put(names, to, result->file);
	return 0;
}

static int link_file(struct aa_names *names, struct aa_names_result *result)
{
	sight(names, result->slot2, AA_BEFORE_NO);
	if (result->file != AA_NAMES_NONE)
		put(names, result->slot2, result->file);
	return 0;
}

/* An act on two names of which one is not known: the other one changes all the same. */
static int apply_half(struct aa_names *names, const struct aa_names_act *act, struct aa_names_result *result)
{
	if (act->what == AA_NAMES_RENAME && result->slot != AA_NAMES_NONE) {
		(void)detach(names, result->slot);
		names->slots[result->slot].file = AA_NAMES_NONE;
	} else if (result->slot2 != AA_NAMES_NONE && act->what != AA_NAMES_EXCHANGE) {
		sight(names, result->slot2, AA_BEFORE_UNKNOWN);
		if (result->file != AA_NAMES_NONE)
			put(names, result->slot2, result->file);
	}
	return 0;
}

static int find_failed(const struct aa_names *names, const struct aa_names_act *act,
		       struct aa_names_result *result)
{
	result->file = find_node(names, &act->node);
	if (result->file == AA_NAMES_NONE && result->slot != AA_NAMES_NONE)
		result->file = names->slots[result->slot].file;
	return 0;
}

int aa_names_apply(struct aa_names *names, const struct aa_names_act *act, struct aa_names_result *ret_result)
{
	struct aa_names_result result = { AA_NAMES_NONE, AA_NAMES_NONE, AA_NAMES_NONE, AA_NAMES_NONE };
	int r = begin(names);

	if (r == 0 && act->place)
		r = aa_names_resolve(names, act->place, &result.slot);
	if (r == 0 && act->place2)
		r = aa_names_resolve(names, act->place2, &result.slot2);
	if (r == 0 && act->what == AA_NAMES_MISSED && result.slot != AA_NAMES_NONE)
		sight(names, result.slot, AA_BEFORE_NO);
	if (r == 0 && act->what >= AA_NAMES_MISSED)
		r = find_failed(names, act, &result);
	else if (r == 0 && act->what == AA_NAMES_CREATE)
		r = create(names, act, &result);
	else if (r == 0)
		r = use(names, act, &result);
	if (r == 0 && act->what == AA_NAMES_REMOVE && result.slot != AA_NAMES_NONE) {
		(void)detach(names, result.slot);
		names->slots[result.slot].file = AA_NAMES_NONE;
	} else if (r == 0 && act->what >= AA_NAMES_RENAME && act->what <= AA_NAMES_LINK) {
		if (result.slot2 == AA_NAMES_NONE ||
		    (result.slot == AA_NAMES_NONE && act->what != AA_NAMES_LINK))
			r = apply_half(names, act, &result);
		else if (act->what == AA_NAMES_RENAME)
			r = rename_file(names, act, &result);
		else if (act->what == AA_NAMES_EXCHANGE)
			r = exchange(names, act, &result);
		else
			r = link_file(names, &result);
	}
	*ret_result = result;
	return r;
}

uint32_t aa_names_first_file(const struct aa_names *names, const char *path)
{
	uint32_t slot = 0;

	if (names->table_capacity == 0)
		return AA_NAMES_NONE;
	for (;;) {
		uint32_t container = names->slots[slot].first_inner;
		size_t size;

		path += strspn(path, "/");
		size = strcspn(path, "/");
		if (size == 0)
			return names->slots[slot].first_file;
		if (container == AA_NAMES_NONE)
			return AA_NAMES_NONE;
		slot = names->table[probe(names, hash_name(container, path, size), container, path, size)];
		if (slot == 0)
			return AA_NAMES_NONE;
		path += size;
	}
}

/*
 * The slots from the root down to this one, the root left out; slots[0] is this one. 0: it is nowhere, or is the root.
 */
static size_t climb(const struct aa_names *names, uint32_t slot, bool first, uint32_t *slots)
{
	size_t count = 0;

	while (slot != 0) {
		uint32_t container = names->slots[slot].container;
		const struct aa_names_container *inside = &names->containers[container];

		if (count == MOST_LEVELS)
			return 0;
		slots[count++] = slot;
		slot = first ? inside->first : inside->owner;
		if (!first && names->slots[slot].inner != container)
			return 0;
	}
	return count;
}

static bool add_path(const struct aa_names *names, uint32_t slot, bool first, struct aa_text_buffer *out)
{
	uint32_t slots[MOST_LEVELS];
	size_t count = climb(names, slot, first, slots);

	if (slot == 0)
		aa_text_add_string(out, "/");
	for (size_t i = count; i-- > 0;) {
		aa_text_add(out, "/", 1);
		aa_text_add_string(out, name_of(names, &names->slots[slots[i]]));
	}
	return slot == 0 || count > 0;
}

bool aa_names_path(const struct aa_names *names, uint32_t slot, struct aa_text_buffer *out)
{
	return add_path(names, slot, false, out);
}

bool aa_names_first_path(const struct aa_names *names, uint32_t slot, struct aa_text_buffer *out)
{
	return add_path(names, slot, true, out);
}

/*
 * Where a directory was renamed to, there was nothing, or an empty directory. Of one that was there and is now elsewhere,
 * nobody knows all that was in it.
 */
static bool was_empty(const struct aa_names_slot *slot)
{
	return slot->before == AA_BEFORE_NO ||
	       (slot->before == AA_BEFORE_UNKNOWN && slot->touched && slot->first_inner == AA_NAMES_NONE);
}

enum aa_names_before aa_names_was_before(const struct aa_names *names, uint32_t slot)
{
	uint32_t slots[MOST_LEVELS];
	size_t count = climb(names, slot, false, slots);
	uint32_t at = 0;

	/* Down again along the names, through the directories that had them first. */
	for (size_t i = count; i-- > 0;) {
		const char *name = name_of(names, &names->slots[slots[i]]);
		uint32_t container = names->slots[at].first_inner;

		uint32_t next = 0;

		if (container != AA_NAMES_NONE)
			next = names->table[probe(names, hash_name(container, name, strlen(name)), container,
						  name, strlen(name))];
		if (next == 0)
			return was_empty(&names->slots[at]) ? AA_BEFORE_NO : AA_BEFORE_UNKNOWN;
		at = next;
	}
	return (enum aa_names_before)names->slots[at].before;
}

void aa_names_release(struct aa_names *names)
{
	free(names->slots);
	free(names->containers);
	free(names->files);
	free(names->table);
	aa_map_release(&names->nodes);
	aa_text_release(&names->bytes);
	*names = (struct aa_names){ 0 };
}
