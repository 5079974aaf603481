/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields of a message, in order, as bytes. Bounded: who made them may be anybody. */
#ifndef AA_QUERY_FIELDS_H
#define AA_QUERY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* More is not kept. */
#define AA_FIELDS_BYTES_MAX ((size_t)256 * 1024)
#define AA_FIELDS_COUNT_MAX 1000

struct aa_field {
	size_t name; /* where it stands in bytes */
	size_t name_size;
	size_t value;
	size_t value_size;
};

/* Zero-initialise. */
struct aa_fields {
	struct aa_text_buffer bytes;
	struct aa_field *items;
	size_t count;
	size_t capacity;
	bool cut; /* there were more */
};

/* 0, also when it is too much and so only marked; or -ENOMEM. */
int aa_fields_add(struct aa_fields *fields, const void *name, size_t name_size, const void *value,
		  size_t value_size);

/* Appends to the value of the last one, behind a space: a folded line. */
int aa_fields_fold(struct aa_fields *fields, const void *value, size_t value_size);

/* The value of the first field of that name, which is compared without case; NULL if there is none. */
const char *aa_fields_find(const struct aa_fields *fields, const char *name, size_t *ret_size);

/* True if the comma-separated values of the fields of that name hold this word, compared without case. */
bool aa_fields_have(const struct aa_fields *fields, const char *name, const char *word);

const char *aa_field_name(const struct aa_fields *fields, size_t i);
const char *aa_field_value(const struct aa_fields *fields, size_t i);

void aa_fields_clear(struct aa_fields *fields);
void aa_fields_release(struct aa_fields *fields);

#endif
