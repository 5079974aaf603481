/* SPDX-License-Identifier: Apache-2.0 */
/* Raw BTF out of a file of somebody else: plain, compressed with gzip, or a section of an ELF image. */
#ifndef AA_KERNEL_BTF_FILE_H
#define AA_KERNEL_BTF_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/*
 * The kernel's own has 3 to 6 MB, one with every option set some 20. More than this is not read, and a
 * compressed file is not unpacked beyond it.
 */
#define AA_BTF_BYTES_MAX (64u << 20)

struct aa_btf_bytes {
	uint8_t *data;
	size_t size;
};

/*
 * Reads and checks the file: never blocks on a FIFO or terminal, never reads more than the limit. An ELF
 * image must be of this machine, and of the running kernel as far as build ids can tell. Returns 0, or a
 * negative errno with a text without the file's name: -ENOENT and others of open(2), -EINVAL what it holds.
 * Free data.
 */
int aa_btf_file_read(const char *path, struct aa_btf_bytes *ret_bytes, struct aa_error *error);

#endif
