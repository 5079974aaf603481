/* SPDX-License-Identifier: Apache-2.0 */
/* See contents.h: the files that are being read, and their way through transactions. What asks for one: sink_content.c. */
#include "contents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "contents_private.h"
#include "memory.h"
#include "store_private.h"

void aa_content_job_release(struct aa_content_job *job)
{
	if (!job || atomic_fetch_sub_explicit(&job->references, 1, memory_order_acq_rel) != 1)
		return;
	if (job->answer.data) /* it may hold secrets, and the heap lives on */
		explicit_bzero(job->answer.data, job->answer.data_size);
	free(job->answer.data);
	free(job);
}

static void release_list(struct aa_content_job *job)
{
	while (job) {
		struct aa_content_job *next = job->next;

		aa_content_job_release(job);
		job = next;
	}
}

int aa_store_set_contents(struct aa_store *store, char *const *globs, const struct aa_content_reader *reader,
			  void *context)
{
	struct aa_contents *contents = calloc(1, sizeof(*contents));

	if (!contents)
		return -ENOMEM;
	contents->globs = globs;
	contents->reader = reader;
	contents->context = context;
	contents->wanted_end = &contents->wanted;
	contents->asked_end = &contents->asked;
	aa_contents_free(store->contents);
	store->contents = contents;
	return 0;
}

void aa_contents_free(struct aa_contents *contents)
{
	if (!contents)
		return;
	release_list(contents->wanted);
	release_list(contents->asked);
	free(contents);
}

bool aa_store_contents_ready(struct aa_store *store)
{
	struct aa_contents *contents = store->contents;

	if (!contents)
		return false;
	contents->ready = 0;
	for (struct aa_content_job *job = contents->asked; job; job = job->next) {
		job->seen = job->seen || atomic_load_explicit(&job->done, memory_order_acquire);
		contents->ready += job->seen;
	}
	return contents->ready > 0;
}

void aa_store_contents_drain(struct aa_store *store)
{
	if (store->contents && store->contents->asked)
		store->contents->reader->drain(store->contents->context);
}

bool aa_store_contents_pending(const struct aa_store *store)
{
	return store->contents && store->contents->asked;
}

bool aa_contents_have_rows(const struct aa_contents *contents)
{
	return contents && contents->ready > 0;
}

static struct aa_content_job **bucket_of(struct aa_contents *contents, uint64_t inode)
{
	return &contents->buckets[(inode * 0x9e3779b97f4a7c15u) >> (64 - AA_CONTENT_BUCKET_BITS)];
}

static void remove_from_bucket(struct aa_content_job *job)
{
	*job->link_of_file = job->next_of_file;
	if (job->next_of_file)
		job->next_of_file->link_of_file = job->link_of_file;
}

static bool is_same_file(const struct aa_content_file *a, const struct aa_content_file *b)
{
	return a->inode == b->inode && a->device == b->device && a->generation == b->generation;
}

/* The latest job for that file: the ones before it have been superseded by it already. */
static struct aa_content_job *latest(struct aa_contents *contents, const struct aa_content_file *file)
{
	for (struct aa_content_job *job = *bucket_of(contents, file->inode); job; job = job->next_of_file)
		if (is_same_file(&job->file, file))
			return job;
	return NULL;
}

void aa_contents_touch(struct aa_contents *contents, const struct aa_content_file *file, uint64_t boot_ns)
{
	struct aa_content_job *job = file->inode ? latest(contents, file) : NULL;

	if (job && boot_ns >= job->boot_ns)
		job->touched = true;
}

void aa_contents_want(struct aa_contents *contents, struct aa_content_job *job)
{
	struct aa_content_job **bucket = bucket_of(contents, job->file.inode);
	struct aa_content_job *before = job->file.inode ? latest(contents, &job->file) : NULL;

	if (before) {
		before->touched = true;
		atomic_store_explicit(&before->superseded, true, memory_order_relaxed);
	}
	job->next_of_file = *bucket;
	job->link_of_file = bucket;
	if (*bucket)
		(*bucket)->link_of_file = &job->next_of_file;
	*bucket = job;
	job->next = NULL;
	*contents->wanted_end = job;
	contents->wanted_end = &job->next;
}

int aa_contents_store(struct aa_store *store, struct aa_error *error)
{
	struct aa_contents *contents = store->contents;
	int r = 0;

	if (!contents || contents->ready == 0)
		return 0;
	for (struct aa_content_job *job = contents->asked; job && r == 0; job = job->next) {
		struct aa_session *session = aa_store_session(store, job->session_id);

		if (!job->seen)
			continue;
		job->answered = true;
		if (session)
			r = aa_sink_content(session, job, error);
	}
	return r;
}

/* Takes those that are rows now from the list of what was asked. */
static void forget_answered(struct aa_contents *contents)
{
	struct aa_content_job **link = &contents->asked;

	while (*link) {
		struct aa_content_job *job = *link;

		if (!job->answered) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		remove_from_bucket(job);
		contents->bytes -= job->bytes;
		contents->reader->stored(contents->context, job);
		aa_content_job_release(job);
	}
	contents->asked_end = link;
}

static void ask(struct aa_contents *contents, struct aa_content_job *job)
{
	job->next = NULL;
	*contents->asked_end = job;
	contents->asked_end = &job->next;
	contents->bytes += job->bytes;
	if (contents->bytes > AA_CONTENT_WAITING_BYTES || job->answer.reason != AA_CONTENT_READ) {
		if (job->answer.reason == AA_CONTENT_READ)
			job->answer.reason = AA_CONTENT_SKIPPED;
		atomic_store_explicit(&job->done, true, memory_order_release);
		return;
	}
	(void)atomic_fetch_add_explicit(&job->references, 1, memory_order_relaxed);
	contents->reader->submit(contents->context, job);
}

/* Their rows are in the database: now they may be read. A crash before that leaves neither the row nor an answer to it. */
void aa_contents_commit(struct aa_store *store)
{
	struct aa_contents *contents = store->contents;
	struct aa_content_job *job;

	if (!contents)
		return;
	forget_answered(contents);
	contents->ready = 0;
	job = contents->wanted;
	contents->wanted = NULL;
	contents->wanted_end = &contents->wanted;
	while (job) {
		struct aa_content_job *next = job->next;

		ask(contents, job);
		job = next;
	}
}

void aa_contents_rollback(struct aa_store *store)
{
	struct aa_contents *contents = store->contents;

	if (!contents)
		return;
	for (struct aa_content_job *job = contents->asked; job; job = job->next)
		job->answered = false;
	for (struct aa_content_job *job = contents->wanted; job; job = job->next)
		remove_from_bucket(job);
	release_list(contents->wanted);
	contents->wanted = NULL;
	contents->wanted_end = &contents->wanted;
}
