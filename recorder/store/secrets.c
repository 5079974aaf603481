/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in what processes are given: arguments and variables. Those of TLS are in tls_secrets.c. */
#include <errno.h>
#include <stdlib.h>

#include "arguments.h"
#include "store_private.h"

static int note(void *context, const struct aa_redaction *redaction)
{
	struct aa_found_secrets *secrets = context;

	if (secrets->count == secrets->capacity) {
		size_t bigger = secrets->capacity ? secrets->capacity * 2 : 4;
		struct aa_redaction *items = reallocarray(secrets->items, bigger, sizeof(*items));

		if (!items)
			return -ENOMEM;
		secrets->items = items;
		secrets->capacity = bigger;
	}
	secrets->items[secrets->count++] = *redaction;
	return 0;
}

void aa_found_release(struct aa_found_secrets *secrets)
{
	free(secrets->items);
	*secrets = (struct aa_found_secrets){ 0 };
}

int aa_session_redact_arguments(struct aa_session *session, struct aa_text_buffer *arguments,
				struct aa_found_secrets *secrets, struct aa_error *error)
{
	int r = 0;

	if (session->redactor && arguments->size)
		r = aa_redact_arguments(session->redactor, arguments->data, arguments->size, note, secrets);
	return r < 0 ? aa_error_set(error, r, "out of memory") : 0;
}

int aa_session_redact_variable(struct aa_session *session, const char *name, char *value, size_t size,
			       struct aa_found_secrets *secrets, struct aa_error *error)
{
	int r = 0;

	if (session->redactor && size)
		r = aa_redact_variable(session->redactor, name, value, size, note, secrets);
	return r < 0 ? aa_error_set(error, r, "out of memory") : 0;
}

int aa_session_redactions(struct aa_session *session, const struct aa_redaction_row *where,
			  const struct aa_found_secrets *secrets, struct aa_error *error)
{
	int r = 0;

	for (size_t i = 0; i < secrets->count && r == 0; i++)
		r = aa_session_redaction(session, where, &secrets->items[i], error);
	return r;
}
