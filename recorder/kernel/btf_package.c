// SPDX-License-Identifier: Apache-2.0
/*
 * See btf_package.h. The encoding is also in recorder/btf/minimize; tests/unit/test_btf.c has examples of
 * both.
 */
#include "btf_package.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH "x86_64"
#else
#define ARCH "aarch64"
#endif

static bool stays(char byte, bool first)
{
	if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9'))
		return true;
	if (byte == '.')
		return !first;
	return byte == '+' || byte == '-' || byte == '~' || byte == ',';
}

/* Appends name, encoded; returns the end, or NULL without room. */
static char *encode(char *at, const char *end, const char *name)
{
	static const char digits[] = "0123456789ABCDEF";

	for (const char *from = name; *from != '\0'; from++) {
		if (end - at < 4)
			return NULL;
		if (stays(*from, from == name)) {
			*at++ = *from;
		} else if (*from == ' ') {
			*at++ = '_';
		} else {
			*at++ = '%';
			*at++ = digits[(unsigned char)*from >> 4];
			*at++ = digits[(unsigned char)*from & 0xf];
		}
	}
	*at = '\0';
	return at;
}

int aa_btf_package_name(const char *release, const char *version, char *ret_name, size_t size)
{
	static const char suffix[] = ".btf.gz";
	const char *end = ret_name + size;
	char *at;

	if (*release == '\0' || *version == '\0')
		return -EINVAL;
	at = encode(ret_name, end, release);
	if (!at || end - at < 2)
		return -ENAMETOOLONG;
	*at++ = '/';
	at = encode(at, end, version);
	if (!at || (size_t)(end - at) < sizeof(suffix))
		return -ENAMETOOLONG;
	memcpy(at, suffix, sizeof(suffix));
	return 0;
}

int aa_btf_package_path(const char *release, const char *version, char *ret_path, size_t size)
{
	static const char below[] = "/share/aa-record/btf/" ARCH "/";
	ssize_t n = readlink("/proc/self/exe", ret_path, size - 1);
	char *end;

	if (n < 0)
		return -errno;
	if ((size_t)n >= size - 1)
		return -ENAMETOOLONG;
	ret_path[n] = '\0';
	for (unsigned i = 0; i < 2; i++) { /* the program, and its directory */
		end = strrchr(ret_path, '/');
		if (!end)
			return -ENOENT;
		*end = '\0';
	}
	if ((size_t)(end - ret_path) + sizeof(below) > size)
		return -ENAMETOOLONG;
	memcpy(end, below, sizeof(below));
	end += sizeof(below) - 1;
	return aa_btf_package_name(release, version, end, size - (size_t)(end - ret_path));
}

bool aa_btf_release_good(const char *release)
{
	return *release != '\0' && !strchr(release, '/') && strcmp(release, ".") != 0 &&
	       strcmp(release, "..") != 0;
}
