/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS code in an ELF file: where its functions are, or why nothing can be attached to. By symbols and code, never by the
 * file's name. Pure but for reading the file; agents can choose the file, so nothing in it is trusted.
 */
#ifndef AA_TLS_FIND_H
#define AA_TLS_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "uprobe.h"

#define AA_FOUND_POINTS 256 /* Go functions have many RETs */

struct aa_found {
	enum aa_tls_implementation implementation; /* AA_TLS_UNKNOWN with a name: rustls ... */
	const char *name;   /* "openssl", "rustls", "java" ...; static; NULL: no TLS code at all */
	char version[64];   /* "" if it cannot be told */
	char build_id[130]; /* hexadecimal, "" if it has none */
	const char *how;    /* "dynsym", "symtab", "internal", "xref", "pclntab"; static; NULL: not found */
	char hooks[1024];   /* names of the functions found, separated by commas */
	char reason[512];   /* why there are no points, or not all; "" if all is well */
	struct aa_uprobe_point points[AA_FOUND_POINTS];
	unsigned point_count; /* 0: nothing can be attached to */
	struct aa_uprobe_point
		bio_write; /* offset 0: none. Attached only when a connection needs it (AA_REQUEST_BIND) */
	bool is_go;	   /* .go.buildinfo: never a uretprobe, whatever else is in it */
};

#define AA_FIND_NOTHING 1 /* no TLS code: most files */

/*
 * Looks at an open file. Returns 0 with *ret_found (which may have no points and a reason); AA_FIND_NOTHING (build_id and
 * is_go are set); or a negative errno with a text: -ENOEXEC not an ELF file of this machine, -EINVAL damaged, -EIO,
 * -ENOMEM.
 */
int aa_find_tls(int fd, struct aa_found *ret_found, struct aa_error *error);

#endif
