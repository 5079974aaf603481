/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aa-make-fixture DATABASE: what tests/schema/make turns into the text of a database of the newest version: every table,
 * two sessions, one of which is sealed and one still being recorded. Not a test.
 */
#include "../unit/store_test.h"
#include "tls_post.h"

static const struct fake_process outside = { .tgid = 1 };

static void require(const struct store_test *t, int r)
{
	if (r == 0)
		return;
	(void)fprintf(stderr, "aa-make-fixture: %s\n", t->error.text);
	exit(1);
}

static void run_programs(struct fake_kernel *kernel, struct fake_process root, struct fake_process child)
{
	struct aa_exec_failed *failed;

	(void)fake_run(kernel, root, "/bin/sh", "sh\0-c\0echo 'a b' \xff\0", 19, "sh");
	(void)fake_text(kernel, child, AA_TEXT_FILENAME, "/no/such");
	failed = fake_record(kernel, child, AA_EVENT_EXEC_FAILED, sizeof(*failed));
	failed->error = ENOENT;
	(void)fake_run(kernel, child, "/bin/ls", "ls\0-l", 6, "ls");
}

static void change_processes(struct fake_kernel *kernel, struct fake_process child,
			     struct fake_process grandchild)
{
	struct aa_cred_change *cred = fake_record(kernel, child, AA_EVENT_CRED, sizeof(*cred));
	struct aa_comm_change *comm = fake_record(kernel, child, AA_EVENT_COMM, sizeof(*comm));
	struct aa_setsid *setsid = fake_record(kernel, grandchild, AA_EVENT_SETSID, sizeof(*setsid));
	struct aa_cgroup *cgroup;

	cred->after.uid = 1000;
	cred->syscall = UINT32_MAX;
	memcpy(comm->after, "x\ny", 4);
	comm->by_tgid = child.tgid;
	setsid->sid = setsid->ns_sid = grandchild.tgid;
	(void)fake_text(kernel, grandchild, AA_TEXT_CGROUP, "/user.slice");
	cgroup = fake_record(kernel, grandchild, AA_EVENT_CGROUP, sizeof(*cgroup));
	cgroup->cgroup_id = 7;
}

static void use_files(struct fake_kernel *kernel, struct fake_process process)
{
	struct aa_file_change *change;
	struct aa_file_open *open;

	fake_open(kernel, process, 1, "/home/agent/new\xff", 55)->marks = AA_FILE_CREATED;
	(void)fake_io(kernel, process, AA_EVENT_IO, 1, 55, 0, 5000);
	(void)fake_open(kernel, process, 2, "/proc/self/maps", 56); /* left out */
	(void)fake_file_text(kernel, process, AA_TEXT_DIR, "/home/agent");
	(void)fake_file_text(kernel, process, AA_TEXT_NAME, "secret");
	open = fake_record(kernel, process, AA_EVENT_OPEN, sizeof(*open));
	open->error = EACCES;
	open->fd = -1;
	fake_io(kernel, process, AA_EVENT_CLOSE, 1, 55, 0, 9000)->marks = AA_FILE_BY_LAST_USER;
	(void)fake_file_text(kernel, process, AA_TEXT_DIR, "/home/agent");
	(void)fake_file_text(kernel, process, AA_TEXT_NAME, "new\xff");
	(void)fake_file_text(kernel, process, AA_TEXT_DIR2, "/home/agent");
	(void)fake_file_text(kernel, process, AA_TEXT_NAME2, "../final");
	(void)fake_change(kernel, process, AA_EVENT_RENAME);
	(void)fake_file_text(kernel, process, AA_TEXT_PATH, "/home/final");
	change = fake_change(kernel, process, AA_EVENT_CHMOD);
	change->node = fake_node(55, 9000);
	change->mode = 0600;
}

/* A connection of a library with a secret in what it sent, and one that only its socket shows. */
static void speak(struct store_test *t, struct fake_process process)
{
	static const char hello[] = "\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x03"
				    "abcdefghijklmnopqrstuvwxyz012345\x00\x00\x02\x13\x01\x01\x00";
	static const char request[] = "GET / HTTP/1.1\r\nAuthorization: Bearer abcdefgh\r\n\r\n";
	const struct aa_library_post library = { .time_boot_ns = t->kernel.now_ns,
						 .number = 1,
						 .path = "/usr/lib/libssl.so.3",
						 .implementation = "openssl",
						 .version = "3.0.17",
						 .hooks = "SSL_read,SSL_write",
						 .how = "dynsym",
						 .attached = true };

	require(t, aa_store_post_library(t->store, 1, &library));
	(void)fake_tls_open(&t->kernel, process, 1, 1);
	(void)fake_tls_name(&t->kernel, process, 1, AA_TLS_NAME_SNI, "a.example");
	(void)fake_tls_bind(&t->kernel, process, 1, 1, AA_TLS_BY_CALL);
	(void)fake_tls_hello(&t->kernel, process, 0, 2, hello, sizeof(hello) - 1);
	(void)fake_tls_data(&t->kernel, process, 1, AA_TLS_SENT, 0, request, sizeof(request) - 1);
	(void)fake_tls_close(&t->kernel, process, 1, sizeof(request) + 99, 0);
}

/* As a recorder with --content-store would have: the file was empty when it was read. */
static void add_contents(struct store_test *t)
{
	static const char sql[] =
		"INSERT INTO s1_blob (sha256, size_bytes, encoding, data) VALUES"
		" (x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 0, 'plain', x'');"
		"INSERT INTO s1_content (file_id, time_ns, path_id, sha256, size_bytes, changed, blob_id)"
		" SELECT f.id, f.time_ns, f.path_id, b.sha256, 0, 1, b.id FROM s1_file AS f, s1_blob AS b"
		" WHERE f.kind = 'close'; COMMIT";

	require(t, aa_db_exec(aa_store_db(t->store), "BEGIN", &t->error));
	require(t, aa_session_create_table(aa_store_db(t->store), 1, AA_TABLE_CONTENT, &t->error));
	require(t, aa_session_create_table(aa_store_db(t->store), 1, AA_TABLE_BLOB, &t->error));
	require(t, aa_db_exec(aa_store_db(t->store), sql, &t->error));
}

static void make_sealed(struct store_test *t)
{
	char *const excludes[] = { (char[]){ "/proc/*" }, NULL };
	const struct aa_session_setting settings[] = { { "files", "all" },
						       { "exclude", "/proc/*" },
						       { NULL, NULL } };
	const struct aa_session_result result = { .has_status = true, .status = 3 << 8 };
	const struct aa_gap gap = { .session_id = 1,
				    .begin_boot_ns = 1000000000,
				    .end_boot_ns = 1100000000,
				    .count = 3,
				    .kind = "fork",
				    .reason = "ring-full" };
	struct aa_batch batch = { .gaps = &gap, .gap_count = 1 };
	struct fake_process root, child, grandchild;

	t->kernel.session = (uint32_t)begin_session_with(t, NULL, NULL, excludes, settings);
	require(t, aa_store_add_probe(t->store, 1, "process.exec", "portable", "aa_exec_raw", true, 0, NULL,
				      &t->error));
	require(t, aa_store_add_probe(t->store, 1, "file.open", "portable", "aa_sysexit_btf", false, EPERM,
				      "not permitted", &t->error));
	root = fake_fork(&t->kernel, outside, 100, AA_FLAG_ROOT);
	child = fake_fork(&t->kernel, root, 101, 0);
	grandchild = fake_fork(&t->kernel, child, 102, 0);
	run_programs(&t->kernel, root, child);
	change_processes(&t->kernel, child, grandchild);
	use_files(&t->kernel, child);
	speak(t, child);
	(void)fake_exit(&t->kernel, child, 3 << 8, root);
	(void)fake_exit(&t->kernel, grandchild, 9, outside);
	commit_all(t);
	require(t, aa_store_commit(t->store, &batch, &t->error));
	add_contents(t);
	require(t, aa_store_end_session(t->store, 1, &result, &t->error));
}

static void make_recording(struct store_test *t)
{
	char *const names[] = { (char[]){ "LANG" }, NULL };
	struct fake_process root;

	t->kernel.session = (uint32_t)begin_session(t, "with environment", names);
	root = fake_fork(&t->kernel, outside, 200, AA_FLAG_ROOT);
	(void)fake_piece(&t->kernel, root, AA_TEXT_ENV, "LANG=C\0A=b", 11, 0, 11);
	fake_run(&t->kernel, root, "/bin/true", "true", 5, "true")->env_size = 11;
	commit_all(t);
}

int main(int argc, char **argv)
{
	struct store_test t = { .session_id = 0 };

	if (argc != 2) {
		(void)fprintf(stderr, "usage: aa-make-fixture DATABASE\n");
		return 2;
	}
	open_store(&t);
	make_sealed(&t);
	make_recording(&t);
	/* What differs from run to run. */
	require(&t, aa_db_exec(aa_store_db(t.store),
			       "DELETE FROM ring_cursor; UPDATE session SET boot_id = 'boot', host = 'host', "
			       "kernel = "
			       "'6.12.0', machine = 'x86_64', recorder_pid = 99, recorder_start_ticks = 1234;"
			       "UPDATE session_option SET value = '00' WHERE name = 'redact-key';"
			       "UPDATE s1_redaction SET fingerprint = '00'",
			       &t.error));
	aa_store_close(t.store);
	t.store = NULL;
	if (rename(t.path, argv[1]) != 0) {
		perror("aa-make-fixture");
		return 1;
	}
	close_store(&t);
	return 0;
}
