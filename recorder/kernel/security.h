/* SPDX-License-Identifier: Apache-2.0 */
/* Files of securityfs: "lockdown", "lsm". */
#ifndef AA_KERNEL_SECURITY_H
#define AA_KERNEL_SECURITY_H

#include <stddef.h>

/*
 * Reads a file of securityfs, also where nobody has mounted it; without the last newline. Returns 0, -ENOENT if this
 * kernel has no such file, -ENODEV if it has no securityfs, -EPERM if it is not mounted and we may not.
 */
int aa_security_read(const char *name, char *ret_text, size_t size);

#endif
