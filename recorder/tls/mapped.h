/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the very file that a process has mapped, through /proc/PID: across mount namespaces and overlays, whatever has its
 * name now. Only regular files, and only to read.
 */
#ifndef AA_TLS_MAPPED_H
#define AA_TLS_MAPPED_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tls_state.h"

/* A file that is open. */
struct aa_mapped {
	int fd;
	uint64_t
		device; /* as stat(2) has it, as are the next: on overlayfs and btrfs other than the kernel's own */
	uint64_t inode;
	uint64_t size_bytes;
	int64_t changed_ns;  /* mtime */
	int64_t status_ns;   /* ctime */
	bool is_overlay;     /* on overlayfs: a file has another device in each overlay, and below */
	char path[PATH_MAX]; /* as the recorder sees it */
};

/* A line of /proc/PID/maps. Strings are not kept. */
struct aa_mapping {
	uint64_t begin;
	uint64_t end;
	uint64_t inode;	 /* 0: no file */
	uint32_t device; /* as in struct aa_file_key */
	bool executable;
	char path[PATH_MAX]; /* as the process sees it; escaped by the kernel */
};

/* Parses one; line is NUL-terminated. Returns 0 or -EINVAL. */
int aa_mapping_parse(const char *line, struct aa_mapping *ret_mapping);

/* Called for each executable mapping of a file. What is not 0 ends the walk, and is what it returns. */
typedef int aa_mapping_fn(void *context, const struct aa_mapping *mapping);

/* Returns 0, what each returned, or a negative errno: -ESRCH if there is no such process. */
int aa_mappings_walk(uint32_t tgid, aa_mapping_fn *each, void *context);

/* Opens a file by its name. Returns 0 or a negative errno; -EINVAL: not a regular file. */
int aa_mapped_open_path(const char *path, struct aa_mapped *ret_mapped);

/* What a mapping of a process shows. Returns 0 or a negative errno: -ENOENT if it is not there any more. */
int aa_mapped_open_mapping(uint32_t tgid, const struct aa_mapping *mapping, struct aa_mapped *ret_mapped);

/*
 * What a request is about. Whether the process is still the one is for the caller to tell, before and after. Returns 0 or a
 * negative errno: -ENOENT if the process does not have it any more, -EACCES without the right to look.
 */
int aa_mapped_open(const struct aa_request *request, struct aa_mapped *ret_mapped);

void aa_mapped_close(struct aa_mapped *mapped);

/* A device number of stat(2) as the kernel writes it itself. */
uint32_t aa_mapped_device(uint64_t device);

/* i_generation of an open file; 0 where the file system does not tell. */
uint32_t aa_mapped_generation(int fd);

#endif
