/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why the kernel or libbpf refused a program, in words: names the program, the instruction that was rejected,
 * the likely cause and what to do. Pure: from an error number, the log of the load, and what is known of the
 * host.
 */
#ifndef AA_KERNEL_EXPLAIN_H
#define AA_KERNEL_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>

enum aa_cause {
	AA_CAUSE_UNKNOWN,
	AA_CAUSE_PERMISSION,	   /* no capability */
	AA_CAUSE_POLICY,	   /* capabilities are there, and still EPERM */
	AA_CAUSE_LOCKDOWN,	   /* kernel lockdown: no reading of kernel memory */
	AA_CAUSE_UNBOUNDED,	   /* an access that the verifier cannot prove to stay inside its memory */
	AA_CAUSE_STACK,		   /* more than 512 bytes of stack */
	AA_CAUSE_TOO_COMPLEX,	   /* too many instructions to verify, or too many jumps */
	AA_CAUSE_HELPER,	   /* a helper that this kernel lacks or does not give to this program type */
	AA_CAUSE_TYPE_MISSING,	   /* a kernel type or member that BTF lacks (CO-RE relocation) */
	AA_CAUSE_FUNCTION_MISSING, /* the kernel has no such function, tracepoint or LSM hook */
	AA_CAUSE_TYPE_UNSUPPORTED, /* program or map type that this kernel lacks */
	AA_CAUSE_BTF,		   /* the kernel's BTF could not be found or read */
	AA_CAUSE_MAP_INCOMPATIBLE, /* a pinned or shared map has another layout */
	AA_CAUSE_TOO_BIG,  /* E2BIG: a program or map too large for this kernel, or an attribute too new */
	AA_CAUSE_MEMORY,   /* ENOMEM, or RLIMIT_MEMLOCK before 5.11 */
	AA_CAUSE_FILES,	   /* too many open files */
	AA_CAUSE_VERIFIER, /* the verifier said no, for another reason */
};

struct aa_explain_facts {
	const char *program; /* NULL: the one that the log names */
	bool locked_down;    /* lockdown=confidentiality */
	bool capable;	     /* CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN */
	const char *btf;     /* the file that types came from; NULL: the running kernel's */
	/*
	 * RLIMIT_MEMLOCK if it is limited, 0 if not: before 5.11 the kernel counts maps and programs, and
	 * says EPERM.
	 */
	uint64_t memlock_bytes;
};

struct aa_explanation {
	enum aa_cause cause;
	char program[64];      /* "" if the log names none */
	char instruction[160]; /* "17: (71) r1 = *(u8 *)(r6 +0)", "" if the log has none */
	char source[160];      /* "name[i] = 0; @ exec.bpf.c:42", "" if the log has none */
	char detail[160];      /* the verifier's last words, or the type that is missing; "" */
	char reason[256];      /* the cause and the detail, for a probe row */
	/* Program, reason, instruction and what to do: printable, one line, for a struct aa_error. */
	char text[896];
};

/*
 * code is an errno, of either sign. Text of the log is untrusted: what is kept of it is printable ASCII.
 * Never fails; an unknown failure is said as what the system and the verifier said.
 */
void aa_explain(int code, const char *log, const struct aa_explain_facts *facts,
		struct aa_explanation *ret_explanation);

/* One word: "permission", "lockdown", "unbounded-access" ...; for JSON. */
const char *aa_cause_name(enum aa_cause cause);

#endif
