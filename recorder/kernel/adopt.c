// SPDX-License-Identifier: Apache-2.0
/* Who is recorded: roots, the trees below them as they are now, and nobody any more. */
#include "kernel_private.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "walk.h"

#define PASSES_MAX  64
#define PATIENCE_MS 2000

/* Runs an iterator over all tasks of the recorder's pid namespace; it writes nothing to the file. */
static int run_iterator(struct aa_kernel *kernel, const char *program)
{
	struct bpf_link *link = aa_kernel_find_link(kernel, program);
	aa_cleanup_close int fd = -1;
	char byte[64];

	if (!link)
		return -EOPNOTSUPP;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, byte, sizeof(byte));

		/* EAGAIN: the kernel paused after a million tasks. */
		if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
			continue;
		return n < 0 ? -errno : 0;
	}
}

/* A pair of programs with the same body: run by an iterator for each task, or by us for one. */
struct programs {
	const char *iterator;
	const char *run;
};

static const struct programs adopt_programs = { .iterator = "aa_adopt_iter", .run = "aa_adopt_run" };
static const struct programs snap_programs = { .iterator = "aa_snap_iter", .run = "aa_snap_run" };

static bool has_iterator(struct aa_kernel *kernel, const struct programs *programs)
{
	return aa_kernel_find_link(kernel, programs->iterator) != NULL;
}

/* An order that is carried out task by task, through /proc. */
struct walk {
	struct aa_kernel *kernel;
	struct aa_order *order;
	int program_fd;
	uint32_t results; /* sum */
	bool stuck;	  /* the ring's reader has not moved for long: don't wait for it again */
};

/*
 * A snapshot of a large tree is faster than any store: 2,500 processes are 2 MiB in 10 ms. Here, unlike in an iterator, it can
 * wait for room, unless nobody makes any: a store that fails may do so for long.
 */
static void wait_for_room(struct walk *walk)
{
	const struct aa_ring *ring = &walk->kernel->rings[AA_LANE_LIFECYCLE];
	const struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t consumer = aa_ring_consumer(ring);

	for (unsigned waits = 0; aa_ring_producer(ring) - consumer > ring->size / 2; waits++) {
		uint64_t now;

		if (walk->stuck || waits == PATIENCE_MS) {
			walk->stuck = true;
			return;
		}
		(void)nanosleep(&pause, NULL);
		now = aa_ring_consumer(ring);
		if (now != consumer)
			waits = 0;
		consumer = now;
	}
}

static int run_for_task(void *context, int fd)
{
	struct walk *walk = context;
	struct aa_order *order = walk->order;
	struct bpf_test_run_opts run = { .sz = sizeof(run) };
	uint32_t zero = 0;

	if (order->action != AA_ORDER_ADOPT)
		wait_for_room(walk);
	order->fd = (uint32_t)fd;
	order->result = 0;
	order->image_missing = 0;
	if (bpf_map_update_elem(walk->kernel->order_fd, &zero, order, BPF_ANY) != 0 ||
	    bpf_prog_test_run_opts(walk->program_fd, &run) != 0 ||
	    bpf_map_lookup_elem(walk->kernel->order_fd, &zero, order) != 0)
		return -errno;
	walk->results += order->result;
	return order->image_missing ? AA_WALK_NEXT_THREAD : 0;
}

static int walk_order(struct aa_kernel *kernel, const struct programs *programs, struct aa_order *order)
{
	struct walk walk = {
		.kernel = kernel,
		.order = order,
		.program_fd = aa_kernel_program_fd(kernel, programs->run),
	};
	int r;

	if (walk.program_fd < 0)
		return -EOPNOTSUPP;
	if (order->action == AA_ORDER_ADOPT)
		r = aa_walk_process((pid_t)order->pid, run_for_task, &walk);
	else
		r = aa_walk_all(run_for_task, &walk);
	order->result = walk.results;
	return r;
}

static int iterate_order(struct aa_kernel *kernel, const struct programs *programs, struct aa_order *order)
{
	uint32_t zero = 0;
	int r;

	if (bpf_map_update_elem(kernel->order_fd, &zero, order, BPF_ANY) != 0)
		return -errno;
	r = run_iterator(kernel, programs->iterator);
	if (r < 0)
		return r;
	return bpf_map_lookup_elem(kernel->order_fd, &zero, order) == 0 ? 0 : -errno;
}

static int give_order(struct aa_kernel *kernel, const struct programs *programs, struct aa_order *order)
{
	int r;

	order->recorder = kernel->recorder;
	if (has_iterator(kernel, programs))
		r = iterate_order(kernel, programs, order);
	else
		r = walk_order(kernel, programs, order);
	if (r == 0)
		kernel->recorder = order->recorder;
	return r;
}

static int adopt(struct aa_kernel *kernel, pid_t pid, uint32_t session, uint32_t slot, uint32_t scope_flags,
		 struct aa_identity *ret_identity, struct aa_error *error)
{
	struct aa_order order = {
		.action = AA_ORDER_ADOPT,
		.pid = (uint32_t)pid,
		.session = session,
		.slot = slot,
		.scope_flags = scope_flags,
	};
	int r;

	if (pid <= 0)
		return aa_error_set(error, -EINVAL, "cannot record process %d: not a process id", (int)pid);
	r = give_order(kernel, &adopt_programs, &order);
	if (r < 0 && r != -ESRCH)
		return aa_error_set(error, r, "cannot find process %d %s: %s", (int)pid,
				    has_iterator(kernel, &adopt_programs) ? "with a BPF iterator"
									  : "by its directory in /proc",
				    strerror(-r));
	switch (order.result) {
	case AA_ADOPT_DONE:
		*ret_identity = (struct aa_identity){ .start_ns = order.start_ns, .tgid = order.tgid };
		return 0;
	case AA_ADOPT_TAKEN:
		return aa_error_set(error, -EEXIST, "process %d is recorded already", (int)pid);
	case AA_ADOPT_SCOPE_FULL:
		return aa_error_set(error, -ENOSPC,
				    "cannot record process %d: %u processes are recorded, no room for more",
				    (int)pid, kernel->max_processes);
	case AA_ADOPT_RING_FULL:
		return aa_error_set(error, -ENOSPC, "cannot record process %d: the lifecycle ring is full",
				    (int)pid);
	case AA_ADOPT_SELF:
		return aa_error_set(error, -EINVAL, "process %d is the recorder itself", (int)pid);
	default:
		/* Not shown is not the same as not there. */
		if (!has_iterator(kernel, &adopt_programs) && aa_walk_check(error) < 0)
			return error ? error->code : -ESRCH;
		return aa_error_set(error, -ESRCH, "no process %d", (int)pid);
	}
}

int aa_kernel_adopt(struct aa_kernel *kernel, pid_t pid, uint32_t session, uint32_t slot,
		    struct aa_identity *ret_identity, struct aa_error *error)
{
	return adopt(kernel, pid, session, slot, 0, ret_identity, error);
}

int aa_kernel_adopt_command(struct aa_kernel *kernel, pid_t pid, uint32_t session, uint32_t slot,
			    struct aa_identity *ret_identity, struct aa_error *error)
{
	return adopt(kernel, pid, session, slot, AA_SCOPE_COMMAND, ret_identity, error);
}

void aa_kernel_settle(void)
{
	/* One processor makes membarrier do nothing; nohz_full makes it refuse. No program run takes that long. */
	const struct timespec pause = { .tv_nsec = 20000000 };

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0)
		(void)nanosleep(&pause, NULL);
}

static void set_phase(struct aa_kernel *kernel, enum aa_snap_phase phase)
{
	__atomic_store_n(&kernel->control->snapping, (uint32_t)phase, __ATOMIC_SEQ_CST);
	aa_kernel_settle();
}

/* Scope entries that exits left behind as marks while the iterators ran. */
static void remove_marks(struct aa_kernel *kernel)
{
	struct aa_identity_key key, next;
	const void *previous = NULL;

	while (bpf_map_get_next_key(kernel->tomb_fd, previous, &next) == 0) {
		uint32_t phase = 0;

		key = next;
		previous = &key;
		if (bpf_map_lookup_elem(kernel->tomb_fd, &key, &phase) == 0 && phase == AA_SNAP_ON)
			(void)bpf_map_delete_elem(kernel->scope_fd, &key);
	}
}

static void remove_all(int fd)
{
	struct aa_identity_key key;

	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		(void)bpf_map_delete_elem(fd, &key);
}

/* Passes until one finds nothing new: a pid below its parent's is met first when pids have wrapped around. */
static int take_all(struct aa_kernel *kernel)
{
	static const uint32_t actions[] = { AA_ORDER_CHILDREN, AA_ORDER_ALL };

	for (unsigned i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
			struct aa_order order = { .action = actions[i] };
			int r = give_order(kernel, &snap_programs, &order);

			if (r < 0)
				return r;
			if (order.result == 0)
				break;
		}
	}
	return 0;
}

int aa_kernel_snapshot(struct aa_kernel *kernel, struct aa_error *error)
{
	bool iterates = has_iterator(kernel, &snap_programs);
	int r = iterates ? 0 : aa_walk_check(error);

	if (r < 0)
		return r;
	set_phase(kernel, AA_SNAP_ON);
	r = take_all(kernel);
	set_phase(kernel, AA_SNAP_DRAIN);
	remove_marks(kernel);
	set_phase(kernel, AA_SNAP_OFF);
	remove_all(kernel->tomb_fd);
	if (r < 0)
		return aa_error_set(error, r, "cannot take the running process tree %s: %s",
				    iterates ? "with a BPF iterator" : "through /proc", strerror(-r));
	return 0;
}

void aa_kernel_each_tracked(struct aa_kernel *kernel, aa_tracked_fn *each, void *context)
{
	struct aa_identity_key key, next;
	const void *previous = NULL;

	/* Bounded, as the map starts anew where a key is removed behind our back. */
	for (uint32_t i = 0;
	     i < kernel->max_processes && bpf_map_get_next_key(kernel->scope_fd, previous, &next) == 0; i++) {
		const struct aa_identity identity = { .start_ns = next.start_ns, .tgid = next.tgid };

		each(context, &identity);
		key = next;
		previous = &key;
	}
}

static void count_one(void *context, const struct aa_identity *identity)
{
	(void)identity;
	++*(uint32_t *)context;
}

uint32_t aa_kernel_tracked(struct aa_kernel *kernel)
{
	uint32_t count = 0;

	aa_kernel_each_tracked(kernel, count_one, &count);
	return count;
}

/*
 * A fork that has seen its parent's entry may add the child's after we were there: look again when it has
 * ended.
 */
void aa_kernel_forget_all(struct aa_kernel *kernel)
{
	struct aa_identity_key key;

	do {
		remove_all(kernel->scope_fd);
		aa_kernel_settle();
	} while (bpf_map_get_next_key(kernel->scope_fd, NULL, &key) == 0);
}
