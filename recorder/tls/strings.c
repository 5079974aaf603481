/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS code by what stands in read-only data: versions; rustls, whose panics name its source files; and BoringSSL without
 * symbols, whose errors do.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "find_private.h"
#include "scan.h"

/* A version as it stands behind a text: at most what fits, and nothing that a terminal would mind. */
static bool copy_version(const uint8_t *at, size_t size, char *ret_version, size_t version_size)
{
	size_t length = 0;
	const uint8_t *dot;

	while (length < size && length < version_size - 1 &&
	       ((at[length] >= '0' && at[length] <= '9') || (at[length] >= 'a' && at[length] <= 'z') ||
		at[length] == '.' || at[length] == '-' || at[length] == '+'))
		length++;
	/* Two dots: "OpenSSL 3.0" is in many a text. */
	dot = length > 0 && at[0] >= '0' && at[0] <= '9' ? memchr(at, '.', length) : NULL;
	if (!dot || !memchr(dot + 1, '.', length - (size_t)(dot + 1 - at)))
		return false;
	memcpy(ret_version, at, length);
	ret_version[length] = '\0';
	return true;
}

struct version_search {
	struct aa_found *found;
	size_t skip;
};

static bool take_version(void *context, const struct aa_scan_hit *hit)
{
	struct version_search *search = context;

	return !copy_version(hit->at + search->skip, hit->size - search->skip, search->found->version,
			     sizeof(search->found->version));
}

void aa_find_version(const struct aa_elf *elf, const char *before, struct aa_found *found)
{
	struct version_search search = { .found = found, .skip = strlen(before) };

	/* A version that cannot be read is one that cannot be told. */
	(void)aa_scan(elf, &before, 1, take_version, &search);
}

enum needle {
	NEEDLE_BORINGSSL,
	NEEDLE_OPENSSL,
	NEEDLE_RUSTLS,
	NEEDLE_COUNT,
};

static const char *const needles[NEEDLE_COUNT] = {
	[NEEDLE_BORINGSSL] = "/ssl/ssl_lib.c",
	[NEEDLE_OPENSSL] = "/statem/statem.c", /* since 1.1.0; BoringSSL has no such directory */
	[NEEDLE_RUSTLS] = "/rustls-",
};

/* What the strings of a file say. */
struct clues {
	uint64_t boringssl[4]; /* addresses of the name of its source file: with several, none is certain */
	unsigned boringssl_count;
	bool has_openssl;
	bool has_rustls;
	char rustls_version[32];
};

/* The string that a hit is in begins behind the NUL, or whatever is no path, before it. */
static uint64_t string_begin(const struct aa_scan_hit *hit)
{
	size_t back = 0;

	while (back < hit->before && *(hit->at - back - 1) >= 0x21 && *(hit->at - back - 1) < 0x7f)
		back++;
	return hit->address - back;
}

static bool take_clue(void *context, const struct aa_scan_hit *hit)
{
	struct clues *clues = context;
	size_t skip = strlen(needles[hit->needle]);

	switch (hit->needle) {
	case NEEDLE_BORINGSSL: /* ".cc" now, ".c" before 2017 */
		if (hit->size > skip + 1 && hit->at[skip] == 'c')
			skip++;
		if (hit->size > skip && hit->at[skip] == '\0' &&
		    clues->boringssl_count < sizeof(clues->boringssl) / sizeof(clues->boringssl[0]))
			clues->boringssl[clues->boringssl_count++] = string_begin(hit);
		return true;
	case NEEDLE_OPENSSL:
		clues->has_openssl = true;
		return true;
	case NEEDLE_RUSTLS: /* a directory of cargo's registry: ".../rustls-0.23.10/src/..." */
		if (!clues->has_rustls)
			clues->has_rustls =
				copy_version(hit->at + skip, hit->size - skip, clues->rustls_version,
					     sizeof(clues->rustls_version));
		return true;
	default:
		return true;
	}
}

int aa_find_strings(const struct aa_elf *elf, struct aa_found *found)
{
	struct clues clues = { 0 };
	int r = aa_scan(elf, needles, NEEDLE_COUNT, take_clue, &clues);

	if (r < 0)
		return r;
	if (clues.boringssl_count == 1 && clues.has_openssl) {
		found->implementation = AA_TLS_OPENSSL;
		found->name = "openssl";
		aa_found_because(found, "stripped OpenSSL: nothing tells where its functions are");
		return 0;
	}
	if (clues.boringssl_count > 0) {
		found->implementation = AA_TLS_BORINGSSL;
		found->name = "boringssl";
		if (clues.boringssl_count == 1)
			return aa_find_boringssl(elf, clues.boringssl[0], found);
		aa_found_because(found, "stripped BoringSSL, and more than one copy of it");
		return 0;
	}
	if (clues.has_rustls) {
		found->name = "rustls";
		(void)snprintf(found->version, sizeof(found->version), "%s", clues.rustls_version);
		aa_found_because(found, "unsupported: no probes for rustls");
		return 0;
	}
	return AA_FIND_NOTHING;
}
