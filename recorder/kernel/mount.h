/* SPDX-License-Identifier: Apache-2.0 */
/* File systems of the kernel's that nobody has mounted. */
#ifndef AA_KERNEL_MOUNT_H
#define AA_KERNEL_MOUNT_H

/*
 * Mounts a file system ("securityfs", "debugfs") for us alone: it stands in no tree, shows the same files as everywhere,
 * and is gone with its descriptor. Returns the descriptor of its root, -ENODEV if this kernel has none of that type, -EPERM
 * if we may not.
 */
int aa_mount_private(const char *type);

#endif
