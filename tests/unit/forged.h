/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offers bytes that need not be records to a store, as if they stood in a ring: for the fuzzer, and for the unit test
 * that mutates valid records. Whatever they are, a commit must succeed: a record that makes it fail would be offered
 * again for ever, and nothing behind it would ever be stored.
 */
#ifndef AA_TEST_FORGED_H
#define AA_TEST_FORGED_H

#include "records.h"
#include "store_private.h"

#define FORGED_RING_BYTES 65536u
#define FORGED_MAX_BYTES  (FORGED_RING_BYTES - 4096u)

struct forged {
	char directory[64];
	struct aa_store *store;
	struct fake_ring ring;
};

#define FORGED_REQUIRE(condition) \
	do { \
		if (!(condition)) { \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

static inline int forged_peek(void *context, uint32_t tgid, uint64_t start_ns, uint64_t arg_start,
			      enum aa_text_field field, char **ret_bytes, size_t *ret_size)
{
	(void)context;
	(void)start_ns;
	(void)field;
	if (tgid % 2 || arg_start % 3)
		return -ESRCH;
	*ret_bytes = strdup("peeked");
	*ret_size = *ret_bytes ? 7 : 0;
	return *ret_bytes ? 0 : -ENOMEM;
}

/* Two sessions, one of which wants environment variables, in memory as far as the file system allows. */
static inline void forged_open(struct forged *forged)
{
	char path[96];
	char *const names[] = { (char[]){ "LANG" }, (char[]){ "A" }, NULL };
	char *const excludes[] = { (char[]){ "*/cache/[a-" }, (char[]){ "/tmp/*" }, NULL };
	struct aa_session_options options = {
		.agent = "forged", .mode = "attach", .recorder = "0", .generation = 1
	};
	struct aa_error error = { 0 };
	int64_t id;

	(void)snprintf(forged->directory, sizeof(forged->directory), "%s/aa-forged-XXXXXX",
		       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	FORGED_REQUIRE(mkdtemp(forged->directory));
	(void)snprintf(path, sizeof(path), "%s/aa.db", forged->directory);
	if (aa_store_open(path, &forged->store, &error) < 0) {
		(void)fprintf(stderr, "%s\n", error.text);
		abort();
	}
	/* The names are not needed again, and no run, however it ends, leaves anything behind. */
	FORGED_REQUIRE(aa_db_exec(aa_store_db(forged->store),
				  "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF", NULL) == 0);
	FORGED_REQUIRE(aa_store_begin_session(forged->store, &options, &id, &error) == 0);
	options.env_names = names;
	options.excludes = excludes;
	FORGED_REQUIRE(aa_store_begin_session(forged->store, &options, &id, &error) == 0);
	aa_store_set_peek(forged->store, forged_peek, NULL);
	(void)unlink(path);
	(void)rmdir(forged->directory);
	fake_ring_open(&forged->ring, FORGED_RING_BYTES);
}

static inline void forged_close(struct forged *forged)
{
	aa_store_close(forged->store);
	fake_ring_close(&forged->ring);
}

/* As at the beginning, but for tables that were made: rows, processes, strings, totals are gone. */
static inline void forged_reset(struct forged *forged)
{
	FORGED_REQUIRE(aa_db_exec(forged->store->db, "BEGIN", NULL) == 0);
	for (size_t i = 0; i < forged->store->session_count; i++) {
		struct aa_session *session = forged->store->sessions[i];

		for (int table = 0; table < AA_TABLE_COUNT; table++) {
			char sql[64];

			if (!session->now.tables[table])
				continue;
			(void)snprintf(sql, sizeof(sql), "DELETE FROM s%lld_%s", (long long)session->id,
				       aa_table_name((enum aa_table)table));
			FORGED_REQUIRE(aa_db_exec(forged->store->db, sql, NULL) == 0);
		}
		session->now.totals = (struct aa_session_totals){ 0 };
		session->now.has_root = false;
		aa_process_table_release(&session->processes);
		aa_process_table_init(&session->processes, &forged->store->key, 4);
		aa_file_table_release(&session->files);
		aa_file_table_init(&session->files, 3); /* full soon */
		memset(session->now.excluded, 0, sizeof(session->now.excluded));
		aa_intern_free(session->strings);
		session->strings = aa_intern_new(&forged->store->key, 16, 1024);
		FORGED_REQUIRE(session->strings);
	}
	FORGED_REQUIRE(aa_db_exec(forged->store->db, "COMMIT", NULL) == 0);
	forged->ring.producer = forged->ring.consumer = 0;
	for (int lane = 0; lane < AA_LANE_COUNT; lane++)
		forged->store->stuck[lane] = UINT64_MAX;
}

static inline void forged_commit(struct forged *forged, uint64_t end, bool final)
{
	struct aa_batch batch = { .final = final };
	struct aa_span *span = &batch.spans[AA_LANE_LIFECYCLE];
	uint64_t stored;
	struct aa_error error = { 0 };

	*span = fake_span(&forged->ring, AA_LANE_LIFECYCLE);
	span->end = end;
	if (aa_store_commit(forged->store, &batch, &error) < 0) {
		(void)fprintf(stderr, "commit failed: %s\n", error.text);
		abort();
	}
	stored = batch.stored[AA_LANE_LIFECYCLE];
	FORGED_REQUIRE(stored >= span->begin && stored <= span->end);
	forged->ring.consumer = stored;
}

/* The last end of a record that is not beyond limit: where a reader may see the ring end. */
static inline uint64_t forged_boundary(const struct forged *forged, uint64_t end, uint64_t limit)
{
	struct aa_span span = fake_span(&forged->ring, AA_LANE_LIFECYCLE);
	uint64_t position = span.begin;
	struct aa_record record;

	span.end = end;
	while (aa_span_next(&span, position, &record) <= AA_RING_DISCARDED && record.next <= limit)
		position = record.next;
	return position;
}

/* Bytes as the content of the ring, offered in two spans, then to the end. control: where to part them. */
static inline void forged_offer(struct forged *forged, const uint8_t *bytes, size_t size, uint8_t control)
{
	uint64_t begin = forged->ring.size - 1024; /* so that it wraps */
	uint64_t end;

	if (size > FORGED_MAX_BYTES)
		size = FORGED_MAX_BYTES;
	size &= ~(size_t)7;
	forged->ring.consumer = begin;
	end = begin + size;
	for (size_t i = 0; i < size; i += 8)
		memcpy(forged->ring.data + ((begin + i) & (forged->ring.size - 1)), bytes + i, 8);
	forged_commit(forged, forged_boundary(forged, end, begin + size * control / 256), false);
	forged_commit(forged, end, false);
	forged_commit(forged, end, true);
}

/* One of each kind of file record, in two sessions, one of which leaves some of it out. */
static inline void forged_files(struct fake_kernel *kernel, struct fake_process process)
{
	struct aa_file_open *open = fake_open(kernel, process, 7, "/tmp/a", 55);

	open->marks = AA_FILE_CREATED | AA_FILE_URING;
	(void)fake_io(kernel, process, AA_EVENT_IO, 7, 55, 10, 20);
	for (int kind = AA_EVENT_TRUNCATE; kind <= AA_EVENT_FILE_LAST; kind++) {
		struct aa_file_change *change;

		fake_file_text(kernel, process, AA_TEXT_DIR, "/tmp")->flags = AA_TEXT_DETACHED;
		(void)fake_file_text(kernel, process, AA_TEXT_NAME, "../x\xff//y");
		if (kind % 2)
			(void)fake_file_text(kernel, process, AA_TEXT_PATH2, "/var/cache/apt");
		(void)fake_file_text(kernel, process, AA_TEXT_TARGET, "user.attribute");
		(void)fake_file_text(kernel, process, AA_TEXT_FSTYPE, "tmpfs");
		change = fake_change(kernel, process, (enum aa_event_kind)kind);
		change->node = fake_node(55, 3);
		change->node2 = fake_node(56, 4);
		change->open = kind % 3 ? 7 : 0;
		change->open2 = 7;
		change->error = kind % 5 ? 0 : 13;
	}
	(void)fake_io(kernel, process, AA_EVENT_CLOSE, 7, 55, 10, 30);
	(void)fake_io(kernel, process, AA_EVENT_CLOSE, 8, 55, 10, 30);
}

/* One of each kind of TLS record: a connection that is late, one that only its socket shows, and one that both show. */
static inline void forged_tls(struct fake_kernel *kernel, struct fake_process process)
{
	static const char client[] = "\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03"
				     "abcdefghijklmnopqrstuvwxyz012345\x00\x00\x02\x13\x01\x01\x00";
	static const char quic[] = "\xc3\x00\x00\x00\x01\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08\x00\x00\x14"
				   "0123456789abcdefghijklmn";
	static const char request[] = "GET / HTTP/1.1\r\nAuthorization: Bearer abcdef\r\n\r\n";
	struct aa_tls_handshake *handshake;
	struct aa_tls_hello *hello;
	struct aa_tls_data *data;

	fake_tls_open(kernel, process, 1, 1)->marks = AA_TLS_LATE;
	fake_tls_open(kernel, process, 2, 0)->from = 1;
	(void)fake_tls_hello(kernel, process, 0, 5, client, sizeof(client) - 1);
	(void)fake_tls_name(kernel, process, 2, AA_TLS_NAME_SNI, "a.example\x1b");
	(void)fake_tls_name(kernel, process, 2, AA_TLS_NAME_ALPN, "h2");
	handshake = fake_record(kernel, process, AA_EVENT_TLS_HANDSHAKE, sizeof(*handshake));
	handshake->connection = 2;
	handshake->done = 1;
	(void)fake_tls_bind(kernel, process, 2, 5, AA_TLS_BY_CALL);
	hello = fake_tls_hello(kernel, process, 0, 6, quic, sizeof(quic) - 1);
	hello->marks = AA_TLS_HELLO_QUIC;
	hello->socket.family = 10;
	(void)fake_tls_data(kernel, process, 1, AA_TLS_SENT, 0, request, sizeof(request) - 1);
	(void)fake_tls_data(kernel, process, 2, AA_TLS_SENT, 0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
	data = fake_tls_data(kernel, process, 1, AA_TLS_RECEIVED, 9000, request, 20);
	data->lost[AA_TLS_LOST_RING] = 5000;
	data->call = 3;
	fake_tls_close(kernel, process, 1, 60, 9020)->sums.lost[AA_TLS_SENT][AA_TLS_LOST_MAX_CALL] = 5;
	(void)fake_tls_socket_end(kernel, process, 5, 100, 200);
	(void)fake_tls_socket_end(kernel, process, 6, 1200, 1200);
}

/* One of everything, in the ring of kernel, whose consumer stays at 0. */
static inline void forged_sample(struct fake_kernel *kernel)
{
	struct fake_process outside = { .tgid = 1 }, root, child;
	struct aa_exec_failed *failed;
	struct aa_cred_change *cred;
	struct aa_comm_change *comm;
	struct aa_setsid *setsid;
	struct aa_cgroup *cgroup;
	struct aa_exec *exec;

	kernel->session = 1;
	root = fake_fork(kernel, outside, 100, AA_FLAG_ROOT);
	(void)fake_run(kernel, root, "/bin/sh", "sh\0-c\0ls", 9, "sh");
	child = fake_fork(kernel, root, 102, 0);
	(void)fake_text(kernel, child, AA_TEXT_FILENAME, "/no/such");
	failed = fake_record(kernel, child, AA_EVENT_EXEC_FAILED, sizeof(*failed));
	failed->error = 2;
	(void)fake_piece(kernel, child, AA_TEXT_ARGS, "one\0", 4, 0, 8);
	(void)fake_piece(kernel, child, AA_TEXT_ARGS, "two\0", 4, 4, 8);
	(void)fake_piece(kernel, child, AA_TEXT_ENV, "LANG=C\0A=", 10, 0, 10);
	fake_text(kernel, child, AA_TEXT_ROOT, "/jail")->flags = AA_TEXT_DETACHED;
	(void)fake_text(kernel, child, AA_TEXT_INTERP, "/bin/python3");
	exec = fake_exec(kernel, child, 8, "one");
	exec->env_size = 10;
	exec->tty_device = 136u << 20;
	kernel->session = 2;
	(void)fake_fork(kernel, outside, 200, AA_FLAG_SNAPSHOT);
	exec = fake_exec(kernel, (struct fake_process){ .tgid = 200, .start_ns = 3 }, 6, "peek");
	exec->header.flags = AA_FLAG_SNAPSHOT;
	exec->env_size = 3;
	kernel->session = 1;
	cred = fake_record(kernel, child, AA_EVENT_CRED, sizeof(*cred));
	cred->after.uid = 1000;
	comm = fake_record(kernel, child, AA_EVENT_COMM, sizeof(*comm));
	memcpy(comm->after, "new name", 9);
	setsid = fake_record(kernel, child, AA_EVENT_SETSID, sizeof(*setsid));
	setsid->sid = 102;
	(void)fake_text(kernel, child, AA_TEXT_CGROUP, "/user.slice");
	cgroup = fake_record(kernel, child, AA_EVENT_CGROUP, sizeof(*cgroup));
	cgroup->cgroup_id = 55;
	forged_files(kernel, child);
	forged_tls(kernel, child);
	kernel->session = 2;
	forged_files(kernel, child);
	forged_tls(kernel, child);
	kernel->session = 1;
	(void)fake_exit(kernel, root, 3 << 8, outside);
	(void)fake_exit(kernel, child, 9, outside);
	(void)fake_piece(kernel, child, AA_TEXT_ARGS, "orphan", 7, 0, 7);
}

#endif
