// SPDX-License-Identifier: Apache-2.0
/* See btf_check.h. Numbers of the format are fixed by the kernel's ABI (include/uapi/linux/btf.h). */
#include "btf_check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define MAGIC	      0xeb9fu
#define MAGIC_SWAPPED 0x9febu
#define TYPE_ID_MAX   0xfffffu /* BTF_MAX_TYPE is this, and the kernel's own has some 150,000 */

enum {
	KIND_INT = 1,
	KIND_PTR,
	KIND_ARRAY,
	KIND_STRUCT,
	KIND_UNION,
	KIND_ENUM,
	KIND_FWD,
	KIND_TYPEDEF,
	KIND_VOLATILE,
	KIND_CONST,
	KIND_RESTRICT,
	KIND_FUNC,
	KIND_FUNC_PROTO,
	KIND_VAR,
	KIND_DATASEC,
	KIND_FLOAT,
	KIND_DECL_TAG,
	KIND_TYPE_TAG,
	KIND_ENUM64,
};

struct header {
	uint16_t magic;
	uint8_t version;
	uint8_t flags;
	uint32_t header_size;
	uint32_t type_offset; /* both from the end of the header */
	uint32_t type_size;
	uint32_t string_offset;
	uint32_t string_size;
};

struct type {
	uint32_t name;
	uint32_t info;
	uint32_t size_or_type;
};

struct checker {
	const uint8_t *types;
	const char *strings;
	uint32_t type_size;
	uint32_t string_size;
	uint32_t *offsets; /* of type id, from 1 */
	uint32_t count;	   /* of types, void included */
	const char *why;
};

static int refuse(struct checker *checker, const char *why)
{
	checker->why = why;
	return -EINVAL;
}

static int check_header(struct checker *checker, const uint8_t *data, size_t size)
{
	struct header header = { 0 };
	uint64_t left;

	memcpy(&header, data, size < sizeof(header) ? size : sizeof(header));
	if (header.magic == MAGIC_SWAPPED)
		return refuse(checker, "BTF of a machine with another byte order");
	if (header.magic != MAGIC)
		return refuse(checker, "not BTF");
	if (size < sizeof(header))
		return refuse(checker, "truncated BTF");
	if (header.version != 1)
		return refuse(checker, "BTF of an unknown version");
	if (header.header_size < sizeof(header) || header.header_size > size)
		return refuse(checker, "damaged BTF: impossible header length");
	left = size - header.header_size;
	if ((uint64_t)header.type_offset + header.type_size > left ||
	    (uint64_t)header.string_offset + header.string_size > left)
		return refuse(checker, "truncated BTF");
	/* What libbpf demands: types first, aligned, strings behind. */
	if (header.type_offset % 4 != 0 || header.header_size % 4 != 0 ||
	    header.type_offset + header.type_size > header.string_offset || header.type_size == 0)
		return refuse(checker, "damaged BTF: impossible layout");
	checker->types = data + header.header_size + header.type_offset;
	checker->strings = (const char *)data + header.header_size + header.string_offset;
	checker->type_size = header.type_size;
	checker->string_size = header.string_size;
	if (header.string_size == 0 || checker->strings[0] != '\0' ||
	    checker->strings[header.string_size - 1] != '\0')
		return refuse(checker, "damaged BTF: strings without end");
	return 0;
}

static struct type type_at(const struct checker *checker, uint32_t offset)
{
	struct type type;

	memcpy(&type, checker->types + offset, sizeof(type));
	return type;
}

static uint32_t kind_of(const struct type *type)
{
	return type->info >> 24 & 0x1f;
}

static uint32_t length_of(const struct type *type)
{
	return type->info & 0xffff;
}

/* Bytes that follow the common part; -1 for a kind that nobody knows yet. */
static int64_t tail_size(const struct type *type)
{
	int64_t length = length_of(type);

	switch (kind_of(type)) {
	case KIND_PTR:
	case KIND_FWD:
	case KIND_TYPEDEF:
	case KIND_VOLATILE:
	case KIND_CONST:
	case KIND_RESTRICT:
	case KIND_FUNC:
	case KIND_FLOAT:
	case KIND_TYPE_TAG:
		return 0;
	case KIND_INT:
	case KIND_VAR:
	case KIND_DECL_TAG:
		return 4;
	case KIND_ARRAY:
		return 12;
	case KIND_ENUM:
	case KIND_FUNC_PROTO:
		return length * 8;
	case KIND_STRUCT:
	case KIND_UNION:
	case KIND_DATASEC:
	case KIND_ENUM64:
		return length * 12;
	default:
		return -1;
	}
}

/* Where each type begins. */
static int index_types(struct checker *checker)
{
	uint32_t capacity = 0, offset = 0;

	checker->count = 1;
	while (offset < checker->type_size) {
		struct type type;
		int64_t tail;

		if (checker->type_size - offset < sizeof(type))
			return refuse(checker, "damaged BTF: a type is cut off");
		type = type_at(checker, offset);
		tail = tail_size(&type);
		if (tail < 0)
			return refuse(checker, "BTF with a kind of type that is unknown here");
		if (checker->type_size - offset - sizeof(type) < (uint64_t)tail)
			return refuse(checker, "damaged BTF: a type is cut off");
		if (checker->count > TYPE_ID_MAX)
			return refuse(checker, "damaged BTF: too many types");
		if (checker->count >= capacity) {
			uint32_t more = capacity != 0 ? capacity * 2 : 1024;
			uint32_t *grown = realloc(checker->offsets, more * sizeof(*grown));

			if (!grown)
				return refuse(checker, "out of memory");
			checker->offsets = grown;
			capacity = more;
		}
		checker->offsets[checker->count++] = offset;
		offset += (uint32_t)sizeof(type) + (uint32_t)tail;
	}
	return 0;
}

static bool name_good(const struct checker *checker, uint32_t name)
{
	return name < checker->string_size;
}

static bool id_good(const struct checker *checker, uint32_t id)
{
	return id < checker->count;
}

/* Whether all words of the tail that are names or type ids are good. */
static bool tail_good(const struct checker *checker, uint32_t offset, const struct type *type)
{
	const uint8_t *tail = checker->types + offset + sizeof(*type);
	uint32_t kind = kind_of(type), length = length_of(type), words[3];

	if (kind == KIND_ARRAY) {
		memcpy(words, tail, sizeof(words));
		return id_good(checker, words[0]) && id_good(checker, words[1]);
	}
	for (uint32_t i = 0; i < length; i++) {
		switch (kind) {
		case KIND_STRUCT:
		case KIND_UNION:
			memcpy(words, tail + (size_t)i * 12, sizeof(words));
			if (!name_good(checker, words[0]) || !id_good(checker, words[1]))
				return false;
			break;
		case KIND_ENUM:
			memcpy(words, tail + (size_t)i * 8, 8);
			if (!name_good(checker, words[0]))
				return false;
			break;
		case KIND_ENUM64:
			memcpy(words, tail + (size_t)i * 12, sizeof(words));
			if (!name_good(checker, words[0]))
				return false;
			break;
		case KIND_FUNC_PROTO:
			memcpy(words, tail + (size_t)i * 8, 8);
			if (!name_good(checker, words[0]) || !id_good(checker, words[1]))
				return false;
			break;
		case KIND_DATASEC:
			memcpy(words, tail + (size_t)i * 12, sizeof(words));
			if (!id_good(checker, words[0]))
				return false;
			break;
		default:
			return true; /* FUNC keeps its linkage there */
		}
	}
	return true;
}

static bool refers(uint32_t kind)
{
	switch (kind) {
	case KIND_PTR:
	case KIND_TYPEDEF:
	case KIND_VOLATILE:
	case KIND_CONST:
	case KIND_RESTRICT:
	case KIND_FUNC:
	case KIND_FUNC_PROTO:
	case KIND_VAR:
	case KIND_DECL_TAG:
	case KIND_TYPE_TAG:
		return true;
	default:
		return false;
	}
}

/*
 * What libbpf follows until it meets something else: a chain that comes back would keep it for ever. Arrays
 * are followed too, because an array of itself is as endless for sizes.
 */
static bool chain_ends(const struct checker *checker, uint32_t id)
{
	for (unsigned steps = 0; steps < 64; steps++) {
		struct type type;
		uint32_t element;

		if (id == 0)
			return true;
		type = type_at(checker, checker->offsets[id]);
		switch (kind_of(&type)) {
		case KIND_TYPEDEF:
		case KIND_VOLATILE:
		case KIND_CONST:
		case KIND_RESTRICT:
		case KIND_TYPE_TAG:
			id = type.size_or_type;
			break;
		case KIND_ARRAY:
			memcpy(&element, checker->types + checker->offsets[id] + sizeof(type),
			       sizeof(element));
			id = element;
			break;
		default:
			return true;
		}
	}
	return false;
}

static int check_types(struct checker *checker)
{
	for (uint32_t id = 1; id < checker->count; id++) {
		struct type type = type_at(checker, checker->offsets[id]);

		if (!name_good(checker, type.name) || !tail_good(checker, checker->offsets[id], &type) ||
		    (refers(kind_of(&type)) && !id_good(checker, type.size_or_type)))
			return refuse(checker,
				      "BTF that refers to what is not in it (damaged, or a module's)");
	}
	for (uint32_t id = 1; id < checker->count; id++) {
		if (!chain_ends(checker, id))
			return refuse(checker, "damaged BTF: a type that refers to itself");
	}
	return 0;
}

int aa_btf_check(const void *data, size_t size, const char **ret_why)
{
	struct checker checker = { 0 };
	int r = check_header(&checker, data, size);

	if (r == 0)
		r = index_types(&checker);
	if (r == 0)
		r = check_types(&checker);
	free(checker.offsets);
	if (r < 0)
		*ret_why = checker.why;
	return r;
}
