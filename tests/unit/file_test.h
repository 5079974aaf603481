/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of records of files share: the rows as text, and acts that several of them do. */
#ifndef AA_TEST_FILE_TEST_H
#define AA_TEST_FILE_TEST_H

#include "store_test.h"

/* The whole table with its strings, without what every row has. */
#define ROWS \
	"SELECT f.id, f.kind, f.error, p.text, p2.text, t.text, f.source, f.open_id, f.marks FROM s1_file " \
	"AS f" \
	" LEFT JOIN s1_string AS p ON p.id = f.path_id LEFT JOIN s1_string AS p2 ON p2.id = f.path2_id" \
	" LEFT JOIN s1_string AS t ON t.id = f.target_id ORDER BY f.id"
#define SUMS \
	"SELECT kind, open_id, read_bytes, read_calls, write_bytes, write_calls, error, marks FROM s1_file" \
	" WHERE kind IN ('close', 'io') ORDER BY id"

static inline struct fake_process root_of(struct store_test *t)
{
	return fake_fork(&t->kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
}

/* Unlink as the portable tier sees it. */
static inline struct aa_file_change *fake_unlink(struct store_test *t, struct fake_process p, const char *dir,
						 const char *name)
{
	if (dir)
		(void)fake_file_text(&t->kernel, p, AA_TEXT_DIR, dir);
	if (name)
		(void)fake_file_text(&t->kernel, p, AA_TEXT_NAME, name);
	return fake_change(&t->kernel, p, AA_EVENT_UNLINK);
}

#endif
