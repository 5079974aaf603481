// SPDX-License-Identifier: Apache-2.0
/*
 * Features by trying. Raw bpf(2), because libbpf 0.5 has no one call for what these kinds of program need.
 * What is attached for a moment hangs at bpf_fentry_test1(), which the kernel has for such tests and never
 * calls otherwise (net/bpf/test_run.c, since 5.5).
 */
#include "feature.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "memory.h"
#include "program.h"
#include "security.h"
#include "tracepoint.h"

#define TEST_FUNCTION	"bpf_fentry_test1"
#define TEST_TRACEPOINT "sched/sched_process_exec"
#define PMUS		"/sys/bus/event_source/devices"
#define KPROBE_PMU	PMUS "/kprobe/type"

static const char *const tracefs_places[] = { "/sys/kernel/tracing/events",
					      "/sys/kernel/debug/tracing/events" };

const char *aa_feature_name(enum aa_feature_id feature)
{
	static const char *const names[AA_FEATURE_COUNT] = {
		[AA_FEATURE_KERNEL_BTF] = "kernel BTF",
		[AA_FEATURE_FENTRY] = "fentry",
		[AA_FEATURE_FEXIT] = "fexit",
		[AA_FEATURE_LSM] = "LSM programs",
		[AA_FEATURE_LSM_LIST] = "bpf among the LSMs",
		[AA_FEATURE_KPROBE] = "kprobe",
		[AA_FEATURE_TP_BTF] = "BTF tracepoints",
		[AA_FEATURE_ITERATOR] = "iterators",
		[AA_FEATURE_RAW_TP] = "raw tracepoints",
		[AA_FEATURE_TEST_RUN] = "test runs",
		[AA_FEATURE_TRACEFS] = "tracefs",
		[AA_FEATURE_TRACEPOINT] = "classic tracepoints",
	};

	return feature < AA_FEATURE_COUNT ? names[feature] : "?";
}

/* Closes fd if it is one. step: what was tried last, with the errno that it gave. */
static void answer(struct aa_feature *feature, int fd, const char *step)
{
	int error = errno;

	if (fd >= 0) {
		(void)close(fd);
		*feature = (struct aa_feature){ .present = true };
		return;
	}
	*feature = (struct aa_feature){ .error = error };
	(void)snprintf(feature->reason, sizeof(feature->reason), "%s: %s", step, aa_kernel_strerror(error));
}

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int load(enum bpf_prog_type type, enum bpf_attach_type attach, uint32_t btf_id)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach;
	attr.attach_btf_id = btf_id;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(code[0]);
	attr.license = (uintptr_t) "GPL";
	(void)snprintf(attr.prog_name, sizeof(attr.prog_name), "aa_feature");
	return bpf(BPF_PROG_LOAD, &attr);
}

/* Trampolines are made when a program is attached: arm64 loads fentry since 5.5 and has had none before 6.0. */
static int attach_tracing(int program)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.prog_fd = (uint32_t)program;
	return bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
}

static int make_link(int program, enum bpf_attach_type attach)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)program;
	attr.link_create.attach_type = attach;
	return bpf(BPF_LINK_CREATE, &attr);
}

static int test_run(int program)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)program;
	return bpf(BPF_PROG_TEST_RUN, &attr);
}

/* Where things to attach to are in the kernel's types; 0: nowhere. */
struct ids {
	uint32_t function;
	uint32_t tracepoint;
	uint32_t lsm;
	uint32_t iterator;
};

static uint32_t find(const struct btf *types, const char *name, uint32_t kind)
{
	int32_t id = types ? btf__find_by_name_kind(types, name, kind) : -1;

	return id > 0 ? (uint32_t)id : 0;
}

static void find_tracing(struct aa_feature *feature, enum bpf_attach_type type, uint32_t id)
{
	aa_cleanup_close int program = -1;
	int link = -1;

	if (id == 0) {
		errno = ENOENT;
		answer(feature, -1, "the kernel's types of " TEST_FUNCTION "()");
		return;
	}
	program = load(BPF_PROG_TYPE_TRACING, type, id);
	if (program < 0) {
		answer(feature, -1, "loading a program");
		return;
	}
	link = attach_tracing(program);
	answer(feature, link, "attaching a program");
}

static void find_lsm(struct aa_features *features, uint32_t id)
{
	struct aa_feature *list = &features->feature[AA_FEATURE_LSM_LIST];
	char text[160] = "";
	int r = aa_security_read("lsm", text, sizeof(text));

	errno = id == 0 ? ENOENT : 0;
	answer(&features->feature[AA_FEATURE_LSM], id != 0 ? load(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, id) : -1,
	       "loading a program");
	if (r < 0) {
		*list = (struct aa_feature){ .error = -r };
		(void)snprintf(list->reason, sizeof(list->reason),
			       "cannot read the list of LSMs in securityfs: %s", strerror(-r));
		return;
	}
	for (char *at = text; *at != '\0'; at++) {
		if (*at < 0x20 || *at >= 0x7f)
			*at = '?';
	}
	for (const char *at = text; !list->present && *at != '\0'; at += strcspn(at, ",")) {
		at += *at == ',';
		list->present = strncmp(at, "bpf", 3) == 0 && (at[3] == ',' || at[3] == '\0');
	}
	if (!list->present) {
		list->error = EOPNOTSUPP;
		(void)snprintf(list->reason, sizeof(list->reason), "not in the list: %.70s", text);
	}
}

/* The number in a small file, -1 if there is none. */
static int read_number(const char *path)
{
	char text[16] = "";
	aa_cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	return (int)strtol(text, NULL, 10);
}

/* Makes the event, and hangs the program there. Returns the event or -1 with errno. */
static int attach_event(struct perf_event_attr *attr, pid_t pid, int cpu, int program)
{
	int fd = (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd >= 0 && ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) != 0) {
		int error = errno;

		(void)close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static void find_kprobe(struct aa_feature *feature)
{
	aa_cleanup_close int program = load(BPF_PROG_TYPE_KPROBE, 0, 0);
	struct perf_event_attr attr;
	int type = read_number(KPROBE_PMU);

	if (program < 0) {
		answer(feature, -1, "loading a program");
		return;
	}
	if (type < 0) {
		answer(feature, -1,
		       access(PMUS, F_OK) == 0 ? "reading " KPROBE_PMU : "sysfs is not mounted, or hidden");
		return;
	}
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = (uint32_t)type;
	attr.kprobe_func = (uintptr_t)TEST_FUNCTION;
	answer(feature, attach_event(&attr, -1, 0, program), "attaching a program");
}

/*
 * Whether one may be attached shows when it is: to take an event of a tracepoint away again the kernel waits until all
 * processors are done with it, 15 to 90 ms in each start.
 */
static void find_tracepoint(struct aa_feature *feature)
{
	aa_cleanup_close int program = load(BPF_PROG_TYPE_TRACEPOINT, 0, 0);
	int id = program < 0 ? 0 : aa_tracepoint_id(TEST_TRACEPOINT);

	if (program < 0) {
		answer(feature, -1, "loading a program");
	} else if (id < 0) {
		errno = -id;
		answer(feature, -1, "looking for the tracepoint " TEST_TRACEPOINT);
	} else {
		*feature = (struct aa_feature){ .present = true };
	}
}

static void find_raw(struct aa_features *features)
{
	int program = load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0);
	struct aa_feature *run = &features->feature[AA_FEATURE_TEST_RUN];

	if (program >= 0) {
		if (test_run(program) == 0)
			*run = (struct aa_feature){ .present = true };
		else
			answer(run, -1, "running a program");
	} else {
		answer(run, -1, "loading a program");
	}
	answer(&features->feature[AA_FEATURE_RAW_TP], program, "loading a program");
}

static void find_iterator(struct aa_feature *feature, uint32_t id)
{
	aa_cleanup_close int program = -1;

	if (id == 0) {
		errno = ENOENT;
		answer(feature, -1, "the kernel's types of the iterator over tasks");
		return;
	}
	program = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, id);
	if (program < 0)
		answer(feature, -1, "loading a program");
	else
		answer(feature, make_link(program, BPF_TRACE_ITER), "attaching a program");
}

static void find_tracefs(struct aa_feature *feature)
{
	for (unsigned i = 0; i < sizeof(tracefs_places) / sizeof(tracefs_places[0]); i++) {
		if (access(tracefs_places[i], F_OK) == 0) {
			*feature = (struct aa_feature){ .present = true };
			return;
		}
	}
	errno = ENOENT;
	answer(feature, -1, "not mounted at /sys/kernel/tracing");
}

/* All that hang in the kernel by its types need them; libbpf could not load them either. */
static void without_types(struct aa_features *features)
{
	static const enum aa_feature_id need[] = { AA_FEATURE_KERNEL_BTF, AA_FEATURE_FENTRY,
						   AA_FEATURE_FEXIT,	  AA_FEATURE_LSM,
						   AA_FEATURE_TP_BTF,	  AA_FEATURE_ITERATOR };

	for (unsigned i = 0; i < sizeof(need) / sizeof(need[0]); i++) {
		struct aa_feature *feature = &features->feature[need[i]];

		*feature = (struct aa_feature){ .error = ENOENT };
		(void)snprintf(feature->reason, sizeof(feature->reason),
			       "no types of the running kernel (/sys/kernel/btf/vmlinux)");
	}
}

void aa_features_find(const struct aa_btf *btf, struct aa_features *ret_features)
{
	struct aa_feature *feature = ret_features->feature;
	const struct btf *types = btf->kernel ? btf->kernel_types : NULL;
	const struct ids ids = {
		.function = find(types, TEST_FUNCTION, BTF_KIND_FUNC),
		.tracepoint = find(types, "btf_trace_task_newtask", BTF_KIND_TYPEDEF),
		.lsm = find(types, "bpf_lsm_bprm_check_security", BTF_KIND_FUNC),
		.iterator = find(types, "bpf_iter_task", BTF_KIND_FUNC),
	};

	*ret_features = (struct aa_features){ .preempts = false };
	find_raw(ret_features);
	find_kprobe(&feature[AA_FEATURE_KPROBE]);
	find_tracefs(&feature[AA_FEATURE_TRACEFS]);
	find_tracepoint(&feature[AA_FEATURE_TRACEPOINT]);
	find_lsm(ret_features, ids.lsm);
	feature[AA_FEATURE_KERNEL_BTF].present = true;
	find_tracing(&feature[AA_FEATURE_FENTRY], BPF_TRACE_FENTRY, ids.function);
	find_tracing(&feature[AA_FEATURE_FEXIT], BPF_TRACE_FEXIT, ids.function);
	find_iterator(&feature[AA_FEATURE_ITERATOR], ids.iterator);
	errno = ENOENT;
	answer(&feature[AA_FEATURE_TP_BTF],
	       ids.tracepoint != 0 ? load(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, ids.tracepoint) : -1,
	       "loading a program");
	if (!types)
		without_types(ret_features);
	ret_features->preempts = aa_preempts(ret_features->preemption, sizeof(ret_features->preemption));
}
