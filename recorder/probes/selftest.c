// SPDX-License-Identifier: Apache-2.0
/* See selftest.h. What the process does is in selftest_child.c. */
#include "selftest.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "choose.h"
#include "memory.h"
#include "ring.h"
#include "selftest_child.h"
#include "socket.h"
#include "tls.h"

/* Takes 10 ms, under emulation 200. Only something that hangs takes longer: a debugger, a stopped machine. */
#define GIVE_UP_MS 30000
/* A record that is still being written. */
#define BUSY_MS 1
/* For the memory of closed files to be freed. */
#define FREE_MS	     300
#define FREE_POLL_MS 2

const char *aa_proof_capability(enum aa_proof_id proof)
{
	static const char *const names[AA_PROOF_COUNT] = {
		[AA_PROOF_ADOPT] = "process.adopt",
		[AA_PROOF_FORK] = "process.fork",
		[AA_PROOF_RENAME] = "process.rename",
		[AA_PROOF_SETSID] = "process.setsid",
		[AA_PROOF_CRED] = "process.cred",
		[AA_PROOF_EXEC_FAILED] = "process.exec_failed",
		[AA_PROOF_EXEC] = "process.exec",
		[AA_PROOF_EXIT] = "process.exit",
		[AA_PROOF_FILE_OPEN] = "file.open",
		[AA_PROOF_FILE_NAMES] = "file.names",
		[AA_PROOF_FILE_ATTRIBUTES] = "file.attributes",
		[AA_PROOF_FILE_PLACE] = "file.place",
		[AA_PROOF_FILE_TRANSFER] = "file.transfer",
		[AA_PROOF_FILE_MMAP] = "file.mmap",
		[AA_PROOF_FILE_CLOSE] = "file.close",
		[AA_PROOF_FILE_URING] = "file.uring",
		[AA_PROOF_TLS_MAPPING] = "tls.mapping",
		[AA_PROOF_TLS_SOCKET] = "tls.socket",
		[AA_PROOF_TLS_END] = "tls.end",
	};

	return proof < AA_PROOF_COUNT ? names[proof] : "?";
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void prove(struct aa_selftest *selftest, enum aa_proof_id proof, const struct aa_header *header)
{
	uint64_t now = now_ns(CLOCK_BOOTTIME);

	if (selftest->arrived[proof])
		return;
	selftest->arrived[proof] = true;
	selftest->delay_ns[proof] = now > header->time_ns ? now - header->time_ns : 0;
}

static void prove_exec_failed(struct aa_selftest *selftest, const struct aa_exec_failed *record)
{
	if (record->syscall == SYS_execve)
		selftest->execve_arrived = true;
	if (record->syscall == SYS_execveat)
		selftest->execveat_arrived = true;
	if (selftest->execve_arrived && selftest->execveat_arrived)
		prove(selftest, AA_PROOF_EXEC_FAILED, &record->header);
}

/* Kinds that must all have come before their capability is proven. */
#define BIT(kind) (1ull << AA_EVENT_##kind)
#define FAILED_NAMES \
	(BIT(UNLINK) | BIT(RMDIR) | BIT(RENAME) | BIT(LINK) | BIT(SYMLINK) | BIT(MKDIR) | BIT(MKNOD))
#define DONE_ATTRIBUTES (BIT(TRUNCATE) | BIT(FALLOCATE) | BIT(CHMOD) | BIT(CHOWN) | BIT(UTIMES))
#define FAILED_ATTRIBUTES \
	(BIT(TRUNCATE) | BIT(CHMOD) | BIT(CHOWN) | BIT(UTIMES) | BIT(SETXATTR) | BIT(REMOVEXATTR))

/* Kinds of a proof that have not come. [0]: of what worked; [1]: of what failed. */
static void missing_kinds(const struct aa_selftest *selftest, enum aa_proof_id proof, uint64_t ret_missing[2])
{
	ret_missing[0] = proof == AA_PROOF_FILE_ATTRIBUTES ? DONE_ATTRIBUTES & ~selftest->kinds[0] : 0;
	ret_missing[1] = 0;
	if (proof == AA_PROOF_FILE_ATTRIBUTES)
		ret_missing[1] = FAILED_ATTRIBUTES & ~selftest->kinds[1];
	else if (proof == AA_PROOF_FILE_NAMES)
		ret_missing[1] = FAILED_NAMES & ~selftest->kinds[1];
}

static bool has_all_kinds(const struct aa_selftest *selftest, enum aa_proof_id proof)
{
	uint64_t missing[2];

	missing_kinds(selftest, proof, missing);
	return missing[0] == 0 && missing[1] == 0;
}

void aa_selftest_missing(const struct aa_selftest *selftest, enum aa_proof_id proof, char *ret_text,
			 size_t size)
{
	static const struct {
		unsigned kind;
		const char *name;
	} kinds[] = {
#define X(name, id, text) { (id), (text) },
		AA_EVENT_KINDS(X)
#undef X
	};
	uint64_t missing[2];
	size_t used = 0;

	if (proof == AA_PROOF_FILE_TRANSFER) {
		(void)snprintf(ret_text, size, "record of some calls (%u reads and %u writes came)",
			       (unsigned)selftest->reads, (unsigned)selftest->writes);
		return;
	}
	if (proof == AA_PROOF_TLS_SOCKET) {
		(void)snprintf(ret_text, size, "record of some calls (%u hellos came)", selftest->hellos);
		return;
	}
	*ret_text = '\0';
	missing_kinds(selftest, proof, missing);
	for (unsigned failed = 0; failed < 2; failed++) {
		for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && used < size; i++) {
			if ((missing[failed] >> kinds[i].kind & 1) == 0)
				continue;
			used += (size_t)snprintf(ret_text + used, size - used, "%s%s%s", used > 0 ? ", " : "",
						 failed ? "failed " : "", kinds[i].name);
		}
	}
}

static void look_at_open(struct aa_selftest *selftest, const struct aa_record *record)
{
	const struct aa_file_open *open = record->bytes;

	if (record->size < sizeof(*open))
		return;
	if ((open->marks & AA_FILE_URING) != 0)
		prove(selftest, AA_PROOF_FILE_URING, &open->header);
	else if ((open->marks & AA_FILE_INHERITED) == 0)
		selftest->open_arrived[open->error != 0] = true;
	if (selftest->open_arrived[0] && selftest->open_arrived[1])
		prove(selftest, AA_PROOF_FILE_OPEN, &open->header);
}

static void look_at_sums(struct aa_selftest *selftest, const struct aa_record *record)
{
	const struct aa_file_io *io = record->bytes;

	if (record->size < sizeof(*io))
		return;
	if (io->header.kind == AA_EVENT_CLOSE && (io->marks & AA_FILE_CLOSE_MISSED) == 0)
		prove(selftest, AA_PROOF_FILE_CLOSE, &io->header);
	if (io->write_calls > 0)
		prove(selftest, AA_PROOF_FILE_TRANSFER, &io->header);
	if (io->write_calls > selftest->writes)
		selftest->writes = io->write_calls;
	if (io->read_calls > selftest->reads)
		selftest->reads = io->read_calls;
}

static void look_at_file(struct aa_selftest *selftest, const struct aa_record *record)
{
	const struct aa_header *header = record->bytes;
	bool changes = header->kind != AA_EVENT_OPEN && header->kind != AA_EVENT_CLOSE &&
		       header->kind != AA_EVENT_IO && record->size >= sizeof(struct aa_file_change);
	enum aa_proof_id several[] = { AA_PROOF_FILE_NAMES, AA_PROOF_FILE_ATTRIBUTES };

	if (changes)
		selftest->kinds[((const struct aa_file_change *)record->bytes)->error != 0] |=
			1ull << header->kind;
	if (header->kind == AA_EVENT_OPEN)
		look_at_open(selftest, record);
	else if (header->kind == AA_EVENT_CLOSE || header->kind == AA_EVENT_IO)
		look_at_sums(selftest, record);
	else if (header->kind == AA_EVENT_CHDIR)
		prove(selftest, AA_PROOF_FILE_PLACE, header);
	else if (header->kind == AA_EVENT_MMAP)
		prove(selftest, AA_PROOF_FILE_MMAP, header);
	for (unsigned i = 0; changes && i < 2; i++)
		if (has_all_kinds(selftest, several[i]))
			prove(selftest, several[i], header);
}

static void look_at(struct aa_selftest *selftest, const struct aa_record *record)
{
	const struct aa_header *header = record->bytes;

	if (record->size < sizeof(*header) || header->session != AA_SELFTEST_SESSION)
		return;
	switch (header->kind) {
	case AA_EVENT_FORK:
		prove(selftest, (header->flags & AA_FLAG_ROOT) != 0 ? AA_PROOF_ADOPT : AA_PROOF_FORK, header);
		break;
	case AA_EVENT_EXEC:
		prove(selftest, AA_PROOF_EXEC, header);
		if (record->size >= sizeof(struct aa_exec) &&
		    ((const struct aa_exec *)record->bytes)->old_tid != 0)
			selftest->caller_known = true;
		break;
	case AA_EVENT_EXEC_FAILED:
		if (record->size >= sizeof(struct aa_exec_failed))
			prove_exec_failed(selftest, record->bytes);
		break;
	case AA_EVENT_EXIT:
		prove(selftest, AA_PROOF_EXIT, header);
		break;
	case AA_EVENT_CRED:
		prove(selftest, AA_PROOF_CRED, header);
		break;
	case AA_EVENT_COMM:
		prove(selftest, AA_PROOF_RENAME, header);
		break;
	case AA_EVENT_SETSID:
		prove(selftest, AA_PROOF_SETSID, header);
		break;
	case AA_EVENT_TLS_HELLO:
		selftest->hellos++;
		prove(selftest, AA_PROOF_TLS_SOCKET, header);
		break;
	case AA_EVENT_TLS_SOCKET_END:
		prove(selftest, AA_PROOF_TLS_END, header);
		break;
	default:
		if (header->kind >= AA_EVENT_FILE_FIRST && header->kind <= AA_EVENT_FILE_LAST)
			look_at_file(selftest, record);
		break;
	}
}

/* Everything that is complete. Returns the position behind it. */
static uint64_t read_records(struct aa_ring *ring, struct aa_selftest *selftest)
{
	const struct aa_span span = aa_ring_snapshot(ring);
	uint64_t position = span.begin;
	struct aa_record record;

	while (position < span.end) {
		enum aa_ring_result r = aa_span_next(&span, position, &record);

		if (r == AA_RING_RECORD)
			look_at(selftest, &record);
		else if (r != AA_RING_DISCARDED)
			break;
		position = record.next;
	}
	aa_ring_release(ring, position);
	return position;
}

/*
 * Reads records, as they come, until the processes are done. -ETIMEDOUT if they never are; looks once more
 * after the time, as we may have been stopped meanwhile.
 */
static int read_until_done(struct aa_kernel *kernel, struct aa_selftest_child *child,
			   struct aa_selftest *selftest)
{
	struct aa_ring *ring = aa_kernel_ring(kernel, AA_LANE_LIFECYCLE);
	struct aa_ring *activity = aa_kernel_ring(kernel, AA_LANE_ACTIVITY);
	uint64_t deadline = now_ns(CLOCK_MONOTONIC) / 1000000 + GIVE_UP_MS;
	int r = 1;

	while (r == 1) {
		uint64_t now = now_ns(CLOCK_MONOTONIC) / 1000000, position = read_records(ring, selftest);
		uint64_t other = read_records(activity, selftest);
		struct pollfd fds[] = { { .fd = child->done_fd, .events = POLLIN },
					{ .fd = ring->fd, .events = POLLIN },
					{ .fd = activity->fd, .events = POLLIN } };
		bool more = aa_ring_arm(ring, position) > position;
		bool more_files = aa_ring_arm(activity, other) > other;
		int timeout = more || more_files ? BUSY_MS : (int)(deadline - now);
		int ready = poll(fds, 3, now >= deadline ? 0 : timeout);

		if (ready < 0 && errno != EINTR)
			r = -errno;
		else if (ready > 0 && fds[0].revents != 0 && aa_selftest_child_read(child))
			r = 0;
		else if (now >= deadline)
			r = -ETIMEDOUT;
	}
	aa_ring_disarm(ring);
	aa_ring_disarm(activity);
	return r;
}

static void read_rings(struct aa_kernel *kernel, struct aa_selftest *selftest)
{
	(void)read_records(aa_kernel_ring(kernel, AA_LANE_LIFECYCLE), selftest);
	(void)read_records(aa_kernel_ring(kernel, AA_LANE_ACTIVITY), selftest);
}

/*
 * The processes are gone, and so are their files, but up to 6.6 the memory of a file, whose end is the sign, is freed
 * a grace period later. What is still there then has been missed, and is not to come up in somebody's session.
 */
static void end_files(struct aa_kernel *kernel, struct aa_selftest *selftest)
{
	const struct timespec moment = { .tv_nsec = FREE_POLL_MS * 1000000 };

	for (unsigned waited = 0; waited < FREE_MS && aa_kernel_open_files(kernel) > 0;
	     waited += FREE_POLL_MS)
		(void)nanosleep(&moment, NULL);
	aa_kernel_forget_files(kernel);
	read_rings(kernel, selftest);
}

/* What was asked of the recorder, by us and for nobody. */
static void read_requests(struct aa_ring *ring, struct aa_selftest *selftest)
{
	const struct aa_span span = aa_ring_snapshot(ring);
	uint64_t position = span.begin;
	struct aa_record record;

	while (position < span.end) {
		const struct aa_request *request;
		enum aa_ring_result r = aa_span_next(&span, position, &record);

		if (r != AA_RING_RECORD && r != AA_RING_DISCARDED)
			break;
		request = record.bytes;
		if (r == AA_RING_RECORD && record.size >= sizeof(*request) &&
		    request->session == AA_SELFTEST_SESSION) {
			const struct aa_header header = { .time_ns = request->time_ns };

			prove(selftest, AA_PROOF_TLS_MAPPING, &header);
		}
		position = record.next;
	}
	aa_ring_release(ring, position);
}

/* Files that the self-test mapped are to be asked about again, and its sockets to be nobody's. */
static void end_tls(struct aa_kernel *kernel, struct aa_selftest *selftest)
{
	struct aa_ring *requests = aa_kernel_requests(kernel);

	if (requests)
		read_requests(requests, selftest);
	aa_kernel_forget_sockets(kernel);
}

static void adopt(struct aa_kernel *kernel, const struct aa_selftest_child *child,
		  struct aa_selftest *selftest)
{
	struct aa_identity identity;
	struct aa_error error = { 0 };
	int r = aa_kernel_adopt(kernel, child->pid, AA_SELFTEST_SESSION, 0, &identity, &error);

	selftest->adopt_error = -r;
	memcpy(selftest->adopt_reason, error.text, sizeof(selftest->adopt_reason) - 1);
	selftest->adopt_reason[sizeof(selftest->adopt_reason) - 1] = '\0';
}

int aa_selftest_run(struct aa_kernel *kernel, unsigned wanted, struct aa_selftest *selftest,
		    struct aa_error *error)
{
	bool files = (wanted & AA_WANT_FILES) != 0;
	struct aa_selftest_child child;
	const struct aa_selftest_report *report = &child.report;
	int r;

	selftest->hellos = 0;
	r = aa_selftest_child_start(&child, wanted, error);

	if (r < 0)
		return r;
	adopt(kernel, &child, selftest);
	if (selftest->adopt_error == 0) {
		aa_selftest_child_go(&child);
		r = read_until_done(kernel, &child, selftest);
	}
	aa_selftest_child_end(&child, r == 0 && selftest->adopt_error == 0);
	read_rings(kernel, selftest);
	/* Where the hook of exit is silent, the processes are still in scope. */
	if (aa_kernel_tracked(kernel) != 0)
		aa_kernel_forget_all(kernel);
	if (files)
		end_files(kernel, selftest);
	else
		read_rings(kernel, selftest);
	if ((wanted & AA_WANT_TLS) != 0)
		end_tls(kernel, selftest);
	if (r < 0)
		return aa_error_set(error, r,
				    "cannot test the eBPF programs: a process that was made to be recorded "
				    "does not end: %s",
				    strerror(-r));
	for (unsigned i = 0; i < AA_PROOF_COUNT; i++)
		selftest->undone[i] = report->error[i];
	/* Of functions that all must be there, one is not. */
	if (selftest->reads < report->reads || selftest->writes < report->writes)
		selftest->arrived[AA_PROOF_FILE_TRANSFER] = false;
	if (selftest->hellos < report->hellos)
		selftest->arrived[AA_PROOF_TLS_SOCKET] = false;
	if (report->error[AA_PROOF_FORK] != 0 || report->error[AA_PROOF_EXEC] != 0) {
		bool forks = report->error[AA_PROOF_FORK] == 0;
		int code = forks ? report->error[AA_PROOF_EXEC] : report->error[AA_PROOF_FORK];

		return aa_error_set(error, -code, "cannot test the eBPF programs: %s: %s",
				    forks ? "cannot execute /proc/self/exe (is /proc mounted?)"
					  : "cannot make a process to be recorded (see ulimit -u, and "
					    "pids.max of its cgroup)",
				    strerror(code));
	}
	return 0;
}
