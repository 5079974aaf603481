/* SPDX-License-Identifier: Apache-2.0 */
/* See library.h. */
#include "library.h"

#include <stdio.h>

#include <bpf/libbpf.h>

void aa_kernel_library_version(char *ret_version, size_t size)
{
	/* libbpf 0.6 brought the functions and, with them, this macro. */
#ifdef LIBBPF_MAJOR_VERSION
	(void)snprintf(ret_version, size, "%u.%u", libbpf_major_version(), libbpf_minor_version());
#else
	(void)snprintf(ret_version, size, "0.5 or older");
#endif
}
