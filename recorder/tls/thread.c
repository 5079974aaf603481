// SPDX-License-Identifier: Apache-2.0
/* See thread.h: the two threads, and what goes between them. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lease.h"
#include "memory.h"
#include "thread_private.h"
#include "tls.h"

#define DRAIN_MS 10000
#define STOP_MS	 1000

uint64_t aa_boot_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool is_stopping(struct aa_finder *finder)
{
	return atomic_load_explicit(&finder->stop, memory_order_relaxed);
}

static void queue_init(struct aa_finder_queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

static void queue_add(struct aa_finder_queue *queue, struct aa_finder_job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

/* Somebody waits. */
static void queue_add_first(struct aa_finder_queue *queue, struct aa_finder_job *job)
{
	job->next = queue->first;
	queue->first = job;
	if (!job->next)
		queue->end = &job->next;
}

static struct aa_finder_job *queue_take(struct aa_finder_queue *queue)
{
	struct aa_finder_job *job = queue->first;

	if (!job)
		return NULL;
	queue->first = job->next;
	if (!queue->first)
		queue->end = &queue->first;
	return job;
}

static void queue_clear(struct aa_finder_queue *queue)
{
	struct aa_finder_job *job;

	while ((job = queue_take(queue)))
		free(job);
}

/* With the lock. The entry goes after the signal: whoever finds none, finds that the process goes on. */
static void let_go(struct aa_finder *finder, struct aa_hold *hold)
{
	(void)aa_resume(hold->tgid, hold->start_ns, finder->options.is_process,
			finder->options.process_context);
	aa_holds_remove(hold);
}

/* With the lock. Requests of those that are let go too early stay queued. */
static void let_go_before(struct aa_finder *finder, uint64_t before_ns)
{
	struct aa_hold *hold;

	while (finder->options.holds && (hold = aa_holds_overdue(finder->options.holds, before_ns)))
		let_go(finder, hold);
}

/* With the lock. */
static void take_request(struct aa_finder *finder, const struct aa_request *request)
{
	struct aa_finder_job *job = malloc(sizeof(*job));
	uint64_t ticket = 0;

	if ((request->flags & AA_REQUEST_HELD) != 0) {
		if (job && finder->holding && request->session == (uint32_t)finder->options.session_id)
			ticket = aa_holds_add(finder->options.holds, request);
		if (ticket == 0)
			(void)aa_resume(request->tgid, request->start_ns, finder->options.is_process,
					finder->options.process_context);
	}
	/* Of the self-test; or there is no memory, then it asks again when it maps the file again. */
	if (!job || request->session != (uint32_t)finder->options.session_id) {
		free(job);
		return;
	}
	*job = (struct aa_finder_job){ .kind = AA_JOB_REQUEST, .ticket = ticket, .request = *request };
	queue_add(&finder->asked, job);
	(void)pthread_cond_signal(&finder->work);
}

/* With the lock. The space is given back when all that is held is in the shared table. */
static void take_requests(struct aa_finder *finder)
{
	struct aa_span span;
	struct aa_record record;
	enum aa_ring_result result;

	if (!finder->requests)
		return;
	span = aa_ring_snapshot(finder->requests);
	record.next = span.begin;
	while ((result = aa_span_next(&span, record.next, &record)) <= AA_RING_DISCARDED)
		if (result == AA_RING_RECORD && record.size >= sizeof(struct aa_request))
			take_request(finder, record.bytes);
	aa_ring_release(finder->requests, span.end);
}

/* How long to wait until somebody has been held for too long. */
static int timeout_ms(struct aa_finder *finder)
{
	uint64_t oldest = finder->options.holds ? aa_holds_oldest(finder->options.holds) : 0;
	uint64_t now = aa_boot_ns(), due = oldest + AA_HOLD_NS;

	if (oldest == 0)
		return -1;
	return due <= now ? 0 : (int)((due - now) / 1000000 + 1);
}

/* With the lock. Nobody is stopped from now on, and who was goes on. */
static void stop_holding(struct aa_finder *finder)
{
	if (!finder->options.holds)
		return;
	finder->holding = false;
	(void)aa_kernel_tls_set_holding(finder->options.kernel, false);
	aa_kernel_settle(); /* who is being stopped now has its request in the ring after it */
	take_requests(finder);
	let_go_before(finder, UINT64_MAX);
}

/* With the lock. */
static void add_leases(struct aa_finder *finder)
{
	struct aa_finder_job *job = malloc(sizeof(*job));

	if (!job)
		return; /* who wants to write waits until the kernel gives up, /proc/sys/fs/lease-break-time */
	*job = (struct aa_finder_job){ .kind = AA_JOB_LEASES };
	queue_add_first(&finder->asked, job);
	(void)pthread_cond_signal(&finder->work);
}

static void *read_requests(void *argument)
{
	struct aa_finder *finder = argument;

	(void)prctl(PR_SET_NAME, "aa-tls");
	(void)pthread_mutex_lock(&finder->lock);
	finder->reader_id = (pid_t)syscall(SYS_gettid);
	(void)pthread_cond_broadcast(&finder->idle);
	while (!is_stopping(finder)) {
		struct epoll_event events[4];
		int timeout = timeout_ms(finder), count;

		(void)pthread_mutex_unlock(&finder->lock);
		count = epoll_wait(finder->epoll_fd, events, 4, timeout);
		(void)pthread_mutex_lock(&finder->lock);
		take_requests(finder);
		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == finder->lease_fd) {
				aa_lease_clear(finder->lease_fd);
				add_leases(finder);
			}
			if (events[i].data.fd != finder->options.guard_fd)
				continue;
			(void)epoll_ctl(finder->epoll_fd, EPOLL_CTL_DEL, finder->options.guard_fd, NULL);
			stop_holding(finder);
		}
		let_go_before(finder, aa_boot_ns() - AA_HOLD_NS);
	}
	(void)pthread_mutex_unlock(&finder->lock);
	return NULL;
}

bool aa_finder_is_held(struct aa_finder *finder, uint64_t ticket)
{
	bool held;

	if (ticket == 0)
		return false;
	(void)pthread_mutex_lock(&finder->lock);
	held = finder->options.holds && aa_holds_find(finder->options.holds, ticket) != NULL;
	(void)pthread_mutex_unlock(&finder->lock);
	return held;
}

static void *find(void *argument)
{
	struct aa_finder *finder = argument;

	(void)prctl(PR_SET_NAME, "aa-tls-find");
	(void)pthread_mutex_lock(&finder->lock);
	while (finder->reader_id == 0)
		(void)pthread_cond_wait(&finder->idle, &finder->lock);
	aa_finder_take_leases(finder);
	while (!is_stopping(finder)) {
		struct aa_finder_job *job = queue_take(&finder->asked);

		finder->busy = job != NULL;
		if (!job) {
			(void)pthread_cond_broadcast(&finder->idle);
			(void)pthread_cond_wait(&finder->work, &finder->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&finder->lock);
		aa_finder_do(finder, job);
		(void)pthread_mutex_lock(&finder->lock);
		if (job->ticket != 0 && finder->options.holds &&
		    aa_holds_answer(finder->options.holds, job->ticket))
			let_go(finder, aa_holds_find(finder->options.holds, job->ticket));
		free(job);
	}
	(void)pthread_mutex_unlock(&finder->lock);
	return NULL;
}

bool aa_finder_has_stopped(struct aa_finder *finder, uint32_t tgid)
{
	bool held;

	if (!finder->options.holds)
		return false;
	(void)pthread_mutex_lock(&finder->lock);
	take_requests(finder); /* its request is there before it can be seen to be stopped */
	held = aa_holds_has(finder->options.holds, tgid);
	(void)pthread_mutex_unlock(&finder->lock);
	return held;
}

void aa_finder_pause(struct aa_finder *finder)
{
	(void)pthread_mutex_lock(&finder->lock);
	stop_holding(finder);
	(void)pthread_mutex_unlock(&finder->lock);
}

void aa_finder_resume(struct aa_finder *finder)
{
	(void)pthread_mutex_lock(&finder->lock);
	if (finder->options.holds) {
		finder->holding = true;
		(void)aa_kernel_tls_set_holding(finder->options.kernel, true);
	}
	(void)pthread_mutex_unlock(&finder->lock);
}

static void add_process(void *context, const struct aa_identity *identity)
{
	struct aa_finder *finder = context;
	struct aa_finder_job *job = malloc(sizeof(*job));

	if (!job)
		return;
	*job = (struct aa_finder_job){
		.kind = AA_JOB_PROCESS,
		.request = { .tgid = identity->tgid, .start_ns = identity->start_ns },
	};
	(void)pthread_mutex_lock(&finder->lock);
	queue_add(&finder->asked, job);
	(void)pthread_cond_signal(&finder->work);
	(void)pthread_mutex_unlock(&finder->lock);
}

void aa_finder_look_at_processes(struct aa_finder *finder)
{
	aa_kernel_each_tracked(finder->options.kernel, add_process, finder);
}

void aa_finder_look_at_file(struct aa_finder *finder, const char *path)
{
	const struct aa_finder_job job = { .kind = AA_JOB_PATH, .path = path };

	aa_finder_do(finder, &job);
}

void aa_finder_look_at_likely(struct aa_finder *finder)
{
	struct aa_linker_paths paths;

	if (aa_linker_read(AA_LINKER_CACHE, &paths) < 0)
		return;
	for (size_t i = 0; i < paths.count; i++)
		aa_finder_look_at_file(finder, paths.paths[i]);
	aa_linker_release(&paths);
}

void aa_finder_drain(struct aa_finder *finder)
{
	struct timespec until;
	int r = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += DRAIN_MS / 1000;
	(void)pthread_mutex_lock(&finder->lock);
	stop_holding(finder);
	take_requests(finder);
	while (r == 0 && finder->finder_runs && (finder->asked.first || finder->busy))
		r = pthread_cond_timedwait(&finder->idle, &finder->lock, &until);
	(void)pthread_mutex_unlock(&finder->lock);
}

static int watch(struct aa_finder *finder, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(finder->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_descriptors(struct aa_finder *finder)
{
	int r;

	finder->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (finder->epoll_fd < 0)
		return -errno;
	finder->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (finder->wake_fd < 0)
		return -errno;
	finder->lease_fd = aa_lease_signals();
	if (finder->lease_fd < 0)
		return finder->lease_fd;
	r = watch(finder, finder->wake_fd);
	if (r == 0)
		r = watch(finder, finder->lease_fd);
	if (r == 0 && finder->requests)
		r = watch(finder, finder->requests->fd);
	if (r == 0 && finder->options.guard_fd >= 0)
		r = watch(finder, finder->options.guard_fd);
	return r;
}

static void release(struct aa_finder *finder)
{
	aa_finder_forget(finder);
	queue_clear(&finder->asked);
	if (finder->epoll_fd >= 0)
		(void)close(finder->epoll_fd);
	if (finder->wake_fd >= 0)
		(void)close(finder->wake_fd);
	if (finder->lease_fd >= 0)
		(void)close(finder->lease_fd);
	(void)pthread_cond_destroy(&finder->work);
	(void)pthread_cond_destroy(&finder->idle);
	(void)pthread_mutex_destroy(&finder->lock);
	free(finder);
}

int aa_finder_new(const struct aa_finder_options *options, struct aa_finder **ret_finder,
		  struct aa_error *error)
{
	struct aa_finder *finder = calloc(1, sizeof(*finder));
	pthread_condattr_t monotonic;
	int r;

	if (!finder)
		return aa_error_set(error, -ENOMEM, "out of memory");
	finder->options = *options;
	finder->requests = aa_kernel_requests(options->kernel);
	finder->epoll_fd = finder->wake_fd = finder->lease_fd = -1;
	finder->holding = options->holds != NULL;
	queue_init(&finder->asked);
	/* None of these can fail with glibc. */
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&finder->idle, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	(void)pthread_cond_init(&finder->work, NULL);
	(void)pthread_mutex_init(&finder->lock, NULL);
	r = open_descriptors(finder);
	if (r < 0) {
		release(finder);
		return aa_error_set(error, r, "cannot wait for requests of the kernel side: %s",
				    strerror(-r));
	}
	*ret_finder = finder;
	return 0;
}

int aa_finder_start(struct aa_finder *finder, struct aa_error *error)
{
	sigset_t all, before;
	int r;

	/* Signals are the loop's thread's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&finder->reader, NULL, read_requests, finder);
	finder->reader_runs = r == 0;
	if (r == 0)
		r = pthread_create(&finder->finder, NULL, find, finder);
	finder->finder_runs = r == 0 && finder->reader_runs;
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

void aa_finder_free(struct aa_finder *finder)
{
	const uint64_t one = 1;

	if (!finder)
		return;
	(void)pthread_mutex_lock(&finder->lock);
	if (finder->holding)
		stop_holding(finder);
	atomic_store_explicit(&finder->stop, true, memory_order_relaxed);
	(void)pthread_cond_signal(&finder->work);
	(void)pthread_mutex_unlock(&finder->lock);
	(void)!write(finder->wake_fd, &one, sizeof(one));
	if (finder->reader_runs)
		(void)pthread_join(finder->reader, NULL);
	if (finder->finder_runs && !join(finder->finder)) {
		(void)pthread_mutex_lock(&finder->lock);
		finder->options.holds = NULL;
		(void)pthread_mutex_unlock(&finder->lock);
		(void)pthread_detach(
			finder->finder); /* it still uses all this, and ends when it looks at stop */
		return;
	}
	release(finder);
}
