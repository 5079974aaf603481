/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the kernel's type information (BTF) comes from. CO-RE programs need it to find the members of kernel
 * structures; programs that attach through it (BTF tracepoints, fentry, LSM, iterators) need the kernel
 * itself to have it.
 */
#ifndef AA_KERNEL_BTF_H
#define AA_KERNEL_BTF_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum aa_btf_source {
	AA_BTF_FILE,	     /* --btf FILE */
	AA_BTF_SYSFS,	     /* /sys/kernel/btf/vmlinux */
	AA_BTF_ID,	     /* read by id from the kernel, which hides its sysfs (5.11+, CAP_SYS_ADMIN) */
	AA_BTF_DISTRIBUTION, /* a kernel image with types, as debug packages install it */
	AA_BTF_PACKAGE,	     /* a minimal file of ours for exactly this kernel build */
};

struct btf;

struct aa_btf {
	enum aa_btf_source source;
	/*
	 * libbpf finds the running kernel's types by itself: BTF tracepoints, fentry, LSM programs and
	 * iterators load.
	 */
	bool kernel;
	/*
	 * For bpf_object_open_opts.btf_custom_path: raw BTF in memory, /proc/self/fd/N. NULL when libbpf
	 * shall take the running kernel's own.
	 */
	char *path;
	char *name;	   /* for people: the file that it came from */
	struct btf *types; /* that which CO-RE uses */
	/*
	 * The running kernel's own types, for looking up functions to attach to: types, or with --btf what
	 * sysfs has; NULL if !kernel.
	 */
	struct btf *kernel_types;
	int fd; /* behind path; -1 */
};

/*
 * Takes the first that serves, in the order of enum aa_btf_source; with forced (--btf), that or none. The
 * file may be raw BTF, gzip, or an ELF image with a .BTF section. Returns 0, or -ENOENT (-EINVAL, or what
 * opening it said, for a forced one) with a text that says what was looked at, why it does not serve, and
 * what to do.
 */
int aa_btf_find(const char *forced, struct aa_btf *ret_btf, struct aa_error *error);
void aa_btf_release(struct aa_btf *btf); /* zeroed or NULL is fine */

/* The file for bpf_object_open_opts.btf_custom_path; NULL where libbpf has to find the types by itself. */
const char *aa_btf_relocate_by(const struct aa_btf *btf);

/* "the running kernel's", "a kernel image of the distribution", ...: stable words, also for JSON. */
const char *aa_btf_source_name(enum aa_btf_source source);

#endif
