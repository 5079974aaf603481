/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AA_KERNEL_DETACH_H
#define AA_KERNEL_DETACH_H

struct aa_kernel;

/*
 * Before the links are destroyed: where that would take long, another process ("aa-detach") holds them too, and is the one
 * that waits. They run until then, with nobody in scope. If it cannot be made, the caller waits. Returns a descriptor that
 * is to be closed when the links are destroyed, -1 if there is none.
 */
int aa_kernel_leave_links(struct aa_kernel *kernel);

#endif
