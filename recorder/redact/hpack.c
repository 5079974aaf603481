/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block without secrets stays as it is. From the first with one on, all blocks of the direction are encoded without the
 * dynamic table, the first of them with an update of its size to 0: so a reader that has decoded what was before decodes
 * all that follows.
 */
#include "hpack.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

/* Most bytes that a block may become, each field with 32 more as RFC 7541 counts: 256 KiB of references may be 1 GiB. */
#define MAX_DECODED ((size_t)1 << 20)
#define MAX_TABLE   ((size_t)1 << 20) /* browsers allow 64 KiB */
#define FIELD_EXTRA 32

struct field {
	size_t name, name_size, value, value_size; /* places in text */
};

int aa_hpack_init(struct aa_hpack *hpack)
{
	memset(hpack, 0, sizeof(*hpack));
	hpack->table_size = NGHTTP2_DEFAULT_HEADER_TABLE_SIZE;
	return nghttp2_hd_inflate_new(&hpack->inflater) == 0 ? 0 : -ENOMEM;
}

void aa_hpack_release(struct aa_hpack *hpack)
{
	if (hpack->inflater)
		nghttp2_hd_inflate_del(hpack->inflater);
	if (hpack->deflater)
		nghttp2_hd_deflate_del(hpack->deflater);
	if (hpack->text.data)
		explicit_bzero(hpack->text.data, hpack->text.capacity);
	aa_text_release(&hpack->text);
}

/*
 * Only grows: whether a smaller size was in force already when a block was encoded is not to be seen, and the encoder says
 * in the block what it uses.
 */
void aa_hpack_allow(struct aa_hpack *hpack, uint32_t table_size)
{
	size_t size = table_size < MAX_TABLE ? table_size : MAX_TABLE;

	if (size <= hpack->table_size || hpack->lost)
		return;
	hpack->table_size = size;
	if (nghttp2_hd_inflate_change_table_size(hpack->inflater, size) != 0)
		hpack->lost = true;
}

struct fields {
	struct field *items;
	size_t count, capacity;
	size_t decoded;
	bool too_many;
};

static int keep(struct aa_hpack *hpack, struct fields *fields, const nghttp2_nv *nv)
{
	struct field *grown;

	fields->decoded += nv->namelen + nv->valuelen + FIELD_EXTRA;
	if (fields->decoded > MAX_DECODED) {
		fields->too_many = true;
		return 0;
	}
	if (fields->count == fields->capacity) {
		fields->capacity = fields->capacity ? fields->capacity * 2 : 32;
		grown = reallocarray(fields->items, fields->capacity, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		fields->items = grown;
	}
	fields->items[fields->count++] = (struct field){
		.name = hpack->text.size,
		.name_size = nv->namelen,
		.value = hpack->text.size + nv->namelen,
		.value_size = nv->valuelen,
	};
	aa_text_add(&hpack->text, nv->name, nv->namelen);
	aa_text_add(&hpack->text, nv->value, nv->valuelen);
	return hpack->text.failed ? -ENOMEM : 0;
}

/* Returns 0; hpack->lost if the block is none that can be decoded. */
static int decode(struct aa_hpack *hpack, const uint8_t *block, size_t size, struct fields *fields)
{
	int flags = 0, r;

	aa_text_clear(&hpack->text);
	while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
		nghttp2_nv nv;
		ssize_t used = nghttp2_hd_inflate_hd2(hpack->inflater, &nv, &flags, block, size, 1);

		if (used == NGHTTP2_ERR_NOMEM)
			return -ENOMEM;
		if (used < 0 ||
		    (used == 0 && !(flags & (NGHTTP2_HD_INFLATE_EMIT | NGHTTP2_HD_INFLATE_FINAL)))) {
			hpack->lost = true;
			return 0;
		}
		block += used;
		size -= (size_t)used;
		if (flags & NGHTTP2_HD_INFLATE_EMIT) {
			r = keep(hpack, fields, &nv);
			if (r < 0)
				return r;
		}
	}
	if (nghttp2_hd_inflate_end_headers(hpack->inflater) != 0)
		hpack->lost = true;
	return 0;
}

static int search(struct aa_hpack *hpack, const struct aa_redactor *redactor, const struct fields *fields,
		  struct aa_pass *pass)
{
	int r = 0;

	for (size_t i = 0; i < fields->count && r == 0; i++) {
		const struct field *field = &fields->items[i];
		uint8_t *text = (uint8_t *)hpack->text.data;
		const struct aa_header_rule *rule =
			aa_rule_find(redactor, text + field->name, field->name_size);

		pass->bytes = text + field->value;
		pass->size = field->value_size;
		pass->last = true;
		r = rule ? aa_search_value(redactor, rule, pass) : aa_search_text(redactor, pass);
	}
	return r;
}

static int encode(struct aa_hpack *hpack, const struct fields *fields, struct aa_text_buffer *ret_block)
{
	size_t before = ret_block->size, room;
	nghttp2_nv *nv = calloc(fields->count + 1, sizeof(*nv));
	uint8_t *block;
	ssize_t n;

	if (!nv)
		return -ENOMEM;
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->items[i];

		nv[i].name = (uint8_t *)hpack->text.data + field->name;
		nv[i].namelen = field->name_size;
		nv[i].value = (uint8_t *)hpack->text.data + field->value;
		nv[i].valuelen = field->value_size;
		nv[i].flags = NGHTTP2_NV_FLAG_NO_INDEX;
	}
	room = nghttp2_hd_deflate_bound(hpack->deflater, nv, fields->count);
	block = malloc(room + 1);
	n = block ? nghttp2_hd_deflate_hd(hpack->deflater, block, room, nv, fields->count)
		  : NGHTTP2_ERR_NOMEM;
	if (n >= 0)
		aa_text_add(ret_block, block, (size_t)n);
	free(block);
	free(nv);
	if (n < 0 || ret_block->failed || ret_block->size != before + (size_t)n)
		return -ENOMEM;
	return 0;
}

static int judge(struct aa_hpack *hpack, const struct aa_redactor *redactor, const struct fields *fields,
		 struct aa_pass *pass, struct aa_text_buffer *ret_block)
{
	unsigned before = pass->count;
	int r;

	if (hpack->lost)
		return AA_HPACK_WITHHELD;
	/* A reader does not know what this block put into the table: those that follow must not refer to it. */
	if (fields->too_many)
		return hpack->deflater || nghttp2_hd_deflate_new(&hpack->deflater, 0) == 0 ? AA_HPACK_WITHHELD
											   : -ENOMEM;
	r = search(hpack, redactor, fields, pass);
	if (r < 0)
		return r;
	if (pass->count == before && !hpack->deflater)
		return AA_HPACK_SAME;
	if (!hpack->deflater && nghttp2_hd_deflate_new(&hpack->deflater, 0) != 0)
		return -ENOMEM;
	r = encode(hpack, fields, ret_block);
	return r < 0 ? r : AA_HPACK_NEW;
}

int aa_hpack_block(struct aa_hpack *hpack, const struct aa_redactor *redactor, const uint8_t *block,
		   size_t size, struct aa_pass *pass, struct aa_text_buffer *ret_block)
{
	struct fields fields = { 0 };
	int r;

	if (hpack->lost)
		return AA_HPACK_WITHHELD;
	r = decode(hpack, block, size, &fields);
	if (r == 0)
		r = judge(hpack, redactor, &fields, pass, ret_block);
	free(fields.items);
	if (hpack->text.capacity > 65536 || r < 0) {
		aa_text_release(&hpack->text);
	}
	return r;
}
