/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel forbids whatever the program, see require.c. */
#ifndef AA_KERNEL_REQUIRE_H
#define AA_KERNEL_REQUIRE_H

#include <stdbool.h>

/* True if the lockdown of the running kernel forbids programs to read kernel memory. */
bool aa_kernel_locked_down(void);

/* True if this process has CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN; also if that cannot be found out. */
bool aa_kernel_capable(void);

/* True if this process is in a user namespace of its own, all of whose capabilities are none of the kernel's. */
bool aa_kernel_in_user_namespace(void);

#endif
