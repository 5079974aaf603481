/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: a file, as a program of either machine, is looked at for TLS code. Seeds: small libraries and programs,
 * such as tests/unit/test_tls_find*.c make.
 */
#include <elf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "find_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t machines[] = { EM_X86_64, EM_AARCH64 };
	static struct aa_found found;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		struct aa_error error = { 0 };
		int r = aa_find_of_machine(fd, machines[i], &found, &error);

		if (r < 0 && error.text[0] == '\0')
			abort();
		for (unsigned k = 0; r == 0 && k < found.point_count; k++)
			if (found.points[k].offset >= size || found.points[k].function == 0)
				abort();
	}
	(void)close(fd);
	return 0;
}
