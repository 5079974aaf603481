/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line as data: which commands there are, which options each takes, and their values. Help and usage
 * errors are made from the same tables. Prints nothing but what it is asked to print into.
 */
#ifndef AA_RECORDER_OPTIONS_H
#define AA_RECORDER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

/* Values of all options; strings are borrowed from argv. Release with aa_options_release. */
struct aa_options {
	const char *db;	      /* never NULL after parsing */
	const char *session;  /* NULL: the store makes a name */
	const char *agent;    /* NULL: from the command */
	const char *user;     /* NULL: stay who we are */
	const char *tier;     /* a name of probes.h, NULL: the best that works */
	const char *btf;      /* NULL: found */
	const char *format;   /* "text" or "json"; NULL: text */
	const char *files;    /* "all", "writes" or "none"; NULL: all */
	const char *tls;      /* "all", "metadata" or "none"; NULL: all */
	const char *tls_hold; /* "on" or "off"; NULL: on for run, off for attach */
	char **env_names;     /* NULL-terminated and owned, or NULL; as the next three */
	char **excludes;      /* globs of paths */
	char **contents;      /* globs of paths */
	char **redact_headers;
	uint64_t ring_bytes; /* 0: the default, as for all numbers below */
	uint64_t max_arg_bytes;
	uint64_t max_processes;
	uint64_t file_ring_bytes;
	uint64_t max_open_files;
	uint64_t content_max_bytes;
	uint64_t tls_max_call;
	uint64_t tls_max_connection;
	uint64_t tls_ring_bytes;
	bool content_store;
	bool no_redact;
	bool detach_on_exit;
	bool quiet;
	bool verbose;
	bool debug;
	bool help;
};

/* Options name their commands by these bits. */
#define AA_COMMAND_RUN	  0x01u
#define AA_COMMAND_ATTACH 0x02u
#define AA_COMMAND_DOCTOR 0x04u

struct aa_command {
	const char *name;
	const char *usage;   /* after the name */
	const char *summary; /* one line */
	const char *text;    /* paragraphs for --help, each line at most 80 columns */
	unsigned bit;
	int usage_status; /* exit status after a usage error */
	/* operands is NULL-terminated. Returns the exit status. */
	int (*run)(const struct aa_options *options, char **operands);
};

/*
 * Parses what follows the command's name; argv[0] is that name. Stops at "--" or at the first operand. On success
 * *ret_first is the index of the first operand. Returns 0, -EINVAL with a text, or -ENOMEM; release in any case.
 */
int aa_options_parse(const struct aa_command *command, int argc, char **argv, struct aa_options *ret_options,
		     int *ret_first, struct aa_error *error);
void aa_options_release(struct aa_options *options);

/* The help page of one command. */
void aa_options_print_help(const struct aa_command *command, FILE *out);

/* Bytes with an optional suffix K, M or G (powers of 1024). Returns 0 or -EINVAL. */
int aa_options_parse_size(const char *text, uint64_t *ret_bytes);

#endif
