/* SPDX-License-Identifier: Apache-2.0 */
/* See content.h: the thread and its queue. */
#include "content.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "memory.h"
#include "read.h"

#define DEFAULT_HELD_BYTES ((size_t)64 << 20)
#define DEFAULT_DRAIN_MS   10000
#define STOP_MS		   1000

struct aa_content {
	struct aa_content_options options;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wake;  /* the thread: there is a job, there is room, or it has to stop */
	pthread_cond_t idle;  /* who drains: the thread has nothing to do, or no room */
	struct aa_content_job *first, **end;
	struct aa_content_job *running; /* NULL: none, or given up by drain */
	size_t held_bytes;
	int64_t deadline_ns; /* of draining; 0: none yet */
	bool started;
	bool waits_for_room;
	atomic_bool stop;
};

static int64_t monotonic_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool is_stopping(struct aa_content *content)
{
	return atomic_load_explicit(&content->stop, memory_order_relaxed);
}

/* With the lock. Drops the reader's reference. */
static void publish(struct aa_content *content, struct aa_content_job *job,
		    const struct aa_content_answer *answer)
{
	job->answer = *answer;
	content->held_bytes += answer->data_size;
	atomic_store_explicit(&job->done, true, memory_order_release);
	aa_content_job_release(job);
	if (content->options.ready)
		content->options.ready(content->options.context);
}

static struct aa_content_job *take(struct aa_content *content)
{
	struct aa_content_job *job = content->first;

	if (!job)
		return NULL;
	content->first = job->next_waiting;
	if (!content->first)
		content->end = &content->first;
	return job;
}

static void skip_waiting(struct aa_content *content)
{
	const struct aa_content_answer skipped = { .reason = AA_CONTENT_SKIPPED };
	struct aa_content_job *job;

	while ((job = take(content)))
		publish(content, job, &skipped);
}

/* Reads one file without the lock. */
static void answer(struct aa_content *content, struct aa_content_job *job)
{
	struct aa_content_answer found = { .reason = AA_CONTENT_REWRITTEN };

	content->running = job;
	(void)pthread_mutex_unlock(&content->lock);
	if (!atomic_load_explicit(&job->superseded, memory_order_relaxed))
		aa_content_read(job, content->options.max_bytes, content->options.keep, &content->stop,
				&found);
	(void)pthread_mutex_lock(&content->lock);
	if (content->running == job) {
		content->running = NULL;
		publish(content, job, &found);
		return;
	}
	/* drain had enough of waiting, and has answered. */
	if (found.data)
		explicit_bzero(found.data, found.data_size);
	free(found.data);
	aa_content_job_release(job);
}

static void *run(void *argument)
{
	struct aa_content *content = argument;

	(void)setpriority(PRIO_PROCESS, 0,
			  0); /* not before those that are recorded: on Linux this is one thread's */
	(void)pthread_mutex_lock(&content->lock);
	while (!is_stopping(content)) {
		struct aa_content_job *job = NULL;

		content->waits_for_room = content->first && content->held_bytes > content->options.held_bytes;
		if (!content->waits_for_room)
			job = take(content);
		if (job) {
			answer(content, job);
			continue;
		}
		(void)pthread_cond_broadcast(&content->idle);
		(void)pthread_cond_wait(&content->wake, &content->lock);
	}
	(void)pthread_mutex_unlock(&content->lock);
	return NULL;
}

static void submit(void *context, struct aa_content_job *job)
{
	struct aa_content *content = context;

	(void)pthread_mutex_lock(&content->lock);
	job->next_waiting = NULL;
	*content->end = job;
	content->end = &job->next_waiting;
	if (!content->started || (content->deadline_ns && monotonic_ns() >= content->deadline_ns))
		skip_waiting(content);
	(void)pthread_cond_signal(&content->wake);
	(void)pthread_mutex_unlock(&content->lock);
}

static void stored(void *context, const struct aa_content_job *job)
{
	struct aa_content *content = context;

	if (!job->answer.data_size)
		return;
	(void)pthread_mutex_lock(&content->lock);
	content->held_bytes -= job->answer.data_size;
	(void)pthread_cond_signal(&content->wake);
	(void)pthread_mutex_unlock(&content->lock);
}

/* The thread may be inside a file system that never answers: what it has is given up, and it frees it when it returns. */
static void give_up(struct aa_content *content)
{
	const struct aa_content_answer skipped = { .reason = AA_CONTENT_SKIPPED };
	struct aa_content_job *job = content->running;

	skip_waiting(content);
	if (!job)
		return;
	content->running = NULL;
	(void)atomic_fetch_add_explicit(&job->references, 1,
					memory_order_relaxed); /* publish drops one, the thread too */
	publish(content, job, &skipped);
}

static void drain(void *context)
{
	struct aa_content *content = context;
	struct timespec until;
	int r = 0;

	(void)pthread_mutex_lock(&content->lock);
	if (!content->deadline_ns)
		content->deadline_ns = monotonic_ns() + (int64_t)content->options.drain_ms * 1000000;
	until = (struct timespec){ .tv_sec = content->deadline_ns / 1000000000,
				   .tv_nsec = content->deadline_ns % 1000000000 };
	while (r == 0 && (content->running || (content->first && !content->waits_for_room)))
		r = pthread_cond_timedwait(&content->idle, &content->lock, &until);
	if (r != 0)
		give_up(content);
	(void)pthread_mutex_unlock(&content->lock);
}

const struct aa_content_reader aa_content_reader = {
	.submit = submit,
	.stored = stored,
	.drain = drain,
};

int aa_content_new(const struct aa_content_options *options, struct aa_content **ret_content,
		   struct aa_error *error)
{
	struct aa_content *content = calloc(1, sizeof(*content));
	pthread_condattr_t monotonic;
	int r;

	if (!content)
		return aa_error_set(error, -ENOMEM, "out of memory");
	content->options = *options;
	if (!content->options.max_bytes)
		content->options.max_bytes = AA_CONTENT_DEFAULT_MAX_BYTES;
	if (!content->options.held_bytes)
		content->options.held_bytes = DEFAULT_HELD_BYTES;
	if (!content->options.drain_ms)
		content->options.drain_ms = DEFAULT_DRAIN_MS;
	content->end = &content->first;
	r = pthread_condattr_init(&monotonic);
	if (r == 0)
		r = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	if (r == 0)
		r = pthread_cond_init(&content->idle, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if (r == 0)
		r = pthread_cond_init(&content->wake, NULL);
	if (r == 0)
		r = pthread_mutex_init(&content->lock, NULL);
	if (r != 0) { /* none of these can fail with glibc */
		free(content);
		return aa_error_set(error, -r, "cannot make a lock: %s", strerror(r));
	}
	*ret_content = content;
	return 0;
}

int aa_content_start(struct aa_content *content, struct aa_error *error)
{
	sigset_t all, before;
	int r;

	/* Signals are the loop's thread's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&content->thread, NULL, run, content);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r != 0)
		return aa_error_set(error, -r, "cannot make the thread that reads contents: %s", strerror(r));
	content->started = true;
	return 0;
}

/* True if the thread has ended. */
static bool join(struct aa_content *content)
{
	struct timespec until;

	(void)pthread_mutex_lock(&content->lock);
	content->options.ready = NULL;
	atomic_store_explicit(&content->stop, true, memory_order_relaxed);
	skip_waiting(content);
	(void)pthread_cond_signal(&content->wake);
	(void)pthread_mutex_unlock(&content->lock);
	(void)clock_gettime(CLOCK_REALTIME, &until); /* the only clock that pthread_timedjoin_np takes */
	until.tv_nsec += STOP_MS % 1000 * 1000000;
	until.tv_sec += STOP_MS / 1000;
	return pthread_timedjoin_np(content->thread, NULL, &until) == 0;
}

void aa_content_free(struct aa_content *content)
{
	if (!content)
		return;
	if (content->started && !join(content)) {
		(void)pthread_detach(content->thread); /* it still uses all this */
		return;
	}
	(void)pthread_cond_destroy(&content->wake);
	(void)pthread_cond_destroy(&content->idle);
	(void)pthread_mutex_destroy(&content->lock);
	free(content);
}
