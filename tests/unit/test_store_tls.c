/* SPDX-License-Identifier: Apache-2.0 */
/* TLS connections: one row each, however they are seen; and their bytes, of which none is missing without a gap. */
#include <zlib.h>

#include "store_test.h"
#include "tls_post.h"

static const struct fake_process outside = { .tgid = 1 };

/* The ClientHello of curl to a.example, cut to what matters: SNI, ALPN h2 and http/1.1, TLS 1.3 and 1.2. */
static const char client_hello[] =
	"\x16\x03\x01\x00\x67\x01\x00\x00\x63\x03\x03"
	"abcdefghijklmnopqrstuvwxyz012345\x00\x00\x04\x13\x01\xc0\x2f\x01\x00\x00\x36"
	"\x00\x00\x00\x0e\x00\x0c\x00\x00\x09"
	"a.example"
	"\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1"
	"\x00\x2b\x00\x07\x06\x1a\x1a\x03\x04\x03\x03"
	"\x00\x17\x00\x00";
/* TLS_AES_256_GCM_SHA384, TLS 1.3 */
static const char server_hello[] = "\x16\x03\x03\x00\x34\x02\x00\x00\x30\x03\x03"
				   "abcdefghijklmnopqrstuvwxyz012345\x00\x13\x02\x00\x00\x06"
				   "\x00\x2b\x00\x02\x03\x04";

static struct fake_process begin(struct store_test *t)
{
	return fake_fork(&t->kernel, outside, 100, AA_FLAG_ROOT);
}

/* A batch whose only records are those of a lane of their own. */
static void commit_lane(struct store_test *t, enum aa_lane lane)
{
	struct aa_batch batch = { .spans = { [0] = { .begin = 0 } } };

	batch.spans[lane] = fake_span(&t->kernel.ring, lane);
	if (aa_store_commit(t->store, &batch, &t->error) < 0)
		fail_msg("commit: %s", t->error.text);
	t->kernel.ring.consumer = batch.stored[lane];
}

static void test_a_library_and_its_socket(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = begin(t);
	struct aa_tls_handshake *handshake;

	(void)fake_tls_open(&t->kernel, p, 7, 0);
	(void)fake_tls_name(&t->kernel, p, 7, AA_TLS_NAME_SNI, "a.example");
	fake_tls_hello(&t->kernel, p, 7, 3, client_hello, sizeof(client_hello) - 1)->direction = AA_TLS_SENT;
	(void)fake_tls_bind(&t->kernel, p, 7, 3, AA_TLS_BY_CALL);
	fake_tls_hello(&t->kernel, p, 7, 3, server_hello, sizeof(server_hello) - 1)->direction =
		AA_TLS_RECEIVED;
	handshake = fake_record(&t->kernel, p, AA_EVENT_TLS_HANDSHAKE, sizeof(*handshake));
	handshake->connection = 7;
	handshake->done = 1;
	handshake->duration_ns = 12345;
	(void)fake_tls_data(&t->kernel, p, 7, AA_TLS_SENT, 0, "hello", 5);
	(void)fake_tls_data(&t->kernel, p, 7, AA_TLS_RECEIVED, 0, "good", 4);
	fake_tls_data(&t->kernel, p, 7, AA_TLS_RECEIVED, 4, "bye", 3)->call = 1;
	(void)fake_tls_close(&t->kernel, p, 7, 5, 7);
	(void)fake_tls_socket_end(&t->kernel, p, 3, 700, 900);
	commit_all(t);
	assert_true(aa_store_posts_pending(t->store));
	commit_all(t);
	assert_false(aa_store_posts_pending(t->store));
	expect_rows(
		t,
		"SELECT id, process_id, end_reason, transport, implementation, plaintext, reason, role, sni, "
		"alpn, alpn_offered, version, version_offered, cipher, handshake, handshake_ns, method "
		"FROM s1_tls_connection",
		"1|1|freed|tcp|openssl|yes|-|client|a.example|-|h2,http/1.1|TLSv1.3|TLSv1.3|"
		"TLS_AES_256_GCM_SHA384|done|12345|call\n");
	expect_rows(
		t,
		"SELECT socket_inode, netns, local_address, local_port, peer_address, peer_port, sent_bytes, "
		"received_bytes, sent_calls, received_calls, sent_gap_bytes, received_gap_bytes, "
		"wire_sent_bytes, wire_received_bytes, redactions, parent_id, end_ns > time_ns "
		"FROM s1_tls_connection",
		"7003|4026531840|127.0.0.1|40000|192.0.2.1|443|5|7|1|2|0|0|700|900|0|-|1\n");
	expect_rows(t,
		    "SELECT connection_id, host, peer_port, direction, call, offset, bytes, size, encoding, "
		    "CAST(data AS TEXT), gap, marks FROM s1_tls_view",
		    "1|a.example|443|sent|0|0|5|5|-|hello|-|-\n1|a.example|443|received|0|0|4|4|-|good|-|-\n"
		    "1|a.example|443|received|1|4|3|3|-|bye|-|-\n");
	expect_rows(
		t, "SELECT kind, detail FROM s1_timeline WHERE kind GLOB 'tls_*' ORDER BY time_ns",
		"tls_connect|a.example:443 (192.0.2.1), client, TLSv1.3\ntls_sent|a.example:443 (5 bytes)\n"
		"tls_received|a.example:443 (4 bytes)\ntls_received|a.example:443 (3 bytes)\n"
		"tls_close|a.example:443 (sent 5, received 7 bytes)\n");
	expect_rows(t, "SELECT host, comm, seconds > 0 FROM s1_tls_connection_view", "a.example|parent|1\n");
}

/* The bytes of its direction are all in rows, as data or as gaps, one behind the other. */
static void expect_sums(struct store_test *t)
{
	expect_rows(t,
		    "SELECT count(*) FROM s1_tls_connection AS c WHERE"
		    " (SELECT total(bytes) FROM s1_tls WHERE connection_id = c.id AND direction = 'sent') <> "
		    "sent_bytes"
		    " OR (SELECT total(bytes) FROM s1_tls WHERE connection_id = c.id AND direction = "
		    "'received') <>"
		    " received_bytes"
		    " OR (SELECT total(bytes) FROM s1_tls WHERE connection_id = c.id AND gap IS NOT NULL) <>"
		    " sent_gap_bytes + received_gap_bytes",
		    "0\n");
	expect_rows(t,
		    "SELECT count(*) FROM (SELECT offset - lag(offset + bytes, 1, 0) OVER"
		    " (PARTITION BY connection_id, direction ORDER BY offset) AS hole FROM s1_tls) WHERE "
		    "hole <> 0",
		    "0\n");
}

static void test_holes(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = begin(t);
	struct aa_session_totals totals;
	struct aa_tls_close *close;
	struct aa_tls_data *data;

	(void)fake_tls_open(&t->kernel, p, 1, 0);
	(void)fake_tls_data(&t->kernel, p, 1, AA_TLS_SENT, 0, "0123456789", 10);
	data = fake_tls_data(&t->kernel, p, 1, AA_TLS_SENT, 110, "x", 1);
	data->lost[AA_TLS_LOST_UNREADABLE] = 10;
	data->lost[AA_TLS_LOST_MAX_CALL] = 20;
	data->lost[AA_TLS_LOST_RING] = 30;
	data->call = 1;
	/* It has overtaken the one before. */
	(void)fake_tls_data(&t->kernel, p, 1, AA_TLS_SENT, 90, "late", 4);
	/* Known in part. */
	fake_tls_data(&t->kernel, p, 1, AA_TLS_SENT, 109, "yxz", 3)->call = 2;
	close = fake_tls_close(&t->kernel, p, 1, 1000, 50);
	close->sums.lost[AA_TLS_SENT][AA_TLS_LOST_MAX_CONNECTION] = 888;
	close->sums.lost[AA_TLS_SENT][AA_TLS_LOST_RING] = 30;
	close->sums.calls[AA_TLS_RECEIVED] = 2;
	commit_all(t);
	commit_all(t);
	expect_rows(t, "SELECT direction, offset, bytes, gap, CAST(data AS TEXT), call FROM s1_tls",
		    "sent|0|10|-|0123456789|0\nsent|10|10|unreadable|-|-\nsent|20|20|max-call|-|-\n"
		    "sent|40|30|ring-full|-|-\nsent|70|40|lost|-|-\nsent|110|1|-|x|1\nsent|111|1|-|z|2\n"
		    "sent|112|888|max-connection|-|-\nreceived|0|50|lost|-|-\n");
	expect_rows(
		t,
		"SELECT plaintext, reason, sent_bytes, received_bytes, sent_gap_bytes, received_gap_bytes,"
		" sent_calls, received_calls FROM s1_tls_connection",
		"partial|lost,max-call,max-connection|1000|50|988|50|3|2\n");
	expect_rows(t, "SELECT lane, kind, reason, count, process_id, detail FROM s1_gap ORDER BY id",
		    "payload|tls_data|ring-full|30|1|TLS connection 1\n"
		    "payload|tls_data|unreadable|10|1|TLS connection 1\n"
		    "payload|tls_data|max-call|20|1|TLS connection 1\n"
		    "payload|tls_data|lost|40|1|TLS connection 1\n"
		    "payload|tls_data|max-connection|888|1|TLS connection 1\n"
		    "payload|tls_data|lost|50|1|TLS connection 1\n");
	expect_sums(t);
	aa_store_totals(t->store, t->session_id, &totals);
	assert_int_equal(totals.lost, 3);
	assert_int_equal(totals.partial, 1);
	assert_int_equal(totals.tls_bytes[AA_TLS_SENT], 1000);
	assert_int_equal(totals.tls_gap_bytes, 1038);
}

/* What was sent before the end comes in another lane, and may be in the next batch. */
static void test_the_end_comes_first(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = begin(t);

	(void)fake_tls_open(&t->kernel, p, 1, 0);
	(void)fake_tls_close(&t->kernel, p, 1, 3, 0);
	commit_all(t);
	expect_rows(t, "SELECT end_reason, sent_bytes, sent_gap_bytes FROM s1_tls_connection", "freed|0|0\n");
	(void)fake_tls_data(&t->kernel, p, 1, AA_TLS_SENT, 0, "abc", 3);
	commit_lane(t, AA_LANE_PAYLOAD);
	expect_rows(t, "SELECT end_reason, sent_bytes, sent_gap_bytes FROM s1_tls_connection", "freed|3|0\n");
	expect_rows(t, "SELECT gap, CAST(data AS TEXT) FROM s1_tls", "-|abc\n");
}

/* As long as one record is still being written, nobody knows what it will be. */
static void test_the_end_waits_for_a_writer(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = begin(t);
	struct aa_tls_data *busy;

	(void)fake_tls_open(&t->kernel, p, 1, 0);
	(void)fake_tls_close(&t->kernel, p, 1, 3, 0);
	commit_all(t);
	busy = fake_tls_data(&t->kernel, p, 1, AA_TLS_SENT, 0, "abc", 3);
	fake_set_bits(busy, FAKE_BUSY, 0);
	commit_lane(t, AA_LANE_PAYLOAD);
	assert_true(aa_store_posts_pending(t->store));
	fake_set_bits(busy, 0, FAKE_BUSY);
	commit_lane(t, AA_LANE_PAYLOAD);
	expect_rows(t, "SELECT gap, CAST(data AS TEXT) FROM s1_tls", "-|abc\n");
}

static void test_the_socket_was_first(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = begin(t);

	(void)fake_tls_hello(&t->kernel, p, 0, 3, client_hello, sizeof(client_hello) - 1);
	commit_all(t);
	expect_rows(t, "SELECT id, plaintext, reason, method, sni FROM s1_tls_connection",
		    "1|no|no-library|hello|a.example\n");
	fake_tls_open(&t->kernel, p, 9, 0)->marks = AA_TLS_LATE;
	fake_tls_open(&t->kernel, p, 10, 0)->from = 9;
	(void)fake_tls_bind(&t->kernel, p, 9, 3, AA_TLS_BY_FINGERPRINT);
	(void)fake_tls_bind(&t->kernel, p, 10, 3, AA_TLS_BY_CALL);
	(void)fake_tls_data(&t->kernel, p, 9, AA_TLS_SENT, 0, "x", 1);
	commit_all(t);
	expect_rows(t,
		    "SELECT id, plaintext, reason, method, sni, parent_id, peer_port FROM s1_tls_connection",
		    "1|partial|late|fingerprint|a.example|-|443\n3|yes|-|call|-|1|443\n");
	expect_rows(t, "SELECT connection_id FROM s1_tls", "1\n");
}

/* Rows name its number already: it stays, and the other goes. */
static void test_the_library_has_bytes(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = begin(t);

	(void)fake_tls_hello(&t->kernel, p, 0, 3, client_hello, sizeof(client_hello) - 1);
	(void)fake_tls_open(&t->kernel, p, 9, 0);
	(void)fake_tls_data(&t->kernel, p, 9, AA_TLS_SENT, 0, "x", 1);
	(void)fake_tls_bind(&t->kernel, p, 9, 3, AA_TLS_BY_FINGERPRINT);
	(void)fake_tls_socket_end(&t->kernel, p, 3, 10, 20);
	commit_all(t);
	expect_rows(t, "SELECT id, method, sni, wire_sent_bytes FROM s1_tls_connection",
		    "2|fingerprint|a.example|10\n");
	expect_rows(t, "SELECT connection_id FROM s1_tls", "2\n");
	expect_rows(t, "SELECT end_reason FROM s1_tls_connection", "-\n");
	assert_int_equal(aa_store_end_session(t->store, t->session_id, NULL, &t->error), 0);
	expect_rows(t, "SELECT end_reason, end_ns FROM s1_tls_connection", "session|-\n");
}

static void test_why_there_is_no_plaintext(void **state)
{
	struct store_test *t = *state;
	struct fake_process a = begin(t), b = fake_fork(&t->kernel, a, 200, 0),
			    c = fake_fork(&t->kernel, a, 300, 0);
	const struct aa_library_post openssl = { .time_boot_ns = t->kernel.now_ns,
						 .number = 1,
						 .start_ns = b.start_ns,
						 .tgid = b.tgid,
						 .device = 8u << 20 | 1,
						 .inode = 12,
						 .size_bytes = 1000,
						 .path = "/usr/lib/libssl.so\xff",
						 .implementation = "openssl",
						 .version = "3.0.17",
						 .hooks = "SSL_read",
						 .how = "dynsym",
						 .attached = true,
						 .late = true };
	const struct aa_library_post rustls = {
		.number = 2, .path = "/bin/codex", .implementation = "rustls", .reason = "no known hooks"
	};
	struct aa_tls_hello *hello;

	assert_int_equal(aa_store_post_library(t->store, t->session_id, &openssl), 0);
	assert_int_equal(aa_store_post_library(t->store, t->session_id, &rustls), 0);
	assert_int_equal(aa_store_post_mapped(t->store, t->session_id, c.tgid, c.start_ns, 2), 0);
	assert_true(aa_store_posts_pending(t->store));
	(void)fake_tls_hello(&t->kernel, a, 0, 1, client_hello, sizeof(client_hello) - 1);
	(void)fake_tls_hello(&t->kernel, b, 0, 2, client_hello, sizeof(client_hello) - 1);
	(void)fake_tls_hello(&t->kernel, c, 0, 3, client_hello, sizeof(client_hello) - 1);
	hello = fake_tls_hello(&t->kernel, a, 0, 4, "not QUIC", 8);
	hello->marks = AA_TLS_HELLO_QUIC;
	hello = fake_tls_hello(&t->kernel, a, 0, 5, client_hello, sizeof(client_hello) - 1);
	hello->direction = AA_TLS_RECEIVED;
	(void)fake_tls_open(&t->kernel, b, 1, 1);
	fake_tls_socket_end(&t->kernel, a, 1, 10, 20)->marks = AA_TLS_SOCKET_KTLS;
	commit_all(t);
	assert_false(aa_store_posts_pending(t->store));
	expect_rows(t,
		    "SELECT plaintext, reason, transport, role, end_reason, wire_received_bytes, library_id"
		    " FROM s1_tls_connection",
		    "no|no-library,kernel TLS|tcp|client|socket|20|-\nno|late|tcp|client|-|-|-\n"
		    "no|unsupported: rustls (no known hooks)|tcp|client|-|-|-\n"
		    "no|unsupported: QUIC|quic|client|-|-|-\nno|no-library|tcp|server|-|-|-\n"
		    "partial|late|unknown|-|-|-|1\n");
	expect_rows(t,
		    "SELECT number, process_id, path, hex(path_raw), device, inode, attached, late, reason, "
		    "held_ns"
		    " FROM s1_tls_library",
		    "1|2|/usr/lib/libssl.so\\xFF|2F7573722F6C69622F6C696273736C2E736FFF|8388609|12|1|1|-|-\n"
		    "2|-|/bin/codex||0|0|0|0|no known hooks|-\n");
}

static void test_the_sweep_tells_the_end(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = begin(t);
	const struct aa_tls_sums sums = { .bytes = { 5, 6 }, .calls = { 1, 1 }, .lost = { { 2 } } };

	(void)fake_tls_open(&t->kernel, p, 1, 0);
	(void)fake_tls_data(&t->kernel, p, 1, AA_TLS_SENT, 0, "abc", 3);
	commit_all(t);
	assert_int_equal(aa_store_post_tls_end(t->store, t->session_id, t->kernel.now_ns + 5, 1, &sums,
					       AA_TLS_CLOSE_PROCESS),
			 0);
	assert_int_equal(aa_store_post_tls_end(t->store, t->session_id, t->kernel.now_ns + 5, 2, &sums,
					       AA_TLS_CLOSE_PROCESS),
			 0);
	commit_all(t);
	commit_all(t);
	expect_rows(t, "SELECT end_reason, sent_gap_bytes, received_gap_bytes, reason FROM s1_tls_connection",
		    "process|2|6|lost\n");
	expect_rows(t, "SELECT reason, count, detail FROM s1_gap",
		    "lost|11|of a connection whose records are all lost\nring-full|2|TLS connection 1\n"
		    "lost|6|TLS connection 1\n");
	expect_sums(t);
}

/* It was swept after the transaction's look at the ring: its records come with the next one. */
static void test_the_end_is_told_first(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = begin(t);
	const struct aa_tls_sums sums = { .bytes = { 3 }, .calls = { 1 } };

	assert_int_equal(aa_store_post_tls_end(t->store, t->session_id, t->kernel.now_ns + 5, 1, &sums,
					       AA_TLS_CLOSE_PROCESS),
			 0);
	commit_all(t);
	(void)fake_tls_open(&t->kernel, p, 1, 0);
	(void)fake_tls_data(&t->kernel, p, 1, AA_TLS_SENT, 0, "abc", 3);
	commit_all(t);
	commit_all(t);
	expect_rows(t, "SELECT end_reason, sent_bytes, sent_gap_bytes, reason FROM s1_tls_connection",
		    "process|3|0|-\n");
	expect_rows(t, "SELECT reason FROM s1_gap", "");
	expect_sums(t);
}

/* Parts of one call become one row, packed if that pays. */
static void test_packing(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = begin(t);
	char bytes[20000], out[65536];
	sqlite3_stmt *s = NULL;
	uLongf size = sizeof(out);

	(void)fake_tls_open(&t->kernel, p, 1, 0);
	memset(bytes, 'a', sizeof(bytes));
	for (uint32_t i = 0; i < 4; i++) {
		struct aa_tls_data *data = fake_tls_data(&t->kernel, p, 1, AA_TLS_RECEIVED, i * sizeof(bytes),
							 bytes, sizeof(bytes));

		data->call_bytes = 4 * sizeof(bytes);
		data->call_offset = i * sizeof(bytes);
	}
	for (size_t i = 0; i < 300; i++)
		bytes[i] = (char)(i * i * 7919 >> 5 ^ i * 31);
	fake_tls_data(&t->kernel, p, 1, AA_TLS_RECEIVED, 80000, bytes, 255)->call = 1;
	commit_all(t);
	expect_rows(t, "SELECT call, offset, bytes, size, encoding, length(data) < 1000 FROM s1_tls",
		    "0|0|60000|60000|zlib|1\n0|60000|20000|20000|zlib|1\n1|80000|255|255|-|1\n");
	assert_int_equal(sqlite3_prepare_v2(aa_db_handle(aa_store_db(t->store)),
					    "SELECT data FROM s1_tls WHERE id = 1", -1, &s, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_int_equal(
		uncompress((Bytef *)out, &size, sqlite3_column_blob(s, 0), (uLong)sqlite3_column_bytes(s, 0)),
		Z_OK);
	assert_int_equal(size, 60000);
	assert_int_equal(out[59999], 'a');
	sqlite3_finalize(s);
}

/* A secret, in two calls, and a batch between. */
static void test_secrets(void **state)
{
	struct store_test *t = *state;
	struct fake_process p = begin(t);
	static const char first[] = "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer abc";
	static const char second[] = "defghi0123456789\r\nX: y\r\n\r\n";

	(void)fake_tls_open(&t->kernel, p, 1, 0);
	(void)fake_tls_data(&t->kernel, p, 1, AA_TLS_SENT, 0, first, sizeof(first) - 1);
	commit_all(t);
	fake_tls_data(&t->kernel, p, 1, AA_TLS_SENT, sizeof(first) - 1, second, sizeof(second) - 1)->call = 1;
	commit_all(t);
	assert_int_equal(aa_store_end_session(t->store, t->session_id, NULL, &t->error), 0);
	expect_rows(t, "SELECT count(*) FROM s1_tls WHERE instr(data, 'abc') OR instr(data, 'ghi0123')",
		    "0\n");
	expect_rows(t, "SELECT bytes = size, marks FROM s1_tls", "1|redacted\n1|redacted\n");
	expect_rows(
		t,
		"SELECT row_table, row_id, direction, offset >= 25, length > 10, what, length(fingerprint) "
		"FROM s1_redaction",
		"tls|1|sent|1|1|authorization|32\n");
	expect_rows(t, "SELECT redactions, sent_gap_bytes FROM s1_tls_connection", "1|0\n");
	expect_sums(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_a_library_and_its_socket),
		STORE_TEST(test_holes),
		STORE_TEST(test_the_end_comes_first),
		STORE_TEST(test_the_end_waits_for_a_writer),
		STORE_TEST(test_the_socket_was_first),
		STORE_TEST(test_the_library_has_bytes),
		STORE_TEST(test_why_there_is_no_plaintext),
		STORE_TEST(test_the_sweep_tells_the_end),
		STORE_TEST(test_the_end_is_told_first),
		STORE_TEST(test_packing),
		STORE_TEST(test_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
