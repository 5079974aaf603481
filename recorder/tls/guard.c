// SPDX-License-Identifier: Apache-2.0
/* See guard.h. */
#include "guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tls.h"

/* After the first look: for a program that was at it on another processor all that time. */
#define LOOK_AGAIN_MS 100

struct guard {
	struct aa_kernel *kernel;
	struct aa_holds *holds;
	aa_is_process_fn *is_process;
	const void *context;
};

/* Nothing of ours stays open but two: no pipe that somebody waits to see closed, no lock, no program. */
static void close_others(int one, int other)
{
	unsigned low = (unsigned)(one < other ? one : other), high = (unsigned)(one < other ? other : one);
	bool closed = low == 0 || close_range(0, low - 1, 0) == 0;

	if (high - low > 1)
		closed = close_range(low + 1, high - 1, 0) == 0 && closed;
	closed = close_range(high + 1, ~0u, 0) == 0 && closed;
	for (int fd = 0; !closed && fd < (int)sysconf(_SC_OPEN_MAX) && fd < 65536; fd++) /* before 5.9 */
		if (fd != one && fd != other)
			(void)close(fd);
}

static void resume(const struct guard *guard, uint32_t tgid, uint64_t start_ns)
{
	(void)aa_resume(tgid, start_ns, guard->is_process, guard->context);
}

/* Each once, though a process may have several requests: what is still in the ring goes through the table, too. */
static void resume_all(const struct guard *guard)
{
	struct aa_ring *ring = aa_kernel_requests(guard->kernel);
	struct aa_span span = aa_ring_snapshot(ring);
	struct aa_record record = { .next = span.begin };
	enum aa_ring_result result;

	while ((result = aa_span_next(&span, record.next, &record)) <= AA_RING_DISCARDED) {
		const struct aa_request *request = record.bytes;

		if (result == AA_RING_RECORD && record.size >= sizeof(*request) &&
		    (request->flags & AA_REQUEST_HELD) != 0 && aa_holds_add(guard->holds, request) == 0)
			resume(guard, request->tgid, request->start_ns);
	}
	aa_ring_release(ring, span.end);
	for (unsigned i = 0; i < AA_HOLDS_MAX; i++) {
		struct aa_hold *hold = &guard->holds->entries[i];

		if (__atomic_load_n(&hold->used, __ATOMIC_ACQUIRE) == 0)
			continue;
		resume(guard, hold->tgid, hold->start_ns);
		aa_holds_remove(hold);
	}
}

/*
 * A robust mutex (pthread_mutexattr_setrobust(3)) tells at once, as the memory of a process is the first that it loses; the
 * socket is closed when the kernel is done with the descriptors, a quarter of a second later: it takes off the probes.
 */
static void wait_for_its_end(const struct guard *guard, int fd)
{
	char byte;

	if (pthread_mutex_lock(&guard->holds->recorder) == EOWNERDEAD)
		return;
	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		continue;
}

static _Noreturn void guard_main(const struct guard *guard, int fd)
{
	const struct timespec again = { .tv_nsec = LOOK_AGAIN_MS * 1000000 };
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)setsid();
	(void)!chdir("/");
	(void)prctl(PR_SET_NAME, "aa-guard");
	close_others(fd, aa_kernel_tls_holding_fd(guard->kernel));
	wait_for_its_end(guard, fd);
	/* The recorder has ended. Its programs are taken away by and by, so first they must hold nobody any more. */
	(void)aa_kernel_tls_set_holding(guard->kernel, false);
	aa_kernel_settle();
	resume_all(guard);
	(void)nanosleep(&again, NULL);
	resume_all(guard);
	_exit(0);
}

static int lock_as_long_as_we_live(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attributes;
	int r = pthread_mutexattr_init(&attributes);

	if (r != 0)
		return -r;
	r = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	if (r == 0)
		r = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	if (r == 0)
		r = pthread_mutex_init(mutex, &attributes);
	(void)pthread_mutexattr_destroy(&attributes);
	return r != 0 ? -r : -pthread_mutex_lock(mutex);
}

int aa_guard_start(struct aa_guard *guard, struct aa_kernel *kernel, struct aa_holds *holds,
		   aa_is_process_fn *is_process, const void *context, struct aa_error *error)
{
	const struct guard told = {
		.kernel = kernel, .holds = holds, .is_process = is_process, .context = context
	};
	int pair[2], r;

	*guard = (struct aa_guard){ .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return aa_error_set(error, -errno, "cannot make a pair of sockets: %s", strerror(errno));
	r = lock_as_long_as_we_live(&holds->recorder);
	if (r < 0) {
		(void)close(pair[0]);
		(void)close(pair[1]);
		return aa_error_set(error, r, "cannot make a mutex: %s", strerror(-r));
	}
	guard->pid = fork();
	if (guard->pid == 0) {
		(void)close(pair[0]);
		guard_main(&told, pair[1]);
	}
	r = -errno;
	(void)close(pair[1]);
	if (guard->pid < 0) {
		(void)close(pair[0]);
		guard->pid = 0;
		(void)pthread_mutex_unlock(&holds->recorder);
		return aa_error_set(error, r, "cannot fork: %s", strerror(-r));
	}
	guard->fd = pair[0];
	guard->mutex = &holds->recorder;
	return 0;
}

void aa_guard_end(struct aa_guard *guard)
{
	if (guard->pid > 0) {
		(void)kill(guard->pid, SIGKILL);
		while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		(void)pthread_mutex_unlock(guard->mutex);
	}
	if (guard->fd >= 0)
		(void)close(guard->fd);
	*guard = (struct aa_guard){ .fd = -1 };
}
