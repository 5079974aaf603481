/* SPDX-License-Identifier: Apache-2.0 */
#include "siphash.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

void aa_siphash_new_key(struct aa_siphash_key *ret_key)
{
	struct timespec now;

	if (getrandom(ret_key, sizeof(*ret_key), GRND_NONBLOCK) == (ssize_t)sizeof(*ret_key))
		return;
	/* Only before the pool is filled, in early boot. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	ret_key->k0 = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u;
	ret_key->k1 = (uint64_t)(uintptr_t)ret_key ^ (uint64_t)now.tv_sec;
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void rounds(uint64_t v[4], unsigned count)
{
	while (count--) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static uint64_t load(const unsigned char *bytes, size_t size)
{
	uint64_t word = 0;

	for (size_t i = 0; i < size; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	return word;
}

uint64_t aa_siphash(const struct aa_siphash_key *key, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	uint64_t v[4] = {
		key->k0 ^ 0x736f6d6570736575u,
		key->k1 ^ 0x646f72616e646f6du,
		key->k0 ^ 0x6c7967656e657261u,
		key->k1 ^ 0x7465646279746573u,
	};
	uint64_t last = (uint64_t)size << 56;
	size_t left = size;

	for (; left >= 8; left -= 8, at += 8) {
		uint64_t word = load(at, 8);

		v[3] ^= word;
		rounds(v, 2);
		v[0] ^= word;
	}
	last |= load(at, left);
	v[3] ^= last;
	rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
