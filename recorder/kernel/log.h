/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libbpf says while it works, caught: libbpf prints through one global callback. With debug all of it
 * goes to standard error, made safe for a terminal; else it is kept for the error text. One load at a time,
 * one thread.
 */
#ifndef AA_KERNEL_LOG_H
#define AA_KERNEL_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* Forgets what was kept and catches from now on. */
void aa_kernel_log_begin(bool debug);
/* What is said from now on (attaching, closing) is not kept, but still caught and, with debug, shown. */
void aa_kernel_log_end(void);

/*
 * Nothing of libbpf reaches standard error unasked, whatever happens before or after a load. Keeps the rest
 * as it is.
 */
void aa_kernel_log_quiet(void);

/*
 * The log level for loading (kernel_log_level, bpf_program__set_log_level): with debug the verifier's full
 * log of every program with its statistics, else 0, with which libbpf asks again for the log of the one that
 * failed.
 */
uint32_t aa_kernel_log_level(bool debug);

/* All that was kept since the last begin, for aa_explain(). Valid until the next begin. */
const char *aa_kernel_log_text(void);

/* Name of the program that the log says was refused, NULL if none. `names` are the candidates. */
const char *aa_kernel_log_refused(const char *const *names, unsigned count);

bool aa_kernel_log_has(const char *text);

#endif
