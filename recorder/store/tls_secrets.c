/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_secrets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEED, SKIP, END };

/* Answers whose memory is kept from one transaction to the next. */
#define KEPT_ANSWERS 4

struct aa_tls_secrets {
	const struct aa_redactor *redactor;
	struct aa_redact_connection *connection;
	struct aa_tls_redacted *answers; /* in the order of the questions since the last commit */
	size_t count;			 /* that are there */
	size_t next;			 /* to be given; below count only after a rollback */
	size_t capacity;		 /* of the array; those beyond count are empty */
	bool has_protocol;
};

struct aa_tls_secrets *aa_tls_secrets_new(const struct aa_redactor *redactor, bool late)
{
	struct aa_tls_secrets *secrets = calloc(1, sizeof(*secrets));

	if (!secrets)
		return NULL;
	secrets->redactor = redactor;
	secrets->connection = aa_redact_connection_new(redactor, late);
	if (!secrets->connection) {
		free(secrets);
		return NULL;
	}
	return secrets;
}

static void release_answer(struct aa_tls_redacted *answer)
{
	aa_text_release(&answer->out);
	free(answer->found);
	free(answer->names);
	*answer = (struct aa_tls_redacted){ 0 };
}

void aa_tls_secrets_free(struct aa_tls_secrets *secrets)
{
	if (!secrets)
		return;
	for (size_t i = 0; i < secrets->capacity; i++)
		release_answer(&secrets->answers[i]);
	free(secrets->answers);
	aa_redact_connection_free(secrets->connection);
	free(secrets);
}

void aa_tls_secrets_set_protocol(struct aa_tls_secrets *secrets, const char *alpn)
{
	if (secrets->has_protocol)
		return;
	secrets->has_protocol = true;
	aa_redact_set_protocol(secrets->connection, alpn);
}

/* Borrowed names become our own, as the answer is asked for once more after a failure. */
static int note(void *context, const struct aa_redaction *redaction)
{
	struct aa_tls_redacted *answer = context;
	size_t bigger = answer->found_capacity ? answer->found_capacity * 2 : 8;

	if (answer->found_count == answer->found_capacity) {
		struct aa_redaction *found = reallocarray(answer->found, bigger, sizeof(*found));
		char(*names)[64];

		if (!found)
			return -ENOMEM;
		answer->found = found;
		names = reallocarray(answer->names, bigger, sizeof(*names));
		if (!names)
			return -ENOMEM;
		answer->names = names;
		answer->found_capacity = bigger;
	}
	(void)snprintf(answer->names[answer->found_count], sizeof(answer->names[0]), "%s", redaction->what);
	answer->found[answer->found_count++] = *redaction;
	return 0;
}

static int ask(struct aa_tls_secrets *secrets, const struct aa_tls_redacted *question, const void *bytes,
	       struct aa_tls_redacted *answer)
{
	int r;

	aa_text_clear(&answer->out);
	answer->what = (struct aa_redacted){ 0 };
	answer->found_count = 0;
	answer->offset = question->offset;
	answer->size = question->size;
	answer->direction = question->direction;
	answer->kind = question->kind;
	if (question->kind == FEED)
		r = aa_redact_feed(secrets->connection, question->direction, bytes, (size_t)question->size,
				   &answer->out, &answer->what, note, answer);
	else if (question->kind == SKIP)
		r = aa_redact_skip(secrets->connection, question->direction, question->size, &answer->out,
				   &answer->what, note, answer);
	else
		r = aa_redact_end(secrets->connection, question->direction, &answer->out, &answer->what, note,
				  answer);
	if (r == 0 && answer->out.failed)
		r = -ENOMEM;
	for (size_t i = 0; i < answer->found_count; i++)
		answer->found[i].what = answer->names[i];
	return r;
}

/*
 * Other records than before the failure, which cannot be but by forged ones: redaction begins anew, in the middle of
 * what it does not know.
 */
static int begin_anew(struct aa_tls_secrets *secrets)
{
	struct aa_redact_connection *connection = aa_redact_connection_new(secrets->redactor, true);

	if (!connection)
		return -ENOMEM;
	aa_redact_connection_free(secrets->connection);
	secrets->connection = connection;
	secrets->count = secrets->next;
	return 0;
}

static bool is_same(const struct aa_tls_redacted *a, const struct aa_tls_redacted *b)
{
	return a->kind == b->kind && a->direction == b->direction && a->offset == b->offset &&
	       a->size == b->size;
}

static int get_answer(struct aa_tls_secrets *secrets, const struct aa_tls_redacted *question,
		      const void *bytes, const struct aa_tls_redacted **ret_answer)
{
	struct aa_tls_redacted *answer;
	int r;

	if (secrets->next == secrets->capacity) {
		size_t bigger = secrets->capacity ? secrets->capacity * 2 : KEPT_ANSWERS;
		struct aa_tls_redacted *moved = reallocarray(secrets->answers, bigger, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		memset(moved + secrets->capacity, 0, (bigger - secrets->capacity) * sizeof(*moved));
		secrets->answers = moved;
		secrets->capacity = bigger;
	}
	answer = &secrets->answers[secrets->next];
	if (secrets->next < secrets->count && !is_same(answer, question)) {
		r = begin_anew(secrets);
		if (r < 0)
			return r;
	}
	if (secrets->next == secrets->count) {
		r = ask(secrets, question, bytes, answer);
		if (r < 0)
			return r;
		secrets->count++;
	}
	secrets->next++;
	*ret_answer = answer;
	return 0;
}

int aa_tls_secrets_feed(struct aa_tls_secrets *secrets, unsigned direction, uint64_t offset,
			const void *bytes, size_t size, const struct aa_tls_redacted **ret_answer)
{
	const struct aa_tls_redacted question = {
		.kind = FEED, .direction = direction, .offset = offset, .size = size
	};

	return get_answer(secrets, &question, bytes, ret_answer);
}

int aa_tls_secrets_skip(struct aa_tls_secrets *secrets, unsigned direction, uint64_t offset, uint64_t bytes,
			const struct aa_tls_redacted **ret_answer)
{
	const struct aa_tls_redacted question = {
		.kind = SKIP, .direction = direction, .offset = offset, .size = bytes
	};

	return get_answer(secrets, &question, NULL, ret_answer);
}

int aa_tls_secrets_end(struct aa_tls_secrets *secrets, unsigned direction,
		       const struct aa_tls_redacted **ret_answer)
{
	const struct aa_tls_redacted question = { .kind = END, .direction = direction };

	return get_answer(secrets, &question, NULL, ret_answer);
}

void aa_tls_secrets_commit(struct aa_tls_secrets *secrets)
{
	for (size_t i = KEPT_ANSWERS; i < secrets->count; i++)
		release_answer(&secrets->answers[i]);
	secrets->count = 0;
	secrets->next = 0;
}

void aa_tls_secrets_rollback(struct aa_tls_secrets *secrets)
{
	secrets->next = 0;
}
