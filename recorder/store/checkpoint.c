/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the WAL from growing without limit. SQLite's automatic checkpoint copies pages back every 2,000 of them, but as
 * long as some reader is always there it can never start the WAL anew: 37 bytes a row, for as long as that lasts. A
 * TRUNCATE checkpoint waits for a moment without readers; it is tried only when the WAL is large, briefly, because the
 * rings must absorb the wait.
 */
#include "store_private.h"

#define WAIT_MS 150

static int64_t wal_bytes(sqlite3 *handle)
{
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 0;

	if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK || !file ||
	    !file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
		return 0;
	return size;
}

void aa_store_checkpoint(struct aa_store *store)
{
	sqlite3 *handle = aa_db_handle(store->db);
	int64_t size = wal_bytes(handle);

	if (size < store->wal_try_bytes)
		return;
	(void)sqlite3_busy_timeout(handle, WAIT_MS);
	(void)sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	(void)sqlite3_busy_timeout(handle, AA_DB_BUSY_MS);
	/* Where a reader stood in the way, not again before it has grown by a quarter. */
	size = wal_bytes(handle);
	store->wal_try_bytes = size < store->wal_limit_bytes ? store->wal_limit_bytes : size + size / 4;
}
