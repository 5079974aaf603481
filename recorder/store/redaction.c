/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets do not reach the database: the rules and the key of a session, and a row for each that was replaced. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "store_private.h"

int aa_session_make_redactor(struct aa_session *session, const struct aa_session_options *options,
			     struct aa_error *error)
{
	int r;

	if (options->no_redact)
		return 0;
	if (getrandom(session->redact_key, sizeof(session->redact_key), 0) !=
	    (ssize_t)sizeof(session->redact_key))
		return aa_error_set(error, -EIO, "cannot get random bytes: %s", strerror(errno));
	r = aa_redactor_new(session->redact_key, options->redact_headers, &session->redactor, error);
	return r;
}

int aa_session_redaction(struct aa_session *session, const struct aa_redaction_row *where,
			 const struct aa_redaction *redaction, struct aa_error *error)
{
	char fingerprint[2 * AA_REDACT_FINGERPRINT_SIZE + 1];
	struct aa_row row;

	session->now.totals.redactions++;
	for (size_t i = 0; i < AA_REDACT_FINGERPRINT_SIZE; i++)
		(void)snprintf(fingerprint + 2 * i, 3, "%02x", redaction->fingerprint[i]);
	aa_row_begin(&row, session, AA_STATEMENT_REDACTION, AA_TABLE_REDACTION,
		     "INSERT INTO s0_redaction (time_ns, process_id, row_table, row_id, direction, offset, "
		     "length, what,"
		     " fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		     error);
	aa_row_int(&row, where->time_ns);
	aa_row_id(&row, where->process_id);
	aa_row_text(&row, where->table);
	aa_row_id(&row, where->row_id);
	aa_row_text(&row, where->direction);
	aa_row_uint(&row, redaction->offset);
	aa_row_uint(&row, redaction->length);
	aa_row_text(&row, redaction->what);
	aa_row_text(&row, redaction->has_fingerprint ? fingerprint : NULL);
	return aa_row_step(&row, NULL);
}
