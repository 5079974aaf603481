/* SPDX-License-Identifier: Apache-2.0 */
/* Environment variables that were asked for. Of the others nothing leaves this file. */
#include <string.h>

#include "memory.h"
#include "store_private.h"

/* Its value may be a secret, which is replaced where it lies. */
static int insert_variable(struct aa_session *session, struct aa_redaction_row *where, int64_t exec_id,
			   const char *name, char *value, size_t size, struct aa_error *error)
{
	aa_cleanup(aa_found_release) struct aa_found_secrets secrets = { 0 };
	struct aa_text_buffer *escaped_name = aa_store_scratch(session->store, AA_SCRATCH_MARKS);
	struct aa_text_buffer *text = aa_store_scratch(session->store, AA_SCRATCH_TEXT);
	struct aa_row row;
	int r = aa_session_redact_variable(session, name, value, size, &secrets, error);

	if (r < 0)
		return r;
	(void)aa_text_escape(escaped_name, name, strlen(name));
	aa_row_begin(&row, session, AA_STATEMENT_ENV, AA_TABLE_ENV,
		     "INSERT INTO s0_env (exec_id, name, value, raw) VALUES (?, ?, ?, ?)", error);
	aa_row_int(&row, exec_id);
	aa_row_buffer(&row, escaped_name);
	if (aa_text_escape(text, value, size)) {
		aa_row_buffer(&row, text);
		aa_row_blob(&row, value, size);
	} else {
		aa_row_buffer(&row, text);
		aa_row_null(&row);
	}
	r = aa_row_step(&row, &where->row_id);
	return r == 0 ? aa_session_redactions(session, where, &secrets, error) : r;
}

int aa_session_store_env(struct aa_session *session, int64_t exec_id, struct aa_redaction_row *where,
			 struct aa_text_buffer *bytes, struct aa_error *error)
{
	char *at = bytes->data;
	char *end = at ? at + bytes->size : at;
	int r = 0;

	while (at < end && r == 0) {
		char *nul = memchr(at, '\0', (size_t)(end - at));
		size_t size = (size_t)((nul ? nul : end) - at);
		char *equals = memchr(at, '=', size);

		for (char **name = session->env_names; *name && equals && r == 0; name++) {
			size_t length = (size_t)(equals - at);

			if (strlen(*name) == length && memcmp(*name, at, length) == 0)
				r = insert_variable(session, where, exec_id, *name, equals + 1,
						    size - length - 1, error);
		}
		at += size + 1;
	}
	return r;
}
