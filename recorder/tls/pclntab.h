/* SPDX-License-Identifier: Apache-2.0 */
/* Go's table of functions (.gopclntab), which stripped programs have, too: Go's own stack traces need it. */
#ifndef AA_TLS_PCLNTAB_H
#define AA_TLS_PCLNTAB_H

#include "elf_file.h"

struct aa_go_function {
	const char *name;
	uint64_t begin; /* address; 0: not found */
	uint64_t end;
};

/*
 * Finds functions by name. 0; -ENOENT: there is no table; -EOPNOTSUPP: one of a Go that is not known (before 1.16);
 * -EINVAL damaged; -EIO, -ENOMEM.
 */
int aa_go_functions(const struct aa_elf *elf, struct aa_go_function *functions, unsigned count);

#endif
