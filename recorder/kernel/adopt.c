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

#define PASSES_MAX 64

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

static int give_order(struct aa_kernel *kernel, const char *program, struct aa_order *order)
{
	uint32_t zero = 0;
	int r;

	order->recorder = kernel->recorder;
	if (bpf_map_update_elem(kernel->order_fd, &zero, order, BPF_ANY) != 0)
		return -errno;
	r = run_iterator(kernel, program);
	if (r < 0)
		return r;
	if (bpf_map_lookup_elem(kernel->order_fd, &zero, order) != 0)
		return -errno;
	kernel->recorder = order->recorder;
	return 0;
}

int aa_kernel_adopt(struct aa_kernel *kernel, pid_t pid, uint32_t session, uint32_t slot,
		    struct aa_identity *ret_identity, struct aa_error *error)
{
	struct aa_order order = {
		.action = AA_ORDER_ADOPT,
		.pid = (uint32_t)pid,
		.session = session,
		.slot = slot,
	};
	int r;

	if (pid <= 0)
		return aa_error_set(error, -EINVAL, "cannot record process %d: not a process id", (int)pid);
	r = give_order(kernel, "aa_adopt_iter", &order);
	if (r < 0)
		return aa_error_set(error, r, "cannot find process %d with a BPF iterator: %s", (int)pid,
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
		return aa_error_set(error, -ESRCH, "no process %d", (int)pid);
	}
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
			int r = give_order(kernel, "aa_snap_iter", &order);

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
	int r;

	set_phase(kernel, AA_SNAP_ON);
	r = take_all(kernel);
	set_phase(kernel, AA_SNAP_DRAIN);
	remove_marks(kernel);
	set_phase(kernel, AA_SNAP_OFF);
	remove_all(kernel->tomb_fd);
	if (r < 0)
		return aa_error_set(error, r, "cannot take the running process tree with a BPF iterator: %s",
				    strerror(-r));
	return 0;
}

uint32_t aa_kernel_tracked(struct aa_kernel *kernel)
{
	struct aa_identity_key key, next;
	const void *previous = NULL;
	uint32_t count = 0;

	while (count < kernel->max_processes &&
	       bpf_map_get_next_key(kernel->scope_fd, previous, &next) == 0) {
		key = next;
		previous = &key;
		count++;
	}
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
