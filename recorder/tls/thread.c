// SPDX-License-Identifier: Apache-2.0
/* See thread.h: the two threads, and what goes between them. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "thread_private.h"
#include "tls.h"

/* Whoever is held longer goes on, and what it then does may be missed. */
#define HOLD_MS	 200
#define DRAIN_MS 10000
#define STOP_MS	 1000

uint64_t aa_boot_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool is_stopping(struct aa_tls *tls)
{
	return atomic_load_explicit(&tls->stop, memory_order_relaxed);
}

static void queue_init(struct aa_tls_queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

static void queue_add(struct aa_tls_queue *queue, struct aa_tls_job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static struct aa_tls_job *queue_take(struct aa_tls_queue *queue)
{
	struct aa_tls_job *job = queue->first;

	if (!job)
		return NULL;
	queue->first = job->next;
	if (!queue->first)
		queue->end = &queue->first;
	return job;
}

static void job_free(struct aa_tls_job *job)
{
	free(job->path);
	free(job);
}

static void queue_clear(struct aa_tls_queue *queue)
{
	struct aa_tls_job *job;

	while ((job = queue_take(queue)))
		job_free(job);
}

/* With the lock. The entry goes after the signal: whoever finds none, finds that the process goes on. */
static void let_go(struct aa_tls *tls, struct aa_hold *hold)
{
	(void)aa_resume(hold->tgid, hold->start_ns, tls->options.is_process, tls->options.process_context);
	aa_holds_remove(hold);
}

/* With the lock. Requests of those that are let go too early stay queued. */
static void let_go_before(struct aa_tls *tls, uint64_t before_ns)
{
	struct aa_hold *hold;

	while (tls->options.holds && (hold = aa_holds_overdue(tls->options.holds, before_ns)))
		let_go(tls, hold);
}

/* With the lock. */
static void take_request(struct aa_tls *tls, const struct aa_request *request)
{
	struct aa_tls_job *job = malloc(sizeof(*job));
	uint64_t ticket = 0;

	if ((request->flags & AA_REQUEST_HELD) != 0) {
		if (job && tls->holding)
			ticket = aa_holds_add(tls->options.holds, request);
		if (ticket == 0)
			(void)aa_resume(request->tgid, request->start_ns, tls->options.is_process,
					tls->options.process_context);
	}
	if (!job) /* it asks again when it maps the file again */
		return;
	*job = (struct aa_tls_job){ .kind = AA_JOB_REQUEST, .ticket = ticket, .request = *request };
	queue_add(&tls->asked, job);
	(void)pthread_cond_signal(&tls->work);
}

/* With the lock. The space is given back when all that is held is in the shared table. */
static void take_requests(struct aa_tls *tls)
{
	struct aa_span span;
	struct aa_record record;
	enum aa_ring_result result;

	if (!tls->requests)
		return;
	span = aa_ring_snapshot(tls->requests);
	record.next = span.begin;
	while ((result = aa_span_next(&span, record.next, &record)) <= AA_RING_DISCARDED)
		if (result == AA_RING_RECORD && record.size >= sizeof(struct aa_request))
			take_request(tls, record.bytes);
	aa_ring_release(tls->requests, span.end);
}

/* How long to wait until somebody has been held for too long. */
static int timeout_ms(struct aa_tls *tls)
{
	uint64_t oldest = tls->options.holds ? aa_holds_oldest(tls->options.holds) : 0;
	uint64_t now = aa_boot_ns(), due = oldest + HOLD_MS * 1000000ull;

	if (oldest == 0)
		return -1;
	return due <= now ? 0 : (int)((due - now) / 1000000 + 1);
}

/* With the lock. Nobody is stopped from now on, and who was goes on. */
static void stop_holding(struct aa_tls *tls)
{
	if (!tls->options.holds)
		return;
	tls->holding = false;
	(void)aa_kernel_tls_set_holding(tls->options.kernel, false);
	aa_kernel_settle(); /* who is being stopped now has its request in the ring after it */
	take_requests(tls);
	let_go_before(tls, UINT64_MAX);
}

static void *read_requests(void *argument)
{
	struct aa_tls *tls = argument;

	(void)prctl(PR_SET_NAME, "aa-tls");
	(void)pthread_mutex_lock(&tls->lock);
	while (!is_stopping(tls)) {
		struct epoll_event events[3];
		int timeout = timeout_ms(tls), count;

		(void)pthread_mutex_unlock(&tls->lock);
		count = epoll_wait(tls->epoll_fd, events, 3, timeout);
		(void)pthread_mutex_lock(&tls->lock);
		take_requests(tls);
		for (int i = 0; i < count; i++) {
			if (events[i].data.fd != tls->options.guard_fd)
				continue;
			(void)epoll_ctl(tls->epoll_fd, EPOLL_CTL_DEL, tls->options.guard_fd, NULL);
			stop_holding(tls);
		}
		let_go_before(tls, aa_boot_ns() - HOLD_MS * 1000000ull);
	}
	(void)pthread_mutex_unlock(&tls->lock);
	return NULL;
}

bool aa_tls_is_held(struct aa_tls *tls, uint64_t ticket)
{
	bool held;

	if (ticket == 0)
		return false;
	(void)pthread_mutex_lock(&tls->lock);
	held = aa_holds_find(tls->options.holds, ticket) != NULL;
	(void)pthread_mutex_unlock(&tls->lock);
	return held;
}

static void *find(void *argument)
{
	struct aa_tls *tls = argument;

	(void)prctl(PR_SET_NAME, "aa-tls-find");
	(void)pthread_mutex_lock(&tls->lock);
	while (!is_stopping(tls)) {
		struct aa_tls_job *job = queue_take(&tls->asked);

		tls->busy = job != NULL;
		if (!job)
			(void)pthread_cond_broadcast(&tls->idle);
		if (!job)
			job = queue_take(&tls->background);
		if (!job) {
			(void)pthread_cond_wait(&tls->work, &tls->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&tls->lock);
		aa_tls_do(tls, job);
		(void)pthread_mutex_lock(&tls->lock);
		if (job->ticket != 0 && aa_holds_answer(tls->options.holds, job->ticket))
			let_go(tls, aa_holds_find(tls->options.holds, job->ticket));
		job_free(job);
	}
	(void)pthread_mutex_unlock(&tls->lock);
	return NULL;
}

bool aa_tls_has_stopped(struct aa_tls *tls, uint32_t tgid)
{
	bool held;

	if (!tls->options.holds)
		return false;
	(void)pthread_mutex_lock(&tls->lock);
	take_requests(tls); /* its request is there before it can be seen to be stopped */
	held = aa_holds_has(tls->options.holds, tgid);
	(void)pthread_mutex_unlock(&tls->lock);
	return held;
}

void aa_tls_pause(struct aa_tls *tls)
{
	(void)pthread_mutex_lock(&tls->lock);
	stop_holding(tls);
	(void)pthread_mutex_unlock(&tls->lock);
}

void aa_tls_resume(struct aa_tls *tls)
{
	(void)pthread_mutex_lock(&tls->lock);
	if (tls->options.holds) {
		tls->holding = true;
		(void)aa_kernel_tls_set_holding(tls->options.kernel, true);
	}
	(void)pthread_mutex_unlock(&tls->lock);
}

static void add_background(struct aa_tls *tls, const struct aa_tls_job *what)
{
	struct aa_tls_job *job = malloc(sizeof(*job));

	if (!job) {
		free(what->path);
		return;
	}
	*job = *what;
	(void)pthread_mutex_lock(&tls->lock);
	queue_add(&tls->background, job);
	(void)pthread_cond_signal(&tls->work);
	(void)pthread_mutex_unlock(&tls->lock);
}

void aa_tls_look_at_linker(struct aa_tls *tls)
{
	struct aa_linker_paths paths;

	if (aa_linker_read(AA_LINKER_CACHE, &paths) <
	    0) /* where there is none, each is asked about when it is mapped */
		return;
	for (size_t i = 0; i < paths.count; i++) {
		add_background(tls, &(struct aa_tls_job){ .kind = AA_JOB_PATH, .path = paths.paths[i] });
		paths.paths[i] = NULL;
	}
	aa_linker_release(&paths);
}

static void add_process(void *context, const struct aa_identity *identity)
{
	const struct aa_tls_job job = {
		.kind = AA_JOB_PROCESS,
		.request = { .tgid = identity->tgid, .start_ns = identity->start_ns },
	};

	add_background(context, &job);
}

void aa_tls_look_at_processes(struct aa_tls *tls)
{
	aa_kernel_each_tracked(tls->options.kernel, add_process, tls);
}

void aa_tls_look_at_file(struct aa_tls *tls, const char *path)
{
	struct aa_tls_job job = { .kind = AA_JOB_PATH, .path = strdup(path) };

	if (job.path)
		aa_tls_do(tls, &job);
	free(job.path);
}

void aa_tls_look_at_likely(struct aa_tls *tls)
{
	struct aa_linker_paths paths;

	if (aa_linker_read(AA_LINKER_CACHE, &paths) < 0)
		return;
	for (size_t i = 0; i < paths.likely; i++)
		aa_tls_look_at_file(tls, paths.paths[i]);
	aa_linker_release(&paths);
}

void aa_tls_drain(struct aa_tls *tls)
{
	struct timespec until;
	int r = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += DRAIN_MS / 1000;
	(void)pthread_mutex_lock(&tls->lock);
	stop_holding(tls);
	take_requests(tls);
	queue_clear(&tls->background);
	while (r == 0 && tls->finder_runs && (tls->asked.first || tls->busy))
		r = pthread_cond_timedwait(&tls->idle, &tls->lock, &until);
	(void)pthread_mutex_unlock(&tls->lock);
}

static int watch(struct aa_tls *tls, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(tls->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_descriptors(struct aa_tls *tls)
{
	int r;

	tls->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (tls->epoll_fd < 0)
		return -errno;
	tls->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (tls->wake_fd < 0)
		return -errno;
	r = watch(tls, tls->wake_fd);
	if (r == 0 && tls->requests)
		r = watch(tls, tls->requests->fd);
	if (r == 0 && tls->options.guard_fd >= 0)
		r = watch(tls, tls->options.guard_fd);
	return r;
}

static void release(struct aa_tls *tls)
{
	aa_tls_forget(tls);
	queue_clear(&tls->asked);
	queue_clear(&tls->background);
	if (tls->epoll_fd >= 0)
		(void)close(tls->epoll_fd);
	if (tls->wake_fd >= 0)
		(void)close(tls->wake_fd);
	(void)pthread_cond_destroy(&tls->work);
	(void)pthread_cond_destroy(&tls->idle);
	(void)pthread_mutex_destroy(&tls->lock);
	free(tls);
}

int aa_tls_new(const struct aa_tls_options *options, struct aa_tls **ret_tls, struct aa_error *error)
{
	struct aa_tls *tls = calloc(1, sizeof(*tls));
	pthread_condattr_t monotonic;
	int r;

	if (!tls)
		return aa_error_set(error, -ENOMEM, "out of memory");
	tls->options = *options;
	tls->requests = aa_kernel_requests(options->kernel);
	tls->epoll_fd = tls->wake_fd = -1;
	tls->holding = options->holds != NULL;
	queue_init(&tls->asked);
	queue_init(&tls->background);
	/* None of these can fail with glibc. */
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&tls->idle, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	(void)pthread_cond_init(&tls->work, NULL);
	(void)pthread_mutex_init(&tls->lock, NULL);
	r = open_descriptors(tls);
	if (r < 0) {
		release(tls);
		return aa_error_set(error, r, "cannot wait for requests of the kernel side: %s",
				    strerror(-r));
	}
	*ret_tls = tls;
	return 0;
}

int aa_tls_start(struct aa_tls *tls, struct aa_error *error)
{
	sigset_t all, before;
	int r;

	/* Signals are the loop's thread's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&tls->finder, NULL, find, tls);
	tls->finder_runs = r == 0;
	if (r == 0)
		r = pthread_create(&tls->reader, NULL, read_requests, tls);
	tls->reader_runs = r == 0 && tls->finder_runs;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r == 0 ? 0 : aa_error_set(error, -r, "cannot make a thread for TLS: %s", strerror(r));
}

/* True if the thread has ended. */
static bool join(pthread_t thread)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until); /* the only clock that pthread_timedjoin_np takes */
	until.tv_sec += STOP_MS / 1000;
	return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

void aa_tls_free(struct aa_tls *tls)
{
	const uint64_t one = 1;

	if (!tls)
		return;
	(void)pthread_mutex_lock(&tls->lock);
	if (tls->holding)
		stop_holding(tls);
	atomic_store_explicit(&tls->stop, true, memory_order_relaxed);
	(void)pthread_cond_signal(&tls->work);
	(void)pthread_mutex_unlock(&tls->lock);
	(void)!write(tls->wake_fd, &one, sizeof(one));
	if (tls->reader_runs)
		(void)pthread_join(tls->reader, NULL);
	if (tls->finder_runs && !join(tls->finder)) {
		(void)pthread_detach(tls->finder); /* it still uses all this */
		return;
	}
	release(tls);
}
