/* SPDX-License-Identifier: Apache-2.0 */
#include "fold.h"

#include <string.h>

static const char *without_directory(const char *detail)
{
	const char *slash = strrchr(detail, '/');

	return slash ? slash + 1 : detail;
}

bool aa_fold_ends(const struct aa_fold *fold, int64_t session_id, int64_t pid, int64_t tid,
		  const char *detail)
{
	return !detail || fold->what[0] == 0 || fold->session_id != session_id || fold->pid != pid ||
	       fold->tid != tid || strcmp(fold->what, without_directory(detail)) != 0;
}

bool aa_fold_next(struct aa_fold *fold, int64_t session_id, int64_t pid, int64_t tid, int64_t time_ns,
		  const char *detail)
{
	if (!aa_fold_ends(fold, session_id, pid, tid, detail)) {
		fold->hidden++;
		fold->last_ns = time_ns;
		return true;
	}
	*fold = (struct aa_fold){ .session_id = session_id, .pid = pid, .tid = tid, .last_ns = time_ns };
	if (detail) {
		size_t size = strlen(without_directory(detail));

		/* A name too long to keep is not compared: all its rows are shown. */
		if (size < sizeof(fold->what))
			memcpy(fold->what, without_directory(detail), size + 1);
	}
	return false;
}
