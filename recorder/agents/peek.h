/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments and environment of a process that was running before it was recorded, from /proc: a program in the
 * kernel reads only the memory of the process that runs it.
 */
#ifndef AA_AGENTS_PEEK_H
#define AA_AGENTS_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

/* Context of aa_peek. */
struct aa_peek {
	uint64_t max_bytes; /* of a text; what is beyond is left out */
	uint64_t tick_ns;   /* of the start times in /proc; set by aa_peek_init */
	int64_t offset_ns;  /* of this time namespace: /proc adds it to start times */
};

void aa_peek_init(struct aa_peek *peek, uint64_t max_bytes);

/*
 * An aa_store_peek_fn. Checks before and after reading that /proc/TGID is the process that began at start_ns and
 * still runs the image with its arguments at arg_start: a number means another process in another pid namespace,
 * or after its reuse. Returns 0, -ESRCH, -ESTALE, -EACCES, -EINVAL (another field) or -ENOMEM.
 */
int aa_peek(void *context, uint32_t tgid, uint64_t start_ns, uint64_t arg_start, enum aa_text_field field,
	    char **ret_bytes, size_t *ret_size);

/* Is that number still the process that began then? False if it cannot be told. context: a struct aa_peek. */
bool aa_peek_is_process(const void *context, uint32_t tgid, uint64_t start_ns);

/* What a process looks like in /proc/PID/stat. */
struct aa_peek_stat {
	uint64_t start_ticks;
	uint64_t arg_start;
	uint32_t flags; /* PF_* of the kernel */
	char state;
};

#define AA_PEEK_PF_KTHREAD 0x00200000u /* include/linux/sched.h; the same since 2.6.27 */

/* Returns 0, -ESRCH or -EINVAL (a line that cannot be read). */
int aa_peek_stat(uint32_t pid, struct aa_peek_stat *ret_stat);

/* Parses the line; text is NUL-terminated. Returns 0 or -EINVAL. */
int aa_peek_parse_stat(const char *text, struct aa_peek_stat *ret_stat);

#endif
