/* SPDX-License-Identifier: Apache-2.0 */
/* See pump.h; the figures and the traps of waking up are in PIPELINE.md, "Wake-ups". */
#include "pump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "contents.h"
#include "tls_post.h"

/* A transaction every 100 ms, or as soon as a ring is an eighth full. */
#define COMMIT_MS  100
#define FILL_SHIFT 3
/* A record that is still being written: it takes microseconds, unless its writer was preempted. */
#define BUSY_MS 20
/*
 * One more look, so long after a mark was set on an empty ring. Setting the mark and reading the producer's position,
 * and on the kernel's side moving the position and reading the mark, are two stores that each must be seen by the
 * other's load. x86 orders the kernel's pair (emit.h); arm64 does not, and the record would wait for the next one. The
 * window is a store that has not left its processor yet: nanoseconds; a processor that idles or switches tasks has
 * emptied it. So one look later is enough, and an idle recorder sleeps without any timer.
 */
#define SECOND_LOOK_MS 100
#define HEADROOM_BYTES (32u << 20)
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 2000
#define GIVE_UP_MS     5000

static void look(struct aa_pump *pump);

static struct aa_ring *ring_of(struct aa_pump *pump, unsigned lane)
{
	return aa_kernel_ring(pump->kernel, (enum aa_lane)lane);
}

static void wait_on_timer(struct aa_pump *pump, uint64_t ms);

static void disarm(struct aa_pump *pump)
{
	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++)
		aa_ring_disarm(ring_of(pump, lane));
}

/* On a worker's thread. */
static void store_job(uv_work_t *work)
{
	struct aa_pump *pump = work->data;

	pump->result = aa_db_check_place(aa_store_db(pump->store), &pump->error);
	if (pump->batch.final)
		aa_store_contents_drain(pump->store);
	if (pump->result == 0)
		pump->result = aa_store_commit(pump->store, &pump->batch, &pump->error);
}

static void finish_with(struct aa_pump *pump, int r)
{
	pump->finished = true;
	disarm(pump);
	(void)uv_timer_stop(&pump->timer);
	(void)uv_timer_stop(&pump->second_look);
	pump->waiting = false;
	pump->events->finished(pump->context, r, &pump->error);
}

static void job_failed(struct aa_pump *pump)
{
	if (!pump->failing)
		pump->events->failed(pump->context, &pump->error);
	pump->backoff_ms = pump->failing ? pump->backoff_ms * 2 : BACKOFF_MIN_MS;
	if (pump->backoff_ms > BACKOFF_MAX_MS)
		pump->backoff_ms = BACKOFF_MAX_MS;
	pump->failing = true;
	/* A full disk may get room while we wait; a database that is gone does not come back for the end. */
	if (pump->finishing && (pump->result == -ESTALE || uv_now(pump->loop) >= pump->give_up_ms)) {
		finish_with(pump, pump->result);
		return;
	}
	wait_on_timer(pump, pump->backoff_ms); /* nothing wakes us before: what fills up is counted */
}

/* True if the last batch took all there is, or could take no more of it. */
static bool drained(struct aa_pump *pump)
{
	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++) {
		const struct aa_span span = aa_ring_snapshot(ring_of(pump, lane));

		if (span.end > span.begin && span.end > pump->batch.spans[lane].end)
			return false;
	}
	return true;
}

static void job_stored(struct aa_pump *pump)
{
	bool was_failing = pump->failing;

	pump->failing = false;
	aa_losses_stored(&pump->losses);
	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++) {
		aa_ring_release(ring_of(pump, lane), pump->batch.stored[lane]);
		pump->seen[lane] = pump->batch.spans[lane].end;
	}
	if (was_failing)
		pump->events->recovered(pump->context);
	if (pump->batch.final && drained(pump) && !aa_store_contents_pending(pump->store) &&
	    !aa_store_posts_pending(pump->store)) {
		finish_with(pump, 0);
		return;
	}
	pump->events->stored(pump->context);
}

/* Back on the loop's thread. */
static void job_done(uv_work_t *work, int status)
{
	struct aa_pump *pump = work->data;

	pump->storing = false;
	pump->looked_again = false;
	if (status < 0) { /* uv_cancel() is not used */
		pump->result = status;
		(void)aa_error_set(&pump->error, status, "cannot run the store job: %s", uv_strerror(status));
	}
	if (pump->result < 0)
		job_failed(pump);
	else
		job_stored(pump);
	if (pump->finished)
		return;
	if (pump->held)
		pump->events->idle(pump->context);
	look(pump);
}

enum fill {
	FILL_NONE,
	FILL_SOME,
	FILL_MUCH,
};

/* How much there is that was not in the last batch; asks to be woken by what would change the answer. */
static enum fill look_and_arm(struct aa_pump *pump)
{
	enum fill fill = FILL_NONE;

	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++) {
		struct aa_ring *ring = ring_of(pump, lane);
		uint64_t mark = pump->seen[lane];

		/* Caught up: any record wakes us. A record that comes while we arm is seen by its position. */
		if (aa_ring_producer(ring) == mark && aa_ring_arm(ring, mark) == mark)
			continue;
		if (fill == FILL_NONE)
			fill = FILL_SOME;
		mark = aa_ring_consumer(ring) + (ring->size >> FILL_SHIFT);
		if (mark < pump->seen[lane])
			mark = pump->seen[lane];
		if (aa_ring_arm(ring, mark) > mark)
			fill = FILL_MUCH;
	}
	if (fill == FILL_NONE &&
	    (aa_store_contents_ready(pump->store) || aa_store_posts_pending(pump->store)))
		fill = FILL_SOME;
	return fill;
}

static void on_second_look(uv_timer_t *timer)
{
	struct aa_pump *pump = timer->data;

	if (pump->storing || pump->held)
		return;
	pump->looked_again = true;
	look(pump);
}

static void look_again(struct aa_pump *pump)
{
	if (pump->looked_again)
		return;
	uv_update_time(pump->loop);
	(void)uv_timer_start(&pump->second_look, on_second_look, SECOND_LOOK_MS, 0);
}

static void submit(struct aa_pump *pump)
{
	bool nothing = true;
	int r;

	/* Before the records are taken: see contents.h. */
	if (aa_store_contents_ready(pump->store) || aa_store_posts_pending(pump->store))
		nothing = false;
	/* What is in a later lane may name a process of an earlier one: take those first, store them last. */
	for (unsigned lane = AA_LANE_COUNT; lane-- > 0;) {
		pump->batch.spans[lane] = aa_ring_snapshot(ring_of(pump, lane));
		pump->batch.stored[lane] = pump->batch.spans[lane].begin;
		if (pump->batch.spans[lane].end > pump->seen[lane])
			nothing = false;
	}
	pump->batch.gaps = pump->losses.gaps;
	pump->batch.gap_count = aa_losses_take(&pump->losses);
	pump->batch.final = pump->finishing;
	if (nothing && pump->batch.gap_count == 0 && !pump->batch.final) {
		if (look_and_arm(pump) != FILL_NONE) /* there is something, but its writer is not done */
			wait_on_timer(pump, BUSY_MS);
		else
			look_again(pump);
		return;
	}
	disarm(pump); /* its end makes us look anyway */
	pump->error = (struct aa_error){ 0 };
	pump->work.data = pump;
	r = uv_queue_work(pump->loop, &pump->work, store_job, job_done);
	if (r < 0) {
		pump->result = r;
		(void)aa_error_set(&pump->error, r, "cannot start the store job: %s", uv_strerror(r));
		job_failed(pump);
		return;
	}
	pump->storing = true;
}

static void on_timer(uv_timer_t *timer)
{
	struct aa_pump *pump = timer->data;

	pump->waiting = false;
	if (!pump->storing && !pump->held && !pump->finished)
		submit(pump);
}

static void wait_on_timer(struct aa_pump *pump, uint64_t ms)
{
	uv_update_time(pump->loop);
	(void)uv_timer_start(&pump->timer, on_timer, ms, 0);
	pump->waiting = true;
}

static void look(struct aa_pump *pump)
{
	if (pump->storing || pump->held || pump->finished || (pump->waiting && pump->failing))
		return;
	if (pump->finishing) {
		submit(pump);
		return;
	}
	switch (look_and_arm(pump)) {
	case FILL_NONE:
		look_again(pump);
		break;
	case FILL_SOME:
		if (!pump->waiting)
			wait_on_timer(pump, COMMIT_MS);
		break;
	case FILL_MUCH:
		(void)uv_timer_stop(&pump->timer);
		pump->waiting = false;
		submit(pump);
		break;
	}
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct aa_pump *pump = poll->data;
	struct epoll_event ready[AA_LANE_COUNT];

	(void)status;
	(void)events;
	/* Takes the edges, so that the outer epoll is quiet until the next forced wake-up. */
	(void)epoll_wait(pump->epoll_fd, ready, AA_LANE_COUNT, 0);
	pump->looked_again = false;
	look(pump);
}

static int watch_rings(struct aa_pump *pump)
{
	pump->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (pump->epoll_fd < 0)
		return -errno;
	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++) {
		struct aa_ring *ring = ring_of(pump, lane);
		struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u32 = lane };

		pump->seen[lane] = aa_ring_consumer(ring);
		if (epoll_ctl(pump->epoll_fd, EPOLL_CTL_ADD, ring->fd, &event) < 0)
			return -errno;
	}
	return 0;
}

int aa_pump_start(struct aa_pump *pump, uv_loop_t *loop, struct aa_kernel *kernel, struct aa_store *store,
		  int64_t session_id, uint32_t slot, const struct aa_pump_events *events, void *context,
		  struct aa_error *error)
{
	int r;

	*pump = (struct aa_pump){
		.loop = loop,
		.kernel = kernel,
		.store = store,
		.events = events,
		.context = context,
		.epoll_fd = -1,
	};
	if (setenv("UV_THREADPOOL_SIZE", "1", 1) < 0 || setenv("UV_USE_IO_URING", "0", 1) < 0)
		return aa_error_set(error, -errno, "out of memory");
	aa_losses_init(&pump->losses, kernel, session_id, slot);
	r = watch_rings(pump);
	if (r == 0)
		r = uv_poll_init(loop, &pump->poll, pump->epoll_fd);
	if (r < 0) {
		if (pump->epoll_fd >= 0)
			(void)close(pump->epoll_fd);
		pump->epoll_fd = -1;
		return aa_error_set(error, r, "cannot wait for the ring buffers: %s", strerror(-r));
	}
	(void)uv_timer_init(loop, &pump->timer);
	(void)uv_timer_init(loop, &pump->second_look);
	pump->poll.data = pump;
	pump->timer.data = pump;
	pump->second_look.data = pump;
	pump->started = true;
	r = uv_poll_start(&pump->poll, UV_READABLE, on_poll);
	if (r < 0)
		return aa_error_set(error, r, "cannot wait for the ring buffers: %s", strerror(-r));
	look(pump);
	return 0;
}

static void do_nothing(void *unused)
{
	(void)unused;
}

static void work_nothing(uv_work_t *work)
{
	(void)work;
}

static void work_done(uv_work_t *work, int status)
{
	(void)work;
	(void)status;
}

/* Room to grow in: tables of processes and strings, statements, SQLite's cache. Only addresses are taken, and given back. */
static int try_headroom(void)
{
	void *room =
		mmap(NULL, HEADROOM_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		return -errno;
	(void)munmap(room, HEADROOM_BYTES);
	return 0;
}

int aa_pump_prepare(struct aa_pump *pump, struct aa_error *error)
{
	/* What libuv gives a worker; where a version takes the limit of the stack instead, that is mostly the same. */
	const uv_thread_options_t like_workers = { .flags = UV_THREAD_HAS_STACK_SIZE,
						   .stack_size = 8u << 20 };
	uv_thread_t attempt;
	int r = uv_thread_create_ex(&attempt, &like_workers, do_nothing, NULL);

	/* Its stack stays in glibc's cache, and is the worker's in a moment. */
	if (r == 0)
		r = uv_thread_join(&attempt);
	if (r == 0)
		r = try_headroom();
	if (r == 0)
		r = uv_queue_work(pump->loop, &pump->first_work, work_nothing, work_done);
	if (r < 0)
		return aa_error_set(error, r,
				    "cannot make a thread, or room for what it stores: %s (limits of address "
				    "space or of processes, ulimit -v and -u?)",
				    uv_strerror(r));
	return 0;
}

void aa_pump_look(struct aa_pump *pump)
{
	pump->looked_again = false;
	look(pump);
}

bool aa_pump_hold(struct aa_pump *pump)
{
	pump->held = true;
	return pump->storing;
}

void aa_pump_unhold(struct aa_pump *pump)
{
	pump->held = false;
	pump->looked_again = false;
	if (pump->started && !pump->waiting)
		look(pump);
}

void aa_pump_finish(struct aa_pump *pump)
{
	if (pump->finishing)
		return;
	pump->finishing = true;
	uv_update_time(pump->loop);
	pump->give_up_ms = uv_now(pump->loop) + GIVE_UP_MS;
	if (pump->storing)
		return;
	(void)uv_timer_stop(&pump->timer);
	pump->waiting = false;
	look(pump);
}

uint64_t aa_pump_unstored(struct aa_pump *pump)
{
	uint64_t count = aa_losses_unstored(&pump->losses);

	for (unsigned lane = 0; lane < AA_LANE_COUNT; lane++) {
		const struct aa_span span = aa_ring_snapshot(ring_of(pump, lane));
		struct aa_record record = { .next = span.begin };
		enum aa_ring_result result;

		while ((result = aa_span_next(&span, record.next, &record)) <= AA_RING_DISCARDED)
			if (result == AA_RING_RECORD && record.size >= sizeof(struct aa_header) &&
			    ((const struct aa_header *)record.bytes)->kind != AA_EVENT_TEXT)
				count++;
	}
	return count;
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct aa_pump *pump = handle->data;

	(void)close(pump->epoll_fd);
	pump->epoll_fd = -1;
}

void aa_pump_close(struct aa_pump *pump)
{
	if (!pump->started)
		return;
	pump->started = false;
	uv_close((uv_handle_t *)&pump->timer, NULL);
	uv_close((uv_handle_t *)&pump->second_look, NULL);
	uv_close((uv_handle_t *)&pump->poll, on_poll_closed);
}
