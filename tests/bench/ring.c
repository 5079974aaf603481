/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_ring.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "event.h"
#include "memory.h"

#define RECORD_HEADER_SIZE 8u /* BPF_RINGBUF_HDR_SZ */
#define PROCESS_SIZE_LIMIT 4096u

int bench_ring_open(struct bench_ring *ring, uint64_t size)
{
	aa_cleanup_close int fd = memfd_create("aa-bench-ring", MFD_CLOEXEC);
	void *base;

	*ring = (struct bench_ring){ .size = size, .boot_ns = 1000000000000, .next_pid = 1000 };
	if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
		return -errno;
	base = mmap(NULL, size * 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return -errno;
	ring->data = base;
	for (int half = 0; half < 2; half++)
		if (mmap(ring->data + size * (uint64_t)half, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
			int r = -errno;

			bench_ring_close(ring);
			return r;
		}
	return 0;
}

void bench_ring_close(struct bench_ring *ring)
{
	if (ring->data)
		(void)munmap(ring->data, ring->size * 2);
	ring->data = NULL;
}

struct aa_span bench_ring_span(const struct bench_ring *ring)
{
	return (struct aa_span){
		.lane = AA_LANE_LIFECYCLE,
		.data = ring->data,
		.mask = ring->size - 1,
		.begin = ring->consumer,
		.end = ring->producer,
	};
}

/* Room for a record of so many bytes, zeroed, with its ring header and the members that all have. */
static void *reserve(struct bench_ring *ring, uint32_t size, enum aa_event_kind kind, uint32_t pid,
		     uint64_t start_ns)
{
	uint8_t *at = ring->data + (ring->producer & (ring->size - 1));
	struct aa_header *header = (struct aa_header *)(void *)(at + RECORD_HEADER_SIZE);

	memset(at, 0, RECORD_HEADER_SIZE + size);
	memcpy(at, &size, sizeof size);
	*header = (struct aa_header){
		.time_ns = ring->boot_ns,
		.start_ns = start_ns,
		.session = ring->session,
		.tgid = pid,
		.tid = pid,
		.size = size,
		.kind = (uint16_t)kind,
	};
	ring->producer += (RECORD_HEADER_SIZE + size + 7u) & ~7u;
	ring->records++;
	return header;
}

static void add_text(struct bench_ring *ring, uint32_t pid, uint64_t start_ns, enum aa_text_field field,
		     const char *bytes, uint32_t length)
{
	struct aa_text *text =
		reserve(ring, (uint32_t)sizeof *text + ((length + 7u) & ~7u), AA_EVENT_TEXT, pid, start_ns);

	text->total = length;
	text->length = length;
	text->field = (uint16_t)field;
	memcpy(text->data, bytes, length);
}

static void add_fork(struct bench_ring *ring, uint32_t pid, uint64_t start_ns)
{
	struct aa_fork *fork = reserve(ring, sizeof *fork, AA_EVENT_FORK, pid, start_ns);

	fork->cred.cap_effective = fork->cred.cap_permitted = 0x1ffffffffff;
	fork->ns = (struct aa_namespaces){ 4026531836, 4026531832, 4026531833, 4026531838 };
	fork->parent_tgid = fork->creator_tgid = fork->creator_tid = ring->parent_pid ? ring->parent_pid : 1;
	fork->parent_start_ns = fork->creator_start_ns = ring->parent_pid ? 1000000000000 : 1;
	fork->clone_flags = 0x01200000;
	fork->exit_signal = 17;
	fork->ns_pid = pid;
	fork->sid = fork->pgid = 900;
	memcpy(fork->comm, "bash", 5);
	if (!ring->parent_pid)
		fork->header.flags = AA_FLAG_ROOT;
}

static void add_exec(struct bench_ring *ring, uint32_t pid, uint64_t start_ns)
{
	char arguments[128];
	/* Arguments differ, paths repeat: as in a build or a test run. */
	int length = snprintf(arguments, sizeof arguments, "cc%c-O2%c-c%cmodule-%u.c%c-o%cmodule-%u.o", 0, 0,
			      0, pid, 0, 0, pid);
	char exe[64], cwd[64];
	int exe_length = snprintf(exe, sizeof exe, "/usr/bin/program-%u", pid % 50);
	int cwd_length = snprintf(cwd, sizeof cwd, "/home/user/project/directory-%u", pid % 20);
	struct aa_exec *exec;

	add_text(ring, pid, start_ns, AA_TEXT_ARGS, arguments, (uint32_t)length + 1);
	add_text(ring, pid, start_ns, AA_TEXT_EXE, exe, (uint32_t)exe_length);
	add_text(ring, pid, start_ns, AA_TEXT_CWD, cwd, (uint32_t)cwd_length);
	add_text(ring, pid, start_ns, AA_TEXT_FILENAME, exe, (uint32_t)exe_length);
	exec = reserve(ring, sizeof *exec, AA_EVENT_EXEC, pid, start_ns);
	exec->cred.cap_effective = exec->cred.cap_permitted = 0x1ffffffffff;
	exec->ns = (struct aa_namespaces){ 4026531836, 4026531832, 4026531833, 4026531838 };
	exec->exe_inode = 123456 + pid % 50;
	exec->exe_size = 1000000;
	exec->exe_device = 254u << 20;
	exec->exe_mode = 0100755;
	exec->exe_nlink = 1;
	exec->arg_size = (uint64_t)length + 1;
	exec->argc = 6;
	exec->old_tid = exec->ns_pid = pid;
	exec->sid = exec->pgid = 900;
	memcpy(exec->comm, "cc", 3);
}

bool bench_ring_add_process(struct bench_ring *ring)
{
	uint32_t pid = ring->next_pid;
	struct aa_exit *exit;
	uint64_t start_ns = ring->boot_ns;

	if (ring->size - (ring->producer - ring->consumer) < PROCESS_SIZE_LIMIT)
		return false;
	add_fork(ring, pid, start_ns);
	if (!ring->parent_pid) {
		ring->parent_pid = pid; /* lives for ever */
	} else {
		ring->boot_ns += 200000;
		add_exec(ring, pid, start_ns);
		ring->boot_ns += 300000;
		exit = reserve(ring, sizeof *exit, AA_EVENT_EXIT, pid, start_ns);
		exit->utime_ns = exit->stime_ns = exit->runtime_ns = 250000;
		exit->max_rss_bytes = 4u << 20;
		exit->status = W_EXITCODE(pid % 7 == 0, 0);
		memcpy(exit->comm, "cc", 3);
	}
	ring->boot_ns += 100000;
	ring->next_pid++;
	return true;
}

#define FILE_PID   1000u
#define FILE_START 1000000000000u

static void add_file_text(struct bench_ring *ring, enum aa_text_field field, const char *string)
{
	add_text(ring, FILE_PID, FILE_START, field, string, (uint32_t)strlen(string));
}

static void fill_node(const struct bench_ring *ring, struct aa_node *node, uint64_t size)
{
	*node = (struct aa_node){
		.inode = 1000000 + ring->next_file,
		.size = size,
		.magic = 0xef53,
		.device = 254u << 20 | 1,
		.generation = ring->next_file * 2654435761u,
		.mode = 0100644,
		.nlink = 1,
	};
}

static void add_change(struct bench_ring *ring, enum aa_event_kind kind)
{
	struct aa_file_change *change = reserve(ring, sizeof *change, kind, FILE_PID, FILE_START);

	change->size_before = UINT64_MAX;
	change->fd = -1;
	ring->boot_ns += 3000;
}

bool bench_ring_add_file(struct bench_ring *ring)
{
	char dir[96], path[160], name[64], new_name[64];
	uint32_t number = ring->next_file;
	struct aa_file_open *open;
	struct aa_file_io *io;

	if (ring->size - (ring->producer - ring->consumer) < PROCESS_SIZE_LIMIT)
		return false;
	(void)snprintf(dir, sizeof dir, "/home/user/project/node_modules/package-%u/dist", number / 100);
	(void)snprintf(name, sizeof name, "module-%u.js.tmp", number);
	(void)snprintf(new_name, sizeof new_name, "module-%u.js", number);
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	add_file_text(ring, AA_TEXT_PATH, path);
	open = reserve(ring, sizeof *open, AA_EVENT_OPEN, FILE_PID, FILE_START);
	open->open = number + 1;
	open->fd = 3;
	open->open_flags = 1;
	open->mode = 0644;
	open->marks = AA_FILE_CREATED;
	fill_node(ring, &open->node, 0);
	ring->boot_ns += 3000;
	io = reserve(ring, sizeof *io, AA_EVENT_CLOSE, FILE_PID, FILE_START);
	io->open = number + 1;
	io->write_bytes = 4000 + number % 1000;
	io->write_calls = 2;
	io->marks = AA_FILE_BY_LAST_USER;
	fill_node(ring, &io->node, io->write_bytes);
	ring->boot_ns += 3000;
	add_file_text(ring, AA_TEXT_DIR, dir);
	add_file_text(ring, AA_TEXT_NAME, name);
	add_file_text(ring, AA_TEXT_DIR2, dir);
	add_file_text(ring, AA_TEXT_NAME2, new_name);
	add_change(ring, AA_EVENT_RENAME);
	add_file_text(ring, AA_TEXT_DIR, dir);
	add_file_text(ring, AA_TEXT_NAME, new_name);
	add_change(ring, AA_EVENT_UNLINK);
	ring->next_file++;
	return true;
}
