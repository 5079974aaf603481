/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes in programs' code: attaches the loaded programs of TLS to instructions of a file, for every process that maps it
 * (pid -1: probes of one process do not follow its children). Usable from another thread than the one that owns the
 * kernel side, between aa_kernel_begin_tls and aa_kernel_close.
 */
#ifndef AA_KERNEL_UPROBE_H
#define AA_KERNEL_UPROBE_H

#include <stdint.h>

#include "error.h"
#include "kernel.h"
#include "tls_state.h"

/*
 * Loads the programs that are attached to libraries, by the best way that this kernel has; to be called by who loads the
 * others, if TLS is recorded as a whole. Returns 0, or a negative errno with a text if it has no way: then nothing can be
 * attached, and the recording goes on without plaintext.
 */
int aa_kernel_load_uprobes(struct aa_kernel *kernel, struct aa_error *error);

/* The programs that were loaded, as a probe row names them, "aa_tls_enter_multi+aa_tls_leave_multi"; NULL: none. Static. */
const char *aa_kernel_uprobe_programs(const struct aa_kernel *kernel);

struct aa_uprobe_point {
	enum aa_tls_function function;
	uint64_t offset; /* of its first instruction (Go's RET: of that) in the file, bytes */
};

/* The probes of one file. */
struct aa_uprobes;

/*
 * Attaches to all points of the file at path (which may be /proc/self/fd/N), all or nothing: entry, return, or both, as the
 * function needs. library: its number, which records then name; 1 to 2^56 - 1. One link where the kernel has
 * uprobe_multi (6.6), else one per point and side. The file need not stay open. Returns 0 or a negative errno with a text.
 */
int aa_uprobes_attach(struct aa_kernel *kernel, const char *path, uint64_t library,
		      const struct aa_uprobe_point *points, unsigned count, struct aa_uprobes **ret_uprobes,
		      struct aa_error *error);

/* The descriptor is closed when the probes are off, however that comes: it may hold a lease on the file. */
void aa_uprobes_keep(struct aa_uprobes *uprobes, int fd);

/* Detaches; NULL is fine. What has not been detached is by aa_kernel_close. */
void aa_uprobes_free(struct aa_uprobes *uprobes);

#endif
