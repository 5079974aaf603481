/* SPDX-License-Identifier: Apache-2.0 */
/* A row of s<N>_file on its way into the database, and its texts. */
#ifndef AA_STORE_SINK_FILE_H
#define AA_STORE_SINK_FILE_H

#include "store_private.h"

/* Beside AA_TEXT_*: the text, or the directory that a relative one is in, did not come. */
#define AA_FILE_TEXT_MISSING 0x8000u

struct aa_file_path {
	int64_t id;	/* of string, 0: none */
	uint16_t flags; /* AA_TEXT_*, AA_FILE_TEXT_MISSING */
};

struct aa_file_row {
	const struct aa_header *header;
	const struct aa_node *node;
	const struct aa_node *node2; /* or NULL */
	uint32_t error;
	int32_t fd;	  /* -1: none */
	uint32_t marks;	  /* AA_FILE_* */
	int64_t open_row; /* 0: none */
	struct aa_file_path path, path2, target;
	const char *source; /* "kernel", "user" or NULL */
	const char *fstype; /* escaped, or NULL */
	bool excluded;	    /* --exclude names all its paths: nothing was interned */
};

#define AA_FILE_WANTS_PATH   0x1u
#define AA_FILE_WANTS_PATH2  0x2u
#define AA_FILE_WANTS_TARGET 0x4u
#define AA_FILE_WANTS_FSTYPE 0x8u

/*
 * Takes from the texts of a record what it is to have, interned. A path that does not come keeps what it is in file (from
 * the open file), else it is marked as missing. Bytes that are missing become a gap row.
 */
int aa_file_paths(struct aa_session *session, struct aa_file_row *file, uint32_t texts, uint32_t wants,
		  struct aa_error *error);

/* What of the texts a kind of record has: AA_FILE_WANTS_*. */
uint32_t aa_file_wants(unsigned kind);

/*
 * Stores the row of a record, file.excluded being false. sums: what CLOSE and IO add, or NULL if that is not known. Asks
 * for the contents of its file if they are wanted.
 */
int aa_file_row_store(struct aa_session *session, const struct aa_file_row *file,
		      const struct aa_event *event, const struct aa_file_sums *sums, int64_t *ret_id,
		      struct aa_error *error);

/* Counts a record that is left out on request. */
void aa_session_exclude(struct aa_session *session, const struct aa_header *header);

#endif
