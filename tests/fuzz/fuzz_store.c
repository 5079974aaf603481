/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: ring contents into decoder, assembler and store. The first byte says where the span is parted. With
 * --seed DIRECTORY as its only arguments it writes a corpus of valid contents and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "../unit/forged.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_seed(const char *directory, unsigned number, const uint8_t *bytes, size_t size)
{
	const uint8_t control = 128;
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/seed-%u", directory, number);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FORGED_REQUIRE(fd >= 0);
	FORGED_REQUIRE(write(fd, &control, 1) == 1);
	FORGED_REQUIRE(write(fd, bytes, size) == (ssize_t)size);
	(void)close(fd);
}

/* The whole sample, and each of its records alone. */
static void write_corpus(const char *directory)
{
	struct fake_kernel kernel = { .now_ns = 1000 };
	struct aa_record record;
	struct aa_span span;
	unsigned number = 0;

	FORGED_REQUIRE(mkdir(directory, 0700) == 0 || errno == EEXIST);
	fake_ring_open(&kernel.ring, FORGED_RING_BYTES);
	forged_sample(&kernel);
	write_seed(directory, number++, kernel.ring.data, kernel.ring.producer);
	span = fake_span(&kernel.ring, AA_LANE_LIFECYCLE);
	for (uint64_t at = 0; aa_span_next(&span, at, &record) == AA_RING_RECORD; at = record.next)
		write_seed(directory, number++, kernel.ring.data + at, record.next - at);
	fake_ring_close(&kernel.ring);
	(void)printf("%u files in %s\n", number, directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (*argc == 3 && strcmp((*argv)[1], "--seed") == 0) {
		write_corpus((*argv)[2]);
		exit(0);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct forged forged;

	if (!forged.store)
		forged_open(&forged);
	if (size < 1 + sizeof(struct aa_header))
		return 0;
	forged_reset(&forged);
	forged_offer(&forged, data + 1, size - 1, data[0]);
	return 0;
}
