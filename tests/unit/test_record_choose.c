/* SPDX-License-Identifier: Apache-2.0 */
/* Which row of the hook table serves: features, arguments of kernel functions, tiers, failures. No kernel is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "choose.h"
#include "feature.h"
#include "order.h"

extern const unsigned char aa_bpf_object[];
extern const unsigned char aa_bpf_object_end[];

#define FILES \
	(AA_SYSCALL_MASK(NAMES) | AA_SYSCALL_MASK(ATTRIBUTES) | AA_SYSCALL_MASK(PLACE) | \
	 AA_SYSCALL_MASK(OPEN) | AA_SYSCALL_MASK(TRANSFER) | AA_SYSCALL_MASK(MMAP))

static struct aa_choice choice;
static struct aa_features features;
static struct aa_target targets[AA_PROGRAMS_MAX];

static int all_there(void **state)
{
	(void)state;
	features = (struct aa_features){ .preempts = false };
	for (unsigned i = 0; i < AA_FEATURE_COUNT; i++)
		features.feature[i].present = true;
	for (unsigned i = 0; i < aa_program_info_count; i++)
		targets[i] = (struct aa_target){ .state = AA_TARGET_OK };
	return 0;
}

static void lack(enum aa_feature_id feature)
{
	features.feature[feature] = (struct aa_feature){ .error = EPERM, .reason = "told so" };
}

static void without_btf(void)
{
	lack(AA_FEATURE_KERNEL_BTF);
	lack(AA_FEATURE_FENTRY);
	lack(AA_FEATURE_FEXIT);
	lack(AA_FEATURE_LSM);
	lack(AA_FEATURE_TP_BTF);
	lack(AA_FEATURE_ITERATOR);
}

static struct aa_target *target_of(const char *program)
{
	return &targets[aa_program_info(program) - aa_program_infos];
}

static void choose(enum aa_tier tier)
{
	aa_choice_init(&choice, &features, targets, tier, AA_WANT_SNAPSHOT | AA_WANT_FILES);
}

/* programs: "a+b", NULL: none serves. */
static void serves(const char *capability, enum aa_tier tier, const char *programs)
{
	const struct aa_row *row = aa_choice_row(&choice, capability);
	char name[AA_PROBE_PROGRAM_SIZE];

	if (programs == NULL) {
		assert_null(row);
		return;
	}
	assert_non_null(row);
	aa_row_name(row, name, sizeof(name));
	assert_string_equal(name, programs);
	assert_int_equal(row->hook->tier, tier);
}

static void all_serve(enum aa_tier tier)
{
	for (unsigned at = 0; at < choice.count; at = aa_choice_next(&choice, at)) {
		const struct aa_row *row = aa_choice_row(&choice, choice.rows[at].hook->capability);

		assert_non_null(row);
		assert_true(row->hook->tier >= tier);
	}
}

static const char *reason_of(const char *program)
{
	for (unsigned i = 0; i < choice.count; i++) {
		for (unsigned j = 0; j < choice.rows[i].count; j++)
			if (strcmp(choice.rows[i].programs[j], program) == 0)
				return choice.rows[i].reason;
	}
	return "";
}

static void test_best(void **state)
{
	(void)state;
	choose(AA_TIER_ANY);
	serves("process.fork", AA_TIER_PRECISE, "aa_fork_fentry");
	serves("process.exec", AA_TIER_PRECISE, "aa_note_lsm+aa_exec_fentry");
	serves("process.exec_failed", AA_TIER_PRECISE,
	       "aa_execve_fexit+aa_execveat_fexit+aa_execve32_fexit+aa_execveat32_fexit");
	serves("process.adopt", AA_TIER_PORTABLE, "aa_adopt_iter");
	serves("process.snapshot", AA_TIER_PORTABLE, "aa_snap_iter");
	/* At the end of system calls there is nothing to do; functions of read(2) and write(2) are for files only. */
	assert_int_equal(aa_choice_syscalls(&choice), AA_SYSCALL_MASK(TRANSFER) << AA_SYSCALL_ASKED);
	aa_choice_init(&choice, &features, targets, AA_TIER_ANY, 0);
	serves("process.snapshot", AA_TIER_PORTABLE, NULL);
	serves("process.adopt", AA_TIER_PORTABLE, "aa_adopt_iter");
}

static void test_preemption(void **state)
{
	(void)state;
	features.preempts = true;
	choose(AA_TIER_ANY);
	serves("process.fork", AA_TIER_KPROBE, "aa_fork_kprobe");
	serves("process.exec", AA_TIER_KPROBE, "aa_note_kprobe+aa_exec_kprobe");
	serves("process.exec_failed", AA_TIER_BASIC, "aa_sysexit_tp");
	serves("file.names", AA_TIER_BASIC, "aa_sysexit_tp");
	lack(AA_FEATURE_TRACEPOINT);
	choose(AA_TIER_ANY);
	serves("process.exec_failed", AA_TIER_PRECISE,
	       "aa_execve_fexit+aa_execveat_fexit+aa_execve32_fexit+aa_execveat32_fexit");
	lack(AA_FEATURE_KPROBE);
	choose(AA_TIER_ANY);
	serves("process.exec", AA_TIER_PRECISE, "aa_note_lsm+aa_exec_fentry");
}

static void test_features(void **state)
{
	(void)state;
	lack(AA_FEATURE_FENTRY);
	choose(AA_TIER_ANY);
	serves("process.exec", AA_TIER_KPROBE, "aa_note_kprobe+aa_exec_kprobe");
	assert_non_null(strstr(reason_of("aa_fork_fentry"), "fentry: told so"));
	lack(AA_FEATURE_KPROBE);
	lack(AA_FEATURE_FEXIT);
	choose(AA_TIER_ANY);
	serves("process.exec", AA_TIER_PORTABLE, "aa_exec_btf");
	serves("process.cred", AA_TIER_PORTABLE, "aa_sysexit_btf");
	assert_int_equal(aa_choice_syscalls(&choice),
			 AA_SYSCALL_MASK_CRED | AA_SYSCALL_MASK_SETSID | AA_SYSCALL_MASK_EXEC_FAILED | FILES);
	without_btf();
	lack(AA_FEATURE_TRACEPOINT);
	choose(AA_TIER_ANY);
	all_serve(AA_TIER_BASIC);
	features.feature[AA_FEATURE_KPROBE].present = true;
	choose(AA_TIER_ANY);
	serves("process.exit", AA_TIER_KPROBE, "aa_exit_kprobe");
	serves("process.adopt", AA_TIER_BASIC, "aa_adopt_run");
	serves("process.exec_failed", AA_TIER_BASIC, "aa_sysexit_raw");
	assert_int_equal(aa_choice_syscalls(&choice), AA_SYSCALL_MASK_EXEC_FAILED | FILES);
	lack(AA_FEATURE_TEST_RUN);
	choose(AA_TIER_ANY);
	serves("process.adopt", AA_TIER_BASIC, NULL);
}

static void test_functions(void **state)
{
	(void)state;
	target_of("aa_execve32_fexit")->state = AA_TARGET_MISSING;
	target_of("aa_execveat32_fexit")->state = AA_TARGET_MISSING;
	target_of("aa_rename_fentry")->state = AA_TARGET_MISSING;
	*target_of("aa_cred_fentry") =
		(struct aa_target){ .state = AA_TARGET_DIFFERS, .found = "task_struct*" };
	choose(AA_TIER_ANY);
	serves("process.exec_failed", AA_TIER_PRECISE, "aa_execve_fexit+aa_execveat_fexit");
	serves("process.rename", AA_TIER_KPROBE, "aa_rename_kprobe");
	serves("process.cred", AA_TIER_KPROBE, "aa_cred_kprobe");
	assert_non_null(strstr(reason_of("aa_rename_fentry"), "no function __set_task_comm"));
	assert_non_null(strstr(reason_of("aa_cred_fentry"), "(task_struct*), not (cred*)"));
	target_of("aa_execve_fexit")->state = AA_TARGET_MISSING;
	target_of("aa_cred_kprobe")->state = AA_TARGET_UNKNOWN; /* a minimal file holds no functions: try */
	choose(AA_TIER_ANY);
	serves("process.exec_failed", AA_TIER_PORTABLE, "aa_sysexit_btf");
	serves("process.cred", AA_TIER_KPROBE, "aa_cred_kprobe");
}

static void test_failures(void **state)
{
	const char *names[AA_PROGRAMS_MAX];
	unsigned count, notes = 0;

	(void)state;
	choose(AA_TIER_ANY);
	aa_choice_fail(&choice, "process.exec", "aa_note_lsm", ENOMSG, true, "silent");
	serves("process.exec", AA_TIER_PRECISE, "aa_note_fentry+aa_exec_fentry");
	count = aa_choice_programs(&choice, names);
	for (unsigned i = 0; i < count; i++)
		notes += strstr(names[i], "note") != NULL;
	assert_int_equal(notes, 1);
	aa_choice_fail(&choice, NULL, "aa_exec_fentry", EINVAL, false, "refused");
	serves("process.exec", AA_TIER_KPROBE, "aa_note_kprobe+aa_exec_kprobe");
	aa_choice_fail(&choice, NULL, "aa_exec_kprobe", EINVAL, false, "refused");
	aa_choice_fail(&choice, NULL, "aa_exec_btf", EINVAL, false, "refused");
	aa_choice_fail(&choice, NULL, "aa_exec_raw", EINVAL, false, "refused");
	serves("process.exec", AA_TIER_ANY, NULL);
	serves("process.fork", AA_TIER_PRECISE, "aa_fork_fentry");
}

static void test_alternatives(void **state)
{
	(void)state;
	choose(AA_TIER_ANY);
	assert_non_null(strstr(aa_choice_row(&choice, "file.names")->programs[10], "aa_unlink_fexit"));
	target_of("aa_unlink_fexit")->state = AA_TARGET_MISSING;
	choose(AA_TIER_ANY);
	assert_string_equal(aa_choice_row(&choice, "file.names")->programs[10], "aa_unlink7_fexit");
	target_of("aa_unlink7_fexit")->state = AA_TARGET_DIFFERS;
	choose(AA_TIER_ANY);
	serves("file.names", AA_TIER_PORTABLE, "aa_sysexit_btf");
	assert_non_null(strstr(reason_of("aa_unlink_fexit"), "no function do_unlinkat"));
}

static void test_without_files(void **state)
{
	(void)state;
	aa_choice_init(&choice, &features, targets, AA_TIER_PORTABLE, 0);
	assert_int_equal(choice.wanted & AA_WANT_FILES, 0);
	for (unsigned i = 0; i < choice.count; i++)
		assert_memory_not_equal(choice.rows[i].hook->capability, "file.", 5);
	assert_int_equal(aa_choice_duties(&choice), 0);
	choose(AA_TIER_PORTABLE);
	assert_int_equal(aa_choice_duties(&choice),
			 AA_FILE_DUTY_URING_OPEN | AA_FILE_DUTY_URING_NAMES | AA_FILE_DUTY_URING_IO);
}

/* Silence is of a capability, refusal of a program. */
static void test_shared_program(void **state)
{
	(void)state;
	lack(AA_FEATURE_TRACEPOINT);
	choose(AA_TIER_PORTABLE);
	aa_choice_fail(&choice, "process.cred", "aa_sysexit_btf", ENOMSG, true, "silent");
	serves("process.cred", AA_TIER_PORTABLE, NULL);
	serves("process.setsid", AA_TIER_PORTABLE, "aa_sysexit_btf");
	assert_int_equal(aa_choice_syscalls(&choice),
			 AA_SYSCALL_MASK_SETSID | AA_SYSCALL_MASK_EXEC_FAILED | FILES);
	aa_choice_fail(&choice, NULL, "aa_sysexit_btf", EINVAL, false, "refused");
	serves("process.setsid", AA_TIER_PORTABLE, NULL);
	assert_int_equal(aa_choice_syscalls(&choice), 0);
}

static void test_tiers(void **state)
{
	(void)state;
	choose(AA_TIER_PRECISE);
	serves("process.fork", AA_TIER_PRECISE, "aa_fork_fentry");
	serves("process.adopt", AA_TIER_PORTABLE, "aa_adopt_iter");
	choose(AA_TIER_KPROBE);
	serves("process.fork", AA_TIER_KPROBE, "aa_fork_kprobe");
	serves("process.exec_failed", AA_TIER_PORTABLE,
	       "aa_sysexit_btf"); /* it has no kprobe, and fexit is better */
	serves("process.adopt", AA_TIER_PORTABLE, "aa_adopt_iter");
	choose(AA_TIER_PORTABLE);
	all_serve(AA_TIER_PORTABLE);
	serves("process.fork", AA_TIER_PORTABLE, "aa_fork_btf");
	choose(AA_TIER_BASIC);
	all_serve(AA_TIER_BASIC);
	lack(AA_FEATURE_FENTRY);
	choose(AA_TIER_PRECISE);
	serves("process.fork", AA_TIER_PRECISE, NULL);
	serves("process.adopt", AA_TIER_PORTABLE, "aa_adopt_iter");
}

static void test_tier_names(void **state)
{
	enum aa_tier tier = AA_TIER_ANY;

	(void)state;
	for (enum aa_tier i = AA_TIER_PRECISE; i < AA_TIER_COUNT; i++) {
		assert_int_equal(aa_tier_parse(aa_tier_name(i), &tier), 0);
		assert_int_equal(tier, i);
	}
	assert_int_equal(aa_tier_parse("any", &tier), -EINVAL);
	assert_int_equal(aa_tier_parse("", &tier), -EINVAL);
}

/* Every program of a row is known, every known one is in a row and in the object, where the table says. */
static void test_table(void **state)
{
	static const char *const sections[] = {
		[AA_PROGRAM_LSM] = "lsm/",	 [AA_PROGRAM_FENTRY] = "fentry/",
		[AA_PROGRAM_FEXIT] = "fexit/",	 [AA_PROGRAM_KPROBE] = "kprobe/",
		[AA_PROGRAM_TP_BTF] = "tp_btf/", [AA_PROGRAM_ITERATOR] = "iter/",
		[AA_PROGRAM_RAW_TP] = "raw_tp/", [AA_PROGRAM_RUN] = "raw_tp/",
		[AA_PROGRAM_TRACEPOINT] = "tp/", /* and its group */
	};
	struct bpf_object *object =
		bpf_object__open_mem(aa_bpf_object, (size_t)(aa_bpf_object_end - aa_bpf_object), NULL);
	unsigned used[AA_PROGRAMS_MAX] = { 0 }, count = 0;
	struct bpf_program *program;

	(void)state;
	assert_int_equal(libbpf_get_error(object), 0);
	for (unsigned i = 0; i < aa_hook_count; i++) {
		for (unsigned j = 0; j < AA_HOOK_PROGRAMS && aa_hooks[i].programs[j]; j++) {
			for (const char *name = aa_hooks[i].programs[j]; name; name = strchr(name, '|')) {
				const struct aa_program_info *info;

				name += *name == '|';
				info = aa_program_info(name);
				assert_non_null(info);
				used[info - aa_program_infos]++;
			}
		}
	}
	for (unsigned i = 0; i < aa_program_info_count; i++) {
		const struct aa_program_info *info = &aa_program_infos[i];
		const char *section;

		assert_true(used[i] > 0);
		program = bpf_object__find_program_by_name(object, info->name);
		assert_non_null(program);
		section = bpf_program__section_name(program);
		assert_memory_equal(section, sections[info->kind], strlen(sections[info->kind]));
		if (info->kind == AA_PROGRAM_TRACEPOINT)
			assert_string_equal(strrchr(section, '/') + 1, info->target);
		else if (info->kind != AA_PROGRAM_RUN)
			assert_string_equal(section + strlen(sections[info->kind]), info->target);
	}
	/* Those that are attached to libraries are in a table of their own: test_record_uprobe. */
	bpf_object__for_each_program(program, object) count += bpf_program__section_name(program)[0] != 'u';
	assert_int_equal(count, aa_program_info_count);
	bpf_object__close(object);
}

static void test_tls(void **state)
{
	(void)state;
	choose(AA_TIER_ANY);
	serves("tls.socket", AA_TIER_ANY, NULL);
	aa_choice_init(&choice, &features, targets, AA_TIER_ANY, AA_WANT_TLS);
	assert_non_null(strstr(aa_choice_row(&choice, "tls.socket")->programs[1], "aa_read_fexit"));
	serves("tls.end", AA_TIER_PORTABLE, "aa_state_btf");
	serves("tls.mapping", AA_TIER_ANY, NULL);
	/* Those of read(2) and write(2) serve sockets, but no files. */
	assert_int_equal(aa_choice_syscalls(&choice), AA_SYSCALL_MASK(SOCKET) << AA_SYSCALL_ASKED);
	aa_choice_init(&choice, &features, targets, AA_TIER_PORTABLE,
		       AA_WANT_TLS | AA_WANT_PLAINTEXT | AA_WANT_FILES);
	serves("tls.socket", AA_TIER_PORTABLE, "aa_sysexit_btf");
	serves("tls.mapping", AA_TIER_PORTABLE, "aa_sysexit_btf");
	assert_int_equal(aa_choice_syscalls(&choice) >> AA_SYSCALL_ASKED, 0);
	assert_int_equal(aa_choice_syscalls(&choice) & (AA_SYSCALL_MASK(SOCKET) | AA_SYSCALL_MASK(MAPPING)),
			 AA_SYSCALL_MASK(SOCKET) | AA_SYSCALL_MASK(MAPPING));
}

static void test_signature_fits(void **state)
{
	(void)state;
	assert_true(aa_signature_fits("task_struct*,8", "task_struct*,8", true));
	assert_true(aa_signature_fits("task_struct*", "task_struct*,1", false));
	assert_false(aa_signature_fits("task_struct*", "task_struct*,1", true));
	assert_false(aa_signature_fits("task_struct*,8", "task_struct*", false));
	assert_false(aa_signature_fits("task_struct*,8", "task_struct*,4", false));
	assert_false(aa_signature_fits("cred*", "credit*", false));
	assert_false(aa_signature_fits("4", "44", false));
}

/* Types as pahole writes them: modifiers, typedefs, and a tracepoint behind a pointer. */
static void test_signature(void **state)
{
	struct btf *btf = btf__new_empty();
	char text[80];
	int number, structure, constant, pointer, character, string, word, prototype, function, hook, other,
		own;

	(void)state;
	assert_int_equal(libbpf_get_error(btf), 0);
	number = btf__add_int(btf, "unsigned long", 8, 0);
	structure = btf__add_struct(btf, "task_struct", 0);
	constant = btf__add_const(btf, structure);
	pointer = btf__add_ptr(btf, constant);
	character = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	string = btf__add_ptr(btf, btf__add_const(btf, character));
	word = btf__add_typedef(btf, "my_word", btf__add_volatile(btf, number));
	prototype = btf__add_func_proto(btf, number);
	assert_int_equal(btf__add_func_param(btf, "child", pointer), 0);
	assert_int_equal(btf__add_func_param(btf, "flags", word), 0);
	assert_int_equal(btf__add_func_param(btf, "name", string), 0);
	assert_int_equal(btf__add_func_param(btf, "by_value", structure), 0);
	function = btf__add_func(btf, "uprobe_copy_process", BTF_FUNC_STATIC, prototype);
	assert_true(function > 0);
	aa_signature(btf, (uint32_t)prototype, 0, text, sizeof(text));
	assert_string_equal(text, "task_struct*,8,*,?");
	aa_signature(btf, (uint32_t)prototype, 2, text, sizeof(text));
	assert_string_equal(text, "*,?");
	aa_signature(btf, (uint32_t)structure, 0, text, sizeof(text));
	assert_string_equal(text, "");
	own = btf__add_ptr(btf, 0);
	other = btf__add_func_proto(btf, 0);
	assert_int_equal(btf__add_func_param(btf, "", own), 0);
	assert_int_equal(btf__add_func_param(btf, "task", pointer), 0);
	hook = btf__add_typedef(btf, "btf_trace_task_newtask", btf__add_ptr(btf, other));
	assert_true(hook > 0);
	aa_targets_look(btf, true, targets);
	assert_int_equal(target_of("aa_fork_fentry")->state, AA_TARGET_OK);
	assert_int_equal(target_of("aa_fork_kprobe")->state, AA_TARGET_OK);
	assert_int_equal(target_of("aa_fork_btf")->state, AA_TARGET_DIFFERS);
	assert_string_equal(target_of("aa_fork_btf")->found, "task_struct*");
	assert_int_equal(target_of("aa_exec_fentry")->state, AA_TARGET_MISSING);
	assert_int_equal(target_of("aa_exec_btf")->state, AA_TARGET_MISSING);
	assert_int_equal(target_of("aa_adopt_iter")->state, AA_TARGET_UNKNOWN);
	aa_targets_look(btf, false, targets);
	assert_int_equal(target_of("aa_exec_fentry")->state, AA_TARGET_UNKNOWN);
	btf__free(btf);
	aa_targets_look(NULL, false, targets);
	assert_int_equal(target_of("aa_fork_fentry")->state, AA_TARGET_UNKNOWN);
}

static void test_preempt_mode(void **state)
{
	char mode[16];

	(void)state;
	assert_true(aa_preempt_mode("none (voluntary) full lazy\n", mode, sizeof(mode)));
	assert_string_equal(mode, "voluntary");
	assert_true(aa_preempt_mode("(none) voluntary full", mode, sizeof(mode)));
	assert_string_equal(mode, "none");
	assert_false(aa_preempt_mode("", mode, sizeof(mode)));
	assert_false(aa_preempt_mode("none (", mode, sizeof(mode)));
	assert_false(aa_preempt_mode("()", mode, sizeof(mode)));
	assert_false(aa_preempt_mode("(\033[31m)", mode, sizeof(mode)));
	assert_false(aa_preempt_mode("(abcdefghijklmnopqrstuvwxyz)", mode, sizeof(mode)));
}

static void test_preempt_built(void **state)
{
	char mode[16];

	(void)state;
	assert_true(aa_preempt_built("CONFIG_PREEMPT_BUILD=y\nCONFIG_PREEMPT_NONE=y\n"
				     "# CONFIG_PREEMPT_VOLUNTARY is not set\nCONFIG_PREEMPT_DYNAMIC=y\n",
				     mode, sizeof(mode)));
	assert_string_equal(mode, "none");
	assert_true(aa_preempt_built("#\n# CONFIG_PREEMPT_NONE is not set\nCONFIG_PREEMPT_VOLUNTARY=y\n",
				     mode, sizeof(mode)));
	assert_string_equal(mode, "voluntary");
	assert_true(aa_preempt_built("\nCONFIG_PREEMPT=y\n", mode, sizeof(mode)));
	assert_string_equal(mode, "full");
	assert_true(aa_preempt_built("\nCONFIG_PREEMPT_LAZY=y\n", mode, sizeof(mode)));
	assert_string_equal(mode, "lazy");
	assert_false(aa_preempt_built("\nCONFIG_PREEMPT_RCU=y\nCONFIG_PREEMPT_NONE_BUILD=y\n", mode,
				      sizeof(mode)));
	assert_false(aa_preempt_built("", mode, sizeof(mode)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_best, all_there),
		cmocka_unit_test_setup(test_preemption, all_there),
		cmocka_unit_test_setup(test_features, all_there),
		cmocka_unit_test_setup(test_functions, all_there),
		cmocka_unit_test_setup(test_failures, all_there),
		cmocka_unit_test_setup(test_alternatives, all_there),
		cmocka_unit_test_setup(test_without_files, all_there),
		cmocka_unit_test_setup(test_shared_program, all_there),
		cmocka_unit_test_setup(test_tiers, all_there),
		cmocka_unit_test(test_tier_names),
		cmocka_unit_test(test_table),
		cmocka_unit_test_setup(test_tls, all_there),
		cmocka_unit_test(test_signature_fits),
		cmocka_unit_test_setup(test_signature, all_there),
		cmocka_unit_test(test_preempt_mode),
		cmocka_unit_test(test_preempt_built),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
