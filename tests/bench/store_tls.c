/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aa-bench-store-tls DIRECTORY MEBIBYTES KIND redact|plain: how fast the store pass takes bytes of TLS, in parts of 16 KiB.
 * KIND: json (a conversation with a model over HTTP/1), random (what does not pack). Prints one JSON line.
 */
#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include "../unit/records.h"
#include "store.h"

#define RING_SIZE  (64u << 20)
#define PART_BYTES 16384u
#define CALL_PARTS 4u

static double seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void __attribute__((noreturn)) fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "aa-bench-store-tls: %s: %s\n", what, why);
	exit(1);
}

/* Text that packs as such conversations do: words with a little that is new. */
static void fill_json(char *bytes, size_t size)
{
	static const char *const words[] = { "{\"role\":\"user\",\"content\":\"",
					     "the function ",
					     "returns an error ",
					     "#include <stdio.h>\\n",
					     "\"},{\"role\":\"assistant\",\"content\":\"",
					     "in the file ",
					     "\\tif (result < 0)\\n" };
	size_t at = 0;
	uint32_t random = 12345;

	while (at < size) {
		char word[64];
		int length;

		random = random * 1664525u + 1013904223u;
		length = snprintf(word, sizeof(word), "%s%x ", words[(random >> 16) % 7], random >> 20);
		for (int i = 0; i < length && at < size; i++)
			bytes[at++] = word[i];
	}
}

static void fill_random(char *bytes, size_t size)
{
	uint32_t random = 1;

	for (size_t i = 0; i < size; i++) {
		random = random * 1664525u + 1013904223u;
		bytes[i] = (char)(random >> 24);
	}
}

/* As much as fits, up to all. Returns the bytes that were added. */
static uint64_t add(struct fake_kernel *kernel, struct fake_process process, const char *bytes,
		    uint64_t offset, uint64_t total)
{
	uint64_t added = 0;

	while (offset + added < total &&
	       kernel->ring.producer - kernel->ring.consumer + 2 * PART_BYTES < kernel->ring.size) {
		uint64_t part = (offset + added) / PART_BYTES;
		struct aa_tls_data *data = fake_tls_data(kernel, process, 1, AA_TLS_RECEIVED, offset + added,
							 bytes + part % 64 * PART_BYTES, PART_BYTES);

		data->call = part / CALL_PARTS;
		data->call_bytes = CALL_PARTS * PART_BYTES;
		data->call_offset = part % CALL_PARTS * PART_BYTES;
		added += PART_BYTES;
	}
	return added;
}

static double store_all(struct aa_store *store, struct fake_kernel *kernel, struct fake_process process,
			const char *bytes, uint64_t total)
{
	struct aa_error error = { 0 };
	double busy = 0;

	for (uint64_t offset = 0; offset < total;) {
		struct aa_batch batch = { .final = false };
		double begin;

		offset += add(kernel, process, bytes, offset, total);
		batch.spans[AA_LANE_PAYLOAD] = fake_span(&kernel->ring, AA_LANE_PAYLOAD);
		begin = seconds();
		if (aa_store_commit(store, &batch, &error) < 0)
			fail("commit", error.text);
		busy += seconds() - begin;
		kernel->ring.consumer = batch.stored[AA_LANE_PAYLOAD];
	}
	return busy;
}

int main(int argc, char **argv)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
				   "1099511627776\r\n\r\n";
	struct fake_kernel kernel = { .now_ns = 1000 };
	struct aa_session_options options = { .agent = "bench", .mode = "attach", .recorder = "0" };
	struct aa_error error = { 0 };
	struct aa_store *store = NULL;
	struct fake_process process;
	char path[4096], *bytes = malloc(64 * PART_BYTES);
	int64_t session = 0;
	uint64_t total;
	double busy;

	if (argc != 5 || !bytes) {
		(void)fprintf(stderr,
			      "usage: aa-bench-store-tls DIRECTORY MEBIBYTES json|random redact|plain\n");
		free(bytes);
		return 2;
	}
	total = strtoull(argv[2], NULL, 10) << 20;
	options.no_redact = strcmp(argv[4], "plain") == 0;
	if (strcmp(argv[3], "json") == 0)
		fill_json(bytes, 64 * PART_BYTES);
	else
		fill_random(bytes, 64 * PART_BYTES);
	(void)snprintf(path, sizeof(path), "%s/tls-%s-%s.db", argv[1], argv[3], argv[4]);
	if (aa_store_open(path, &store, &error) < 0)
		fail(path, error.text);
	if (aa_store_begin_session(store, &options, &session, &error) < 0)
		fail("session", error.text);
	fake_ring_open(&kernel.ring, RING_SIZE);
	kernel.session = (uint32_t)session;
	process = fake_fork(&kernel, (struct fake_process){ .tgid = 1 }, 100, AA_FLAG_ROOT);
	(void)fake_tls_open(&kernel, process, 1, 0);
	memcpy(bytes, head, sizeof(head) - 1);
	busy = store_all(store, &kernel, process, bytes, total);
	(void)printf(
		"{\"bytes\": %llu, \"kind\": \"%s\", \"mode\": \"%s\", \"seconds\": %.3f, \"mib_s\": %.0f}\n",
		(unsigned long long)total, argv[3], argv[4], busy, (double)(total >> 20) / busy);
	aa_store_close(store);
	fake_ring_close(&kernel.ring);
	free(bytes);
	return 0;
}
