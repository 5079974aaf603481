/* SPDX-License-Identifier: Apache-2.0 */
/* See versions.h: rows of content and blob. A forged database may say anything in them. */
#include "versions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "memory.h"
#include "replay/array.h"
#include "statement.h"
#include "versions_private.h"

#define SHA256_SIZE 32

void aa_versions_release(struct aa_versions *versions)
{
	free(versions->items);
	*versions = (struct aa_versions){ 0 };
}

static int compare_ids(const void *a, const void *b)
{
	int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;

	return (first > second) - (first < second);
}

static void set_hash(struct aa_version *version, const void *bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_SIZE; i++) {
		unsigned byte = ((const unsigned char *)bytes)[i];

		version->sha256[2 * i] = digits[byte >> 4];
		version->sha256[2 * i + 1] = digits[byte & 15];
	}
}

static struct aa_version *last_numbered(struct aa_versions *versions)
{
	for (size_t i = versions->count; i > 0; i--)
		if (versions->items[i - 1].number)
			return &versions->items[i - 1];
	return NULL;
}

static int add(struct aa_query *query, struct aa_versions *versions, sqlite3_stmt *statement)
{
	struct aa_version version = {
		.file_id = sqlite3_column_int64(statement, 0),
		.time_ns = sqlite3_column_int64(statement, 1),
		.size_bytes = sqlite3_column_int64(statement, 3),
		.changed = sqlite3_column_int64(statement, 4) != 0,
		.blob_id = sqlite3_column_int64(statement, 5),
	};
	struct aa_version *before = last_numbered(versions), *grown;

	(void)strncpy(version.reason, aa_statement_text(statement, 6), sizeof(version.reason) - 1);
	if (sqlite3_column_bytes(statement, 2) == SHA256_SIZE) {
		set_hash(&version, sqlite3_column_blob(statement, 2));
		version.number = before ? before->number + 1 : 1;
	}
	if (version.number && before && strcmp(before->sha256, version.sha256) == 0) {
		before->changed = before->changed && version.changed; /* once seen in peace, it was one */
		if (!before->blob_id)
			before->blob_id = version.blob_id;
		return 0;
	}
	grown = aa_array_grow(versions->items, versions->count, &versions->capacity, sizeof(version));
	if (!grown)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	versions->items = grown;
	versions->items[versions->count++] = version;
	return 0;
}

int aa_versions_load(struct aa_query *query, int64_t session_id, const int64_t *file_ids, size_t file_count,
		     struct aa_versions *ret_versions)
{
	aa_cleanup(aa_versions_release) struct aa_versions versions = { .session_id = session_id };
	aa_cleanup_free int64_t *sorted = NULL;
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r = 0;

	*ret_versions = versions;
	if (file_count == 0 || !aa_session_has_table(query->db, session_id, AA_TABLE_CONTENT))
		return 0;
	sorted = aa_array_make(file_count, sizeof(*sorted));
	if (!sorted)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	memcpy(sorted, file_ids, file_count * sizeof(*sorted));
	qsort(sorted, file_count, sizeof(*sorted), compare_ids);
	r = aa_statement_open_session(query, &statement, session_id,
				      "SELECT file_id, time_ns, sha256, size_bytes, changed, blob_id, reason"
				      " FROM s0_content ORDER BY file_id, id");
	while (r == 0 && (r = aa_statement_step(query, statement)) == 1) {
		int64_t id = sqlite3_column_int64(statement, 0);

		r = bsearch(&id, sorted, file_count, sizeof(id), compare_ids)
			    ? add(query, &versions, statement)
			    : 0;
	}
	if (r < 0)
		return r;
	*ret_versions = versions;
	versions = (struct aa_versions){ 0 };
	return 0;
}

const struct aa_version *aa_versions_find(const struct aa_versions *versions, int64_t number)
{
	for (size_t i = 0; i < versions->count && number > 0; i++)
		if (versions->items[i].number == number)
			return &versions->items[i];
	return NULL;
}

/* A blob's row, in memory. What it says of its size is the most that is unpacked. */
static int unpack(struct aa_query *query, sqlite3_stmt *statement, struct aa_version_bytes *ret_bytes)
{
	int64_t size = sqlite3_column_int64(statement, 1);
	const void *data = sqlite3_column_blob(statement, 2);
	size_t data_size = (size_t)sqlite3_column_bytes(statement, 2);
	uLongf unpacked = (uLongf)size;
	int result = Z_OK;

	if (size < 0 || size > AA_VERSION_MAX_BYTES)
		return aa_error_set(&query->error, -EBADMSG,
				    "the database is damaged: contents of %" PRId64 " bytes", size);
	ret_bytes->bytes = malloc((size_t)size + 1);
	if (!ret_bytes->bytes)
		return aa_error_set(&query->error, -ENOMEM, "out of memory");
	ret_bytes->size = (size_t)size;
	if (strcmp(aa_statement_text(statement, 0), "zlib") == 0)
		result = uncompress((Bytef *)ret_bytes->bytes, &unpacked, data ? data : "", (uLong)data_size);
	else if (strcmp(aa_statement_text(statement, 0), "plain") != 0 || data_size != (size_t)size)
		result = Z_DATA_ERROR;
	else if (data_size)
		memcpy(ret_bytes->bytes, data, data_size);
	if (result != Z_OK || unpacked != (uLongf)size)
		return aa_error_set(&query->error, -EBADMSG,
				    "the database is damaged: contents cannot be unpacked");
	return 0;
}

int aa_version_read(struct aa_query *query, const struct aa_versions *versions,
		    const struct aa_version *version, struct aa_version_bytes *ret_bytes)
{
	aa_cleanup_statement sqlite3_stmt *statement = NULL;
	int r;

	*ret_bytes = (struct aa_version_bytes){ 0 };
	if (!version->blob_id || !aa_session_has_table(query->db, versions->session_id, AA_TABLE_BLOB))
		return aa_error_set(&query->error, -ENODATA,
				    "the bytes of version %" PRId64 " were not kept (%s)", version->number,
				    strcmp(version->reason, "too-large") == 0
					    ? "too large"
					    : "aa-record keeps them with --content-store");
	r = aa_statement_open_session(query, &statement, versions->session_id,
				      "SELECT encoding, size_bytes, data FROM s0_blob WHERE id = :id");
	if (r < 0)
		return r;
	aa_statement_bind_integer(statement, ":id", version->blob_id);
	r = aa_statement_step(query, statement);
	if (r == 0)
		r = aa_error_set(&query->error, -EBADMSG, "the database is damaged: contents are missing");
	return r < 0 ? r : unpack(query, statement, ret_bytes);
}

void aa_version_bytes_release(struct aa_version_bytes *bytes)
{
	free(bytes->bytes);
	*bytes = (struct aa_version_bytes){ 0 };
}
