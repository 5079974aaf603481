// SPDX-License-Identifier: Apache-2.0
/* The programs that are attached to TLS libraries, and the table that names them, agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/libbpf.h>

#include "uprobe_table.h"

extern const unsigned char aa_bpf_object[];
extern const unsigned char aa_bpf_object_end[];

static const char *const common[] = {
	"aa_tls_enter",
	"aa_tls_leave",
	"aa_tls_enter_multi",
	"aa_tls_leave_multi",
};

#define COMMON (sizeof(common) / sizeof(common[0]))

static struct bpf_object *open_object(void)
{
	struct bpf_object *object =
		bpf_object__open_mem(aa_bpf_object, (size_t)(aa_bpf_object_end - aa_bpf_object), NULL);

	assert_int_equal(libbpf_get_error(object), 0);
	return object;
}

static void has(struct bpf_object *object, const char *name, const char *section)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (!program)
		fail_msg("the object has no %s", name);
	assert_string_equal(bpf_program__section_name(program), section);
}

static bool is_go(unsigned function)
{
	return function >= AA_TLS_FN_GO_WRITE && function <= AA_TLS_FN_GO_CLOSE;
}

static void test_each_function_has_its_programs(void **state)
{
	struct bpf_object *object = open_object();
	unsigned count = 0, found = 0;
	struct bpf_program *program;

	(void)state;
	for (unsigned function = 1; function < AA_TLS_FN_COUNT; function++) {
		const struct aa_uprobe_programs *programs = &aa_uprobe_table[function];

		assert_true(programs->enter || programs->leave);
		assert_false(is_go(function) && programs->leave);
		if (programs->enter)
			has(object, programs->enter, "uprobe/tls");
		if (programs->leave)
			has(object, programs->leave, "uretprobe/tls");
		count += (programs->enter ? 1u : 0u) + (programs->leave ? 1u : 0u);
	}
	for (unsigned i = 0; i < COMMON; i++)
		has(object, common[i], i % 2 == 0 ? "uprobe/tls" : "uretprobe/tls");
	bpf_object__for_each_program(program, object) found += bpf_program__section_name(program)[0] == 'u';
	assert_int_equal(found, count + COMMON);
	bpf_object__close(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_function_has_its_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
