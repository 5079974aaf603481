/* SPDX-License-Identifier: Apache-2.0 */
/* Why a program was refused: real logs of real refusals, and what must be said of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "explain_logs.h"

static const struct aa_explain_facts capable = { .capable = true };
static const struct aa_explain_facts locked = { .capable = true, .locked_down = true };
static const struct aa_explain_facts incapable = { .capable = false };
static const struct aa_explain_facts limited = { .capable = true, .memlock_bytes = 65536 };
static const struct aa_explain_facts foreign = { .capable = true, .btf = "/tmp/other.btf" };

#define UNBOUNDED_SOURCE "v[i & 0xffff] = 1;"

static const struct {
	const char *name;
	const char *log;
	const struct aa_explain_facts *facts;
	int code;
	enum aa_cause cause;
	const char *program;
	const char *instruction;
	const char *source;
	const char *detail;
	const char *advice; /* in the text */
} cases[] = {
	{ "unbounded", log_unbounded_510, &capable, -13, AA_CAUSE_UNBOUNDED, "bad_unbounded",
	  "13: (73) *(u8 *)(r6 +0) = r1", UNBOUNDED_SOURCE,
	  "invalid access to map value, value_size=64 off=65535 size=1, R6 max value is outside of the "
	  "allowed "
	  "memory range",
	  "--debug" },
	{ "null", log_null_618, &capable, -13, AA_CAUSE_UNBOUNDED, "bad_null", "8: (73) *(u8 *)(r0 +3) = r1",
	  "v[3] = 1; @ bad.bpf.c:", "R0 invalid mem access 'map_value_or_null'", "--debug" },
	{ "negative", log_negative_618, &capable, -22, AA_CAUSE_UNBOUNDED, "bad_negative",
	  "15: (0f) r6 += r0",
	  "v[i] = 1; @ bad.bpf.c:", "value -2147483648 makes map_value pointer be out of bounds", "--tier" },
	{ "size", log_size_510, &capable, -13, AA_CAUSE_UNBOUNDED, "bad_size",
	  "14: (85) call bpf_probe_read_kernel#113", "bpf_probe_read_kernel(v, n, ctx);",
	  "R2 unbounded memory access, use 'var &= const' or 'if (var < const)'", "--tier" },
	{ "stack", log_stack_510, &capable, -13, AA_CAUSE_STACK, "bad_stack", "", "",
	  "combined stack size of 2 calls is 640. Too large", "--tier" },
	{ "loop", log_loop_510, &capable, -7, AA_CAUSE_TOO_COMPLEX, "bad_loop",
	  "7: (5d) if r6 != r0 goto pc-6", "if (x == bpf_ktime_get_ns())",
	  "BPF program is too large. Processed 1000001 insn", "--tier" },
	{ "helper", log_helper_618, &capable, -22, AA_CAUSE_HELPER, "bad_helper_type",
	  "1: (85) call bpf_override_return#58", "return bpf_override_return(ctx, 0); @ bad.bpf.c:",
	  "program of this type cannot use helper bpf_override_return#58", "newer kernel" },
	{ "d_path", log_d_path_510, &capable, -22, AA_CAUSE_HELPER, "bad_d_path",
	  "4: (85) call bpf_d_path#147", "bpf_d_path(", "helper call is not allowed in probe",
	  "newer kernel" },
	{ "member", log_member_618, &capable, -22, AA_CAUSE_TYPE_MISSING, "bad_member",
	  "1: <invalid CO-RE relocation>", "struct task_struct *t = (void *)bpf_get_current_task();",
	  "struct task_struct.aa_no_such_member", "--btf" },
	{ "member of a file", log_member_618, &foreign, -22, AA_CAUSE_TYPE_MISSING, "bad_member",
	  "1: <invalid CO-RE relocation>", "", "struct task_struct.aa_no_such_member", "/tmp/other.btf" },
	{ "struct", log_struct_510, &capable, -22, AA_CAUSE_TYPE_MISSING, "bad_struct",
	  "1: <invalid CO-RE relocation>", "", "struct aa_no_such_struct.a", "--btf" },
	{ "member, libbpf 0.5", log_libbpf_05, &capable, -22, AA_CAUSE_TYPE_MISSING, "bad_member",
	  "1: (85) call unknown#195896080", "struct task_struct *t = (void *)bpf_get_current_task();",
	  "struct task_struct.aa_no_such_member", "--btf" },
	{ "uninitialised", log_uninit_618, &capable, -13, AA_CAUSE_VERIFIER, "bad_uninit", "0: (bf) r0 = r5",
	  "", "R5 !read_ok", "--debug" },
	{ "context", log_context_618, &capable, -13, AA_CAUSE_UNBOUNDED, "bad_ctx",
	  "0: (79) r0 = *(u64 *)(r1 +56)", "return ctx[7];",
	  "func 'sched_process_exit' doesn't have 5-th argument, invalid bpf_context access off=56 size=8",
	  "--tier" },
	{ "function", log_function_618, &capable, -3, AA_CAUSE_FUNCTION_MISSING, "bad_function", "", "",
	  "aa_no_such_function", "--tier" },
	{ "forbidden", log_fentry_618, &capable, -1, AA_CAUSE_POLICY, "bad_fentry", "", "", "",
	  "security policy" },
	{ "kprobe", log_kprobe_618, &capable, -ENOENT, AA_CAUSE_FUNCTION_MISSING, "bad_kprobe", "", "", "",
	  "--tier" },
	{ "lockdown, 6.12", log_lockdown_612, &locked, -22, AA_CAUSE_LOCKDOWN, "good_raw",
	  "4: (85) call bpf_probe_read#4", "", "program of this type cannot use helper bpf_probe_read#4",
	  "lockdown=integrity" },
	{ "lockdown, 5.10, not seen", log_lockdown_510, &capable, -22, AA_CAUSE_LOCKDOWN, "good_raw",
	  "4: (85) call bpf_probe_read#4", "", "unknown func bpf_probe_read#4", "lockdown=integrity" },
	{ "map type", log_strange_510, &capable, -22, AA_CAUSE_TYPE_UNSUPPORTED, "", "", "", "",
	  "cannot create BPF map strange" },
	{ "memory", log_huge_618, &capable, -12, AA_CAUSE_MEMORY, "", "", "", "", "--ring-size" },
	{ "too big", log_huge_510, &capable, -7, AA_CAUSE_TOO_BIG, "", "", "", "",
	  "cannot create BPF map huge" },
	{ "files", log_files, &capable, -24, AA_CAUSE_FILES, "", "", "", "", "ulimit -n" },
	{ "no BTF", log_no_btf, &capable, -3, AA_CAUSE_BTF, "", "", "", "", "--btf" },
	{ "pinned", log_pinned, &capable, -22, AA_CAUSE_MAP_INCOMPATIBLE, "", "", "", "",
	  "cannot create BPF map aa_pinned: a map of another version" },
	{ "unprivileged", log_unprivileged, &incapable, -1, AA_CAUSE_PERMISSION, "", "", "", "",
	  "need CAP_BPF and CAP_PERFMON" },
	{ "no perfmon", log_no_perfmon, &incapable, -1, AA_CAUSE_PERMISSION, "good_raw", "", "", "",
	  "need CAP_BPF and CAP_PERFMON" },
	{ "locked memory", "libbpf: map 'x': failed to create: Operation not permitted(-1)\n", &limited, -1,
	  AA_CAUSE_MEMORY, "", "", "", "", "ulimit -l is 64 KiB" },
	{ "trampoline", "", &capable, -524, AA_CAUSE_TYPE_UNSUPPORTED, "", "", "", "",
	  "Operation not supported" },
	{ "nothing known", "", &capable, -5, AA_CAUSE_UNKNOWN, "", "", "", "", "Input/output error" },
};

static void assert_has(const char *name, const char *what, const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s: %s is \"%s\", without \"%s\"", name, what, text, part);
}

static void assert_printable(const char *text)
{
	for (; *text != '\0'; text++)
		assert_true(*text >= 0x20 && *text < 0x7f);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *name = cases[i].name;
		struct aa_explanation got;

		aa_explain(cases[i].code, cases[i].log, cases[i].facts, &got);
		if (got.cause != cases[i].cause)
			fail_msg("%s: %s instead of %s (%s)", name, aa_cause_name(got.cause),
				 aa_cause_name(cases[i].cause), got.text);
		if (strcmp(got.program, cases[i].program) != 0 ||
		    strcmp(got.instruction, cases[i].instruction) != 0 ||
		    strcmp(got.detail, cases[i].detail) != 0)
			fail_msg("%s: program \"%s\", instruction \"%s\", detail \"%s\"", name, got.program,
				 got.instruction, got.detail);
		assert_has(name, "source", got.source, cases[i].source);
		assert_has(name, "text", got.text, cases[i].advice);
		assert_has(name, "text", got.text, got.reason);
		assert_has(name, "text", got.text, got.program);
		assert_has(name, "text", got.text, got.instruction);
		assert_has(name, "reason", got.reason, got.detail);
		assert_printable(got.text);
	}
}

/* The caller knows better which program it was. */
static void test_program_given(void **state)
{
	static const struct aa_explain_facts facts = { .program = "aa_exec_btf", .capable = true };
	struct aa_explanation got;

	(void)state;
	aa_explain(-1, "", &facts, &got);
	assert_string_equal(got.program, "aa_exec_btf");
	assert_has("given", "text", got.text, "cannot load eBPF program aa_exec_btf");
	aa_explain(1, "", &facts, &got);
	assert_int_equal(got.cause, AA_CAUSE_POLICY);
}

/* Relocations of instructions that never run fail too, and are no reason. */
static void test_other_relocations(void **state)
{
	static const char other[] = "libbpf: prog 'p': relo #0: kind <byte_off> (0), spec is [7] struct "
				    "other.gone (0:1 @ offset 4)\n"
				    "libbpf: prog 'p': relo #0: substituting insn #%s w/ invalid insn\n";
	static const char *const places[] = { "9", "11" };
	char log[8192];

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct aa_explanation got;
		const char *percent = strchr(other, '%');

		(void)snprintf(log, sizeof(log), "%.*s%s%s%s", (int)(percent - other), other, places[i],
			       percent + 2, log_libbpf_05);
		aa_explain(-4007, log, &capable, &got);
		assert_string_equal(got.detail, "struct task_struct.aa_no_such_member");
	}
}

/* Words of a source line are not the verifier's. */
static void test_source_is_no_telling(void **state)
{
	static const char log[] = "libbpf: prog 'p': BPF program load failed: Permission denied\n"
				  "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n"
				  "; /* unbounded, too complex, cannot use helper */\n"
				  "3: (bf) r0 = r5\n"
				  "combined stack size of 3 calls is 700. Too large\n"
				  "-- END PROG LOAD LOG --\n";
	struct aa_explanation got;

	(void)state;
	aa_explain(-13, log, &capable, &got);
	assert_int_equal(got.cause, AA_CAUSE_STACK);
}

/* Any prefix, and any byte changed: no read outside, nothing unprintable, always a text. */
static void test_damaged_logs(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = strlen(cases[i].log);

		for (size_t cut = 0; cut < size; cut += 3) {
			char *log = strndup(cases[i].log, cut); /* its own block, so that ASan sees its end */
			struct aa_explanation got;

			if (cut > 0)
				log[(size_t)rand_r(&seed) % cut] = (char)(1 + rand_r(&seed) % 255);
			aa_explain(cases[i].code, log, cases[i].facts, &got);
			assert_true(strlen(got.text) > 20);
			assert_printable(got.text);
			assert_printable(got.detail);
			free(log);
		}
	}
}

static void test_every_cause_has_a_name(void **state)
{
	(void)state;
	for (int cause = AA_CAUSE_UNKNOWN; cause <= AA_CAUSE_VERIFIER; cause++) {
		const char *name = aa_cause_name((enum aa_cause)cause);

		assert_non_null(name);
		for (int other = AA_CAUSE_UNKNOWN; other < cause; other++)
			assert_string_not_equal(name, aa_cause_name((enum aa_cause)other));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_program_given),
		cmocka_unit_test(test_other_relocations),
		cmocka_unit_test(test_source_is_no_telling),
		cmocka_unit_test(test_damaged_logs),
		cmocka_unit_test(test_every_cause_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
