// SPDX-License-Identifier: Apache-2.0
/* See explain.h. Finding things in a log is explain_log.c's; here is what they mean. */
#include "explain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain_log.h"

/* errno of the kernel's own that user space has no name for: no trampoline for this function or machine. */
#define ERROR_NOTSUPP 524

#define LIBBPF_ERRNO_FIRST 4000

#define REPORT \
	"another tier may work (--tier); please report this with what --debug prints, it works on the " \
	"kernels that were tried"

struct meaning {
	const char *name;
	const char *sentence;
	const char *advice;
};

static const struct meaning meanings[] = {
	[AA_CAUSE_UNKNOWN] = { "unknown", "the kernel refused it", "see what --debug prints" },
	[AA_CAUSE_PERMISSION] = { "permission", "operation not permitted",
				  "need CAP_BPF and CAP_PERFMON, or root" },
	[AA_CAUSE_POLICY] = { "policy", "operation not permitted, though the capabilities are there",
			      "a security policy, a container or a virtual machine forbids it: allow bpf(2) "
			      "for aa-record, or use another tier (--tier)" },
	[AA_CAUSE_LOCKDOWN] = { "lockdown", "kernel lockdown forbids eBPF programs to read kernel memory",
				"boot with lockdown=integrity or none, not confidentiality" },
	[AA_CAUSE_UNBOUNDED] = { "unbounded-access",
				 "the verifier cannot prove that a memory access stays inside its bounds",
				 REPORT },
	[AA_CAUSE_STACK] = { "stack", "the program needs more than the 512 bytes of stack there are",
			     REPORT },
	[AA_CAUSE_TOO_COMPLEX] = { "too-complex", "the program is too long for this kernel's verifier",
				   REPORT },
	[AA_CAUSE_HELPER] = { "helper",
			      "this kernel lacks a helper function, or denies it to this type of program",
			      "use another tier (--tier) or a newer kernel" },
	[AA_CAUSE_TYPE_MISSING] = { "type-missing",
				    "the kernel's type information (BTF) lacks a type or member",
				    "give the BTF of exactly this kernel with --btf; if it is that, this "
				    "kernel "
				    "is newer than aa-record" },
	[AA_CAUSE_FUNCTION_MISSING] = { "function-missing", "this kernel has no such function or tracepoint",
					"use another tier (--tier)" },
	[AA_CAUSE_TYPE_UNSUPPORTED] = { "type-unsupported",
					"this kernel does not know this type of program or map",
					"use another tier (--tier) or a newer kernel" },
	[AA_CAUSE_BTF] = { "btf", "the kernel's type information (BTF) cannot be read",
			   "give the BTF of exactly this kernel with --btf, or use libbpf 1.0 or newer, "
			   "which "
			   "reads that of kernels from 6.0 on" },
	[AA_CAUSE_MAP_INCOMPATIBLE] = { "map-incompatible",
					"a map of another version of aa-record is there and has another "
					"layout",
					"end what uses it, or remove its pin below /sys/fs/bpf" },
	[AA_CAUSE_TOO_BIG] = { "too-big", "too large for this kernel",
			       "use smaller rings or a newer kernel" },
	[AA_CAUSE_MEMORY] = { "memory", "out of memory",
			      "use smaller rings (--ring-size), or raise the limit of locked memory (ulimit "
			      "-l)" },
	[AA_CAUSE_FILES] = { "files", "too many open files", "raise the limit of open files (ulimit -n)" },
	[AA_CAUSE_VERIFIER] = { "verifier", "the kernel's verifier refused it", REPORT },
};

const char *aa_cause_name(enum aa_cause cause)
{
	return meanings[cause].name;
}

/* Words of libbpf and of kernels 5.8 to 7.x, the more telling ones first. */
static const struct {
	const char *words;
	enum aa_cause cause;
} tellings[] = {
	{ "failed to find valid kernel BTF", AA_CAUSE_BTF },
	{ "rror loading vmlinux BTF", AA_CAUSE_BTF },
	{ "failed to parse target BTF", AA_CAUSE_BTF },
	{ "vmlinux BTF is not found", AA_CAUSE_BTF },
	{ "parameter mismatch", AA_CAUSE_MAP_INCOMPATIBLE },
	{ "error reusing pinned map", AA_CAUSE_MAP_INCOMPATIBLE },
	{ "failed to resolve CO-RE relocation", AA_CAUSE_TYPE_MISSING },
	{ AA_POISON, AA_CAUSE_TYPE_MISSING },
	{ "failed to find kernel BTF type ID of '", AA_CAUSE_FUNCTION_MISSING },
	{ "is not found in vmlinux BTF", AA_CAUSE_FUNCTION_MISSING },
	{ "failed to create kprobe", AA_CAUSE_FUNCTION_MISSING },
	{ "failed to create raw tracepoint", AA_CAUSE_FUNCTION_MISSING },
	/*
	 * Every kernel with a ring buffer has it: only lockdown takes it away (bpf_base_func_proto,
	 * tracing_prog_func_proto).
	 */
	{ "helper bpf_probe_read", AA_CAUSE_LOCKDOWN },
	{ "unknown func bpf_probe_read", AA_CAUSE_LOCKDOWN },
	{ "cannot use helper", AA_CAUSE_HELPER },
	{ "helper call is not allowed", AA_CAUSE_HELPER },
	{ "unknown func ", AA_CAUSE_HELPER },
	{ "invalid func ", AA_CAUSE_HELPER },
	{ "combined stack size", AA_CAUSE_STACK },
	{ "call stack of ", AA_CAUSE_STACK },
	{ "stack limit", AA_CAUSE_STACK },
	{ "program is too large", AA_CAUSE_TOO_COMPLEX },
	{ "is too complex", AA_CAUSE_TOO_COMPLEX },
	{ "too many states", AA_CAUSE_TOO_COMPLEX },
	{ "infinite loop detected", AA_CAUSE_TOO_COMPLEX },
	{ "back-edge from insn", AA_CAUSE_TOO_COMPLEX },
	{ "unbounded", AA_CAUSE_UNBOUNDED },
	{ "invalid access to ", AA_CAUSE_UNBOUNDED },
	{ "invalid mem access", AA_CAUSE_UNBOUNDED },
	{ "invalid indirect access to stack", AA_CAUSE_UNBOUNDED },
	{ "invalid variable-offset", AA_CAUSE_UNBOUNDED },
	{ "outside of the allowed", AA_CAUSE_UNBOUNDED },
	{ "out of bounds", AA_CAUSE_UNBOUNDED },
	{ "min value is negative", AA_CAUSE_UNBOUNDED },
	{ "invalid bpf_context access", AA_CAUSE_UNBOUNDED },
};

static enum aa_cause by_code(int code, const struct aa_explain_facts *facts)
{
	switch (code) {
	case EPERM:
		if (facts->locked_down)
			return AA_CAUSE_LOCKDOWN;
		return facts->capable ? AA_CAUSE_POLICY : AA_CAUSE_PERMISSION;
	case EMFILE:
	case ENFILE:
		return AA_CAUSE_FILES;
	case ENOMEM:
		return AA_CAUSE_MEMORY;
	case E2BIG:
		return AA_CAUSE_TOO_BIG;
	case ERROR_NOTSUPP:
	case EOPNOTSUPP:
		return AA_CAUSE_TYPE_UNSUPPORTED;
	default:
		return AA_CAUSE_UNKNOWN;
	}
}

static enum aa_cause telling(const char *text)
{
	for (unsigned i = 0; i < sizeof(tellings) / sizeof(tellings[0]); i++) {
		if (strstr(text, tellings[i].words))
			return tellings[i].cause;
	}
	return AA_CAUSE_UNKNOWN;
}

static enum aa_cause judge(int code, const char *log, const struct aa_log_findings *findings,
			   const struct aa_explain_facts *facts)
{
	enum aa_cause cause;

	/*
	 * These say nothing of the program, whatever else is in the log: libbpf tries maps again without BTF.
	 */
	if (code == EMFILE || code == ENFILE)
		return AA_CAUSE_FILES;
	/* First what the verifier said: lines of source may hold any of these words. */
	cause = telling(findings->words);
	if (cause == AA_CAUSE_UNKNOWN)
		cause = telling(log);
	if (cause != AA_CAUSE_UNKNOWN)
		return cause;
	cause = by_code(code, facts);
	if (findings->map[0] != '\0' && cause == AA_CAUSE_POLICY && facts->memlock_bytes != 0)
		return AA_CAUSE_MEMORY;
	if (cause == AA_CAUSE_UNKNOWN && findings->map[0] != '\0' && code == EINVAL)
		return AA_CAUSE_TYPE_UNSUPPORTED;
	if (cause == AA_CAUSE_UNKNOWN && findings->block)
		return AA_CAUSE_VERIFIER;
	return cause;
}

__attribute__((format(printf, 4, 5))) static void append(char *text, size_t size, size_t *used,
							 const char *format, ...)
{
	va_list arguments;
	int n;

	if (*used + 1 >= size)
		return;
	va_start(arguments, format);
	n = vsnprintf(text + *used, size - *used, format, arguments);
	va_end(arguments);
	if (n > 0)
		*used += (size_t)n < size - *used ? (size_t)n : size - *used - 1;
}

static const char *answer(int code)
{
	if (code == ERROR_NOTSUPP)
		return "Operation not supported";
	/* libbpf's own, which 0.5 prefers to the kernel's: 4007 is that the verifier refused. */
	return code >= LIBBPF_ERRNO_FIRST ? "refused while loading" : strerror(code);
}

static void write_reason(int code, const struct aa_explain_facts *facts, struct aa_explanation *out)
{
	const struct meaning *meaning = &meanings[out->cause];
	size_t used = 0;

	append(out->reason, sizeof(out->reason), &used, "%s", meaning->sentence);
	if (out->cause == AA_CAUSE_UNKNOWN || out->cause == AA_CAUSE_VERIFIER ||
	    out->cause == AA_CAUSE_TYPE_UNSUPPORTED)
		append(out->reason, sizeof(out->reason), &used, " (%s)", answer(code));
	if (out->detail[0] != '\0')
		append(out->reason, sizeof(out->reason), &used, ": %s", out->detail);
	if (out->cause == AA_CAUSE_TYPE_MISSING && facts->btf)
		append(out->reason, sizeof(out->reason), &used, " (types are from %s)", facts->btf);
}

static void write_text(const struct aa_log_findings *findings, const struct aa_explain_facts *facts,
		       struct aa_explanation *out)
{
	size_t used = 0, size = sizeof(out->text);

	if (findings->map[0] != '\0')
		append(out->text, size, &used, "cannot create BPF map %s: ", findings->map);
	else if (out->program[0] != '\0')
		append(out->text, size, &used, "cannot load eBPF program %s: ", out->program);
	else
		append(out->text, size, &used, "cannot load eBPF programs: ");
	append(out->text, size, &used, "%s", out->reason);
	if (out->instruction[0] != '\0')
		append(out->text, size, &used, "; at instruction %s", out->instruction);
	if (out->source[0] != '\0')
		append(out->text, size, &used, ", source: %s", out->source);
	append(out->text, size, &used, " (%s", meanings[out->cause].advice);
	if (facts->memlock_bytes != 0 && (out->cause == AA_CAUSE_POLICY || out->cause == AA_CAUSE_MEMORY))
		append(out->text, size, &used, "; before Linux 5.11 also: ulimit -l is %llu KiB",
		       (unsigned long long)(facts->memlock_bytes >> 10));
	append(out->text, size, &used, ")");
}

void aa_explain(int code, const char *log, const struct aa_explain_facts *facts,
		struct aa_explanation *ret_explanation)
{
	struct aa_explanation out = { .cause = AA_CAUSE_UNKNOWN };
	struct aa_log_findings findings;

	code = abs(code);
	aa_log_find(log, &findings);
	out.cause = judge(code, log, &findings, facts);
	(void)snprintf(out.program, sizeof(out.program), "%s",
		       facts->program ? facts->program : findings.program);
	memcpy(out.instruction, findings.instruction, sizeof(out.instruction));
	memcpy(out.source, findings.source, sizeof(out.source));
	memcpy(out.detail, out.cause == AA_CAUSE_TYPE_MISSING ? findings.type : findings.words,
	       sizeof(out.detail));
	if (out.cause == AA_CAUSE_FUNCTION_MISSING && findings.target[0] != '\0')
		memcpy(out.detail, findings.target, sizeof(out.detail));
	write_reason(code, facts, &out);
	write_text(&findings, facts, &out);
	*ret_explanation = out;
}
