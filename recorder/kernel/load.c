// SPDX-License-Identifier: Apache-2.0
/* From the embedded object to loaded programs that share their maps with those loaded before. */
#include "kernel_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "explain.h"
#include "require.h"
#include "uprobe_multi.h"

extern const unsigned char aa_bpf_object[];
extern const unsigned char aa_bpf_object_end[];

/* Per-program logs and the log level of the kernel; also the first libbpf with a version in its headers is 0.6. */
#if defined(LIBBPF_MAJOR_VERSION) && (LIBBPF_MAJOR_VERSION > 0 || LIBBPF_MINOR_VERSION >= 7)
#define HAVE_PROGRAM_LOG 1
#else
#define HAVE_PROGRAM_LOG 0
#endif

#define LOG_LEVEL_STATISTICS 4u /* BPF_LOG_STATS of include/linux/bpf_verifier.h, since 5.2 */
#define STATISTICS_BYTES     2048u

/* One try to load; what was asked for, and where the verifier's statistics go. */
struct round {
	struct aa_program *wanted[AA_PROGRAMS_MAX];
	const char *names[AA_PROGRAMS_MAX];
	unsigned count;
	char (*statistics)[STATISTICS_BYTES]; /* NULL: none asked for */
};

static int open_object(struct aa_kernel *kernel, struct bpf_object **ret_object, struct aa_error *error)
{
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, open_options, .object_name = "aa_record",
			    .btf_custom_path =
				    kernel->options.files != AA_FILES_NONE
					    ? aa_btf_relocate_by(&kernel->btf)
					    : kernel->btf.path); /* which spares reading them again */
	struct bpf_object *object;
	long failure;

	object = bpf_object__open_mem(aa_bpf_object, (size_t)(aa_bpf_object_end - aa_bpf_object),
				      &open_options);
	failure = libbpf_get_error(object);
	if (failure != 0)
		return aa_error_set(error, (int)failure, "cannot open the embedded eBPF object: %s",
				    strerror((int)-failure));
	*ret_object = object;
	return 0;
}

/* Every map of a later object is the first one's, but for the constants that each brings along. */
static int share_maps(struct aa_kernel *kernel, struct bpf_object *object, struct aa_error *error)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		const char *name = bpf_map__name(map);
		int r;

		if (bpf_map__is_internal(map))
			continue;
		r = bpf_map__reuse_fd(map, bpf_object__find_map_fd_by_name(kernel->objects[0], name));
		if (r != 0)
			return aa_error_set(error, r < 0 ? r : -EINVAL, "cannot share BPF map %s: %s", name,
					    strerror(r < 0 ? -r : EINVAL));
	}
	return 0;
}

/* How they will be attached is part of what is loaded, and older versions of libbpf know no section that says so. */
static bool is_multi(const char *name)
{
	static const char suffix[] = "_multi";
	size_t length = strlen(name), end = sizeof(suffix) - 1;

	return length > end && strcmp(name + length - end, suffix) == 0;
}

static void want_programs(const struct round *round, struct bpf_object *object, bool debug)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		unsigned at = 0;

		while (at < round->count && strcmp(round->names[at], bpf_program__name(program)) != 0)
			at++;
		(void)bpf_program__set_autoload(program, at < round->count);
		if (is_multi(bpf_program__name(program)))
			bpf_program__set_expected_attach_type(program,
							      (enum bpf_attach_type)AA_TRACE_UPROBE_MULTI);
		(void)debug; /* libbpf 0.5 gives what it gives */
#if HAVE_PROGRAM_LOG
		(void)bpf_program__set_log_level(program, aa_kernel_log_level(debug));
		if (at < round->count && round->statistics) {
			(void)bpf_program__set_log_level(program, LOG_LEVEL_STATISTICS);
			(void)bpf_program__set_log_buf(program, round->statistics[at], STATISTICS_BYTES);
		}
#endif
	}
}

/* Returns what bpf_object__load said; the object is the caller's. */
static int try_load(struct aa_kernel *kernel, const struct round *round, struct bpf_object *object)
{
	int r;

	want_programs(round, object, kernel->options.debug);
	aa_kernel_log_begin(kernel->options.debug);
	r = bpf_object__load(object);
	if (r == -1)
		r = -errno;
	aa_kernel_log_end();
	return r;
}

/*
 * verified_insns follows recursion_misses in struct bpf_prog_info since 5.16 (aba64c7da983, "bpf: Add
 * verified_insns to bpf_prog_info and fdinfo"); headers of Ubuntu 22.04 end before it.
 */
static uint32_t verified_by_kernel(int fd)
{
	union {
		struct bpf_prog_info known;
		unsigned char bytes[512];
	} info;
	const size_t at =
		offsetof(struct bpf_prog_info, recursion_misses) + sizeof(info.known.recursion_misses);
	uint32_t size = sizeof(info), value = 0;

	memset(&info, 0, sizeof(info));
	if (bpf_obj_get_info_by_fd(fd, &info.known, &size) == 0 && size >= at + sizeof(value))
		memcpy(&value, info.bytes + at, sizeof(value));
	return value;
}

static uint32_t verified_by_log(const char *text)
{
	static const char key[] = "processed ";
	const char *line = strstr(text, key);

	return line ? (uint32_t)strtoul(line + sizeof(key) - 1, NULL, 10) : 0;
}

/* The object is the kernel's from here on. */
static int take_object(struct aa_kernel *kernel, const struct round *round, struct bpf_object *object,
		       struct aa_error *error)
{
	kernel->objects[kernel->object_count++] = object;
	for (unsigned i = 0; i < round->count; i++) {
		struct aa_program *program = round->wanted[i];

		program->program = bpf_object__find_program_by_name(object, program->name);
		program->error = 0;
		program->verified = verified_by_kernel(bpf_program__fd(program->program));
		if (program->verified == 0 && round->statistics)
			program->verified = verified_by_log(round->statistics[i]);
	}
	if (kernel->object_count > 1)
		return 0;
	return aa_kernel_set_config(kernel, error) < 0 ? error->code : aa_kernel_map_shared(kernel, error);
}

static void explain(struct aa_kernel *kernel, int code, const char *program, struct aa_explanation *ret_words)
{
	struct rlimit locked;
	const struct aa_explain_facts facts = {
		.program = program,
		.locked_down = aa_kernel_locked_down(),
		.capable = aa_kernel_capable(),
		.btf = kernel->btf.path ? kernel->btf.name : NULL,
		.memlock_bytes = getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur != RLIM_INFINITY
					 ? locked.rlim_cur
					 : 0,
	};

	aa_explain(code, aa_kernel_log_text(), &facts, ret_words);
}

static int load_error(struct aa_kernel *kernel, int code, struct aa_error *error)
{
	struct aa_explanation words;

	/* This libbpf has read the kernel's types a moment ago (btf.c): when it cannot now, it has no memory for them. */
	if (code == -ENOMEM || aa_kernel_log_has("loading vmlinux BTF"))
		return aa_error_set(error, -ENOMEM,
				    "cannot load eBPF programs: out of memory (try smaller rings, or a "
				    "higher ulimit -v)");
	explain(kernel, code, NULL, &words);
	return aa_error_set(error, code == -EPERM ? -EPERM : -EOPNOTSUPP, "%s", words.text);
}

/* Takes the program that the log names out of the round. False if it names none. */
static bool leave_out_refused(struct aa_kernel *kernel, struct round *round, int code)
{
	const char *refused = aa_kernel_log_refused(round->names, round->count);
	struct aa_explanation words;

	for (unsigned i = 0; refused && i < round->count; i++) {
		struct aa_program *program = round->wanted[i];

		if (strcmp(program->name, refused) != 0)
			continue;
		program->error = -code;
		explain(kernel, code, program->name, &words);
		(void)snprintf(program->reason, sizeof(program->reason), "refused by the kernel: %s",
			       words.reason);
		round->count--;
		for (; i < round->count; i++) {
			round->wanted[i] = round->wanted[i + 1];
			round->names[i] = round->names[i + 1];
		}
		return true;
	}
	return false;
}

/* libbpf loads all programs or none: when one is refused, the rest is loaded again without it. */
static int load_round(struct aa_kernel *kernel, struct round *round, struct aa_error *error)
{
	char(*statistics)[STATISTICS_BYTES] = round->statistics;

	for (;;) {
		struct bpf_object *object = NULL;
		int r;

		if (round->count == 0 && kernel->object_count > 0)
			return 0;
		r = open_object(kernel, &object, error);
		if (r < 0)
			return r;
		r = kernel->object_count == 0 ? aa_kernel_size_maps(kernel, object, error)
					      : share_maps(kernel, object, error);
		if (r < 0) {
			bpf_object__close(object);
			return r;
		}
		r = try_load(kernel, round, object);
		if (r == 0)
			return take_object(kernel, round, object, error);
		bpf_object__close(object);
		/* With statistics libbpf does not ask the verifier why. */
		if (round->statistics) {
			round->statistics = NULL;
			continue;
		}
		if (!leave_out_refused(kernel, round, r))
			return load_error(kernel, r, error);
		round->statistics = statistics;
	}
}

static struct aa_program *add_program(struct aa_kernel *kernel, const char *name)
{
	struct aa_program *program = aa_kernel_find_program(kernel, name);

	if (program)
		return program;
	if (kernel->program_count == AA_PROGRAMS_MAX)
		return NULL;
	program = &kernel->programs[kernel->program_count++];
	program->name = name;
	return program;
}

int aa_kernel_load(struct aa_kernel *kernel, const char *const *names, unsigned count, struct aa_error *error)
{
	struct round round = { .count = 0 };
	char(*statistics)[STATISTICS_BYTES] = NULL;
	int r;

	if (kernel->object_count == AA_ROUNDS_MAX)
		return aa_error_set(error, -E2BIG, "cannot load eBPF programs: too many tries");
	for (unsigned i = 0; i < count; i++) {
		struct aa_program *program = add_program(kernel, names[i]);

		if (!program)
			return aa_error_set(error, -E2BIG, "cannot load eBPF programs: too many");
		if (program->program)
			continue;
		round.wanted[round.count] = program;
		round.names[round.count++] = names[i];
	}
	if (kernel->options.statistics && HAVE_PROGRAM_LOG) {
		statistics = calloc(AA_PROGRAMS_MAX, sizeof(*statistics));
		if (!statistics)
			return aa_error_set(error, -ENOMEM, "out of memory");
	}
	round.statistics = statistics;
	r = load_round(kernel, &round, error);
	free(statistics);
	return r;
}
