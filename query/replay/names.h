/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and the files behind them, as the rows of a session change them: which file had a name when, and where a name
 * went. Pure: takes acts in order, keeps a tree of names.
 *
 * A slot is one name in one directory. A file is known by (device, inode, generation), or, where only names were
 * recorded (the portable tier), by the slot that it is in until a later row tells its inode. What is in a directory
 * hangs in a container, so that renaming the directory moves one container and not all names below it.
 */
#ifndef AA_QUERY_NAMES_H
#define AA_QUERY_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/map.h"
#include "text.h"

#define AA_NAMES_NONE UINT32_MAX

/* Was there something of that name when the session began? */
enum aa_names_before {
	AA_BEFORE_UNKNOWN,
	AA_BEFORE_YES,
	AA_BEFORE_NO,
};

/* What an act does to names. */
enum aa_names_what {
	AA_NAMES_USE,	 /* nothing: the file is used */
	AA_NAMES_CREATE, /* a new file at path */
	AA_NAMES_REMOVE,
	AA_NAMES_RENAME,   /* path to path2 */
	AA_NAMES_EXCHANGE, /* path and path2 change places */
	AA_NAMES_LINK,	   /* path2 is one more name of the file */
	AA_NAMES_MISSED,   /* path was looked for, and was not there */
	AA_NAMES_FAILED,   /* anything else that failed: changes nothing */
};

/* A path, and where it was found last. Zero-initialise but for the path. */
struct aa_names_place {
	const char *path; /* absolute */
	uint32_t slot;
	uint32_t epoch; /* when that was; 0: never */
};

struct aa_names_node {
	bool known;
	bool has_generation;
	uint64_t device;
	uint64_t inode;
	int64_t generation;
};

struct aa_names_act {
	enum aa_names_what what;
	struct aa_names_place *place; /* NULL: no path, or one that leads nowhere */
	struct aa_names_place *place2;
	struct aa_names_node node;
	struct aa_names_node node2; /* rename: what was at path2; exchange: likewise */
	bool is_free;		    /* rename: there was nothing at path2, if node2 is not known */
	char type;		    /* first letter of its type in the database, 'p' for fifo, 0: not known */
};

/* Which files and slots an act was about; AA_NAMES_NONE: none. */
struct aa_names_result {
	uint32_t file;
	uint32_t file2; /* what lost its name to a rename, or changed places */
	uint32_t slot;
	uint32_t slot2;
};

struct aa_names_slot {
	size_t name; /* offset in the names' bytes */
	uint64_t hash;
	uint32_t container;   /* the directory's; AA_NAMES_NONE: this is the root */
	uint32_t file;	      /* that has this name now, or AA_NAMES_NONE */
	uint32_t inner;	      /* container, where something below it is known */
	uint32_t first_inner; /* container of the directory that was here when the session began */
	uint32_t first_file;  /* file that was here then */
	unsigned char before; /* enum aa_names_before */
	bool touched;	      /* an act was about it */
};

struct aa_names_container {
	uint32_t owner; /* slot of the directory */
	uint32_t first; /* its first slot */
	bool made;	/* the directory was made in this session: nothing was in it before */
	bool filled;	/* has slots */
};

struct aa_names_file {
	struct aa_names_node node;
	char type;
	bool created; /* in this session */
};

/* Zero-initialise; aa_names_release. */
struct aa_names {
	struct aa_names_slot *slots; /* 0 is the root */
	size_t slot_count, slot_capacity;
	struct aa_names_container *containers; /* 0 is the root's */
	size_t container_count, container_capacity;
	struct aa_names_file *files;
	size_t file_count, file_capacity;
	uint32_t *table; /* slots by container and name */
	size_t table_capacity;
	struct aa_map nodes; /* files by device and inode */
	struct aa_text_buffer bytes;
	uint32_t epoch; /* changes when paths lead elsewhere */
};

/* 0 or -ENOMEM. */
int aa_names_apply(struct aa_names *names, const struct aa_names_act *act,
		   struct aa_names_result *ret_result);

/* The slot that the path leads to now; made where there is none, untouched. 0 or -ENOMEM. */
int aa_names_resolve(struct aa_names *names, struct aa_names_place *place, uint32_t *ret_slot);

/* The file that had this path when the session began, as far as was seen; or AA_NAMES_NONE. */
uint32_t aa_names_first_file(const struct aa_names *names, const char *path);

/* Appends the path that a slot has now. False if it is in a directory that is no more. */
bool aa_names_path(const struct aa_names *names, uint32_t slot, struct aa_text_buffer *out);

/* Appends the path that it had when its directories were first seen. */
bool aa_names_first_path(const struct aa_names *names, uint32_t slot, struct aa_text_buffer *out);

/* Was there something at the path that this slot has now, when the session began? */
enum aa_names_before aa_names_was_before(const struct aa_names *names, uint32_t slot);

void aa_names_release(struct aa_names *names);

#endif
