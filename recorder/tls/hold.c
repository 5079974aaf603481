// SPDX-License-Identifier: Apache-2.0
/* See hold.h. */
#include "hold.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

int aa_holds_new(struct aa_holds **ret_holds)
{
	void *memory = mmap(NULL, sizeof(struct aa_holds), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*ret_holds = memory;
	return 0;
}

void aa_holds_free(struct aa_holds *holds)
{
	if (holds)
		(void)munmap(holds, sizeof(*holds));
}

static bool is_used(const struct aa_hold *hold)
{
	return __atomic_load_n(&hold->used, __ATOMIC_ACQUIRE) != 0;
}

static struct aa_hold *find_process(struct aa_holds *holds, uint32_t tgid, uint64_t start_ns)
{
	for (unsigned i = 0; i < AA_HOLDS_MAX; i++) {
		if (is_used(&holds->entries[i]) && holds->entries[i].tgid == tgid &&
		    holds->entries[i].start_ns == start_ns)
			return &holds->entries[i];
	}
	return NULL;
}

static struct aa_hold *find_free(struct aa_holds *holds)
{
	for (unsigned i = 0; i < AA_HOLDS_MAX; i++) {
		if (!is_used(&holds->entries[i]))
			return &holds->entries[i];
	}
	return NULL;
}

uint64_t aa_holds_add(struct aa_holds *holds, const struct aa_request *request)
{
	struct aa_hold *hold = find_process(holds, request->tgid, request->start_ns);
	struct aa_hold *free_entry;

	if (hold) {
		hold->requests++;
		return hold->ticket;
	}
	free_entry = find_free(holds);
	if (!free_entry)
		return 0;
	free_entry->tgid = request->tgid;
	free_entry->start_ns = request->start_ns;
	free_entry->since_ns = request->time_ns;
	free_entry->ticket = ++holds->tickets;
	free_entry->requests = 1;
	__atomic_store_n(&free_entry->used, 1, __ATOMIC_RELEASE);
	return free_entry->ticket;
}

struct aa_hold *aa_holds_find(struct aa_holds *holds, uint64_t ticket)
{
	for (unsigned i = 0; i < AA_HOLDS_MAX && ticket != 0; i++)
		if (is_used(&holds->entries[i]) && holds->entries[i].ticket == ticket)
			return &holds->entries[i];
	return NULL;
}

bool aa_holds_answer(struct aa_holds *holds, uint64_t ticket)
{
	struct aa_hold *hold = aa_holds_find(holds, ticket);

	return hold && --hold->requests == 0;
}

struct aa_hold *aa_holds_overdue(struct aa_holds *holds, uint64_t before_ns)
{
	for (unsigned i = 0; i < AA_HOLDS_MAX; i++)
		if (is_used(&holds->entries[i]) && holds->entries[i].since_ns < before_ns)
			return &holds->entries[i];
	return NULL;
}

uint64_t aa_holds_oldest(const struct aa_holds *holds)
{
	uint64_t oldest = 0;

	for (unsigned i = 0; i < AA_HOLDS_MAX; i++)
		if (is_used(&holds->entries[i]) && (oldest == 0 || holds->entries[i].since_ns < oldest))
			oldest = holds->entries[i].since_ns;
	return oldest;
}

bool aa_holds_has(const struct aa_holds *holds, uint32_t tgid)
{
	for (unsigned i = 0; i < AA_HOLDS_MAX; i++)
		if (is_used(&holds->entries[i]) && holds->entries[i].tgid == tgid)
			return true;
	return false;
}

void aa_holds_remove(struct aa_hold *hold)
{
	__atomic_store_n(&hold->used, 0, __ATOMIC_RELEASE);
}

/* Through a pidfd, so that between the look and the signal the number cannot become another process's. */
int aa_resume(uint32_t tgid, uint64_t start_ns, aa_is_process_fn *is_process, const void *context)
{
	aa_cleanup_close int fd = (int)syscall(SYS_pidfd_open, (pid_t)tgid, 0);

	if (fd < 0 && errno == ESRCH)
		return -ESRCH;
	if (!is_process(context, tgid, start_ns))
		return -ESRCH;
	/* Without one (no descriptor left, a filter of system calls): a process that stays stopped would be worse. */
	if (fd < 0)
		return kill((pid_t)tgid, SIGCONT) < 0 ? -errno : 0;
	return syscall(SYS_pidfd_send_signal, fd, SIGCONT, NULL, 0) < 0 ? -errno : 0;
}
