// SPDX-License-Identifier: Apache-2.0
/* See tls.h: tables of the programs of TLS, filled and emptied from here. */
#include "tls.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kernel_private.h"
#include "memory.h"
#include "socket.h"

#define DEFAULT_MAX_CALL       (8ull << 20)
#define DEFAULT_MAX_CONNECTION (1ull << 30)
#define BATCH		       128u
#define CALL_AGE_NS	       5000000000ull /* a younger one is not asked whether its thread still lives */

static int map_fd(const struct aa_kernel *kernel, const char *name)
{
	return kernel->object_count > 0 ? bpf_object__find_map_fd_by_name(kernel->objects[0], name) : -1;
}

int aa_kernel_size_tls(struct aa_kernel *kernel, struct bpf_object *object, struct aa_error *error)
{
	static const char *const names[] = { "aa_tls_connections", "aa_tls_calls", "aa_tls_threads" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, names[i]);

		if (kernel->options.tls != AA_TLS_MODE_ALL && (!map || bpf_map__set_max_entries(map, 1) != 0))
			return aa_error_set(error, -EINVAL, "cannot set the size of BPF map %s", names[i]);
	}
	return 0;
}

int aa_kernel_map_requests(struct aa_kernel *kernel, struct aa_error *error)
{
	int fd = map_fd(kernel, "aa_ring_requests"), r;

	if (kernel->options.tls != AA_TLS_MODE_ALL)
		return 0;
	kernel->requests_wake_at = ~0ull;
	r = aa_ring_open(&kernel->requests, fd, AA_LANE_COUNT, AA_REQUEST_RING_BYTES,
			 &kernel->requests_wake_at);
	return r < 0 ? aa_error_set(error, r, "cannot map BPF ring buffer aa_ring_requests: %s", strerror(-r))
		     : 0;
}

int aa_kernel_begin_tls(struct aa_kernel *kernel, struct aa_error *error)
{
	const struct aa_kernel_options *options = &kernel->options;

	kernel->config.tls = options->tls;
	kernel->config.tls_hold = options->tls_hold;
	kernel->config.tls_max_call = options->tls_max_call != 0 ? options->tls_max_call : DEFAULT_MAX_CALL;
	kernel->config.tls_max_connection =
		options->tls_max_connection != 0 ? options->tls_max_connection : DEFAULT_MAX_CONNECTION;
	return aa_kernel_set_config(kernel, error);
}

struct aa_ring *aa_kernel_requests(struct aa_kernel *kernel)
{
	return kernel->requests.data ? &kernel->requests : NULL;
}

static int set_known(struct aa_kernel *kernel, uint64_t inode, uint32_t device, uint32_t generation,
		     uint32_t how)
{
	const struct aa_file_key key = { .inode = inode, .device = device, .generation = generation };

	return bpf_map_update_elem(map_fd(kernel, "aa_tls_seen"), &key, &how, BPF_ANY) != 0 ? -errno : 0;
}

int aa_kernel_tls_set_seen(struct aa_kernel *kernel, uint64_t inode, uint32_t device, uint32_t generation)
{
	return set_known(kernel, inode, device, generation, AA_TLS_SEEN_KNOWN);
}

int aa_kernel_tls_watch(struct aa_kernel *kernel, uint64_t inode, uint32_t device, uint32_t generation)
{
	return set_known(kernel, inode, device, generation, AA_TLS_SEEN_WATCHED);
}

int aa_kernel_tls_ask_again(struct aa_kernel *kernel, uint64_t inode, uint32_t device, uint32_t generation)
{
	return set_known(kernel, inode, device, generation, AA_TLS_SEEN_ASKED);
}

struct sweep {
	struct aa_kernel *kernel;
	bool last;
	bool sees_pids; /* the kernel side's numbers of processes are ours */
	uint64_t now_ns;
	aa_tls_swept_fn *swept;
	void *context;
	int removed;
};

/* What becomes of an entry. Returns true to have it removed. */
typedef bool judge_fn(struct sweep *sweep, const void *key, const void *value);
/* It was removed, by us and nobody else. */
typedef void removed_fn(struct sweep *sweep, const void *key, const void *value);

/* Entries that come or go meanwhile may be missed: the next sweep has them. */
static int sweep_map(struct sweep *sweep, const char *name, size_t key_size, size_t value_size,
		     judge_fn *judge, removed_fn *removed)
{
	aa_cleanup_free char *keys = calloc(BATCH, key_size + value_size);
	char *values;
	int fd = map_fd(sweep->kernel, name);
	uint32_t at = 0;
	void *from = NULL;

	if (!keys)
		return -ENOMEM;
	values = keys + BATCH * key_size;
	for (;;) {
		uint32_t count = BATCH;
		int r = bpf_map_lookup_batch(fd, from, &at, keys, values, &count, NULL);
		int failure = r == 0 ? 0 : errno;

		if (failure != 0 && failure != ENOENT)
			return -failure;
		for (uint32_t i = 0; i < count; i++) {
			const char *key = keys + i * key_size, *value = values + i * value_size;

			if (judge(sweep, key, value) && bpf_map_delete_elem(fd, key) == 0 && removed)
				removed(sweep, key, value);
		}
		if (failure == ENOENT) /* these were the last */
			return 0;
		from = &at;
	}
}

/* Whether a process is in a session; if so, when it last began to run another program. */
static bool in_scope(const struct sweep *sweep, uint64_t start_ns, uint32_t tgid, uint64_t *ret_exec_ns)
{
	const struct aa_identity_key key = { .start_ns = start_ns, .tgid = tgid };
	struct aa_scope scope;

	if (bpf_map_lookup_elem(sweep->kernel->scope_fd, &key, &scope) != 0)
		return false;
	*ret_exec_ns = scope.exec_ns;
	return true;
}

static bool connection_is_over(struct sweep *sweep, const void *key, const void *value)
{
	const struct aa_tls_key *id = key;
	const struct aa_tls_connection *connection = value;
	uint64_t exec_ns = 0;

	return sweep->last || !in_scope(sweep, id->start_ns, id->tgid, &exec_ns) ||
	       connection->time_ns < exec_ns;
}

static bool is_gone(const struct sweep *sweep, uint32_t tgid)
{
	return sweep->sees_pids && kill((pid_t)tgid, 0) != 0 && errno == ESRCH;
}

static void connection_removed(struct sweep *sweep, const void *key, const void *value)
{
	struct aa_tls_swept swept = { .time_boot_ns = sweep->now_ns };

	memcpy(&swept.key, key, sizeof(swept.key));
	memcpy(&swept.connection, value, sizeof(swept.connection));
	swept.reason =
		sweep->last && !is_gone(sweep, swept.key.tgid) ? AA_TLS_CLOSE_SESSION : AA_TLS_CLOSE_PROCESS;
	sweep->removed++;
	if (sweep->swept)
		sweep->swept(sweep->context, &swept);
}

/* A thread that was ended inside a call. It is asked in /proc, so not for calls that have just begun. */
static bool thread_is_gone(const struct sweep *sweep, uint64_t thread)
{
	uint32_t tgid = (uint32_t)(thread >> 32), tid = (uint32_t)thread;
	char path[64];

	if (!sweep->sees_pids || tid == 0)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%u/task/%u", tgid, tid);
	return access(path, F_OK) != 0 && errno == ENOENT;
}

static bool call_is_over(struct sweep *sweep, const void *key, const void *value)
{
	const struct aa_tls_call_key *id = key;
	const struct aa_tls_call *call = value;
	uint64_t exec_ns = 0;

	if (sweep->last || !in_scope(sweep, call->base.start_ns, call->base.tgid, &exec_ns) ||
	    call->base.time_ns < exec_ns)
		return true;
	return sweep->now_ns - call->base.time_ns > CALL_AGE_NS && sweep->now_ns > call->base.time_ns &&
	       thread_is_gone(sweep, id->thread);
}

static bool thread_is_over(struct sweep *sweep, const void *key, const void *value)
{
	const struct aa_tls_thread *thread = value;
	struct aa_tls_call_key call_key = { .place = thread->stack };
	struct aa_tls_call call;
	uint64_t exec_ns = 0;

	memcpy(&call_key.thread, key, sizeof(call_key.thread));
	if (sweep->last || !in_scope(sweep, thread->key.start_ns, thread->key.tgid, &exec_ns))
		return true;
	/* Its call, entered first, is swept first. */
	if (bpf_map_lookup_elem(map_fd(sweep->kernel, "aa_tls_calls"), &call_key, &call) == 0)
		return false;
	return thread_is_gone(sweep, call_key.thread);
}

static uint64_t boot_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int aa_kernel_tls_sweep(struct aa_kernel *kernel, bool last, aa_tls_swept_fn *swept, void *context)
{
	struct sweep sweep = {
		.kernel = kernel,
		.last = last,
		.sees_pids = kernel->recorder == (uint32_t)getpid(),
		.now_ns = boot_ns(),
		.swept = swept,
		.context = context,
	};
	int r = aa_sockets_sweep(kernel, last);

	if (r < 0 || kernel->options.tls != AA_TLS_MODE_ALL)
		return r < 0 ? r : 0;
	r = sweep_map(&sweep, "aa_tls_calls", sizeof(struct aa_tls_call_key), sizeof(struct aa_tls_call),
		      call_is_over, NULL);
	if (r == 0)
		r = sweep_map(&sweep, "aa_tls_threads", sizeof(uint64_t), sizeof(struct aa_tls_thread),
			      thread_is_over, NULL);
	if (r == 0)
		r = sweep_map(&sweep, "aa_tls_connections", sizeof(struct aa_tls_key),
			      sizeof(struct aa_tls_connection), connection_is_over, connection_removed);
	return r < 0 ? r : sweep.removed;
}
