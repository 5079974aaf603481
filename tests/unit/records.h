/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds records by hand in plain memory laid out like a BPF ring (see struct aa_span), so that the store can be tested
 * without a kernel. Sizes are powers of two; the memory is mirrored behind itself as the kernel's mapping is.
 */
#ifndef AA_TEST_RECORDS_H
#define AA_TEST_RECORDS_H

#include <assert.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include "event.h"
#include "ring.h"

struct fake_ring {
	uint8_t *data; /* size bytes, and the same again */
	uint64_t size;
	uint64_t producer, consumer;
};

static inline void fake_ring_open(struct fake_ring *ring, uint64_t size)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0) /* no assert: it is not there in optimised builds */
		abort();
	ring->data = mmap(NULL, size * 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert(ring->data != MAP_FAILED);
	for (int half = 0; half < 2; half++) {
		void *at = mmap(ring->data + (uint64_t)half * size, size, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_FIXED, fd, 0);

		assert(at != MAP_FAILED);
		(void)at;
	}
	(void)close(fd);
	ring->size = size;
	ring->producer = ring->consumer = 0;
}

static inline void fake_ring_close(struct fake_ring *ring)
{
	(void)munmap(ring->data, ring->size * 2);
}

#define FAKE_BUSY    0x80000000u
#define FAKE_DISCARD 0x40000000u

/* Reserves a record of size bytes, zeroed, and submits it. Returns where to fill it. */
static inline void *fake_reserve(struct fake_ring *ring, uint32_t size)
{
	uint8_t *at = ring->data + (ring->producer & (ring->size - 1));
	uint64_t step = ((uint64_t)size + 8 + 7) & ~(uint64_t)7;
	uint32_t header[2] = { size, 0 };

	assert(ring->producer + step - ring->consumer <= ring->size);
	memset(at, 0, step);
	memcpy(at, header, sizeof(header));
	ring->producer += step;
	return at + 8;
}

/* Sets or clears bits of the length of a record that fake_reserve returned. */
static inline void fake_set_bits(void *record, uint32_t set, uint32_t clear)
{
	uint32_t *length = (uint32_t *)(void *)((uint8_t *)record - 8);

	*length = (*length | set) & ~clear;
}

static inline struct aa_span fake_span(const struct fake_ring *ring, enum aa_lane lane)
{
	return (struct aa_span){
		.lane = lane,
		.data = ring->data,
		.mask = ring->size - 1,
		.begin = ring->consumer,
		.end = ring->producer,
	};
}

/* Who does something. */
struct fake_process {
	uint64_t start_ns;
	uint32_t tgid;
};

/* Where a test stands: time moves on by a microsecond with each record. */
struct fake_kernel {
	struct fake_ring ring;
	uint64_t now_ns;
	uint32_t session;
};

static inline void *fake_record(struct fake_kernel *kernel, struct fake_process process,
				enum aa_event_kind kind, uint32_t size)
{
	struct aa_header *header = fake_reserve(&kernel->ring, size);

	kernel->now_ns += 1000;
	*header = (struct aa_header){
		.time_ns = kernel->now_ns,
		.start_ns = process.start_ns,
		.session = kernel->session,
		.tgid = process.tgid,
		.tid = process.tgid,
		.size = size,
		.kind = (uint16_t)kind,
	};
	return header;
}

static inline struct fake_process fake_fork(struct fake_kernel *kernel, struct fake_process parent,
					    uint32_t tgid, uint16_t flags)
{
	struct fake_process child = { .start_ns = kernel->now_ns + 500, .tgid = tgid };
	struct aa_fork *fork = fake_record(kernel, child, AA_EVENT_FORK, sizeof(*fork));

	fork->header.flags = flags;
	fork->parent_tgid = parent.tgid;
	fork->parent_start_ns = parent.start_ns;
	fork->creator_tgid = parent.tgid;
	fork->creator_start_ns = parent.start_ns;
	fork->creator_tid = parent.tgid;
	fork->ns_pid = tgid;
	fork->exit_signal = SIGCHLD;
	fork->sid = 1;
	fork->pgid = tgid;
	memcpy(fork->comm, "parent", 7);
	return child;
}

/* One piece of a text with the time that the record behind it will have. */
static inline struct aa_text *fake_piece(struct fake_kernel *kernel, struct fake_process process,
					 enum aa_text_field field, const void *bytes, uint32_t size,
					 uint32_t offset, uint64_t total)
{
	struct aa_text *text = fake_record(kernel, process, AA_EVENT_TEXT, (uint32_t)sizeof(*text) + size);

	kernel->now_ns -= 1000;
	text->header.time_ns = kernel->now_ns + 1000;
	text->total = total;
	text->offset = offset;
	text->length = size;
	text->field = (uint16_t)field;
	if (size)
		memcpy(text->data, bytes, size);
	return text;
}

static inline struct aa_text *fake_text(struct fake_kernel *kernel, struct fake_process process,
					enum aa_text_field field, const char *string)
{
	return fake_piece(kernel, process, field, string, (uint32_t)strlen(string), 0, strlen(string));
}

/* The record of an exec; its texts come before it. */
static inline struct aa_exec *fake_exec(struct fake_kernel *kernel, struct fake_process process,
					uint64_t arg_size, const char *comm)
{
	struct aa_exec *exec = fake_record(kernel, process, AA_EVENT_EXEC, sizeof(*exec));

	exec->arg_size = arg_size;
	exec->old_tid = process.tgid;
	exec->ns_pid = process.tgid;
	(void)snprintf(exec->comm, sizeof(exec->comm), "%s", comm);
	return exec;
}

/* An exec with the usual texts. args: size bytes with their NULs. */
static inline struct aa_exec *fake_run(struct fake_kernel *kernel, struct fake_process process,
				       const char *exe, const char *args, uint32_t size, const char *comm)
{
	(void)fake_piece(kernel, process, AA_TEXT_ARGS, args, size, 0, size);
	(void)fake_text(kernel, process, AA_TEXT_EXE, exe);
	(void)fake_text(kernel, process, AA_TEXT_CWD, "/home/agent");
	(void)fake_text(kernel, process, AA_TEXT_FILENAME, exe);
	return fake_exec(kernel, process, size, comm);
}

static inline struct aa_exit *fake_exit(struct fake_kernel *kernel, struct fake_process process, int status,
					struct fake_process reaper)
{
	struct aa_exit *record = fake_record(kernel, process, AA_EVENT_EXIT, sizeof(*record));

	record->status = status;
	record->reaper_tgid = reaper.tgid;
	record->reaper_start_ns = reaper.start_ns;
	return record;
}

/* What files leave. Texts are of the activity lane, too. */
static inline struct aa_text *fake_file_text(struct fake_kernel *kernel, struct fake_process process,
					     enum aa_text_field field, const char *string)
{
	struct aa_text *text = fake_text(kernel, process, field, string);

	text->header.flags = AA_FLAG_ACTIVITY;
	return text;
}

static inline struct aa_node fake_node(uint64_t inode, uint64_t size)
{
	return (struct aa_node){ .inode = inode,
				 .size = size,
				 .magic = 0xef53,
				 .device = 8u << 20 | 1,
				 .mode = 0100644,
				 .nlink = 1 };
}

/* A file that was opened: path NULL if its text is lost. */
static inline struct aa_file_open *fake_open(struct fake_kernel *kernel, struct fake_process process,
					     uint64_t id, const char *path, uint64_t inode)
{
	struct aa_file_open *open;

	if (path)
		(void)fake_file_text(kernel, process, AA_TEXT_PATH, path);
	open = fake_record(kernel, process, AA_EVENT_OPEN, sizeof(*open));
	open->node = fake_node(inode, 0);
	open->open = id;
	open->fd = 3;
	return open;
}

/* CLOSE or IO with sums since the open. */
static inline struct aa_file_io *fake_io(struct fake_kernel *kernel, struct fake_process process,
					 enum aa_event_kind kind, uint64_t id, uint64_t inode, uint64_t read,
					 uint64_t written)
{
	struct aa_file_io *io = fake_record(kernel, process, kind, sizeof(*io));

	io->node = fake_node(inode, written);
	io->open = id;
	io->read_bytes = read;
	io->read_calls = (read + 4095) / 4096;
	io->write_bytes = written;
	io->write_calls = (written + 4095) / 4096;
	return io;
}

static inline struct aa_file_change *fake_change(struct fake_kernel *kernel, struct fake_process process,
						 enum aa_event_kind kind)
{
	struct aa_file_change *change = fake_record(kernel, process, kind, sizeof(*change));

	change->size_before = UINT64_MAX;
	change->fd = -1;
	return change;
}

/* What TLS leaves. */
static inline struct aa_tls_open *fake_tls_open(struct fake_kernel *kernel, struct fake_process process,
						uint64_t connection, uint64_t library)
{
	struct aa_tls_open *open = fake_record(kernel, process, AA_EVENT_TLS_OPEN, sizeof(*open));

	open->connection = connection;
	open->object = 0x1000 + connection;
	open->library = library;
	open->implementation = AA_TLS_OPENSSL;
	return open;
}

/* One call, or a part of it. */
static inline struct aa_tls_data *fake_tls_data(struct fake_kernel *kernel, struct fake_process process,
						uint64_t connection, enum aa_tls_direction direction,
						uint64_t offset, const void *bytes, uint32_t size)
{
	struct aa_tls_data *data =
		fake_record(kernel, process, AA_EVENT_TLS_DATA, (uint32_t)sizeof(*data) + size);

	data->connection = connection;
	data->offset = offset;
	data->call_bytes = size;
	data->length = size;
	data->direction = direction;
	if (size)
		memcpy(data->data, bytes, size);
	return data;
}

static inline struct aa_tls_close *fake_tls_close(struct fake_kernel *kernel, struct fake_process process,
						  uint64_t connection, uint64_t sent, uint64_t received)
{
	struct aa_tls_close *close = fake_record(kernel, process, AA_EVENT_TLS_CLOSE, sizeof(*close));

	close->connection = connection;
	close->sums.bytes[AA_TLS_SENT] = sent;
	close->sums.bytes[AA_TLS_RECEIVED] = received;
	close->reason = AA_TLS_CLOSE_FREED;
	return close;
}

/* 127.0.0.1:40000 to 192.0.2.1:443 */
static inline struct aa_socket fake_socket(uint64_t socket)
{
	return (struct aa_socket){ .socket = socket,
				   .inode = 7000 + socket,
				   .local_address = { 127, 0, 0, 1 },
				   .peer_address = { 192, 0, 2, 1 },
				   .netns = 4026531840u,
				   .fd = 3,
				   .local_port = 40000,
				   .peer_port = 443,
				   .family = 2,
				   .protocol = 6 };
}

static inline struct aa_tls_socket_bound *fake_tls_bind(struct fake_kernel *kernel,
							struct fake_process process, uint64_t connection,
							uint64_t socket, enum aa_tls_method method)
{
	struct aa_tls_socket_bound *bound = fake_record(kernel, process, AA_EVENT_TLS_SOCKET, sizeof(*bound));

	bound->socket = fake_socket(socket);
	bound->connection = connection;
	bound->method = method;
	return bound;
}

static inline struct aa_tls_hello *fake_tls_hello(struct fake_kernel *kernel, struct fake_process process,
						  uint64_t connection, uint64_t socket, const void *bytes,
						  uint32_t size)
{
	struct aa_tls_hello *hello =
		fake_record(kernel, process, AA_EVENT_TLS_HELLO, (uint32_t)sizeof(*hello) + size);

	hello->socket = fake_socket(socket);
	hello->connection = connection;
	hello->total = hello->length = size;
	memcpy(hello->data, bytes, size);
	return hello;
}

static inline struct aa_tls_name *fake_tls_name(struct fake_kernel *kernel, struct fake_process process,
						uint64_t connection, enum aa_tls_name_kind kind,
						const char *text)
{
	struct aa_tls_name *name = fake_record(kernel, process, AA_EVENT_TLS_NAME, sizeof(*name));

	name->connection = connection;
	name->kind = kind;
	name->length = (uint32_t)strlen(text);
	memcpy(name->name, text, name->length);
	return name;
}

static inline struct aa_tls_socket_end *fake_tls_socket_end(struct fake_kernel *kernel,
							    struct fake_process process, uint64_t socket,
							    uint64_t sent, uint64_t received)
{
	struct aa_tls_socket_end *end = fake_record(kernel, process, AA_EVENT_TLS_SOCKET_END, sizeof(*end));

	end->socket = socket;
	end->sent_bytes = sent;
	end->received_bytes = received;
	return end;
}

#endif
