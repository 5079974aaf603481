/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a log of libbpf and the verifier holds: names, the rejected instruction, the last words. For
 * explain.c.
 */
#ifndef AA_KERNEL_EXPLAIN_LOG_H
#define AA_KERNEL_EXPLAIN_LOG_H

#include <stdbool.h>

/* libbpf calls this helper, which is none, where a CO-RE relocation found no match (0xbad2310). */
#define AA_POISON "unknown#195896080"

struct aa_log_findings {
	bool block;	       /* the verifier said something */
	char program[64];      /* that was refused */
	char map[64];	       /* that could not be made */
	char target[160];      /* function, tracepoint or hook that is not there */
	char type[160];	       /* "struct task_struct.member" that is not there */
	char instruction[160]; /* the last one that the verifier looked at */
	char source[160];      /* its line of C */
	char words[160];       /* what the verifier said of it */
};

/* All printable ASCII; "" where nothing was found. */
void aa_log_find(const char *log, struct aa_log_findings *ret_findings);

#endif
