/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file of the package has the types of one kernel build:
 * share/aa-record/btf/ARCH/RELEASE/VERSION.btf.gz, made by recorder/btf/minimize. RELEASE and VERSION are
 * those of uname(2), encoded so that whatever a kernel calls itself is one file name: letters, digits, '.',
 * '+', '-', '~' and ',' stay, a space becomes '_', all else and a leading '.' becomes %XX.
 */
#ifndef AA_KERNEL_BTF_PACKAGE_H
#define AA_KERNEL_BTF_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>

/* A directory, and two names of 64 bytes (struct utsname) of which each may take three. */
#define AA_BTF_PACKAGE_PATH_MAX 8192

/*
 * The path beside the program that runs: .../sbin/aa-record has .../share/aa-record/btf. Returns 0, -EINVAL
 * if a name is empty, -ENAMETOOLONG, or what asking for the own path said.
 */
int aa_btf_package_path(const char *release, const char *version, char *ret_path, size_t size);

/* RELEASE/VERSION.btf.gz alone. Pure. */
int aa_btf_package_name(const char *release, const char *version, char *ret_name, size_t size);

/* True if it can stand in a path as it is: no '/', not "." or "..", not empty. */
bool aa_btf_release_good(const char *release);

#endif
