/* SPDX-License-Identifier: Apache-2.0 */
/* Which libbpf runs. */
#ifndef AA_KERNEL_LIBRARY_H
#define AA_KERNEL_LIBRARY_H

#include <stddef.h>

/* "1.1", or "0.5 or older" where libbpf cannot tell; of the library that is loaded, not of its headers. */
void aa_kernel_library_version(char *ret_version, size_t size);

#endif
