/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `aa-record doctor` finds out about the host without loading a program: each fact is a row with its value,
 * whether it matters, and what to do. Needs no privilege; what cannot be read says so. Prints nothing.
 */
#ifndef AA_RECORDER_DOCTOR_HOST_H
#define AA_RECORDER_DOCTOR_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum aa_fact_state {
	AA_FACT_OK,
	AA_FACT_WARN, /* something is recorded less well, or may be the cause of what was refused */
	AA_FACT_BAD,  /* nothing can be recorded */
};

struct aa_fact {
	const char *name; /* stable: a key of the JSON; with blanks for underscores the title in text */
	enum aa_fact_state state;
	char value[200];
	char advice[1024]; /* what it means and what to do; "" if there is nothing to do */
};

#define AA_FACTS_MAX 20

struct aa_host {
	struct aa_fact facts[AA_FACTS_MAX];
	unsigned count;
};

/* Fills all facts of the running host. */
void aa_host_look(struct aa_host *host);

/* Adds a fact, for what others know (BTF, features of the kernel). A full table drops it. */
struct aa_fact *aa_host_add(struct aa_host *host, const char *name, enum aa_fact_state state,
			    const char *format, ...) __attribute__((format(printf, 4, 5)));
void aa_fact_advise(struct aa_fact *fact, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Rest is pure, for the tests. */

/* The word in brackets of a line like "none [integrity] confidentiality"; "" if there is none. */
void aa_host_bracketed(const char *line, char *ret_word, size_t size);

/* True if a list like "lockdown,yama,bpf" has the word. */
bool aa_host_listed(const char *list, const char *word);

/* 0x50b00 of "5.11.0-rc1"; 0 if it is no such release. */
uint32_t aa_host_release_code(const char *release);

/*
 * Names of the capabilities that recording needs and the set lacks, separated by ", "; empty if none. Before Linux
 * 5.11 that is CAP_SYS_RESOURCE, too. *ret_required is false if only what is good to have is missing.
 */
void aa_host_missing_capabilities(uint64_t effective, uint32_t release, char *ret_names, size_t size,
				  bool *ret_required);

#endif
