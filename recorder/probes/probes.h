/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which programs serve which capability on this kernel: decided by trying, proven by a self-test, written
 * down as probe rows. Above recorder/kernel, which only loads and attaches what it is told to.
 */
#ifndef AA_PROBES_PROBES_H
#define AA_PROBES_PROBES_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "kernel.h"

/* How a program hangs in the kernel, best first. */
enum aa_tier {
	AA_TIER_ANY = 0,
	AA_TIER_PRECISE,  /* LSM, fentry, fexit */
	AA_TIER_KPROBE,	  /* the same bodies as kprobes */
	AA_TIER_PORTABLE, /* BTF tracepoints, iterators */
	AA_TIER_BASIC,	  /* raw tracepoints, BPF_PROG_TEST_RUN; no kernel BTF */
	AA_TIER_COUNT,
};

const char *aa_tier_name(enum aa_tier tier); /* "precise" ...; "any" */
/* Returns 0, or -EINVAL if there is no tier of that name ("any" is none). */
int aa_tier_parse(const char *name, enum aa_tier *ret_tier);

/* What the kernel can do, found by trying; nothing stays loaded or attached. */
enum aa_feature_id {
	AA_FEATURE_KERNEL_BTF, /* types of the running kernel where libbpf finds them: precise and portable need it */
	AA_FEATURE_FENTRY,
	AA_FEATURE_FEXIT,
	AA_FEATURE_LSM,	     /* programs of that type load; whether they fire only the self-test tells */
	AA_FEATURE_LSM_LIST, /* bpf is in the list of active LSMs; absent with ENOENT: the list cannot be read */
	AA_FEATURE_KPROBE,
	AA_FEATURE_TP_BTF,
	AA_FEATURE_ITERATOR,
	AA_FEATURE_RAW_TP,
	AA_FEATURE_TEST_RUN,   /* BPF_PROG_TEST_RUN of a raw tracepoint program, 5.10 */
	AA_FEATURE_TRACEFS,    /* mounted: classic tracepoints are found there */
	AA_FEATURE_TRACEPOINT, /* programs hang at classic tracepoints */
	AA_FEATURE_COUNT,
};

struct aa_feature {
	bool present;
	int error;	 /* positive errno, 0 when present */
	char reason[96]; /* "" or why not */
};

struct aa_features {
	struct aa_feature feature[AA_FEATURE_COUNT];
	/* eBPF programs may be preempted: kprobes and classic tracepoints come first, they run with preemption off */
	bool preempts;
	char preemption[48]; /* "none", "voluntary", "lazy", "full", "static: none" ..., for people */
};

const char *aa_feature_name(enum aa_feature_id feature); /* "fentry" ... */

/* What the self-test asks for; one for each capability of the table that makes a record. */
enum aa_proof_id {
	AA_PROOF_ADOPT,
	AA_PROOF_FORK,
	AA_PROOF_RENAME,
	AA_PROOF_SETSID,
	AA_PROOF_CRED,
	AA_PROOF_EXEC_FAILED,
	AA_PROOF_EXEC,
	AA_PROOF_EXIT,
	AA_PROOF_FILE_OPEN,
	AA_PROOF_FILE_NAMES,
	AA_PROOF_FILE_ATTRIBUTES,
	AA_PROOF_FILE_PLACE,
	AA_PROOF_FILE_TRANSFER,
	AA_PROOF_FILE_MMAP,
	AA_PROOF_FILE_CLOSE,
	AA_PROOF_FILE_URING,
	AA_PROOF_TLS_MAPPING,
	AA_PROOF_TLS_SOCKET,
	AA_PROOF_TLS_END,
	AA_PROOF_COUNT,
};

struct aa_proof {
	const char *capability;
	bool arrived;	   /* a record of it came to us through the ring */
	uint64_t delay_ns; /* from the record's time to our reading of it; 0 if it did not arrive */
};

/* What aa_probes_open did besides, for doctor. */
struct aa_probes_report {
	struct aa_features features;
	struct aa_proof proofs[AA_PROOF_COUNT]; /* of the last self-test */
	unsigned rounds;
	unsigned self_tests;
	uint64_t features_ns;
	uint64_t load_ns;
	uint64_t attach_ns;
	uint64_t self_test_ns;
	uint64_t total_ns;
};

struct aa_probes_options {
	struct aa_kernel_options kernel;
	enum aa_tier tier;		 /* AA_TIER_ANY: the best that works */
	bool snapshot;			 /* also what aa_kernel_snapshot needs */
	const char *btf;		 /* NULL, or the file of --btf */
	struct aa_probes_report *report; /* NULL, or filled as far as it came, also on failure */
};

/*
 * Checks what a host must have, finds BTF, chooses, loads, attaches, proves. Returns 0, or a negative errno
 * with a text that says what is missing and what to do: -EPERM no capability, lockdown or policy, -ENOENT no
 * BTF, -EINVAL a BTF file that is not this kernel's, -EOPNOTSUPP no ring buffer, a tier that cannot be had,
 * or a required capability that nothing serves, -ENOMEM. The rings are empty, and consumed as far as they
 * were used, when it returns.
 */
int aa_probes_open(const struct aa_probes_options *options, struct aa_kernel **ret_kernel,
		   struct aa_error *error);

/* A row of the table, tried alone with the others of its tier. */
enum aa_survey_state {
	AA_SURVEY_WORKS,   /* attached, and its record came */
	AA_SURVEY_SILENT,  /* attached, no record came */
	AA_SURVEY_REFUSED, /* by the kernel: at load, at attachment, or by a feature that it has not */
	AA_SURVEY_UNTRIED, /* nothing that it depends on works in this tier: reason says what */
};

struct aa_survey_row {
	const char *capability;
	enum aa_tier tier;
	char program[768]; /* "a" or "a+b" */
	enum aa_survey_state state;
	bool required; /* the capability is */
	bool optional; /* a kernel may have been built without what it records */
	int error;     /* positive errno, 0 if it works */
	char reason[512];
};

#define AA_SURVEY_ROWS 128

struct aa_survey {
	struct aa_features features;
	struct aa_survey_row rows[AA_SURVEY_ROWS];
	unsigned count;
	uint64_t took_ns[AA_TIER_COUNT]; /* load, attach and self-test of a tier; 0: not tried */
};

/*
 * Tries every row of the table, a tier at a time; of options only kernel, btf and tier count (a tier: only
 * that one). Nothing stays attached. Returns 0 also if nothing works; a negative errno with a text if it
 * could not try at all. For what a recording would use, see aa_probes_open and aa_kernel_probes.
 */
int aa_probes_survey(const struct aa_probes_options *options, struct aa_survey *ret_survey,
		     struct aa_error *error);

#endif
