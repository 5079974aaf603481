/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "replay/array.h"

int aa_fields_add(struct aa_fields *fields, const void *name, size_t name_size, const void *value,
		  size_t value_size)
{
	struct aa_field field = { .name = fields->bytes.size,
				  .name_size = name_size,
				  .value = fields->bytes.size + name_size,
				  .value_size = value_size };
	struct aa_field *grown;

	if (fields->count >= AA_FIELDS_COUNT_MAX || name_size > AA_FIELDS_BYTES_MAX ||
	    value_size > AA_FIELDS_BYTES_MAX ||
	    fields->bytes.size + name_size + value_size > AA_FIELDS_BYTES_MAX) {
		fields->cut = true;
		return 0;
	}
	grown = aa_array_grow(fields->items, fields->count, &fields->capacity, sizeof(field));
	if (!grown)
		return -ENOMEM;
	fields->items = grown;
	aa_text_add(&fields->bytes, name, name_size);
	aa_text_add(&fields->bytes, value, value_size);
	if (fields->bytes.failed)
		return -ENOMEM;
	fields->items[fields->count++] = field;
	return 0;
}

int aa_fields_fold(struct aa_fields *fields, const void *value, size_t value_size)
{
	if (fields->count == 0)
		return 0;
	if (fields->bytes.size + value_size + 1 > AA_FIELDS_BYTES_MAX) {
		fields->cut = true;
		return 0;
	}
	aa_text_add(&fields->bytes, " ", 1);
	aa_text_add(&fields->bytes, value, value_size);
	if (fields->bytes.failed)
		return -ENOMEM;
	fields->items[fields->count - 1].value_size += value_size + 1;
	return 0;
}

static bool has_name(const struct aa_fields *fields, size_t i, const char *name)
{
	return fields->items[i].name_size == strlen(name) &&
	       strncasecmp(aa_field_name(fields, i), name, fields->items[i].name_size) == 0;
}

const char *aa_fields_find(const struct aa_fields *fields, const char *name, size_t *ret_size)
{
	for (size_t i = 0; i < fields->count; i++) {
		if (!has_name(fields, i, name))
			continue;
		*ret_size = fields->items[i].value_size;
		return aa_field_value(fields, i);
	}
	*ret_size = 0;
	return NULL;
}

/* "gzip, br ;q=1": the word up to its parameters. */
static bool list_has(const char *list, size_t size, const char *word)
{
	size_t wanted = strlen(word);

	while (size > 0) {
		size_t length = 0, name;

		while (length < size && list[length] != ',')
			length++;
		for (name = 0; name < length && list[name] != ';';)
			name++;
		for (; name > 0 && (*list == ' ' || *list == '\t'); name--, list++, length--, size--)
			continue;
		while (name > 0 && (list[name - 1] == ' ' || list[name - 1] == '\t'))
			name--;
		if (name == wanted && strncasecmp(list, word, wanted) == 0)
			return true;
		length += length < size;
		list += length;
		size -= length;
	}
	return false;
}

bool aa_fields_have(const struct aa_fields *fields, const char *name, const char *word)
{
	for (size_t i = 0; i < fields->count; i++)
		if (has_name(fields, i, name) &&
		    list_has(aa_field_value(fields, i), fields->items[i].value_size, word))
			return true;
	return false;
}

const char *aa_field_name(const struct aa_fields *fields, size_t i)
{
	return fields->bytes.data ? fields->bytes.data + fields->items[i].name : "";
}

const char *aa_field_value(const struct aa_fields *fields, size_t i)
{
	return fields->bytes.data ? fields->bytes.data + fields->items[i].value : "";
}

void aa_fields_clear(struct aa_fields *fields)
{
	aa_text_clear(&fields->bytes);
	fields->count = 0;
	fields->cut = false;
}

void aa_fields_release(struct aa_fields *fields)
{
	aa_text_release(&fields->bytes);
	free(fields->items);
	*fields = (struct aa_fields){ 0 };
}
